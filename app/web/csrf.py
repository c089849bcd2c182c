"""What keeps a foreign page from acting through a visitor's browser.

A request by cookie that changes something needs the session's own token in `X-CSRF-Token` and, where the browser sends
`Origin`, an own one. Requests without a credential (sign-in, set-up, pairing) must not come from foreign pages either.
"""

from __future__ import annotations

import hmac

from flask import current_app, request

from app.core.errors import Forbidden
from app.web.proxies import normal_origin, own_origins
from config import Config

CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def is_unsafe() -> bool:
    return request.method not in SAFE_METHODS


def require_token(expected: str | None) -> None:
    """Raises Forbidden (`csrf`) unless the request shows the session's token."""
    shown = request.headers.get(CSRF_HEADER, "")
    if expected is None or not hmac.compare_digest(shown.encode(), expected.encode()):
        raise Forbidden(f"This request needs the page's own {CSRF_HEADER}. Reload the page and try again.", code="csrf")


def refuse_foreign_page(*, but_listed: bool) -> None:
    """Raises Forbidden (`foreign_origin`) for a request whose `Origin` is not this server.

    `but_listed` lets the origins of `MATINEE_CORS_ORIGINS` pass; never set for requests by cookie.
    """
    if origin_is_own():
        return
    if but_listed and normal_origin(request.headers.get("Origin", "")) in listed_origins():
        return
    raise Forbidden(
        "The request comes from a page of another address. If this is your server behind a proxy, set "
        "MATINEE_PUBLIC_URL to the address in the browser.",
        code="foreign_origin",
    )


def origin_is_own() -> bool:
    """Whether the request comes from one of our pages, or from no page at all (no `Origin`).

    `Sec-Fetch-Site: same-origin` also counts: no page can forge it, and it is right behind any proxy.
    """
    origin = request.headers.get("Origin")
    if origin is None or request.headers.get("Sec-Fetch-Site") == "same-origin":
        return True
    return normal_origin(origin) in own_origins()


def listed_origins() -> set[str]:
    """The foreign origins that the administrator allows to use the API (never with cookies)."""
    config: Config = current_app.config["MATINEE"]
    return {normal_origin(origin) for origin in config.cors_origins}
