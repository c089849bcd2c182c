"""What an administrator watches: jobs."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import case, func, select

from app.core.errors import NotFound
from app.extensions import db
from app.outbox import Job


def jobs(*, kind: str | None, state: str | None, offset: int, limit: int) -> tuple[Sequence[Job], int]:
    """A page of jobs: what runs first, then what waits, then what ended, newest first."""
    chosen = select(Job)
    if kind is not None:
        chosen = chosen.where(Job.kind == kind)
    if state is not None:
        chosen = chosen.where(Job.state == state)
    total = db.session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    live = case((Job.state == "running", 0), (Job.state == "queued", 1), else_=2)
    rows = db.session.scalars(chosen.order_by(live, Job.id.desc()).offset(offset).limit(limit)).all()
    return rows, total


def job(job_id: int) -> Job:
    """Raises NotFound."""
    row = db.session.get(Job, job_id)
    if row is None:
        raise NotFound("There is no such job.")
    return row
