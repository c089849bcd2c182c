"""Search: at most some hundred unranked candidates from the database, ranked here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select

from app.catalog.models import Episode, Genre, Title, TitleGenre
from app.core.query import query_tokens
from app.core.ranking import Asked, asked, likeness_of_name, rank
from app.extensions import db
from app.search.backends import SearchBackend, backend
from app.search.expression import Expression
from app.search.plan import Plan, plan

CANDIDATES = 600
EPISODE_CANDIDATES = 200
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
            found.append(
                Title.id.in_(
                    select(TitleGenre.title_id)
                    .join(Genre, Genre.id == TitleGenre.genre_id)
                    .where(Genre.name == self.genre)
                )
            )
        if self.year is not None:
            found.append(Title.year == self.year)
        if self.min_rating is not None:
            found.append(Title.rating >= self.min_rating)
        if self.anime is not None:
            found.append(Title.is_anime == self.anime)
        return found


@dataclass(frozen=True, slots=True)
class Hit:
    """A work and how well it answers. `media_id` as everywhere."""

    media_id: str
    score: float


def search(query: str, narrowing: Narrowing) -> list[Hit]:
    """What answers the query, best first; at most about 800. Empty when nothing does.

    Asks three times at most, each wider than the one before, and only while there is too little: as typed with
    unknown words corrected, every word with its neighbours, and all words but one.
    """
    session = db.session()
    found = plan(session, query)
    if found is None:
        return []
    finder = _Finder(backend(session), narrowing)
    hits: dict[str, Hit] = {}
    question = _question(query, found, wide=False)
    for hit in finder.find(found.as_typed(), question):
        hits[hit.media_id] = hit
    wider = _question(query, found, wide=True)
    for widen in (found.with_neighbours, found.all_but_one):
        expression = widen() if len(hits) < ENOUGH else None
        if expression is not None:
            for hit in finder.find(expression, wider):
                hits.setdefault(hit.media_id, Hit(hit.media_id, hit.score - WIDE_COST))
    return sorted(hits.values(), key=lambda hit: (-hit.score, hit.media_id))


@dataclass(frozen=True, slots=True)
class _Finder:
    backend: SearchBackend
    narrowing: Narrowing

    def find(self, expression: Expression, question: Asked) -> list[Hit]:
        hits: list[Hit] = []
        if self.narrowing.kind != "episode":
            hits += self._titles(expression, question)
        if self.narrowing.kind in {None, "episode"}:
            hits += self._episodes(expression, question)
        return hits

    def _titles(self, expression: Expression, question: Asked) -> Iterable[Hit]:
        conditions = self.narrowing.conditions()
        ids = self.backend.matching(expression, "titles", limit=None if conditions else CANDIDATES)
        rows = db.session.execute(
            select(
                Title.id,
                Title.kind,
                Title.name,
                Title.original_name,
                Title.localized,
                Title.year,
                Title.popularity,
                Title.file_count,
            )
            .where(Title.id.in_(ids), Title.file_count > 0, *conditions)
            .limit(CANDIDATES)
        )
        for row in rows:
            likeness = max(likeness_of_name(question, name, year=row.year) for name in _names(row))
            score = rank(likeness, popularity=row.popularity, is_owned=row.file_count > 0)
            yield Hit(f"{'m' if row.kind == 'movie' else 's'}{row.id}", score)

    def _episodes(self, expression: Expression, question: Asked) -> Iterable[Hit]:
        conditions = self.narrowing.conditions()
        ids = self.backend.matching(expression, "episodes", limit=None if conditions else EPISODE_CANDIDATES)
        rows = db.session.execute(
            select(Episode.id, Episode.name, Title.name, Title.popularity)
            .join(Title, Title.id == Episode.title_id)
            .where(Episode.id.in_(ids), Episode.file_count > 0, *conditions)
            .limit(EPISODE_CANDIDATES)
        )
        for episode_id, name, show, popularity in rows:
            own = likeness_of_name(question, name or "")
            likeness = max(own, likeness_of_name(question, f"{name} {show}")) if own else 0.0
            if likeness <= likeness_of_name(question, show):
                continue  # the show answers as well, and stands in the list itself
            yield Hit(f"e{episode_id}", rank(likeness, popularity=popularity, is_owned=True) - EPISODE_COST)


def _names(row: Any) -> set[str]:
    localized = {str(texts["name"]) for texts in (row.localized or {}).values() if texts.get("name")}
    return {row.name, *([row.original_name] if row.original_name else ()), *localized}


def _question(query: str, found: Plan, *, wide: bool) -> Asked:
    likeness = [{**token.neighbours, **token.likeness} if wide else token.likeness for token in found.tokens]
    typed = query_tokens(query)
    return asked(query, likeness, typed[-1][-1] if typed else "")
