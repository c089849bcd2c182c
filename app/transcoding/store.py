"""Where produced segments lie: one small protocol, a folder or a bucket behind it.

A key is a relative path of plain words ("cells/ab/abcd…/12.m4s"). What `put` publishes appears whole or not at all,
and what lies here can be made again, so anyone may delete anything at any time.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_KEY = re.compile(r"[0-9A-Za-z_-]+(?:[./][0-9A-Za-z_-]+)*", re.ASCII)
_UNFINISHED = ".part-"


class Missing(Exception):
    """There is no such object (any more)."""


@dataclass(frozen=True, slots=True)
class Stat:
    """An object on the store. `modified` is in seconds since 1970 on the store's clock."""

    key: str
    size: int
    modified: float


class Store(Protocol):
    """What producers and servers of segments need. Safe for any number of processes at once."""

    def put(self, key: str, data: bytes) -> None:
        """Publishes the object atomically; an older one of this key is replaced."""

    def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        """The object's bytes from `start` on. Raises Missing."""

    def stat(self, key: str) -> Stat | None:
        """What is known of the object, None when it is not there."""

    def list(self, prefix: str = "") -> Iterator[Stat]:
        """Every finished object whose key starts with this folder."""

    def delete(self, key: str) -> None:
        """Removes the object; one that is not there is no error."""

    def local_path(self, key: str) -> Path | None:
        """Where the object's file lies on this machine, None for a store that has no files."""

    def presign(self, key: str, *, seconds: int) -> str | None:
        """An address that serves the object without us for so long, None where the store has none."""


def checked_key(key: str) -> str:
    """The key itself. Raises ValueError for one that could leave the store."""
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a store key: {key!r}")
    return key


class LocalStore:
    """A folder. Objects are files; they appear by rename."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)

    def put(self, key: str, data: bytes) -> None:
        path = self._path(key)
        unfinished = path.with_name(f"{_UNFINISHED}{secrets.token_hex(8)}")
        try:
            self._write(unfinished, data)
            unfinished.replace(path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                unfinished.unlink()
            raise

    def _write(self, path: Path, data: bytes) -> None:
        try:
            path.write_bytes(data)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        try:
            with self._path(key).open("rb") as file:
                file.seek(start)
                return file.read(-1 if length is None else length)
        except FileNotFoundError:
            raise Missing(key) from None

    def stat(self, key: str) -> Stat | None:
        try:
            found = self._path(key).stat()
        except FileNotFoundError:
            return None
        return Stat(key, found.st_size, found.st_mtime)

    def list(self, prefix: str = "") -> Iterator[Stat]:
        top = self._path(prefix) if prefix else self.root
        for folder, _, names in os.walk(top):
            for name in names:
                if name.startswith("."):
                    continue
                path = Path(folder, name)
                key = path.relative_to(self.root).as_posix()
                if not _KEY.fullmatch(key) or "/" not in key:
                    continue
                with contextlib.suppress(FileNotFoundError):
                    found = path.stat()
                    yield Stat(key, found.st_size, found.st_mtime)

    def delete(self, key: str) -> None:
        path = self._path(key)
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        with contextlib.suppress(OSError):
            path.parent.rmdir()

    def local_path(self, key: str) -> Path | None:
        return self._path(key)

    def presign(self, key: str, *, seconds: int) -> str | None:  # noqa: ARG002
        return None

    def sweep(self, *, older_than: float) -> int:
        """Removes what dead processes left half-written before this instant (seconds since 1970)."""
        swept = 0
        for path in self.root.rglob(f"{_UNFINISHED}*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < older_than:
                    path.unlink()
                    swept += 1
        return swept

    def _path(self, key: str) -> Path:
        return self.root / checked_key(key)


def open_store(where: str) -> Store:
    """The store that `MATINEE_TRANSCODES_DIR` names: a folder, or `s3://bucket/prefix`."""
    if where.startswith("s3://"):
        from app.transcoding.bucket import BucketStore

        return BucketStore.of(where)
    return LocalStore(where)
