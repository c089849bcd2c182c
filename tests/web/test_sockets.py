"""Live connections: who may open one, how it ends with its sign-in, how many there may be.

Against a real gunicorn with two processes, as the supervisor starts it.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import socketio
from flask import Flask

from app.core.access import Role
from app.extensions import db
from app.factory import core, web
from app.web.activity import announce
from config import Config
from tests.conftest import Person, create_person, fresh_config
from tests.supervised import until

ROOT = Path(__file__).resolve().parents[2]
THREADS = 20
ROOM = int(THREADS * 0.6)


@dataclass
class Server:
    url: str
    config: Config
    app: Flask
    opened: list[socketio.Client]
    log: Path

    def said(self) -> str:
        """What stands in the log."""
        return self.log.read_text(errors="replace")

    def person(self, role: Role = "user") -> Person:
        """Somebody new."""
        return create_person(self.app, f"person {secrets.token_hex(6)}", role)

    def connect(self, *, token: str | None = None, cookie: str = "", origin: str | None = None) -> Line:
        line = Line(self, origin=origin)
        line.open(token=token, headers={"Cookie": cookie} if cookie else {})
        return line

    def get(self, path: str, **sent: Any) -> requests.Response:
        return requests.get(self.url + path, timeout=30, **sent)

    def post(self, path: str, **sent: Any) -> requests.Response:
        return requests.post(self.url + path, timeout=30, **sent)


class Line:
    """One client of `/activity` that remembers what it was told."""

    def __init__(self, server: Server, *, origin: str | None) -> None:
        self.client = socketio.Client(reconnection=False, websocket_extra_options={"origin": origin} if origin else {})
        server.opened.append(self.client)
        self.server, self.heard, self.refusal = server, [], ""
        self.ended, self.refused = threading.Event(), threading.Event()
        self.client.on("disconnect", lambda *_: self.ended.set(), namespace="/activity")
        self.client.on("connect_error", self._refuse, namespace="/activity")
        self.client.on("*", lambda event, *body: self.heard.append((event, *body)), namespace="/activity")

    def open(self, *, token: str | None, headers: dict[str, str]) -> None:
        try:
            self.client.connect(
                self.server.url,
                namespaces=["/activity"],
                transports=["websocket"],
                auth={"token": token} if token is not None else {},
                headers=headers,
                wait_timeout=30,
            )
        except socketio.exceptions.ConnectionError as error:
            self.refusal = self.refusal or str(error)
            self.refused.set()

    def _refuse(self, reason: dict[str, str] | str) -> None:
        self.refusal = reason["message"] if isinstance(reason, dict) else reason
        self.refused.set()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[Server]:
    """A web server of its own for all tests here: to start one takes seconds."""
    config = fresh_config(tmp_path_factory.mktemp("sockets"), redis_url)
    app = web(config)
    with app.app_context():
        db.create_all()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    metrics = config.data_dir / "metrics"
    metrics.mkdir()
    settings = {
        **os.environ,
        "MATINEE_HOST": "127.0.0.1",
        "MATINEE_PORT": str(port),
        "MATINEE_DATA_DIR": str(config.data_dir),
        "MATINEE_WEB_PROCESSES": "2",
        "MATINEE_WEB_THREADS": str(THREADS),
        "REDIS_URL": config.redis_url,
        "SECRET_KEY": config.secret_key,
        "PROMETHEUS_MULTIPROC_DIR": str(metrics),
    }
    log = config.data_dir / "web.log"
    with log.open("wb") as said:
        argv = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.py", "wsgi:serve()"]
        process = subprocess.Popen(argv, cwd=ROOT, env=settings, stderr=said)
    made = Server(f"http://127.0.0.1:{port}", config, app, [], log)
    try:
        until(lambda: answers(made), 90)
        yield made
    finally:
        process.terminate()
        process.wait(30)
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    yield running
    for client in running.opened:
        client.shutdown()
        client.eio.disconnect(abort=True)  # what was refused is not the client's to close
    running.opened.clear()


def answers(server: Server) -> bool:
    try:
        return server.get("/api/v1/setup").status_code == 200
    except requests.RequestException:
        return False


def dial(server: Server, said: bytes) -> socket.socket:
    """A connection that says this much and then nothing more."""
    address = urlsplit(server.url)
    line = socket.create_connection((address.hostname, address.port), timeout=30)
    line.sendall(said)
    return line


def knock(server: Server) -> socket.socket:
    """A WebSocket that asks to enter without a sign-in and then neither reads nor says anything, for ever."""
    line = dial(
        server,
        b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + b64encode(bytes(16)) + b"\r\n\r\n",
    )
    if b" 101 " in line.recv(1024):
        enter = b"40/activity,"
        line.sendall(bytes([0x81, 0x80 | len(enter), 0, 0, 0, 0]) + enter)
    return line


def test_signing_out_closes_every_socket_of_the_sign_in_at_once_in_every_process(
    server: Server,
) -> None:
    user, other = server.person(), server.person()
    mine = [server.connect(token=user.access_token) for _ in range(6)]
    others = server.connect(token=other.access_token)
    assert not any(line.refused.is_set() for line in [*mine, others])

    started = time.monotonic()
    gone = server.post("/api/v1/auth/logout", headers={"Authorization": f"Bearer {user.access_token}"})

    assert gone.status_code == 204
    assert all(line.ended.wait(5) for line in mine)
    assert time.monotonic() - started < 5
    assert not others.ended.is_set()
    late = server.connect(token=user.access_token)
    assert late.refusal == "signed_out"


def test_a_page_connects_with_its_cookie_and_a_foreign_page_does_not(server: Server) -> None:
    user = server.person()
    signed_in = server.post(
        "/api/v1/auth/login", json={"username": user.username, "password": user.password, "cookie": True}
    )
    cookie = f"matinee_session={signed_in.cookies['matinee_session']}"

    own = server.connect(cookie=cookie, origin=server.url)
    foreign = server.connect(cookie=cookie, origin="http://evil.example")

    assert not own.refused.is_set()
    assert foreign.refused.is_set()


def test_who_is_not_signed_in_is_refused_and_the_connection_closed(server: Server) -> None:
    assert server.connect().refusal == "unauthenticated"
    bad = server.connect(token="nonsense")

    assert bad.refusal == "token_invalid"
    until(lambda: bad.client.eio.state == "disconnected", 10)


def test_news_reaches_whom_it_concerns_from_any_process(server: Server) -> None:
    user, admin = server.person(), server.person("admin")
    lines = {name: server.connect(token=who.access_token) for name, who in {"user": user, "admin": admin}.items()}
    worker = core(server.config)

    with worker.app_context():
        announce("job", {"id": 1}, user_id=user.user_id)
        announce("scan", {"found": 3})

    until(lambda: len(lines["admin"].heard) == 2 and len(lines["user"].heard) == 1, 10)
    assert lines["admin"].heard == [("job", {"id": 1}), ("scan", {"found": 3})]
    assert lines["user"].heard == [("job", {"id": 1})]


def test_an_administrator_who_is_none_any_more_hears_nothing_more(server: Server) -> None:
    admin, former = server.person("admin"), server.person("admin")
    line = server.connect(token=former.access_token)

    changed = admin.client.patch(f"/api/v1/admin/users/{former.user_id}", json={"role": "user"})

    assert (changed.status_code, line.refusal) == (200, "")
    assert line.ended.wait(5)


def test_plain_requests_are_answered_while_every_place_for_sockets_is_taken(server: Server) -> None:
    user = server.person()
    lines = [server.connect(token=user.access_token) for _ in range(2 * ROOM + 8)]

    open_now = [line for line in lines if not line.refused.is_set()]
    assert 0 < len(open_now) <= 2 * ROOM
    assert "full" in {line.refusal for line in lines if line.refused.is_set()}
    assert all(server.get("/api/v1/setup").status_code == 200 for _ in range(20))
    assert not any(line.ended.is_set() for line in open_now)


def test_a_place_is_free_as_soon_as_its_client_has_gone(server: Server) -> None:
    user = server.person()
    refusals = []
    for _ in range(3):
        lines = [server.connect(token=user.access_token) for _ in range(ROOM)]
        refusals += [line.refusal for line in lines if line.refused.is_set()]
        for line in lines:
            line.client.disconnect()

    assert refusals == []


def test_clients_that_never_say_goodbye_hold_no_place_for_long(server: Server) -> None:
    silent = []
    user = server.person()
    for _ in range(2):  # each time as many as there is room for, refused and told to go
        silent += [knock(server) for _ in range(2 * ROOM)]
        until(lambda: not server.connect(token=user.access_token).refused.is_set(), 20)

    assert all(server.get("/api/v1/setup").status_code == 200 for _ in range(2 * THREADS))
    for line in silent:
        line.close()


def test_requests_that_never_end_hold_no_thread_for_long(server: Server) -> None:
    head = b"GET /api/v1/setup HTTP/1.1\r\nHost: he"
    body = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
    known, chunked = body + b"Content-Length: 99\r\n\r\n{", body + b"Transfer-Encoding: chunked\r\n\r\n9\r\n{"
    begun = [dial(server, said) for said in (head, known, chunked) for _ in range(THREADS // 2)]

    assert all(server.get("/api/v1/setup").status_code == 200 for _ in range(8))
    assert [line.recv(1) for line in begun] == [b""] * len(begun)
    for line in begun:
        line.close()


def test_clients_that_leave_their_line_open_delay_nobody(server: Server) -> None:
    asked = b"GET /health/live HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"
    idle = [dial(server, asked) for _ in range(8)]
    assert all(b" 200 " in line.recv(4096) for line in idle)

    started = time.monotonic()
    assert all(server.get("/health/live").status_code == 200 for _ in range(8))
    assert time.monotonic() - started < 2
    for line in idle:
        line.close()


def test_polling_is_refused_at_once(server: Server) -> None:
    asked = "/socket.io/?EIO=4&transport=polling"

    until(lambda: server.get(asked).status_code == 400, 5)  # 503 as long as the crowd of another test is leaving


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /api/v1/media/search?q=" + b"x" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"x" * 70_000 + b"\r\n\r\n", 431),
        (b"GET /play/secret word/original HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /play/secret/original\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nBad Header: secret\r\n\r\n", 400),
        (b"POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nsecret\r\n", 400),
        (b"POST /api/v1/player/progress HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nsecret\r\n", 400),
    ],
)
def test_what_is_no_request_is_refused_as_everything_else_is(server: Server, sent: bytes, status: int) -> None:
    said_before = len(server.said())
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=20) as line:
        line.sendall(sent)
        answer = http.client.HTTPResponse(line)
        answer.begin()
        problem = json.loads(answer.read())

    assert (answer.status, problem["status"]) == (status, status)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Request-ID"] == problem["request_id"]
    assert {"type", "title", "detail", "code"} <= set(problem)
    assert "secret" not in server.said()
    assert "Traceback" not in server.said()[said_before:]


def test_a_search_of_the_longest_text_is_answered(server: Server) -> None:
    headers = {"Authorization": f"Bearer {server.person().access_token}"}
    assert server.get("/api/v1/media/search", params={"q": "\N{CLAPPER BOARD}" * 500}, headers=headers).ok
