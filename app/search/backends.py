"""One question for two databases: which works have these words. Unranked, bounded, the same answer on each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Literal, Protocol

from sqlalchemy import Select, column, func, literal_column, select, table, text
from sqlalchemy.orm import Session

from app.search.expression import Expression, fts5, tsquery
from app.search.models import SearchEntry, SearchKey, SearchWord

Scope = Literal["titles", "episodes"]
LAST = "\U0010ffff"


class SearchBackend(Protocol):
    """What differs between the databases."""

    def matching(self, expression: Expression, scope: Scope, *, limit: int | None) -> Select[Any]:
        """A SELECT of the ids of titles or episodes whose words satisfy the expression, in no useful order."""


class SqliteBackend:
    """FTS5. A range of row ids keeps titles and episodes apart inside the index."""

    def matching(self, expression: Expression, scope: Scope, *, limit: int | None) -> Select[Any]:
        index = table("search_fts", column("rowid"))
        found = select(-index.c.rowid if scope == "titles" else index.c.rowid).where(
            text("search_fts MATCH :words").bindparams(words=fts5(expression)),
            index.c.rowid < 0 if scope == "titles" else index.c.rowid > 0,
        )
        return found if limit is None else found.limit(limit)


class PostgresqlBackend:
    """A GIN index over the words themselves, one for titles and one for episodes."""

    def matching(self, expression: Expression, scope: Scope, *, limit: int | None) -> Select[Any]:
        words = func.array_to_tsvector(func.string_to_array(SearchEntry.text, literal_column("' '")))
        zero: Any = literal_column("0")
        found = select(-SearchEntry.id if scope == "titles" else SearchEntry.id).where(
            words.op("@@")(text("CAST(:words AS tsquery)").bindparams(words=tsquery(expression))),
            SearchEntry.id < zero if scope == "titles" else SearchEntry.id > zero,
        )
        return found if limit is None else found.limit(limit)


def backend(session: Session) -> SearchBackend:
    """That of the session's database."""
    return PostgresqlBackend() if session.get_bind().dialect.name == "postgresql" else SqliteBackend()


def known_words(session: Session, words: Collection[str]) -> dict[str, int]:
    """Those of these words that stand in the index, with in how many entries."""
    rows = session.execute(
        select(SearchWord.word, SearchWord.count).where(SearchWord.word.in_(sorted(words)), SearchWord.count > 0)
    )
    return dict(rows.all())


def begins_a_word(session: Session, prefix: str) -> bool:
    """Whether any word in the index begins so."""
    found = select(SearchWord.word).where(
        SearchWord.word >= prefix, SearchWord.word < prefix + LAST, SearchWord.count > 0
    )
    return session.scalar(found.limit(1)) is not None


def neighbours(session: Session, keys: Iterable[int]) -> Sequence[tuple[str, int]]:
    """Words that share a deletion key, with in how many entries they stand."""
    near = select(SearchKey.word).where(SearchKey.key.in_(sorted(keys)))
    rows = session.execute(
        select(SearchWord.word, SearchWord.count).where(SearchWord.word.in_(near), SearchWord.count > 0)
    )
    return [(word, count) for word, count in rows]
