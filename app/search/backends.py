"""One question for two databases: which works have these words. Unranked, bounded, the same answer on each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Literal

from sqlalchemy import Integer, Select, bindparam, column, func, literal_column, select, table, text
from sqlalchemy.orm import Session

from app.adapters.database import is_one_of
from app.extensions import read
from app.search.expression import Expression, fts5, tsquery
from app.search.models import SearchEntry, SearchKey, SearchWord

Scope = Literal["titles", "episodes"]
LAST = "\U0010ffff"
MOST = bindparam("most", type_=Integer)
# Asked for every letter that somebody types: built once.
KNOWN = select(SearchWord.word, SearchWord.count).where(is_one_of(SearchWord.word, "words"), SearchWord.count > 0)
BEGINNING = (
    select(SearchWord.word)
    .where(SearchWord.word >= bindparam("first"), SearchWord.word < bindparam("beyond"), SearchWord.count > 0)
    .limit(1)
)
NEAR = select(SearchWord.word, SearchWord.count).where(
    SearchWord.word.in_(select(SearchKey.word).where(is_one_of(SearchKey.key, "keys"))), SearchWord.count > 0
)


class SearchBackend(ABC):
    """What differs between the databases."""

    @abstractmethod
    def matching(self, scope: Scope, *, is_limited: bool) -> Select[Any]:
        """A SELECT of the ids of titles or episodes whose words satisfy `:words`, `:most` of them where it is limited.

        In no useful order.
        """

    @abstractmethod
    def words(self, expression: Expression) -> str:
        """What `:words` is for this expression."""


class SqliteBackend(SearchBackend):
    """FTS5. A range of row ids keeps titles and episodes apart inside the index."""

    def matching(self, scope: Scope, *, is_limited: bool) -> Select[Any]:
        index = table("search_fts", column("rowid"))
        found = select(-index.c.rowid if scope == "titles" else index.c.rowid).where(
            text("search_fts MATCH :words"), index.c.rowid < 0 if scope == "titles" else index.c.rowid > 0
        )
        return found.limit(MOST) if is_limited else found

    def words(self, expression: Expression) -> str:
        return fts5(expression)


class PostgresqlBackend(SearchBackend):
    """A GIN index over the words themselves, one for titles and one for episodes."""

    def matching(self, scope: Scope, *, is_limited: bool) -> Select[Any]:
        words = func.array_to_tsvector(func.string_to_array(SearchEntry.text, literal_column("' '")))
        zero: Any = literal_column("0")
        found = select(-SearchEntry.id if scope == "titles" else SearchEntry.id).where(
            words.op("@@")(text("CAST(:words AS tsquery)")),
            SearchEntry.id < zero if scope == "titles" else SearchEntry.id > zero,
        )
        return found.limit(MOST) if is_limited else found

    def words(self, expression: Expression) -> str:
        return tsquery(expression)


SQLITE, POSTGRESQL = SqliteBackend(), PostgresqlBackend()


def backend(session: Session) -> SearchBackend:
    """That of the session's database."""
    return POSTGRESQL if session.get_bind().dialect.name == "postgresql" else SQLITE


def known_words(words: Collection[str]) -> dict[str, int]:
    """Those of these words that stand in the index, with in how many entries."""
    return dict(read(KNOWN, {"words": sorted(words)}))


def begins_a_word(prefix: str) -> bool:
    """Whether any word in the index begins so."""
    return bool(read(BEGINNING, {"first": prefix, "beyond": prefix + LAST}))


def neighbours(keys: Iterable[int]) -> Sequence[tuple[str, int]]:
    """Words that share a deletion key, with in how many entries they stand."""
    return [(word, count) for word, count in read(NEAR, {"keys": sorted(keys)})]
