"""A decided job is run, once, whatever dies on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from app import outbox
from app.adapters.clock import now
from app.core.errors import NotFound
from app.extensions import db, get_redis, writing
from app.jobs import KINDS, QUEUES, SCAN
from tests.catalog.fixtures import config, postgresql_url

__all__ = ["config", "postgresql_url"]
"""Both databases."""


def waiting(name: str = SCAN.queue) -> list[int]:
    return [job.args[0] for job in outbox.queue(name, get_redis()).get_jobs()]


def decide(**more: object) -> int:
    with writing():
        return outbox.enqueue(SCAN, {"library_id": 1}, now=now(), **more)  # type: ignore[arg-type]


def taken(job_id: int) -> outbox.Claim:
    with writing():
        claim = outbox.claim(job_id, now=now())
    assert claim is not None
    return claim


def state(job_id: int) -> str:
    db.session.rollback()
    return db.session.get_one(outbox.Job, job_id, populate_existing=True).state


@pytest.fixture(autouse=True)
def _context(core_app: Flask):  # type: ignore[no-untyped-def]
    with core_app.app_context():
        yield


def test_a_job_is_sent_when_its_transaction_commits_and_not_before() -> None:
    with writing():
        job_id = outbox.enqueue(SCAN, {}, now=now())
        before = waiting()

    assert before == []
    assert waiting() == [job_id]


def test_a_job_of_a_transaction_that_failed_was_never_decided() -> None:
    def decide_and_fail() -> None:
        with writing():
            outbox.enqueue(SCAN, {}, now=now())
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError):
        decide_and_fail()
    decided = decide()

    assert waiting() == [decided]


def test_the_same_work_asked_for_twice_waits_once() -> None:
    assert decide(dedupe_key="scan:1") == decide(dedupe_key="scan:1")
    assert decide(dedupe_key="scan:2") != decide(dedupe_key="scan:1")


def test_work_asked_for_while_it_runs_runs_once_more_afterwards() -> None:
    first = taken(decide(dedupe_key="scan:1"))
    second = decide(dedupe_key="scan:1")
    with writing():
        early = outbox.claim(second, now=now())
        outbox.finish(first, detail={}, now=now())

    assert second != first.job_id
    assert early is None
    assert taken(second).job_id == second


def test_only_one_of_two_deliveries_runs_a_job() -> None:
    job_id = decide()
    taken(job_id)
    with writing():
        assert outbox.claim(job_id, now=now()) is None


def test_a_job_that_redis_lost_is_sent_again_and_one_that_waits_there_is_not() -> None:
    job_id = decide()
    kept = outbox.send_waiting(now=now())
    get_redis().flushall()

    assert kept == 0
    assert outbox.send_waiting(now=now()) == 1
    assert waiting() == [job_id]


def test_a_run_that_falls_silent_is_queued_again_and_its_writes_count_no_more() -> None:
    dead = taken(decide())
    with writing():
        early = outbox.requeue_expired(now=now())
        again = outbox.requeue_expired(now=now() + timedelta(seconds=4.5))
    next_run = taken(dead.job_id)
    with writing():
        assert outbox.renew(dead, progress=0.5, detail={}, now=now()) is None
        assert not outbox.finish(dead, detail={}, now=now())
        assert outbox.finish(next_run, detail={"files": 3}, now=now())

    assert (early, again) == ([], [dead.job_id])
    assert state(dead.job_id) == "done"


def test_a_job_that_kills_every_process_that_runs_it_fails_at_last() -> None:
    job_id = decide()
    at = now()
    for _ in range(outbox.MOST_RUNS):
        with writing():
            outbox.claim(job_id, now=at)
        at += timedelta(seconds=5)
        with writing():
            outbox.requeue_expired(now=at)

    assert state(job_id) == "failed"
    assert "killed" in (db.session.get_one(outbox.Job, job_id).error or "")


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_is_told() -> None:
    idle, busy = decide(), taken(decide())
    with writing():
        assert outbox.cancel(idle, now=now()) == "cancelled"
        assert outbox.cancel(busy.job_id, now=now()) == "running"
        assert outbox.renew(busy, progress=0, detail={}, now=now()) is True
    with pytest.raises(NotFound), writing():
        outbox.cancel(10_000, now=now())


def test_a_job_handed_back_waits_before_its_next_run() -> None:
    run = taken(decide())
    get_redis().flushall()
    with writing():
        outbox.hand_back(run, sentence="no", wait_s=60, now=now())

    assert outbox.send_waiting(now=now()) == 0
    assert outbox.send_waiting(now=now() + timedelta(seconds=61)) == 1


def test_jobs_that_ended_are_forgotten_after_a_while_and_open_ones_never() -> None:
    ended, open_one = taken(decide()), decide()
    with writing():
        outbox.finish(ended, detail={}, now=now())
    with writing():
        assert outbox.forget_ended(before=now() + timedelta(days=1)) == 1

    assert state(open_one) == "queued"


def test_every_kind_of_job_names_a_queue_that_workers_serve() -> None:
    assert {kind.queue for kind in KINDS.values()} <= set(QUEUES)
