"""Whether a session lives: when it was last heard of, in Redis, and at most a minute older in the database.

A session lives for five minutes after the last authorised request or report. Redis may forget it (a restart): then
the row answers, which is written at least once a minute while somebody plays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import redis
import structlog
from sqlalchemy import select, update

from app.extensions import db, writing
from app.playback.models import PlaySession
from app.playback.tokens import IDLE, ended, expired

log = structlog.get_logger(__name__)

ROW_STEP = timedelta(seconds=60)
KEPT_MS = 26 * 3600 * 1000
ENDED = b"ended"


@dataclass(frozen=True, slots=True)
class Pulse:
    """When a session was last heard of, when that was last written to its row, and where it was (s)."""

    seen_at: datetime
    row_at: datetime
    position: float | None


class Pulses:
    """The live state of every session."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def require(self, session_id: str, *, now: datetime) -> Pulse:
        """The pulse of a living session. Raises Forbidden: `session_ended`, `token_expired`."""
        pulse = self._read(session_id)
        if now - pulse.seen_at >= IDLE:
            raise expired()
        return pulse

    def slide(self, session_id: str, pulse: Pulse, *, now: datetime, position: float | None = None) -> None:
        """The session was heard of; now and then its row is told."""
        at = pulse.position if position is None else position
        row_at = pulse.row_at
        if now - row_at >= ROW_STEP:
            _tell_row(session_id, now=now)
            row_at = now
        self._write(session_id, Pulse(now, row_at, at))

    def start(self, session_id: str, *, position: float, now: datetime) -> None:
        """A session begins, or goes on with a new token."""
        self._write(session_id, Pulse(now, now, position))

    def end(self, session_id: str) -> None:
        """From here on every process refuses it; its row says so already."""
        try:
            self._client.set(_key(session_id), ENDED, px=KEPT_MS)
        except redis.RedisError as error:
            log.warning("the end of a session could not be kept in Redis", error=str(error))

    def _read(self, session_id: str) -> Pulse:
        try:
            kept = self._client.get(_key(session_id))
        except redis.RedisError as error:
            log.warning("sessions are read from the database: Redis does not answer", error=str(error))
            kept = None
        if kept == ENDED:
            raise ended()
        return _decoded(kept) if isinstance(kept, bytes) else _from_row(session_id)

    def _write(self, session_id: str, pulse: Pulse) -> None:
        position = "" if pulse.position is None else f"{pulse.position:.3f}"
        value = f"{pulse.seen_at.timestamp():.3f} {pulse.row_at.timestamp():.3f} {position}"
        try:
            self._client.eval(_KEEP, 1, _key(session_id), value, str(KEPT_MS))
        except redis.RedisError as error:
            log.warning("a session could not be kept in Redis", error=str(error))
            _tell_row(session_id, now=pulse.seen_at)


_KEEP = """
if redis.call('GET', KEYS[1]) == 'ended' then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""


def _key(session_id: str) -> str:
    return f"matinee:play:{session_id}"


def _decoded(value: bytes) -> Pulse:
    seen, row, position = value.decode().split(" ")
    return Pulse(_instant(seen), _instant(row), float(position) if position else None)


def _instant(text: str) -> datetime:
    return datetime.fromtimestamp(float(text), UTC)


def _from_row(session_id: str) -> Pulse:
    row = db.session.execute(
        select(PlaySession.seen_at, PlaySession.ended_at, PlaySession.position).where(PlaySession.id == session_id)
    ).one_or_none()
    if row is None or row.ended_at is not None:
        raise ended()
    return Pulse(row.seen_at, row.seen_at, row.position)


def _tell_row(session_id: str, *, now: datetime) -> None:
    with writing():
        db.session.execute(
            update(PlaySession).where(PlaySession.id == session_id, PlaySession.seen_at < now).values(seen_at=now)
        )
