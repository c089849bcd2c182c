"""The scan job: what lies in a library's folder becomes files, streams and works.

One pass: the walk is merged with what is known, what differs is examined in parallel, batches are stored, identified
and linked. Safe to kill at any instant and to run twice: each batch is one or two short transactions, and what a killed
run left half done (a file that no run has identified) is found by the next.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from zlib import crc32

import structlog
from sqlalchemy import select, update

from app import outbox
from app.adapters import metrics, nfo
from app.adapters.clock import now
from app.adapters.database import path_from, stored_path, stored_time
from app.catalog import metadata
from app.core.admission import admit, sort_of
from app.core.nfo import BrokenNfo
from app.extensions import db, writing
from app.jobs import ARTWORK, METADATA, PLAN
from app.library import intake, nfos, queries, sidecars
from app.library.intake import Report
from app.library.models import Library, ScanRun
from app.library.placing import Placing, identify_file, place
from config import Config
from workers.engines import ffprobe, sidecar, walker
from workers.runtime import Cancelled, LeaseLost, Work, application, job

log = structlog.get_logger(__name__)

BATCH = 100
"""Files per write unit: some 30 ms on a small machine."""
PENDING = 64
FLUSH_S = 0.7
SETTLED_S = 2.0
"""A file that was written to this recently may still grow."""
WATCHED_S = 0.7
"""The same where a watcher has seen it rest, and tells again of what has not."""
GROWING_WAIT_S = 120.0
GRACE = timedelta(days=30)
MOST_GONE = 4
"""More than one file in so many gone at once is a disk that is away, not a person who tidies up."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file to look at; names in the form of the file system."""

    folder: str
    name: str
    size: int
    mtime_ns: int


@dataclass(slots=True)
class Progress:
    """What a run has counted, and how long each stage took."""

    total: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def add(self, name: str, by: int = 1) -> None:
        self.counts[name] = self.counts.get(name, 0) + by

    def spent(self, stage: str, since: float) -> None:
        self.seconds[stage] = round(self.seconds.get(stage, 0.0) + time.monotonic() - since, 3)

    def left_s(self, done: int) -> float | None:
        """Seconds until the end at the pace so far; None before there is one."""
        if not done or not self.total:
            return None
        return round((time.monotonic() - self.began) / done * max(0, self.total - done), 1)


class Removed(Exception):
    """The library was removed, or moved elsewhere, while it was scanned."""


class Scan:
    """One run over one library, or over one folder of it."""

    def __init__(self, work: Work, library: Library, folder: str, *, is_settled: bool, accept_missing: bool) -> None:
        self.work = work
        self.library_id, self.root, self.kind = library.id, library.path, library.kind
        self.library_name = os.path.basename(library.path)  # noqa: PTH119 - text with any bytes
        self.title = library.name
        self.folder, self.accept_missing = folder, accept_missing
        self.settled_s = WATCHED_S if is_settled else SETTLED_S
        self.growing_wait_s = 0.0 if is_settled else GROWING_WAIT_S
        self.progress = Progress()
        config: Config = application().config["MATINEE"]
        self.ffprobe = ffprobe.find(config.ffprobe)
        self.pending: deque[tuple[Entry, Future[Report | None]]] = deque()
        self.batch: list[Report] = []
        self.batch_began = time.monotonic()
        self.growing: list[Entry] = []
        self.gone: list[tuple[int, str, str]] = []
        self.back: list[int] = []
        self.blind: list[str] = []
        self.neighbours: dict[str, tuple[str, ...]] = {}
        self.pool = ThreadPoolExecutor(max(2, min(8, os.cpu_count() or 2)), thread_name_prefix="probe")

    def run(self) -> tuple[str, str | None]:
        """Does it all. Returns the outcome and a sentence about it."""
        if (reason := self._unreadable()) is not None:
            return "guarded", reason
        known, films = intake.count_known(self.library_id)
        db.session.rollback()
        while self.folder and not os.path.isdir(os.path.join(self.root, self.folder)):  # noqa: PTH112, PTH118
            self.folder = self.folder.rpartition("/")[0]  # a file, or a folder that has gone: its parent tells
        self.progress.total = known if known and not self.folder else walker.count(self.root, self.folder)
        try:
            self._walk()
            self._wait_for_growing()
            self._drain(0)
            self._flush()
        finally:
            self.pool.shutdown(wait=True, cancel_futures=True)
        self._place_leftovers()
        outcome = self._settle_gone(films)
        self._report("done", final=True)
        return outcome

    def _hold(self) -> None:
        """As `Work.hold`, inside a write unit. Raises Removed as well: nothing is written for what is not there."""
        self.work.hold()
        if db.session.scalar(select(Library.path).where(Library.id == self.library_id)) != self.root:
            raise Removed(self.library_id)

    def _unreadable(self) -> str | None:
        try:
            with os.scandir(self.root):
                return None
        except OSError as error:
            return f"The library's folder cannot be read ({error.strerror or error}). Nothing was changed."

    # the walk, merged with what is known

    def _walk(self) -> None:
        since = time.monotonic()
        known = queries.known_folders(self.library_id, stored_path(self.folder))
        ahead = next(known, None)
        for folder in walker.walk(self.root, self.folder):
            self.work.raise_if_cancelled()
            while ahead is not None and ahead[0] < folder.path:
                self._vanished(*ahead)
                ahead = next(known, None)
            there: queries.Known = {}
            if ahead is not None and ahead[0] == folder.path:
                there = ahead[1]
                ahead = next(known, None)
            if folder.error is not None:
                self._lost_sight(folder, there)
                continue
            self.blind += [f"{folder.path}/{name}" if folder.path else name for name in folder.blind]
            self._compare(folder, there)
        while ahead is not None:
            self._vanished(*ahead)
            ahead = next(known, None)
        self.progress.spent("walk", since)

    def _lost_sight(self, folder: walker.Folder, there: queries.Known) -> None:
        """A folder that is not there any more is gone; one that cannot be read says nothing."""
        path = os.path.join(self.root, path_from(folder.path))  # noqa: PTH118
        if not os.path.lexists(path):
            self._vanished(folder.path, there)
            return
        self.blind.append(folder.path)
        self.progress.add("unreadable")
        log.warning("a folder cannot be read", folder=folder.path, reason=folder.error)

    def _compare(self, folder: walker.Folder, there: queries.Known) -> None:
        """What is new or different in one folder is sent to be examined; what is not there any more is remembered."""
        files = folder.files
        self.progress.add("files", len(files) + len(folder.refused))
        self.progress.add("ignored", folder.ignored)
        if there:
            fresh = []
            for name, about in files.items():
                old = there.pop(name, None)
                if old is None or old[0] != about[0] or old[1] != about[1]:
                    fresh.append(name)
                elif old[3]:
                    self.back.append(old[2])
        else:
            fresh = list(files)
        self.progress.add("unchanged", len(files) - len(fresh))
        for name, reason in list(folder.refused.items()):
            if (old := there.pop(name, None)) is not None and old[:2] == (0, crc32(reason.encode())):
                del folder.refused[name]  # known and told of already
        path = path_from(folder.path)
        if there:
            self._vanished(folder.path, there)
        if fresh or folder.refused:
            self._examine_folder(path, folder, fresh)
        elif self.progress.counts["files"] % 512 < len(files):
            self._report("walk")

    def _vanished(self, folder: str, names: queries.Known) -> None:
        if any(folder == one or folder.startswith(f"{one}/") for one in self.blind):
            return
        path = path_from(folder)
        self.gone += [(about[2], path, path_from(name)) for name, about in names.items() if not about[3]]

    # what differs, examined in parallel

    def _examine_folder(self, path: str, folder: walker.Folder, fresh: Sequence[str]) -> None:
        self.neighbours[path] = tuple(path_from(name) for name in folder.files if sort_of(name) != "nfo")
        for name, reason in folder.refused.items():
            self._refuse(path, path_from(name), reason)
        for name in sorted(fresh):
            size, mtime_ns = folder.files[name]
            self._submit(Entry(path, path_from(name), size, mtime_ns))

    def _refuse(self, folder: str, name: str, reason: str) -> None:
        """A pipe, a device, a link: told of, never opened. Its reason stands where a file has its time."""
        self._take(Report(folder, name, 0, crc32(reason.encode()), None, "refused", reason[:400]))

    def _submit(self, entry: Entry) -> None:
        if abs(time.time() - entry.mtime_ns / 1e9) < self.settled_s:
            self.growing.append(entry)
            return
        self.pending.append((entry, self.pool.submit(self._examine, entry)))
        self._drain(PENDING)

    def _drain(self, leave: int) -> None:
        while len(self.pending) > leave:
            self.work.raise_if_cancelled()
            entry, future = self.pending.popleft()
            report = future.result()
            if report is None:
                self.growing.append(entry)
            else:
                self._take(report)

    def _take(self, report: Report) -> None:
        self.batch.append(report)
        if len(self.batch) >= BATCH or time.monotonic() - self.batch_began > FLUSH_S:
            self._flush()

    def _examine(self, entry: Entry) -> Report | None:
        """In a thread. None for a file that changes under our eyes or has just gone."""
        path = os.path.join(self.root, entry.folder, entry.name)  # noqa: PTH118
        try:
            if sort_of(entry.name) == "nfo":
                return examine_nfo(self.root, path, entry)
            return examine(self.ffprobe, path, entry)
        except (ffprobe.Changing, ffprobe.Vanished):
            return None

    def _wait_for_growing(self) -> None:
        """Files that are being copied in are looked at when they have stopped to grow."""
        deadline = time.monotonic() + self.growing_wait_s
        self._drain(0)
        while self.growing and time.monotonic() < deadline:
            self._flush()
            self._report("waiting for files that still grow", growing=len(self.growing))
            self._rest(0.25)
            waiting, self.growing = self.growing, []
            for entry in waiting:
                self._look_again(entry)
            self._drain(0)
        self.progress.counts["growing"] = len(self.growing)

    def _look_again(self, entry: Entry) -> None:
        try:
            about = os.lstat(os.path.join(self.root, entry.folder, entry.name))  # noqa: PTH118
        except OSError:
            return
        seen = Entry(entry.folder, entry.name, about.st_size, stored_time(about.st_mtime_ns))
        is_young = abs(time.time() - seen.mtime_ns / 1e9) < self.settled_s
        if seen != entry or is_young:
            self.growing.append(seen)
        else:
            self.pending.append((seen, self.pool.submit(self._examine, seen)))

    def _rest(self, seconds: float) -> None:
        time.sleep(seconds)
        self.work.raise_if_cancelled()

    # batches become rows

    def _flush(self) -> None:
        """Stores what has been examined, then says which works it is."""
        self.batch_began = time.monotonic()
        if not self.batch:
            return
        reports, self.batch = self.batch, []
        since = time.monotonic()
        stored = self._store(reports)
        self.progress.spent("store", since)
        self._place(
            [
                (file_id, report.folder, report.name, None if report.is_film else report.problem)
                for file_id, report in stored.to_place.items()
                if report.state == "ok"
            ]
        )
        wanted = {entry.folder for entry, _ in self.pending} | {entry.folder for entry in self.growing[:1000]}
        self.neighbours = {path: names for path, names in self.neighbours.items() if path in wanted}
        self._report("examine")

    def _store(self, reports: Sequence[Report]) -> intake.Stored:
        gone = self._moved_away([report.signature for report in reports if report.signature])
        with writing():
            self._hold()
            stored = intake.store(self.library_id, reports, gone=gone, now=now())
            moved = stored.folders if stored.moved else sidecars.worth_linking(self.library_id, reports)
            sidecars.relink(self.library_id, moved)
            self._look_again_at_works([(report.folder, report.name) for report in reports if report.role == "nfo"])
        for name in ("added", "changed", "moved"):
            self.progress.add(name, getattr(stored, name))
        for report in reports:
            self.progress.add("examined")
            if report.state != "ok":
                self.progress.add(report.state)
        return stored

    def _look_again_at_works(self, nfo_files: Sequence[tuple[str, str]]) -> None:
        """What NFO files tell of works is another now, inside a write unit. New works are looked at anyway."""
        titles = nfos.concerned(self.library_id, nfo_files)
        if titles:
            metadata.ask_again(titles, now=now())
            outbox.enqueue(METADATA, {}, dedupe_key=METADATA.name, now=now())

    def _moved_away(self, signatures: Sequence[str]) -> dict[str, list[int]]:
        """Known files of these contents whose place is empty now."""
        roots = queries.roots()
        found: dict[str, list[int]] = {}
        for file_id, library_id, folder, name, signature in intake.candidates(signatures):
            if not os.path.isdir(roots[library_id]):  # noqa: PTH112
                continue  # a disk that is away: nothing is known of it
            if not os.path.lexists(os.path.join(roots[library_id], folder, name)):  # noqa: PTH118
                found.setdefault(signature, []).append(file_id)
        db.session.rollback()
        return found

    def _place(self, files: Sequence[tuple[int, str, str, str | None]]) -> None:
        """Identifies files (no transaction is open meanwhile) and links them to works."""
        if not files:
            return
        since = time.monotonic()
        placings = []
        for file_id, folder, name, note in files:
            found = identify_file(self.library_name, self.kind, folder, name, self._beside(folder))
            placings.append(Placing(file_id, folder, found, note))
        self.progress.spent("identify", since)
        since = time.monotonic()
        with writing():
            self._hold()
            metadata.ask_again(place(placings, self.kind, now=now()), now=now())
            outbox.enqueue(METADATA, {}, dedupe_key=METADATA.name, now=now())
            for kind in (ARTWORK, PLAN):
                key = f"{kind.name}:{self.library_id}"
                outbox.enqueue(kind, {"library_id": self.library_id}, dedupe_key=key, now=now())
        self.progress.add("identified", len(placings))
        self.progress.spent("link", since)

    def _beside(self, folder: str) -> tuple[str, ...]:
        names = self.neighbours.get(folder)
        if names is None:
            try:
                names = tuple(sorted(os.listdir(os.path.join(self.root, folder)))[:2000])  # noqa: PTH118, PTH208
            except OSError:
                names = ()
            self.neighbours[folder] = names
        return names

    def _place_leftovers(self) -> None:
        """Files that an earlier run stored and did not live to identify, or whose library is of another kind now."""
        last = 0
        while files := queries.unplaced(self.library_id, last, BATCH):
            self.work.raise_if_cancelled()
            self._place([(file_id, folder, name, _note(problem)) for file_id, folder, name, problem in files])
            last = files[-1][0]
            self._report("identify")

    # what is gone

    def _settle_gone(self, known: int) -> tuple[str, str | None]:
        """Marks what vanished, unless that looks like a disk that is away."""
        for some in _slices(self.back):
            with writing():
                self._hold()
                intake.revive(some)
        self.progress.add("restored", len(self.back))
        gone = self._surely_gone()
        self.progress.counts["vanished"] = len(gone)
        seen = self.progress.counts.get("files", 0)
        films = [file for file in gone if sort_of(file[2]) != "nfo"]
        is_much = len(films) > 1 and len(films) * MOST_GONE > known
        is_empty = bool(gone) and seen + self.progress.counts.get("ignored", 0) == 0 and not self.folder
        if (is_much or is_empty) and not self.accept_missing:
            return "guarded", (
                f"{len(films)} of {known} files are not there. That looks like a disk that is away, so nothing was "
                "forgotten. Bring the disk back, or scan again with accept_missing if they are really gone."
            )
        for part in _slices(gone):
            with writing():
                self._hold()
                sidecars.relink(self.library_id, intake.mark_missing(self.library_id, part, now=now()))
                self._look_again_at_works([file[1:] for file in part if sort_of(file[2]) == "nfo"])
        self.progress.add("missing", len(gone))
        self._forget_old()
        return "done", None

    def _surely_gone(self) -> list[tuple[int, str, str]]:
        """Without those that another batch recognised as moved, and those that came back meanwhile."""
        still = []
        for some in _slices(self.gone):
            places = intake.places([file_id for file_id, _, _ in some])
            db.session.rollback()
            for file_id, folder, name in some:
                path = os.path.join(self.root, folder, name)  # noqa: PTH118
                if places.get(file_id) == (self.library_id, folder, name) and not os.path.lexists(path):
                    still.append((file_id, folder, name))
        return still

    def _forget_old(self) -> None:
        while True:
            with writing():
                self._hold()
                forgotten = intake.forget_missing(self.library_id, before=now() - GRACE)
            if not forgotten:
                return
            self.progress.add("forgotten", forgotten)

    def _report(self, stage: str, *, final: bool = False, **more: Any) -> None:
        counts = self.progress.counts
        examined = counts.get("examined", 0)
        done = counts.get("unchanged", 0) + examined
        total = max(self.progress.total, done)
        self.work.report(
            1.0 if final else min(0.99, done / total if total else 0.0),
            library=self.title,
            stage=stage,
            files=done,
            done=done,
            total=total,
            left_s=0.0 if final else self.progress.left_s(done),
            counts=dict(counts),
            seconds=dict(self.progress.seconds),
            **more,
        )


def examine(program: str, path: str, entry: Entry) -> Report:
    """What a file is. Raises Changing or Vanished when it is not the file that was seen."""
    raw = os.fsencode(path)
    sort = sort_of(entry.name)
    if entry.size == 0:
        return _report(entry, None, "broken", "it is empty")
    if sort == "archive":
        return _report(entry, None, "refused", "it is an archive: unpack it to play what is inside")
    codec = None
    try:
        if sort == "subtitle":
            found, codec = sidecar.examine(raw)
        else:
            found = ffprobe.examine(program, raw)
    except ffprobe.Unreadable as reason:
        return _report(replace(entry, mtime_ns=0), None, "refused", str(reason))  # looked at again by every scan
    if (found.fingerprint.size, found.fingerprint.mtime_ns) != (entry.size, entry.mtime_ns):
        raise ffprobe.Changing(path)
    if sort == "subtitle":
        state = "ok" if found.problem is None else "broken"
        return _report(entry, found, state, found.problem, role="sidecar", codec=codec)
    if found.facts is None:
        seen = replace(entry, mtime_ns=0) if found.problem and "no answer" in found.problem else entry
        return _report(seen, found, "broken", found.problem)
    admission = admit(found.facts)
    return _report(entry, found, admission.state, admission.problem, is_film=admission.is_film)


def examine_nfo(root: str, path: str, entry: Entry) -> Report:
    """A file that tells of a film: whether it can be read as what it is. Raises Changing or Vanished."""
    if entry.size == 0:
        return _report(entry, None, "broken", "it is empty", role="nfo")
    try:
        content, (size, mtime_ns) = nfo.read(path, root)
        if (size, stored_time(mtime_ns)) != (entry.size, entry.mtime_ns):
            raise ffprobe.Changing(path)
        nfo.parse(content)
    except FileNotFoundError:
        raise ffprobe.Vanished(path) from None
    except OSError as error:
        reason = f"it cannot be opened: {error.strerror or error}"
        return _report(replace(entry, mtime_ns=0), None, "refused", reason, role="nfo")  # looked at by every scan
    except BrokenNfo as problem:
        return _report(entry, None, "broken", str(problem)[:400], role="nfo")
    return _report(entry, None, "ok", None, role="nfo")


def _report(entry: Entry, found: ffprobe.Found | None, state: Any, problem: str | None, **more: Any) -> Report:
    return Report(
        folder=entry.folder,
        name=entry.name,
        size=entry.size,
        mtime_ns=entry.mtime_ns,
        signature=found.signature if found else None,
        state=state,
        problem=problem,
        facts=found.facts if found else None,
        **more,
    )


def _note(problem: str | None) -> str | None:
    return problem if problem and "sound only" in problem else None


def _slices(items: Sequence[Any], size: int = 200) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def run(job_id: int) -> None:
    """Scans what the job's payload names: `{library_id?, folder?, settled?, accept_missing?}`."""
    with job(job_id) as work:
        for library_id in _libraries(work.payload.get("library_id")):
            work.raise_if_cancelled()
            _scan_library(work, library_id)


def _libraries(library_id: int | None) -> list[int]:
    ids = sorted(queries.roots()) if library_id is None else [library_id]
    db.session.rollback()
    return ids


def _scan_library(work: Work, library_id: int) -> None:
    """One library, with a row that tells of the run however it ends."""
    with writing() as session:
        work.hold()
        library = session.get(Library, library_id)
        if library is None:
            return  # removed since the job was decided
        if intake.has_done(library_id, job_id=work.id):
            return  # an earlier attempt, killed before it could end the job
        intake.end_interrupted(library_id, job_id=work.id, now=now())
        run_id = intake.begin_run(library_id, work.id, now=now())
    scan = Scan(
        work,
        library,
        path_from(work.payload.get("folder") or ""),
        is_settled=bool(work.payload.get("settled")),
        accept_missing=bool(work.payload.get("accept_missing")),
    )
    outcome, sentence = "failed", None
    try:
        outcome, sentence = scan.run()
    except Cancelled:
        outcome = "cancelled"
        raise
    except LeaseLost:
        outcome = ""
        raise
    except Removed:
        outcome = ""
        log.info("a library was removed while it was scanned", library=library_id)
        if work.payload.get("library_id") is not None:
            raise Cancelled(work.id) from None
    finally:
        db.session.rollback()
        if outcome:
            _end(scan, run_id, outcome, sentence)
    if outcome == "guarded":
        work.report(work.progress, outcome=outcome, problem=sentence)


def _end(scan: Scan, run_id: int, outcome: str, sentence: str | None) -> None:
    with writing() as session:
        scan.work.hold()
        counts = {**scan.progress.counts, "seconds": scan.progress.seconds}
        session.execute(
            update(ScanRun)
            .where(ScanRun.id == run_id)
            .values(finished_at=now(), outcome=outcome, counts=counts, detail=sentence)
        )
        if outcome == "done":
            session.execute(update(Library).where(Library.id == scan.library_id).values(scanned_at=now()))
    metrics.SCAN_FILES.inc(scan.progress.counts.get("files", 0))
    metrics.SCAN_SECONDS.observe(time.monotonic() - scan.progress.began)
    log.info("scanned", library=scan.library_id, folder=scan.folder, outcome=outcome, **scan.progress.counts)
