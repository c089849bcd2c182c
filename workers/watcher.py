"""Watches the libraries' folders: a file copied in is asked to be scanned as soon as it has stopped growing.

A lane of its own. The kernel tells of changes (inotify); where a file system tells nothing of what others write
to it (network mounts), its folders are looked at every so often instead. Events are hints only: they become scans of
single folders, and the scan looks for itself.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch
from watchdog.observers.polling import PollingObserverVFS

from app.adapters.clock import now
from app.core.admission import FOLDER_MARKS, is_skipped_folder, sort_of
from app.core.errors import Failure
from app.extensions import db, writing
from app.library import queries, service
from workers import runtime

log = structlog.get_logger(__name__)

QUIET_S = 1.0
"""A file that has not changed for so long has stopped growing."""
TICK_S = 0.25
REREAD_S = 3.0
POLL_S = 30.0
MOST_FOLDERS = 50
"""More folders than these at once are one scan of what is above them all."""
TOLD = frozenset({"created", "modified", "deleted", "moved", "closed"})
QUIET_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "davfs", "vboxsf"}
)


class Application(Protocol):
    """What is needed of the Flask application."""

    def app_context(self) -> AbstractContextManager[Any]: ...


@dataclass(slots=True)
class _Change:
    """Something happened to a path; `size` and `mtime_ns` are its last known state, `since` when that was new."""

    size: int | None
    mtime_ns: int | None
    since: float


class Watcher:
    """The observers of all libraries and the thread that turns their news into scans. `stop()` ends both."""

    def __init__(self, app: Application, *, quiet_s: float = QUIET_S, poll_s: float = POLL_S) -> None:
        self._app = app
        self._quiet_s, self._poll_s = quiet_s, poll_s
        self._changes: dict[str, _Change] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._observers: dict[str, BaseObserver] = {}
        self._watches: dict[str, tuple[BaseObserver, ObservedWatch]] = {}
        self._given_up: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def start(self) -> Watcher:
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ends the observers and waits for them."""
        self._stopped.set()
        self._thread.join(timeout=10)
        for observer in self._observers.values():
            observer.stop()
        for observer in self._observers.values():
            observer.join(timeout=10)

    def is_watching(self, root: str) -> bool:
        """Whether news of this library's folder arrives by now."""
        return root in self._watches

    # news

    def tell(self, path: str | bytes) -> None:
        """A path has changed (or is gone). Called by observers, in their threads."""
        text = os.fsdecode(path)
        if not _matters(text):
            return
        with self._lock:
            self._changes[text] = _Change(None, None, time.monotonic())

    def _settled(self) -> list[str]:
        """Paths that have been quiet long enough; growing ones stay."""
        with self._lock:
            waiting = list(self._changes.items())
        ready = []
        at = time.monotonic()
        for path, change in waiting:
            size, mtime_ns = _state(path)
            if (size, mtime_ns) != (change.size, change.mtime_ns):
                change.size, change.mtime_ns = size, mtime_ns
                change.since = at if size is not None else change.since
            if at - change.since >= self._quiet_s:
                ready.append((path, change))
        with self._lock:
            return [path for path, change in ready if self._forget(path, change)]

    def _forget(self, path: str, change: _Change) -> bool:
        """False when there has been newer news of the path meanwhile."""
        if self._changes.get(path) is not change:
            return False
        del self._changes[path]
        return True

    # the thread

    def _run(self) -> None:
        read_again = 0.0
        while not self._stopped.wait(TICK_S):
            try:
                if time.monotonic() >= read_again:
                    self._watch_libraries()
                    read_again = time.monotonic() + REREAD_S
                if ready := self._settled():
                    self._ask_for_scans(ready)
            except (SQLAlchemyError, OSError):  # a database that is away for a moment: the next round is the answer
                log.exception("the watcher could not do its round")

    def _watch_libraries(self) -> None:
        """Libraries that are new get an observer, those that are gone lose it, a disk that is back is scanned."""
        with self._app.app_context():
            roots = set(queries.roots().values())
            db.session.remove()
        for root in roots - self._watches.keys():
            self._watch(root)
        for root in [root for root in self._watches if root not in roots or not os.path.isdir(root)]:  # noqa: PTH112
            observer, watch = self._watches.pop(root)
            observer.unschedule(watch)

    def _watch(self, root: str) -> None:
        if not os.path.isdir(root):  # noqa: PTH112
            self._given_up.add(root)
            return
        observer = self._observer("poll" if needs_polling(root) else "events")
        try:
            watch = observer.schedule(_Handler(self.tell), root, recursive=True)
        except OSError as error:  # the kernel's limit of watches (fs.inotify.max_user_watches)
            log.warning("a library is looked at by polling", library=root, reason=str(error))
            observer = self._observer("poll")
            watch = observer.schedule(_Handler(self.tell), root, recursive=True)
        self._watches[root] = (observer, watch)
        if root in self._given_up:
            self._given_up.discard(root)
            self.tell(root)

    def _observer(self, how: str) -> BaseObserver:
        if how not in self._observers:
            observer: BaseObserver
            if how == "poll":
                observer = PollingObserverVFS(
                    stat=os.lstat, listdir=os.scandir, polling_interval=int(self._poll_s) or 1
                )
            else:
                observer = Observer()
            observer.start()
            self._observers[how] = observer
        return self._observers[how]

    def _ask_for_scans(self, paths: Iterable[str]) -> None:
        """One scan for each folder, or for what is above them all when there are many."""
        folders = sorted({path if os.path.isdir(path) else os.path.dirname(path) for path in paths})  # noqa: PTH112, PTH120
        with self._app.app_context():
            roots = queries.roots().values()
            for root in roots:
                mine = [one for one in folders if one == root or one.startswith(root.rstrip("/") + "/")]
                for folder in topmost(mine):
                    self._ask(folder)
            db.session.remove()

    def _ask(self, folder: str) -> None:
        try:
            with writing():
                job_id = service.request_scan(path=folder, is_settled=True, now=now())
        except Failure as failure:  # its library was removed since
            log.info("a change is of no library", reason=failure.detail)
            return
        log.info("a change is scanned", job=job_id)


class _Handler(FileSystemEventHandler):
    def __init__(self, tell: Callable[[str | bytes], None]) -> None:
        self._tell = tell

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type not in TOLD or (event.is_directory and event.event_type == "modified"):
            return
        for path in (event.src_path, event.dest_path):
            if path:
                self._tell(path)


def start(app: Application) -> Watcher:
    """Watches until its `stop()` is called."""
    return Watcher(app).start()


def topmost(folders: list[str]) -> list[str]:
    """Without folders that lie in another of the list; a crowd becomes the folder above all of them."""
    kept: list[str] = []
    for folder in sorted(folders, key=lambda path: path.split("/")):
        if not kept or not (folder == kept[-1] or folder.startswith(kept[-1] + "/")):
            kept.append(folder)
    return [os.path.commonpath(kept)] if len(kept) > MOST_FOLDERS else kept


def needs_polling(root: str) -> bool:
    """Whether the file system below this folder says nothing of what other machines write to it."""
    try:
        lines = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return False
    best, kind = "", ""
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        where = fields[1].encode("latin-1", "replace").decode("unicode_escape") if "\\" in fields[1] else fields[1]
        if (root == where or root.startswith(where.rstrip("/") + "/")) and len(where) >= len(best):
            best, kind = where, fields[2]
    return kind in QUIET_FILE_SYSTEMS or (kind.startswith("fuse.") and kind not in {"fuse.mergerfs", "fuse.bindfs"})


def _matters(path: str) -> bool:
    """Hidden files, unfinished downloads and pictures are nobody's news; a path without an ending may be a folder."""
    name = path.rpartition("/")[2]
    if name in FOLDER_MARKS:
        return True
    if is_skipped_folder(name):
        return False
    return sort_of(name) != "ignored"


def _state(path: str) -> tuple[int | None, int | None]:
    try:
        about = os.lstat(path)
    except OSError:
        return None, None
    return about.st_size, about.st_mtime_ns


def work() -> int:
    """A process of its own: watches until SIGTERM or SIGINT. Returns the exit status."""
    stopped = threading.Event()

    def stop(_signum: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    watcher = start(runtime.application())
    stopped.wait()
    watcher.stop()
    return 0
