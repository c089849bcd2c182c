"""A TV signs in without a keyboard."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.pairing import LETTERS
from tests.conftest import Person

PAIR = "/api/v1/auth/pair"


@pytest.fixture
def tv(app: Flask) -> FlaskClient:
    client = app.test_client()
    client.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (Web0S; Linux/SmartTV)"
    return client


def poll(tv: FlaskClient, token: str, **more: bool) -> tuple[int, dict[str, str]]:
    answer = tv.post(f"{PAIR}/poll", json={"poll_token": token, **more})
    return answer.status_code, answer.get_json()


def test_a_phone_lets_a_tv_in(tv: FlaskClient, user: Person) -> None:
    shown = tv.post(PAIR).get_json()
    assert set(shown["code"]) <= set(LETTERS)
    assert poll(tv, shown["poll_token"])[0] == 202

    approved = user.client.post(f"{PAIR}/approve", json={"code": shown["code"].lower()})

    assert "SmartTV" in approved.get_json()["device"]
    status, granted = poll(tv, shown["poll_token"], cookie=True)
    assert (status, granted["user"]["username"]) == (200, "user")  # type: ignore[index]
    assert tv.get("/api/v1/auth/profile").get_json()["username"] == "user"


def test_a_phone_is_told_which_screen_asks_before_it_lets_it_in(tv: FlaskClient, user: Person) -> None:
    shown = tv.post(PAIR).get_json()

    asked = user.client.post(f"{PAIR}/screen", json={"code": shown["code"]})

    assert asked.get_json()["name"] == "LG TV"
    assert poll(tv, shown["poll_token"])[0] == 202
    assert tv.post(f"{PAIR}/screen", json={"code": shown["code"]}).status_code == 401
    assert user.client.post(f"{PAIR}/screen", json={"code": "ZZZZZZ"}).status_code == 404


def test_a_tv_is_let_in_once(tv: FlaskClient, user: Person) -> None:
    shown = tv.post(PAIR).get_json()
    user.client.post(f"{PAIR}/approve", json={"code": shown["code"]})
    poll(tv, shown["poll_token"])

    status, problem = poll(tv, shown["poll_token"])

    assert (status, problem["code"]) == (410, "pairing_over")
    assert user.client.post(f"{PAIR}/approve", json={"code": shown["code"]}).status_code == 404


def test_a_code_can_be_approved_by_who_is_signed_in_only(tv: FlaskClient, client: FlaskClient) -> None:
    shown = tv.post(PAIR).get_json()

    assert client.post(f"{PAIR}/approve", json={"code": shown["code"]}).status_code == 401


def test_a_code_expires(app: Flask, tv: FlaskClient, user: Person) -> None:
    shown = tv.post(PAIR).get_json()
    redis = app.extensions["matinee_redis"]
    kept = list(redis.scan_iter("matinee:pair:*"))
    assert {0 < redis.ttl(key) <= shown["expires_in"] for key in kept} == {True}

    redis.delete(*kept)  # what Redis does when the time has come

    assert user.client.post(f"{PAIR}/approve", json={"code": shown["code"]}).status_code == 404
    assert poll(tv, shown["poll_token"])[0] == 410


def test_codes_cannot_be_guessed_for_long(user: Person) -> None:
    answers = [user.client.post(f"{PAIR}/approve", json={"code": "AAAAAA"}).status_code for _ in range(11)]

    assert answers == [404] * 10 + [429]


def test_an_account_that_was_disabled_meanwhile_lets_nobody_in(tv: FlaskClient, admin: Person, user: Person) -> None:
    shown = tv.post(PAIR).get_json()
    user.client.post(f"{PAIR}/approve", json={"code": shown["code"]})
    admin.client.patch(f"/api/v1/admin/users/{user.user_id}", json={"disabled": True})

    assert poll(tv, shown["poll_token"])[0] == 403
