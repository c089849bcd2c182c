"""Every signal and its receivers, in one table. Receivers run in the sender's transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from blinker import Signal

RECEIVERS: tuple[tuple[Signal, Callable[..., Any]], ...] = ()


def connect() -> None:
    """Connects the table; connecting twice is harmless."""
    for signal, receiver in RECEIVERS:
        signal.connect(receiver, weak=False)
