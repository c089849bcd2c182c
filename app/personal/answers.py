"""Personal records as the API shows them."""

from __future__ import annotations

from typing import Any

from app.catalog.answers import Card
from app.web.inputs import Moment, Output


class HistoryItem(Output):
    """One sitting: `position` is how far it went, in seconds."""

    id: int
    media_id: str
    started_at: Moment
    ended_at: Moment
    position: float
    media: Card | None = None


class RatingOut(Output):
    """The caller's own rating, 0 to 10."""

    media_id: str
    rating: float


class WatchedOut(Output):
    """Whether the caller has seen it."""

    media_id: str
    watched: bool


class ListedOut(Output):
    """Whether it is on the caller's watch list."""

    media_id: str
    listed: bool


class PlaylistOut(Output):
    """A playlist without its items."""

    id: int
    name: str
    description: str | None = None
    count: int
    created_at: Moment
    updated_at: Moment


class PlaylistItemOut(Output):
    """One entry; `id` names it, since a work may stand in a list twice."""

    id: int
    media_id: str
    media: Card | None = None


class PlaylistWithItems(PlaylistOut):
    """A playlist and everything on it, in order."""

    items: list[PlaylistItemOut]


class PreferencesOut(Output):
    """The profile's settings by name; what is absent has its default."""

    preferences: dict[str, Any]
