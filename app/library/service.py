"""Libraries: the folders that are watched, and the requests to look through them.

What a scan writes about files stands in `intake.py`, which work a file is in `placing.py`, subtitles beside films in
`sidecars.py`. Everything runs inside the caller's write unit.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Literal, TypeVar

from sqlalchemy import delete, select, update

from app import outbox
from app.adapters.database import stored_path
from app.core.errors import Conflict, Invalid, NotFound
from app.extensions import db
from app.jobs import SCAN
from app.library.counts import recount
from app.library.models import FilePart, Library, Match, MediaFile, MediaStream
from app.library.works import titles_of
from app.signals import file_removed

Kind = Literal["movies", "shows", "anime", "mixed"]
KINDS: tuple[Kind, ...] = ("movies", "shows", "anime", "mixed")
SLICE = 500
T = TypeVar("T")


def slices(items: Iterable[T], size: int = SLICE) -> Iterator[Sequence[T]]:
    """The items in lists that a database takes as parameters."""
    some = list(items)
    for start in range(0, len(some), size):
        yield some[start : start + size]


def register(path: str, kind: Kind, *, name: str | None = None, now: datetime) -> Library:
    """The library at this folder, made if there is none; one that is there already keeps its kind and name.

    Raises Invalid when it is no folder, Conflict when it lies inside another library or around one.
    """
    folder = resolved(path)
    known = db.session.scalars(select(Library).where(Library.path == folder)).first()
    return known or create(path, kind, name=name, now=now)


def create(path: str, kind: Kind, *, name: str | None = None, now: datetime) -> Library:
    """Makes a library. Raises Invalid when it is no folder, Conflict when its files are (partly) another's."""
    folder = resolved(path)
    _be_apart(folder, None)
    library = Library(path=folder, kind=kind, name=_name(name, folder), created_at=now)
    db.session.add(library)
    db.session.flush()
    return library


def change(
    library_id: int, *, name: str | None = None, kind: Kind | None = None, path: str | None = None, now: datetime
) -> Library:
    """Renames a library, changes what it holds (every file is identified again), or says where it lies now."""
    library = get(library_id)
    if name is not None:
        library.name = _name(name, library.path)
    if kind is not None and kind != library.kind:
        library.kind = kind
        files = select(MediaFile.id).where(MediaFile.library_id == library_id)
        db.session.execute(
            delete(Match).where(Match.file_id.in_(files), Match.locked.is_(False)),
            execution_options={"synchronize_session": False},
        )
        request_scan(library_id=library_id, now=now)
    if path is not None and (folder := resolved(path)) != library.path:
        _be_apart(folder, library_id)
        _move_sidecars(library, folder)
        library.path = folder
        request_scan(library_id=library_id, now=now)
    return library


def remove(library_id: int, *, now: datetime) -> None:
    """Forgets a library and its files, and cancels its jobs: its number may be another's soon. The disk is not touched,
    and works keep what people did with them."""
    library = get(library_id)
    outbox.cancel_all_of("library_id", library_id, now=now)
    ids = list(db.session.scalars(select(MediaFile.id).where(MediaFile.library_id == library_id)))
    titles: set[int] = set()
    for some in slices(ids):
        titles |= titles_of(some)
        for file_id in some:
            file_removed.send("library", media_file_id=file_id)
        for model in (FilePart, Match):
            db.session.execute(
                delete(model).where(model.file_id.in_(some)), execution_options={"synchronize_session": False}
            )
    db.session.execute(
        delete(Library).where(Library.id == library.id), execution_options={"synchronize_session": False}
    )
    db.session.expire_all()
    for some in slices(sorted(titles)):
        recount(some)


def get(library_id: int) -> Library:
    """Raises NotFound."""
    library = db.session.get(Library, library_id)
    if library is None:
        raise NotFound("There is no such library.")
    return library


def request_scan(
    *,
    library_id: int | None = None,
    path: str | None = None,
    is_settled: bool = False,
    accept_missing: bool = False,
    requested_by_id: int | None = None,
    now: datetime,
) -> int:
    """Decides a scan of everything, of one library, or of the part of one that `path` (absolute) names.

    `is_settled` says that the files were seen not to grow; `accept_missing`, that so much may really be gone. Returns
    the job's id. Raises NotFound when the path lies in no library.
    """
    folder: str | None = None
    if path is not None:
        library_id, folder = locate(path, library_id)
    elif library_id is not None:
        get(library_id)
    payload = {
        "library_id": library_id,
        "folder": None if folder is None else stored_path(folder),
        "settled": is_settled,
        "accept_missing": accept_missing,
    }
    key = f"scan:{library_id or 'all'}:{int(accept_missing)}:{payload['folder'] or ''}"
    return outbox.enqueue(
        SCAN,
        payload,
        dedupe_key=key if len(key) <= 200 else None,
        requested_by_id=requested_by_id,
        now=now,
    )


def locate(path: str, library_id: int | None = None) -> tuple[int, str]:
    """The library that a path lies in, and the path relative to it (`""` is the library itself). Raises NotFound."""
    if not path.startswith("/"):
        if library_id is None:
            raise Invalid("A path to scan is absolute, or relative to the library that is named with it.")
        path = os.path.join(get(library_id).path, path)  # noqa: PTH118 - text with any bytes, not a Path
    wanted = os.path.normpath(path)
    real = os.path.realpath(wanted)
    for library in db.session.scalars(select(Library)):
        for one in (wanted, real):
            if one == library.path or one.startswith(library.path.rstrip("/") + "/"):
                return library.id, one[len(library.path.rstrip("/")) :].strip("/")
    raise NotFound("That path lies in no library.")


def resolved(path: str) -> str:
    """The real path of a folder that can be a library. Raises Invalid."""
    if not path.startswith("/") or "\0" in path:
        raise Invalid("The folder's path must be absolute, like /media/films.")
    folder = os.path.realpath(path)
    if not os.path.isdir(folder):  # noqa: PTH112
        raise Invalid("There is no such folder on the server.")
    if folder == "/" or folder.split("/")[1] in {"proc", "sys", "dev"}:
        raise Invalid("That folder belongs to the system; choose the one that holds your films.")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise Invalid("The server may not read that folder; give it the right to.")
    return folder


def _name(name: str | None, folder: str) -> str:
    return ((name or "").strip() or os.path.basename(folder).encode("utf-8", "replace").decode())[:200]  # noqa: PTH119


def _be_apart(folder: str, library_id: int | None) -> None:
    for other in db.session.scalars(select(Library)):
        if other.id == library_id:
            continue
        if other.path == folder:
            raise Conflict(f"That folder is the library {other.name} already.")
        if folder.startswith(other.path.rstrip("/") + "/"):
            raise Conflict(f"That folder lies inside the library {other.name}.")
        if other.path.startswith(folder.rstrip("/") + "/"):
            raise Conflict(f"The library {other.name} lies inside that folder.")


def _move_sidecars(library: Library, folder: str) -> None:
    rows = db.session.execute(
        select(MediaStream.id, MediaStream.external_path)
        .join(MediaFile, MediaFile.id == MediaStream.file_id)
        .where(MediaFile.library_id == library.id, MediaStream.external_path.is_not(None))
    )
    moved = [{"id": key, "external_path": folder + str(path)[len(library.path) :]} for key, path in rows]
    if moved:
        db.session.execute(update(MediaStream), moved)
