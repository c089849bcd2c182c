"""Jobs as rows: written in the transaction that decides them, enqueued after the commit.

The row is the outbox and the truth. `enqueue` is called inside a write unit; after the commit the id goes to RQ at
once, and the scheduler sends again what is `queued` and unclaimed. A start is one compare-and-set; `lease_until` and
`attempt` let the scheduler re-queue a dead one. RQ may deliver an id twice: only one claim wins.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.adapters.database import Instant, Json
from app.extensions import Model


class Job(Model):
    """One piece of background work. `state`: queued, running, done, failed, cancelled. `progress`: 0..1."""

    __tablename__ = "job"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(12), default="queued")
    payload: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    dedupe_key: Mapped[str | None] = mapped_column(String(200))
    progress: Mapped[float] = mapped_column(Float, default=0.0)
    detail: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    error: Mapped[str | None] = mapped_column(Text)
    attempt: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    requested_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (Index("ix_job_state", "state", "kind", "id"), Index("ix_job_dedupe", "dedupe_key", "state"))
