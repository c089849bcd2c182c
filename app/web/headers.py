"""The headers of every answer: what browsers may do with it, and which foreign pages may read it."""

from __future__ import annotations

from flask import Flask, Response, current_app, request

from app.web.csrf import CSRF_HEADER, listed_origins
from app.web.proxies import normal_origin

POLICY = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' blob:",
    "worker-src": "'self' blob:",
    "font-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
"""`connect-src` is added for each answer: old engines do not count WebSockets of the same host as 'self'."""

ALLOWED_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
ALLOWED_HEADERS = f"Authorization, Content-Type, Range, If-None-Match, If-Range, X-API-Key, X-Request-ID, {CSRF_HEADER}"
EXPOSED_HEADERS = "ETag, Retry-After, X-Request-ID, Content-Range, Accept-Ranges, Server-Timing, Location"


def init_app(app: Flask) -> None:
    app.before_request(_answer_preflight)
    app.after_request(_protect)
    app.after_request(_share)


def _protect(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Content-Security-Policy", _policy())
    return response


def _policy() -> str:
    sockets = "wss" if request.is_secure else "ws"
    directives = [*POLICY.items(), ("connect-src", f"'self' {sockets}://{request.host}")]
    return "; ".join(f"{name} {value}" for name, value in directives)


def _listed_origin() -> str | None:
    origin = request.headers.get("Origin")
    if origin is None or normal_origin(origin) not in listed_origins():
        return None
    return origin


def _answer_preflight() -> Response | None:
    """CORS preflights (Fetch standard, section 3.3) of listed origins; others get the plain OPTIONS answer."""
    if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers or not _listed_origin():
        return None
    response = current_app.response_class(status=204)
    response.headers["Access-Control-Allow-Methods"] = ALLOWED_METHODS
    response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
    response.headers["Access-Control-Max-Age"] = "600"
    return response


def _share(response: Response) -> Response:
    """No credentials are ever allowed across origins: a cookie is good on our own pages only."""
    if not listed_origins():
        return response
    response.vary.add("Origin")
    origin = _listed_origin()
    if origin is not None:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
    return response
