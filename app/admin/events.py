"""Who hears what in the namespace `/activity`: administrators everything, everyone else what is their own."""

from __future__ import annotations

from flask import Flask

from app.core.access import Viewer
from app.web import sockets
from app.web.activity import ADMINS, NAMESPACE, user_room


def init_app(_app: Flask) -> None:
    sockets.open_namespace(NAMESPACE, entered=rooms)


def rooms(viewer: Viewer) -> list[str]:
    """The rooms a viewer's socket joins."""
    own = [user_room(viewer.user_id)] if viewer.user_id is not None else []
    return [*own, ADMINS] if viewer.is_admin else own
