"""The first page: what one would most likely press next, then rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Flask, Response

from app.adapters import clock
from app.catalog.answers import Card
from app.home.rows import Row
from app.home.rows import home as home_rows
from app.personal import queries as personal
from app.web.security import signed_in, viewer
from app.web.templating import page
from app.web.turns import in_turn
from app.web.words import gettext, language

WIDE = frozenset({"continue", "next"})


def init_app(app: Flask) -> None:
    app.add_url_rule("/", "home_page", home)


@signed_in
@in_turn
def home() -> Response:
    """A stranger comes to the door first, and from there, on a new server, to its set-up."""
    rows = home_rows(replace(viewer(), language=language()), now=clock.now()).rows
    shown = [
        {"title": row.title, "cards": row.items, "why": _why(row), "href": row.more or "", "wide": row.id in WIDE}
        for row in rows
    ]
    return page("home/home.html", here="home", hero=_hero(rows), rows=shown)


def _why(row: Row) -> str:
    """The reason, where the title does not say it already."""
    return row.reason if row.id == "trending" else ""


def _hero(rows: list[Row]) -> dict[str, Any] | None:
    """The first thing of the first row that has a large picture; what is begun is preferred to what is new."""
    kickers = {"continue": gettext("Carry on where you were"), "next": gettext("Next for you")}
    for row in rows:
        for card in row.items[:8]:
            play = _playable(card)
            if play and (card.artwork.get("backdrop") or row.id in WIDE):
                return {"card": card, "kicker": kickers.get(row.id, gettext("New here")), "play": play}
    return None


def _playable(card: Card) -> str:
    """What Play starts: the work itself, or the show's next episode."""
    if not card.available:
        return ""
    if card.kind != "show":
        return card.media_id
    episode = personal.next_of_show(viewer().profile_id or 0, int(card.media_id[1:]))
    return f"e{episode.id}" if episode else ""
