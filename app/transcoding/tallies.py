"""What runs have made, counted: for the metrics of this machine, and in Redis over all machines."""

from __future__ import annotations

import redis

from app.adapters import metrics

MADE = "matinee:made-cells"
"""A Redis hash of cells made, by lane."""


def tally(client: redis.Redis, *, lane: str, method: str, cells: int, seconds: float) -> None:
    """A run ended: so many cells in so much time. `method` is copy or encode."""
    metrics.TRANSCODE_SEGMENTS.labels(method).inc(cells)
    metrics.TRANSCODE_SECONDS.observe(seconds)
    client.hincrby(MADE, lane, cells)
