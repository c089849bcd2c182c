"""Is this sign-in (or key) alive, and whom does it stand for? Asked at every request and socket command.

The database is the truth; answers are kept in Redis for at most `KEPT_MS`, shared by all processes. Whatever ends or
changes a sign-in leaves a mark there right after its commit: for `MARK_MS` everybody asks the database again and keeps
nothing, so an answer read before the commit can never be kept after it, and revocation is immediate everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Literal

import redis
import structlog

from app.web.connections import SIGN_IN_NEWS

log = structlog.get_logger(__name__)

KEPT_MS = 2_000
MARK_MS = 15_000
_ASK_AGAIN = b"?"

Bearer = Literal["sign-in", "key"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Whom a live sign-in or key stands for. `secret_hash` is that of the cookie, or of the key;
    `seen_at` (POSIX seconds) is when it was last noted that it was used."""

    user_id: int
    username: str
    role: str
    language: str | None
    profile_id: int | None
    secret_hash: str | None
    seen_at: float


class Standings:
    """The shared short memory in front of the database."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    def find(self, bearer: Bearer, row_id: int, look_up: Callable[[], Standing | None]) -> Standing | None:
        """The standing of a live sign-in or key; None when it has ended or never was."""
        key = _key(bearer, row_id)
        kept = self._read(key)
        if kept is not None and kept != _ASK_AGAIN:
            return Standing(**json.loads(kept))
        found = look_up()
        if found is not None and kept is None:
            self._keep(key, found)
        return found

    def forget(self, bearer: Bearer, row_ids: Iterable[int]) -> None:
        """Call after the commit that changed them: nobody relies on an older answer from here on."""
        ids = list(row_ids)
        for row_id in ids:
            self._redis.set(_key(bearer, row_id), _ASK_AGAIN, px=MARK_MS)
        if ids and bearer == "sign-in":
            self._redis.publish(SIGN_IN_NEWS, " ".join(str(one) for one in ids))

    def _read(self, key: str) -> bytes | None:
        try:
            kept: bytes | None = self._redis.get(key)  # type: ignore[assignment]
        except redis.RedisError as error:
            log.warning("sign-ins are read from the database: Redis does not answer", error=str(error))
            return _ASK_AGAIN
        return kept

    def _keep(self, key: str, found: Standing) -> None:
        try:
            self._redis.set(key, json.dumps(asdict(found)), px=KEPT_MS, nx=True)
        except redis.RedisError as error:
            log.warning("a sign-in could not be kept in Redis", error=str(error))


def _key(bearer: Bearer, row_id: int) -> str:
    return f"matinee:{bearer}:{row_id}"
