"""Reads the index of every film ahead of its first opening, which then waits for none.

Payload `{library_id}`. What lies on the store is the only memory: a second run reads only what is new. Playing goes
first, and a file on which a run once died is left to whoever opens it.
"""

from __future__ import annotations

import time

import structlog
from sqlalchemy import select

from app.core.errors import Failure
from app.extensions import db
from app.library.models import BESIDE, MediaFile
from app.transcoding import runs
from app.transcoding.keys import INDEX_FOLDER, LocalFile, index_key
from app.transcoding.sources import require_unchanged, source_file
from app.transcoding.store import Store
from workers import transcode
from workers.engines.slicer import Unreadable
from workers.runtime import Work, job
from workers.transcode import Kitchen

log = structlog.get_logger(__name__)

LANES: tuple[runs.Lane, ...] = ("copy", "now")
PAUSE_S = 0.25
LONGEST_PAUSE_S = 5.0
REMEMBERED_S = 7 * 24 * 3600


def run(job_id: int) -> None:
    with job(job_id) as work:
        kitchen = transcode.warm()
        files = _unplanned(work.payload["library_id"], kitchen.store)
        read = skipped = 0
        for number, file_id in enumerate(files):
            work.raise_if_cancelled()
            work.report(number / len(files), read=read, skipped=skipped)
            _give_way(kitchen, work)
            try:
                _plan(kitchen, file_id)
                read += 1
            except (Failure, Unreadable) as error:
                skipped += 1
                log.info("a file is planned when it is opened", file=file_id, reason=str(error))
        work.report(1.0, read=read, skipped=skipped)


def _unplanned(library_id: int, store: Store) -> list[int]:
    """What is playable in a library and has no index on the store, the newest first."""
    rows = db.session.execute(
        select(MediaFile.id, MediaFile.signature)
        .where(
            MediaFile.library_id == library_id,
            MediaFile.role.not_in(BESIDE),
            MediaFile.state == "ok",
            MediaFile.missing_since.is_(None),
            MediaFile.signature.is_not(None),
        )
        .order_by(MediaFile.added_at.desc(), MediaFile.id)
    ).all()
    db.session.rollback()
    there = {stat.key for stat in store.list(INDEX_FOLDER)}
    return [file_id for file_id, signature in rows if index_key(LocalFile(signature, "", 0, 0).key) not in there]


def _plan(kitchen: Kitchen, file_id: int) -> None:
    """Reads one file's index onto the store. Raises what makes a file unreadable."""
    source = source_file(file_id)
    db.session.remove()
    require_unchanged(source)
    begun = f"matinee:planning:{source.origin}"
    if not kitchen.client.set(begun, 1, ex=REMEMBERED_S, nx=True):
        raise Unreadable("an earlier run did not come back from it")
    try:
        transcode.grid_of(kitchen, source)
    finally:  # not where the process dies
        kitchen.client.delete(begun)


def _give_way(kitchen: Kitchen, work: Work) -> None:
    """Waits while players do."""
    deadline = time.monotonic() + LONGEST_PAUSE_S
    while time.monotonic() < deadline and any(runs.is_anyone_waiting(kitchen.client, lane) for lane in LANES):
        work.raise_if_cancelled()
        time.sleep(PAUSE_S)
