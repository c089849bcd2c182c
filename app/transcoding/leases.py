"""Who is making what: leases on keys of the store, held in Redis.

A lease lasts three seconds and is renewed each second, so a run that was killed is replaced within moments. Each has
a fencing number; a run that finds another's number in its place, or could not renew in time, publishes nothing more.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType

import redis

LEASE_MS = 3000
RENEW_S = 1.0

_TAKE = """
local fence = redis.call('INCR', KEYS[1])
local taken = 0
for i = 2, #KEYS do
  if not redis.call('SET', KEYS[i], fence, 'NX', 'PX', ARGV[1]) then break end
  taken = taken + 1
end
return {fence, taken}
"""
_RENEW = """
local held = 0
for i = 1, #KEYS do
  if redis.call('GET', KEYS[i]) == ARGV[1] then
    redis.call('PEXPIRE', KEYS[i], ARGV[2])
    held = held + 1
  end
end
return held
"""
_RELEASE = """
for i = 1, #KEYS do
  if redis.call('GET', KEYS[i]) == ARGV[1] then redis.call('DEL', KEYS[i]) end
end
"""


def lease_name(key: str) -> str:
    """The Redis key of the lease on a key of the store."""
    return f"matinee:lease:{key}"


class Lease:
    """The right to publish these keys, one after another. A context manager: on leaving, what is left is released.

    A thread renews it. `held` turns False for good when it was lost. After the block, `unmade` are the keys that were
    not published.
    """

    def __init__(
        self, client: redis.Redis, keys: Sequence[str], fence: int, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.keys = list(keys)
        self.fence = fence
        self._client = client
        self._clock = clock
        self._good_until = clock() + LEASE_MS / 1000
        self.unmade: list[str] = []
        self._lost = False
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def held(self) -> bool:
        """Whether this run may publish at this moment."""
        return not self._lost and self._clock() < self._good_until

    def renew(self) -> bool:
        """Asks for three more seconds for every key that is left. False when any of them is another's now."""
        with self._lock:
            names = [lease_name(key) for key in self.keys]
        began = self._clock()
        if names:
            held = self._client.eval(_RENEW, len(names), *names, str(self.fence), str(LEASE_MS))
            with self._lock:
                left = {lease_name(key) for key in self.keys}
            if held != len(names) and left.issuperset(names):
                self._lost = True
                return False
        self._good_until = began + LEASE_MS / 1000
        return True

    def release(self, keys: Sequence[str] | None = None) -> None:
        """Gives up these keys (all that are left by default)."""
        with self._lock:
            gone = list(self.keys if keys is None else keys)
            self.keys = [key for key in self.keys if key not in gone]
        if gone:
            self._client.eval(_RELEASE, len(gone), *(lease_name(key) for key in gone), str(self.fence))

    def __enter__(self) -> Lease:
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self.unmade = list(self.keys)
        try:
            self.release()
        except redis.RedisError:
            self._lost = True  # they end by themselves within three seconds

    def _keep(self) -> None:
        while not self._stop.wait(RENEW_S):
            try:
                if not self.renew():
                    return
            except redis.RedisError:
                continue  # `held` says no as soon as three seconds have passed


def take(client: redis.Redis, keys: Sequence[str]) -> Lease | None:
    """A lease on the longest beginning of `keys` that nobody holds; None when the first is held."""
    fence, taken = client.eval(_TAKE, len(keys) + 1, "matinee:fence", *(lease_name(key) for key in keys), str(LEASE_MS))
    return Lease(client, keys[:taken], fence) if taken else None


def held_now(client: redis.Redis, keys: Sequence[str]) -> list[bool]:
    """For each key, whether some run holds it."""
    if not keys:
        return []
    with client.pipeline(transaction=False) as pipe:
        for key in keys:
            pipe.exists(lease_name(key))
        return [bool(found) for found in pipe.execute()]
