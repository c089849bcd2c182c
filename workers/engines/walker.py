"""Every file below a library's folder, folder by folder in the order of the stored path, with no link followed.

Folders are taken from a heap, so that all of them come in plain string order (a depth-first walk does not give that:
`a b` stands before `a/b`), which is the order of the database's index; the two are merged in one pass.
"""

from __future__ import annotations

import heapq
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.adapters.database import stored_path, stored_time
from app.core.admission import FOLDER_MARKS, is_skipped_folder, sort_of


@dataclass(slots=True)
class Folder:
    """One folder as it is now.

    `path` is relative to the library in stored form; `files` maps stored names of media and subtitle files to size and
    mtime; `refused` maps stored names to why they may not be opened. `error` says that the folder could not be read:
    then nothing is known of what it holds.
    """

    path: str
    files: dict[str, tuple[int, int]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    blind: list[str] = field(default_factory=list)
    ignored: int = 0
    error: str | None = None


_SORTS: dict[str, bool] = {}


def _matters(name: str) -> bool:
    """Whether a name is worth a look; remembered by extension."""
    if name.startswith("."):
        return False
    stem, dot, extension = name.rpartition(".")
    if not dot or not stem:
        return True
    known = _SORTS.get(extension)
    if known is None:
        known = sort_of(name) != "ignored"
        if len(_SORTS) < 10_000:
            _SORTS[extension] = known
    return known


def walk(root: str, start: str = "") -> Iterator[Folder]:
    """Folders from `start` (relative, `""` for all) down. A start that is not there gives one Folder with an error."""
    heap = [(stored_path(start), start)]
    while heap:
        stored, relative = heapq.heappop(heap)
        folder = Folder(stored)
        below = _read(root, relative, folder)
        yield folder
        for name in below:
            path = f"{relative}/{name}" if relative else name
            heapq.heappush(heap, (stored_path(path), path))


def _read(root: str, relative: str, folder: Folder) -> list[str]:
    """Fills in a folder; returns the names of those below it."""
    below: list[str] = []
    path = f"{root}/{relative}" if relative else root
    files = folder.files
    marked = False
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                name = entry.name
                if entry.is_dir(follow_symlinks=False):
                    if not is_skipped_folder(name):
                        below.append(name)
                    continue
                if name in FOLDER_MARKS:
                    marked = True
                    break
                if not _matters(name):
                    folder.ignored += 1
                    continue
                _file(root, entry, name, folder, files)
    except OSError as error:
        folder.error = error.strerror or str(error)
        return []
    if marked:
        folder.files.clear()
        folder.refused.clear()
        return []
    return _readable(path, below, folder)


def _file(root: str, entry: os.DirEntry[str], name: str, folder: Folder, files: dict[str, tuple[int, int]]) -> None:
    try:
        about = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return
    except OSError as error:
        folder.refused[stored_path(name)] = f"it cannot be looked at: {error.strerror or error}"
        return
    if stat.S_ISREG(about.st_mode):
        files[name if name.isascii() else stored_path(name)] = (about.st_size, stored_time(about.st_mtime_ns))
    elif stat.S_ISLNK(about.st_mode):
        if (reason := _link(root, entry.path)) is not None:
            folder.refused[stored_path(name)] = reason
        else:
            folder.ignored += 1
    else:
        folder.refused[stored_path(name)] = "it is not a plain file (a pipe, a device or a socket)"


def _link(root: str, path: str) -> str | None:
    """Why a link is refused; None for one that leads to something inside the library, which is listed itself."""
    try:
        target = os.path.realpath(path, strict=True)
    except OSError:
        return "it is a link that leads nowhere"
    real_root = os.path.realpath(root)
    if target == real_root or target.startswith(real_root.rstrip("/") + "/"):
        return None
    return "it is a link that leads out of the library"


def _readable(path: str, below: list[str], folder: Folder) -> list[str]:
    """Folders that may not be read are told of, and what they hold counts as unknown, not as gone."""
    open_to_us = []
    for name in below:
        if os.access(f"{path}/{name}", os.R_OK | os.X_OK, effective_ids=True):
            open_to_us.append(name)
        else:
            folder.refused[stored_path(name)] = "it is a folder that may not be read: permission denied"
            folder.blind.append(stored_path(name))
    return open_to_us


def count(root: str, start: str = "") -> int:
    """About how many files a walk will meet: no file is looked at."""
    found = 0
    waiting = [f"{root}/{start}" if start else root]
    while waiting:
        path = waiting.pop()
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if not is_skipped_folder(entry.name):
                            waiting.append(entry.path)
                    elif _matters(entry.name):
                        found += 1
        except OSError:
            continue  # the walk itself tells of it
    return found
