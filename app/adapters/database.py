"""Column types that both databases store alike."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import JSON, ColumnElement, DateTime, Dialect, String, Text, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from app.core.instants import as_utc

Json = JSON().with_variant(JSONB(), "postgresql")


def by_code_point(length: int) -> TypeEngine[str]:
    """Text that is sorted or searched by prefix: both databases compare it by code point."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


Folded = by_code_point(400)


def upsert(session: Session, table: Any) -> postgresql.Insert:
    """An INSERT that knows `on_conflict_do_update`, of whichever database the session speaks to.

    Both dialects' statements have the same methods; the PostgreSQL type stands for either.
    """
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table)
    return cast(postgresql.Insert, sqlite.insert(table))


class _List(TypeDecorator[Sequence[Any]]):
    """A list as one value: JSON text for SQLite, an array for PostgreSQL."""

    impl = Text
    cache_ok = True

    def __init__(self, of: TypeEngine[Any]) -> None:
        super().__init__()
        self.of = of

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        plain = postgresql.ARRAY(self.of) if dialect.name == "postgresql" else Text()
        return dialect.type_descriptor(plain)

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        return json.dumps(value) if dialect.name == "sqlite" else value


def is_one_of(column: Any, name: str) -> ColumnElement[bool]:
    """`column IN (a list)`: the list is given as one value, under this name, when the statement is run.

    An ordinary `in_` writes a placeholder for each value anew every time; for fifty rows that takes as long as reading
    them.
    """
    return cast(
        ColumnElement[bool], column.op("IN", is_comparison=True)(_Listed(bindparam(name, type_=_List(column.type))))
    )


class _Listed(FunctionElement[Any]):
    inherit_cache = True


@compiles(_Listed, "sqlite")
def _from_json(element: _Listed, compiler: Any, **options: Any) -> str:
    given = compiler.process(element.clause_expr, **options)
    return f"(SELECT value FROM json_each{given})"  # noqa: S608  (a placeholder in parentheses)


@compiles(_Listed, "postgresql")
def _from_array(element: _Listed, compiler: Any, **options: Any) -> str:
    return f"(SELECT unnest{compiler.process(element.clause_expr, **options)})"


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        value = as_utc(value)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class FilePath(TypeDecorator[str]):
    """A path or a file's name, byte-exact, compared by code point on both databases.

    In Python it is text as `os.fsdecode` gives it: bytes that are no UTF-8 stand as lone surrogates, which no database
    takes. Stored, each such byte is one code point of U+F700..U+F7FF (a private area); real characters of that area
    are stored as their bytes too, so that every name has exactly one stored form.
    """

    impl = Text().with_variant(Text(collation="C"), "postgresql")
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        return None if value is None else stored_path(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> str | None:
        return None if value is None else path_from(value)


_BYTES_AREA = 0xF700
_NOT_STORABLE = re.compile("[\udc80-\udcff\uf700-\uf7ff]+")
_STORED_BYTES = re.compile("[\uf700-\uf7ff]+")


def stored_path(path: str) -> str:
    """The stored form of a path; most are their own. NUL and other surrogates, which no file has, raise ValueError."""
    if path.isascii() or not _NOT_STORABLE.search(path):
        return path
    return _NOT_STORABLE.sub(
        lambda found: "".join(chr(_BYTES_AREA + byte) for byte in found[0].encode("utf-8", "surrogateescape")), path
    )


LARGEST_TIME_NS = 2**63 - 1


def stored_time(mtime_ns: int) -> int:
    """A file's time as a column holds it: years 1677 to 2262. Some file systems know others (a clock gone wrong)."""
    return max(-LARGEST_TIME_NS, min(mtime_ns, LARGEST_TIME_NS))


def path_from(stored: str) -> str:
    """The path that `stored_path` stored."""
    if stored.isascii() or not _STORED_BYTES.search(stored):
        return stored
    return _STORED_BYTES.sub(
        lambda found: bytes(ord(one) - _BYTES_AREA for one in found[0]).decode("utf-8", "surrogateescape"), stored
    )
