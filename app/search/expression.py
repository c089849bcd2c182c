"""What to look for, as a tree of words, and how each database writes it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Word:
    """A folded word (letters and digits only), whole or as a beginning."""

    text: str
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class All:
    """Every one of these."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One or more of these."""

    parts: tuple[Expression, ...]


Expression: TypeAlias = Word | All | Either


def all_of(parts: Iterable[Expression]) -> Expression:
    """`All`, without a level that says nothing."""
    distinct = tuple(dict.fromkeys(parts))
    return distinct[0] if len(distinct) == 1 else All(distinct)


def either(parts: Iterable[Expression]) -> Expression:
    """`Either`, without a level that says nothing."""
    distinct = tuple(dict.fromkeys(parts))
    return distinct[0] if len(distinct) == 1 else Either(distinct)


def fts5(expression: Expression) -> str:
    """As SQLite's `MATCH` reads it."""
    match expression:
        case Word(text, is_prefix):
            return f'"{text}"*' if is_prefix else f'"{text}"'
        case All(parts):
            return "(" + " AND ".join(map(fts5, parts)) + ")"
        case Either(parts):
            return "(" + " OR ".join(map(fts5, parts)) + ")"


def tsquery(expression: Expression) -> str:
    """As PostgreSQL's `tsquery` type reads it: quoted words, so that no parser touches them."""
    match expression:
        case Word(text, is_prefix):
            return f"'{text}':*" if is_prefix else f"'{text}'"
        case All(parts):
            return "(" + " & ".join(map(tsquery, parts)) + ")"
        case Either(parts):
            return "(" + " | ".join(map(tsquery, parts)) + ")"
