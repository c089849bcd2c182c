"""The first page: what one would most likely press next, then rows."""

from __future__ import annotations

from typing import Any

from flask import Flask, redirect
from werkzeug.wrappers import Response

from app.accounts import queries as accounts
from app.catalog import queries as catalog
from app.catalog.answers import Card
from app.personal import queries as personal
from app.web.security import signed_in, viewer
from app.web.templating import page
from app.web.words import gettext, language, visitor

IN_A_ROW = 24


def init_app(app: Flask) -> None:
    app.add_url_rule("/", "home_page", home)


def home() -> Response:
    """A new server leads to its set-up, a stranger to the door."""
    if not visitor().is_signed_in and not accounts.has_users():
        return redirect("/setup")
    return _home()


@signed_in
def _home() -> Response:
    profile_id = viewer().profile_id or 0
    rows = [row for row in _rows(profile_id) if row["cards"]]
    return page("home/home.html", here="home", hero=_hero(rows), rows=rows)


def _rows(profile_id: int) -> list[dict[str, Any]]:
    going_on, _ = personal.continuing(profile_id, limit=IN_A_ROW)
    upcoming, _ = personal.next_up(profile_id, limit=IN_A_ROW)
    listed, _ = personal.watchlist(profile_id, limit=IN_A_ROW)
    return [
        _row("continue", gettext("Continue watching"), going_on, wide=True, href="/history"),
        _row("next", gettext("Next up"), [f"e{one}" for one in upcoming], wide=True),
        _row("list", gettext("My list"), listed, href="/list"),
    ]


def _row(name: str, title: str, media_ids: list[str], *, wide: bool = False, href: str = "") -> dict[str, Any]:
    known = catalog.cards(media_ids, language=language())
    cards = personal.dress(viewer().profile_id, [known[one] for one in media_ids if one in known])
    return {"name": name, "title": title, "cards": cards, "wide": wide, "href": href, "why": ""}


def _hero(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The first thing of the first row, if it can be shown large."""
    kickers = {"continue": gettext("Carry on where you were"), "next": gettext("Next for you")}
    for row in rows:
        card: Card = row["cards"][0]
        if card.kind == "show" or not card.available:
            continue
        kicker = kickers.get(row["name"], gettext("New here"))
        return {"card": card, "kicker": kicker, "play": card.media_id}
    return None
