"""Jobs as rows: written in the transaction that decides them, enqueued after the commit.

The row is the outbox and the truth. `enqueue` is called inside a write unit; after the commit the id goes to RQ at
once, and the scheduler sends again what is `queued` and on no queue. A start is one compare-and-set, and every later
write names the attempt it belongs to; a lease that nobody renews lets the scheduler queue a dead run again. RQ may
deliver an id twice: only one claim wins. Running the work itself is left to `workers/runtime.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import redis
import structlog
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import Float, ForeignKey, Index, String, Text, and_, delete, event, exists, or_, select, text, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from app.adapters.database import Instant, Json
from app.core.errors import NotFound
from app.extensions import Model, db, get_redis, impatient_redis
from app.jobs import KINDS, JobKind

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=4)
"""How long a run may be silent before it counts as dead. A live one renews every second."""
MOST_RUNS = 30
"""A job whose process is killed this often is what kills it."""
PERFORM = "workers.runtime.perform"
OPEN_STATES = ("queued", "running")
_UNSENT = "matinee_outbox"


class Job(Model):
    """One piece of background work. `state`: queued, running, done, failed, cancelled. `progress`: 0..1.

    `lease_until` of a running one is when it counts as dead; of a queued one, the instant before which it waits.
    `attempt` numbers the runs; `failures` counts those that broke off by themselves.
    """

    __tablename__ = "job"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(12), default="queued")
    payload: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    dedupe_key: Mapped[str | None] = mapped_column(String(200))
    progress: Mapped[float] = mapped_column(Float, default=0.0)
    detail: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    error: Mapped[str | None] = mapped_column(Text)
    attempt: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    requested_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (Index("ix_job_state", "state", "kind", "id"), Index("ix_job_dedupe", "dedupe_key", "state"))


@dataclass(frozen=True, slots=True)
class Claim:
    """One run of a job: who asked for what, and the attempt that fences its writes."""

    job_id: int
    attempt: int
    failures: int
    kind: str
    payload: Mapping[str, Any]
    requested_by_id: int | None


def enqueue(
    kind: JobKind | str,
    payload: Mapping[str, Any],
    *,
    dedupe_key: str | None = None,
    requested_by_id: int | None = None,
    now: datetime,
) -> int:
    """Decides a job inside the caller's write unit; it is sent when that commits. Returns its id.

    A job with the same `dedupe_key` that has not started yet is the answer instead of a second one; while one with
    the key runs, the next waits for its end.
    """
    name = kind.name if isinstance(kind, JobKind) else kind
    if name not in KINDS:
        raise KeyError(f"no such kind of job: {name}")
    session = db.session()
    if dedupe_key is not None:
        _one_at_a_time(session, dedupe_key)
        waiting = session.scalar(select(Job.id).where(Job.dedupe_key == dedupe_key, Job.state == "queued").limit(1))
        if waiting is not None:
            return waiting
    job = Job(kind=name, payload=dict(payload), dedupe_key=dedupe_key, requested_by_id=requested_by_id, created_at=now)
    session.add(job)
    session.flush()
    _send_after_commit(session, [(job.id, name)])
    return job.id


def open_with(dedupe_key: str) -> list[Job]:
    """Jobs of this key that wait or run and that nobody asked to cancel, the oldest first."""
    found = select(Job).where(Job.dedupe_key == dedupe_key, Job.state.in_(OPEN_STATES), Job.cancel_requested.is_(False))
    return list(db.session.scalars(found.order_by(Job.id)))


def amend(job_id: int, payload: Mapping[str, Any]) -> bool:
    """Gives a job that has not started another payload, inside a write unit. False when it is under way already."""
    return _changed(update(Job).where(Job.id == job_id, Job.state == "queued").values(payload=dict(payload)))


def claim(job_id: int, *, now: datetime) -> Claim | None:
    """Takes a queued job for one run, inside a write unit. None when it is not there to be taken."""
    other = aliased(Job)
    busy = exists().where(
        other.dedupe_key == Job.dedupe_key, other.state == "running", other.id != Job.id, Job.dedupe_key.is_not(None)
    )
    taken = _changed(
        update(Job)
        .where(Job.id == job_id, Job.state == "queued", or_(Job.lease_until.is_(None), Job.lease_until <= now), ~busy)
        .values(state="running", attempt=Job.attempt + 1, lease_until=now + LEASE, started_at=now, error=None)
    )
    if not taken:
        return None
    job = db.session.get_one(Job, job_id, populate_existing=True)
    return Claim(job.id, job.attempt, job.failures, job.kind, job.payload, job.requested_by_id)


def renew(claim: Claim, *, progress: float, detail: Mapping[str, Any], now: datetime) -> bool | None:
    """Keeps the lease and writes how far the run is, inside a write unit.

    Returns whether somebody asked to cancel it, or None when the run has lost its job to another.
    """
    kept = _changed(
        update(Job).where(_mine(claim)).values(lease_until=now + LEASE, progress=progress, detail=dict(detail))
    )
    if not kept:
        return None
    return bool(db.session.scalar(select(Job.cancel_requested).where(Job.id == claim.job_id)))


def finish(claim: Claim, *, detail: Mapping[str, Any], now: datetime) -> bool:
    """The run did all of its work. False when the job was no longer this run's."""
    return _end(claim, "done", now, progress=1.0, detail=dict(detail))


def fail(claim: Claim, sentence: str, *, detail: Mapping[str, Any], now: datetime) -> bool:
    """The run ended with a reason that trying again would not change."""
    return _end(claim, "failed", now, error=sentence, detail=dict(detail))


def give_up(claim: Claim, *, detail: Mapping[str, Any], now: datetime) -> bool:
    """The run stopped because somebody asked it to."""
    return _end(claim, "cancelled", now, detail=dict(detail))


def hand_back(claim: Claim, *, sentence: str | None, wait_s: float, now: datetime) -> bool:
    """Puts the job back on the queue, to be tried again after a while. With a sentence it counts as a failure."""
    failures = claim.failures + (sentence is not None)
    until = now + timedelta(seconds=wait_s)
    return _changed(
        update(Job).where(_mine(claim)).values(state="queued", lease_until=until, error=sentence, failures=failures)
    )


def may_try_again(claim: Claim) -> bool:
    """Whether the kind allows another attempt after this one."""
    return claim.failures + 1 < KINDS[claim.kind].attempts


def cancel(job_id: int, *, now: datetime) -> str:
    """Cancels a job, inside a write unit: at once when it waits, soon when it runs. Returns its state.

    Raises NotFound. A job that has ended keeps its state.
    """
    session = db.session()
    if _changed(update(Job).where(Job.id == job_id, Job.state == "queued").values(state="cancelled", finished_at=now)):
        return "cancelled"
    _changed(update(Job).where(Job.id == job_id, Job.state == "running").values(cancel_requested=True))
    state = session.scalar(select(Job.state).where(Job.id == job_id))
    if state is None:
        raise NotFound("There is no such job.")
    return state


def cancel_all_of(name: str, value: Any, *, now: datetime) -> None:
    """Cancels every open job whose payload has this value under this name, inside a write unit."""
    open_jobs = db.session.execute(select(Job.id, Job.payload).where(Job.state.in_(OPEN_STATES))).all()
    for job_id, payload in open_jobs:
        if payload.get(name) == value:
            cancel(job_id, now=now)


def requeue_expired(*, now: datetime) -> list[int]:
    """Queues again every run whose lease has ended, inside a write unit; one without attempts left fails."""
    session = db.session()
    dead = session.execute(
        select(Job.id, Job.kind, Job.attempt).where(Job.state == "running", Job.lease_until < now)
    ).all()
    again = []
    for job_id, kind, attempt in dead:
        here = and_(Job.id == job_id, Job.state == "running", Job.attempt == attempt, Job.lease_until < now)
        if kind in KINDS and attempt < MOST_RUNS:  # being killed is rarely the job's own fault
            if _changed(update(Job).where(here).values(state="queued", lease_until=None)):
                again.append((job_id, kind))
        else:
            lost = "The process that ran this was killed each time it tried."
            _changed(update(Job).where(here).values(state="failed", error=lost, finished_at=now))
    _send_after_commit(session, again)
    return [job_id for job_id, _ in again]


def send_waiting(*, now: datetime) -> int:
    """Sends every queued job that is due and on no queue. Reads the database, writes only to Redis."""
    due = db.session.execute(
        select(Job.id, Job.kind)
        .where(Job.state == "queued", or_(Job.lease_until.is_(None), Job.lease_until <= now))
        .order_by(Job.id)
        .limit(1000)
    ).all()
    db.session.rollback()
    client = get_redis()
    names = {KINDS[kind].queue for _, kind in due if kind in KINDS}
    there = {job_id for name in names for job_id in _ids_on(queue(name, client))}
    missing = [(job_id, kind) for job_id, kind in due if kind in KINDS and job_id not in there]
    _send(missing, client)
    return len(missing)


def forget_ended(*, before: datetime) -> int:
    """Removes the rows of jobs that ended before an instant, inside a write unit."""
    result = db.session.execute(delete(Job).where(Job.state.not_in(OPEN_STATES), Job.finished_at < before))
    return result.rowcount if isinstance(result, CursorResult) else 0


def queue(name: str, client: redis.Redis) -> Queue:
    """The RQ queue of this name. Ids and plain values only: what travels is JSON, never pickled code."""
    return Queue(name, connection=client, serializer=JSONSerializer)


def _mine(claim: Claim) -> Any:
    return and_(Job.id == claim.job_id, Job.attempt == claim.attempt, Job.state == "running")


def _end(claim: Claim, state: str, now: datetime, **values: Any) -> bool:
    return _changed(update(Job).where(_mine(claim)).values(state=state, finished_at=now, lease_until=None, **values))


def _changed(statement: Any) -> bool:
    """Whether a compare-and-set hit its row."""
    result = db.session.execute(statement, execution_options={"synchronize_session": False})
    return bool(isinstance(result, CursorResult) and result.rowcount)


def _one_at_a_time(session: Session, key: str) -> None:
    """Two deciders of one key take turns. SQLite's write lock has seen to that already."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})


def _send_after_commit(session: Session, jobs: Iterable[tuple[int, str]]) -> None:
    session.info.setdefault(_UNSENT, []).extend(jobs)


@event.listens_for(Session, "after_commit")
def _send_unsent(session: Session) -> None:
    jobs = session.info.pop(_UNSENT, None)
    if not jobs:
        return
    try:
        _send(jobs, impatient_redis())
    except redis.RedisError as error:  # the scheduler sends them within two seconds of Redis' return
        log.warning("jobs wait for Redis", jobs=[job_id for job_id, _ in jobs], reason=str(error))


@event.listens_for(Session, "after_rollback")
def _forget_unsent(session: Session) -> None:
    session.info.pop(_UNSENT, None)


def _send(jobs: Iterable[tuple[int, str]], client: redis.Redis) -> None:
    for job_id, kind in jobs:
        about = KINDS[kind]
        queue(about.queue, client).enqueue_call(
            PERFORM,
            args=(job_id,),
            timeout=about.timeout_s,
            result_ttl=0,
            failure_ttl=60,
            description=f"{kind} {job_id}",
        )


def _ids_on(waiting: Queue) -> set[int]:
    """The ids of our jobs on a queue. Play runs stand there too."""
    return {int(job.args[0]) for job in waiting.get_jobs() if job.func_name == PERFORM and job.args}
