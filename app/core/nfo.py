"""NFO files, which Kodi, Jellyfin, Emby and tinyMediaManager write beside films: which of them tells of what, and how
what it tells meets what a provider tells.

Pure. Reading such a file is `adapters.nfo`'s, finding them in a library `library.nfos`'.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from app.core.identify.folders import is_season
from app.core.match import Evidence
from app.core.metadata import EpisodeFacts, Part, SeasonFacts, WorkFacts
from app.core.query import compact, fold

PROVIDER = "nfo"
REASON = "its NFO file says so"
BY_ID = "its NFO file names it by its id"
STRONGEST = ("tmdb", "imdb", "tvdb")
UNTOLD = -1
"""The season or number of an episode whose file does not tell it."""
FILM, SHOW = "movie.nfo", "tvshow.nfo"
_PART = re.compile(r"[\s._-]+(?:cd|dvd|dis[ck]|part|pt)[\s._-]*\d{1,2}$", re.IGNORECASE)


class BrokenNfo(Exception):
    """The file cannot be read as what it is; the message says why, for a person."""


@dataclass(frozen=True, slots=True)
class Nfo:
    """What one file tells.

    `kind` is None where it is an address alone. `work` has an empty name where none is told; `episodes` are those of
    the file in their order, their places UNTOLD (-1) where the file does not say. `is_locked`: no provider should add.
    """

    kind: Literal["movie", "show", "episode"] | None
    work: WorkFacts | None = None
    episodes: tuple[EpisodeFacts, ...] = ()
    ids: Mapping[str, str] = field(default_factory=dict)
    is_locked: bool = False

    @property
    def says_something(self) -> bool:
        return bool(self.work or self.episodes or self.ids)


NOTHING = Nfo(None)


# which file belongs to what


def beside(name: str) -> Iterator[str]:
    """Names of the file that tells of this media file alone, the best first."""
    stem = name.rpartition(".")[0] or name
    for one in dict.fromkeys((stem, _PART.sub("", stem))):
        yield from _spelt(f"{one}.nfo")


def of_film(name: str, *, is_alone: bool) -> Iterator[str]:
    """Names, in a film's folder, of the file that tells of it; `is_alone`: the folder holds no other work."""
    yield from beside(name)
    if is_alone:
        yield from _spelt(FILM)


def of_show(folder: str) -> Iterator[tuple[str, str]]:
    """Folders and names of the file that tells of the show whose episode lies in `folder` (relative to the library,
    whose own folder is nobody's): the folder itself, and those above it as far as seasons lead."""
    place = folder
    for _ in range(3):
        if not place:
            return
        for name in _spelt(SHOW):
            yield place, name
        above, _, own = place.rpartition("/")
        outer = above.rpartition("/")[2]
        if not is_season(own) and not (place == folder and outer and is_season(outer)):
            return
        place = above


def tells_of_a_show(name: str) -> bool:
    return name.casefold() == SHOW


def tells_of_a_folder(name: str) -> bool:
    """Whether it may tell of whatever lies in its folder, under any name."""
    return name.casefold() in {FILM, SHOW}


def tells_of(name: str, media: str) -> bool:
    """Whether a file of this name may tell of that media file, which lies in the same folder."""
    return tells_of_a_folder(name) or name.casefold() in {one.casefold() for one in beside(media)}


def _spelt(name: str) -> tuple[str, str]:
    """As programs write it, and as DOS did."""
    return name, f"{name.rpartition('.')[0]}.NFO"


def episodes_in_order(
    told: Sequence[EpisodeFacts], places: Sequence[tuple[int, int, float]]
) -> dict[int, EpisodeFacts]:
    """Which of the episodes that a file holds (id, season, number; in their order) each told one is: by its place,
    else, where there are as many of each, by its turn."""
    known = {(one.season, one.number): one for one in told}
    found = {key: known[season, number] for key, season, number in places if (season, number) in known}
    if not found and len(told) == len(places):
        found = {key: one for (key, _, _), one in zip(places, told, strict=True)}
    return found


# how it meets what else is known


def contradicts(nfo: Nfo, ids: Mapping[str, str]) -> bool:
    """Whether it names another work than these ids do. The strongest id that both have decides: databases err about
    what others call a work."""
    both = [one for one in (*STRONGEST, *sorted(nfo.ids)) if one in nfo.ids and one in ids]
    return bool(both) and nfo.ids[both[0]] != ids[both[0]]


def agrees(nfo: Nfo, ids: Mapping[str, str]) -> bool:
    """Whether it names by an id the very work that these ids name."""
    return any(ids.get(provider) == value for provider, value in nfo.ids.items()) and not contradicts(nfo, ids)


def widen(evidence: Evidence, nfo: Nfo) -> Evidence:
    """What the files say together with what the NFO says: its names first, its year, its ids. Where its ids are others
    than those known, its own count alone."""
    work = nfo.work
    names = [name for name in (work.name, work.original_name) if name] if work else []
    return replace(
        evidence,
        names=tuple(dict.fromkeys((*names, *evidence.names))),
        year=(work.year if work else None) or evidence.year,
        ids=dict(nfo.ids) if contradicts(nfo, evidence.ids) else {**evidence.ids, **nfo.ids},
    )


def alone(nfo: Nfo, kind: Literal["movie", "show"], title_id: int) -> WorkFacts | None:
    """The work as the NFO alone tells it; None where it tells nothing. Without an id the title stands for itself."""
    if nfo.work is None and not nfo.ids:
        return None
    strongest = next((f"{one}:{nfo.ids[one]}" for one in STRONGEST if one in nfo.ids), f"#{title_id}")
    work = nfo.work or WorkFacts(PROVIDER, "", kind, "")
    return replace(work, provider=PROVIDER, value=strongest[:64], kind=kind, ids=nfo.ids)


def joined(nfo: Nfo, found: WorkFacts, *, wins: bool) -> WorkFacts:
    """What a provider tells with what the NFO tells. The NFO's texts, genres and people win, or fill what the provider
    does not tell; what ages (rating, popularity) is the provider's. A locked NFO leaves nothing for the provider to
    say but ids, pictures and seasons.
    """
    told = nfo.work
    if told is None:
        return found
    if nfo.is_locked and wins:
        found = _without_texts(found)
    first, second = (told, found) if wins else (found, told)
    name = first.name or second.name
    is_own = bool(told.name) and wins and not _knows(found, told.name)
    names = (found.name, found.original_name, *found.other_names, *(_names(found.localized)))
    return replace(
        found,
        name=name,
        original_name=first.original_name or second.original_name,
        localized={} if is_own else found.localized,
        other_names=tuple(dict.fromkeys(one for one in (*names, told.name, told.original_name) if one and one != name)),
        sort_name=first.sort_name or second.sort_name,
        year=first.year or second.year,
        overview=first.overview or second.overview,
        rating=found.rating if found.rating is not None else told.rating,
        runtime_min=found.runtime_min or told.runtime_min,
        genres=first.genres or second.genres,
        people=_with_portraits(told.people, found.people) if wins and told.people else found.people or told.people,
        collection=first.collection or second.collection,
        ids={**told.ids, **nfo.ids, **found.ids},
        seasons=_seasons(first.seasons, second.seasons, found.seasons),
    )


def _without_texts(found: WorkFacts) -> WorkFacts:
    return replace(
        found,
        name="",
        original_name=None,
        localized={},
        other_names=(found.name, *found.other_names),
        year=None,
        overview=None,
        rating=None,
        genres=(),
        people=(),
        collection=None,
    )


def _knows(found: WorkFacts, name: str) -> bool:
    """Whether the provider calls the work that in any language: then its other languages stay as they are."""
    names = (found.name, found.original_name or "", *found.other_names, *_names(found.localized))
    return compact(name) in {compact(one) for one in names if one}


def _names(localized: Mapping[str, Mapping[str, str]]) -> list[str]:
    return [texts["name"] for texts in localized.values() if texts.get("name")]


def _with_portraits(people: Iterable[Part], known: Iterable[Part]) -> tuple[Part, ...]:
    pictures = {fold(one.name): one.portrait for one in known if one.portrait}
    return tuple(replace(one, portrait=pictures.get(fold(one.name)) or one.portrait) for one in people)


def _seasons(
    first: Iterable[SeasonFacts], second: Iterable[SeasonFacts], counted: Iterable[SeasonFacts]
) -> tuple[SeasonFacts, ...]:
    """The first's names, else the second's; how many episodes there are, and which, as the provider counts."""
    ahead, behind = ({one.number: one for one in some} for some in (first, second))
    whole = {one.number: one for one in counted}
    seasons = []
    for number in sorted({*ahead, *behind}):
        one, other = ahead.get(number) or behind[number], behind.get(number) or ahead[number]
        base = whole.get(number) or one
        seasons.append(replace(base, name=one.name or other.name, overview=one.overview or other.overview))
    return tuple(seasons)
