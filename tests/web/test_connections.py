"""The thread that closes what hangs on ended sign-ins outlives whatever goes wrong with one of them."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any, cast

from flask import Flask

from app.core.access import Viewer
from app.extensions import get_redis
from app.web.connections import SIGN_IN_NEWS, Connections
from tests.supervised import until


class Server:
    """As much of a Socket.IO server as is asked here: one client of it leaves just as it is told to go."""

    def __init__(self) -> None:
        self.eio = SimpleNamespace(on=lambda *_: None, sockets={})
        self.told: list[str] = []

    def disconnect(self, socket_id: str, *, namespace: str) -> None:
        self.told.append(socket_id)
        if socket_id == "leaving":
            raise KeyError(namespace)

    def _handle_eio_connect(self, _engine_id: str, _environ: dict[str, Any]) -> None:
        """Nobody is there."""


def test_a_client_that_leaves_as_it_is_told_to_go_keeps_no_other_from_being_told(app: Flask) -> None:
    server, viewer = Server(), cast(Viewer, SimpleNamespace(sign_in_id=7, role="user"))
    connections = Connections(app, server, limit=9)
    lasting = [True]
    with socket.socket() as line:
        connections._engine_connected("e0", {"gunicorn.socket": line})
        for socket_id in ("leaving", "staying"):
            connections.bind("/activity", socket_id, socket_id, viewer, lambda: viewer if lasting[0] else None)
        lasting[0] = False
        with app.app_context():
            until(lambda: get_redis().publish(SIGN_IN_NEWS, "7") and "staying" in server.told, 10)

    assert server.told == ["leaving", "staying"]
