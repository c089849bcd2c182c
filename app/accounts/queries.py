"""What is asked about accounts. Nothing here writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Select, func, select

from app.accounts.live import Standing
from app.accounts.models import ApiKey, Invite, Profile, ServerSetting, SignIn, User
from app.accounts.tokens import hash_secret
from app.core.names import fold_username
from app.extensions import db

T = TypeVar("T")
REGISTRATION = "registration"
"""The name of the setting that opens registration."""


def has_users() -> bool:
    return db.session.scalar(select(User.id).limit(1)) is not None


def user_named(username: str) -> User | None:
    """The user whose name folds to the same key."""
    return db.session.scalar(select(User).where(User.username_key == fold_username(username)))


def user_with_id(user_id: int) -> User | None:
    return db.session.get(User, user_id)


def standing_of_sign_in(sign_in_id: int, *, now: datetime) -> Standing | None:
    """Whom a live sign-in stands for; None when it ended, expired, or its user is disabled."""
    row = db.session.execute(
        select(SignIn.profile_id, SignIn.cookie_hash, SignIn.seen_at, User)
        .join(User, User.id == SignIn.user_id)
        .where(SignIn.id == sign_in_id, SignIn.ended_at.is_(None), SignIn.expires_at > now, User.disabled_at.is_(None))
    ).one_or_none()
    if row is None:
        return None
    profile_id, cookie_hash, seen_at, user = row
    return _standing(user, profile_id or default_profile_id(user.id), cookie_hash, seen_at)


def standing_of_key(key_id: int) -> Standing | None:
    """Whom an API key stands for; None when it is gone or its user is disabled."""
    row = db.session.execute(
        select(ApiKey.key_hash, ApiKey.used_at, User)
        .join(User, User.id == ApiKey.user_id)
        .where(ApiKey.id == key_id, User.disabled_at.is_(None))
    ).one_or_none()
    if row is None:
        return None
    key_hash, used_at, user = row
    return _standing(user, default_profile_id(user.id), key_hash, used_at)


def default_profile_id(user_id: int) -> int | None:
    """The profile that was made with the account."""
    return db.session.scalar(
        select(Profile.id).where(Profile.user_id == user_id).order_by(Profile.is_default.desc(), Profile.id).limit(1)
    )


@dataclass(frozen=True, slots=True)
class LoginFacts:
    """What is needed to check a password, read before the slow part."""

    user_id: int
    password_hash: str
    disabled: bool


def login_facts(username: str) -> LoginFacts | None:
    user = user_named(username)
    return LoginFacts(user.id, user.password_hash, user.disabled_at is not None) if user else None


def password_hash_of(user_id: int) -> str | None:
    return db.session.scalar(select(User.password_hash).where(User.id == user_id))


def live_sign_ins(user_id: int, *, offset: int, limit: int, now: datetime) -> tuple[list[SignIn], int]:
    """A user's devices, the one seen last first, and how many there are."""
    own = (SignIn.user_id == user_id, SignIn.ended_at.is_(None), SignIn.expires_at > now)
    return _slice(select(SignIn).where(*own).order_by(SignIn.seen_at.desc(), SignIn.id.desc()), offset, limit)


def api_keys(user_id: int, *, offset: int, limit: int) -> tuple[list[ApiKey], int]:
    return _slice(select(ApiKey).where(ApiKey.user_id == user_id).order_by(ApiKey.id), offset, limit)


def api_key_ids(user_id: int) -> list[int]:
    return list(db.session.scalars(select(ApiKey.id).where(ApiKey.user_id == user_id)))


def profiles(user_id: int, *, offset: int, limit: int) -> tuple[list[Profile], int]:
    return _slice(select(Profile).where(Profile.user_id == user_id).order_by(Profile.id), offset, limit)


def users(*, offset: int, limit: int) -> tuple[list[User], int]:
    return _slice(select(User).order_by(User.username_key), offset, limit)


def invites(*, offset: int, limit: int) -> tuple[list[Invite], int]:
    return _slice(select(Invite).order_by(Invite.id.desc()), offset, limit)


def last_seen(user_ids: Sequence[int]) -> dict[int, datetime]:
    """When each of these users was last seen on any device."""
    found = db.session.execute(
        select(SignIn.user_id, func.max(SignIn.seen_at)).where(SignIn.user_id.in_(user_ids)).group_by(SignIn.user_id)
    )
    return {row[0]: row[1] for row in found}


def registration_is_open() -> bool:
    """Whether anybody may register; closed until an administrator opens it."""
    setting = db.session.get(ServerSetting, REGISTRATION)
    return setting is not None and bool(setting.value.get("open"))


def invite_is_good(code: str, *, now: datetime) -> bool:
    wanted = select(Invite.id).where(
        Invite.code_hash == hash_secret(code), Invite.used_at.is_(None), Invite.expires_at > now
    )
    return db.session.scalar(wanted) is not None


def _slice(wanted: Select[T], offset: int, limit: int) -> tuple[list[T], int]:
    """One page of a list, and how long the whole is."""
    total = db.session.scalar(select(func.count()).select_from(wanted.order_by(None).subquery())) or 0
    return list(db.session.scalars(wanted.offset(offset).limit(limit))), total


def _standing(user: User, profile_id: int | None, secret_hash: str | None, seen_at: datetime | None) -> Standing:
    return Standing(
        user_id=user.id,
        username=user.username,
        role=user.role,
        language=user.language,
        profile_id=profile_id,
        secret_hash=secret_hash,
        seen_at=seen_at.timestamp() if seen_at else 0.0,
    )
