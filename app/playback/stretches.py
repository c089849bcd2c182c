"""Where a file stands in its work: a film cut in several files plays as one, several episodes in one file end together.

What people did is kept on the work's own clock, which begins with its first part; a session runs on its file's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.library.models import FilePart, MediaFile


@dataclass(frozen=True, slots=True)
class Stretch:
    """`start`: how much of the work comes before this file (s); `whole`: how long the work is in these files, None
    where this file is all of it. `parts` are its files with the time each begins at, `episode_ids` this file's.
    """

    start: float = 0.0
    whole: float | None = None
    part: int = 1
    parts: tuple[tuple[int, float], ...] = ()
    episode_ids: tuple[int, ...] = ()

    @property
    def next_file_id(self) -> int | None:
        """The part that follows this one."""
        return self.parts[self.part][0] if self.part < len(self.parts) else None


def stretch(file: MediaFile, *, title_id: int | None) -> Stretch:
    """The stretch of its work that a file holds; `title_id` names the film that it is played as."""
    own = db.session.execute(
        select(FilePart.title_id, FilePart.episode_id, FilePart.of).where(FilePart.file_id == file.id)
    ).all()
    episodes = tuple(row.episode_id for row in own if row.episode_id is not None)
    if episodes or not any(row.title_id == title_id and row.of > 1 for row in own):
        return Stretch(episode_ids=episodes)
    return _among(file, _parts_of(file, title_id))


def at(found: Stretch, position: float) -> int | None:
    """The part that holds a place (s) on the work's clock; None where there is one file only."""
    return next((one for one, begin in reversed(found.parts) if position >= begin), None)


def _parts_of(file: MediaFile, title_id: int | None) -> Sequence[Any]:
    """The files of the same cut, beside this one and of its edition: the first of each number, this for its own."""
    rows = db.session.execute(
        select(MediaFile.id, MediaFile.duration, MediaFile.edition, FilePart.order)
        .join(FilePart, FilePart.file_id == MediaFile.id)
        .where(FilePart.title_id == title_id, FilePart.of > 1, MediaFile.library_id == file.library_id)
        .where(MediaFile.folder == file.folder, MediaFile.role == "main", MediaFile.state == "ok")
        .where(MediaFile.missing_since.is_(None))
        .order_by(FilePart.order, MediaFile.id != file.id, MediaFile.id)
    )
    parts: dict[int, Any] = {}
    for row in rows:
        if row.edition == file.edition:
            parts.setdefault(row.order, row)
    return list(parts.values())


def _among(file: MediaFile, rows: Sequence[Any]) -> Stretch:
    parts, begin, place = [], 0.0, 0
    for number, row in enumerate(rows, 1):
        place = number if row.id == file.id else place
        parts.append((row.id, begin))
        begin += row.duration or 0.0
    if not place or len(parts) < 2:
        return Stretch()
    return Stretch(start=parts[place - 1][1], whole=begin, part=place, parts=tuple(parts))
