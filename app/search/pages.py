"""The search page, and the part of it that changes while somebody types."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, request

from app.catalog import queries as catalog
from app.catalog.answers import Card
from app.personal import queries as personal
from app.search import queries
from app.search.queries import Narrowing
from app.web.security import signed_in, viewer
from app.web.templating import page
from app.web.turns import in_turn
from app.web.words import gettext, language

SHOWN = 60
IN_A_GROUP = 8
ALPHABETS = {"en": "abcdefghijklmnopqrstuvwxyz1234567890", "ru": "абвгдежзийклмнопрстуфхцчшщъыьэюя1234567890"}


def init_app(app: Flask) -> None:
    app.add_url_rule("/search", "search_page", search)


@signed_in
@in_turn
def search() -> Response:
    words = request.args.get("q", "").strip()[:200]
    found = _found(words) if words else []
    values: dict[str, Any] = {
        "q": words,
        "columns": _columns(found),
        "total": len(found),
        "nearest": [],
        "corrected": "",
    }
    if request.args.get("part") == "results":
        return page("search/results.html", **values)
    return page("search/search.html", here="search", letters=ALPHABETS[language()], **values)


def _found(words: str) -> list[Card]:
    ids = [hit.media_id for hit in queries.search(words, Narrowing(profile_id=viewer().profile_id))[:SHOWN]]
    known = catalog.cards(ids, language=language())
    return personal.dress(viewer().profile_id, [known[one] for one in ids if one in known])


def _columns(cards: list[Card]) -> list[list[dict[str, Any]]]:
    """Titles on the left, episodes on the right; a column without anything is left out."""

    def group(title: str, kind: str, *, wide: bool = False) -> list[dict[str, Any]]:
        own = [card for card in cards if card.kind == kind][:IN_A_GROUP]
        return [{"title": title, "cards": own, "wide": wide}] if own else []

    titles = [group(gettext("Movies"), "movie"), group(gettext("Shows"), "show")]
    first = next((card.kind for card in cards if card.kind != "episode"), "movie")
    if first == "show":
        titles.reverse()
    columns = [[*titles[0], *titles[1]], group(gettext("Episodes"), "episode", wide=True)]
    return [column for column in columns if column]
