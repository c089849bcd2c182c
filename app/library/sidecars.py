"""Subtitle files beside a film become streams of it.

A file in the film's own folder belongs to the film whose name it starts with, or to the only film there; one in a
folder `Subs` to the film above it. Runs inside the caller's write unit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import delete, insert, or_, select, update

from app.core.subtitle_names import SubtitleName, belongs_to, parse_subtitle_name
from app.extensions import db
from app.library.intake import SIDECAR_INDEX, Report
from app.library.models import BESIDE, Library, MediaFile, MediaStream

ORPHAN = "no film or episode that it could belong to lies beside it"
_SUBS = re.compile(r"subs?|subtitles?", re.IGNORECASE)
_SUBS_NAMES = ("Subs", "subs", "SUBS", "Sub", "sub", "Subtitles", "subtitles", "Subtitle", "subtitle")
MOST_PER_FILM = 400


@dataclass(frozen=True, slots=True)
class _Row:
    """A file of a folder, a film or a subtitle."""

    id: int
    folder: str
    name: str
    codec: str | None

    @property
    def stem(self) -> str:
        return PurePosixPath(self.name).stem


def home_of(folder: str) -> str:
    """The folder whose films the subtitles in `folder` belong to (`Film/Subs` and `Show/Subs/Episode` lead up)."""
    parts = folder.split("/")
    for depth in (1, 2):
        if len(parts) >= depth and _SUBS.fullmatch(parts[-depth]):
            return "/".join(parts[:-depth])
    return folder


def worth_linking(library_id: int, reports: Iterable[Report]) -> set[str]:
    """The folders of a batch in which there are subtitles, new or known: one query, where linking costs three each."""
    homes: set[str] = set()
    maybe: dict[str, str] = {}
    for report in reports:
        if report.role == "sidecar":
            homes.add(home_of(report.folder))
            continue
        start = f"{report.folder}/" if report.folder else ""
        stem = PurePosixPath(report.name).stem
        names = [*_SUBS_NAMES, *(f"{name}/{stem}" for name in _SUBS_NAMES[:2])]
        maybe |= {report.folder: report.folder} | {f"{start}{name}": report.folder for name in names}
    folders = list(maybe)
    for first in range(0, len(folders), 500):
        found = db.session.scalars(
            select(MediaFile.folder)
            .where(
                MediaFile.library_id == library_id,
                MediaFile.role == "sidecar",
                MediaFile.folder.in_(folders[first : first + 500]),
            )
            .distinct()
        )
        homes.update(maybe[folder] for folder in found)
    return homes


def relink(library_id: int, folders: Iterable[str]) -> None:
    """Makes the external streams of every film in these folders what lies there now."""
    library = db.session.get_one(Library, library_id)
    for home in sorted({home_of(folder) for folder in folders}):
        _relink_home(library, home)


def _relink_home(library: Library, home: str) -> None:
    films = _films(library.id, home)
    subtitles = _subtitles(library.id, home, films)
    if films:
        ids = [film.id for film in films]
        db.session.execute(
            delete(MediaStream).where(MediaStream.file_id.in_(ids), MediaStream.index >= SIDECAR_INDEX),
            execution_options={"synchronize_session": False},
        )
    pairs = {(one.folder, one.stem.casefold()) for one in subtitles if one.name.casefold().endswith(".idx")}
    rows: list[dict[str, Any]] = []
    numbers: dict[int, int] = {}
    orphans, linked = [], []
    for subtitle in subtitles:
        film = _owner(subtitle, home, films)
        if film is None:
            orphans.append(subtitle.id)
            continue
        linked.append(subtitle.id)
        if subtitle.name.casefold().endswith(".sub") and (subtitle.folder, subtitle.stem.casefold()) in pairs:
            continue  # the pictures of an .idx, which names them
        number = numbers.get(film.id, 0)
        if number < MOST_PER_FILM:
            numbers[film.id] = number + 1
            rows.append(_stream(library, film, subtitle, SIDECAR_INDEX + number))
    if rows:
        db.session.execute(insert(MediaStream), rows)
    _set(linked, "ok", None)
    _set(orphans, "refused", ORPHAN)


def _films(library_id: int, home: str) -> list[_Row]:
    rows = db.session.execute(
        select(MediaFile.id, MediaFile.folder, MediaFile.name)
        .where(
            MediaFile.library_id == library_id,
            MediaFile.folder == home,
            MediaFile.role.not_in(BESIDE),
            MediaFile.state == "ok",
        )
        .order_by(MediaFile.name)
    )
    return [_Row(file_id, folder, name, None) for file_id, folder, name in rows]


def _subtitles(library_id: int, home: str, films: Sequence[_Row]) -> list[_Row]:
    """Those in the folder itself and in its `Subs` folders, also one for each film below them."""
    start = f"{home}/" if home else ""
    below = [f"{start}{name}" for name in _SUBS_NAMES]
    inner = [f"{start}{name}/{film.stem}" for name in _SUBS_NAMES[:2] for film in films[:200]]
    rows = db.session.execute(
        select(MediaFile.id, MediaFile.folder, MediaFile.name, MediaFile.container)
        .where(
            MediaFile.library_id == library_id,
            MediaFile.role == "sidecar",
            MediaFile.state != "broken",
            MediaFile.missing_since.is_(None),
            or_(MediaFile.folder == home, MediaFile.folder.in_([*below, *inner])),
        )
        .order_by(MediaFile.folder, MediaFile.name)
    )
    return [_Row(file_id, folder, name, codec) for file_id, folder, name, codec in rows]


def _owner(subtitle: _Row, home: str, films: Sequence[_Row]) -> _Row | None:
    named = [film for film in films if belongs_to(subtitle.name, film.stem)]
    if named:
        return max(named, key=lambda film: len(film.stem))
    own = subtitle.folder.rpartition("/")[2].casefold()
    of_folder = [film for film in films if film.stem.casefold() == own] if subtitle.folder != home else []
    if of_folder:
        return of_folder[0]
    is_alone = len(films) == 1 and (home != "" or subtitle.folder != home)
    return films[0] if is_alone else None


def _stream(library: Library, film: _Row, subtitle: _Row, index: int) -> dict[str, Any]:
    named = parse_subtitle_name(subtitle.name, film.stem if belongs_to(subtitle.name, film.stem) else None)
    return {
        "file_id": film.id,
        "index": index,
        "kind": "subtitle",
        "codec": subtitle.codec,
        "language": named.language,
        "title": (named.title or "")[:400] or None,
        "is_default": named.is_default,
        "is_forced": named.is_forced,
        "external_path": "/".join(part for part in (library.path.rstrip("/"), subtitle.folder, subtitle.name) if part),
        "facts": _facts(named),
    }


def _facts(named: SubtitleName) -> dict[str, Any]:
    return {"hearing_impaired": True} if named.is_hearing_impaired else {}


def _set(ids: Sequence[int], state: str, problem: str | None) -> None:
    if ids:
        db.session.execute(
            update(MediaFile).where(MediaFile.id.in_(ids)).values(state=state, problem=problem),
            execution_options={"synchronize_session": False},
        )
