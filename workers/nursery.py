"""Every worker of this machine from one process: the program is loaded once and forked for each lane.

A worker that dies is forked again in milliseconds; all of them end with the nursery, which the supervisor watches.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

import structlog

from app.adapters import metrics
from workers.engines.tether import tether

log = structlog.get_logger(__name__)

SETTLED_S = 2.0
"""A worker that lived this long was not broken from the start: it is replaced at once."""
LONGEST_WAIT_S = 10.0
PATIENCE_S = 4.0


@dataclass(frozen=True, slots=True)
class Lane:
    """One worker process. `main` returns its exit status."""

    name: str
    main: Callable[[], int]


@dataclass(slots=True)
class _Place:
    lane: Lane
    pid: int = 0
    started: float = 0.0
    due: float = 0.0
    wait_s: float = 0.0


class Nursery:
    """Keeps one process alive for each lane until told to stop."""

    def __init__(self, lanes: list[Lane]) -> None:
        self._places = [_Place(lane) for lane in lanes]
        self._stopping = False

    def run(self) -> int:
        """Returns 0 after SIGTERM or SIGINT, when every worker has ended."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        while not self._stopping:
            for place in self._places:
                if not place.pid and place.due <= time.monotonic() and not self._stopping:
                    self._fork(place)
            self._reap()
            time.sleep(0.1)
        self._end()
        return 0

    def _fork(self, place: _Place) -> None:
        nursery = os.getpid()
        pid = os.fork()
        if pid == 0:
            os._exit(_live(place.lane, nursery))
        place.pid, place.started = pid, time.monotonic()

    def _reap(self) -> None:
        for place in self._places:
            if not place.pid:
                continue
            pid, status = os.waitpid(place.pid, os.WNOHANG)
            if not pid:
                continue
            lived = time.monotonic() - place.started
            place.wait_s = 0.0 if lived > SETTLED_S else min(LONGEST_WAIT_S, max(0.5, place.wait_s * 2))
            place.pid, place.due = 0, time.monotonic() + place.wait_s
            if not self._stopping:
                log.warning("a worker ended and is started again", lane=place.lane.name, status=status, lived_s=lived)

    def _stop(self, _signum: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _end(self) -> None:
        self._tell(signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE_S
        while any(place.pid for place in self._places):
            if time.monotonic() > deadline:
                self._tell(signal.SIGKILL)
            self._reap()
            time.sleep(0.02)

    def _tell(self, signum: signal.Signals) -> None:
        for place in self._places:
            if place.pid:
                os.kill(place.pid, signum)


def _live(lane: Lane, nursery: int) -> int:
    """The life of one worker process, from fork to exit status."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    tether(signal.SIGKILL, parent=nursery)
    structlog.contextvars.bind_contextvars(program=lane.name)
    metrics.write_as(lane.name)
    try:
        return lane.main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except BaseException:
        log.exception("a worker broke off", lane=lane.name)
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
