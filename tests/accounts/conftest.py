"""Clients that sign in the way a browser or a script does, and a clock that tests move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.adapters import clock


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.instant = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant

    def advance(self, **by: float) -> None:
        self.instant += timedelta(**by)


@pytest.fixture
def fake_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(clock, "now", made.now)
    return made


class Browser:
    """A web page's view of the server: it holds the cookie and sends the CSRF token."""

    def __init__(self, client: FlaskClient) -> None:
        self.client, self.csrf_token = client, ""

    def sign_in(self, username: str, password: str) -> None:
        answer = self.client.post(
            "/api/v1/auth/login", json={"username": username, "password": password, "cookie": True}
        )
        assert answer.status_code == 200, answer.text
        self.csrf_token = answer.get_json()["csrf_token"]

    @property
    def headers(self) -> dict[str, str]:
        return {"X-CSRF-Token": self.csrf_token}


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app.test_client())
