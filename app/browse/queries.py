"""Lists of films and shows: which, in what order, and where each letter begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from typing import Any, Literal

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, exists, func, not_, or_, select

from app.catalog.memory import remembered
from app.catalog.models import Episode, ExternalId, Title
from app.core.query import initial
from app.extensions import db, read
from app.library.models import FilePart, MediaFile
from app.personal.models import Progress
from app.personal.queries import is_watched_by

Sort = Literal["name", "added", "year", "rating", "runtime", "popularity"]
KEYS = {
    "name": Title.sort_name,
    "added": Title.added_at,
    "year": Title.year,
    "rating": Title.rating,
    "runtime": Title.runtime_s,
    "popularity": Title.popularity,
}
FIRST = {
    name: select(Title.id)
    .where(Title.file_count > 0)
    .order_by(key.desc(), Title.id.desc())
    .offset(bindparam("offset", type_=Integer))
    .limit(bindparam("limit", type_=Integer))
    for name, key in (("popular", Title.popularity), ("recent", Title.added_at))
}
PLAYABLE = select(func.count()).select_from(Title).where(Title.kind.in_(("movie", "show")), Title.file_count > 0)
NEVER_EMPTY = {"name", "added", "popularity"}
DOUBTFUL = 0.6


@dataclass(frozen=True, slots=True)
class Filter:
    """Which titles. None leaves a question open; `watched` is answered for `profile_id`."""

    kind: Literal["movie", "show"]
    genre: str | None = None
    year: int | None = None
    min_rating: float | None = None
    anime: bool | None = None
    library_id: int | None = None
    unmatched: bool | None = None
    watched: bool | None = None
    profile_id: int | None = None

    @property
    def is_everybodys(self) -> bool:
        """Whether the catalog alone answers: neither what somebody has seen nor which files there are."""
        return self.watched is None and self.library_id is None

    def conditions(self) -> list[ColumnElement[bool]]:
        """On `Title`."""
        found: list[ColumnElement[bool]] = [Title.kind == self.kind, Title.file_count > 0]
        if self.anime is not None:
            found.append(Title.is_anime == self.anime)
        if self.year is not None:
            found.append(Title.year == self.year)
        if self.min_rating is not None:
            found.append(Title.rating >= self.min_rating)
        if self.genre is not None:
            found.append(Title.has_genre(self.genre))
        if self.library_id is not None:
            found.append(_in_library(self.library_id, self.kind))
        if self.unmatched is not None:
            found.append(is_unmatched() if self.unmatched else not_(is_unmatched()))
        if self.watched is not None and self.profile_id is not None:
            watched = is_watched_by(self.profile_id)
            found.append(watched if self.watched else not_(watched))
        return found


def page(wanted: Filter, *, sort: Sort, descending: bool, offset: int, limit: int) -> tuple[Sequence[int], int]:
    """Title ids of one page, and how many there are in all. What has no value for the key comes last, either way."""
    if wanted.is_everybodys:
        wanted = replace(wanted, profile_id=None)  # remembered once, whoever asks
    counted, sorted_ids = _statements(wanted, sort, descending)

    def count() -> int:
        ((total,),) = read(counted)
        return int(total)

    def ids() -> list[int]:
        return [key for (key,) in read(sorted_ids, {"offset": offset, "limit": limit})]

    total = remembered(("how many", wanted), count) if wanted.is_everybodys else count()
    if offset >= total:
        return [], total
    if wanted.is_everybodys:
        return remembered(("page", wanted, sort, descending, offset, limit), ids), total
    return ids(), total


def letters(wanted: Filter) -> list[tuple[str, int, int]]:
    """`(letter, count, offset)` of a list that is sorted by name: where each initial begins."""
    first = func.substr(Title.sort_name, 1, 1)
    rows = db.session.execute(select(first, func.count()).where(*wanted.conditions()).group_by(first))
    groups = groupby(sorted(rows.all(), key=lambda row: str(row[0])), key=lambda row: initial(row[0]))
    found, offset = [], 0
    for letter, group in groups:
        count = sum(row[1] for row in group)
        found.append((letter, count, offset))
        offset += count
    return found


def popular(*, limit: int, offset: int) -> Sequence[int]:
    """Playable titles that most people know; the newest where nothing is known of that."""
    return _first("popular", offset, limit)


def recent(*, limit: int, offset: int) -> Sequence[int]:
    """Playable titles, the latest addition first (a show by its latest episode)."""
    return _first("recent", offset, limit)


def how_many() -> int:
    """Playable titles."""
    return remembered("how many", lambda: db.session.scalar(PLAYABLE) or 0)


def files_seen(profile_id: int | None, seen: bool | None) -> ColumnElement[bool] | None:
    """A condition on `MediaFile`: everything in it is seen (or not) by the profile. None where nobody asks."""
    if profile_id is None or seen is None:
        return None
    mine = (Progress.profile_id == profile_id, Progress.watched)
    episodes = select(Progress.episode_id).where(*mine, Progress.episode_id.is_not(None))
    films = select(Progress.title_id).where(*mine, Progress.episode_id.is_(None))
    is_seen = or_(FilePart.episode_id.in_(episodes), and_(FilePart.episode_id.is_(None), FilePart.title_id.in_(films)))
    parts = exists().where(FilePart.file_id == MediaFile.id)
    whole = and_(parts.where(is_seen), ~parts.where(not_(is_seen)))
    return whole if seen else not_(whole)


def is_unmatched() -> ColumnElement[bool]:
    """Neither told by an id nor named with confidence: somebody should look."""
    return and_(Title.confidence < DOUBTFUL, ~exists().where(ExternalId.title_id == Title.id))


def _first(of: str, offset: int, limit: int) -> Sequence[int]:
    rows = {"offset": offset, "limit": limit}
    return remembered((of, offset, limit), lambda: [key for (key,) in read(FIRST[of], rows)])


def _in_library(library_id: int, kind: str) -> ColumnElement[bool]:
    files = select(MediaFile.id).where(MediaFile.library_id == library_id, MediaFile.missing_since.is_(None))
    if kind == "movie":
        return Title.id.in_(select(FilePart.title_id).where(FilePart.file_id.in_(files)))
    shows = (
        select(Episode.title_id).join(FilePart, FilePart.episode_id == Episode.id).where(FilePart.file_id.in_(files))
    )
    return Title.id.in_(shows)


@lru_cache(maxsize=512)
def _statements(wanted: Filter, sort: Sort, descending: bool) -> tuple[Select[Any], Select[Any]]:
    """What counts such a list and what reads a page of it; built once, for that takes longer than reading."""
    conditions = wanted.conditions()
    found = _sorted(select(Title.id).where(*conditions), sort, descending=descending)
    page_of_it = found.offset(bindparam("offset", type_=Integer)).limit(bindparam("limit", type_=Integer))
    return select(func.count()).select_from(Title).where(*conditions), page_of_it


def _sorted(found: Select[Any], sort: Sort, *, descending: bool) -> Select[Any]:
    key: Any = KEYS[sort]
    by = key.desc() if descending else key.asc()
    if sort not in NEVER_EMPTY:
        by = by.nulls_last()
    tie: Sequence[Any] = [Title.id.desc() if descending else Title.id.asc()]
    return found.order_by(by, *tie)
