"""The budget of the store: what nobody used for longest goes first, and never what somebody uses."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass

import redis
import structlog

from app.transcoding import demand
from app.transcoding.keys import CELLS_FOLDER, INDEX_FOLDER, INIT, cell_of, recipe_of
from app.transcoding.leases import held_now
from app.transcoding.store import LocalStore, Stat, Store

log = structlog.get_logger(__name__)

USED = "matinee:used"
"""A sorted set of keys of the store by the instant of their last use (seconds since 1970)."""
STORED = "matinee:stored-bytes"
KEPT = "matinee:kept-recipes"
"""A sorted set of `recipe/who` by the instant until which its cells go last (seconds since 1970)."""
LOCK = "matinee:evicting"
LOCK_MS = 60_000
DOWN_TO = 0.9
FRESH_S = 30.0
UNFINISHED_S = 600.0


@dataclass(frozen=True, slots=True)
class Evicted:
    """What an eviction did: objects and bytes removed, bytes left."""

    objects: int
    bytes: int
    left: int


def count(client: redis.Redis, key: str, size: int) -> None:
    """Something was put on the store."""
    with client.pipeline(transaction=False) as pipe:
        pipe.incrby(STORED, size)
        pipe.zadd(USED, {key: time.time()})
        pipe.execute()


def keep(client: redis.Redis, recipes: Sequence[str], *, who: str, seconds: float) -> None:
    """For so long, cells of these recipes go only when nothing else is left that could."""
    if recipes:
        until = time.time() + seconds
        client.zadd(KEPT, {f"{recipe}/{who}": until for recipe in recipes})


def let_go(client: redis.Redis, recipes: Sequence[str], *, who: str) -> None:
    """Ends what `keep` began."""
    if recipes:
        client.zrem(KEPT, *(f"{recipe}/{who}" for recipe in recipes))


def _kept(client: redis.Redis, now: float) -> set[str]:
    client.zremrangebyscore(KEPT, "-inf", now)
    return {name.decode().partition("/")[0] for name in client.zrange(KEPT, 0, -1) if isinstance(name, bytes)}


def evict_if_over(client: redis.Redis, store: Store, budget: int) -> Evicted | None:
    """Evicts when the running count says that the budget is spent; the count is put right then."""
    stored = client.get(STORED)
    if stored is None or int(stored) <= budget:
        return None
    return evict(client, store, budget)


def evict(client: redis.Redis, store: Store, budget: int, *, now: float | None = None) -> Evicted | None:
    """Brings the store under `DOWN_TO` of its budget (bytes) if it is over it. None while another does the same.

    Never goes what a session needs, what a run is at work on, or what was made or used in the last seconds. What is
    kept goes last, and only as far as the budget itself asks; so do indexes, which take little and save every opening.
    """
    word = secrets.token_hex(8)
    if not client.set(LOCK, word, nx=True, px=LOCK_MS):
        return None
    try:
        return _evict(client, store, budget, time.time() if now is None else now)
    finally:
        if client.get(LOCK) == word.encode():
            client.delete(LOCK)


def _evict(client: redis.Redis, store: Store, budget: int, now: float) -> Evicted:
    if isinstance(store, LocalStore):
        store.sweep(older_than=now - UNFINISHED_S)
    stats = list(store.list())
    total = sum(stat.size for stat in stats)
    objects = freed = 0
    if total > budget:
        used, kept = _last_uses(client, stats), _kept(client, now)
        last = {stat.key for stat in stats if recipe_of(stat.key) in kept or stat.key.startswith(f"{INDEX_FOLDER}/")}
        for stat in sorted(stats, key=lambda one: (one.key in last, used[one.key])):
            if total - freed <= (budget if stat.key in last else budget * DOWN_TO):
                break
            if used[stat.key] > now - FRESH_S or _is_in_use(client, stat.key):
                continue
            store.delete(stat.key)
            client.zrem(USED, stat.key)
            objects, freed = objects + 1, freed + stat.size
        log.info("store evicted", objects=objects, bytes=freed, left=total - freed, budget=budget)
    client.set(STORED, total - freed)
    return Evicted(objects, freed, total - freed)


def _last_uses(client: redis.Redis, stats: list[Stat]) -> dict[str, float]:
    """When each object was last used; what Redis does not know of counts from when it was made.

    An init segment is as fresh as the freshest cell beside it.
    """
    used: dict[str, float] = {}
    for start in range(0, len(stats), 1000):
        part = stats[start : start + 1000]
        scores = client.zmscore(USED, [stat.key for stat in part])
        used |= {stat.key: max(score or 0.0, stat.modified) for stat, score in zip(part, scores, strict=True)}
    folders: dict[str, float] = {}
    for key, at in used.items():
        folder = key.rpartition("/")[0]
        folders[folder] = max(folders.get(folder, 0.0), at)
    for key in used:
        if key.startswith(f"{CELLS_FOLDER}/") and key.endswith(f"/{INIT}"):
            used[key] = folders[key.rpartition("/")[0]] + 0.001
    return used


def _is_in_use(client: redis.Redis, key: str) -> bool:
    if key.endswith(f"/{INIT}"):
        return bool(demand.needs(client, key.split("/")[-2]))
    cell = cell_of(key)
    if cell is None:
        return False
    return demand.is_needed(client, *cell) or held_now(client, [key])[0]
