"""The objects that Flask extensions hang on, and the rules of the database session.

SQLite is used in WAL mode. A transaction that reads and then writes after another's commit fails at once, whatever the
busy timeout, so a write unit takes the lock first: `with writing():` starts `BEGIN IMMEDIATE`, commits at its end,
and everything outside it is read-only (a flush or a bulk write there raises).
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import redis
from flask import current_app
from flask_babel import Babel
from flask_socketio import SocketIO
from flask_sqlalchemy import SQLAlchemy
from redis.backoff import ExponentialWithJitterBackoff
from redis.retry import Retry
from socketio import RedisManager
from sqlalchemy import Connection, Engine, Executable, Row, event
from sqlalchemy.orm import DeclarativeBase, ORMExecuteState, Session
from sqlalchemy.schema import MetaData


class Base(DeclarativeBase):
    """Every table's base. Constraints have names, so that migrations can change them on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})
if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model
"""What tables derive from (Flask-SQLAlchemy builds it at run time, where a type checker cannot follow)."""

babel = Babel()
socketio = SocketIO()

WRITE = "matinee_write"


def message_queue(url: str, *, write_only: bool = False) -> RedisManager:
    """What carries socket events between processes. Flask-SocketIO's own choice by URL knows no Unix sockets."""
    return RedisManager(url, channel="flask-socketio", write_only=write_only, logger=logging.getLogger("socketio"))


@contextmanager
def writing() -> Iterator[Session]:
    """One write unit: takes the write lock, commits at the end, rolls back on any exception.

    Keep it short (≤ 50 ms) and free of network, ffmpeg, hashing and waits. Objects read before it are expired: read
    again inside. Nested use joins the outer unit. Whatever was read before ends here (a snapshot cannot be upgraded).
    """
    session = db.session()
    if session.info.get(WRITE):
        yield session
        return
    session.rollback()
    session.info[WRITE] = True
    try:
        session.connection(execution_options={WRITE: True})
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop(WRITE, None)


def read(statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[Row[*tuple[Any, ...]]]:
    """The rows of a SELECT of plain columns, in the session's transaction, past the ORM.

    For what every list asks: the ORM's share of such a statement takes several times longer than SQLite's.
    """
    session = db.session()
    if session.info.get(WRITE):
        session.flush()
    return session.connection().execute(statement, values).all()


class WriteOutsideUnit(RuntimeError):
    """A write was attempted outside `with writing():`."""


@event.listens_for(Session, "before_flush")
def _only_write_units_flush(session: Session, _context: Any, _instances: Any) -> None:
    if not session.info.get(WRITE) and (session.new or session.dirty or session.deleted):
        raise WriteOutsideUnit("a flush outside `with writing():`")


@event.listens_for(Session, "do_orm_execute")
def _only_write_units_execute(state: ORMExecuteState) -> None:
    if (state.is_insert or state.is_update or state.is_delete) and not state.session.info.get(WRITE):
        raise WriteOutsideUnit("a bulk write outside `with writing():`")


@event.listens_for(Engine, "connect")
def _configure_sqlite(connection: Any, _record: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None  # BEGIN is ours, below: the driver's own is deferred
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "busy_timeout=15000",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "cache_size=-32000",
        "mmap_size=268435456",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        immediate = connection.get_execution_options().get(WRITE)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def redis_client(url: str, *, decode: bool = False) -> redis.Redis:
    """A client whose commands survive a Redis restart of a few seconds (retried with backoff, about 5 s in all)."""
    return redis.Redis.from_url(
        url,
        decode_responses=decode,
        retry=Retry(ExponentialWithJitterBackoff(cap=0.5, base=0.02), 14),
        retry_on_error=[redis.ConnectionError, redis.TimeoutError],
        health_check_interval=0,
        socket_timeout=30,
    )


def impatient_redis() -> redis.Redis:
    """A client that gives up at once, for what must not wait: somebody else tries again."""
    client: redis.Redis = current_app.extensions["matinee_impatient_redis"]
    return client


def get_redis() -> redis.Redis:
    """The process's shared Redis client (bytes in, bytes out)."""
    client: redis.Redis = current_app.extensions["matinee_redis"]
    return client
