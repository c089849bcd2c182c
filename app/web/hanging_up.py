"""Whether the client of the present request is still there: gunicorn's threads never hear of a closed connection."""

from __future__ import annotations

import select
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
