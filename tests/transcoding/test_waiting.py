"""A request waits for its cell without polling, is woken, released or sent home with a hint."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import redis

from app.core.errors import Unavailable
from app.transcoding import demand, leases, runs
from app.transcoding.runs import Run
from app.transcoding.store import LocalStore
from app.transcoding.waiting import Faulty, Place, WaitingRoom
from tests.supervised import until

KEY = "cells/aa/x/1.m4s"


@pytest.fixture
def room(client: redis.Redis, store: LocalStore) -> Iterator[WaitingRoom]:
    found = WaitingRoom(client, store, limit=2, longest_s=3.0)
    yield found
    found.close()


def run(key: str = KEY) -> Run:
    return Run("cells", "now", key, 1, "origin")


def later(what: Callable[[], object], after_s: float = 0.3) -> threading.Thread:
    thread = threading.Timer(after_s, what)
    thread.start()
    return thread


def queued(client: redis.Redis) -> int:
    return int(client.llen("rq:queue:now"))


def test_a_request_is_woken_when_its_cell_is_published(
    room: WaitingRoom, client: redis.Redis, store: LocalStore
) -> None:
    def make() -> None:
        store.put(KEY, b"x")
        runs.announce(client, KEY)

    later(make)
    began = time.monotonic()

    room.wait(KEY, run())

    assert time.monotonic() - began < 1.0
    assert queued(client) == 1


def test_a_lost_message_is_made_up_for(room: WaitingRoom, store: LocalStore) -> None:
    later(lambda: store.put(KEY, b"x"))

    room.wait(KEY, run())


def test_two_who_wait_for_one_cell_send_one_run(room: WaitingRoom, client: redis.Redis, store: LocalStore) -> None:
    waits = [threading.Thread(target=room.wait, args=(KEY, run())) for _ in range(2)]
    for wait in waits:
        wait.start()
    time.sleep(0.3)

    assert queued(client) == 1
    store.put(KEY, b"x")
    for wait in waits:
        wait.join()


def test_nothing_is_sent_while_a_run_is_at_work_and_it_is_sent_again_when_that_dies(
    room: WaitingRoom, client: redis.Redis, store: LocalStore
) -> None:
    lease = leases.take(client, [KEY])
    assert lease is not None
    wait = threading.Thread(target=room.wait, args=(KEY, run()))
    wait.start()
    time.sleep(0.7)
    assert queued(client) == 0

    client.delete(leases.lease_name(KEY))  # what its end by expiry looks like
    time.sleep(1.0)

    assert queued(client) == 1
    store.put(KEY, b"x")
    wait.join()


def test_a_run_that_yields_wakes_its_waiters_to_send_again(
    room: WaitingRoom, client: redis.Redis, store: LocalStore
) -> None:
    lease = leases.take(client, [KEY])
    assert lease is not None
    wait = threading.Thread(target=room.wait, args=(KEY, run()))
    wait.start()
    time.sleep(0.2)

    lease.release()
    runs.announce_left(client, [KEY])
    time.sleep(0.15)

    assert queued(client) == 1
    store.put(KEY, b"x")
    wait.join()


def test_after_the_longest_wait_the_answer_is_to_ask_again(room: WaitingRoom) -> None:
    with pytest.raises(Unavailable) as refused:
        room.wait(KEY, run(), longest_s=0.3)

    assert (refused.value.kind, refused.value.retry_after) == ("not_ready", 1)


def test_no_more_than_the_limit_wait(room: WaitingRoom, store: LocalStore) -> None:
    waits = [threading.Thread(target=room.wait, args=(KEY, run())) for _ in range(2)]
    for wait in waits:
        wait.start()
    time.sleep(0.2)

    with pytest.raises(Unavailable) as refused:
        room.wait("cells/aa/x/2.m4s", run("cells/aa/x/2.m4s"))

    assert (refused.value.kind, refused.value.retry_after) == ("busy", 1)
    store.put(KEY, b"x")
    for wait in waits:
        wait.join()


def test_a_newer_place_of_the_same_session_releases_the_older_wait(room: WaitingRoom, client: redis.Redis) -> None:
    other = "cells/aa/x/90.m4s"
    refusals: list[str] = []

    def wait_at(key: str, k: int, serial: int) -> None:
        try:
            demand.follow(client, session="s", kind="video", recipe="r", k=k, until=k, key=key)
            room.wait(key, run(key), Place("s", "video", k, serial, "r"), longest_s=1.5)
        except Unavailable as refused:
            refusals.append(f"{k} {refused.kind}")

    first = threading.Thread(target=wait_at, args=(KEY, 1, 1))
    first.start()
    time.sleep(0.3)
    second = threading.Thread(target=wait_at, args=(other, 90, 2))
    second.start()
    first.join(timeout=1.0)

    assert refusals == ["1 superseded"]
    second.join()
    assert refusals == ["1 superseded", "90 not_ready"]


def test_the_next_cell_and_another_session_release_nobody(room: WaitingRoom, client: redis.Redis) -> None:
    def wait() -> None:
        demand.follow(client, session="s", kind="video", recipe="r", k=1, until=2, key=KEY)
        with pytest.raises(Unavailable):
            room.wait(KEY, run(), Place("s", "video", 1, 1, "r"), longest_s=1.0)

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.2)
    for news in (["s", "video", 2, 2], ["t", "video", 50, 9], ["s", "audio", 50, 9], ["s", "video", 50, 0]):
        client.publish("matinee:moved", json.dumps([*news, "r"]))
    time.sleep(0.3)

    assert room.waiting == 1
    thread.join()


def test_what_cannot_be_made_is_said(room: WaitingRoom, client: redis.Redis) -> None:
    later(lambda: runs.announce(client, KEY, "the disk is on fire"))

    with pytest.raises(Faulty, match="fire"):
        room.wait(KEY, run())


CELL = f"cells/aa/{'a' * 32}/1.m4s"


def needed(client: redis.Redis) -> Run:
    """A run for a cell that session s is at."""
    recipe = "a" * 32
    demand.follow(client, session="s", kind="video", recipe=recipe, k=1, until=2, key=CELL)
    return Run("cells", "now", CELL, 1, "origin", recipe, {}, 1, 2)


def test_who_hangs_up_waits_no_longer_and_what_nobody_needs_then_is_not_begun(
    room: WaitingRoom, client: redis.Redis
) -> None:
    asked, is_gone = needed(client), threading.Event()
    later(lambda: demand.forget(client, "s"), 0.2)
    later(is_gone.set)
    began = time.monotonic()

    with pytest.raises(Unavailable):
        room.wait(CELL, asked, gone=is_gone.wait)

    assert time.monotonic() - began < 1.5
    assert queued(client) == 0
    assert not list(client.scan_iter("matinee:asked:*"))


def test_who_hangs_up_takes_nothing_away_from_another_who_needs_it(room: WaitingRoom, client: redis.Redis) -> None:
    with pytest.raises(Unavailable):
        room.wait(CELL, needed(client), gone=lambda _wait: True)

    assert queued(client) == 1


@pytest.mark.parametrize("gone", [lambda wait_s: wait_s > 0, None])
def test_only_who_may_have_been_there_to_be_sent_away_is_known_when_asking_again(
    room: WaitingRoom, client: redis.Redis, gone: Callable[[float], bool] | None
) -> None:
    later(lambda: client.publish("matinee:moved", '["s", "video", 90, 2, "r"]'))

    with pytest.raises(Unavailable) as refused:
        room.wait(CELL, needed(client), Place("s", "video", 1, 1, "a" * 32), gone=gone)

    assert refused.value.kind == "superseded"
    assert bool(client.exists(f"matinee:again:s:{CELL}")) is (gone is None)


@pytest.mark.parametrize("recipe", ["a" * 32, "b" * 32])
def test_who_fetches_several_places_at_once_gets_each_of_them(
    room: WaitingRoom, client: redis.Redis, store: LocalStore, recipe: str
) -> None:
    asked, k = needed(client), 90 if recipe == "a" * 32 else 1
    place = Place("s", "video", 1, 1, "a" * 32)
    wait = threading.Thread(target=room.wait, args=(CELL, asked, place), kwargs={"gone": lambda _wait: False})
    wait.start()
    until(lambda: queued(client) == 1, 10)
    demand.follow(client, session="s", kind="video", recipe=recipe, k=k, until=k, key="another")
    runs.withdraw(client, asked.recipe, [1])
    assert not demand.is_needed(client, "a" * 32, 1)
    assert queued(client) == 0
    client.publish("matinee:moved", json.dumps(["s", "video", k, 2, recipe]))

    until(lambda: demand.is_needed(client, "a" * 32, 1) and queued(client) == 1, 10)
    assert wait.is_alive()
    assert demand.is_needed(client, recipe, k)

    store.put(CELL, b"x")
    wait.join(timeout=2)
    assert not wait.is_alive()
    assert not demand.is_needed(client, "a" * 32, 1)


def test_who_was_passed_before_the_wait_began_is_not_forgotten(
    room: WaitingRoom, client: redis.Redis, store: LocalStore
) -> None:
    asked = needed(client)
    demand.follow(client, session="s", kind="video", recipe="b" * 32, k=1, until=1, key="another")
    place = Place("s", "video", 1, 1, "a" * 32)
    wait = threading.Thread(target=room.wait, args=(CELL, asked, place), kwargs={"gone": lambda _wait: False})
    wait.start()

    until(lambda: demand.is_needed(client, "a" * 32, 1), 10)
    assert wait.is_alive()
    store.put(CELL, b"x")
    wait.join(timeout=2)
    assert not wait.is_alive()
