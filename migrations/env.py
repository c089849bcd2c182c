"""How Alembic reaches the database: the connection it is given, else the application's engine.

Only one process migrates at a time (an advisory lock on PostgreSQL; SQLite has one writer anyway).
"""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy import JSON, Connection, text

from app.adapters.database import FilePath, Instant
from app.extensions import db
from app.search.models import is_made_by_hand

LOCK = 0x4D6174696E6565
"""PostgreSQL's advisory lock for migrations: "Matinee" in ASCII."""


def own_types(kind: str, found: Any, _context: Any) -> str | Literal[False]:
    """How a migration writes the column types that both databases store alike."""
    if kind == "type" and isinstance(found, Instant | FilePath):
        return f"{type(found).__name__}()"
    if kind == "type" and isinstance(found, JSON):
        return "Json"
    return False


def is_ours(_object: Any, name: str | None, _kind: str, _reflected: bool, _other: Any) -> bool:
    """Whether autogenerate compares it: the text index is made by hand."""
    return not is_made_by_hand(name)


def migrate(connection: Connection) -> None:
    """Brings one database to the wanted revision."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
        connection.commit()
    try:
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_as_batch=True,
            compare_type=True,
            render_item=own_types,
            include_object=is_ours,
            transactional_ddl=True,  # on SQLite too: `app/extensions.py` begins transactions itself
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    finally:
        if connection.dialect.name == "postgresql":
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})
            connection.commit()


given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    with db.engine.connect() as connection:
        migrate(connection)
