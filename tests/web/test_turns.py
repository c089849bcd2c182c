"""Answers that compute are worked on a few at a time, in the order of their coming; nothing else waits for them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from app.web import turns
from app.web.turns import Turns
from tests.conftest import Person


def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_turns_come_in_the_order_of_asking() -> None:
    one_at_a_time, served = Turns(1), list[int]()
    assert one_at_a_time.take(0)

    def ask(number: int) -> None:
        assert one_at_a_time.take(10)
        served.append(number)
        one_at_a_time.give()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for place, thread in enumerate(threads, 1):
        thread.start()
        _until(lambda place=place: one_at_a_time.waiting == place)  # type: ignore[misc]
    one_at_a_time.give()
    for thread in threads:
        thread.join(10)

    assert served == list(range(8))


def test_who_gives_up_leaves_no_hole() -> None:
    turns_of_two = Turns(2)
    assert turns_of_two.take(0)
    assert turns_of_two.take(0)
    assert not turns_of_two.take(0.02)
    assert turns_of_two.waiting == 0

    turns_of_two.give()
    assert turns_of_two.take(0)
    assert not turns_of_two.take(0)


def test_an_answer_waits_for_its_turn_and_keeps_nothing_meanwhile(app: Flask, user: Person) -> None:
    busy: Turns = app.extensions["matinee_turns"]
    answers: list[int] = []
    client = user.client
    assert client.get("/api/v1/home").status_code == 200
    while busy.take(0):
        pass  # somebody works on every one

    waiting = threading.Thread(target=lambda: answers.append(client.get("/api/v1/home").status_code))
    waiting.start()
    _until(lambda: busy.waiting == 1)

    with app.app_context():
        assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    assert app.test_client().get("/health/live").status_code == 200
    assert answers == []
    busy.give()
    waiting.join(10)
    assert answers == [200]
    assert busy.take(0)  # given back


def test_nobody_waits_for_ever(app: Flask, user_client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 0.05)
    while app.extensions["matinee_turns"].take(0):
        pass

    assert user_client.get("/api/v1/home").status_code == 200
    assert not app.extensions["matinee_turns"].take(0)  # what was not taken is not given back


def test_an_answer_that_fails_gives_its_turn_back(app: Flask, user_client: FlaskClient) -> None:
    for _ in range(3 * turns.AT_ONCE):
        assert user_client.get("/api/v1/media/m999").status_code == 404
        assert user_client.get("/api/v1/library/movies?page=0").status_code == 422

    free = 0
    while app.extensions["matinee_turns"].take(0):
        free += 1
    assert free == turns.AT_ONCE
