"""Column types that both databases store alike."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import JSON, DateTime, Dialect, String
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session
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
