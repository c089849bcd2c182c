"""Every signal and its receivers, in one table. Receivers run in the sender's transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from blinker import Signal

from app import signals
from app.personal import receivers as personal
from app.playback import service as playback
from app.search import index

RECEIVERS: tuple[tuple[Signal, Callable[..., Any]], ...] = (
    (signals.title_changed, index.on_title_changed),
    (signals.title_removed, index.on_title_removed),
    (signals.sign_in_ended, playback.end_sessions_of),
    (signals.file_rematched, personal.follow_file),
)


def connect() -> None:
    """Connects the table; connecting twice is harmless."""
    for signal, receiver in RECEIVERS:
        signal.connect(receiver, weak=False)
