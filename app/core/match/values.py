"""What is known of a work on this side, what a provider offers, and what is concluded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["movie", "show"]
Place = tuple[int, float]
"""Season and number of an episode."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the files of one work say.

    `names` is what their paths call it, the surest first. `year` is None where no path states it. `runtimes` are
    seconds, one for each version of a film or each file of a show that holds one episode. `episodes` maps the places
    that are there to the name that the file gives the episode (None: it gives none). `absolute` are numbers through the
    whole show. `languages` are the audio's (ISO 639-1), `country` tells works of one name apart, `ids` are explicit.
    """

    kind: Kind
    names: tuple[str, ...]
    year: int | None = None
    is_anime: bool = False
    runtimes: tuple[float, ...] = ()
    episodes: Mapping[Place, str | None] = field(default_factory=dict)
    absolute: tuple[float, ...] = ()
    languages: tuple[str, ...] = ()
    country: str | None = None
    ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A work of a provider.

    `names` are its title and its original one, `other_names` every other that the provider lists. `runtimes` are
    minutes: a film's one, or those of a show's episodes. `seasons` maps a season's number to how many episodes it has,
    `episode_names` the places that are known by name; both are empty where they were not asked for. `years` are those
    of a show's seasons. `is_whole` says that the details were read, not only the line of a search's answer.
    """

    provider: str
    value: str
    kind: Kind
    names: tuple[str, ...]
    other_names: tuple[str, ...] = ()
    year: int | None = None
    years: frozenset[int] = frozenset()
    runtimes: tuple[float, ...] = ()
    language: str | None = None
    countries: tuple[str, ...] = ()
    popularity: float = 0.0
    is_anime: bool | None = None
    seasons: Mapping[int, int] = field(default_factory=dict)
    episode_names: Mapping[Place, str] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    overview: str | None = None
    poster: str | None = None
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate and how sure it is: `confidence` 0..1 is the share of what may be true that it holds."""

    candidate: Candidate
    weight: float
    confidence: float
    reasons: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """What is kept for a person to choose from."""
        one = self.candidate
        return {
            "provider": one.provider,
            "id": one.value,
            "kind": one.kind,
            "title": one.names[0] if one.names else "",
            "original_title": one.names[1] if len(one.names) > 1 else None,
            "year": one.year,
            "overview": one.overview,
            "poster": one.poster,
            "confidence": round(self.confidence, 3),
            "reasons": list(self.reasons),
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """`chosen` is the work; None where a person should say. `ranked` is best first."""

    chosen: Ranked | None
    ranked: tuple[Ranked, ...]
    reason: str
