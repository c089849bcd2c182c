"""Runs: one ffmpeg process fills consecutive cells of one or more encoded renditions.

A run decides nothing about leases, stores or queues: it asks `wanted` and hands bytes to `publish`. Its cells are
the same in count, timing and init whatever the run's start, length, preset or companions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.core.ladder import AudioSpec, VideoSpec
from app.core.timeline import Plan, SourceIndex
from workers.engines.ffmpeg import Ffmpeg


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
    raise NotImplementedError


def run_audio(
    ffmpeg: Ffmpeg,
    source: Source,
    spec: AudioSpec,
    *,
    first: int,
    count: int,
    sink: Sink,
) -> RunResult:
    """Makes cells first..first+count-1 of one encoded audio rendition. Main thread only. Raises RunFailed."""
    raise NotImplementedError


def audio_init(spec: AudioSpec) -> bytes:
    """The init segment of an encoded audio rendition: known before anything is encoded."""
    raise NotImplementedError
