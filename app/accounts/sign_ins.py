"""What happens to a sign-in: it starts, its refresh token rotates, it is seen, it ends.

All of it inside the caller's write unit. After the commit every process is told which sign-ins ended or changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import redis
import structlog
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from app import signals
from app.accounts import tokens
from app.accounts.live import Bearer, Standings
from app.accounts.models import ApiKey, SignIn, User
from app.core.errors import NotFound, Unauthenticated
from app.extensions import db, get_redis

LIFETIME = timedelta(days=60)
"""A device that was not seen for so long has to sign in again."""
SEEN_STEP = timedelta(minutes=10)
"""How exact `seen_at` is: a write for every request would be waste."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Device:
    """What signs in: a name a person recognises, and where it was."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Granted:
    """The secrets of a sign-in, handed out once. `cookie` and `csrf_token` are None for a sign-in without a browser."""

    sign_in_id: int
    access_token: str
    refresh_token: str
    cookie: str | None = None
    csrf_token: str | None = None


def start(user: User, *, device: Device, with_cookie: bool, signer: tokens.Signer, now: datetime) -> Granted:
    """A new sign-in of this user on this device."""
    secret = tokens.new_secret() if with_cookie else None
    sign_in = SignIn(
        user_id=user.id,
        refresh_seed=tokens.new_secret(),
        generation=0,
        cookie_hash=tokens.hash_secret(secret) if secret else None,
        device=device.name[:200],
        address=device.address[:64],
        created_at=now,
        seen_at=now,
        expires_at=now + LIFETIME,
    )
    db.session.add(sign_in)
    db.session.flush()
    granted = _granted(sign_in, signer=signer, now=now)
    if secret is None or sign_in.cookie_hash is None:
        return granted
    return Granted(
        granted.sign_in_id,
        granted.access_token,
        granted.refresh_token,
        cookie=tokens.cookie_value(sign_in.id, secret),
        csrf_token=signer.csrf_token(sign_in.id, sign_in.cookie_hash),
    )


def rotate(refresh_token: str, *, attempt: str | None, signer: tokens.Signer, now: datetime) -> Granted | None:
    """Spends a refresh token for a new pair (RFC 9700, section 4.14.2).

    A token that was spent before ends its whole sign-in, since two hold it: the answer is then None and the unit must
    commit. One case is told apart: a caller who lost the answer may ask again with the `attempt` it sent the first
    time (a random word of its own) and gets the same successor, as long as that was not used; a thief of the token
    does not know the word. Raises Unauthenticated for a token this server never made or whose sign-in has ended.
    """
    claims = tokens.read_refresh_token(refresh_token)
    sign_in = db.session.get(SignIn, claims.sign_in_id, with_for_update=True) if claims else None
    if claims is None or sign_in is None or not signer.is_genuine(claims, sign_in.refresh_seed):
        raise Unauthenticated("This refresh token is not valid. Sign in again.", code="token_invalid")
    if sign_in.ended_at is not None or sign_in.expires_at <= now:
        raise Unauthenticated("This sign-in has ended. Sign in again.", code="signed_out")
    attempt_hash = tokens.hash_secret(attempt) if attempt else None
    if claims.generation == sign_in.generation:
        sign_in.generation += 1
        sign_in.attempt_hash = attempt_hash
    elif attempt_hash is None or claims.generation != sign_in.generation - 1 or attempt_hash != sign_in.attempt_hash:
        end([sign_in.id], reason="refresh token reused", now=now)
        return None
    sign_in.seen_at, sign_in.expires_at = now, now + LIFETIME
    db.session.flush()
    return _granted(sign_in, signer=signer, now=now)


def end(sign_in_ids: Sequence[int], *, reason: str, now: datetime) -> int:
    """Ends these sign-ins for good; those that had ended stay as they are. Returns how many ended now."""
    ended = db.session.scalars(
        update(SignIn)
        .where(SignIn.id.in_(sign_in_ids), SignIn.ended_at.is_(None))
        .values(ended_at=now, end_reason=reason)
        .returning(SignIn.id)
        .execution_options(synchronize_session="fetch")
    ).all()
    if ended:
        _after_commit("sign-in", ended)
        signals.sign_in_ended.send(None, sign_in_ids=list(ended))
    return len(ended)


def end_all_of(user_id: int, *, reason: str, now: datetime, but: int | None = None) -> int:
    """Ends every sign-in of a user, except the one named by `but`."""
    wanted = select(SignIn.id).where(SignIn.user_id == user_id, SignIn.ended_at.is_(None), SignIn.id != (but or 0))
    return end(db.session.scalars(wanted).all(), reason=reason, now=now)


def end_own(sign_in_id: int, *, user_id: int, now: datetime) -> None:
    """Signs one of a user's devices out. Raises NotFound for anybody else's, and for one that has ended."""
    found = db.session.get(SignIn, sign_in_id)
    if found is None or found.user_id != user_id or not end([sign_in_id], reason="signed out elsewhere", now=now):
        raise NotFound("There is no such session.")


def use_profile(sign_in_id: int, profile_id: int) -> None:
    db.session.execute(update(SignIn).where(SignIn.id == sign_in_id).values(profile_id=profile_id))


def mark_changed(user_id: int) -> None:
    """What a user's live sign-ins stand for (role, name, profile) changed: nobody may rely on an older answer."""
    live = db.session.scalars(select(SignIn.id).where(SignIn.user_id == user_id, SignIn.ended_at.is_(None))).all()
    _after_commit("sign-in", live)


def mark_keys_changed(key_ids: Sequence[int]) -> None:
    """As `mark_changed`, for API keys that were deleted or whose user changed."""
    _after_commit("key", key_ids)


def touch(sign_in_id: int, *, now: datetime) -> None:
    """The device was seen; its sign-in lives on from now."""
    db.session.execute(
        update(SignIn)
        .where(SignIn.id == sign_in_id, SignIn.ended_at.is_(None), SignIn.seen_at < now - SEEN_STEP)
        .values(seen_at=now, expires_at=now + LIFETIME)
    )


def touch_key(key_id: int, *, now: datetime) -> None:
    """The key was used."""
    db.session.execute(update(ApiKey).where(ApiKey.id == key_id).values(used_at=now))


def _granted(sign_in: SignIn, *, signer: tokens.Signer, now: datetime) -> Granted:
    return Granted(
        sign_in.id,
        signer.access_token(tokens.AccessClaims(sign_in.user_id, sign_in.id), now=now),
        signer.refresh_token(sign_in.id, sign_in.generation, sign_in.refresh_seed),
    )


_NEWS = "matinee_sign_in_news"


def _after_commit(bearer: Bearer, row_ids: Sequence[int]) -> None:
    db.session.info.setdefault(_NEWS, []).append((bearer, tuple(row_ids)))


@event.listens_for(Session, "after_commit")
def _tell(session: Session) -> None:
    news: list[tuple[Bearer, tuple[int, ...]]] = session.info.pop(_NEWS, [])
    if not news:
        return
    standings = Standings(get_redis())
    try:
        for bearer, row_ids in news:
            standings.forget(bearer, row_ids)
    except redis.RedisError as error:
        # The commit stands, and every kept answer is gone within two seconds by itself.
        log.error("revocation could not be announced", error=str(error))


@event.listens_for(Session, "after_rollback")
def _forget_news(session: Session) -> None:
    session.info.pop(_NEWS, None)
