"""What a person keeps: the list, the history, playlists, settings."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import Flask, Response, request

from app.accounts import queries as accounts
from app.adapters import clock
from app.catalog import queries as catalog
from app.personal import queries
from app.web.inputs import LAST_PAGE, PER_PAGE_LIMIT, number_asked
from app.web.phrases import day
from app.web.security import signed_in, viewer
from app.web.templating import page
from app.web.turns import in_turn
from app.web.words import LANGUAGES, language

AT_ONCE = 60


def init_app(app: Flask) -> None:
    app.add_url_rule("/list", "list_page", watchlist)
    app.add_url_rule("/history", "history_page", history)
    app.add_url_rule("/playlists", "playlists_page", playlists)
    app.add_url_rule("/settings", "settings_page", settings)


@signed_in
@in_turn
def watchlist() -> Response:
    number = max(1, number_asked("page", most=LAST_PAGE) or 1)
    ids, total = queries.watchlist(_profile(), offset=(number - 1) * AT_ONCE, limit=AT_ONCE)
    known = catalog.cards(ids, language=language())
    cards = queries.dress(_profile(), [known[one] for one in ids if one in known])
    next_url = f"/list?page={number + 1}" if number * AT_ONCE < total else ""
    if request.args.get("part") == "cards":
        return page("browse/cards.html", cards=cards, next_url=next_url)
    return page("personal/list.html", here="list", cards=cards, total=total, next_url=next_url)


@signed_in
@in_turn
def history() -> Response:
    number = max(1, number_asked("page", most=LAST_PAGE) or 1)
    rows, total = queries.history(_profile(), offset=(number - 1) * AT_ONCE, limit=AT_ONCE)
    known = catalog.cards({row.media_id for row in rows}, language=language())
    queries.dress(_profile(), list(known.values()))
    entries: list[dict[str, Any]] = [
        {"id": row.id, "media_id": row.media_id, "media": known[row.media_id], "day": day(row.ended_at)}
        for row in rows
        if row.media_id in known
    ]
    days = [(name, list(found)) for name, found in groupby(entries, key=lambda entry: entry["day"])]
    next_url = f"/history?page={number + 1}" if number * AT_ONCE < total else ""
    return page("personal/history.html", here="history", days=days, next_url=next_url)


@signed_in
@in_turn
def playlists() -> Response:
    chosen = number_asked("id")
    if chosen is None:
        rows, _total = queries.playlists(_profile(), offset=0, limit=PER_PAGE_LIMIT)
        shown = [{"id": one.id, "name": one.name, "count": count} for one, count in rows]
        return page("personal/playlists.html", here="playlists", current=None, playlists=shown)
    found = queries.playlist(_profile(), chosen)
    rows_of = queries.playlist_items(found.id)
    known = catalog.cards({media_id for _id, media_id in rows_of}, language=language())
    queries.dress(_profile(), list(known.values()))
    items = [{"id": item_id, "media": known.get(media_id)} for item_id, media_id in rows_of]
    current = {"id": found.id, "name": found.name, "count": len(items), "entries": items}
    return page("personal/playlists.html", here="playlists", current=current, playlists=[])


@signed_in
def settings() -> Response:
    caller = viewer()
    rows, _total = accounts.live_sign_ins(caller.user_id or 0, offset=0, limit=50, now=clock.now())
    sessions = [
        {"id": row.id, "device": row.device, "seen_at": row.seen_at, "current": row.id == caller.sign_in_id}
        for row in rows
    ]
    return page("personal/settings.html", here="settings", languages=LANGUAGES, sessions=sessions)


def _profile() -> int:
    found = viewer().profile_id
    if found is None:  # an account has a profile from its first moment; a key without one has no pages
        raise LookupError("this account has no profile")
    return found
