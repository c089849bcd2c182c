"""Accounts: made, changed, closed. Inside the caller's write unit; passwords arrive hashed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import unicodedata
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from app.accounts import queries, sign_ins, tokens
from app.accounts.models import ApiKey, Invite, Profile, ServerSetting, User
from app.core.access import Role
from app.core.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from app.core.names import fold_username
from app.extensions import db

NAME_LENGTH = 32
PROFILES_AT_MOST = 20
KEYS_AT_MOST = 100
SET_UP = "set_up"
"""The name of the setting whose row says that the first administrator exists; its key makes two at once impossible."""


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


def require_no_users() -> None:
    """Raises Conflict (`already_set_up`) once there is, or ever was, an account."""
    if queries.has_users() or db.session.get(ServerSetting, SET_UP) is not None:
        raise Conflict("This server is set up already. Sign in.", code="already_set_up")


def create_first_admin(*, username: str, password_hash: str, now: datetime) -> User:
    """The account that set-up makes. Raises Conflict (`already_set_up`) ever after."""
    require_no_users()
    db.session.add(ServerSetting(name=SET_UP, value={"at": now.isoformat()}, updated_at=now))
    try:
        db.session.flush()
    except IntegrityError as error:
        raise Conflict("Somebody has just set this server up. Sign in.", code="already_set_up") from error
    return create_user(username=username, password_hash=password_hash, role="admin", now=now)


def setup_code(secret_key: str) -> str:
    """What the terminal shows while there is no user: `ABCD-EFGH`, forty bits that only this server's key gives."""
    digest = hmac.new(secret_key.encode(), b"matinee setup code", hashlib.sha256).digest()
    text = base64.b32encode(digest)[:8].decode()
    return f"{text[:4]}-{text[4:]}"


def is_setup_code(shown: str, secret_key: str) -> bool:
    """Whether a typed code is the right one; case, spaces and dashes do not matter."""
    typed = "".join(letter for letter in shown.upper() if letter.isalnum())
    return hmac.compare_digest(typed.encode(), setup_code(secret_key).replace("-", "").encode())


def register(*, username: str, password_hash: str, invite: str | None, now: datetime) -> User:
    """A new account by invitation, or by anyone while registration is open.

    Raises Forbidden (`registration_closed`, `invite_invalid`) and what `create_user` raises.
    """
    if invite is None and not queries.registration_is_open():
        raise Forbidden("Registration is closed. Ask the administrator for an invitation.", code="registration_closed")
    if invite is None:
        return create_user(username=username, password_hash=password_hash, role="user", now=now)
    spent = db.session.execute(
        update(Invite)
        .where(Invite.code_hash == tokens.hash_secret(invite), Invite.used_at.is_(None), Invite.expires_at > now)
        .values(used_at=now)
        .returning(Invite.id, Invite.role)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if spent is None:
        raise Forbidden("This invitation is used up, expired or mistyped. Ask for a new one.", code="invite_invalid")
    user = create_user(username=username, password_hash=password_hash, role=spent.role, now=now)
    db.session.execute(update(Invite).where(Invite.id == spent.id).values(used_by_id=user.id))
    return user


def invite(*, role: Role, lifetime: timedelta, created_by_id: int | None, now: datetime) -> tuple[Invite, str]:
    """A new invitation and its code, which is shown once."""
    code = tokens.new_secret()[:22]
    made = Invite(
        code_hash=tokens.hash_secret(code),
        role=role,
        created_by_id=created_by_id,
        created_at=now,
        expires_at=now + lifetime,
    )
    db.session.add(made)
    db.session.flush()
    return made, code


def withdraw_invite(invite_id: int) -> None:
    """Raises NotFound."""
    gone = db.session.execute(delete(Invite).where(Invite.id == invite_id).returning(Invite.id)).one_or_none()
    if gone is None:
        raise NotFound("There is no such invitation.")


def open_registration(is_open: bool, *, now: datetime) -> None:
    """Opens or closes registration without invitations."""
    setting = db.session.get(ServerSetting, queries.REGISTRATION)
    if setting is None:
        setting = ServerSetting(name=queries.REGISTRATION)
        db.session.add(setting)
    setting.value, setting.updated_at = {"open": is_open}, now


def change_name(user: User, username: str) -> None:
    """Raises Invalid, and Conflict when the name looks like somebody else's."""
    name = checked_username(username)
    holder = queries.user_named(name)
    if holder is not None and holder.id != user.id:
        raise Conflict("Somebody has this name, or one that looks like it. Choose another.", code="username_taken")
    user.username, user.username_key = name, fold_username(name)
    try:
        db.session.flush()
    except IntegrityError as error:
        raise Conflict("Somebody has just taken this name. Choose another.", code="username_taken") from error
    sign_ins.mark_changed(user.id)


def change_language(user: User, language: str) -> None:
    user.language = language
    sign_ins.mark_changed(user.id)


def change_password(user: User, password_hash: str, *, but: int | None, now: datetime) -> None:
    """The other sign-ins (all but the one named) end: whoever knew the old password is out."""
    user.password_hash = password_hash
    sign_ins.end_all_of(user.id, reason="password changed", now=now, but=but)


def choose_profile(user: User, profile_id: int, *, sign_in_id: int) -> None:
    """Who of the household sits before this device. Raises NotFound for a profile of somebody else."""
    profile = db.session.get(Profile, profile_id)
    if profile is None or profile.user_id != user.id:
        raise NotFound("There is no such profile.")
    sign_ins.use_profile(sign_in_id, profile_id)
    sign_ins.mark_changed(user.id)


def change_role(user: User, role: Role) -> None:
    """Raises Conflict (`last_admin`) when nobody would be left to administer."""
    if user.role == "admin" and role != "admin":
        _keep_an_admin(user)
    user.role = role
    _standing_changed(user)


def set_disabled(user: User, disabled: bool, *, now: datetime) -> None:
    """Disabling ends everything the account has open and refuses it until it is enabled.

    Raises Conflict (`last_admin`) when nobody would be left to administer.
    """
    if disabled:
        _keep_an_admin(user)
        sign_ins.end_all_of(user.id, reason="account disabled", now=now)
    user.disabled_at = (user.disabled_at or now) if disabled else None
    _standing_changed(user)


def add_profile(*, user_id: int, name: str, now: datetime) -> Profile:
    """Raises Invalid for an empty name, Conflict when the household is full."""
    shown = name.strip()
    if not shown:
        raise Invalid("A profile needs a name.", errors=[{"field": "name", "message": "A profile needs a name."}])
    if len(db.session.scalars(select(Profile.id).where(Profile.user_id == user_id)).all()) >= PROFILES_AT_MOST:
        raise Conflict(f"An account has at most {PROFILES_AT_MOST} profiles.", code="too_many_profiles")
    profile = Profile(user_id=user_id, name=shown, is_default=False, created_at=now)
    db.session.add(profile)
    db.session.flush()
    return profile


def create_key(*, user_id: int, name: str, now: datetime) -> tuple[ApiKey, str]:
    """A new API key and its text, which is shown once."""
    if len(queries.api_key_ids(user_id)) >= KEYS_AT_MOST:
        raise Conflict(f"An account has at most {KEYS_AT_MOST} keys. Delete one first.", code="too_many_keys")
    secret = tokens.new_secret()
    key = ApiKey(user_id=user_id, name=name, key_hash=tokens.hash_secret(secret), prefix="", created_at=now)
    db.session.add(key)
    db.session.flush()
    text = tokens.api_key_value(key.id, secret)
    key.prefix = text[:12]
    return key, text


def delete_key(key_id: int, *, user_id: int) -> None:
    """Raises NotFound for a key of somebody else too."""
    gone = db.session.execute(
        delete(ApiKey).where(ApiKey.id == key_id, ApiKey.user_id == user_id).returning(ApiKey.id)
    ).one_or_none()
    if gone is None:
        raise NotFound("There is no such key.")
    sign_ins.mark_keys_changed([key_id])


def own(user_id: int | None) -> User:
    """The caller's account, to be changed. Raises Unauthenticated when it went meanwhile."""
    user = db.session.get(User, user_id) if user_id is not None else None
    if user is None:
        raise Unauthenticated("This account is gone.", code="signed_out")
    return user


def _standing_changed(user: User) -> None:
    sign_ins.mark_changed(user.id)
    sign_ins.mark_keys_changed(queries.api_key_ids(user.id))


def _keep_an_admin(user: User) -> None:
    """Locks the administrators, so that two who demote each other at once cannot both succeed."""
    admins = select(User.id).where(User.role == "admin", User.disabled_at.is_(None)).with_for_update()
    if set(db.session.scalars(admins)) == {user.id}:
        raise Conflict("This is the last administrator. Make somebody else one first.", code="last_admin")


def checked_username(username: str) -> str:
    """The name as it is stored and shown. Raises Invalid when it cannot be told from others on a screen."""
    name = unicodedata.normalize("NFC", username).strip()
    unseen = any(unicodedata.category(letter)[0] in "CZ" and letter != " " for letter in name)
    key = fold_username(name)
    if not key or unseen or len(name) > NAME_LENGTH or len(key) > 64:
        detail = f"A user name has 1 to {NAME_LENGTH} visible characters."
        raise Invalid(detail, errors=[{"field": "username", "message": detail}])
    return name
