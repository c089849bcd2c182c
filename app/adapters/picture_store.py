"""Where pictures lie: originals by their content under `art/kept`, sizes made of them under `art/sized`.

Everything appears by atomic rename, so a half-written picture is never seen. `sized` is a cache: bounded, and free to
be deleted at any time.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Callable, Collection
from pathlib import Path

SIZED_BYTES = 1 << 30
SWEEP_EVERY = 64
KEEP_SHARE = 0.8


def keep(root: Path, data: bytes) -> str:
    """Writes an original; returns its path below `root`. The same bytes are kept once."""
    digest = hashlib.sha256(data).hexdigest()[:40]
    relative = f"kept/{digest[:2]}/{digest}.webp"
    target = root / relative
    try:
        os.utime(target)  # young again, so that nobody forgets it before a row names it
    except FileNotFoundError:
        write_atomically(target, data)
    return relative


def write_atomically(target: Path, data: bytes) -> None:
    """The file is there whole, or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as part:
            part.write(data)
        os.replace(name, target)  # noqa: PTH105 - the name is a plain string here
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class SizedPictures:
    """The cache of sizes in one process; any number of processes may share its folder."""

    def __init__(self, root: Path, *, budget_bytes: int = SIZED_BYTES, at_once: int = 2) -> None:
        self.root = root / "sized"
        self.budget_bytes = budget_bytes
        self._made = 0
        self._lock = threading.Lock()
        self._makers = threading.BoundedSemaphore(at_once)

    def get(self, key: str, form: str, make: Callable[[], bytes]) -> bytes:
        """The bytes under this key, made now if they are not there. At most a few are made at once."""
        target = self.root / key[:2] / f"{key}.{form}"
        try:
            data = target.read_bytes()
            os.utime(target)
            return data
        except FileNotFoundError:
            pass
        with self._makers:
            data = make()
        write_atomically(target, data)
        self._count()
        return data

    def _count(self) -> None:
        with self._lock:
            self._made += 1
            due = self._made % SWEEP_EVERY == 1
        if due:
            self.sweep()

    def sweep(self) -> None:
        """Removes what was used longest ago until the cache is well within its budget."""
        found = []
        for path in self.root.glob("*/*"):
            try:
                facts = path.stat()
            except FileNotFoundError:
                continue  # another process removed it
            found.append((facts.st_mtime_ns, facts.st_size, path))
        total = sum(size for _, size, _ in found)
        if total <= self.budget_bytes:
            return
        for _, size, path in sorted(found):
            path.unlink(missing_ok=True)
            total -= size
            if total <= self.budget_bytes * KEEP_SHARE:
                return


def forget_unused(root: Path, used: Collection[str], *, before: float) -> int:
    """Removes kept originals that nothing names, and marks and scraps, older than `before` (seconds of the epoch).

    Young ones stay: another run may have written a picture and not yet named it. Returns how many were removed.
    """
    removed = 0
    for folder in ("kept", "barren"):
        for path in (root / folder).rglob("*"):
            try:
                is_old = path.is_file() and path.stat().st_mtime < before
            except FileNotFoundError:
                continue
            if is_old and path.relative_to(root).as_posix() not in used:
                path.unlink(missing_ok=True)
                removed += 1
    return removed
