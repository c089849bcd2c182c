"""The administrator's desk, and the set-up of a new server."""

from __future__ import annotations

from typing import Any

from flask import Flask, redirect, request
from werkzeug.wrappers import Response

from app.accounts import queries as accounts
from app.admin.reasons import in_words
from app.browse import queries as browse
from app.catalog import queries as catalog
from app.library import matching
from app.library import queries as library
from app.playback.routes import playing_now
from app.web.inputs import LAST_PAGE, PER_PAGE_LIMIT, number_asked
from app.web.proxies import is_local
from app.web.security import admin_only, viewer
from app.web.templating import page
from app.web.words import gettext, language, visitor

AT_ONCE = 60
DOUBTS_AT_ONCE = 20
CANDIDATES_SHOWN = 3
FOUND = 12


def init_app(app: Flask) -> None:
    app.add_url_rule("/setup", "setup_page", setup)
    app.add_url_rule("/admin/", "admin_page", activity)
    app.add_url_rule("/admin/activity", "admin_activity_page", activity)
    app.add_url_rule("/admin/libraries", "admin_libraries_page", libraries)
    app.add_url_rule("/admin/problems", "admin_problems_page", problems)
    app.add_url_rule("/admin/people", "admin_people_page", people)


def setup() -> Response:
    """Three steps: the first account for anyone, the folders and what was found for its administrator."""
    if not accounts.has_users():
        return page("accounts/setup.html", step=1, needs_code=not is_local())
    caller = visitor()
    if not caller.is_signed_in:
        return redirect("/login?next=/setup")
    if not caller.is_admin:
        return redirect("/")
    if request.args.get("step") != "done":
        return page("accounts/setup.html", step=2, kinds=_kinds(), libraries=library.libraries())
    found = catalog.title_cards(browse.recent(limit=FOUND, offset=0), language=language())
    if request.args.get("part") == "found":
        return page("accounts/found.html", found=found)
    return page("accounts/setup.html", step=3, found=found)


@admin_only
def activity() -> Response:
    sessions = playing_now(viewer())
    names = catalog.cards([one.media_id for one in sessions if one.media_id], language=language())
    hows = {
        "direct": gettext("Plays directly"),
        "remux": gettext("Original picture, repacked"),
        "transcode": gettext("Converted here"),
    }
    shown = [
        {
            "who": one.username or gettext("guest"),
            "what": _title(names.get(one.media_id or "")),
            "method": one.method,
            "how": hows.get(one.method, one.method),
            "position": one.position,
        }
        for one in sessions
    ]
    return _desk("activity", "admin/activity.html", gettext("Activity"), sessions=shown)


@admin_only
def libraries() -> Response:
    kinds = dict(_kinds())
    rows = [
        {
            "id": one.id,
            "name": one.name,
            "path": one.path,
            "kind_name": kinds.get(one.kind, one.kind),
            "scanned_at": one.scanned_at,
            "files": one.file_count,
        }
        for one in library.libraries()
    ]
    return _desk("libraries", "admin/libraries.html", gettext("Libraries"), libraries=rows, kinds=_kinds())


@admin_only
def problems() -> Response:
    number = max(1, number_asked("page", most=LAST_PAGE) or 1)
    rows, total = library.problems(library_id=None, kind=None, offset=(number - 1) * AT_ONCE, limit=AT_ONCE)
    words = {"broken": gettext("broken"), "refused": gettext("refused"), "doubtful": gettext("doubtful")}
    shown = [
        {"path": one.path, "reason": in_words(one.reason), "word": words[one.kind], "bad": one.kind != "doubtful"}
        for one in rows
    ]
    doubts, waiting = matching.doubtful(offset=(number - 1) * DOUBTS_AT_ONCE, limit=DOUBTS_AT_ONCE)
    is_more = number * AT_ONCE < total or number * DOUBTS_AT_ONCE < waiting
    return _desk(
        "problems",
        "admin/problems.html",
        gettext("Problems"),
        problems=shown,
        total=total,
        doubts=[_doubt(one) for one in doubts],
        waiting=waiting,
        next_url=f"/admin/problems?page={number + 1}" if is_more else "",
    )


@admin_only
def people() -> Response:
    rows, _total = accounts.users(offset=0, limit=PER_PAGE_LIMIT)
    shown = [
        {
            "id": one.id,
            "username": one.username,
            "role": one.role,
            "created_at": one.created_at,
            "disabled": one.disabled_at is not None,
        }
        for one in rows
    ]
    return _desk("people", "admin/people.html", gettext("People"), people=shown)


def _desk(desk: str, template: str, heading: str, **values: Any) -> Response:
    _rows, files = library.problems(library_id=None, kind=None, offset=0, limit=1)
    _doubts, titles = matching.doubtful(offset=0, limit=1)
    desks = [
        ("/admin/", gettext("Activity"), "activity", 0),
        ("/admin/libraries", gettext("Libraries"), "libraries", 0),
        ("/admin/problems", gettext("Problems"), "problems", files + titles),
        ("/admin/people", gettext("People"), "people", 0),
    ]
    return page(template, here="admin", desk=desk, desks=desks, heading=heading, **values)


def _kinds() -> list[tuple[str, str]]:
    return [
        ("mixed", gettext("Everything mixed")),
        ("movies", gettext("Movies")),
        ("shows", gettext("Shows")),
        ("anime", gettext("Anime")),
    ]


def _doubt(one: matching.Doubt) -> dict[str, Any]:
    candidates = [
        {**work, "reasons": "; ".join(map(in_words, work["reasons"]))} for work in one.candidates[:CANDIDATES_SHOWN]
    ]
    return {
        "media_id": one.media_id,
        "path": one.path,
        "said_name": one.said_name,
        "said_year": one.said_year,
        "reason": in_words(one.reason),
        "candidates": candidates,
    }


def _title(card: Any) -> str:
    if card is None:
        return ""
    return f"{card.show.title} · {card.title}" if card.show else str(card.title)
