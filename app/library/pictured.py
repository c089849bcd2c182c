"""The files that pictures of works are made from: where they lie and what is known of their streams."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from app.catalog.models import Episode, Title
from app.extensions import db
from app.library.models import FilePart, Library, MediaFile, MediaStream


@dataclass(frozen=True, slots=True)
class PicturedFile:
    """One playable file of a title. `video` is the index of its first picture stream, `covers` those of attached
    pictures; `folder` is relative to the library; `start` seconds into the file where this work begins."""

    file_id: int
    title_id: int
    episode_id: int | None
    library_path: str
    folder: str
    name: str
    signature: str
    duration: float | None
    video: int | None
    hdr: str | None
    covers: tuple[int, ...]
    start: float

    @property
    def path(self) -> str:
        return os.path.join(self.library_path, self.folder, self.name)  # noqa: PTH118 - names are not always UTF-8


def titles_with_files(library_id: int | None = None) -> list[int]:
    """Ids of the titles that have a playable file (in this library), newest first."""
    wanted = select(Title.id).where(Title.file_count > 0).order_by(Title.added_at.desc(), Title.id)
    if library_id is not None:
        in_library = (
            select(func.coalesce(FilePart.title_id, Episode.title_id))
            .join(MediaFile, MediaFile.id == FilePart.file_id)
            .outerjoin(Episode, Episode.id == FilePart.episode_id)
            .where(MediaFile.library_id == library_id)
        )
        wanted = wanted.where(Title.id.in_(in_library))
    return list(db.session.scalars(wanted))


def kinds_and_names(title_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """`movie` or `show`, and the name, by title."""
    rows = db.session.execute(select(Title.id, Title.kind, Title.name).where(Title.id.in_(title_ids)))
    return {number: (kind, name) for number, kind, name in rows}


def files_of(title_ids: Sequence[int]) -> dict[int, list[PicturedFile]]:
    """The main, present, readable files of these titles, in the order of their episodes."""
    owner = FilePart.title_id, Episode.title_id
    rows = db.session.execute(
        select(MediaFile, Library.path, *owner, FilePart.episode_id, FilePart.start)
        .join(FilePart, FilePart.file_id == MediaFile.id)
        .join(Library, Library.id == MediaFile.library_id)
        .outerjoin(Episode, Episode.id == FilePart.episode_id)
        .where(
            MediaFile.role == "main",
            MediaFile.state == "ok",
            MediaFile.missing_since.is_(None),
            FilePart.title_id.in_(title_ids) | Episode.title_id.in_(title_ids),
        )
        .order_by(Episode.season_id, Episode.number, FilePart.order, MediaFile.id)
    ).all()
    streams = _streams([row[0].id for row in rows])
    found: dict[int, list[PicturedFile]] = {}
    for file, library_path, film, show, episode, start in rows:
        pictures = streams.get(file.id, [])
        video = next((one for one in pictures if one.kind == "video"), None)
        title = film if film is not None else show
        made = PicturedFile(
            file_id=file.id,
            title_id=title,
            episode_id=episode,
            library_path=library_path,
            folder=file.folder,
            name=file.name,
            signature=file.signature or f"{file.size}-{file.mtime_ns}",
            duration=file.duration,
            video=video.index if video else None,
            hdr=video.hdr if video else None,
            covers=tuple(one.index for one in pictures if one.kind == "cover"),
            start=start or 0.0,
        )
        found.setdefault(title, []).append(made)
    return found


def shared_folders(files: Sequence[PicturedFile]) -> set[tuple[str, str]]:
    """Of these files' folders those (library path, folder) that also hold files of other titles."""
    folders = {file.folder for file in files}
    titles = {file.title_id for file in files}
    if not folders:
        return set()
    rows = db.session.execute(
        select(Library.path, MediaFile.folder)
        .join(FilePart, FilePart.file_id == MediaFile.id)
        .join(Library, Library.id == MediaFile.library_id)
        .outerjoin(Episode, Episode.id == FilePart.episode_id)
        .where(
            MediaFile.folder.in_(folders),
            MediaFile.role == "main",
            MediaFile.missing_since.is_(None),
            (FilePart.title_id.is_not(None) & FilePart.title_id.not_in(titles))
            | (Episode.title_id.is_not(None) & Episode.title_id.not_in(titles)),
        )
        .distinct()
    )
    return {(path, folder) for path, folder in rows}


def _streams(file_ids: Sequence[int]) -> dict[int, list[MediaStream]]:
    found: dict[int, list[MediaStream]] = {}
    wanted = select(MediaStream).where(MediaStream.file_id.in_(file_ids), MediaStream.kind.in_(("video", "cover")))
    for stream in db.session.scalars(wanted.order_by(MediaStream.file_id, MediaStream.index)):
        found.setdefault(stream.file_id, []).append(stream)
    return found
