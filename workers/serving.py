"""One worker: takes jobs from its queues in order, each in a work-horse of its own.

RQ's own command dies in a three-second outage of Redis; here every command is retried with backoff. The work-horse
ends with its worker, and a stopped worker takes its job's process group down at once: jobs are safe to kill.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import Any

import redis
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.retry import Retry
from rq import SimpleWorker, Worker
from rq.exceptions import StopRequested
from rq.serializers import JSONSerializer

from app.adapters.liveness import beat, forget
from app.transcoding import runs
from workers.engines.tether import tether

BEAT_S = 2
FIELDS_S = 60
STUCK_S = 5
STOPS = frozenset({signal.SIGTERM, signal.SIGINT})


class _Steady:
    """What both kinds of worker do differently from RQ's: a short beat, and news of being alive for each queue."""

    connection: redis.Redis
    name: str

    @property
    def dequeue_timeout(self) -> int:
        """Seconds of waiting for work before the next beat."""
        return BEAT_S

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        super().heartbeat(timeout, pipeline)  # type: ignore[misc]
        beat(self.connection, self.queue_names(), self.name, time.time())  # type: ignore[attr-defined]

    def execute_job(self, job: Any, queue: Any) -> None:
        """A run that nobody needs any more costs a look here, not a work-horse."""
        if job.func_name == runs.FUNCTION:
            run = runs.Run.from_json(job.args[0])
            if not runs.is_needed(self.connection, run):
                runs.begun(self.connection, run.key)
                self.connection.lrem(queue.intermediate_queue_key, 1, job.id)
                self.connection.delete(job.key)
                return
        super().execute_job(job, queue)  # type: ignore[misc]

    def teardown(self) -> None:
        """Nobody who was told to stop waits for Redis: where it is away, the missing beat tells of the end."""
        self.connection.set_retry(Retry(NoBackoff(), 0))
        with suppress(redis.RedisError):
            super().teardown()  # type: ignore[misc]

    def register_death(self) -> None:
        super().register_death()  # type: ignore[misc]
        forget(self.connection, self.queue_names(), self.name)  # type: ignore[attr-defined]


class ForkingWorker(_Steady, Worker):
    """One work-horse process for each job: a crash in a library harms that job only."""

    def request_stop(self, _signum: int, _frame: FrameType | None) -> None:
        """Stops now. The horse hands its job back; one that does not is killed at the next beat."""
        self._stop_requested = True
        if not self.horse_pid:
            raise StopRequested
        self.kill_horse(signal.SIGTERM)

    def maintain_heartbeats(self, job: Any) -> None:
        if self._stop_requested:
            self.kill_horse(signal.SIGKILL)
        super().maintain_heartbeats(job)

    def fork_work_horse(self, job: Any, queue: Any) -> None:
        """The horse has a process group of its own before this worker can be told to stop.

        RQ leaves that to the horse. A stop between the fork and the horse's first steps would then end the group of
        the worker: every program that was started with it.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        try:
            super().fork_work_horse(job, queue)
            with suppress(ProcessLookupError):
                os.setpgid(self.horse_pid, self.horse_pid)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)

    def main_work_horse(self, job: Any, queue: Any) -> None:
        tether(signal.SIGKILL, parent=self.pid)
        super().main_work_horse(job, queue)

    def perform_job(self, job: Any, queue: Any) -> bool:
        """From here on a stop finds the horse's own answer to it."""
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        return bool(super().perform_job(job, queue))

    def handle_exception(self, job: Any, *exc_info: Any) -> None:
        """A stop is no fault of the job: it was handed back, and the log keeps quiet about it."""
        if exc_info[0] is not SystemExit:
            super().handle_exception(job, *exc_info)

    def setup_work_horse_signals(self) -> None:
        """A stop unwinds the job's function, so that `finally` blocks run and the job is handed back."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, _leave)


class LightWorker(_Steady, SimpleWorker):
    """No fork: for work of milliseconds. What crashes in it takes the worker along; another one is started.

    A library that is stuck hears no signal, so a watchdog below Python ends the process a little after the job's time.
    """

    def perform_job(self, job: Any, queue: Any) -> bool:
        faulthandler.dump_traceback_later(job.timeout + STUCK_S, exit=True)
        try:
            return bool(super().perform_job(job, queue))
        finally:
            faulthandler.cancel_dump_traceback_later()

    def request_stop(self, _signum: int, _frame: FrameType | None) -> None:
        raise StopRequested


def serve(url: str, queues: Sequence[str], *, nice: int = 0, light: bool = False) -> int:
    """Runs one worker until SIGTERM or SIGINT. Returns the exit status."""
    if nice:
        os.nice(nice)
    kind = LightWorker if light else ForkingWorker
    worker = kind(
        list(queues),
        connection=_connection(url),
        serializer=JSONSerializer,
        worker_ttl=FIELDS_S,
        job_monitoring_interval=BEAT_S,
        log_job_description=False,
    )
    worker.log_result_lifespan = False
    worker.work(logging_level="WARNING")
    return 0


def _connection(url: str) -> redis.Redis:
    """A client that outlives an outage of two minutes; after that the worker is started again."""
    return redis.Redis.from_url(
        url,
        retry=Retry(ExponentialWithJitterBackoff(cap=0.5, base=0.02), 240),
        retry_on_error=[redis.ConnectionError, redis.TimeoutError],
        socket_timeout=30,
    )


def _leave(signum: int, _frame: FrameType | None) -> None:
    sys.exit(128 + signum)
