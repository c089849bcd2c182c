"""Password hashes. Each takes tens of megabytes and a third of a second on purpose, so only a few run at once.

Hashing never happens inside a write unit: callers hash first and hand the hash to a service.
"""

from __future__ import annotations

import secrets
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.core.errors import TooMany
from config import PasswordCost

PATIENCE_S = 10.0
WAITING_AT_MOST = 6
"""Whoever waits holds a thread that others need: a flood of sign-ins is refused at once, not queued."""


class Passwords:
    """Argon2id with a bound on how many hashes one process computes at once.

    A caller for whom there is no room to wait, or who waited `PATIENCE_S` seconds, is refused with TooMany: memory and
    threads stay bounded under a flood.
    """

    def __init__(self, cost: PasswordCost, *, at_once: int = 2, waiting: int = WAITING_AT_MOST) -> None:
        self._hasher = PasswordHasher(time_cost=cost.rounds, memory_cost=cost.memory_kib, parallelism=cost.lanes)
        self._turns = threading.BoundedSemaphore(at_once)
        self._places = threading.BoundedSemaphore(at_once + waiting)
        self._nobody = _hash_of_nobody(cost)

    def hash(self, password: str) -> str:
        """The encoded hash to store."""
        with self._turn():
            return self._hasher.hash(password)

    def matches(self, password: str, stored: str | None) -> bool:
        """Whether the password belongs to the stored hash. Without one (no such user) it takes as long and is False."""
        with self._turn():
            try:
                self._hasher.verify(stored or self._nobody, password)
            except (VerificationError, InvalidHashError):
                return False
        return stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether a hash was made at another cost and should be made again at the next sign-in."""
        return self._hasher.check_needs_rehash(stored)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise _busy()
        try:
            if not self._turns.acquire(timeout=PATIENCE_S):
                raise _busy()
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self._places.release()


def _hash_of_nobody(cost: PasswordCost) -> str:
    """An encoded hash (PHC string format) that no password has, and that takes as long to verify as a real one.

    Made up, not computed: whoever starts the server waits for it.
    """
    salt, digest = (b64encode(secrets.token_bytes(length)).decode().rstrip("=") for length in (16, 32))
    return f"$argon2id$v=19$m={cost.memory_kib},t={cost.rounds},p={cost.lanes}${salt}${digest}"


def _busy() -> TooMany:
    return TooMany("Too many people are signing in at this moment. Try again shortly.", retry_after=5)
