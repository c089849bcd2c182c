"""`python -m workers.scheduler`: what must happen every few seconds, minutes or hours, whoever is watching.

Leases that ended and jobs that were never sent, orphaned RQ records, tidying. Each duty stands alone: one that fails is
logged and comes round again.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from types import FrameType

import structlog
from rq.registry import StartedJobRegistry

from app import outbox
from app.adapters.clock import now
from app.catalog import metadata
from app.extensions import db, get_redis, writing
from app.jobs import METADATA, QUEUES
from app.library.service import request_scan
from app.personal.forgetting import forget_empty
from app.playback import service as playback
from app.web.logs import configure_logging
from config import Config, ConfigurationError
from workers import runtime
from workers.engines.certificates import ensure, own_names

log = structlog.get_logger(__name__)

KEPT_FOR = timedelta(days=30)


@dataclass(slots=True)
class Duty:
    """Something to do every so many seconds. `due` is on the monotonic clock."""

    name: str
    every_s: float
    do: Callable[[], object]
    due: float = field(default=0.0)


def queue_dead_runs_again() -> None:
    """Runs whose process died are queued again: a lease lasts four seconds, this looks twice a second."""
    with writing():
        again = outbox.requeue_expired(now=now())
    if again:
        log.warning("dead runs are queued again", jobs=again)


def send_what_waits() -> None:
    """What was decided while Redis was away, or lost by it."""
    sent = outbox.send_waiting(now=now())
    if sent:
        log.info("waiting jobs were sent again", count=sent)


def reap_rq_records() -> None:
    """RQ looks at the records of dead work-horses only when a worker is idle for minutes."""
    for name in QUEUES:
        StartedJobRegistry(queue=outbox.queue(name, get_redis())).cleanup()


def forget_old_jobs() -> None:
    """The list of jobs is a history of a month."""
    with writing():
        outbox.forget_ended(before=now() - KEPT_FOR)


def forget_old_sessions() -> None:
    """What was played is kept in the history; the sessions themselves for a month."""
    with writing():
        playback.forget_old(before=now() - KEPT_FOR)


def forget_empty_works() -> None:
    """Titles and episodes that no file has embodied for long and nobody's data hangs on."""
    place, forgotten = (0, 0), 0
    while True:
        with writing():
            place, count = forget_empty(after=place)
        forgotten += count
        if place == (0, 0):
            break
    if forgotten:
        log.info("works without files were forgotten", count=forgotten)


def look_through_libraries() -> None:
    """What no watcher told of: a disk that came back, a mount without news, events that the kernel dropped."""
    with writing():
        request_scan(now=now())


def refresh_metadata() -> None:
    """What providers tell changes: new episodes, ratings, a work that nobody knew last week. And what was to be looked
    at and was not, with or without a provider."""
    config: Config = runtime.application().config["MATINEE"]
    if metadata.count_due(now=now(), has_provider=bool(config.tmdb_api_key)):
        db.session.rollback()
        with writing():
            outbox.enqueue(METADATA, {}, dedupe_key=METADATA.name, now=now())


def renew_certificate() -> None:
    """The certificate of `MATINEE_TLS=local`, before it ends and when the host has moved. The web reads it anew."""
    config: Config = runtime.application().config["MATINEE"]
    if config.tls == "local" and ensure(config.data_dir / "tls", own_names(), now=now()):
        log.info("the certificate was renewed")


def duties() -> list[Duty]:
    """Everything periodic, in one table."""
    return [
        Duty("queue dead runs again", 0.5, queue_dead_runs_again),
        Duty("send what waits", 2, send_what_waits),
        Duty("reap RQ records", 30, reap_rq_records),
        Duty("forget old jobs", 6 * 3600, forget_old_jobs),
        Duty("forget old sessions", 6 * 3600, forget_old_sessions),
        Duty("forget empty works", 3600, forget_empty_works),
        Duty("refresh metadata", 600, refresh_metadata),
        Duty("renew the certificate", 3600, renew_certificate),
        Duty("look through the libraries", 12 * 3600, look_through_libraries),
    ]


def run(table: list[Duty], stopped: threading.Event) -> None:
    """Does what is due until told to stop."""
    while not stopped.is_set():
        for duty in table:
            if duty.due <= time.monotonic() and not stopped.is_set():
                _do(duty)
                duty.due = time.monotonic() + duty.every_s
        stopped.wait(max(0.0, min(duty.due for duty in table) - time.monotonic()))


def _do(duty: Duty) -> None:
    try:
        duty.do()
    except Exception:  # the next round is the answer: a database or Redis that is away comes back
        log.exception("a duty failed", duty=duty.name)
    finally:
        db.session.remove()


def work() -> int:
    """Runs until SIGTERM or SIGINT, in the application of this process. Returns the exit status."""
    stopped = threading.Event()

    def stop(_signum: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with runtime.application().app_context():
        run(duties(), stopped)
    return 0


def main() -> int:
    """The scheduler as a program of its own, for an installation over several machines: one is enough."""
    try:
        config = Config.from_env()
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 2
    configure_logging("scheduler")
    from app.factory import core

    runtime.use(core(config))
    return work()


if __name__ == "__main__":
    sys.exit(main())
