"""Accounts: made, changed, closed. Inside the caller's write unit; passwords arrive hashed."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from app.accounts import queries
from app.accounts.models import Profile, User
from app.core.access import Role
from app.core.errors import Conflict, Invalid
from app.core.names import fold_username
from app.extensions import db

NAME_LENGTH = 32


def create_user(*, username: str, password_hash: str, role: Role, now: datetime) -> User:
    """A new account with its first profile.

    Raises Invalid for a name nobody could read, Conflict (`username_taken`) for one that looks like another's.
    """
    name = checked_username(username)
    if queries.user_named(name) is not None:
        raise Conflict("Somebody has this name, or one that looks like it. Choose another.", code="username_taken")
    user = User(username=name, username_key=fold_username(name), password_hash=password_hash, role=role, created_at=now)
    db.session.add(user)
    try:
        db.session.flush()
    except IntegrityError as error:
        raise Conflict("Somebody has just taken this name. Choose another.", code="username_taken") from error
    db.session.add(Profile(user_id=user.id, name=name, is_default=True, created_at=now))
    db.session.flush()
    return user


def checked_username(username: str) -> str:
    """The name as it is stored and shown. Raises Invalid when it cannot be told from others on a screen."""
    name = unicodedata.normalize("NFC", username).strip()
    unseen = any(unicodedata.category(letter)[0] in "CZ" and letter != " " for letter in name)
    key = fold_username(name)
    if not key or unseen or len(name) > NAME_LENGTH or len(key) > 64:
        detail = f"A user name has 1 to {NAME_LENGTH} visible characters."
        raise Invalid(detail, errors=[{"field": "username", "message": detail}])
    return name
