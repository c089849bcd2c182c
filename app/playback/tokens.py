"""The playback token: a signed word in the path that names one session and its file. No state here.

Whoever holds it reads that file's bytes while the session lives (`app/playback/live.py`), and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer

from app.core.errors import Forbidden

LONGEST = timedelta(hours=24)
IDLE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a genuine token says."""

    session_id: str
    file_id: int
    issued_at: datetime


def invalid() -> Forbidden:
    return Forbidden("This playback address is not valid. Start playing again.", code="token_invalid")


def expired() -> Forbidden:
    return Forbidden("This playback address has expired. Start playing again.", code="token_expired")


def ended() -> Forbidden:
    return Forbidden("This playback session has ended. Start playing again.", code="session_ended")


class Signer:
    """Makes and reads tokens with the server's key."""

    def __init__(self, secret_key: str) -> None:
        self._serializer = URLSafeSerializer(secret_key, salt="matinee playback token")

    def token(self, session_id: str, file_id: int, *, now: datetime) -> str:
        """A token for this session and file, issued now."""
        text = self._serializer.dumps([session_id, file_id, int(now.timestamp())])
        return text if isinstance(text, str) else text.decode()

    def read(self, token: str, *, now: datetime) -> Claims:
        """Raises Forbidden: `token_invalid` for one this server never made, `token_expired` after a day."""
        try:
            session_id, file_id, issued = self._serializer.loads(token)
            claims = Claims(str(session_id), int(file_id), datetime.fromtimestamp(int(issued), UTC))
        except (BadData, ValueError, TypeError, OverflowError) as error:
            raise invalid() from error
        if now - claims.issued_at >= LONGEST:
            raise expired()
        return claims
