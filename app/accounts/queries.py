"""What is asked about accounts. Nothing here writes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from app.accounts.live import Standing
from app.accounts.models import ApiKey, Profile, SignIn, User
from app.core.names import fold_username
from app.extensions import db


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
        select(SignIn.profile_id, SignIn.cookie_hash, User)
        .join(User, User.id == SignIn.user_id)
        .where(SignIn.id == sign_in_id, SignIn.ended_at.is_(None), SignIn.expires_at > now, User.disabled_at.is_(None))
    ).one_or_none()
    if row is None:
        return None
    profile_id, cookie_hash, user = row
    return _standing(user, profile_id or default_profile_id(user.id), cookie_hash)


def standing_of_key(key_id: int) -> Standing | None:
    """Whom an API key stands for; None when it is gone or its user is disabled."""
    row = db.session.execute(
        select(ApiKey.key_hash, User)
        .join(User, User.id == ApiKey.user_id)
        .where(ApiKey.id == key_id, User.disabled_at.is_(None))
    ).one_or_none()
    if row is None:
        return None
    key_hash, user = row
    return _standing(user, default_profile_id(user.id), key_hash)


def default_profile_id(user_id: int) -> int | None:
    """The profile that was made with the account."""
    return db.session.scalar(
        select(Profile.id).where(Profile.user_id == user_id).order_by(Profile.is_default.desc(), Profile.id).limit(1)
    )


def live_admins() -> int:
    """How many administrators can sign in."""
    return (
        db.session.scalar(
            select(func.count()).select_from(User).where(User.role == "admin", User.disabled_at.is_(None))
        )
        or 0
    )


def _standing(user: User, profile_id: int | None, secret_hash: str | None) -> Standing:
    return Standing(
        user_id=user.id,
        username=user.username,
        role=user.role,
        language=user.language,
        profile_id=profile_id,
        secret_hash=secret_hash,
    )
