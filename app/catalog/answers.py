"""Works as the API shows them."""

from __future__ import annotations

from datetime import date
from typing import Literal

from app.web.inputs import Moment, Output


class Picture(Output):
    """One picture: `url` takes `?w=`; `thumbhash` (base64) and `tint` (`"r,g,b"`) stand in until it arrives."""

    url: str
    width: int
    height: int
    thumbhash: str | None = None
    tint: str | None = None


class ProgressOut(Output):
    """Where the caller is in a film or an episode, in seconds; `resume_at` is 0 when there is nothing to resume."""

    position: float
    duration: float | None = None
    resume_at: float
    watched: bool
    watched_at: Moment | None = None
    updated_at: Moment


class SeenOut(Output):
    """How much of a show the caller has seen, of the episodes that are there."""

    episodes: int
    watched: int


class ShowOut(Output):
    """The show that an episode belongs to."""

    media_id: str
    title: str
    year: int | None = None
    anime: bool


class Card(Output):
    """A work as lists and rows show it. `show`, `season`, `number`, `absolute` and `air_date` are an episode's."""

    media_id: str
    kind: Literal["movie", "show", "episode"]
    title: str
    original_title: str | None = None
    year: int | None = None
    anime: bool
    overview: str | None = None
    rating: float | None = None
    popularity: float = 0.0
    runtime: float | None = None
    artwork: dict[str, Picture]
    added_at: Moment
    available: bool
    show: ShowOut | None = None
    season: int | None = None
    number: float | None = None
    absolute: float | None = None
    air_date: date | None = None
    progress: ProgressOut | None = None
    seen: SeenOut | None = None


class PersonCredit(Output):
    """Who did what in a title."""

    person_id: int
    name: str
    job: str
    character: str | None = None
    picture: Picture | None = None


class GenreOut(Output):
    """A genre and how many playable titles it has."""

    id: int
    name: str
    count: int


class CollectionOut(Output):
    """A collection and how many playable titles it has."""

    id: int
    name: str
    overview: str | None = None
    artwork: dict[str, Picture]
    count: int
