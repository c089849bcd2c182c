"""How a TV signs in without a keyboard: it shows a short code, a phone approves it, the TV asks until it may.

The state lives in Redis for `LIFETIME_S` and is gone after one use (RFC 8628 is the model). Who holds the code can only
give away an own account; who holds the poll token can only receive one.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass

import redis

from app.accounts.tokens import hash_secret, new_secret
from app.core.errors import Gone, NotFound

LIFETIME_S = 600
INTERVAL_S = 2
CODE_LENGTH = 6
LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Nothing that a person could take for something else on a TV: no I, L, O, 0, 1."""


@dataclass(frozen=True, slots=True)
class Screen:
    """The device that shows a code. `approved_by` is the user who said yes."""

    device: str
    address: str
    approved_by: int | None = None


class Pairings:
    """The codes that are on screens at this moment."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    def begin(self, screen: Screen) -> tuple[str, str]:
        """`(code, poll token)`."""
        poll_token = new_secret()
        self._redis.set(_poll_key(poll_token), json.dumps(asdict(screen)), ex=LIFETIME_S)
        while True:
            code = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
            if self._redis.set(_code_key(code), _poll_key(poll_token), ex=LIFETIME_S, nx=True):
                return code, poll_token

    def showing(self, code: str) -> Screen:
        """Which screen shows this code; nothing is approved. Raises NotFound for a wrong, used or expired code."""
        poll_key = self._redis.get(_code_key(_typed(code)))
        kept = self._redis.get(poll_key) if isinstance(poll_key, bytes) else None
        if not isinstance(kept, bytes):
            raise NotFound("This code is wrong or has expired. Look at the screen again.", code="code_unknown")
        return Screen(**json.loads(kept))

    def approve(self, code: str, *, user_id: int) -> Screen:
        """Lets the screen in as this user; which screen it was. Raises NotFound for a wrong, used or expired code."""
        poll_key = self._redis.getdel(_code_key(_typed(code)))
        kept = self._redis.get(poll_key) if poll_key else None
        if not isinstance(poll_key, bytes) or not isinstance(kept, bytes):
            raise NotFound("This code is wrong or has expired. Look at the screen again.", code="code_unknown")
        screen = Screen(**json.loads(kept))
        approved = Screen(screen.device, screen.address, approved_by=user_id)
        if not self._redis.set(poll_key, json.dumps(asdict(approved)), xx=True, keepttl=True):
            raise NotFound("This code has just expired. Let the screen show a new one.", code="code_unknown")
        return screen

    def collect(self, poll_token: str) -> Screen | None:
        """The approved screen, once; None while nobody has approved it. Raises Gone after its end."""
        key = _poll_key(poll_token)
        kept = self._redis.get(key)
        if isinstance(kept, bytes) and Screen(**json.loads(kept)).approved_by is None:
            return None
        taken = self._redis.getdel(key)
        if not isinstance(taken, bytes):
            raise Gone("This code has expired or was used. Show a new one.", code="pairing_over")
        return Screen(**json.loads(taken))


def _typed(code: str) -> str:
    return "".join(letter for letter in code.upper() if letter in LETTERS)


def _poll_key(poll_token: str) -> str:
    return f"matinee:pair:poll:{hash_secret(poll_token)}"


def _code_key(code: str) -> str:
    return f"matinee:pair:code:{code}"
