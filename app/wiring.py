"""Every signal and its receivers, and who listens to every session. Receivers run in the sender's transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from blinker import Signal
from sqlalchemy import event
from sqlalchemy.orm import Session

from app import signals
from app.catalog import memory
from app.personal import receivers as personal
from app.playback import service as playback
from app.search import index

RECEIVERS: tuple[tuple[Signal, Callable[..., Any]], ...] = (
    (signals.title_changed, index.on_title_changed),
    (signals.title_removed, index.on_title_removed),
    (signals.sign_in_ended, playback.end_sessions_of),
    (signals.file_rematched, personal.follow_file),
)

LISTENERS: tuple[tuple[str, Callable[..., None]], ...] = (
    ("before_flush", memory.notice_rows),
    ("do_orm_execute", memory.notice_statements),
    ("before_commit", memory.name_a_generation),
    ("after_rollback", memory.forget_the_change),
)


def connect() -> None:
    """Connects the tables; connecting twice is harmless."""
    for moment, listener in LISTENERS:
        if not event.contains(Session, moment, listener):
            event.listen(Session, moment, listener)
    for signal, receiver in RECEIVERS:
        signal.connect(receiver, weak=False)
