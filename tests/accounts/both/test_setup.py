"""The first administrator."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.service import setup_code
from tests.conftest import Person

FIRST = {"username": "Ann", "password": "correct horse"}
ELSEWHERE = {"REMOTE_ADDR": "192.168.1.7"}


def code_of(app: Flask) -> str:
    return setup_code(app.config["SECRET_KEY"])


def test_a_new_server_asks_for_its_first_administrator(client: FlaskClient) -> None:
    assert client.get("/api/v1/setup").get_json() == {"needed": True, "code_needed": False}

    made = client.post("/api/v1/setup", json=FIRST)

    assert made.status_code == 201
    assert made.get_json()["user"]["role"] == "admin"
    assert client.get("/api/v1/setup").get_json() == {"needed": False, "code_needed": False}


def test_there_is_only_one_first_administrator(app: Flask, client: FlaskClient) -> None:
    client.post("/api/v1/setup", json=FIRST)

    again = client.post("/api/v1/setup", json={**FIRST, "username": "Eve", "setup_code": code_of(app)})

    assert again.status_code == 409
    assert again.get_json()["code"] == "already_set_up"


def test_set_up_is_over_once_anybody_has_an_account(client: FlaskClient, user: Person) -> None:
    assert client.post("/api/v1/setup", json=FIRST).status_code == 409


def test_two_who_set_up_at_once_make_one_administrator(app: Flask) -> None:
    def set_up(name: str) -> int:
        return app.test_client().post("/api/v1/setup", json={**FIRST, "username": name}).status_code

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(set_up, ["Ann", "Ben", "Cid", "Dan"]))

    assert sorted(answers) == [201, 409, 409, 409]


@pytest.mark.parametrize(
    "foreign",
    [
        {"environ_base": ELSEWHERE},
        {"headers": {"X-Forwarded-For": "127.0.0.1"}},
        {"headers": {"Forwarded": "for=127.0.0.1"}},
        {"headers": {"X-Real-IP": "127.0.0.1"}},
        {"headers": {"Host": "films.example"}},
    ],
    ids=["another machine", "behind a proxy", "behind another proxy", "behind nginx", "a name pointed at loopback"],
)
def test_who_is_not_at_the_server_itself_needs_the_code(app: Flask, foreign: dict[str, object]) -> None:
    client = app.test_client()
    assert client.get("/api/v1/setup", **foreign).get_json()["code_needed"]  # type: ignore[arg-type]

    without = client.post("/api/v1/setup", json=FIRST, **foreign)  # type: ignore[arg-type]
    wrong = client.post("/api/v1/setup", json={**FIRST, "setup_code": "AAAA-AAAA"}, **foreign)  # type: ignore[arg-type]
    typed = code_of(app).lower().replace("-", " ")
    right = client.post("/api/v1/setup", json={**FIRST, "setup_code": typed}, **foreign)  # type: ignore[arg-type]

    assert (without.status_code, without.get_json()["code"]) == (403, "setup_code_needed")
    assert (wrong.status_code, wrong.get_json()["code"]) == (403, "setup_code_wrong")
    assert right.status_code == 201


def test_a_foreign_page_cannot_set_the_server_up(client: FlaskClient) -> None:
    answer = client.post("/api/v1/setup", json=FIRST, headers={"Origin": "http://evil.example"})

    assert (answer.status_code, answer.get_json()["code"]) == (403, "foreign_origin")


def test_the_code_cannot_be_guessed_for_long(app: Flask) -> None:
    client = app.test_client()
    tried = [
        client.post("/api/v1/setup", json={**FIRST, "setup_code": f"AAAA-{n:04}"}, environ_base=ELSEWHERE)
        for n in range(25)
    ]

    assert tried[-1].status_code == 429
    assert int(tried[-1].headers["Retry-After"]) >= 1
