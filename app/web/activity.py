"""News for whoever has the `/activity` namespace open, sent from any process through the Redis message queue.

Who may hear what is settled in `app/admin/events.py`, which puts sockets into these rooms. News is a courtesy: a lost
one is made good by the next, or by asking the API.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import current_app
from socketio import RedisManager

from app.extensions import message_queue
from config import Config

NAMESPACE = "/activity"
ADMINS = "admins"


def user_room(user_id: int) -> str:
    """The room of one user's sockets."""
    return f"user-{user_id}"


def announce(event: str, body: Mapping[str, Any], *, user_id: int | None = None) -> None:
    """Tells every admin, and the user it concerns. `event`: `job`, `scan` or `notification`."""
    rooms = [ADMINS] if user_id is None else [ADMINS, user_room(user_id)]
    _publisher().emit(event, dict(body), namespace=NAMESPACE, to=rooms)


def _publisher() -> RedisManager:
    """A write-only end of the message queue, one for each process."""
    publisher: RedisManager | None = current_app.extensions.get("matinee_activity")
    if publisher is None:
        config: Config = current_app.config["MATINEE"]
        publisher = message_queue(config.redis_url, write_only=True)
        current_app.extensions["matinee_activity"] = publisher
    return publisher
