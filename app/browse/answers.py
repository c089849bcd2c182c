"""A title's page and its sources as the API shows them."""

from __future__ import annotations

from typing import Literal

from app.catalog.answers import Card, PersonCredit
from app.library.files import MediaFileOut
from app.web.inputs import Output


class EpisodeCard(Card):
    """An episode in its show's list; `files` are ids of the title's `files`."""

    file_ids: list[int]


class SeasonOut(Output):
    """A season and its episodes that are there; number 0 holds specials."""

    number: int
    name: str | None = None
    overview: str | None = None
    episodes: list[EpisodeCard]


class MediaOut(Card):
    """Everything about one work.

    `titles` maps languages (and `original`) to names. `play` is the media id that Play starts: the film, the episode
    itself, or of a show the episode to go on with. `files` are a film's or an episode's, or those of all episodes.
    `previous` and `next` are an episode's neighbours.
    """

    ids: dict[str, str]
    titles: dict[str, str]
    genres: list[str]
    cast: list[PersonCredit]
    seasons: list[SeasonOut]
    files: list[MediaFileOut]
    play: str | None = None
    previous: str | None = None
    next: str | None = None
    my_rating: float | None = None
    listed: bool = False


class ScoreParts(Output):
    """What a score is made of, each 0..1; weighted 0.3, 0.25, 0.2, 0.15, 0.1."""

    quality: float
    speed: float
    availability: float
    subtitles: float
    audio: float


class SourceOut(Output):
    """One thing that could be played."""

    kind: Literal["file"]
    media_file_id: int
    label: str
    score: float
    parts: ScoreParts
    file: MediaFileOut


class SourcesOut(Output):
    """Sources of one work, best first."""

    items: list[SourceOut]


class Letter(Output):
    """An initial of a list sorted by name: how many names it has and how many come before (`#` is everything else)."""

    letter: str
    count: int
    offset: int


class Letters(Output):
    """The letter jump of a list."""

    items: list[Letter]


class PersonWork(Output):
    """What somebody did in a title."""

    job: str
    character: str | None = None
    media: Card
