"""Which workers are alive, queue by queue: each says so in Redis every two seconds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import redis

SILENT_S = 10.0
"""A worker that says nothing for this long is not there."""


def beat(client: redis.Redis, queues: Iterable[str], worker: str, at: float) -> None:
    """A worker is alive at this instant (seconds since the epoch), for each of its queues."""
    with client.pipeline(transaction=False) as pipe:
        for queue in queues:
            pipe.zadd(_key(queue), {worker: at})
            pipe.zremrangebyscore(_key(queue), "-inf", at - 60)
        pipe.execute()


def forget(client: redis.Redis, queues: Iterable[str], worker: str) -> None:
    """A worker that stops in order takes itself off."""
    with client.pipeline(transaction=False) as pipe:
        for queue in queues:
            pipe.zrem(_key(queue), worker)
        pipe.execute()


def served(client: redis.Redis, queues: Sequence[str], at: float) -> dict[str, int]:
    """How many live workers each of these queues has."""
    with client.pipeline(transaction=False) as pipe:
        for queue in queues:
            pipe.zcount(_key(queue), at - SILENT_S, "+inf")
        return dict(zip(queues, (int(count) for count in pipe.execute()), strict=True))


def _key(queue: str) -> str:
    return f"matinee:alive:{queue}"
