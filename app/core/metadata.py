"""What a provider tells of a work, in one form whoever it comes from. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

PictureKind = Literal["poster", "backdrop", "logo", "still", "portrait"]


@dataclass(frozen=True, slots=True)
class RemotePicture:
    """A picture that can be fetched: a whole URL, its size in pixels where told, its language (None: no words)."""

    kind: PictureKind
    url: str
    width: int | None = None
    height: int | None = None
    language: str | None = None
    votes: float = 0.0


@dataclass(frozen=True, slots=True)
class Part:
    """Who did what. `job`: actor, director, writer, creator; `value` is what the provider calls the person."""

    name: str
    job: str
    value: str
    character: str | None = None
    order: int = 0
    portrait: str | None = None


@dataclass(frozen=True, slots=True)
class EpisodeFacts:
    """One episode as the provider counts. `runtime_min` is None where it is not told."""

    season: int
    number: float
    name: str | None = None
    overview: str | None = None
    air_date: date | None = None
    runtime_min: float | None = None
    still: str | None = None
    localized: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SeasonFacts:
    number: int
    name: str | None = None
    overview: str | None = None
    episode_count: int = 0
    episodes: tuple[EpisodeFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkFacts:
    """A film or a show.

    `localized` maps a language (`en`, `pt-BR`) to its `name` and `overview`; `other_names` are all further names that
    somebody may search for. `rating` is 0..10. `collection` is the provider's id and the name. An empty `name` is one
    that is not told; `sort_name` is told only where it is not what the name would give.
    """

    provider: str
    value: str
    kind: Literal["movie", "show"]
    name: str
    original_name: str | None = None
    original_language: str | None = None
    localized: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    other_names: tuple[str, ...] = ()
    sort_name: str | None = None
    year: int | None = None
    overview: str | None = None
    rating: float | None = None
    popularity: float = 0.0
    runtime_min: float | None = None
    genres: tuple[str, ...] = ()
    people: tuple[Part, ...] = ()
    collection: tuple[str, str] | None = None
    ids: Mapping[str, str] = field(default_factory=dict)
    pictures: tuple[RemotePicture, ...] = ()
    seasons: tuple[SeasonFacts, ...] = ()
    is_anime: bool = False
