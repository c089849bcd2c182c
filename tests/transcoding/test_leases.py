"""One run makes a cell, another takes over when it dies, and the dead publish nothing."""

from __future__ import annotations

import time

import redis

from app.transcoding.leases import LEASE_MS, Lease, held_now, lease_name, take


def test_only_one_run_gets_a_cell(client: redis.Redis) -> None:
    first = take(client, ["a/1", "a/2"])

    assert first is not None
    assert first.keys == ["a/1", "a/2"]
    assert take(client, ["a/1"]) is None


def test_a_run_gets_what_is_free_up_to_the_first_that_is_not(client: redis.Redis) -> None:
    take(client, ["a/3"])

    second = take(client, ["a/1", "a/2", "a/3", "a/4"])

    assert second is not None
    assert second.keys == ["a/1", "a/2"]
    assert held_now(client, ["a/2", "a/4"]) == [True, False]


def test_later_runs_have_higher_numbers(client: redis.Redis) -> None:
    first, second = take(client, ["a/1"]), take(client, ["a/2"])

    assert first is not None
    assert second is not None
    assert second.fence > first.fence


def test_a_lease_is_renewed_while_its_run_lives_and_released_at_its_end(client: redis.Redis) -> None:
    lease = take(client, ["a/1", "a/2"])
    assert lease is not None
    with lease:
        lease.release(["a/1"])
        time.sleep(LEASE_MS / 1000 + 0.5)
        assert lease.held
        assert held_now(client, ["a/1", "a/2"]) == [False, True]

    assert lease.unmade == ["a/2"]
    assert held_now(client, ["a/2"]) == [False]


def test_a_run_whose_lease_was_taken_over_knows(client: redis.Redis) -> None:
    lease = take(client, ["a/1"])
    assert lease is not None
    client.set(lease_name("a/1"), lease.fence + 1)

    assert not lease.renew()
    assert not lease.held
    lease.release()
    assert held_now(client, ["a/1"]) == [True]


def test_a_run_that_could_not_renew_in_time_holds_nothing(client: redis.Redis) -> None:
    at = 100.0
    lease = Lease(client, ["a/1"], 1, clock=lambda: at)

    at += LEASE_MS / 1000 + 0.01

    assert not lease.held
