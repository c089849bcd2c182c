"""The end of a connection: hearing of the client's, which gunicorn's threads never do, and putting one to it."""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Callable

from flask import request


def hung_up() -> Callable[[float], bool] | None:
    """Asks whether the connection was closed, waiting so long (s) for it; None where the server cannot tell.

    A connection that was closed on the client's side only counts as closed, as it does for every proxy.
    """
    connection = request.environ.get("gunicorn.socket")
    if connection is None or not hasattr(select, "POLLRDHUP"):
        return None
    door = select.poll()
    door.register(connection.fileno(), select.POLLRDHUP)
    return lambda wait_s: bool(door.poll(wait_s * 1000))


def cut(line: socket.socket) -> None:
    """Ends a connection for whichever thread waits on it; the thread then closes it. Nothing where it has ended."""
    with contextlib.suppress(OSError):  # the other end was faster
        socket.socket.shutdown(line, socket.SHUT_RDWR)  # past TLS, which would wait for an answer
