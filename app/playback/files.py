"""From what somebody wants to play to a file: which one, and what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from sqlalchemy import select

from app.catalog.models import Episode
from app.core.errors import NotFound
from app.core.media.values import StreamFacts, prominence
from app.core.media_id import MediaId
from app.core.playback import Device, Source, decide
from app.extensions import db
from app.library.models import Chapter, FilePart, MediaFile, MediaStream
from app.personal import queries as personal
from app.playback.stretches import Stretch, stretch

COST = {"direct": 0, "remux": 1, "transcode": 2}


@dataclass(frozen=True, slots=True)
class Work:
    """The film or episode that a file is played as. `media_id` is None for a file that belongs to none."""

    media_id: str | None
    title_id: int | None
    episode_id: int | None


@dataclass(frozen=True, slots=True)
class Choice:
    """A file to play: its row, its streams and chapters, and the work it is played as."""

    file: MediaFile
    streams: tuple[MediaStream, ...]
    chapters: tuple[Chapter, ...]
    work: Work
    stretch: Stretch = field(default_factory=Stretch)


def choose(media_id: MediaId, device: Device, *, profile_id: int | None) -> Choice:
    """The best file of a work for this device: what needs least making, then the largest picture.

    A show stands for the episode to go on with. Raises NotFound.
    """
    if media_id.kind == "show":
        episode = personal.next_of_show(profile_id or 0, media_id.number)
        if episode is None:
            raise NotFound("There is no episode of this show to play.")
        media_id = MediaId("episode", episode.id)
    work = _work(media_id)
    holds = FilePart.episode_id == media_id.number if work.episode_id else FilePart.title_id == media_id.number
    found = db.session.scalars(
        select(MediaFile)
        .join(FilePart, FilePart.file_id == MediaFile.id)
        .where(holds, MediaFile.state == "ok", MediaFile.role == "main")
        .order_by(MediaFile.missing_since.is_not(None), FilePart.order, MediaFile.id)
    ).all()
    if not found:
        raise NotFound("There is no file to play.")
    present = [file for file in found if file.missing_since is None] or found[:1]
    first_parts = _first_parts(present, work)
    streams = _streams([file.id for file in first_parts])
    best = min(first_parts, key=lambda file: _cost(file, streams.get(file.id, ()), device))
    return _choice(best, streams.get(best.id, ()), work)


def chosen(file_id: int) -> Choice:
    """A file named by its number. Raises NotFound."""
    file = db.session.get(MediaFile, file_id)
    if file is None or file.state != "ok":
        raise NotFound("There is no such file to play.")
    part = db.session.scalar(select(FilePart).where(FilePart.file_id == file_id).order_by(FilePart.order).limit(1))
    if part is None:
        work = Work(None, None, None)
    elif part.episode_id is not None:
        work = _work(MediaId("episode", part.episode_id))
    else:
        work = Work(f"m{part.title_id}" if file.role == "main" else None, part.title_id, None)
    return _choice(file, _streams([file_id]).get(file_id, ()), work)


def source_of(choice: Choice) -> Source:
    """What the decision looks at."""
    own = [stream for stream in choice.streams if stream.external_path is None]
    facts = [facts_of(stream) for stream in own]
    picture = max((stream for stream in own if stream.kind == "video"), key=_prominence, default=None)
    return Source(
        container=choice.file.container or "unknown",
        suffix=PurePosixPath(choice.file.name).suffix,
        bit_rate=choice.file.bit_rate,
        video=facts_of(picture) if picture else None,
        audio=tuple(one for one in facts if one.kind == "audio"),
    )


def _prominence(stream: MediaStream) -> tuple[bool, bool, int]:
    return prominence(is_default=stream.is_default, fps=stream.fps, width=stream.width, height=stream.height)


def facts_of(stream: MediaStream) -> StreamFacts:
    """A stream's row as the frozen value that rules read."""
    facts = stream.facts or {}
    return StreamFacts(
        index=stream.index,
        kind=stream.kind,  # type: ignore[arg-type]
        codec=stream.codec,
        profile=stream.profile,
        level=stream.level,
        width=stream.width,
        height=stream.height,
        rotation=facts.get("rotation", 0),
        is_mirrored=bool(facts.get("mirrored")),
        field_order=facts.get("field_order"),
        pixel_format=facts.get("pixel_format"),
        bit_depth=stream.bit_depth,
        hdr=stream.hdr,  # type: ignore[arg-type]
        channels=stream.channels,
        sample_rate=stream.sample_rate,
        language=stream.language,
        title=stream.title,
        is_default=stream.is_default,
        is_forced=stream.is_forced,
        is_hearing_impaired=bool(facts.get("hearing_impaired")),
        bit_rate=stream.bit_rate,
    )


def _work(media_id: MediaId) -> Work:
    if media_id.kind == "episode":
        title_id = db.session.scalar(select(Episode.title_id).where(Episode.id == media_id.number))
        if title_id is None:
            raise NotFound("There is no such episode.")
        return Work(str(media_id), title_id, media_id.number)
    return Work(str(media_id), media_id.number, None)


def _first_parts(files: Sequence[MediaFile], work: Work) -> list[MediaFile]:
    """Of a film in two files, the first; whole films beside them count as well."""
    held = FilePart.episode_id == work.episode_id if work.episode_id else FilePart.title_id == work.title_id
    found = db.session.execute(
        select(FilePart.file_id, FilePart.order).where(FilePart.file_id.in_([file.id for file in files]), held)
    )
    orders = {row.file_id: row.order for row in found}
    first = min(orders.values(), default=1)
    return [file for file in files if orders.get(file.id, first) == first] or list(files)


def _streams(file_ids: Sequence[int]) -> dict[int, list[MediaStream]]:
    found: dict[int, list[MediaStream]] = {}
    rows = db.session.scalars(
        select(MediaStream).where(MediaStream.file_id.in_(file_ids)).order_by(MediaStream.file_id, MediaStream.index)
    )
    for stream in rows:
        found.setdefault(stream.file_id, []).append(stream)
    return found


def _choice(file: MediaFile, streams: Sequence[MediaStream], work: Work) -> Choice:
    chapters = db.session.scalars(select(Chapter).where(Chapter.file_id == file.id).order_by(Chapter.start)).all()
    found = stretch(file, title_id=work.title_id if work.episode_id is None else None)
    return Choice(file, tuple(streams), tuple(chapters), work, found)


def _cost(file: MediaFile, streams: Sequence[MediaStream], device: Device) -> tuple[int, int, int]:
    source = source_of(Choice(file, tuple(streams), (), Work(None, None, None)))
    copyable = frozenset(track.index for track in source.audio if track.codec == "aac")
    made = decide(source, device, copyable_video=True, copyable_audio=copyable)
    lines = min(source.video.width or 0, source.video.height or 0) if source.video else 0
    return COST[made.method], -lines, file.id
