"""The search index: one row of folded words for each work, and every distinct word with its typing mistakes.

The words are ours (`core.query.index_words`); the database only finds rows by them. SQLite keeps an FTS5 table beside
`search_entry`, filled by triggers, so that it is in step whoever writes or deletes (cascades included); PostgreSQL has
two GIN indexes over the same words. SQLAlchemy knows neither, so both are made by hand:

- `db.create_all()` and `db.drop_all()` do it by themselves (listeners below);
- a migration that creates `search_entry` calls `create_text_index(op.get_bind())` after it, and one that drops it
  `drop_text_index(op.get_bind())` before it; changing the index is drop, create (it fills itself from the table);
- autogenerate must not see them: `include_object` in `migrations/env.py` refuses names for which `is_made_by_hand`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Connection, ForeignKey, Index, Text, event, text
from sqlalchemy.orm import Mapped, mapped_column

from app.adapters.database import by_code_point
from app.extensions import Model

WORD_LENGTH = 64


class SearchEntry(Model):
    """The words of one work. `id` is the episode's, or minus the title's: one number range for each."""

    __tablename__ = "search_entry"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title_id: Mapped[int] = mapped_column(ForeignKey("title.id", ondelete="CASCADE"), index=True)
    episode_id: Mapped[int | None] = mapped_column(ForeignKey("episode.id", ondelete="CASCADE"), index=True)
    text: Mapped[str] = mapped_column(Text)


class SearchWord(Model):
    """A distinct folded word and in how many entries it stands."""

    __tablename__ = "search_word"

    word: Mapped[str] = mapped_column(by_code_point(WORD_LENGTH), primary_key=True)
    count: Mapped[int]


class SearchKey(Model):
    """The deletion neighbourhood of a word (`core.query.deletion_keys`)."""

    __tablename__ = "search_key"

    key: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    word: Mapped[str] = mapped_column(
        by_code_point(WORD_LENGTH), ForeignKey("search_word.word", ondelete="CASCADE"), primary_key=True
    )

    __table_args__ = (Index("ix_search_key_word", "word"), {"sqlite_with_rowid": False})


SQLITE = (
    """CREATE VIRTUAL TABLE search_fts USING fts5(
        text, content='search_entry', content_rowid='id', detail='none', columnsize=0, prefix='1 2 3',
        tokenize="unicode61 remove_diacritics 0")""",
    "INSERT INTO search_fts(search_fts) VALUES ('rebuild')",
    """CREATE TRIGGER search_entry_added AFTER INSERT ON search_entry BEGIN
        INSERT INTO search_fts(rowid, text) VALUES (new.id, new.text); END""",
    """CREATE TRIGGER search_entry_removed AFTER DELETE ON search_entry BEGIN
        INSERT INTO search_fts(search_fts, rowid, text) VALUES ('delete', old.id, old.text); END""",
    """CREATE TRIGGER search_entry_changed AFTER UPDATE ON search_entry BEGIN
        INSERT INTO search_fts(search_fts, rowid, text) VALUES ('delete', old.id, old.text);
        INSERT INTO search_fts(rowid, text) VALUES (new.id, new.text); END""",
)
POSTGRESQL = (
    "CREATE INDEX search_text_titles ON search_entry"
    " USING gin (array_to_tsvector(string_to_array(text, ' '))) WHERE id < 0",
    "CREATE INDEX search_text_episodes ON search_entry"
    " USING gin (array_to_tsvector(string_to_array(text, ' '))) WHERE id > 0",
)
SQLITE_DROP = (
    "DROP TRIGGER IF EXISTS search_entry_added",
    "DROP TRIGGER IF EXISTS search_entry_removed",
    "DROP TRIGGER IF EXISTS search_entry_changed",
    "DROP TABLE IF EXISTS search_fts",
)
POSTGRESQL_DROP = ("DROP INDEX IF EXISTS search_text_titles", "DROP INDEX IF EXISTS search_text_episodes")


def create_text_index(connection: Connection) -> None:
    """Makes the database's own index over `search_entry`, filled with what is there."""
    for statement in POSTGRESQL if connection.dialect.name == "postgresql" else SQLITE:
        connection.execute(text(statement))


def drop_text_index(connection: Connection) -> None:
    """Removes it; harmless when it is not there."""
    for statement in POSTGRESQL_DROP if connection.dialect.name == "postgresql" else SQLITE_DROP:
        connection.execute(text(statement))


def is_made_by_hand(name: str | None) -> bool:
    """Whether a table or index of this name belongs to the text index, of which the models know nothing."""
    return name is not None and name.startswith(("search_fts", "search_text_"))


@event.listens_for(SearchEntry.__table__, "after_create")
def _create(_table: Any, connection: Connection, **_options: Any) -> None:
    create_text_index(connection)


@event.listens_for(SearchEntry.__table__, "before_drop")
def _drop(_table: Any, connection: Connection, **_options: Any) -> None:
    drop_text_index(connection)
