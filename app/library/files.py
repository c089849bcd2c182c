"""Media files as the API shows them, read for a whole answer in four queries whatever their number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Select, bindparam, func, select

from app.adapters.database import is_one_of
from app.catalog.models import Episode, Title
from app.core.media_id import MediaId
from app.core.query import storable
from app.extensions import read
from app.library.models import Chapter, FilePart, Library, MediaFile, MediaStream
from app.web.inputs import Moment, Output

SHOWN = ("video", "audio", "subtitle")


class StreamOut(Output):
    """One stream; rates in bits per second, `fps` in frames per second."""

    index: int
    kind: Literal["video", "audio", "subtitle"]
    codec: str | None = None
    profile: str | None = None
    level: int | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    bit_depth: int | None = None
    hdr: str | None = None
    bit_rate: int | None = None
    channels: int | None = None
    sample_rate: int | None = None
    language: str | None = None
    title: str | None = None
    default: bool = False
    forced: bool = False
    external_path: str | None = None


class ChapterOut(Output):
    """A named span, in seconds."""

    start: float
    end: float
    title: str | None = None


class MediaFileOut(Output):
    """A file: what it holds, where it lies, and of which works it is (a part)."""

    id: int
    path: str
    library_id: int
    media_ids: list[str]
    size: int
    mtime: Moment
    signature: str | None = None
    state: str
    problem: str | None = None
    role: str
    extra: str | None = None
    container: str | None = None
    duration: float | None = None
    bit_rate: int | None = None
    part: int
    parts: int
    edition: str | None = None
    quality: str | None = None
    chapters: list[ChapterOut]
    streams: list[StreamOut]
    added_at: Moment
    missing_since: Moment | None = None


FILES = (
    select(*MediaFile.__table__.c, Library.path.label("library_path"))
    .join(Library, Library.id == MediaFile.library_id)
    .order_by(MediaFile.id)
)
MAIN_FILES = FILES.where(MediaFile.role == "main", MediaFile.state == "ok")
OF_TITLE = MAIN_FILES.where(
    MediaFile.id.in_(
        select(FilePart.file_id)
        .where(FilePart.title_id == bindparam("title_id"))
        .union_all(
            select(FilePart.file_id)
            .join(Episode, Episode.id == FilePart.episode_id)
            .where(Episode.title_id == bindparam("title_id"))
        )
    )
)
OF_EPISODE = MAIN_FILES.where(
    MediaFile.id.in_(select(FilePart.file_id).where(FilePart.episode_id == bindparam("episode_id")))
)
STREAM_FACTS = [name for name in StreamOut.model_fields if name not in {"default", "forced"}]
STREAMS = (
    select(
        MediaStream.file_id,
        MediaStream.is_default,
        MediaStream.is_forced,
        *(getattr(MediaStream, name) for name in STREAM_FACTS),
    )
    .where(is_one_of(MediaStream.file_id, "file_ids"), MediaStream.kind.in_(SHOWN))
    .order_by(MediaStream.file_id, MediaStream.index)
)
CHAPTERS = (
    select(Chapter.file_id, Chapter.start, Chapter.end, Chapter.title)
    .where(is_one_of(Chapter.file_id, "file_ids"))
    .order_by(Chapter.file_id, Chapter.start, Chapter.id)
)
PARTS = (
    select(FilePart.file_id, FilePart.episode_id, FilePart.title_id, Title.kind, FilePart.order, FilePart.of)
    .outerjoin(Title, Title.id == FilePart.title_id)
    .where(is_one_of(FilePart.file_id, "file_ids"))
    .order_by(FilePart.file_id, func.coalesce(FilePart.start, 0.0), FilePart.order, FilePart.id)
)


def files_of_title(title_id: int) -> list[MediaFileOut]:
    """Every file of a film, or of all episodes of a show, extras left out; missing ones are marked, not hidden."""
    return _files(OF_TITLE, title_id=title_id)


def files_of_episode(episode_id: int) -> list[MediaFileOut]:
    """Every file that holds this episode."""
    return _files(OF_EPISODE, episode_id=episode_id)


def files_with(ids: Sequence[int]) -> list[MediaFileOut]:
    """The files with these ids, in the order of their ids."""
    return _files(FILES.where(MediaFile.id.in_(ids)))


def _files(found: Select[Any], **values: int) -> list[MediaFileOut]:
    rows = read(found, values)
    if not rows:
        return []
    file_ids = [row.id for row in rows]
    streams, chapters, parts = _streams(file_ids), _chapters(file_ids), _parts(file_ids)
    return [_shown(row, streams.get(row.id, []), chapters.get(row.id, []), parts.get(row.id, [])) for row in rows]


def _shown(
    row: Any,
    streams: list[StreamOut],
    chapters: list[ChapterOut],
    parts: Sequence[tuple[str, int, int]],
) -> MediaFileOut:
    path = "/".join(part for part in (row.library_path.rstrip("/"), row.folder, row.name) if part)
    return MediaFileOut.model_construct(
        id=row.id,
        path=storable(path),
        library_id=row.library_id,
        media_ids=[media_id for media_id, _, _ in parts],
        size=row.size,
        mtime=datetime.fromtimestamp(row.mtime_ns / 1e9, UTC),
        signature=row.signature,
        state=row.state,
        problem=row.problem,
        role=row.role,
        extra=row.extra_kind,
        container=row.container,
        duration=row.duration,
        bit_rate=row.bit_rate,
        part=parts[0][1] if parts else 1,
        parts=parts[0][2] if parts else 1,
        edition=row.edition,
        quality=row.quality,
        chapters=chapters,
        streams=streams,
        added_at=row.added_at,
        missing_since=row.missing_since,
    )


def _streams(file_ids: Sequence[int]) -> dict[int, list[StreamOut]]:
    found: dict[int, list[StreamOut]] = {}
    for file_id, default, forced, *values in read(STREAMS, {"file_ids": file_ids}):
        facts = dict(zip(STREAM_FACTS, values, strict=True))
        if facts["external_path"]:
            facts["external_path"] = storable(facts["external_path"])
        found.setdefault(file_id, []).append(StreamOut.model_construct(default=default, forced=forced, **facts))
    return found


def _chapters(file_ids: Sequence[int]) -> dict[int, list[ChapterOut]]:
    found: dict[int, list[ChapterOut]] = {}
    for file_id, start, end, title in read(CHAPTERS, {"file_ids": file_ids}):
        found.setdefault(file_id, []).append(ChapterOut.model_construct(start=start, end=end, title=title))
    return found


def _parts(file_ids: Sequence[int]) -> dict[int, list[tuple[str, int, int]]]:
    """For each file its works' media ids in playing order, with which part of how many it is."""
    found: dict[int, list[tuple[str, int, int]]] = {}
    for file_id, episode_id, title_id, kind, order, of in read(PARTS, {"file_ids": file_ids}):
        if episode_id is not None:
            work = MediaId("episode", episode_id)
        elif title_id is not None:
            work = MediaId("show" if kind == "show" else "movie", title_id)
        else:
            continue
        found.setdefault(file_id, []).append((str(work), order, of))
    return found
