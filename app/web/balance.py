"""New connections go to the web process that holds the fewest.

The processes share one listening socket, and whichever wakes first has the newcomer. A browser keeps its connections
for minutes, so an uneven start stays: of eight clients six may sit in one process while the other's processor idles.
Here a process that holds more than another lets that one go first, for a moment; nothing depends on its being fast
enough.
"""

from __future__ import annotations

import mmap
import socket
import time
from collections.abc import Iterable

from app.web.punctuality import PunctualWorker

SEATS = 64
VACANT = 2**31 - 1
"""Told of a seat whose process is not there, or takes no more connections."""
PATIENCE_S = 0.05
STEP_S = 0.005


class Loads:
    """How many connections each process holds: one number for each seat, in memory that forked processes share.

    Each number is written by the one process that has the seat (by the master while nobody has), so there is no lock.
    """

    def __init__(self, seats: int = SEATS) -> None:
        self._numbers = memoryview(mmap.mmap(-1, 4 * seats)).cast("i")
        for seat in range(seats):
            self.tell(seat, VACANT)

    def tell(self, seat: int, connections: int) -> None:
        self._numbers[seat] = connections

    def least(self, *, beside: int) -> int:
        """The fewest that another process than `beside` holds; `VACANT` when there is no other."""
        return min((held for seat, held in enumerate(self._numbers) if seat != beside), default=VACANT)

    def free_seat(self, taken: Iterable[int]) -> int:
        return min(set(range(len(self._numbers))) - set(taken))


LOADS = Loads()


class BalancedWorker(PunctualWorker):
    """Gunicorn's threaded worker with manners at the door."""

    seat: int
    _opens_at = 0.0
    """When a door that was closed in another's favour opens again, in seconds of the monotonic clock."""

    def sit(self, others: Iterable[BalancedWorker]) -> None:
        """Called in the master, before the fork."""
        self.seat = LOADS.free_seat(one.seat for one in others)

    def leave(self) -> None:
        """Called in the master, when the process has ended, however it did."""
        LOADS.tell(self.seat, VACANT)

    def accept(self, listener: socket.socket) -> None:
        """Somebody is at the door: lets a process that holds fewer go first, but makes nobody wait for long."""
        now = time.monotonic()
        if self._holds_more() and not self._opens_at <= now < self._opens_at + PATIENCE_S:
            self._opens_at = now + PATIENCE_S
            super().set_accept_enabled(False)
            return
        super().accept(listener)
        self._tell()

    def set_accept_enabled(self, enabled: bool) -> None:
        closed = time.monotonic() < self._opens_at and self._holds_more()
        super().set_accept_enabled(enabled and not closed)
        self._tell()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        super().wait_for_and_dispatch_events(min(timeout, STEP_S) if time.monotonic() < self._opens_at else timeout)
        self._tell()

    def _holds_more(self) -> bool:
        return bool(self.nr_conns > LOADS.least(beside=self.seat))

    def _tell(self) -> None:
        LOADS.tell(self.seat, self.nr_conns if self.alive else VACANT)
