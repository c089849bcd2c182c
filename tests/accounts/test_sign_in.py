"""Signing in, staying signed in, signing out."""

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.passwords import Passwords
from config import PasswordCost
from tests.accounts.conftest import Browser, Clock
from tests.conftest import MakeUser, Person

PROFILE = "/api/v1/auth/profile"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def sign_in(client: FlaskClient, person: Person, **more: object) -> dict[str, str]:
    answer = client.post("/api/v1/auth/login", json={"username": person.username, "password": person.password, **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, str] = answer.get_json()
    return found


def refresh(client: FlaskClient, token: str, **more: str) -> tuple[int, dict[str, str]]:
    answer = client.post("/api/v1/auth/refresh", json={"refresh_token": token, **more})
    return answer.status_code, answer.get_json()


def test_a_name_and_a_password_become_tokens(client: FlaskClient, user: Person) -> None:
    granted = sign_in(client, user)

    assert granted["expires_in"] == 900
    assert granted["user"]["username"] == "user"  # type: ignore[index]
    assert granted["csrf_token"] is None
    assert client.get_cookie("matinee_session") is None
    assert client.get(PROFILE, headers=bearer(granted["access_token"])).get_json()["username"] == "user"


def test_a_name_counts_whatever_its_case(client: FlaskClient, make_user: MakeUser) -> None:
    make_user("Zoë")

    answer = client.post("/api/v1/auth/login", json={"username": "ZOE", "password": "correct horse"})

    assert answer.status_code == 200


@pytest.mark.parametrize("name", ["user", "nobody", "", "\u200b"])
def test_a_wrong_password_and_an_unknown_name_are_answered_alike(client: FlaskClient, user: Person, name: str) -> None:
    answer = client.post("/api/v1/auth/login", json={"username": name, "password": "wrong"})

    assert (answer.status_code, answer.get_json()["code"]) == (401, "wrong_credentials")
    assert answer.get_json()["detail"] == "The user name or the password is wrong."


def test_an_unknown_name_costs_as_much_as_a_wrong_password(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    passwords, checked = app.extensions["matinee_passwords"], []
    verify = passwords._hasher.verify
    monkeypatch.setattr(
        passwords, "_hasher", type("Counting", (), {"verify": lambda _, *a: (checked.append(1), verify(*a))})()
    )

    app.test_client().post("/api/v1/auth/login", json={"username": "nobody", "password": "wrong"})

    assert len(checked) == 1


def test_guessing_one_password_is_stopped_and_says_for_how_long(client: FlaskClient, user: Person) -> None:
    guess = {"username": "user", "password": "wrong"}
    answers = [client.post("/api/v1/auth/login", json=guess).status_code for _ in range(11)]

    assert answers == [401] * 10 + [429]
    last = client.post("/api/v1/auth/login", json={"username": "user", "password": user.password})
    assert last.status_code == 429
    assert last.mimetype == "application/problem+json"
    assert 1 <= int(last.headers["Retry-After"]) <= 60


def test_signing_in_rightly_is_never_limited(client: FlaskClient, user: Person) -> None:
    for _ in range(15):
        sign_in(client, user)


def test_guessing_many_names_is_stopped(client: FlaskClient) -> None:
    answers = [
        client.post("/api/v1/auth/login", json={"username": f"n{n}", "password": "wrong"}).status_code
        for n in range(65)
    ]

    assert answers[0] == 401
    assert answers[-1] == 429


def test_an_access_token_lasts_fifteen_minutes(app: Flask, fake_clock: Clock, user: Person) -> None:
    fake_clock.advance(minutes=14)
    assert user.client.get(PROFILE).status_code == 200

    fake_clock.advance(minutes=2)
    answer = user.client.get(PROFILE)

    assert (answer.status_code, answer.get_json()["code"]) == (401, "token_expired")


def test_tokens_of_another_maker_are_refused(app: Flask, user: Person) -> None:
    claims = jwt.decode(user.access_token, options={"verify_signature": False})
    forged = [
        jwt.encode(claims, "k" * 40, algorithm="HS256"),
        jwt.encode(claims, None, algorithm="none"),
        jwt.encode({**claims, "typ": "party"}, "k" * 40, algorithm="HS256"),
        user.access_token[:-3] + "AAA",
        user.refresh_token,
        "",
        "a.b.c",
        "\udc80",
    ]

    for token in forged:
        answer = app.test_client().get(PROFILE, headers=bearer(token))
        assert answer.status_code == 401, token


def test_a_refresh_token_gives_a_new_pair_and_is_spent(client: FlaskClient, user: Person) -> None:
    status, pair = refresh(client, user.refresh_token)

    assert status == 200
    assert pair["refresh_token"] != user.refresh_token
    assert client.get(PROFILE, headers=bearer(pair["access_token"])).status_code == 200


def test_a_spent_refresh_token_ends_the_whole_sign_in(client: FlaskClient, user: Person) -> None:
    _, first = refresh(client, user.refresh_token)
    _, second = refresh(client, first["refresh_token"])

    status, problem = refresh(client, user.refresh_token)

    assert (status, problem["code"]) == (401, "token_reused")
    assert refresh(client, second["refresh_token"])[0] == 401
    for token in (user.access_token, first["access_token"], second["access_token"]):
        assert client.get(PROFILE, headers=bearer(token)).status_code == 401


def test_a_caller_who_lost_the_answer_may_ask_again_with_its_own_word(client: FlaskClient, user: Person) -> None:
    word = "a-word-nobody-else-knows"
    _, lost = refresh(client, user.refresh_token, attempt=word)

    status, again = refresh(client, user.refresh_token, attempt=word)

    assert status == 200
    assert again["refresh_token"] == lost["refresh_token"]


def test_a_word_is_worth_nothing_once_its_successor_was_used(client: FlaskClient, user: Person) -> None:
    word = "a-word-nobody-else-knows"
    _, pair = refresh(client, user.refresh_token, attempt=word)
    refresh(client, pair["refresh_token"])

    assert refresh(client, user.refresh_token, attempt=word)[0] == 401
    assert client.get(PROFILE, headers=bearer(pair["access_token"])).status_code == 401


def test_another_word_does_not_save_a_spent_token(client: FlaskClient, user: Person) -> None:
    refresh(client, user.refresh_token, attempt="a-word-nobody-else-knows")

    assert refresh(client, user.refresh_token, attempt="the-word-of-the-thief!")[0] == 401


@pytest.mark.parametrize(
    "token", ["x", "mtr_", "mtr_1.0.", "mtr_1.0.00", "mtr_99.0.00", "mtr_1.99999999999.0", "mtr_1.-1.0"]
)
def test_a_made_up_refresh_token_harms_nobody(client: FlaskClient, user: Person, token: str) -> None:
    assert refresh(client, token)[0] == 401
    assert user.client.get(PROFILE).status_code == 200


def test_a_device_that_was_away_for_two_months_signs_in_again(
    client: FlaskClient, fake_clock: Clock, user: Person
) -> None:
    fake_clock.advance(days=59)
    status, pair = refresh(client, user.refresh_token)
    assert status == 200

    fake_clock.advance(days=61)
    assert refresh(client, pair["refresh_token"])[0] == 401


def test_signing_out_ends_every_token_at_once(client: FlaskClient, user: Person) -> None:
    assert user.client.get(PROFILE).status_code == 200

    assert user.client.post("/api/v1/auth/logout").status_code == 204

    answer = user.client.get(PROFILE)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "signed_out")
    assert refresh(client, user.refresh_token)[0] == 401


def test_signing_out_here_leaves_other_devices_signed_in(client: FlaskClient, user: Person) -> None:
    other = sign_in(client, user)

    user.client.post("/api/v1/auth/logout")

    assert client.get(PROFILE, headers=bearer(other["access_token"])).status_code == 200


def test_a_page_signs_in_with_a_cookie_that_no_script_can_read(app: Flask, user: Person) -> None:
    answer = app.test_client().post(
        "/api/v1/auth/login", json={"username": "user", "password": user.password, "cookie": True}
    )

    cookie = answer.headers["Set-Cookie"]
    assert "matinee_session=" in cookie
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


def test_a_page_can_read_with_its_cookie_and_write_with_its_token(browser: Browser, user: Person) -> None:
    browser.sign_in("user", user.password)

    assert browser.client.get(PROFILE).get_json()["csrf_token"] == browser.csrf_token
    for headers in ({}, {"X-CSRF-Token": "x"}, {**browser.headers, "Origin": "http://evil.example"}):
        refused = browser.client.patch(PROFILE, json={"language": "ru"}, headers=headers)
        assert refused.status_code == 403
    own = {**browser.headers, "Origin": "http://localhost"}
    assert browser.client.patch(PROFILE, json={"language": "ru"}, headers=own).get_json()["language"] == "ru"


def test_signing_out_takes_the_cookie_away_and_ends_it(browser: Browser, user: Person) -> None:
    browser.sign_in("user", user.password)
    cookie = browser.client.get_cookie("matinee_session")
    assert cookie is not None

    browser.client.post("/api/v1/auth/logout", headers=browser.headers)

    assert browser.client.get_cookie("matinee_session") is None
    browser.client.set_cookie("matinee_session", cookie.value)
    assert browser.client.get(PROFILE).status_code == 401


def test_a_stale_cookie_does_not_keep_anybody_from_signing_in(browser: Browser, user: Person) -> None:
    browser.client.set_cookie("matinee_session", "1.stale")

    browser.sign_in("user", user.password)

    assert browser.client.get(PROFILE).status_code == 200


def test_a_cookie_is_never_tried_where_another_credential_was_shown(browser: Browser, user: Person) -> None:
    browser.sign_in("user", user.password)

    assert browser.client.get(PROFILE, headers=bearer("nonsense")).status_code == 401
    assert browser.client.get(PROFILE, headers={"Authorization": "Basic dXNlcjp4"}).status_code == 401
    assert browser.client.get(PROFILE, headers={"X-API-Key": ""}).status_code == 401


def test_the_csrf_token_of_one_session_is_worth_nothing_in_another(app: Flask, user: Person) -> None:
    first, second = Browser(app.test_client()), Browser(app.test_client())
    first.sign_in("user", user.password)
    second.sign_in("user", user.password)

    assert second.client.patch(PROFILE, json={}, headers=first.headers).status_code == 403


def test_a_hash_that_nobody_has_takes_what_a_real_one_takes() -> None:
    passwords = Passwords(PasswordCost(rounds=2, memory_kib=64, lanes=1))
    nobody, real = (one.split("$") for one in (passwords._nobody, passwords.hash("a word")))

    assert nobody[:4] == real[:4]
    assert [len(one) for one in nobody] == [len(one) for one in real]
    assert nobody[4:] != Passwords(PasswordCost(rounds=2, memory_kib=64, lanes=1))._nobody.split("$")[4:]
    assert not passwords.matches("nobody has this password", None)
