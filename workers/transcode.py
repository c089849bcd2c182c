"""Play runs: what the lanes `copy`, `now` and `ahead` carry.

`app.transcoding.runs.send` enqueues `run(document)` to RQ (a `Run` as JSON; these are no database jobs). `copy` holds
work of milliseconds (copied cells, indexes, sidecar subtitles) and is served by a worker that does not fork
(`python -m workers --light copy`); `now` and `ahead` start ffmpeg and are served by forking ones (`python -m workers
now`, so that one slot never works ahead, and `python -m workers now ahead`). `warm` is called in a worker's process
before it serves, so that no run pays for imports.

Any run may be killed at any instant: a cell appears whole or not at all, a lease ends within three seconds, and
whoever waits sends again.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import redis
import structlog

from app.core import ladder
from app.core.errors import Failure, Unavailable
from app.core.ladder import AudioSpec, VideoSpec
from app.extensions import db, redis_client
from app.transcoding import demand, effort, eviction, leases, pace, runs
from app.transcoding.keys import cell_key, cues_key, index_key, init_key
from app.transcoding.leases import Lease
from app.transcoding.renditions import Grid, Rendition, index_document
from app.transcoding.runs import Run
from app.transcoding.service import BUILD
from app.transcoding.sources import SourceFile, require_unchanged, source_file
from app.transcoding.store import Missing, Store, open_store
from app.transcoding.tallies import tally
from config import Config
from workers import runtime
from workers.engines import ffmpeg as ffmpeg_engine
from workers.engines import grid as engine
from workers.engines import subtitles
from workers.engines.ffmpeg import Ffmpeg
from workers.engines.slicer import Slicer, Unreadable, read_index

log = structlog.get_logger(__name__)

KEPT_GRIDS = 16
KEPT_SLICERS = 4
LOOK_S = 0.25
TURN_S = 4
"""So much film a run of pictures makes before it ends for another player that waits: to begin costs over a second."""
MOST_FAILURES = 3
FAILURES_MS = 30_000
AT_WORK = "matinee:at-work"


@dataclass
class Kitchen:
    """What runs of one process share. Kept across a fork but for open files."""

    client: redis.Redis
    store: Store
    ffmpeg: Ffmpeg
    cores: int
    budget: int
    grids: OrderedDict[str, Grid] = field(default_factory=OrderedDict)
    slicers: OrderedDict[str, Slicer] = field(default_factory=OrderedDict)


_kitchen: Kitchen | None = None


def warm() -> Kitchen:
    """Makes ready what every run of this process needs: about 100 ms, once. Tells which ffmpeg encodes here."""
    global _kitchen
    if _kitchen is None:
        config: Config = runtime.application().config["MATINEE"]
        found = ffmpeg_engine.inspect(ffmpeg_engine.find(config.ffmpeg))
        _kitchen = Kitchen(
            client=redis_client(config.redis_url),
            store=open_store(config.transcodes_dir),
            ffmpeg=found,
            cores=len(os.sched_getaffinity(0)),
            budget=config.transcodes_max_bytes,
        )
        _kitchen.client.set(BUILD, found.build)
    return _kitchen


def run(document: Mapping[str, Any]) -> None:
    """One run of any lane. Never raises for what a source does: who waits is told."""
    kitchen, asked = warm(), Run.from_json(document)
    try:
        with runtime.application().app_context():
            source = source_file(asked.file_id)
            db.session.remove()
            require_unchanged(source)
            if source.origin != asked.origin:
                raise Unreadable("the file has changed")
            PRODUCTS[asked.product](kitchen, asked, source)
    except LeaseLost:
        log.warning("a run was overtaken", key=asked.key, lane=asked.lane)
        runs.announce_left(kitchen.client, _keys(asked))
    except (Failure, Unreadable, engine.RunFailed, ffmpeg_engine.Killed, subtitles.Unreadable) as error:
        log.warning("run failed", key=asked.key, lane=asked.lane, reason=str(error))
        runs.begun(kitchen.client, asked.key)
        _tell_failure(kitchen, asked, error)


class LeaseLost(Exception):
    """Another run may have taken over: this one publishes nothing more."""


def _keys(asked: Run) -> list[str]:
    """What this run was to make, in order."""
    if asked.product != "cells":
        return [asked.key]
    cells = [cell_key(asked.recipe, k) for k in range(asked.first, asked.first + asked.count)]
    return [init_key(asked.recipe), *cells]


def _tell_failure(kitchen: Kitchen, asked: Run, error: Exception) -> None:
    """Lets those who wait send again: a killed ffmpeg says nothing about the film. What failed too often is given up.

    What comes after it may still be made by another run.
    """
    unmade = [key for key in _keys(asked) if kitchen.store.stat(key) is None]
    failed = unmade[:2] if unmade[:1] == [init_key(asked.recipe)] else unmade[:1]
    is_final = isinstance(error, engine.InitDiffers) or not isinstance(error, (engine.RunFailed, ffmpeg_engine.Killed))
    if not is_final and failed and _failures(kitchen.client, failed[-1]) < MOST_FAILURES:
        failed = []
    for key in failed:
        runs.announce(kitchen.client, key, str(error), code=error.kind if isinstance(error, Unavailable) else "")
    runs.announce_left(kitchen.client, [key for key in unmade if key not in failed])


def _failures(client: redis.Redis, key: str) -> int:
    """How often in the last half minute a run failed at this key, this time included."""
    name = f"matinee:failures:{key}"
    with client.pipeline(transaction=True) as pipe:
        pipe.incr(name)
        pipe.pexpire(name, FAILURES_MS)
        return int(pipe.execute()[0])


def _index(kitchen: Kitchen, asked: Run, source: SourceFile) -> None:
    grid_of(kitchen, source)
    runs.begun(kitchen.client, asked.key)
    runs.announce(kitchen.client, asked.key)


def _cues(kitchen: Kitchen, asked: Run, source: SourceFile) -> None:
    lease = leases.take(kitchen.client, [asked.key])
    runs.begun(kitchen.client, asked.key)
    if lease is None:
        return
    with lease:
        if kitchen.store.stat(asked.key) is None:
            for stream, cues in subtitles.read(
                kitchen.ffmpeg, source, asked.first, index=grid_of(kitchen, source).index
            ):
                publish(kitchen, lease, cues_key(asked.origin, stream), cues)
    runs.announce(kitchen.client, asked.key)


def _cells(kitchen: Kitchen, asked: Run, source: SourceFile) -> None:
    grid = grid_of(kitchen, source)
    if asked.spec is None:
        raise Unreadable("the run names no rendition")
    spec = ladder.spec_from_json(asked.spec)
    rendition = Rendition(asked.recipe, spec, grid.timeline(spec))
    span = _span(kitchen, asked, rendition)
    lease = leases.take(kitchen.client, [rendition.cell_key(k) for k in span]) if span else None
    runs.begun(kitchen.client, asked.key)
    if lease is None:
        return
    first, count = span[0], len(lease.keys)
    with lease:
        if spec.method == "copy":
            copy_cells(kitchen, source, grid, rendition, lease, range(first, first + count))
        else:
            _encode(kitchen, asked, source, grid, rendition, lease, first, count)
    left = list(lease.unmade)
    runs.announce_left(kitchen.client, left)
    _go_on(kitchen, asked, rendition, first + count - len(left))
    eviction.evict_if_over(kitchen.client, kitchen.store, kitchen.budget)


def _span(kitchen: Kitchen, asked: Run, rendition: Rendition) -> list[int]:
    """The cells to make: from the first that is not there to the next that is."""
    end = min(asked.first + asked.count, len(rendition.timeline))
    there = [kitchen.store.stat(rendition.cell_key(k)) is not None for k in range(asked.first, end)]
    if kitchen.store.stat(rendition.init_key) is None:
        return list(range(asked.first, end))  # the init comes with any cell
    span: list[int] = []
    for k, is_there in zip(range(asked.first, end), there, strict=True):
        if not is_there:
            span.append(k)
        elif span:
            break
    return span


class _Sink:
    """Takes what a run makes, for as long as the run holds its lease and somebody needs it."""

    def __init__(self, kitchen: Kitchen, rendition: Rendition, first: int, lease: Lease, *, is_ahead: bool) -> None:
        self.kitchen = kitchen
        self.rendition = rendition
        self.first = first
        self.is_ahead = is_ahead
        self.lease = lease
        self._at = -1
        self._looked = 0.0
        self._answer = True
        self._began = time.monotonic()
        self._is_first = True

    def init(self, _name: str, data: bytes) -> bool:
        self._began = time.monotonic()
        key = self.rendition.init_key
        try:
            return self.kitchen.store.get(key) == data
        except Missing:
            publish(self.kitchen, self.lease, key, data)
            return True

    def publish(self, _name: str, k: int, data: bytes) -> None:
        of = self.rendition
        publish(self.kitchen, self.lease, of.cell_key(k), data)
        if of.kind == "video":
            at = time.monotonic()
            took = max(0.001, at - self._began)
            pace.note(self.kitchen.client, of.recipe, of.timeline.extinf(k) / took, is_first=self._is_first)
            self._began, self._is_first = at, False

    def wanted(self, k: int) -> bool:
        at = time.monotonic()
        boundary = k != self._at
        if boundary or at - self._looked >= LOOK_S:
            self._at, self._looked = k, at
            self._answer = self._is_wanted(k, boundary)
        return self._answer and self.lease.held

    def _is_wanted(self, k: int, boundary: bool) -> bool:
        client = self.kitchen.client
        _be_at_work(client, self.lease)
        if boundary and self._had_its_turn(k) and _must_yield(client):
            return False
        return demand.is_needed(client, self.rendition.recipe, k)

    def _had_its_turn(self, k: int) -> bool:
        """Whether the run may end for another player. One of sound is sooner done than begun again."""
        timeline = self.rendition.timeline
        turn_s = timeline.start(k) - timeline.start(self.first)
        return turn_s > 0 if self.is_ahead else self.rendition.kind == "video" and turn_s >= TURN_S


def _must_yield(client: redis.Redis) -> bool:
    """Whether a player waits and no slot is free: a free one would have taken its run within some milliseconds."""
    if not runs.is_anyone_waiting(client, "now"):
        return False
    time.sleep(0.03)
    return runs.is_anyone_waiting(client, "now")


def publish(kitchen: Kitchen, lease: Lease, key: str, data: bytes) -> None:
    if not lease.held:
        raise LeaseLost(key)
    kitchen.store.put(key, data)
    lease.release([key])
    eviction.count(kitchen.client, key, len(data))
    runs.announce(kitchen.client, key)


def _encode(
    kitchen: Kitchen,
    asked: Run,
    source: SourceFile,
    grid: Grid,
    rendition: Rendition,
    lease: Lease,
    first: int,
    count: int,
) -> None:
    sink = _Sink(kitchen, rendition, first, lease, is_ahead=asked.lane == "ahead")
    if not sink.wanted(first):
        return
    what = engine.Source(source.path, grid.index, grid.plan)
    began = time.monotonic()
    try:
        if isinstance(rendition.spec, AudioSpec):
            done = engine.run_audio(
                kitchen.ffmpeg, what, rendition.spec,
                first=first, count=count, sink=sink, is_ahead=asked.lane == "ahead",
            )  # fmt: skip
            preset = "aac"
        else:
            preset = _preset(kitchen, asked, rendition.spec)
            done = engine.run_video(
                kitchen.ffmpeg, what, [rendition.spec], first=first, count=count, preset=preset, sink=sink
            )
    finally:
        kitchen.client.zrem(AT_WORK, str(lease.fence))
    log.info(
        "run",
        lane=asked.lane,
        rendition=rendition.spec.name,
        first=first,
        made=done.made,
        stopped=done.stopped,
        preset=preset,
        wall_s=round(time.monotonic() - began, 3),
    )
    tally(kitchen.client, lane=asked.lane, method="encode", cells=done.made, seconds=done.wall_s)


def _preset(kitchen: Kitchen, asked: Run, spec: VideoSpec) -> str:
    now = time.time()
    kitchen.client.zremrangebyscore(AT_WORK, "-inf", now)
    others = max(0, int(kitchen.client.zcard(AT_WORK)) - 1)
    queued = int(kitchen.client.llen("rq:queue:now"))
    lines = min(spec.width, spec.height)
    return effort.preset(asked.lane, lines=lines, others=others, cores=kitchen.cores, queued=queued)


def _be_at_work(client: redis.Redis, lease: Lease) -> None:
    client.zadd(AT_WORK, {str(lease.fence): time.time() + leases.LEASE_MS / 1000})


def copy_cells(
    kitchen: Kitchen,
    source: SourceFile,
    grid: Grid,
    rendition: Rendition,
    lease: Lease,
    cells: range,
) -> None:
    slicer = _slicer(kitchen, source, grid)
    spec = rendition.spec
    if kitchen.store.stat(rendition.init_key) is None:
        init = slicer.audio_init(spec.stream_index) if isinstance(spec, AudioSpec) else slicer.video_init()
        publish(kitchen, lease, rendition.init_key, init)
    began = time.monotonic()
    made = 0
    for k in cells:
        if made and runs.is_anyone_waiting(kitchen.client, "copy"):
            break
        data = slicer.audio_segment(spec.stream_index, k) if isinstance(spec, AudioSpec) else slicer.video_segment(k)
        publish(kitchen, lease, rendition.cell_key(k), data)
        made += 1
    tally(kitchen.client, lane="copy", method="copy", cells=made, seconds=time.monotonic() - began)


def _go_on(kitchen: Kitchen, asked: Run, rendition: Rendition, after: int) -> None:
    """Sends for what players of this rendition will need next and nobody made."""
    needed = [need for need in demand.needs(kitchen.client, rendition.recipe) if need.covers(after - 1)]
    until = max((need.until for need in needed), default=-1)
    for k in range(after, min(until + 1, len(rendition.timeline))):
        if kitchen.store.stat(rendition.cell_key(k)) is None:
            runs.send(kitchen.client, rendition.run(asked.file_id, asked.origin, k, waited_for=False))
            return


def grid_of(kitchen: Kitchen, source: SourceFile) -> Grid:
    """The source's grid, from this process's memory, from the store, or read from the file now."""
    kept = kitchen.grids.get(source.origin)
    if kept is None:
        kept = _stored_grid(kitchen, source) or _new_grid(kitchen, source)
        kitchen.grids[source.origin] = kept
        while len(kitchen.grids) > KEPT_GRIDS:
            kitchen.grids.popitem(last=False)
    elif kitchen.store.stat(index_key(source.origin)) is None:
        kitchen.store.put(index_key(source.origin), index_document(kept.index, kept.build))
    return kept


def _stored_grid(kitchen: Kitchen, source: SourceFile) -> Grid | None:
    try:
        return Grid.of(source.origin, json.loads(kitchen.store.get(index_key(source.origin))))
    except (Missing, ValueError, KeyError):
        return None


def _new_grid(kitchen: Kitchen, source: SourceFile) -> Grid:
    index = read_index(source.path)
    document = index_document(index, kitchen.ffmpeg.build)
    kitchen.store.put(index_key(source.origin), document)
    eviction.count(kitchen.client, index_key(source.origin), len(document))
    return _stored_grid(kitchen, source) or Grid.of(source.origin, {"index": index.to_json(), "build": ""})


def _slicer(kitchen: Kitchen, source: SourceFile, grid: Grid) -> Slicer:
    """An open source, kept for the next cell: opening costs more than cutting."""
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("sources are cut in the main thread only")
    kept = kitchen.slicers.pop(source.origin, None)
    if kept is None:
        kept = Slicer(source.path, grid.index, grid.plan)
    kitchen.slicers[source.origin] = kept
    while len(kitchen.slicers) > KEPT_SLICERS:
        kitchen.slicers.popitem(last=False)[1].close()
    return kept


PRODUCTS = {"cells": _cells, "index": _index, "cues": _cues}
