"""What every page is made with: built assets, words, the visitor, and how numbers and times are written.

A page is rendered by `page(…)`; an error that a browser meets while it navigates becomes a page too (`error_page`).
There is no inline script: data reaches scripts as JSON in the page, styles as classes.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import structlog
from flask import Flask, Response, g, redirect, render_template, request, send_from_directory
from markupsafe import Markup
from werkzeug.http import HTTP_STATUS_CODES

from app.core.devices import device_name
from app.core.errors import Failure, NotFound
from app.extensions import babel
from app.web import phrases, words
from app.web.security import identity
from config import ROOT

log = structlog.get_logger(__name__)

DIST = ROOT / "static" / "dist"
A_YEAR_S = 365 * 24 * 3600
THEMES = frozenset({"light", "dark"})
MACHINE_PREFIXES = ("/api/", "/play/", "/art/", "/static/", "/health/", "/metrics", "/socket.io")


def init_app(app: Flask) -> None:
    babel.init_app(app, locale_selector=words.language)
    babel.domain_instance = words.Words()
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(words.gettext, words.ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(asset=asset, icons=_icons)
    app.jinja_env.filters.update(
        clock=phrases.clock,
        whole_seconds=phrases.whole_seconds,
        duration=phrases.length,
        size=phrases.file_size,
        bits=phrases.bit_rate,
        language=phrases.language_name,
        number=phrases.number,
        day=phrases.day,
        moment=phrases.moment,
        initials=phrases.initials,
        device=device_name,
        own_name=phrases.own_name,
        percent=phrases.percent,
        embedded=embedded,
    )
    app.context_processor(_surroundings)
    app.add_url_rule("/static/dist/<path:name>", "dist", _send_built)
    app.extensions["matinee_error_page"] = error_page


def page(template: str, http_status: int = 200, **values: Any) -> Response:
    """A rendered page."""
    return Response(render_template(template, **values), status=http_status, mimetype="text/html")


def asset(name: str) -> str:
    """Address of a built file (`site.js`, `site.css`, …), its content's hash in the name."""
    return f"/static/dist/{_manifest().get(name, name)}"


def embedded(value: Any) -> Markup:
    """JSON that may stand inside a `<script type="application/json">`: no `<` or `&` survives."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - the three signs that HTML could read are gone


def wants_page() -> bool:
    """Whether this request is a browser that navigates: it gets pages, also for what went wrong."""
    if request.path.startswith(MACHINE_PREFIXES) or request.method not in {"GET", "HEAD"}:
        return False
    best = request.accept_mimetypes.best_match(["application/json", "text/html"], default="application/json")
    return best == "text/html"


def error_page(status: int, code: str, detail: str) -> Response | None:
    """The page for a failure, a redirect to the sign-in, or None where the caller wants JSON."""
    if not wants_page():
        return None
    if status == 401:
        here = request.full_path.rstrip("?")
        return redirect(f"/login?next={_quoted(here)}")  # type: ignore[return-value]
    return page(
        "errors/error.html",
        status,
        status=status,
        code=code,
        detail=detail,
        phrase=HTTP_STATUS_CODES.get(status, ""),
        request_id=g.get("request_id"),
    )


def _quoted(path: str) -> str:
    from urllib.parse import quote

    return quote(path, safe="/")


def _surroundings() -> dict[str, Any]:
    """What base.html needs on every page."""
    visitor = words.visitor()
    language = words.language()
    theme = request.cookies.get("matinee_theme")
    return {
        "visitor": visitor,
        "csrf_token": _csrf_token() if visitor.is_signed_in else "",
        "language_code": language,
        "script_words": words.script_words(language) if language != "en" else None,
        "theme": theme if theme in THEMES else None,
        "tv": request.cookies.get("matinee_tv") == "1",
    }


def _csrf_token() -> str:
    try:
        return identity().csrf_token or ""
    except Failure:
        return ""


def _send_built(name: str) -> Response:
    """A built file: named by its content, so it may be kept for ever. Packed once, when it was built."""
    packed = f"{name}.gz"
    if request.accept_encodings["gzip"] and (DIST / packed).is_file():
        response = send_from_directory(DIST, packed, mimetype=_mimetype(name), max_age=A_YEAR_S, conditional=True)
        response.headers["Content-Encoding"] = "gzip"
    elif (DIST / name).is_file():
        response = send_from_directory(DIST, name, max_age=A_YEAR_S, conditional=True)
    else:
        raise NotFound("There is no such file.")
    response.cache_control.public = True
    response.cache_control.immutable = True
    response.vary.add("Accept-Encoding")
    return response


def _mimetype(name: str) -> str:
    kinds = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    return kinds.get(Path(name).suffix, "application/octet-stream")


@lru_cache(maxsize=1)
def _manifest() -> dict[str, str]:
    file = DIST / "manifest.json"
    if not file.is_file():
        log.warning("the pages have no styles or scripts: run `npm run build`")
        return {}
    found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return found


@lru_cache(maxsize=1)
def _icons() -> Markup:
    """The sprite, in the page itself: no request, and the page's colours reach it."""
    return Markup((ROOT / "static" / "img" / "icons.svg").read_text(encoding="utf-8"))  # noqa: S704 - our own file
