"""The home page's rows: what somebody would most likely press next, each row with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.catalog import queries as catalog
from app.catalog.answers import Card
from app.core.access import Viewer
from app.personal import queries as personal
from app.web.inputs import Output
from app.web.words import gettext

ROW_LENGTH = 20
TRENDING = timedelta(days=14)


class Row(Output):
    """`id` is stable; `title` and `reason` are in the caller's language; `more` is the list it is the beginning of."""

    id: str
    title: str
    reason: str
    more: str | None = None
    items: list[Card]


class Home(Output):
    """Rows that have something to show, in order."""

    rows: list[Row]


def home(viewer: Viewer, *, now: datetime) -> Home:
    """The rows for this viewer; works are fetched once for all of them."""
    wanted = [*_own(viewer), *_everybodys(now)]
    media_ids = [media_id for _, found in wanted for media_id in found]
    cards = catalog.cards(media_ids, language=viewer.language)
    personal.dress(viewer.profile_id, list(cards.values()))
    for row, found in wanted:
        row.items = [cards[media_id] for media_id in dict.fromkeys(found) if media_id in cards]
    return Home(rows=[row for row, _ in wanted if row.items])


def _own(viewer: Viewer) -> list[tuple[Row, Sequence[str]]]:
    if viewer.profile_id is None:
        return []
    continuing = personal.latest_continuing(viewer.profile_id, ROW_LENGTH)
    next_up = personal.first_next_up(viewer.profile_id, ROW_LENGTH)
    listed, _ = personal.watchlist(viewer.profile_id, limit=ROW_LENGTH)
    return [
        (
            _row("continue", gettext("Continue watching"), gettext("You stopped in the middle"), "/history"),
            continuing,
        ),
        (
            _row("next", gettext("Next up"), gettext("The next episode of a show you follow")),
            [f"e{episode_id}" for episode_id in next_up],
        ),
        (_row("watchlist", gettext("My list"), gettext("You put these on your list"), "/list"), listed),
    ]


def _everybodys(now: datetime) -> list[tuple[Row, Sequence[str]]]:
    films = catalog.newest_titles(limit=ROW_LENGTH, kind="movie", anime=False)
    shows = catalog.newest_titles(limit=ROW_LENGTH, kind="show", anime=False)
    anime = catalog.newest_titles(limit=ROW_LENGTH, anime=True)
    trending, _ = personal.trending(now - TRENDING, limit=ROW_LENGTH)
    new = gettext("New on this server")
    return [
        (
            _row("recent_movies", gettext("Recently added films"), new, "/movies?sort=added"),
            films,
        ),
        (_row("recent_shows", gettext("Recently added shows"), new, "/shows?sort=added"), shows),
        (_row("recent_anime", gettext("Recently added anime"), new, "/anime?sort=added"), anime),
        (
            _row("trending", gettext("Watched here these days"), gettext("What people on this server watch")),
            catalog.media_ids(trending),
        ),
    ]


def _row(key: str, title: str, reason: str, more: str | None = None) -> Row:
    return Row(id=key, title=title, reason=reason, more=more, items=[])
