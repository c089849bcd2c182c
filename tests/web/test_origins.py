"""Foreign pages, proxies, and who counts as local."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask, jsonify, request
from flask.testing import FlaskClient

from app.extensions import db
from app.factory import web
from app.web.proxies import is_local, normal_origin
from config import Config

Made = Callable[..., FlaskClient]


@pytest.fixture
def server(config: Config) -> Iterator[Made]:
    """A server with other settings; `/t/who` says how it sees its caller."""
    made: list[Flask] = []

    def make(**settings: Any) -> FlaskClient:
        app = web(dataclasses.replace(config, **settings))
        app.add_url_rule(
            "/t/who",
            "t_who",
            lambda: jsonify(address=request.remote_addr, url=request.host_url, local=is_local()),
            methods=["GET", "POST"],
        )
        with app.app_context():
            db.create_all()
        made.append(app)
        return app.test_client()

    yield make
    for app in made:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def who(client: FlaskClient, peer: str, **headers: str) -> dict[str, Any]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    found: dict[str, Any] = client.get("/t/who", headers=sent, environ_base={"REMOTE_ADDR": peer}).get_json()
    return found


def test_a_stranger_cannot_say_who_it_is(server: Made) -> None:
    seen = who(
        server(), "203.0.113.9", X_Forwarded_For="127.0.0.1", X_Forwarded_Host="evil.example", X_Forwarded_Proto="https"
    )

    assert seen == {"address": "203.0.113.9", "url": "http://localhost/", "local": False}


def test_a_trusted_proxy_is_believed_about_its_peer_and_no_further(server: Made) -> None:
    client = server(trusted_proxies=("10.0.0.0/8",))

    seen = who(
        client,
        "10.0.0.2",
        X_Forwarded_For="1.2.3.4, 198.51.100.7, 10.0.0.1",
        X_Forwarded_Proto="https",
        X_Forwarded_Host="films.example",
    )

    assert seen == {"address": "198.51.100.7", "url": "https://films.example/", "local": False}
    assert who(client, "203.0.113.9", X_Forwarded_For="1.2.3.4")["address"] == "203.0.113.9"


@pytest.mark.parametrize("chain", ["", "nonsense", ",", "1.2.3.4:99999:x", "unknown", "evil\ttab"])
def test_a_broken_chain_leaves_the_proxy_itself(server: Made, chain: str) -> None:
    assert who(server(trusted_proxies=("10.0.0.0/8",)), "10.0.0.2", X_Forwarded_For=chain)["address"] == "10.0.0.2"


def test_a_trusted_proxy_on_this_machine_is_not_local(server: Made) -> None:
    client = server(trusted_proxies=("127.0.0.1/32",))

    assert who(client, "127.0.0.1")["local"] is True
    assert who(client, "127.0.0.1", X_Forwarded_For="127.0.0.1")["local"] is False
    assert who(client, "::1")["local"] is True
    assert who(client, "::ffff:127.0.0.1")["local"] is True
    assert who(client, "192.168.1.2")["local"] is False


@pytest.mark.parametrize(("host", "local"), [("127.0.0.1:8000", True), ("[::1]:8000", True), ("films.lan", False)])
def test_local_means_asked_for_by_a_local_name(server: Made, host: str, local: bool) -> None:
    assert who(server(), "127.0.0.1", Host=host)["local"] is local


def test_under_https_the_cookie_is_secure(server: Made) -> None:
    client = server(tls="files")
    client.post("/api/v1/setup", json={"username": "ann", "password": "correct horse"})

    answer = client.post("/api/v1/auth/login", json={"username": "ann", "password": "correct horse", "cookie": True})

    assert "; Secure" in answer.headers["Set-Cookie"]
    assert "wss://localhost" in answer.headers["Content-Security-Policy"]


def test_foreign_pages_read_nothing_unless_they_are_listed(server: Made) -> None:
    client = server(cors_origins=("https://tv.example",))

    listed = client.get("/t/who", headers={"Origin": "https://tv.example"})
    foreign = client.get("/t/who", headers={"Origin": "https://evil.example"})

    assert listed.headers["Access-Control-Allow-Origin"] == "https://tv.example"
    assert "Access-Control-Allow-Credentials" not in listed.headers
    assert "Access-Control-Allow-Origin" not in foreign.headers
    assert "Origin" in foreign.headers["Vary"]
    assert "Access-Control-Allow-Origin" not in server().get("/t/who", headers={"Origin": "https://x.example"}).headers


def test_a_listed_page_may_ask_before_it_writes(server: Made) -> None:
    client = server(cors_origins=("https://tv.example",))
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}

    answer = client.options("/api/v1/auth/login", headers={"Origin": "https://tv.example", **asked})

    assert answer.status_code == 204
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    foreign = client.options("/api/v1/auth/login", headers={"Origin": "https://evil.example", **asked})
    assert "Access-Control-Allow-Origin" not in foreign.headers


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:81", "https://localhost", "x"])
def test_a_foreign_page_writes_nothing(server: Made, origin: str) -> None:
    answer = server().post("/t/who", headers={"Origin": origin})

    assert (answer.status_code, answer.get_json()["code"]) == (403, "foreign_origin")


def test_own_pages_write(server: Made) -> None:
    client = server(public_url="https://films.example/")

    for headers in (
        {"Origin": "http://localhost"},
        {"Origin": "https://films.example"},
        {"Origin": "http://inside:8000", "Sec-Fetch-Site": "same-origin"},
        {},
    ):
        assert client.post("/t/who", headers=headers).status_code == 200, headers


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("HTTP://Films.Example:80/x", "http://films.example"),
        ("https://films.example:443", "https://films.example"),
        ("https://films.example:8443", "https://films.example:8443"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("file:///x", ""),
        ("http://a:b:c", ""),
        ("http://[", ""),
        ("null", ""),
    ],
)
def test_origins_are_compared_in_one_form(url: str, origin: str) -> None:
    assert normal_origin(url) == origin
