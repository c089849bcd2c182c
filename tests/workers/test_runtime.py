"""A job's run: its lease, its report, and how each kind of end is written down."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis
from flask import Flask

from app import outbox
from app.adapters.clock import now
from app.core.errors import Invalid
from app.extensions import db, get_redis, writing
from app.jobs import SCAN
from config import ROOT, Config
from workers import runtime
from workers.engines.redis_server import find_server


@pytest.fixture(autouse=True)
def _runtime(core_app: Flask) -> Iterator[None]:
    runtime.use(core_app)
    with core_app.app_context():
        yield


def decide() -> int:
    with writing():
        return outbox.enqueue(SCAN, {"library_id": 7}, now=now())


def row(job_id: int) -> outbox.Job:
    db.session.rollback()
    return db.session.get_one(outbox.Job, job_id, populate_existing=True)


def test_a_job_that_ends_is_done_with_its_last_report() -> None:
    job_id = decide()
    with runtime.job(job_id) as work:
        work.report(0.5, files=3)
        assert work.payload == {"library_id": 7}

    assert (row(job_id).state, row(job_id).progress, row(job_id).detail) == ("done", 1.0, {"files": 3})


def test_a_failure_ends_the_job_with_its_sentence() -> None:
    job_id = decide()
    with runtime.job(job_id):
        raise Invalid("The folder is not there.")

    assert (row(job_id).state, row(job_id).error) == ("failed", "The folder is not there.")


def test_what_breaks_off_is_tried_again_until_the_attempts_are_used_up() -> None:
    job_id = decide()
    states = []
    for _ in range(SCAN.attempts):
        with writing():
            db.session.get_one(outbox.Job, job_id, populate_existing=True).lease_until = None
        with runtime.job(job_id):
            raise RuntimeError("a cable fell out")
        states.append(row(job_id).state)

    assert states == ["queued", "queued", "failed"]
    assert "a cable fell out" in (row(job_id).error or "")


def test_a_cancelled_job_stops_at_its_next_question(core_app: Flask) -> None:
    job_id = decide()
    with runtime.job(job_id) as work:
        with writing():
            outbox.cancel(job_id, now=now())
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            work.raise_if_cancelled()
            time.sleep(0.02)

    assert row(job_id).state == "cancelled"


def test_progress_and_lease_are_written_while_the_job_is_busy() -> None:
    job_id = decide()
    with runtime.job(job_id) as work:
        first = row(job_id).lease_until
        work.report(0.25, stage="probe")
        time.sleep(1.6)
        seen = row(job_id)
        written, later = (seen.progress, seen.detail), seen.lease_until

    assert written == (0.25, {"stage": "probe"})
    assert first is not None
    assert later is not None
    assert later > first


def test_a_run_that_lost_its_job_has_no_further_effect() -> None:
    job_id = decide()
    with runtime.job(job_id) as work:
        with writing():
            lost = db.session.get_one(outbox.Job, job_id, populate_existing=True)
            lost.state, lost.attempt = "running", lost.attempt + 1
        with writing():
            work.hold()

    assert row(job_id).state == "running"


def test_a_job_delivered_twice_runs_once() -> None:
    job_id = decide()
    with runtime.job(job_id), pytest.raises(runtime.NotClaimed), runtime.job(job_id):
        pass

    assert row(job_id).attempt == 1


def start_worker(config: Config, *arguments: str) -> subprocess.Popen[bytes]:
    env = {
        **os.environ,
        "MATINEE_DATA_DIR": str(config.data_dir),
        "REDIS_URL": config.redis_url,
        "SECRET_KEY": config.secret_key,
    }
    return subprocess.Popen([sys.executable, "-m", "workers", *arguments], cwd=ROOT, env=env)


def until(condition, seconds: float = 15) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.05)


def test_a_worker_takes_a_delivered_job_says_it_is_alive_and_stops_when_told(config: Config) -> None:
    from app.adapters.liveness import served

    worker = start_worker(config, "scan", "metadata")
    try:
        until(lambda: served(get_redis(), ["scan", "metadata"], time.time()) == {"scan": 1, "metadata": 1})
        outbox.queue("scan", get_redis()).enqueue_call("workers.runtime.perform", args=(4711,))
        until(lambda: not outbox.queue("scan", get_redis()).get_job_ids())
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 0
    finally:
        worker.kill()
        worker.wait()
    assert served(get_redis(), ["scan"], time.time()) == {"scan": 0}


def horse_of(worker: subprocess.Popen[bytes]) -> int | None:
    found = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
    return int(found[0]) if found else None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_work_horse_outlives_its_worker(config: Config, how: signal.Signals) -> None:
    worker = start_worker(config, "scan")
    try:
        outbox.queue("scan", get_redis()).enqueue_call("time.sleep", args=(60,))
        until(lambda: horse_of(worker) is not None)
        horse = horse_of(worker)
        worker.send_signal(how)
        worker.wait(10)
        until(lambda: not Path(f"/proc/{horse}").exists(), 5)
    finally:
        worker.kill()
        worker.wait()


SLOW_FORK = """
import os, sys, time
real = os.setpgrp
os.setpgrp = lambda: (time.sleep(1), real())
from workers.serving import serve
sys.exit(serve(sys.argv[1], ["scan"]))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_stop_while_a_work_horse_is_being_born_ends_the_worker_and_nothing_beside_it(config: Config) -> None:
    beside = subprocess.Popen(["sleep", "60"], process_group=0)
    worker = subprocess.Popen([sys.executable, "-c", SLOW_FORK, config.redis_url], cwd=ROOT, process_group=beside.pid)
    try:
        outbox.queue("scan", get_redis()).enqueue_call("time.sleep", args=(60,))
        until(lambda: horse_of(worker) is not None)
        horse = horse_of(worker)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 0
        until(lambda: not Path(f"/proc/{horse}").exists(), 5)
        assert beside.poll() is None
    finally:
        for process in (worker, beside):
            process.kill()
            process.wait()


def test_a_worker_told_to_stop_does_not_wait_for_a_redis_that_is_away(config: Config, tmp_path: Path) -> None:
    socket = tmp_path / "redis"
    own = subprocess.Popen(
        [find_server(), "--unixsocket", str(socket), "--port", "0", "--save", "", "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    )
    worker = None
    try:
        until(socket.exists)
        worker = start_worker(replace(config, redis_url=f"unix://{socket}?db=0"), "scan")
        with redis.Redis(unix_socket_path=str(socket)) as client:
            until(lambda: client.smembers("rq:workers"))
        own.kill()
        own.wait()
        time.sleep(0.5)
        told = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        worker.wait(10)
        assert time.monotonic() - told < 2
    finally:
        for process in (worker, own):
            if process is not None:
                process.kill()
                process.wait()
