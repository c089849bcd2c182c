"""Aware UTC instants for the database. SQLite stores no zone, so the type puts it back."""

from __future__ import annotations

from datetime import UTC, datetime


def as_utc(value: datetime) -> datetime:
    """The same instant in UTC. Raises ValueError for a naive one: a naive instant means nothing."""
    if value.tzinfo is None:
        raise ValueError("an instant without a zone")
    return value.astimezone(UTC)


def rfc3339(value: datetime | None) -> str | None:
    """`2026-11-20T18:51:00.123Z`, the form of every instant in the API."""
    if value is None:
        return None
    text = as_utc(value).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
