"""A client that begins a request and does not end it holds no thread for long.

Gunicorn waits politely for a first byte, but then reads the head of a request (and greets for TLS) for as long as the
client likes, with a thread of its own: as many half-sent requests as there are threads, from a flat phone or from a
stranger, and nobody is answered any more. A request's head has a time to arrive in, all of it together, and so has its
body.

Nor does a client that leaves its line open after the last answer: gunicorn waits up to two seconds for it to close, so
that nothing of the answer is lost, but in the thread that takes everybody's requests in. Here that is done beside it.
"""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from gunicorn import util
from gunicorn.workers.gthread import TConn, ThreadWorker

from app.web.hanging_up import cut

HEAD_WITHIN_S = 10.0
"""From the moment a thread takes a connection up: five seconds of it may pass before the first byte."""
BODY_WITHIN_S = 20.0
"""From the moment its first byte is asked for; the longest that is taken has a megabyte."""
LOOK_S = 1.0
CLOSING = 64
"""How many lines may be on their way to being closed; what comes on top is closed at once."""

_linger = util.close_graceful
_closers = ThreadPoolExecutor(8, "closing")
_room = threading.BoundedSemaphore(CLOSING)


def close_beside(line: socket.socket) -> None:
    """Closes as gunicorn does, without keeping the caller waiting."""
    if not _room.acquire(blocking=False):
        util.close(line)
        return
    _closers.submit(_linger, line).add_done_callback(lambda _: _room.release())


class _AwaitedBody:
    """What reads a request's body, for whoever looks after what is waited for: `awaited` holds until when."""

    def __init__(self, reader: Any, awaited: dict[TConn, float], conn: TConn) -> None:
        self._reader, self._awaited, self._conn = reader, awaited, conn
        self._until: float | None = None

    def read(self, size: int) -> bytes:
        if self._until is None:
            self._until = time.monotonic() + BODY_WITHIN_S
        self._awaited[self._conn] = self._until
        try:
            return cast(bytes, self._reader.read(size))
        finally:
            self._awaited.pop(self._conn, None)


class PunctualWorker(ThreadWorker):  # type: ignore[misc]
    """Gunicorn's threaded worker, with an eye on the clock."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._awaited: dict[TConn, float] = {}
        """Connections that a thread waits for, and until when, in seconds of the monotonic clock."""
        self._looks_at = 0.0

    def handle(self, conn: TConn) -> Any:
        self._awaited[conn] = time.monotonic() + HEAD_WITHIN_S
        try:
            return super().handle(conn)
        finally:
            self._awaited.pop(conn, None)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        self._awaited.pop(conn, None)
        req.body.reader = _AwaitedBody(req.body.reader, self._awaited, conn)
        return super().handle_request(req, conn)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        super().wait_for_and_dispatch_events(min(timeout, LOOK_S))
        now = time.monotonic()
        if now < self._looks_at:
            return
        self._looks_at = now + LOOK_S
        for conn, until in self._awaited.copy().items():
            if now > until:
                cut(conn.sock)
