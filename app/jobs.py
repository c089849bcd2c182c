"""The typed catalogue of background work: which queue, which function, how long.

A job is a database row first (`app/outbox.py`); RQ carries its id only. Play runs are not jobs: they hold Redis leases
(`app/transcoding`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JobKind:
    """`function` is `module:name` in `workers`, called as `function(job_id)`; `timeout_s` ends a hung run."""

    name: str
    queue: str
    function: str
    timeout_s: int
    attempts: int = 3


SCAN = JobKind("scan", "scan", "workers.scan:run", timeout_s=24 * 3600)
ARTWORK = JobKind("artwork", "metadata", "workers.artwork:run", timeout_s=6 * 3600)
METADATA = JobKind("metadata", "metadata", "workers.metadata:run", timeout_s=24 * 3600)
PLAN = JobKind("plan", "metadata", "workers.plan:run", timeout_s=24 * 3600)
PREPARE = JobKind("prepare", "prepare", "workers.prepare:run", timeout_s=24 * 3600)

KINDS = {kind.name: kind for kind in (SCAN, METADATA, ARTWORK, PLAN, PREPARE)}

PLAY_QUEUES = ("copy", "now", "ahead")
"""Lanes for playing, served strictly in this order."""
BACKGROUND_QUEUES = ("prepare", "scan", "metadata", "fetch")
QUEUES = PLAY_QUEUES + BACKGROUND_QUEUES
