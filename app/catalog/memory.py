"""What a process remembers of the catalog: cards and lists that are the same for everybody, while nothing changed.

Every transaction that changes a table of the catalog names a new generation as it ends: one random word in one row,
part of the same commit. Whoever reads asks for the word first, and what was made of the rows of that generation is
right for everybody who reads the same word. Random, not counted: a database put back from a copy may come to the same
number with other rows.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import select
from sqlalchemy.orm import ORMExecuteState, Session

from app.adapters.database import upsert
from app.catalog import models
from app.catalog.answers import Card
from app.catalog.models import Generation
from app.extensions import WRITE, Base, db, read

CARDS = 8_000
"""About 5 KB each."""
LISTS = 2000
TABLES = frozenset(
    one.class_.__tablename__ for one in Base.registry.mappers if one.class_.__module__ == models.__name__
) - {Generation.__tablename__}
CHANGED = "catalog_changed"
HERE = "catalog_memory"
WORD = select(Generation.word)

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """At most so many values; the one that came first goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._held: OrderedDict[Key, Value] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        return self._held.get(key)

    def put(self, key: Key, value: Value) -> None:
        with self._lock:
            self._held[key] = value
            if len(self._held) > self._most:
                self._held.popitem(last=False)


class Memory:
    """What is remembered of one generation. Cards are nobody's: whoever takes one dresses a copy."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.cards: Kept[tuple[str, int, str | None], Card] = Kept(CARDS)
        self.lists: Kept[Hashable, Any] = Kept(LISTS)


_latest = Memory("")


def memory() -> Memory | None:
    """The memory of the generation that this transaction reads; None while it writes, or nothing was ever written."""
    global _latest
    session = db.session()
    if session.info.get(WRITE):
        return None
    transaction, found = session.info.get(HERE, (None, None))
    if found is None or transaction is not session.get_transaction():
        words = read(WORD)
        if not words:
            return None
        found = _latest
        if found.word != words[0][0]:
            found = _latest = Memory(words[0][0])
        session.info[HERE] = (session.get_transaction(), found)
    return cast(Memory, found)


def remembered(key: Hashable, make: Callable[[], Value]) -> Value:
    """The value of this name, made at most once in a generation. It must depend on the catalog's tables alone, and
    nobody may change it."""
    held = memory()
    if held is None:
        return make()
    found = held.lists.get(key)
    if found is None:
        found = make()
        held.lists.put(key, found)
    return cast(Value, found)


def notice_rows(session: Session, _context: Any, _instances: Any) -> None:
    """Before a flush."""
    for rows in (session.new, session.dirty, session.deleted):
        if any(row.__tablename__ in TABLES for row in rows):
            session.info[CHANGED] = True


def notice_statements(state: ORMExecuteState) -> None:
    """Before a statement."""
    if state.is_insert or state.is_update or state.is_delete:
        table = getattr(state.statement, "table", None)
        if getattr(table, "name", None) in TABLES:
            state.session.info[CHANGED] = True


def name_a_generation(session: Session) -> None:
    """Before a commit."""
    if session.in_nested_transaction():
        return  # the outermost commit does, at its very end: the row is locked for a moment only
    session.flush()
    if session.info.pop(CHANGED, False):
        new = upsert(session, Generation).values(id=1, word=secrets.token_hex(8))
        session.execute(new.on_conflict_do_update(index_elements=["id"], set_={"word": new.excluded.word}))


def forget_the_change(session: Session) -> None:
    """After a rollback."""
    session.info.pop(CHANGED, None)
