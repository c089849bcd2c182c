"""Second readers for the names our own rules are unsure of: parsett, then guessit where parsett disagrees with us.

Measured on names that neither was tuned for, the two together are right more often than an unsure rule of ours, and
less often than a sure one: so they are asked only below a confidence, and believed only where they agree with each
other.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.core.identify import names
from app.core.identify.films import FOLDER_NAMES
from app.core.identify.values import Identification

UNSURE = {"movie": 0.7, "episode": 0.5, "season": 0.5, "show": 0.5}


@dataclass(frozen=True, slots=True)
class Opinion:
    title: str
    year: int | None
    season: int | None
    episodes: tuple[int, ...]


def weigh(found: Identification, stem: str, kind: str) -> Identification:
    """The finding, or what both second readers say instead where it is unsure."""
    if kind == "anime" or found.title is None or found.confidence > UNSURE.get(found.kind, 0.0):
        return found
    if FOLDER_NAMES in found.reasons or names.fold(found.title) not in names.fold(stem):
        return found  # the folders named it; the readers would see the file's name alone
    first = _parsett(stem)
    if first is None or _agrees(found, first):
        return replace(found, reasons=(*found.reasons, "parsett was asked"))
    other = _guessit(stem, kind)
    found = replace(found, reasons=(*found.reasons, "parsett and guessit were asked"))
    if other is None:
        return found
    theirs = names.fold(first.title)
    if theirs == names.fold(other.title) and not theirs.endswith(names.fold(found.title or "")):
        found = replace(
            found, title=first.title, year=found.year or first.year, confidence=0.6,
            reasons=(*found.reasons, "two other readers agree on the title"),
        )  # fmt: skip
    same_episodes = (first.season, first.episodes) == (other.season, other.episodes)
    if found.kind == "show" and first.episodes and same_episodes:
        found = replace(
            found, kind="episode", season=first.season, episodes=first.episodes, confidence=0.6,
            reasons=(*found.reasons, "two other readers agree on the episode"),
        )  # fmt: skip
    return found


def _agrees(found: Identification, opinion: Opinion) -> bool:
    same = names.fold(found.title or "") == names.fold(opinion.title)
    return same and (bool(found.episodes or found.absolute) or not opinion.episodes)


def _parsett(stem: str) -> Opinion | None:
    import PTT

    read: Mapping[str, Any] = PTT.parse_title(stem)
    title = read.get("title")
    if not title:
        return None
    seasons = read.get("seasons") or []
    year = read.get("year")
    return Opinion(
        str(title), int(year) if year else None, seasons[0] if seasons else None, tuple(read.get("episodes") or ())
    )


@functools.cache
def _guess() -> Any:
    from guessit.api import GuessItApi

    api = GuessItApi()
    api.configure({})
    return api


def _guessit(stem: str, kind: str) -> Opinion | None:
    read: Mapping[str, Any] = _guess().guessit(stem, {"type": "movie" if kind == "movies" else "episode"})
    title = read.get("title")
    if not isinstance(title, str):
        return None
    season, episodes = read.get("season"), read.get("episode")
    year = read.get("year")
    return Opinion(
        title,
        year if isinstance(year, int) else None,
        season[0] if isinstance(season, list) else season,
        tuple(episodes) if isinstance(episodes, list) else () if episodes is None else (episodes,),
    )
