"""What things are called on the store. A name says what the bytes are made from, never who asked for them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

INDEX_FOLDER = "index"
CUES_FOLDER = "cues"
CELLS_FOLDER = "cells"
INIT = "init.mp4"

_CELL = re.compile(rf"{CELLS_FOLDER}/[0-9a-f]{{2}}/([0-9a-f]{{32}})/([0-9]{{1,9}})\.m4s", re.ASCII)


@dataclass(frozen=True, slots=True)
class LocalFile:
    """The bytes of one file: two copies of a film are one origin, and a changed file is another.

    `signature` is the scan's hash of size and content; `size` and `mtime_ns` stand for a file that has none yet.
    """

    signature: str | None
    path: str
    size: int
    mtime_ns: int

    @property
    def key(self) -> str:
        """A word that names the origin: 32 hex digits."""
        text = self.signature or f"{self.path}\0{self.size}\0{self.mtime_ns}"
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def folder_key(recipe: str) -> str:
    """The folder of a rendition's cells."""
    return f"{CELLS_FOLDER}/{recipe[:2]}/{recipe}"


def cell_key(recipe: str, k: int) -> str:
    return f"{folder_key(recipe)}/{k}.m4s"


def init_key(recipe: str) -> str:
    return f"{folder_key(recipe)}/{INIT}"


def index_key(origin: str) -> str:
    """What the grid needs to know of a source (`SourceIndex` and the ffmpeg that will serve it), as JSON."""
    return f"{INDEX_FOLDER}/{origin}.json"


def cues_key(origin: str, stream: int) -> str:
    """The cues of one text subtitle, as JSON."""
    return f"{CUES_FOLDER}/{origin}/{stream}.json"


def cell_of(key: str) -> tuple[str, int] | None:
    """`(recipe, k)` of a cell's key, None for any other key."""
    found = _CELL.fullmatch(key)
    return (found[1], int(found[2])) if found else None


def recipe_of(key: str) -> str | None:
    """The recipe of a cell's or an init's key, None for any other key."""
    parts = key.split("/")
    return parts[2] if parts[0] == CELLS_FOLDER and len(parts) == 4 else None
