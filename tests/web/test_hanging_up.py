"""A closed connection is noticed while its request waits."""

from __future__ import annotations

import socket
import time

from flask import Flask

from app.web.hanging_up import hung_up


def test_a_client_that_closes_its_connection_has_hung_up() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, Flask("x").test_request_context(environ_overrides={"gunicorn.socket": ours}):
        gone = hung_up()
        assert gone is not None
        theirs.send(b"GET /next")
        assert not gone(0.0)

        theirs.close()

        assert gone(0.0)


def test_who_stays_is_waited_for_no_longer_than_was_said() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, Flask("x").test_request_context(environ_overrides={"gunicorn.socket": ours}):
        gone = hung_up()
        assert gone is not None
        began = time.monotonic()

        assert not gone(0.1)
        assert 0.09 <= time.monotonic() - began < 2.0


def test_a_server_that_shows_no_connection_cannot_tell() -> None:
    with Flask("x").test_request_context():
        assert hung_up() is None
