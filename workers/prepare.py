"""Makes a title's renditions ahead of time, so that it plays without any encoding.

Payload `{media_id, media_file_id, renditions}` (`app/playback/preparing.py`). Cells are made under the leases that
play runs hold, only where they are missing, several renditions with one decode. Playing goes first: what a player
needs is left to the play lanes, the job waits while they have work that waits, and a run stops where a player arrives.
What is on the store is the only memory, so the job may be killed at any instant and run any number of times.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import structlog

from app.core.errors import Conflict, Failure, Invalid, NotFound, Unavailable
from app.core.ladder import AudioSpec, VideoSpec
from app.core.preparation import Block, cost, expected_bytes, next_block, pictures, sounds
from app.extensions import db
from app.jobs import PLAY_QUEUES
from app.playback import preparing
from app.transcoding import demand, eviction, leases, runs
from app.transcoding.keys import cell_of, folder_key
from app.transcoding.leases import Lease
from app.transcoding.renditions import AHEAD_CELLS, Grid, Rendition
from app.transcoding.sources import SourceFile, require_unchanged, source_file
from app.transcoding.store import Missing
from app.transcoding.tallies import tally
from config import GIB
from workers import transcode
from workers.engines import grid as engine
from workers.engines.slicer import Unreadable
from workers.runtime import Work, job
from workers.transcode import Kitchen

log = structlog.get_logger(__name__)

PRESET = "veryfast"
"""Nobody waits for these cells, and they are kept."""
AUDIO_CELLS = 15
LOOK_S = 0.25
PAUSE_S = 0.25
BUSY_S = 0.5
KEPT_S = 120.0
KEEP_AGAIN_S = 30.0
MOST_FAILURES = 3
PASSES = 3


def run(job_id: int) -> None:
    with job(job_id) as work:
        Preparation(transcode.warm(), work).run()


@dataclass
class Strand:
    """Renditions that share a timeline and are made together; for each of them the cells that are not there."""

    renditions: tuple[Rendition, ...]
    missing: list[set[int]] = field(default_factory=list)
    cost_left: float = 0.0

    @property
    def total(self) -> int:
        return sum(len(rendition.timeline) for rendition in self.renditions)

    @property
    def left(self) -> int:
        return sum(map(len, self.missing))

    def lay_out(self, missing: list[set[int]]) -> None:
        """Begins anew with these cells missing."""
        self.missing = missing
        self.cost_left = sum(self._cost(row, k) for row, cells in enumerate(missing) for k in cells)

    def drop(self, row: int, k: int) -> None:
        """The cell is there, or is given up."""
        if k in self.missing[row]:
            self.missing[row].remove(k)
            self.cost_left -= self._cost(row, k)

    def _cost(self, row: int, k: int) -> float:
        return cost(self.renditions[row].spec, self.renditions[row].timeline, k)


@dataclass
class Film:
    """One file of the job. `stored` are the bytes of its cells that were there when the job began."""

    source: SourceFile
    grid: Grid
    strands: list[Strand]
    stored: int = 0

    @property
    def expected(self) -> int:
        """The bytes that its missing cells will take."""
        return sum(
            expected_bytes(rendition.spec, rendition.timeline, cells)
            for strand in self.strands
            for rendition, cells in zip(strand.renditions, strand.missing, strict=True)
        )


class Preparation:
    """One run of the job."""

    def __init__(self, kitchen: Kitchen, work: Work) -> None:
        self.kitchen, self.client, self.store, self.work = kitchen, kitchen.client, kitchen.store, work
        names = work.payload["renditions"]
        self.names: frozenset[str] | None = None if names is None else frozenset(names)
        self.films: list[Film] = []
        self.problems: list[str] = []
        self.made_bytes = 0
        self._began = time.monotonic()
        self._cost = 0.0
        self._busy: dict[str, float] = {}
        self._failures: Counter[str] = Counter()
        self._given_up: set[str] = set()
        self._kept_at = 0.0

    def run(self) -> None:
        file_ids = list(preparing.file_ids(dict(self.work.payload)))
        is_alone = self.work.payload["media_file_id"] is not None
        for file_id in file_ids:
            self.work.raise_if_cancelled()
            self._each(file_id, is_alone=is_alone)
        self._require_any_picture()
        self._require_room()
        self._began, self._cost = time.monotonic(), self._cost_left
        try:
            for number, film in enumerate(self.films, 1):
                self.keep()
                self.work.report(self.work.progress, file=film.source.path.name, number=number, files=len(self.films))
                self._film(film, is_alone=is_alone)
        finally:
            eviction.let_go(self.client, self._recipes, who=str(self.work.id))
        self._report()
        if self.problems:
            raise Conflict("Not everything could be prepared. " + " ".join(self.problems))

    def _each(self, file_id: int, *, is_alone: bool) -> None:
        """Reads a file's grid and what is there of it. Of many files, one that cannot be read holds up no other."""
        try:
            self.films.append(self._read(file_id))
        except (Failure, Unreadable) as problem:
            sentence = f"The file cannot be read: {problem}" if isinstance(problem, Unreadable) else str(problem)
            if is_alone:
                raise Invalid(sentence) from problem
            self.problems.append(f"File {file_id}: {sentence}")

    def _read(self, file_id: int) -> Film:
        source = source_file(file_id)
        db.session.remove()  # no database session is held while a file is read
        require_unchanged(source)
        grid = replace(transcode.grid_of(self.kitchen, source), build=self.kitchen.ffmpeg.build)
        shown = pictures(grid.index, self.names)
        encoded = tuple(grid.rendition(spec) for spec in shown if spec.method == "encode")
        copied = [(grid.rendition(spec),) for spec in shown if spec.method == "copy"]
        heard = [(grid.rendition(spec),) for spec in sounds(grid.index)]
        film = Film(source, grid, [Strand(one) for one in (*heard, *copied, encoded) if one])
        for strand in film.strands:
            film.stored += self._lay_out(strand)
        return film

    def _lay_out(self, strand: Strand) -> int:
        """Looks what is there of a strand; returns its bytes. Without an init no cell is of use."""
        missing, stored = [], 0
        for rendition in strand.renditions:
            sizes = {stat.key: stat.size for stat in self.store.list(folder_key(rendition.recipe))}
            there = {cell[1] for key in sizes if (cell := cell_of(key))}
            if rendition.init_key not in sizes:
                there.discard(0)
            cells = set(range(len(rendition.timeline))) - there
            missing.append({k for k in cells if rendition.cell_key(k) not in self._given_up})
            stored += sum(sizes.values())
        strand.lay_out(missing)
        return stored

    def _require_any_picture(self) -> None:
        """Raises Invalid when renditions are named and no file has one of them (any more)."""
        kinds = {strand.renditions[0].kind for film in self.films for strand in film.strands}
        if self.names is not None and "video" not in kinds:
            raise Invalid(f"There is no rendition {', '.join(sorted(self.names))} of this.")

    def _require_room(self) -> None:
        """Raises Conflict when all of it would not fit into the budget of the store."""
        self._refuse_beyond_budget(sum(film.stored + film.expected for film in self.films))

    def _refuse_beyond_budget(self, needed: int) -> None:
        if needed > self.kitchen.budget:
            raise Conflict(
                f"This needs about {needed / GIB:.2f} GB, and all prepared films together may take "
                f"{self.kitchen.budget / GIB:.2f} GB. Raise MATINEE_TRANSCODES_MAX_GB, or prepare fewer renditions."
            )

    @property
    def _recipes(self) -> list[str]:
        return [rendition.recipe for film in self.films for strand in film.strands for rendition in strand.renditions]

    @property
    def _cost_left(self) -> float:
        return sum(strand.cost_left for film in self.films for strand in film.strands)

    def keep(self) -> None:
        """What this job makes is thrown away last, for as long as it runs."""
        if time.monotonic() - self._kept_at >= KEEP_AGAIN_S:
            self._kept_at = time.monotonic()
            eviction.keep(self.client, self._recipes, who=str(self.work.id), seconds=KEPT_S)

    def _film(self, film: Film, *, is_alone: bool) -> None:
        before = len(self._given_up)
        try:
            for strand in film.strands:
                self._fill(film, strand)
        except (Invalid, NotFound, Unavailable) as problem:
            if is_alone:
                raise
            self.problems.append(f"{film.source.path.name}: {problem}")
        if len(self._given_up) > before:
            count = len(self._given_up) - before
            self.problems.append(f"{count} segments of {film.source.path.name} could not be made.")

    def _fill(self, film: Film, strand: Strand) -> None:
        for _ in range(PASSES):
            while strand.left:
                self._turn(film, strand)
                self._report()
            self._lay_out(strand)
            if not strand.left:
                return
        raise Conflict("What is made is thrown away at once. Is the budget too small, or the folder being emptied?")

    def _turn(self, film: Film, strand: Strand) -> None:
        """One step: a run, or a moment of waiting for those who come first."""
        self.work.raise_if_cancelled()
        self.keep()
        if any(runs.is_anyone_waiting(self.client, lane) for lane in PLAY_QUEUES):  # type: ignore[arg-type]
            time.sleep(PAUSE_S)
            return
        needs = [demand.needs(self.client, rendition.recipe) for rendition in strand.renditions]
        at = time.monotonic()

        def free(row: int, k: int) -> bool:
            if self._busy.get(strand.renditions[row].cell_key(k), 0.0) > at:
                return False
            return not any(need.covers(k) for need in needs[row])

        longest = AUDIO_CELLS if strand.renditions[0].kind == "audio" else AHEAD_CELLS
        block = next_block(strand.missing, longest=longest, free=free)
        if block is None:
            self._leave_to_players(film, strand)
            time.sleep(PAUSE_S)
        elif not self._drop_present(strand, block):
            self._make(film, strand, self._careful(strand, block))

    def _leave_to_players(self, film: Film, strand: Strand) -> None:
        """What is left is needed by players or at work: runs for players are sent for, in case nobody else does."""
        for row, rendition in enumerate(strand.renditions):
            left = sorted(strand.missing[row])
            for k in left:
                if self.store.stat(rendition.cell_key(k)) and self.store.stat(rendition.init_key):
                    strand.drop(row, k)
                elif demand.is_needed(self.client, rendition.recipe, k):
                    run = rendition.run(film.source.file_id, film.source.origin, k, waited_for=False)
                    runs.send(self.client, run)
                    break

    def _drop_present(self, strand: Strand, block: Block) -> bool:
        """Whether others made some of these cells meanwhile."""
        found = False
        for row in block.rows:
            rendition = strand.renditions[row]
            if self.store.stat(rendition.init_key) is None:
                continue
            for k in block.cells:
                if self.store.stat(rendition.cell_key(k)) is not None:
                    strand.drop(row, k)
                    found = True
        return found

    def _careful(self, strand: Strand, block: Block) -> Block:
        """Where a run has failed, one cell of one rendition: the others are not to suffer from it."""
        keys = {row: strand.renditions[row].cell_key(block.first) for row in block.rows}
        suspects = [row for row, key in keys.items() if self._failures[key]]
        return Block(block.first, 1, (suspects[0],)) if suspects else block

    def _make(self, film: Film, strand: Strand, block: Block) -> None:
        require_unchanged(film.source)
        renditions = [strand.renditions[row] for row in block.rows]
        keys = [rendition.cell_key(k) for k in block.cells for rendition in renditions]
        lease = self._lease(keys, abreast=len(renditions))
        if lease is None:
            return
        mine = set(lease.keys)
        block = replace(block, count=len(mine) // len(renditions))
        try:
            with lease:
                self._produce(film, renditions, lease, block)
        except transcode.LeaseLost:
            log.warning("a run was overtaken", job=self.work.id, key=keys[0])
        except Unreadable as problem:
            raise Invalid(f"The file cannot be read: {problem}") from problem
        except engine.InitDiffers as problem:
            raise Invalid(f"A rendition of this file was begun by another ffmpeg: {problem}") from problem
        except engine.RunFailed as problem:
            self._fail(strand, block, lease.unmade, problem)
        finally:
            runs.announce_left(self.client, lease.unmade)
            for row, rendition in zip(block.rows, renditions, strict=True):
                for k in block.cells:
                    if rendition.cell_key(k) in mine and rendition.cell_key(k) not in lease.unmade:
                        strand.drop(row, k)
        self._stay_within_budget()

    def _lease(self, keys: Sequence[str], *, abreast: int) -> Lease | None:
        """A lease on the longest beginning of these cells that is free in all renditions; None where another is."""
        lease = leases.take(self.client, keys)
        taken = len(lease.keys) if lease is not None else 0
        if taken < len(keys):
            self._busy[keys[taken]] = time.monotonic() + BUSY_S
        whole = taken - taken % abreast
        if lease is not None and whole < taken:
            lease.release(keys[whole:taken])
        return lease if whole else None

    def _produce(self, film: Film, renditions: Sequence[Rendition], lease: Lease, block: Block) -> None:
        spec, began = renditions[0].spec, time.monotonic()
        if spec.method == "copy":
            transcode.copy_cells(self.kitchen, film.source, film.grid, renditions[0], lease, block.cells)
            made = [self.store.stat(renditions[0].cell_key(k)) for k in block.cells]
            self.made_bytes += sum(stat.size for stat in made if stat is not None)
            return
        sink = _Sink(self, renditions, lease)
        what = engine.Source(film.source.path, film.grid.index, film.grid.plan)
        first, count = block.first, block.count
        if isinstance(spec, AudioSpec):
            done = engine.run_audio(self.kitchen.ffmpeg, what, spec, first=first, count=count, sink=sink)
        else:
            specs = [one.spec for one in renditions if isinstance(one.spec, VideoSpec)]
            done = engine.run_video(
                self.kitchen.ffmpeg, what, specs, first=first, count=count, preset=PRESET, sink=sink
            )
        cells = done.made * len(renditions)
        log.info("run", lane="prepare", first=first, made=cells, stopped=done.stopped, wall_s=round(done.wall_s, 3))
        tally(self.client, lane="prepare", method="encode", cells=cells, seconds=time.monotonic() - began)

    def _fail(self, strand: Strand, block: Block, unmade: Sequence[str], problem: engine.RunFailed) -> None:
        """A killed ffmpeg says nothing about the film; a cell at which it fails again and again is given up."""
        left = [(k, row) for k in block.cells for row in block.rows if strand.renditions[row].cell_key(k) in unmade]
        at = left[0][0] if left else block.first
        for k, row in left:
            key = strand.renditions[row].cell_key(k)
            if k == at:
                self._failures[key] += 1
                if self._failures[key] >= MOST_FAILURES:
                    self._given_up.add(key)
                    strand.drop(row, k)
        log.warning("run failed", lane="prepare", job=self.work.id, first=at, reason=str(problem))

    def _stay_within_budget(self) -> None:
        """Makes room. Raises Conflict when what this job has made fills the whole budget."""
        eviction.evict_if_over(self.client, self.store, self.kitchen.budget)
        ours = self.made_bytes + sum(film.stored for film in self.films)
        if ours > self.kitchen.budget:
            self._refuse_beyond_budget(ours + sum(film.expected for film in self.films))

    def _report(self) -> None:
        total = sum(strand.total for film in self.films for strand in film.strands)
        left = sum(strand.left for film in self.films for strand in film.strands)
        cost_left = self._cost_left
        made, elapsed = self._cost - cost_left, time.monotonic() - self._began
        seconds = round(elapsed * cost_left / made) if made > 0 else None
        self.work.report((total - left) / total if total else 1.0, cells=total - left, of=total, seconds_left=seconds)


class _Sink:
    """Takes what a run makes, for as long as it holds its lease and no player comes first."""

    def __init__(self, job: Preparation, renditions: Sequence[Rendition], lease: Lease) -> None:
        self._job = job
        self._kitchen = job.kitchen
        self._renditions = {rendition.spec.name: rendition for rendition in renditions}
        self._lease = lease
        self._at: int | None = None
        self._looked = 0.0

    def init(self, rendition: str, data: bytes) -> bool:
        key = self._renditions[rendition].init_key
        try:
            return self._kitchen.store.get(key) == data
        except Missing:
            transcode.publish(self._kitchen, self._lease, key, data)
            self._job.made_bytes += len(data)
            return True

    def publish(self, rendition: str, k: int, data: bytes) -> None:
        transcode.publish(self._kitchen, self._lease, self._renditions[rendition].cell_key(k), data)
        self._job.made_bytes += len(data)

    def wanted(self, k: int) -> bool:
        self._job.work.raise_if_cancelled()
        is_boundary, is_first = k != self._at, self._at is None
        if not is_boundary and time.monotonic() - self._looked < LOOK_S:
            return self._lease.held
        self._at, self._looked = k, time.monotonic()
        self._job.keep()
        if is_boundary and not is_first and _must_yield(self._kitchen):
            return False
        return self._lease.held and not self._is_needed()

    def _is_needed(self) -> bool:
        """Whether a player needs a cell that this run holds back: the play lanes make it at once."""
        left = set(self._lease.keys)
        return any(
            need.covers(k) and rendition.cell_key(k) in left
            for rendition in self._renditions.values()
            for need in demand.needs(self._kitchen.client, rendition.recipe)
            for k in range(max(0, need.first - demand.NEAR_BEHIND), need.until + 1)
        )


def _must_yield(kitchen: Kitchen) -> bool:
    """Whether a player waits and no slot is free: a free one would have taken its run within some milliseconds."""
    if not runs.is_anyone_waiting(kitchen.client, "now"):
        return False
    time.sleep(0.03)
    return runs.is_anyone_waiting(kitchen.client, "now")
