"""Media files as the API shows them, read for a whole answer in four queries whatever their number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Select, func, select

from app.catalog.models import Episode, Title
from app.core.media_id import MediaId
from app.core.query import storable
from app.extensions import db
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


def files_of_title(title_id: int) -> list[MediaFileOut]:
    """Every file of a film, or of all episodes of a show, extras left out; missing ones are marked, not hidden."""
    of_film = select(FilePart.file_id).where(FilePart.title_id == title_id)
    of_show = (
        select(FilePart.file_id).join(Episode, Episode.id == FilePart.episode_id).where(Episode.title_id == title_id)
    )
    return files_with(of_film.union_all(of_show), only_main=True)


def files_of_episode(episode_id: int) -> list[MediaFileOut]:
    """Every file that holds this episode."""
    return files_with(select(FilePart.file_id).where(FilePart.episode_id == episode_id), only_main=True)


def files_with(ids: Any | Sequence[int], *, only_main: bool = False) -> list[MediaFileOut]:
    """The files with these ids (a sequence or a SELECT of them), in the order of their ids."""
    found: Select[Any] = (
        select(*MediaFile.__table__.c, Library.path.label("library_path"))
        .join(Library, Library.id == MediaFile.library_id)
        .where(MediaFile.id.in_(ids))
        .order_by(MediaFile.id)
    )
    if only_main:
        found = found.where(MediaFile.role == "main", MediaFile.state == "ok")
    rows = db.session.execute(found).mappings().all()
    if not rows:
        return []
    file_ids = [row["id"] for row in rows]
    streams, chapters, parts = _streams(file_ids), _chapters(file_ids), _parts(file_ids)
    return [
        _shown(row, streams.get(row["id"], []), chapters.get(row["id"], []), parts.get(row["id"], [])) for row in rows
    ]


def _shown(
    row: Mapping[Any, Any],
    streams: list[StreamOut],
    chapters: list[ChapterOut],
    parts: Sequence[tuple[str, int, int]],
) -> MediaFileOut:
    path = "/".join(part for part in (row["library_path"].rstrip("/"), row["folder"], row["name"]) if part)
    return MediaFileOut.model_construct(
        id=row["id"],
        path=storable(path),
        library_id=row["library_id"],
        media_ids=[media_id for media_id, _, _ in parts],
        size=row["size"],
        mtime=datetime.fromtimestamp(row["mtime_ns"] / 1e9, UTC),
        signature=row["signature"],
        state=row["state"],
        problem=row["problem"],
        role=row["role"],
        extra=row["extra_kind"],
        container=row["container"],
        duration=row["duration"],
        bit_rate=row["bit_rate"],
        part=parts[0][1] if parts else 1,
        parts=parts[0][2] if parts else 1,
        edition=row["edition"],
        quality=row["quality"],
        chapters=chapters,
        streams=streams,
        added_at=row["added_at"],
        missing_since=row["missing_since"],
    )


def _streams(file_ids: Sequence[int]) -> dict[int, list[StreamOut]]:
    names = [name for name in StreamOut.model_fields if name not in {"default", "forced"}]
    columns = [getattr(MediaStream, name) for name in names]
    found: dict[int, list[StreamOut]] = {}
    for file_id, default, forced, *values in db.session.execute(
        select(MediaStream.file_id, MediaStream.is_default, MediaStream.is_forced, *columns)
        .where(MediaStream.file_id.in_(file_ids), MediaStream.kind.in_(SHOWN))
        .order_by(MediaStream.file_id, MediaStream.index)
    ):
        facts = dict(zip(names, values, strict=True))
        if facts["external_path"]:
            facts["external_path"] = storable(facts["external_path"])
        found.setdefault(file_id, []).append(StreamOut.model_construct(default=default, forced=forced, **facts))
    return found


def _chapters(file_ids: Sequence[int]) -> dict[int, list[ChapterOut]]:
    found: dict[int, list[ChapterOut]] = {}
    for file_id, start, end, title in db.session.execute(
        select(Chapter.file_id, Chapter.start, Chapter.end, Chapter.title)
        .where(Chapter.file_id.in_(file_ids))
        .order_by(Chapter.file_id, Chapter.start, Chapter.id)
    ):
        found.setdefault(file_id, []).append(ChapterOut.model_construct(start=start, end=end, title=title))
    return found


def _parts(file_ids: Sequence[int]) -> dict[int, list[tuple[str, int, int]]]:
    """For each file its works' media ids in playing order, with which part of how many it is."""
    found: dict[int, list[tuple[str, int, int]]] = {}
    for file_id, episode_id, title_id, kind, order, of in db.session.execute(
        select(FilePart.file_id, FilePart.episode_id, FilePart.title_id, Title.kind, FilePart.order, FilePart.of)
        .outerjoin(Title, Title.id == FilePart.title_id)
        .where(FilePart.file_id.in_(file_ids))
        .order_by(FilePart.file_id, func.coalesce(FilePart.start, 0.0), FilePart.order, FilePart.id)
    ):
        if episode_id is not None:
            work = MediaId("episode", episode_id)
        elif title_id is not None:
            work = MediaId("show" if kind == "show" else "movie", title_id)
        else:
            continue
        found.setdefault(file_id, []).append((str(work), order, of))
    return found
