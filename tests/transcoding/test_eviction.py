"""The store stays within its budget, and nobody loses what they watch."""

from __future__ import annotations

import os
import time

import redis

from app.transcoding import demand, leases
from app.transcoding.eviction import STORED, USED, count, evict, evict_if_over, keep, let_go
from app.transcoding.keys import cell_key, index_key, init_key
from app.transcoding.store import LocalStore

A, B = "a" * 32, "b" * 32
LATER = 10_000.0


def fill(client: redis.Redis, store: LocalStore, recipe: str, cells: int, *, size: int = 1000) -> None:
    for key in (init_key(recipe), *(cell_key(recipe, k) for k in range(cells))):
        store.put(key, b"x" * size)
        count(client, key, size)


def age(client: redis.Redis, store: LocalStore, key: str, seconds: float) -> None:
    at = time.time() - seconds
    client.zadd(USED, {key: at})
    path = store.local_path(key)
    assert path is not None
    os.utime(path, (at, at))


def there(store: LocalStore) -> set[str]:
    return {stat.key for stat in store.list()}


def test_what_was_not_used_for_longest_goes_first(client: redis.Redis, store: LocalStore) -> None:
    fill(client, store, A, 9)
    for k in range(9):
        age(client, store, cell_key(A, k), LATER - k)
    age(client, store, init_key(A), LATER)

    done = evict(client, store, 8000)

    assert done is not None
    assert done.left == 7000
    assert there(store) == {init_key(A), *(cell_key(A, k) for k in range(3, 9))}
    assert int(client.get(STORED) or 0) == 7000


def test_nothing_goes_while_the_budget_holds(client: redis.Redis, store: LocalStore) -> None:
    fill(client, store, A, 4)

    assert evict_if_over(client, store, 5000) is None
    assert len(there(store)) == 5


def test_cells_that_a_session_needs_never_go(client: redis.Redis, store: LocalStore) -> None:
    fill(client, store, A, 9)
    for key in list(there(store)):
        age(client, store, key, LATER)
    demand.follow(client, session="s", kind="video", recipe=A, k=3, until=6, key=cell_key(A, 3))

    evict(client, store, 1000)

    assert there(store) == {init_key(A), *(cell_key(A, k) for k in range(2, 7))}


def test_a_cell_under_lease_and_a_fresh_one_stay(client: redis.Redis, store: LocalStore) -> None:
    fill(client, store, A, 2)
    fill(client, store, B, 1)
    for key in (init_key(A), cell_key(A, 0), cell_key(A, 1)):
        age(client, store, key, LATER)
    leases.take(client, [cell_key(A, 1)])

    evict(client, store, 1)

    assert there(store) == {cell_key(A, 1), init_key(B), cell_key(B, 0)}


def test_two_never_evict_at_once(client: redis.Redis, store: LocalStore) -> None:
    fill(client, store, A, 3)
    client.set("matinee:evicting", "other", px=5000)

    assert evict(client, store, 1) is None
    assert len(there(store)) == 4


def test_what_is_being_prepared_goes_last_and_only_as_far_as_the_budget_forces(
    client: redis.Redis, store: LocalStore
) -> None:
    fill(client, store, A, 9)
    fill(client, store, B, 4)
    for key in there(store):
        age(client, store, key, LATER if f"/{A}/" in key else LATER / 2)
    keep(client, [A], who="7", seconds=60)

    evict(client, store, 10_500)
    assert {key for key in there(store) if f"/{B}/" in key} == set()
    assert len(there(store)) == 10

    evict(client, store, 9_500)
    assert len(there(store)) == 9


def test_what_is_no_longer_being_prepared_goes_like_anything_else(client: redis.Redis, store: LocalStore) -> None:
    fill(client, store, A, 9)
    for key in there(store):
        age(client, store, key, LATER)
    keep(client, [A], who="7", seconds=60)
    keep(client, [A], who="8", seconds=-1)
    let_go(client, [A], who="7")

    evict(client, store, 9_500)

    assert len(there(store)) == 8


def test_indexes_of_films_go_last(client: redis.Redis, store: LocalStore) -> None:
    index = index_key("c" * 32)
    store.put(index, b"x" * 1000)
    fill(client, store, A, 4)
    for k in range(4):
        age(client, store, cell_key(A, k), LATER)
    for key in (index, init_key(A)):
        age(client, store, key, LATER * 2)

    evict(client, store, 1000)

    assert there(store) == {index}
