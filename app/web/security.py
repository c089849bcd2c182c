"""Who is asking: one credential of the request, resolved to a `Viewer`, and who may call which view.

Exactly one credential counts, in this order: `Authorization: Bearer`, `X-API-Key`, the cookie `matinee_session`. A bad
one is 401, never a fall-back to the next. What a credential means is known to the accounts feature, which stands above
this shelf and registers a resolver. Unsafe requests by cookie need `X-CSRF-Token` and, where sent, an own `Origin`.

Access is decided before a view's inputs are looked at, so a stranger learns nothing from a validation error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

from flask import Flask, current_app, g, request

from app.core.access import ANONYMOUS, Viewer
from app.core.errors import Forbidden, Unauthenticated
from app.web import csrf

SESSION_COOKIE = "matinee_session"
API_KEY_HEADER = "X-API-Key"
ADMIN_PREFIX = "/api/v1/admin/"

Access = Literal["signed_in", "admin"]
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Credential:
    """What a caller showed: one secret and where it came from."""

    kind: Literal["bearer", "key", "cookie"]
    secret: str


@dataclass(frozen=True, slots=True)
class Identity:
    """What a credential means. `csrf_token` belongs to the cookie's sign-in and is None for other credentials."""

    viewer: Viewer
    csrf_token: str | None = None


class Resolver(Protocol):
    """What the accounts feature knows."""

    def resolve(self, credential: Credential) -> Identity:
        """The identity behind a credential. Raises Unauthenticated."""

    def standing(self, sign_in_id: int) -> Viewer | None:
        """Whom a sign-in stands for at this moment; None when it has ended."""

    def standing_of_key(self, key_id: int) -> Viewer | None:
        """The same of an API key; None when it was deleted."""


def register_resolver(app: Flask, resolver: Resolver) -> None:
    """Called once by the feature that owns accounts."""
    app.extensions["matinee_resolver"] = resolver


def resolver() -> Resolver:
    found: Resolver = current_app.extensions["matinee_resolver"]
    return found


def viewer() -> Viewer:
    """Who asks in this request; `ANONYMOUS` when no credential was shown.

    Raises Unauthenticated for a bad credential and Forbidden for an unsafe cookie request without its CSRF token.
    """
    return identity().viewer


def identity() -> Identity:
    """As `viewer`, with the CSRF token that pages hand to their forms and scripts."""
    found: Identity | None = g.get("matinee_identity")
    if found is None:
        found = g.matinee_identity = _identify()
    return found


def signed_in(view: View) -> View:
    """Marks a view that needs a user (or a user's key). Works in any order with route decorators."""
    view.matinee_access = "signed_in"  # type: ignore[attr-defined]
    return view


def admin_only(view: View) -> View:
    """Marks a view that needs the role `admin`; everyone else who is signed in gets 403."""
    view.matinee_access = "admin"  # type: ignore[attr-defined]
    return view


def access_of(view: Callable[..., Any] | None) -> Access | None:
    """What a view asks of its caller; None when anyone may call it."""
    return getattr(view, "matinee_access", None)


def init_app(app: Flask) -> None:
    """Every request passes the gate before its view."""
    app.before_request(_gate)


def shown_credential() -> Credential | None:
    """The one credential of this request that counts."""
    authorization = request.headers.get("Authorization")
    if authorization is not None:
        scheme, _, secret = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated("Sign in with `Authorization: Bearer`; other schemes are not used here.")
        return Credential("bearer", secret.strip())
    key = request.headers.get(API_KEY_HEADER)
    if key is not None:
        return Credential("key", key.strip())
    cookie = request.cookies.get(SESSION_COOKIE)
    return Credential("cookie", cookie) if cookie is not None else None


def _gate() -> None:
    """Refuses who may not call the view that this request is for."""
    if request.method == "OPTIONS":
        return
    if csrf.is_unsafe() and not {"Authorization", API_KEY_HEADER} & set(request.headers.keys()):
        csrf.refuse_foreign_page(but_listed=SESSION_COOKIE not in request.cookies)
    access = access_of(current_app.view_functions.get(request.endpoint or ""))
    if request.path.startswith(ADMIN_PREFIX):
        access = "admin"
    if access is None:
        return
    caller = viewer()
    if not caller.is_signed_in:
        raise Unauthenticated("Sign in first.")
    if access == "admin" and not caller.is_admin:
        raise Forbidden("Only an administrator may do this.")


def _identify() -> Identity:
    credential = shown_credential()
    if credential is None:
        return Identity(ANONYMOUS)
    found = resolver().resolve(credential)
    if credential.kind == "cookie" and csrf.is_unsafe():
        csrf.require_token(found.csrf_token)
    return found
