"""From a file's row to its bytes: where it lies now, and whether it is still what it was."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from app.adapters.database import stored_time
from app.core.errors import NotFound, Unavailable
from app.extensions import db
from app.library.models import Library, MediaFile, MediaStream
from app.transcoding.keys import LocalFile

PASSING = frozenset({"file_missing", "file_changed"})
"""Codes of what a scan, or a disk that is back, puts right."""
RETRY_S = 3


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that may be read. `path` is resolved and lies inside `library`; `origin` names its bytes."""

    file_id: int
    library: Path
    path: Path
    size: int
    mtime_ns: int
    signature: str | None
    origin: str


def source_file(file_id: int) -> SourceFile:
    """The file behind a row, without touching the disk.

    Raises NotFound when there is no such row, or its name leads out of the library.
    """
    row = db.session.execute(
        select(MediaFile, Library.path).join(Library, Library.id == MediaFile.library_id).where(MediaFile.id == file_id)
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such file.")
    file, library = row
    root = Path(library)
    path = inside(root, root / file.folder / file.name)
    origin = LocalFile(file.signature, str(path), file.size, file.mtime_ns).key
    return SourceFile(file.id, root, path, file.size, file.mtime_ns, file.signature, origin)


def sidecar(file_id: int, stream: int) -> Path:
    """The subtitle file of this stream number. Raises NotFound."""
    row = db.session.execute(
        select(MediaStream.external_path, Library.path)
        .join(MediaFile, MediaFile.id == MediaStream.file_id)
        .join(Library, Library.id == MediaFile.library_id)
        .where(MediaStream.file_id == file_id, MediaStream.index == stream)
    ).one_or_none()
    if row is None or row[0] is None:
        raise NotFound("There is no such subtitle file.")
    root = Path(row[1])
    return inside(root, root / row[0])


def inside(root: Path, path: Path) -> Path:
    """The resolved path. Raises NotFound when links or dots lead out of the library."""
    resolved = path.resolve()
    if not resolved.is_relative_to(root.resolve()):
        raise NotFound("This file does not lie in its library.")
    return resolved


def require_unchanged(source: SourceFile) -> None:
    """Raises Unavailable when the file is not there now, or is not the one that was scanned."""
    try:
        found = os.stat(source.path)  # noqa: PTH116
    except OSError as error:
        raise Unavailable(
            "The file cannot be read at the moment; is its disk there?", code="file_missing", retry_after=RETRY_S
        ) from error
    if not stat.S_ISREG(found.st_mode):
        raise Unavailable("This is not a file that can be played.", code="file_missing")
    if (found.st_size, stored_time(found.st_mtime_ns)) != (source.size, source.mtime_ns):
        raise Unavailable(
            "The file has changed; it is played again once it was scanned.", code="file_changed", retry_after=RETRY_S
        )
