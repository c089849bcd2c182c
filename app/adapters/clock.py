"""The one place that asks what time it is. Edges ask once and pass the answer down."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds on a clock that never goes back; meaningful only as differences within one process."""
    return time.monotonic()
