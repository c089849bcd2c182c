"""What a scan found becomes rows: new files, changed ones, moved ones, and those that are gone.

Everything runs inside the caller's write unit, in batches of at most 200, and does no I/O. A signal leaves for
each file that entered, changed or is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, cast

from sqlalchemy import Table, delete, func, insert, select, text, tuple_, update

from app.adapters.database import is_one_of
from app.core.media import MediaFacts, StreamFacts
from app.extensions import db
from app.library.counts import recount
from app.library.models import BESIDE, Chapter, Match, MediaFile, MediaStream, ScanRun
from app.library.works import titles_of
from app.signals import file_added, file_changed, file_removed

SIDECAR_INDEX = 1000
"""Streams from here on are subtitle files beside the film."""

Place = tuple[str, str]
"""Folder (relative to the library, `""` for itself) and name."""


@dataclass(frozen=True, slots=True)
class Report:
    """One file as it was seen. `codec` is a sidecar's."""

    folder: str
    name: str
    size: int
    mtime_ns: int
    signature: str | None
    state: Literal["ok", "broken", "refused"]
    problem: str | None = None
    role: Literal["main", "sidecar", "nfo"] = "main"
    codec: str | None = None
    facts: MediaFacts | None = None
    is_film: bool = False


@dataclass(slots=True)
class Stored:
    """What a batch came to: counts, the ids of main files to identify (again), folders whose sidecars may differ."""

    added: int = 0
    changed: int = 0
    moved: int = 0
    to_place: dict[int, Report] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)


_CANDIDATES = (
    select(MediaFile.id, MediaFile.library_id, MediaFile.folder, MediaFile.name, MediaFile.signature)
    .where(is_one_of(MediaFile.signature, "signatures"))
    .order_by(MediaFile.id)
)
# The tables themselves: to enter rows by way of their classes takes as long again.
_FILES, _STREAMS, _CHAPTERS = (cast(Table, one.__table__) for one in (MediaFile, MediaStream, Chapter))
_NEW_FILES = insert(_FILES).returning(_FILES.c.id, sort_by_parameter_order=True)


def candidates(signatures: Iterable[str]) -> list[tuple[int, int, str, str, str]]:
    """Files known by these signatures: id, library, folder, name, signature. For finding moves; reads only."""
    rows = db.session.execute(_CANDIDATES, {"signatures": sorted(set(signatures))})
    return [(file_id, library_id, folder, name, str(sig)) for file_id, library_id, folder, name, sig in rows]


def be_alone(library_id: int) -> None:
    """Two scans never write about one library at once. SQLite's write lock sees to it; PostgreSQL is asked."""
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(text("SELECT pg_advisory_xact_lock(:space, :id)"), {"space": 0x6C6962, "id": library_id})


def store(library_id: int, reports: Sequence[Report], *, gone: Mapping[str, Sequence[int]], now: datetime) -> Stored:
    """Writes a batch. `gone` maps a signature to files of that content whose place was seen to be empty: a new file
    with it is that file, moved, and keeps its row and all that hangs on it."""
    be_alone(library_id)
    latest = {(report.folder, report.name): report for report in reports}
    known = _known(library_id, list(latest))
    movable = {sig: list(ids) for sig, ids in gone.items()}
    done = Stored()
    fresh: list[Report] = []
    for place, report in latest.items():
        done.folders.add(report.folder)
        old = known.get(place)
        if old is not None:
            _update(done, old, report, now)
        elif report.signature and movable.get(report.signature):
            _move(done, movable[report.signature].pop(0), library_id, report, now)
        else:
            fresh.append(report)
    _insert(done, library_id, fresh, now)
    recount(titles_of([row.id for row in known.values()]))
    return done


def revive(file_ids: Sequence[int]) -> None:
    """Files that were missing are there again, unchanged."""
    db.session.execute(
        update(MediaFile).where(MediaFile.id.in_(file_ids)).values(missing_since=None),
        execution_options={"synchronize_session": False},
    )
    recount(titles_of(file_ids))


def mark_missing(library_id: int, files: Sequence[tuple[int, str, str]], *, now: datetime) -> set[str]:
    """Files (id, folder, name) that are no longer there; one that has moved meanwhile is left alone.

    Returns the folders of those that were marked.
    """
    be_alone(library_id)
    places = {file_id: (folder, name) for file_id, folder, name in files}
    rows = db.session.execute(
        select(MediaFile.id, MediaFile.folder, MediaFile.name, MediaFile.role, MediaFile.state).where(
            MediaFile.id.in_(list(places)), MediaFile.missing_since.is_(None)
        )
    ).all()
    still = [row for row in rows if places[row.id] == (row.folder, row.name)]
    ids = [row.id for row in still if row.role not in BESIDE and row.state == "ok"]
    forgotten = [row.id for row in still if row.role in BESIDE or row.state != "ok"]  # nothing hangs on these
    db.session.execute(
        update(MediaFile).where(MediaFile.id.in_(ids)).values(missing_since=now),
        execution_options={"synchronize_session": False},
    )
    _forget(forgotten)
    recount(titles_of(ids))
    return {row.folder for row in still}


def forget_missing(library_id: int, *, before: datetime, limit: int = 100) -> int:
    """Forgets files that have been missing since before an instant. Their works stay, with what people did."""
    ids = list(
        db.session.scalars(
            select(MediaFile.id)
            .where(MediaFile.library_id == library_id, MediaFile.missing_since < before)
            .order_by(MediaFile.id)
            .limit(limit)
        )
    )
    _forget(ids)
    return len(ids)


def _forget(ids: Sequence[int]) -> None:
    if not ids:
        return
    titles = titles_of(ids)
    for file_id in ids:
        file_removed.send("library", media_file_id=file_id)
    db.session.execute(delete(MediaFile).where(MediaFile.id.in_(ids)), execution_options={"synchronize_session": False})
    recount(titles)


def _known(library_id: int, places: Sequence[Place]) -> dict[Place, Any]:
    rows = db.session.execute(
        select(
            MediaFile.id,
            MediaFile.folder,
            MediaFile.name,
            MediaFile.signature,
            MediaFile.state,
            MediaFile.role,
            MediaFile.missing_since,
        ).where(MediaFile.library_id == library_id, tuple_(MediaFile.folder, MediaFile.name).in_(places))
    )
    return {(row.folder, row.name): row for row in rows}


def _update(done: Stored, old: Any, report: Report, now: datetime) -> None:
    """A file that is known at this place: only touched, or with other content."""
    is_same = old.signature == report.signature and old.state == report.state and report.signature is not None
    values = _columns(report, now)
    if old.role in {"extra", "sample"} and report.role == "main":
        del values["role"]  # identification decides again
    db.session.execute(
        update(MediaFile).where(MediaFile.id == old.id).values(**values, missing_since=None),
        execution_options={"synchronize_session": False},
    )
    if not is_same:
        done.changed += 1
        _replace_contents(old.id, report)
        db.session.execute(delete(Match).where(Match.file_id == old.id, Match.locked.is_(False)))
        _tell_change(old, report)
    if report.role == "main" and (not is_same or old.missing_since is not None):
        done.to_place[old.id] = report


def _tell_change(old: Any, report: Report) -> None:
    if report.role != "main":
        return
    if old.state == "ok":
        file_changed.send("library", media_file_id=old.id)
    elif report.state == "ok":
        file_added.send("library", media_file_id=old.id)


def _move(done: Stored, file_id: int, library_id: int, report: Report, now: datetime) -> None:
    """The same content at another place: the row goes with it, and its name is read again."""
    old = db.session.execute(select(MediaFile.folder, MediaFile.role).where(MediaFile.id == file_id)).one()
    values = _columns(report, now)
    del values["role"]
    db.session.execute(
        update(MediaFile).where(MediaFile.id == file_id).values(library_id=library_id, missing_since=None, **values),
        execution_options={"synchronize_session": False},
    )
    db.session.execute(delete(Match).where(Match.file_id == file_id, Match.locked.is_(False)))
    done.moved += 1
    done.folders.add(old.folder)
    if report.role == "main":
        done.to_place[file_id] = report
        recount(titles_of([file_id]))


def _insert(done: Stored, library_id: int, reports: Sequence[Report], now: datetime) -> None:
    if not reports:
        return
    rows = [{"library_id": library_id, "added_at": now, **_columns(report, now)} for report in reports]
    ids = list(db.session.scalars(_NEW_FILES, rows))
    streams: list[dict[str, Any]] = []
    chapters: list[dict[str, Any]] = []
    for file_id, report in zip(ids, reports, strict=True):
        if report.facts is not None:
            streams += _stream_rows(file_id, report.facts)
            chapters += _chapter_rows(file_id, report.facts)
        if report.role == "main":
            done.to_place[file_id] = report
        if report.role == "main" and report.state == "ok":
            file_added.send("library", media_file_id=file_id)
    _insert_contents(streams, chapters)
    done.added += len(ids)


def _replace_contents(file_id: int, report: Report) -> None:
    kept = MediaStream.index < SIDECAR_INDEX
    db.session.execute(delete(MediaStream).where(MediaStream.file_id == file_id, kept))
    db.session.execute(delete(Chapter).where(Chapter.file_id == file_id))
    if report.facts is not None:
        _insert_contents(_stream_rows(file_id, report.facts), _chapter_rows(file_id, report.facts))


def _insert_contents(streams: Sequence[Mapping[str, Any]], chapters: Sequence[Mapping[str, Any]]) -> None:
    if streams:
        db.session.execute(insert(_STREAMS), list(streams))
    if chapters:
        db.session.execute(insert(_CHAPTERS), list(chapters))


def _columns(report: Report, now: datetime) -> dict[str, Any]:
    facts = report.facts
    return {
        "folder": report.folder,
        "name": report.name,
        "size": report.size,
        "mtime_ns": report.mtime_ns,
        "signature": report.signature,
        "state": report.state,
        "problem": report.problem,
        "role": report.role,
        "container": facts.container[:64] if facts else report.codec,
        "duration": facts.duration if facts else None,
        "start_time": facts.start_time if facts else None,
        "bit_rate": facts.bit_rate if facts else None,
        "quality": facts.quality if facts else None,
        "tags": dict(facts.tags) if facts else {},
        "updated_at": now,
    }


def _stream_rows(file_id: int, facts: MediaFacts) -> list[dict[str, Any]]:
    seen: set[int] = set()
    rows = []
    for stream in facts.streams:
        if stream.index in seen or stream.index >= SIDECAR_INDEX:
            continue
        seen.add(stream.index)
        rows.append(_stream_row(file_id, stream))
    return rows


def _stream_row(file_id: int, stream: StreamFacts) -> dict[str, Any]:
    rate = stream.frame_rate
    return {
        "file_id": file_id,
        "index": stream.index,
        "kind": stream.kind,
        "codec": (stream.codec or "")[:32] or None,
        "profile": stream.profile,
        "level": _fits(stream.level),
        "width": _fits(stream.width),
        "height": _fits(stream.height),
        "fps": float(rate) if rate else None,
        "bit_depth": stream.bit_depth,
        "hdr": stream.hdr,
        "bit_rate": stream.bit_rate,
        "channels": _fits(stream.channels),
        "sample_rate": _fits(stream.sample_rate),
        "language": stream.language,
        "title": stream.title,
        "is_default": stream.is_default,
        "is_forced": stream.is_forced,
        "external_path": None,
        "facts": stream.facts(),
    }


def _chapter_rows(file_id: int, facts: MediaFacts) -> list[dict[str, Any]]:
    return [{"file_id": file_id, "start": one.start, "end": one.end, "title": one.title} for one in facts.chapters]


def _fits(number: int | None) -> int | None:
    return number if number is not None and number < 2**31 else None


def count_known(library_id: int) -> tuple[int, int]:
    """How many files of a library are there, as far as is known; and how many of them are more than words about it."""
    row = db.session.execute(
        select(func.count(), func.count().filter(MediaFile.role != "nfo")).where(
            MediaFile.library_id == library_id, MediaFile.missing_since.is_(None)
        )
    ).one()
    return int(row[0]), int(row[1])


def places(file_ids: Sequence[int]) -> dict[int, tuple[int, str, str]]:
    """Library, folder and name of files, as they stand now."""
    rows = db.session.execute(
        select(MediaFile.id, MediaFile.library_id, MediaFile.folder, MediaFile.name).where(MediaFile.id.in_(file_ids))
    )
    return {file_id: (library_id, folder, name) for file_id, library_id, folder, name in rows}


def begin_run(library_id: int, job_id: int, *, now: datetime) -> int:
    """A row for a run that starts."""
    run = ScanRun(library_id=library_id, job_id=job_id, started_at=now, counts={})
    db.session.add(run)
    db.session.flush()
    return run.id


def has_done(library_id: int, *, job_id: int) -> bool:
    """Whether this job has scanned this library to its end."""
    done = select(ScanRun.id).where(
        ScanRun.library_id == library_id, ScanRun.job_id == job_id, ScanRun.outcome == "done"
    )
    return db.session.scalar(done.limit(1)) is not None


def end_interrupted(library_id: int, *, job_id: int, now: datetime) -> None:
    """Runs of this job that were killed before they could say how they ended."""
    db.session.execute(
        update(ScanRun)
        .where(ScanRun.library_id == library_id, ScanRun.job_id == job_id, ScanRun.outcome.is_(None))
        .values(outcome="failed", finished_at=now, detail="The scan was interrupted; another run took over."),
        execution_options={"synchronize_session": False},
    )
