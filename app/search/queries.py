"""Search: at most some hundred unranked candidates from the database, ranked here.

Filters in words narrow it (`core.asking`); where nothing good is found, the same keys are read in the other layout.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, Text, cast, func, select

from app.catalog.models import Collection, CollectionTitle, Credit, Episode, Person, Title
from app.catalog.queries import title_media_id
from app.core import asking
from app.core.asking import Filters
from app.core.query import fold, query_tokens
from app.core.ranking import Asked, Spelling, asked, likeness, likeness_of_name, rank, spelling
from app.extensions import db, read
from app.library.models import FilePart, MediaFile, MediaStream
from app.personal.queries import is_watched_by
from app.search.backends import MOST, Scope, SearchBackend, backend, begins_a_word, known_words
from app.search.expression import Expression
from app.search.plan import Plan, plan

CANDIDATES = 300
WIDE_CANDIDATES = 600
EPISODE_CANDIDATES = 80
FILLERS = 100
GOOD = 0.9  # a score: all that was typed is there
FAIR = 0.7
WHOLE = 1.4  # the name itself was typed
ENOUGH = 5
EPISODE_COST = 0.15
WIDE_COST = 0.3
LAYOUT_COST = 0.05
PEOPLE = 0.85  # less than a title of that name, more than one that has some of the words
SHORTEST_NAME = 4
MOST_PEOPLE = 50
WIDE_BY_HIGH = 16 / 9


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Which titles may be found. `kind` is movie, show or episode; None is everything.

    `years` are the first and the last, `min_height` lines of the picture; `watched` is `profile_id`'s.
    """

    kind: str | None = None
    genre: str | None = None
    year: int | None = None
    min_rating: float | None = None
    anime: bool | None = None
    years: tuple[int, int] | None = None
    min_height: int | None = None
    watched: bool | None = None
    profile_id: int | None = None

    def within(self, filters: Filters) -> Narrowing:
        """What both allow: what was typed narrows what was chosen beside the box."""
        return replace(
            self,
            kind=self.kind or filters.kind,
            genre=self.genre or filters.genre,
            years=self.years or filters.years,
            min_rating=self.min_rating if filters.min_rating is None else max(self.min_rating or 0, filters.min_rating),
            min_height=filters.min_height,
            watched=filters.watched if self.profile_id is not None else None,
            anime=filters.anime if self.anime is None else self.anime,
        )

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
        if self.years is not None:
            found.append(Title.year.between(*self.years))
        if self.min_height is not None:
            found.append(_has_a_file_of(self.min_height))
        if self.watched is not None and self.profile_id is not None:
            seen = is_watched_by(self.profile_id)
            found.append(seen if self.watched else ~seen)
        return found


def _has_a_file_of(height: int) -> ColumnElement[bool]:
    """A condition on `Title`: one of its files has a picture of that many lines, or as wide as that."""
    good = (
        select(func.coalesce(FilePart.title_id, Episode.title_id))
        .join(MediaFile, MediaFile.id == FilePart.file_id)
        .join(MediaStream, MediaStream.file_id == MediaFile.id)
        .outerjoin(Episode, Episode.id == FilePart.episode_id)
        .where(
            MediaStream.kind == "video",
            (MediaStream.height >= height) | (MediaStream.width >= int(height * WIDE_BY_HIGH)),
            MediaFile.missing_since.is_(None),
            MediaFile.role == "main",
        )
    )
    return Title.id.in_(good)


class Hit(NamedTuple):
    """A work and how well it answers. `media_id` as everywhere."""

    media_id: str
    score: float


def search(query: str, narrowing: Narrowing) -> list[Hit]:
    """What answers the query, best first; at most about 680. Empty when nothing does.

    Words that narrow (`year:1999`, `4k`) do so; a bare one that leaves nothing may have been meant as a title's.
    """
    words, filters = asking.read(query)
    if filters != asking.NONE:
        narrowed = narrowing.within(filters)
        hits = _search(words, narrowed) if query_tokens(words) else _everything(narrowed)
        if hits or filters.is_explicit:
            return hits
    hits = _search(query, narrowing)
    if hits and hits[0].score >= FAIR:
        return hits  # most of what was typed is there, mistakes put right
    for further in (_in_the_other_layout, _by_people_and_collections):
        other = further(query, narrowing)
        if other and (not hits or other[0].score > hits[0].score):
            return other
    return hits


def _by_people_and_collections(query: str, narrowing: Narrowing) -> list[Hit]:
    """Titles of the people, and of the collections, whose names begin with what was typed; best known first."""
    begun = fold(query)
    if len(begun) < SHORTEST_NAME or narrowing.kind == "episode":
        return []
    people = select(Person.id).where(Person.name_key.startswith(begun, autoescape=True)).limit(MOST_PEOPLE)
    groups = select(Collection.id).where(func.lower(Collection.name).startswith(begun, autoescape=True))
    theirs = (
        select(Credit.title_id)
        .where(Credit.person_id.in_(people))
        .union(select(CollectionTitle.title_id).where(CollectionTitle.collection_id.in_(groups.limit(MOST_PEOPLE))))
    )
    wanted = (
        select(Title.id, Title.kind)
        .where(Title.id.in_(theirs), Title.file_count > 0, *narrowing.conditions())
        .order_by(Title.popularity.desc(), Title.id)
        .limit(CANDIDATES)
    )
    rows = db.session.execute(wanted).all()
    return [Hit(title_media_id(kind, key), PEOPLE - place / 1e4) for place, (key, kind) in enumerate(rows)]


def _in_the_other_layout(query: str, narrowing: Narrowing) -> list[Hit]:
    """What answers the same keys in the other layout; only where words of the catalog come of it."""
    other = asking.other_layout(query)
    tokens = [part for parts in query_tokens(other or "") for part in parts]
    if other is None or not tokens:
        return []
    known = known_words(set(tokens))
    if not all(token in known for token in tokens[:-1]) or not (tokens[-1] in known or begins_a_word(tokens[-1])):
        return []
    return [Hit(hit.media_id, hit.score - LAYOUT_COST) for hit in _search(other, narrowing)]


def _everything(narrowing: Narrowing) -> list[Hit]:
    """Titles that a search without words leaves, those that most people know first."""
    if narrowing.kind == "episode":
        return []
    wanted = select(Title.id, Title.kind, Title.popularity).where(Title.file_count > 0, *narrowing.conditions())
    rows = db.session.execute(wanted.order_by(Title.popularity.desc(), Title.id).limit(WIDE_CANDIDATES))
    return [Hit(title_media_id(kind, key), 1.0 + popularity / 1e6) for key, kind, popularity in rows]


def _search(query: str, narrowing: Narrowing) -> list[Hit]:
    """One look, in the words as they are.

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
        for key, kind, name, original, localized, others, year, popularity in rows:
            best = max([likeness(question, one, year=year) for one in _spellings(name, original, localized, others)])
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
                cast(Title.other_names, Text).label("other_names"),
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
def _spellings(name: str, original: str | None, localized: str, others: str) -> tuple[Spelling, ...]:
    """What a title is called, in any language; the last two are JSON as it is stored, read once while asked for."""
    texts = json.loads(localized).values() if localized else ()
    names = {name, original or name, *(str(one["name"]) for one in texts if one.get("name"))}
    names.update(json.loads(others) if others else ())
    return tuple(spelling(one) for one in names)


def _question(query: str, found: Plan, *, wide: bool) -> Asked:
    alike = [{**token.neighbours, **token.likeness} if wide else token.likeness for token in found.tokens]
    typed = query_tokens(query)
    return asked(query, alike, typed[-1][-1] if typed else "")
