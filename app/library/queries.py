"""What the library answers: its folders, its files, what is wrong with them, and the ordered read of a scan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, String, and_, func, literal, or_, select, text, type_coerce, union_all

from app.catalog.models import Episode, Genre, Title, TitleGenre
from app.core.media_id import MediaId
from app.core.query import storable
from app.extensions import db
from app.library.counts import PLAYABLE
from app.library.files import MediaFileOut, files_with
from app.library.models import BESIDE, FilePart, Library, Match, MediaFile, ScanRun
from app.library.placing import DOUBTFUL

READ_AHEAD = 5000
Known = dict[str, tuple[int, int, int, bool]]
"""Stored name → size, mtime_ns, id, missing."""


def known_folders(library_id: int, folder: str) -> Iterator[tuple[str, Known]]:
    """All that is known below a folder (stored form, `""` for all), grouped by folder, in stored order.

    Reads in pages, each a transaction of its own: no snapshot is held while files are looked at.
    """
    current: str | None = None
    names: Known = {}
    for path, name, size, mtime_ns, file_id, missing in _known_rows(library_id, folder):
        if path != current:
            if current is not None:
                yield current, names
            current, names = path, {}
        names[name] = (size, mtime_ns, file_id, missing)
    if current is not None:
        yield current, names


def _known_rows(library_id: int, folder: str) -> Iterator[tuple[str, str, int, int, int, bool]]:
    within = ""
    params: dict[str, Any] = {"library": library_id, "limit": READ_AHEAD}
    if folder:
        within = "AND (folder = :folder OR (folder >= :low AND folder < :high))"
        params |= {"folder": folder, "low": f"{folder}/", "high": f"{folder}0"}  # "0" follows "/"
    first = f"SELECT folder, name, size, mtime_ns, id, missing_since IS NOT NULL FROM media_file WHERE library_id = :library {within}"  # noqa: S608, E501
    order = " ORDER BY folder, name LIMIT :limit"
    statement, last = text(first + order), None
    onward = text(f"{first} AND (folder, name) > (:last_folder, :last_name){order}")
    while True:
        if last is not None:
            params |= {"last_folder": last[0], "last_name": last[1]}
            statement = onward
        rows = db.session.execute(statement, params).all()
        db.session.rollback()
        yield from rows
        if len(rows) < READ_AHEAD:
            return
        last = (rows[-1][0], rows[-1][1])


def unplaced(library_id: int, after_id: int, limit: int) -> Sequence[tuple[int, str, str, str | None]]:
    """Playable files that no run has identified yet: id, folder, name, problem."""
    rows = db.session.execute(
        select(MediaFile.id, MediaFile.folder, MediaFile.name, MediaFile.problem)
        .outerjoin(Match, Match.file_id == MediaFile.id)
        .where(
            MediaFile.library_id == library_id,
            MediaFile.id > after_id,
            MediaFile.state == "ok",
            MediaFile.role.not_in(BESIDE),
            MediaFile.missing_since.is_(None),
            Match.file_id.is_(None),
        )
        .order_by(MediaFile.id)
        .limit(limit)
    ).all()
    db.session.rollback()
    return [(row.id, row.folder, row.name, row.problem) for row in rows]


def first_paths(title_ids: Sequence[int]) -> dict[int, str]:
    """Where the first playable file of each of these titles lies; titles without one are left out."""
    if not title_ids:
        return {}
    parts = union_all(
        select(FilePart.title_id.label("title_id"), FilePart.file_id).where(FilePart.title_id.in_(title_ids)),
        select(Episode.title_id, FilePart.file_id)
        .join(FilePart, FilePart.episode_id == Episode.id)
        .where(Episode.title_id.in_(title_ids)),
    ).subquery()
    first = (
        select(parts.c.title_id, func.min(MediaFile.id).label("file_id"))
        .join(MediaFile, MediaFile.id == parts.c.file_id)
        .where(*PLAYABLE)
        .group_by(parts.c.title_id)
        .subquery()
    )
    rows = db.session.execute(
        select(first.c.title_id, Library.path, MediaFile.folder, MediaFile.name)
        .join(MediaFile, MediaFile.id == first.c.file_id)
        .join(Library, Library.id == MediaFile.library_id)
    )
    return {title_id: _whole_path(*place) for title_id, *place in rows}


def _whole_path(library: str, folder: str, name: str) -> str:
    return storable("/".join(part for part in (library.rstrip("/"), folder, name) if part))


def roots() -> dict[int, str]:
    """The folder of every library."""
    rows = db.session.execute(select(Library.id, Library.path))
    return {library_id: path for library_id, path in rows}  # noqa: C416 - rows are not pairs to a type checker


@dataclass(frozen=True, slots=True)
class LibraryRow:
    """A library with what is in it."""

    id: int
    name: str
    path: str
    kind: str
    created_at: datetime
    scanned_at: datetime | None
    file_count: int
    missing_count: int
    problem_count: int
    last_outcome: str | None
    last_detail: str | None


def libraries() -> list[LibraryRow]:
    counted = {
        row[0]: row[1:]
        for row in db.session.execute(
            select(
                MediaFile.library_id,
                func.count().filter(
                    MediaFile.state == "ok", MediaFile.role.not_in(BESIDE), MediaFile.missing_since.is_(None)
                ),
                func.count().filter(MediaFile.missing_since.is_not(None)),
                func.count().filter(MediaFile.state != "ok", MediaFile.missing_since.is_(None)),
            ).group_by(MediaFile.library_id)
        )
    }
    runs = {run.library_id: run for run in _last_runs()}
    found = []
    for library in db.session.scalars(select(Library).order_by(Library.name, Library.id)):
        files, missing, problems = counted.get(library.id, (0, 0, 0))
        run = runs.get(library.id)
        found.append(
            LibraryRow(
                id=library.id,
                name=library.name,
                path=storable(library.path),
                kind=library.kind,
                created_at=library.created_at,
                scanned_at=library.scanned_at,
                file_count=files,
                missing_count=missing,
                problem_count=problems,
                last_outcome=run.outcome if run else None,
                last_detail=run.detail if run else None,
            )
        )
    return found


def _last_runs() -> Sequence[ScanRun]:
    last = select(func.max(ScanRun.id)).where(ScanRun.outcome.is_not(None)).group_by(ScanRun.library_id)
    return db.session.scalars(select(ScanRun).where(ScanRun.id.in_(last))).all()


SORTS = {
    "added_at": (MediaFile.added_at, MediaFile.id),
    "path": (MediaFile.library_id, MediaFile.folder, MediaFile.name),
    "size": (MediaFile.size, MediaFile.id),
    "duration": (MediaFile.duration, MediaFile.id),
    "id": (MediaFile.id,),
}


@dataclass(frozen=True, slots=True)
class FileFilter:
    """Which media files are asked for; None does not narrow. `also`: a condition on MediaFile of whoever asks."""

    library_id: int | None = None
    genre: str | None = None
    year: int | None = None
    min_rating: float | None = None
    anime: bool | None = None
    unmatched: bool | None = None
    state: str | None = None
    role: str | None = None
    missing: bool | None = None
    media_id: MediaId | None = None
    also: ColumnElement[bool] | None = None


def media_files(
    wanted: FileFilter, *, sort: str, descending: bool, offset: int, limit: int
) -> tuple[list[MediaFileOut], int]:
    """A page of files (subtitle files beside films are streams of theirs, not files here) and how many there are."""
    chosen = _narrowed(select(MediaFile.id), wanted)
    total = db.session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    columns = [column.desc() if descending else column.asc() for column in SORTS[sort]]
    ids: list[int] = list(db.session.scalars(chosen.order_by(*columns).offset(offset).limit(limit)))
    shown = {one.id: one for one in files_with(ids)} if ids else {}
    return [shown[file_id] for file_id in ids], total


def _narrowed(chosen: Select[Any], wanted: FileFilter) -> Select[Any]:
    chosen = chosen.where(MediaFile.role.not_in(BESIDE))
    if wanted.library_id is not None:
        chosen = chosen.where(MediaFile.library_id == wanted.library_id)
    if wanted.state is not None:
        chosen = chosen.where(MediaFile.state == wanted.state)
    if wanted.role is not None:
        chosen = chosen.where(MediaFile.role == wanted.role)
    if wanted.missing is not None:
        gone = MediaFile.missing_since.is_not(None)
        chosen = chosen.where(gone if wanted.missing else ~gone)
    if wanted.also is not None:
        chosen = chosen.where(wanted.also)
    if wanted.unmatched is not None:
        sure = select(Match.file_id).where(Match.confidence >= DOUBTFUL, Match.title_id.is_not(None))
        chosen = chosen.where(MediaFile.id.not_in(sure) if wanted.unmatched else MediaFile.id.in_(sure))
    if (title := _titles(wanted)) is not None:
        of_title = (
            select(FilePart.file_id)
            .outerjoin(Episode, Episode.id == FilePart.episode_id)
            .where(func.coalesce(FilePart.title_id, Episode.title_id).in_(title))
        )
        chosen = chosen.where(MediaFile.id.in_(of_title))
    if wanted.media_id is not None and wanted.media_id.kind == "episode":
        chosen = chosen.where(
            MediaFile.id.in_(select(FilePart.file_id).where(FilePart.episode_id == wanted.media_id.number))
        )
    return chosen


def _titles(wanted: FileFilter) -> Select[Any] | None:
    """The titles whose files are asked for; None when all are."""
    conditions: list[Any] = []
    if wanted.year is not None:
        conditions.append(Title.year == wanted.year)
    if wanted.min_rating is not None:
        conditions.append(Title.rating >= wanted.min_rating)
    if wanted.anime is not None:
        conditions.append(Title.is_anime.is_(wanted.anime))
    if wanted.genre is not None:
        conditions.append(Title.id.in_(_of_genre(wanted.genre)))
    if wanted.media_id is not None and wanted.media_id.kind != "episode":
        conditions.append(Title.id == wanted.media_id.number)
    return select(Title.id).where(*conditions) if conditions else None


def _of_genre(name: str) -> Select[Any]:
    return select(TitleGenre.title_id).join(Genre, Genre.id == TitleGenre.genre_id).where(Genre.is_called(name))


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about a file that a person should know. `kind`: broken, refused, doubtful."""

    file_id: int
    library_id: int
    path: str
    kind: Literal["broken", "refused", "doubtful"]
    reason: str
    size: int
    seen_at: datetime
    media_id: str | None
    confidence: float | None


def problems(*, library_id: int | None, kind: str | None, offset: int, limit: int) -> tuple[list[Problem], int]:
    """Files that are broken or refused first, then those whose work or content is doubtful."""
    is_doubtful = and_(
        MediaFile.state == "ok",
        or_(
            MediaFile.problem.is_not(None),
            and_(MediaFile.role == "main", Match.confidence < DOUBTFUL, Match.locked.is_(False)),
        ),
    )
    shown = (
        select(MediaFile.id)
        .outerjoin(Match, Match.file_id == MediaFile.id)
        .where(MediaFile.missing_since.is_(None), or_(MediaFile.state != "ok", is_doubtful))
    )
    if library_id is not None:
        shown = shown.where(MediaFile.library_id == library_id)
    if kind == "doubtful":
        shown = shown.where(is_doubtful)
    elif kind is not None:
        shown = shown.where(MediaFile.state == kind)
    total = db.session.scalar(select(func.count()).select_from(shown.subquery())) or 0
    state = type_coerce(literal("ok"), String)
    rows = db.session.execute(
        select(MediaFile, Library.path, Match, Title.kind)
        .join(Library, Library.id == MediaFile.library_id)
        .outerjoin(Match, Match.file_id == MediaFile.id)
        .outerjoin(Title, Title.id == Match.title_id)
        .where(MediaFile.id.in_(shown))
        .order_by(MediaFile.state == state, MediaFile.updated_at.desc(), MediaFile.id)
        .offset(offset)
        .limit(limit)
    )
    return [_problem(file, path, match, title_kind) for file, path, match, title_kind in rows], total


def _problem(file: MediaFile, library_path: str, match: Match | None, title_kind: str | None) -> Problem:
    reason = file.problem or "; ".join((match.reasons if match else []) or ["what it is could not be told"])
    media_id = None
    if match is not None and match.title_id is not None:
        media_id = str(MediaId("show" if title_kind == "show" else "movie", match.title_id))
    return Problem(
        file_id=file.id,
        library_id=file.library_id,
        path=_whole_path(library_path, file.folder, file.name),
        kind="doubtful" if file.state == "ok" else "broken" if file.state == "broken" else "refused",
        reason=reason,
        size=file.size,
        seen_at=file.updated_at,
        media_id=media_id,
        confidence=match.confidence if match else None,
    )


def guarded_runs() -> list[ScanRun]:
    """Libraries whose last scan found so much gone, or so little readable, that it changed nothing about it."""
    return [run for run in _last_runs() if run.outcome in {"guarded", "failed"}]
