"""Search: at most some hundred unranked candidates from the database, ranked here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, Text, cast, select

from app.catalog.models import Episode, Title
from app.catalog.queries import title_media_id
from app.core.query import query_tokens
from app.core.ranking import Asked, Spelling, asked, likeness, likeness_of_name, rank, spelling
from app.extensions import db, read
from app.search.backends import MOST, Scope, SearchBackend, backend
from app.search.expression import Expression
from app.search.plan import Plan, plan

CANDIDATES = 300
WIDE_CANDIDATES = 600
EPISODE_CANDIDATES = 80
FILLERS = 100
GOOD = 0.9  # a score: all that was typed is there
WHOLE = 1.4  # the name itself was typed
ENOUGH = 5
EPISODE_COST = 0.15
WIDE_COST = 0.3


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Which titles may be found. `kind` is movie, show or episode; None is everything."""

    kind: str | None = None
    genre: str | None = None
    year: int | None = None
    min_rating: float | None = None
    anime: bool | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """On `Title`, beyond availability."""
        found: list[ColumnElement[bool]] = []
        if self.kind in {"movie", "show"}:
            found.append(Title.kind == self.kind)
        if self.genre is not None:
            found.append(Title.has_genre(self.genre))
        if self.year is not None:
            found.append(Title.year == self.year)
        if self.min_rating is not None:
            found.append(Title.rating >= self.min_rating)
        if self.anime is not None:
            found.append(Title.is_anime == self.anime)
        return found


class Hit(NamedTuple):
    """A work and how well it answers. `media_id` as everywhere."""

    media_id: str
    score: float


def search(query: str, narrowing: Narrowing) -> list[Hit]:
    """What answers the query, best first; at most about 680. Empty when nothing does.

    Asks three times at most, each wider than the one before, and only while there is too little and nobody has typed
    a whole name: as typed with unknown words corrected, every word with its neighbours, and all words but one. Where
    something good is found already, what is added is company for it, and a hundred candidates are enough.
    """
    found = plan(query)
    if found is None:
        return []
    finder = _Finder(backend(db.session()), narrowing)
    hits: dict[str, Hit] = {}
    question = _question(query, found, wide=False)
    for hit in finder.find(found.as_typed(), question, limit=CANDIDATES):
        hits[hit.media_id] = hit
    if not _is_enough(hits):
        found.look_around()
        wider = _question(query, found, wide=True)
        for widen in (found.with_neighbours, found.all_but_one):
            expression = None if _is_enough(hits) else widen()
            if expression is not None:
                limit = WIDE_CANDIDATES if _best(hits) < GOOD else FILLERS
                for hit in finder.find(expression, wider, limit=limit):
                    hits.setdefault(hit.media_id, Hit(hit.media_id, hit.score - WIDE_COST))
    return sorted(hits.values(), key=lambda hit: (-hit.score, hit.media_id))


def _best(hits: Mapping[str, Hit]) -> float:
    return max([hit.score for hit in hits.values()], default=0.0)


def _is_enough(hits: Mapping[str, Hit]) -> bool:
    """There is something to choose from, or somebody typed a whole name."""
    return len(hits) >= ENOUGH or _best(hits) >= WHOLE


@dataclass(frozen=True, slots=True)
class _Finder:
    backend: SearchBackend
    narrowing: Narrowing

    def find(self, expression: Expression, question: Asked, *, limit: int) -> list[Hit]:
        hits: list[Hit] = []
        if self.narrowing.kind != "episode":
            hits += self._titles(expression, question, limit)
        if self.narrowing.kind in {None, "episode"}:
            hits += self._episodes(expression, question, min(limit, EPISODE_CANDIDATES))
        return hits

    def _titles(self, expression: Expression, question: Asked, limit: int) -> Iterable[Hit]:
        rows = self._rows("titles", expression, limit)
        for key, kind, name, original, localized, year, popularity in rows:
            best = max([likeness(question, one, year=year) for one in _spellings(name, original, localized)])
            yield Hit(title_media_id(kind, key), rank(best, popularity=popularity, is_owned=True))

    def _episodes(self, expression: Expression, question: Asked, limit: int) -> Iterable[Hit]:
        rows = self._rows("episodes", expression, limit)
        shows = {show: likeness_of_name(question, show) for show in {row[2] for row in rows}}
        for episode_id, name, show, popularity in rows:
            best = likeness_of_name(question, name or "")
            if best and shows[show]:  # each has some of the words
                best = max(best, likeness_of_name(question, f"{name} {show}"))
            if best <= shows[show]:
                continue  # the show answers as well, and stands in the list itself
            yield Hit(f"e{episode_id}", rank(best, popularity=popularity, is_owned=True) - EPISODE_COST)

    def _rows(self, scope: Scope, expression: Expression, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
        conditions = self.narrowing.conditions()
        candidates = _candidates(self.backend, scope, is_limited=not conditions)
        if conditions:
            candidates = candidates.where(*conditions)
        return read(candidates, {"words": self.backend.words(expression), "most": limit})


@cache
def _candidates(backend: SearchBackend, scope: Scope, *, is_limited: bool) -> Select[*tuple[Any, ...]]:
    """What is ranked. Where titles are narrowed down every match is looked at: the first ones may all be others."""
    ids = backend.matching(scope, is_limited=is_limited)
    if scope == "titles":
        return (
            select(
                Title.id,
                Title.kind,
                Title.name,
                Title.original_name,
                cast(Title.localized, Text).label("localized"),
                Title.year,
                Title.popularity,
            )
            .where(Title.id.in_(ids), Title.file_count > 0)
            .limit(MOST)
        )
    return (
        select(Episode.id, Episode.name, Title.name, Title.popularity)
        .join(Title, Title.id == Episode.title_id)
        .where(Episode.id.in_(ids), Episode.file_count > 0)
        .limit(MOST)
    )


@lru_cache(maxsize=32768)
def _spellings(name: str, original: str | None, localized: str) -> tuple[Spelling, ...]:
    """What a title is called, in any language; `localized` is JSON as it is stored, read once while it is asked for."""
    texts = json.loads(localized).values() if localized else ()
    names = {name, original or name, *(str(one["name"]) for one in texts if one.get("name"))}
    return tuple(spelling(one) for one in names)


def _question(query: str, found: Plan, *, wide: bool) -> Asked:
    alike = [{**token.neighbours, **token.likeness} if wide else token.likeness for token in found.tokens]
    typed = query_tokens(query)
    return asked(query, alike, typed[-1][-1] if typed else "")
