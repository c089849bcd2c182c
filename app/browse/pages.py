"""Grids of titles, and the page of one."""

from __future__ import annotations

from typing import Any, Literal, get_args
from urllib.parse import urlencode

from flask import Flask, Response, request

from app.browse import queries, title_page
from app.browse.queries import Filter, Sort
from app.catalog import queries as catalog
from app.core.errors import NotFound
from app.core.media_id import parse_media_id
from app.personal import queries as personal
from app.web.inputs import number_asked
from app.web.security import signed_in, viewer
from app.web.templating import page
from app.web.turns import in_turn
from app.web.words import gettext, language

AT_ONCE = 60
FARTHEST = 1_000_000
RISING: tuple[Sort, ...] = ("name",)
"""Sorts that begin with the smallest; the others show the newest or best first."""


def init_app(app: Flask) -> None:
    app.add_url_rule("/movies", "movies_page", movies)
    app.add_url_rule("/shows", "shows_page", shows)
    app.add_url_rule("/anime", "anime_page", anime)
    app.add_url_rule("/title/<media_id>", "title_page", title)


@signed_in
@in_turn
def movies() -> Response:
    return _grid("movies", "movie", gettext("Movies"), gettext("No films yet"), anime=False)


@signed_in
@in_turn
def shows() -> Response:
    return _grid("shows", "show", gettext("Shows"), gettext("No series yet"), anime=False)


@signed_in
@in_turn
def anime() -> Response:
    kind: Literal["movie", "show"] = "movie" if request.args.get("kind") == "movie" else "show"
    return _grid("anime", kind, gettext("Anime"), gettext("No anime yet"), anime=True)


@signed_in
@in_turn
def title(media_id: str) -> Response:
    """A film, a show or an episode. Raises NotFound."""
    try:
        wanted = parse_media_id(media_id)
    except ValueError as error:
        raise NotFound("There is no such title.") from error
    season = number_asked("season")
    values = title_page.values(wanted, viewer().profile_id or 0, season)
    here = "movies" if wanted.kind == "movie" else "shows"
    return page("browse/title.html", here="anime" if values["media"].anime else here, **values)


def _grid(here: str, kind: Literal["movie", "show"], heading: str, empty: str, *, anime: bool) -> Response:
    chosen = _chosen()
    wanted = Filter(
        kind=kind,
        anime=anime,
        genre=chosen["genre"] or None,
        min_rating=float(chosen["min_rating"]) if chosen["min_rating"] else None,
        watched={"true": True, "false": False}.get(chosen["watched"]),
        profile_id=viewer().profile_id,
    )
    sort: Sort = chosen["sort"]
    offset = min(max(0, request.args.get("from", 0, type=int)), FARTHEST)
    ids, total = queries.page(wanted, sort=sort, descending=sort not in RISING, offset=offset, limit=AT_ONCE)
    cards = personal.dress(viewer().profile_id, catalog.title_cards(ids, language=language()))
    query = {name: value for name, value in chosen.items() if value and name != "any"}
    if here == "anime":
        query["kind"] = kind
    path = f"/{here}"
    next_url = _address(path, query, offset + AT_ONCE) if offset + AT_ONCE < total else ""
    if request.args.get("part") == "cards":
        return page("browse/cards.html", cards=cards, next_url=next_url)
    return page(
        "browse/grid.html",
        here=here,
        path=path,
        kind=kind,
        heading=heading,
        total=total,
        cards=cards,
        next_url=next_url,
        back_url=_address(path, query, max(0, offset - AT_ONCE)) if offset else "",
        chosen=chosen,
        sorts=_sorts(),
        genres=[one.name for one in catalog.genres()],
        letters=_letters(path, query, wanted, offset) if sort == "name" and total > AT_ONCE else [],
        empty_title=empty,
        empty_text=gettext("They appear here as soon as a scan finds them."),
    )


def _chosen() -> dict[str, Any]:
    """What the address asks for, anything unknown left out; `any` says whether something is filtered."""
    args = request.args
    sort = args.get("sort", "name")
    rating = args.get("min_rating", "")
    found: dict[str, Any] = {
        "sort": sort if sort in get_args(Sort) else "name",
        "genre": args.get("genre", "")[:64],
        "watched": args.get("watched", "") if args.get("watched") in {"true", "false"} else "",
        "min_rating": rating if rating in {"6", "7", "8"} else "",
    }
    found["any"] = bool(found["genre"] or found["watched"] or found["min_rating"])
    return found


def _sorts() -> list[tuple[str, str]]:
    return [
        ("name", gettext("Title A–Z")),
        ("added", gettext("Newest first")),
        ("year", gettext("Release year")),
        ("rating", gettext("Rating, best first")),
    ]


def _letters(path: str, query: dict[str, Any], wanted: Filter, offset: int) -> list[dict[str, Any]]:
    found = queries.letters(wanted)
    return [
        {"letter": letter, "href": _address(path, query, start), "current": start <= offset < start + count}
        for letter, count, start in found
    ]


def _address(path: str, query: dict[str, Any], offset: int) -> str:
    return f"{path}?{urlencode({**query, 'from': offset})}"
