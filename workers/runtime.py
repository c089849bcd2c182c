"""How a job runs: claimed once, its lease kept by a thread, its end written down with a sentence.

A job function is `run(job_id)`; inside it stands `with job(job_id) as work:`. The work may be killed at any instant:
its row is queued again when the lease ends, and a run that has lost its lease can write nothing more about it.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import structlog
from rq.timeouts import JobTimeoutException

from app import outbox
from app.adapters.clock import now
from app.core.errors import Failure
from app.core.instants import rfc3339
from app.extensions import db, writing
from app.jobs import KINDS, SCAN
from app.web import activity

log = structlog.get_logger(__name__)

RENEW_S = 1.0
RETRY_WAIT_S = 2.0


class Cancelled(Exception):
    """Somebody asked to stop this job; its function lets this pass."""


class LeaseLost(Exception):
    """Another run has this job now; this one must have no further effect."""


class NotClaimed(Exception):
    """The job is not there to be run: done, cancelled, or claimed by another."""


class Application(Protocol):
    """What is needed of the Flask application."""

    @property
    def config(self) -> Mapping[str, Any]: ...

    def app_context(self) -> AbstractContextManager[Any]: ...


_application: Application | None = None


def use(application: Application) -> None:
    """Sets the application that this process's jobs run in."""
    global _application
    _application = application


def application() -> Application:
    """The application of this process, made from the environment on first use."""
    global _application
    if _application is None:
        from app.factory import core
        from config import Config

        _application = core(Config.from_env())
    return _application


class Work:
    """What a job's function holds while it runs."""

    def __init__(self, claim: outbox.Claim) -> None:
        self.claim = claim
        self.id = claim.job_id
        self.payload: Mapping[str, Any] = claim.payload
        self.progress = 0.0
        self.detail: dict[str, Any] = {}
        self._cancelled = threading.Event()
        self._lost = threading.Event()

    def report(self, progress: float, **detail: Any) -> None:
        """Says how far the work is (0..1) and anything worth showing. Free of cost: written once a second at most."""
        self.progress = min(1.0, max(0.0, progress))
        self.detail = {**self.detail, **detail}

    def raise_if_cancelled(self) -> None:
        """Raises Cancelled when somebody asked to stop, LeaseLost when another run has the job. Call it often."""
        if self._lost.is_set():
            raise LeaseLost(self.id)
        if self._cancelled.is_set():
            raise Cancelled(self.id)

    def hold(self) -> None:
        """Inside a write unit: makes sure that the unit's effect belongs to the run that owns the job."""
        held = outbox.renew(self.claim, progress=self.progress, detail=self.detail, now=now())
        if held is None:
            self._lost.set()
            raise LeaseLost(self.id)

    def renew(self) -> None:
        """Keeps the lease, writes the report, hears of a cancellation, tells the watchers."""
        with writing():
            cancelled = outbox.renew(self.claim, progress=self.progress, detail=self.detail, now=now())
        if cancelled is None:
            self._lost.set()
        elif cancelled:
            self._cancelled.set()
        if cancelled is not None:
            self.announce("running")

    def announce(self, state: str, error: str | None = None) -> None:
        """Tells whoever watches the activity."""
        body = {
            "id": self.id,
            "kind": self.claim.kind,
            "state": state,
            "progress": self.progress,
            "detail": self.detail,
            "error": error,
            "at": rfc3339(now()),
        }
        activity.announce("job", body, user_id=self.claim.requested_by_id)
        if self.claim.kind == SCAN.name:
            activity.announce("scan", {**self.payload, **body, "job_id": self.id}, user_id=self.claim.requested_by_id)


@contextmanager
def job(job_id: int) -> Iterator[Work]:
    """One run of a job: claims it, keeps its lease, writes down how it ended.

    Raises NotClaimed before the block when there is nothing to run. What the block raises is recorded, not passed on:
    a `Failure` ends the job with its sentence, anything else lets it be tried again while attempts are left.
    """
    app = application()
    with app.app_context():
        with writing():
            claim = outbox.claim(job_id, now=now())
        if claim is None:
            raise NotClaimed(job_id)
        work = Work(claim)
        work.announce("running")
        with _lease_kept(app, work):
            ended = yield from _run(work)
        if ended is not None:
            _settle(work, *ended)


def _run(work: Work) -> Generator[Work, None, tuple[str, str | None] | None]:
    """Yields the work; returns how it ended: the state and a sentence."""
    try:
        yield work
    except Cancelled:
        return "cancelled", None
    except LeaseLost:
        log.warning("a run lost its job", job=work.id, attempt=work.claim.attempt)
        return None
    except Failure as failure:
        log.warning("job failed", job=work.id, kind=work.claim.kind, reason=failure.detail)
        return "failed", failure.detail
    except JobTimeoutException:
        hours = KINDS[work.claim.kind].timeout_s / 3600
        return "failed", f"It did not end within {hours:g} hours and was stopped."
    except SystemExit:
        _settle(work, "queued", None)
        raise
    except Exception as error:  # the runtime is where anything else is answered
        log.exception("job broke off", job=work.id, kind=work.claim.kind, attempt=work.claim.attempt)
        reason = (str(error).splitlines() or [""])[0][:200]
        sentence = f"It broke off unexpectedly ({type(error).__name__}: {reason}). The log has the details."
        return ("queued" if outbox.may_try_again(work.claim) else "failed"), sentence
    return "done", None


def _settle(work: Work, state: str, sentence: str | None) -> None:
    """Writes the end of a run and tells the watchers, unless the job has become another's."""
    db.session.rollback()
    with writing():
        if state == "done":
            mine = outbox.finish(work.claim, detail=work.detail, now=now())
        elif state == "failed":
            mine = outbox.fail(work.claim, sentence or "", detail=work.detail, now=now())
        elif state == "cancelled":
            mine = outbox.give_up(work.claim, detail=work.detail, now=now())
        else:
            wait = RETRY_WAIT_S ** (work.claim.failures + 1) if sentence else 0.0
            mine = outbox.hand_back(work.claim, sentence=sentence, wait_s=wait, now=now())
    if mine:
        work.progress = 1.0 if state == "done" else work.progress
        work.announce(state, sentence)


@contextmanager
def _lease_kept(app: Application, work: Work) -> Iterator[None]:
    """A thread renews the lease each second while the block runs, whatever the block is busy with."""
    ended = threading.Event()

    def keep() -> None:
        with app.app_context():
            while not ended.wait(RENEW_S):
                try:
                    work.renew()
                except Exception:  # a database that is away for a moment; the lease decides, not this thread
                    log.exception("the lease of a job was not renewed", job=work.id)
                    db.session.rollback()

    thread = threading.Thread(target=keep, name=f"lease-{work.id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(timeout=5)


def perform(job_id: int) -> None:
    """What RQ calls: finds the kind's function and runs it. A job that is not there to be run is no error."""
    with application().app_context():
        row = db.session.get(outbox.Job, job_id)
        kind = KINDS.get(row.kind) if row is not None else None
        db.session.rollback()
    if kind is None:
        log.info("an unknown job was delivered", job=job_id)
        return
    module, _, name = kind.function.partition(":")
    try:
        getattr(importlib.import_module(module), name)(job_id)
    except NotClaimed:
        log.info("a job was delivered that is not waiting", job=job_id)
