"""Who needs which cells: the place of every session in every rendition it plays, held in Redis.

A session that asks for a cell needs it and some that follow. When it asks at another place, or in another rendition,
its older need is gone, and runs that served only that end. Who keeps an older request open meanwhile fetches several
places at once: each of these is needed for as long as it is waited for. Where the server cannot tell who hung up, such
a client gets caught when it asks again for a place it was sent away from; it is then allowed several.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

import redis

HEAD_MS = 45_000
"""How long a need lasts after the last request or report of its session."""
AGAIN_MS = 10_000
PARALLEL_MS = 60_000
NEAR_BEHIND, NEAR_AHEAD = 1, 2

_FOLLOW = """
local sid, kind, recipe, k, until_k, expires, key =
  ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local prefix = 'matinee:'
local place = prefix .. 'place:' .. sid .. ':' .. kind
local before = redis.call('GET', place)
local left = before and redis.call('HGET', prefix .. 'heads:' .. before, sid) or ''
if before and before ~= recipe then redis.call('HDEL', prefix .. 'heads:' .. before, sid) end
redis.call('SET', place, recipe, 'PX', ARGV[8])
local serial = redis.call('INCR', prefix .. 'serial:' .. sid)
redis.call('PEXPIRE', prefix .. 'serial:' .. sid, 86400000)
local parallel = prefix .. 'parallel:' .. sid
if redis.call('DEL', prefix .. 'again:' .. sid .. ':' .. key) == 1 then
  redis.call('SET', parallel, 1, 'PX', ARGV[9])
end
local many = redis.call('EXISTS', parallel)
local field = sid
if many == 1 then field = sid .. '/' .. k end
redis.call('HSET', prefix .. 'heads:' .. recipe, field, '[' .. k .. ',' .. until_k .. ',' .. expires .. ']')
redis.call('PEXPIRE', prefix .. 'heads:' .. recipe, ARGV[8])
return {serial, many, before or '', left}
"""


@dataclass(frozen=True, slots=True)
class Need:
    """Cells `first` to `until` are needed, until this instant (ms since 1970)."""

    first: int
    until: int
    expires: float

    def covers(self, k: int) -> bool:
        return self.first - NEAR_BEHIND <= k <= self.until


@dataclass(frozen=True, slots=True)
class Followed:
    """`serial` orders the requests of a session; `parallel`: it fetches several places at once.

    `left`: recipe, first and last cell of what it needed before; None where it needed nothing.
    """

    serial: int
    parallel: bool
    left: tuple[str, int, int] | None


def follow(
    client: redis.Redis, *, session: str, kind: str, recipe: str, k: int, until: int, key: str, now: float | None = None
) -> Followed:
    """A session asked for cell `k` of a rendition of this kind (video, audio) and will need all up to `until`."""
    expires = int((time.time() if now is None else now) * 1000) + HEAD_MS
    serial, many, before, left = client.eval(
        _FOLLOW, 0, session, kind, recipe, str(k), str(until), str(expires), key, str(HEAD_MS), str(PARALLEL_MS)
    )
    return Followed(serial, bool(many), (before.decode(), *json.loads(left)[:2]) if left else None)


def place_in(client: redis.Redis, *, session: str, recipe: str) -> int | None:
    """The cell that this session asked for last in this rendition, None where it did not or went elsewhere since."""
    found = client.hget(f"matinee:heads:{recipe}", session)
    return int(json.loads(found)[0]) if found is not None else None


def recipe_of(client: redis.Redis, *, session: str, kind: str) -> str | None:
    """The rendition of this kind (video, audio) that the session asked for last, None where it did not lately."""
    found = client.get(f"matinee:place:{session}:{kind}")
    return found.decode() if isinstance(found, bytes) else None


def insist(client: redis.Redis, *, session: str, recipe: str, k: int, number: str, seconds: float) -> None:
    """A request of this session still waits for cell `k`, wherever else the session is by now; `number` is its own."""
    heads = f"matinee:heads:{recipe}"
    expires = int((time.time() + seconds) * 1000)
    client.hset(heads, f"{session}/{k}/{number}", json.dumps([k, k, expires]))
    if client.pttl(heads) < seconds * 1000:
        client.pexpire(heads, int(seconds * 1000))


def desist(client: redis.Redis, *, session: str, recipe: str, k: int, number: str) -> None:
    """That request waits no longer."""
    client.hdel(f"matinee:heads:{recipe}", f"{session}/{k}/{number}")


def sent_away(client: redis.Redis, session: str, key: str) -> None:
    """A wait of this session was released for a newer one; should it ask again soon, it fetches in parallel."""
    client.set(f"matinee:again:{session}:{key}", 1, px=AGAIN_MS)


def needs(client: redis.Redis, recipe: str, *, now: float | None = None) -> list[Need]:
    """Every need of this rendition that still stands."""
    at = (time.time() if now is None else now) * 1000
    raw = client.hgetall(f"matinee:heads:{recipe}")
    found = [Need(*json.loads(value)) for value in raw.values()]
    return [need for need in found if need.expires > at]


def is_needed(client: redis.Redis, recipe: str, k: int) -> bool:
    return any(need.covers(k) for need in needs(client, recipe))


def forget(client: redis.Redis, session: str, kinds: Sequence[str] = ("video", "audio")) -> None:
    """The session has ended: it needs nothing any more."""
    for kind in kinds:
        recipe = client.getdel(f"matinee:place:{session}:{kind}")
        if isinstance(recipe, bytes):
            heads = f"matinee:heads:{recipe.decode()}"
            mine = [field for field in client.hkeys(heads) if bytes(field).partition(b"/")[0] == session.encode()]  # type: ignore[arg-type]
            if mine:
                client.hdel(heads, *mine)


def refresh(client: redis.Redis, session: str, kinds: Sequence[str] = ("video", "audio")) -> None:
    """The session lives: what it needed, it needs still (a paused page keeps its cells)."""
    expires = int(time.time() * 1000) + HEAD_MS * 2
    for kind in kinds:
        place = f"matinee:place:{session}:{kind}"
        recipe = client.get(place)
        if not isinstance(recipe, bytes):
            continue
        heads = f"matinee:heads:{recipe.decode()}"
        value = client.hget(heads, session)
        if value is not None:
            first, until, _ = json.loads(value)
            client.hset(heads, session, json.dumps([first, until, expires]))
            client.pexpire(heads, HEAD_MS * 2)
            client.pexpire(place, HEAD_MS * 2)
