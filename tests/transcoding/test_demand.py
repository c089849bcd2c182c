"""Who needs which cells."""

from __future__ import annotations

import redis

from app.transcoding import demand

A, B = "a" * 32, "b" * 32


def follow(client: redis.Redis, session: str, k: int, *, recipe: str = A, kind: str = "video") -> demand.Followed:
    return demand.follow(
        client, session=session, kind=kind, recipe=recipe, k=k, until=k + 3, key=f"cells/{recipe}/{k}.m4s"
    )


def test_a_session_needs_its_place_and_what_follows(client: redis.Redis) -> None:
    follow(client, "s", 10)

    assert [k for k in range(20) if demand.is_needed(client, A, k)] == [9, 10, 11, 12, 13]


def test_a_seek_ends_the_older_need(client: redis.Redis) -> None:
    follow(client, "s", 10)
    follow(client, "s", 100)

    assert not demand.is_needed(client, A, 11)
    assert demand.is_needed(client, A, 101)


def test_who_moves_is_told_what_it_needed_before(client: redis.Redis) -> None:
    assert follow(client, "s", 10).left is None
    assert follow(client, "s", 100, recipe=B).left == (A, 10, 13)
    assert follow(client, "s", 5, recipe=B).left == (B, 100, 103)


def test_another_session_keeps_its_own_need(client: redis.Redis) -> None:
    follow(client, "s", 10)
    follow(client, "t", 10)
    follow(client, "s", 100)

    assert demand.is_needed(client, A, 11)


def test_another_rendition_of_the_same_kind_replaces_the_need_and_sound_does_not(client: redis.Redis) -> None:
    follow(client, "s", 10)
    follow(client, "s", 10, recipe=B, kind="audio")
    assert demand.is_needed(client, A, 10)

    follow(client, "s", 11, recipe=B)

    assert not demand.is_needed(client, A, 10)


def test_needs_end_with_time_and_with_the_session(client: redis.Redis) -> None:
    demand.follow(client, session="old", kind="video", recipe=A, k=1, until=2, key="x", now=1000.0)
    assert not demand.is_needed(client, A, 1)

    follow(client, "s", 10)
    demand.forget(client, "s")

    assert not demand.is_needed(client, A, 10)


def test_a_client_that_comes_back_to_where_it_was_sent_away_from_may_fetch_several_places(client: redis.Redis) -> None:
    follow(client, "s", 10)
    assert not follow(client, "s", 50).parallel
    demand.sent_away(client, "s", f"cells/{A}/10.m4s")

    assert follow(client, "s", 10).parallel
    follow(client, "s", 80)

    assert all(demand.is_needed(client, A, k) for k in (10, 80))
    demand.forget(client, "s")
    assert not any(demand.is_needed(client, A, k) for k in (10, 80))


def test_requests_of_a_session_are_in_order(client: redis.Redis) -> None:
    assert follow(client, "s", 1).serial < follow(client, "s", 2).serial


def test_a_session_has_one_place_and_loses_it_where_it_left(client: redis.Redis) -> None:
    demand.follow(client, session="one", kind="video", recipe="small", k=7, until=9, key="a")
    assert demand.place_in(client, session="one", recipe="small") == 7
    assert demand.place_in(client, session="one", recipe="large") is None

    demand.follow(client, session="one", kind="video", recipe="large", k=8, until=9, key="b")

    assert demand.place_in(client, session="one", recipe="small") is None
    assert demand.place_in(client, session="one", recipe="large") == 8
