"""Runs: one ffmpeg process fills consecutive cells of one or more encoded renditions.

A run decides nothing about leases, stores or queues: it asks `wanted` and hands bytes to `publish`. Its cells are
the same in count, timing and init whatever the run's start, length, preset or companions.
"""

from __future__ import annotations

import fcntl
import os
import resource
import selectors
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from app.core.fmp4 import Malformed, aac_init
from app.core.ladder import AudioSpec, VideoSpec, aac_config
from app.core.splitter import INIT, AdtsSplitter, OffPlan, VideoSplitter
from app.core.timeline import AAC_FRAME, Plan, SourceIndex, frame_scale
from workers.engines import commands
from workers.engines.ffmpeg import Ffmpeg, spawned

PIPE_SIZE, READ_SIZE = 1 << 20, 1 << 18
ASK_S = 0.2
LAST_WORDS = 2_000
NICE = 8
"""Encoders have many threads and would crowd out what answers players: pages, copied cells, Redis."""
STANDS_BACK = 15
"""Sound is made many times faster than it plays: once the first of it is there, the picture goes before the rest."""


class Sink(Protocol):
    """Where a run's products go."""

    def init(self, rendition: str, data: bytes) -> bool:
        """Keeps the init segment if there is none yet; False when a different one is kept (the run then stops)."""

    def publish(self, rendition: str, k: int, data: bytes) -> None:
        """Takes the finished cell k of a rendition. Called in ascending k for each rendition."""

    def wanted(self, k: int) -> bool:
        """Asked before work on cell k is waited for, and again at least 4 times a second until it is done.

        False ends the run: the process is killed, nothing more is published. May raise to do the same loudly.
        """


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run did: cells finished (for every rendition of the run), whether it was stopped by `wanted`."""

    made: int
    stopped: bool
    cpu_s: float
    wall_s: float


class RunFailed(Exception):
    """ffmpeg could not make the cells; the message holds its last words. `made` cells had been published."""

    def __init__(self, message: str, made: int) -> None:
        super().__init__(message)
        self.made = made


class InitDiffers(RunFailed):
    """The run's init segment is not the one kept for this rendition: nothing was published."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a run reads. `path` is a local file (or later a loopback URL)."""

    path: str | Path
    index: SourceIndex
    plan: Plan


def run_video(
    ffmpeg: Ffmpeg,
    source: Source,
    specs: Sequence[VideoSpec],
    *,
    first: int,
    count: int,
    preset: str,
    sink: Sink,
    threads: int = 0,
) -> RunResult:
    """Makes cells first..first+count-1 of every spec with one decode. Main thread only.

    `preset` is one of `app.core.ladder.PRESETS`; `threads` of each encoder (0: as many as there are cores). Cells
    past the end of the timeline are not made. Raises RunFailed, InitDiffers.
    """
    index, timeline = source.index, source.plan.video
    if timeline is None or index.video is None:
        raise ValueError("a source without a picture has no video runs")
    count = min(count, len(timeline) - first)
    _, ticks = frame_scale(index.video.rate)
    places = commands.video_places(index, index.zero + timeline.start(first))

    def begin(place: commands.Place, pipes: _Pipes) -> list[str]:
        for spec in specs:
            frames = [timeline.frames(k) for k in range(first, first + count)]
            pipes.add(
                spec.name,
                VideoSplitter(first=first, start=timeline.boundaries[first], frames=frames, frame_ticks=ticks),
            )
        return commands.video_command(
            ffmpeg.path,
            ffmpeg.filters,
            source.path,
            index,
            timeline,
            specs,
            first=first,
            count=count,
            preset=preset,
            threads=threads,
            place=place,
            outputs=pipes.names,
        )

    return _run(places, begin, first=first, count=count, sink=sink, effort=_Effort(NICE, later=NICE))


def run_audio(
    ffmpeg: Ffmpeg,
    source: Source,
    spec: AudioSpec,
    *,
    first: int,
    count: int,
    sink: Sink,
    is_ahead: bool = False,
) -> RunResult:
    """Makes cells first..first+count-1 of one encoded audio rendition. Main thread only. Raises RunFailed.

    `is_ahead`: nobody waits for the first of them.
    """
    index, timeline = source.index, source.plan.audio[spec.stream_index]
    count = min(count, len(timeline) - first)
    cuts = timeline.boundaries[first : first + count + 1]
    frame, frames = cuts[0] // AAC_FRAME, (cuts[-1] - cuts[0]) // AAC_FRAME
    roll = commands.AUDIO_PREROLL + commands.PRIMING
    start = index.zero + (cuts[0] - roll * AAC_FRAME) / timeline.rate

    def begin(place: commands.Place, pipes: _Pipes) -> list[str]:
        pipes.add(spec.name, AdtsSplitter(first=first, boundaries=cuts, skip=roll))
        return commands.audio_command(
            ffmpeg.path,
            source.path,
            index,
            spec,
            frame=frame,
            frames=frames,
            place=place,
            output=pipes.names[0],
        )

    if not sink.init(spec.name, audio_init(spec)):
        raise InitDiffers(f"another init is kept for {spec.name}", 0)
    effort = _Effort(STANDS_BACK if is_ahead else NICE, later=STANDS_BACK)
    return _run(commands.audio_places(index, start), begin, first=first, count=count, sink=sink, effort=effort)


def audio_init(spec: AudioSpec) -> bytes:
    """The init segment of an encoded audio rendition: known before anything is encoded."""
    config = aac_config(spec.sample_rate, spec.channels)
    return aac_init(sample_rate=spec.sample_rate, channels=spec.channels, config=config, bit_rate=spec.bit_rate)


Splitter = VideoSplitter | AdtsSplitter


@dataclass
class _Pipes:
    """The outputs of one process: a pipe, a rendition and a splitter each."""

    stack: ExitStack
    readers: dict[int, tuple[str, Splitter]] = field(default_factory=dict)
    writers: list[int] = field(default_factory=list)

    def add(self, rendition: str, splitter: Splitter) -> None:
        reader, writer = os.pipe()
        self.stack.callback(os.close, reader)
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
        os.set_blocking(reader, False)
        self.readers[reader] = rendition, splitter
        self.writers.append(writer)

    @property
    def names(self) -> list[str]:
        """What ffmpeg calls them."""
        return [f"pipe:{writer}" for writer in self.writers]

    def close_writers(self) -> None:
        while self.writers:
            os.close(self.writers.pop())

    @property
    def next(self) -> int:
        """The lowest cell that is not out for every rendition."""
        return min(splitter.next for _, splitter in self.readers.values())

    @property
    def finished(self) -> bool:
        return all(splitter.finished for _, splitter in self.readers.values())


class _Begin(Protocol):
    def __call__(self, place: commands.Place, pipes: _Pipes) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class _Effort:
    """How nice a process is until its first cell is out, and `later`."""

    nice: int
    later: int

    def command(self, argv: Sequence[str]) -> list[str]:
        return ["nice", "-n", str(self.nice), *argv]

    def relax(self, pid: int) -> None:
        """The first cell is out. Each thread of a process has a niceness of its own; it only ever grows."""
        if self.later == self.nice:
            return
        for task in _tasks(pid):
            with suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, task, max(self.later, os.getpriority(os.PRIO_PROCESS, task)))


def _tasks(pid: int) -> list[int]:
    try:
        return [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()]
    except FileNotFoundError:
        return []


class _Nothing(RunFailed):
    """Not a single cell came out: another place to start may do."""


def _run(
    places: Sequence[commands.Place], begin: _Begin, *, first: int, count: int, sink: Sink, effort: _Effort
) -> RunResult:
    started, spent = time.monotonic(), _children_cpu()
    for number, place in enumerate(places):
        try:
            made, stopped = _attempt(place, begin, first=first, sink=sink, effort=effort) if count > 0 else (0, False)
        except _Nothing:
            if number + 1 == len(places):
                raise
            continue
        return RunResult(made, stopped, _children_cpu() - spent, time.monotonic() - started)
    raise RunFailed("there is no place to start from", 0)


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _attempt(place: commands.Place, begin: _Begin, *, first: int, sink: Sink, effort: _Effort) -> tuple[int, bool]:
    with ExitStack() as stack:
        pipes = _Pipes(stack)
        stack.callback(pipes.close_writers)
        argv = begin(place, pipes)
        if not sink.wanted(first):
            return 0, True
        child = stack.enter_context(spawned(effort.command(argv), pass_fds=pipes.writers))
        pipes.close_writers()
        words = _Words(child)
        try:
            stopped = not _pump(pipes, words, sink, lambda: effort.relax(child.pid))
        except (OffPlan, Malformed) as error:
            raise RunFailed(f"{error}; {words.text}", pipes.next - first) from error
        if not stopped and not pipes.finished:
            kind = _Nothing if pipes.next == first else RunFailed
            raise kind(words.text or f"ffmpeg ended with status {child.wait()} and no word", pipes.next - first)
        return pipes.next - first, stopped


class _Words:
    """What the process says on stderr: the end of it is kept."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        if child.stderr is None:
            raise ValueError("the child's stderr is no pipe")
        self.descriptor = child.stderr.fileno()
        self._said = b""
        os.set_blocking(self.descriptor, False)

    def listen(self) -> bool:
        """Takes what is there; False at the end."""
        said = os.read(self.descriptor, READ_SIZE)
        self._said = (self._said + said)[-LAST_WORDS:]
        return bool(said)

    @property
    def text(self) -> str:
        return self._said.decode(errors="replace").strip()


def _pump(pipes: _Pipes, words: _Words, sink: Sink, begun: Callable[[], None]) -> bool:
    """Moves bytes until every cell is out or the process has closed its outputs; False when no longer wanted.

    `begun` is called when the first cell is out.
    """
    asked, first = time.monotonic(), pipes.next
    with selectors.DefaultSelector() as ready:
        for descriptor in (*pipes.readers, words.descriptor):
            ready.register(descriptor, selectors.EVENT_READ)
        while not pipes.finished and len(ready.get_map()) > (words.descriptor in ready.get_map()):
            before = pipes.next
            for key, _ in ready.select(ASK_S):
                if not (words.listen() if key.fd == words.descriptor else _move(key.fd, pipes, sink)):
                    ready.unregister(key.fd)
            if before == first != pipes.next:
                begun()
            if pipes.next != before or time.monotonic() - asked >= ASK_S:
                asked = time.monotonic()
                if not pipes.finished and not sink.wanted(pipes.next):
                    return False
        if not pipes.finished and words.descriptor in ready.get_map():
            while _readable(words.descriptor) and words.listen():
                pass
    return True


def _readable(descriptor: int) -> bool:
    with selectors.DefaultSelector() as ready:
        ready.register(descriptor, selectors.EVENT_READ)
        return bool(ready.select(1.0))


def _move(descriptor: int, pipes: _Pipes, sink: Sink) -> bool:
    """Reads one pipe and publishes what became whole; False at its end."""
    data = os.read(descriptor, READ_SIZE)
    rendition, splitter = pipes.readers[descriptor]
    for cell in splitter.feed(data):
        if cell.k != INIT:
            sink.publish(rendition, cell.k, cell.data)
        elif not sink.init(rendition, cell.data):
            raise InitDiffers(f"another init is kept for {rendition}", 0)
    return bool(data)
