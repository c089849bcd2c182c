"""What a shown credential means: the resolver that `app/web/security.py` asks."""

from __future__ import annotations

from typing import cast

from flask import Flask, Response, current_app, g

from app.accounts import queries, sign_ins, tokens
from app.accounts.live import Bearer, Standing, Standings
from app.accounts.passwords import WAITING_AT_MOST, Passwords
from app.adapters import clock
from app.core.access import Role, Viewer
from app.core.errors import Unauthenticated
from app.extensions import get_redis, writing
from app.web import turns
from app.web.security import Credential, Identity, register_resolver
from config import Config


def init_app(app: Flask) -> None:
    """Gives the application its keys, its password hasher and its resolver."""
    config: Config = app.config["MATINEE"]
    app.extensions["matinee_signer"] = tokens.Signer(config.secret_key)
    app.extensions["matinee_passwords"] = Passwords(
        config.password_cost, waiting=max(WAITING_AT_MOST, config.web_threads // 8)
    )
    register_resolver(app, Accounts())
    app.after_request(_note_use)


def signer() -> tokens.Signer:
    found: tokens.Signer = current_app.extensions["matinee_signer"]
    return found


def passwords() -> Passwords:
    found: Passwords = current_app.extensions["matinee_passwords"]
    return found


class Accounts:
    """The resolver: sign-ins by access token or cookie, users' machines by API key."""

    def resolve(self, credential: Credential) -> Identity:
        if credential.kind == "bearer":
            return _by_access_token(credential.secret)
        if credential.kind == "key":
            return _by_key(credential.secret)
        return _by_cookie(credential.secret)

    def standing(self, sign_in_id: int) -> Viewer | None:
        standing = _standing_of_sign_in(sign_in_id)
        return _viewer(standing, sign_in_id) if standing else None

    def standing_of_key(self, key_id: int) -> Viewer | None:
        standing = _standing_of_key(key_id)
        return _viewer(standing, None, key_id=key_id) if standing else None


def _by_access_token(token: str) -> Identity:
    claims = signer().read_access_token(token, now=clock.now())
    standing = _standing_of_sign_in(claims.sign_in_id)
    if standing is None or standing.user_id != claims.user_id:
        raise Unauthenticated("This sign-in has ended. Sign in again.", code="signed_out")
    _note_later("sign-in", claims.sign_in_id, standing)
    return Identity(_viewer(standing, claims.sign_in_id))


def _by_cookie(value: str) -> Identity:
    parts = tokens.split_secret(value)
    standing = _standing_of_sign_in(parts[0]) if parts else None
    if parts is None or standing is None or not tokens.same_secret(parts[1], standing.secret_hash):
        raise Unauthenticated("This sign-in has ended. Sign in again.", code="signed_out")
    _note_later("sign-in", parts[0], standing)
    csrf_token = signer().csrf_token(parts[0], standing.secret_hash or "")
    return Identity(_viewer(standing, parts[0]), csrf_token)


def _by_key(value: str) -> Identity:
    parts = tokens.split_secret(value, mark=tokens.KEY_MARK)
    standing = _standing_of_key(parts[0]) if parts else None
    if parts is None or standing is None or not tokens.same_secret(parts[1], standing.secret_hash):
        raise Unauthenticated("This API key is not valid.", code="key_invalid")
    _note_later("key", parts[0], standing)
    return Identity(_viewer(standing, None, key_id=parts[0]))


def _note_later(bearer: Bearer, row_id: int, standing: Standing) -> None:
    """Remembers, for the end of this request, that a sign-in or key was used after a while of rest."""
    if clock.now().timestamp() - standing.seen_at > sign_ins.SEEN_STEP.total_seconds():
        g.matinee_used = (bearer, row_id)


def _note_use(response: Response) -> Response:
    used: tuple[Bearer, int] | None = g.get("matinee_used")
    if used is not None:
        bearer, row_id = used
        turns.hand_on()
        with writing():
            note = sign_ins.touch_key if bearer == "key" else sign_ins.touch
            note(row_id, now=clock.now())
    return response


def _standing_of_sign_in(sign_in_id: int) -> Standing | None:
    def look_up() -> Standing | None:
        return queries.standing_of_sign_in(sign_in_id, now=clock.now())

    return Standings(get_redis()).find("sign-in", sign_in_id, look_up)


def _standing_of_key(key_id: int) -> Standing | None:
    return Standings(get_redis()).find("key", key_id, lambda: queries.standing_of_key(key_id))


def _viewer(standing: Standing, sign_in_id: int | None, *, key_id: int | None = None) -> Viewer:
    return Viewer(
        kind="user" if key_id is None else "machine",
        user_id=standing.user_id,
        profile_id=standing.profile_id,
        role=cast(Role, standing.role),
        sign_in_id=sign_in_id,
        key_id=key_id,
        name=standing.username,
        language=standing.language,
    )
