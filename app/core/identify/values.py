"""The answer of identification, and its JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Identification:
    """What a path says about the work in the file.

    `kind`: `movie`; `episode` (one or several); `season` (a folder or file that holds a whole season); `show` (no
    season and no episode is named); `extra` (`extra` says of which sort, `title` of what); `none` (no work is named:
    ask a person). `title` is the film's or the show's name without year. `season` 0 holds specials. `episodes` are
    numbers within the season (12.5 for a special between two); `absolute` counts through the whole show, as anime
    does: a row has one of the two unless the name states both. `date` is ISO 8601, for shows numbered by day. `part`
    is the place of a file in a film cut in several (1 = first). `ids` maps a provider (`tmdb`, `imdb`, `tvdb`,
    `anidb`, …) to what it calls the work, where the path says it outright. `languages` are ISO 639-1 audio languages
    that the name states. `format_3d`: `sbs`, `hsbs`, `ou`, `hou`, `mvc` or `3d`. `year_of_release`: the `year` stood
    behind a season or an episode, so it may be that season's and never tells two shows apart. `country` tells shows
    of one name apart (`US` in `The Office US`). `confidence` 0..1; `reasons` are short English phrases.
    """

    path: str
    kind: str
    title: str | None = None
    year: int | None = None
    season: int | None = None
    episodes: tuple[int | float, ...] = ()
    absolute: tuple[int | float, ...] = ()
    date: str | None = None
    edition: str | None = None
    part: int | None = None
    extra: str | None = None
    is_sample: bool = False
    ids: Mapping[str, str] = field(default_factory=dict)
    episode_title: str | None = None
    languages: tuple[str, ...] = ()
    format_3d: str | None = None
    country: str | None = None
    year_of_release: bool = False
    confidence: float = 0.0
    reasons: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The object that `flask identify` prints: every field, tuples as lists."""
        return {
            "path": self.path,
            "kind": self.kind,
            "title": self.title,
            "year": self.year,
            "season": self.season,
            "episodes": list(self.episodes),
            "absolute": list(self.absolute),
            "date": self.date,
            "edition": self.edition,
            "part": self.part,
            "extra": self.extra,
            "sample": self.is_sample,
            "ids": dict(self.ids),
            "episode_title": self.episode_title,
            "languages": list(self.languages),
            "format_3d": self.format_3d,
            "country": self.country,
            "confidence": self.confidence,
            "reasons": list(self.reasons),
        }
