"""The folder picker's view of the server's disks: folders, and what was found in them. Reads directories only."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field

from app.core.admission import is_named_like_video, is_skipped_folder, sort_of
from app.core.errors import Invalid
from app.core.query import storable

HIDDEN_AT_ROOT = frozenset({"proc", "sys", "dev", "run", "boot", "lost+found"})
MOST_FOLDERS = 1000
LOOK_S = 0.15
"""How long a folder's own folders may be looked into."""


@dataclass(slots=True)
class Found:
    """What lies in one folder. `video_files` counts files that are named like films, `folders` the folders below."""

    path: str
    name: str
    readable: bool = True
    video_files: int = 0
    subtitle_files: int = 0
    folders: int = 0
    below: list[Found] = field(default_factory=list)


def look(path: str) -> Found:
    """A folder with its folders, each with what is directly in it, by name. Raises Invalid when it is none."""
    if not path.startswith("/") or "\0" in path:
        raise Invalid("The folder's path must be absolute, like /media/films.")
    real = os.path.realpath(path)
    if not os.path.isdir(real):  # noqa: PTH112
        raise Invalid("There is no such folder on the server.")
    found, names = _count(real)
    if not found.readable:
        raise Invalid("The server may not read that folder; give it the right to.")
    deadline = time.monotonic() + LOOK_S
    for name in sorted(names, key=str.casefold)[:MOST_FOLDERS]:
        inner = f"{real.rstrip('/')}/{name}"
        if real == "/" and name in HIDDEN_AT_ROOT:
            continue
        if time.monotonic() < deadline:
            found.below.append(_count(inner)[0])
        else:
            found.below.append(Found(storable(inner), storable(name), os.access(inner, os.R_OK | os.X_OK)))
    return found


def _count(path: str) -> tuple[Found, list[str]]:
    found = Found(storable(path), storable(path.rstrip("/").rpartition("/")[2] or "/"))
    names: list[str] = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if not is_skipped_folder(entry.name):
                        names.append(entry.name)
                    continue
                found.video_files += is_named_like_video(entry.name) and entry.is_file(follow_symlinks=False)
                found.subtitle_files += sort_of(entry.name) == "subtitle"
    except OSError:
        found.readable = False
    found.folders = len(names)
    return found, names
