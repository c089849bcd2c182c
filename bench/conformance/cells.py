"""Cells on disk: three clients ask for all of them at once, in random order, from runs of random make."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from app.core.ladder import PRESETS, AudioSpec, VideoSpec, encoded_audio, ladder
from app.core.timeline import SourceIndex, plan
from workers.engines import ffmpeg, grid
from workers.engines.slicer import Slicer, read_index

CLIENTS = 3


@dataclass(frozen=True)
class Folder:
    """A sink: a rendition's folder with `init.mp4` and `<k>.m4s`, each whole from the moment it is there."""

    root: Path

    def init(self, rendition: str, data: bytes) -> bool:
        path = self.path(rendition, "init.mp4")
        if not path.exists():
            self._put(path, data, exclusive=True)
        return path.read_bytes() == data

    def publish(self, rendition: str, k: int, data: bytes) -> None:
        self._put(self.path(rendition, f"{k}.m4s"), data, exclusive=False)

    def wanted(self, k: int) -> bool:
        return k >= 0

    def path(self, rendition: str, name: str) -> Path:
        return self.root / rendition / name

    def has(self, rendition: str, k: int) -> bool:
        return self.path(rendition, f"{k}.m4s").exists()

    def whole(self, rendition: str, count: int) -> bytes:
        """The rendition as one file. Raises FileNotFoundError when a cell is missing."""
        parts = [self.path(rendition, "init.mp4"), *(self.path(rendition, f"{k}.m4s") for k in range(count))]
        return b"".join(part.read_bytes() for part in parts)

    def _put(self, path: Path, data: bytes, *, exclusive: bool) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_bytes(data)
        if exclusive:
            try:
                os.link(draft, path)
            except FileExistsError:
                pass  # another client was first; its bytes are compared with ours
            draft.unlink()
        else:
            draft.replace(path)


@dataclass(frozen=True)
class Task:
    """One client's wish: cell k of one or more renditions (or of one sound) made by this ffmpeg."""

    path: Path
    index: SourceIndex
    specs: tuple[VideoSpec | AudioSpec, ...]
    k: int
    tool: str
    length: int
    preset: str
    root: Path


def fulfil(task: Task) -> None:
    """Makes the cell, unless somebody has by now."""
    sink = Folder(task.root)
    if all(sink.has(spec.name, task.k) for spec in task.specs):
        return
    source, tool = grid.Source(task.path, task.index, plan(task.index)), ffmpeg.inspect(task.tool)
    pictures = [spec for spec in task.specs if isinstance(spec, VideoSpec)]
    if pictures:
        grid.run_video(
            tool, source, pictures, first=task.k, count=task.length, preset=task.preset, sink=sink, threads=1
        )
    for spec in task.specs:
        if isinstance(spec, AudioSpec):
            grid.run_audio(tool, source, spec, first=task.k, count=task.length, sink=sink)


def renditions(index: SourceIndex) -> tuple[tuple[VideoSpec, ...], tuple[AudioSpec, ...]]:
    """What is encoded of a source here: the ladder, and its first sound."""
    return ladder(index), tuple(encoded_audio(index, track.index) for track in index.audio[:1])


def fill(paths: dict[str, Path], tools: Sequence[str], root: Path, *, seed: int) -> dict[str, SourceIndex]:
    """Every cell of every source by every ffmpeg, asked for in one random order by three clients at once."""
    chance = random.Random(seed)
    indices = {name: read_index(path) for name, path in paths.items()}
    tasks: list[Task] = []
    for name, index in indices.items():
        pictures, sounds = renditions(index)
        for number, tool in enumerate(tools):
            for k in range(len(plan(index).main)):
                for specs in (pictures, sounds):
                    tasks.append(
                        Task(
                            path=paths[name],
                            index=index,
                            specs=specs,
                            k=k,
                            tool=tool,
                            length=chance.randint(1, 4),
                            preset=chance.choice(PRESETS),
                            root=root / name / str(number),
                        )
                    )
    chance.shuffle(tasks)
    with ProcessPoolExecutor(CLIENTS, mp_context=get_context("spawn")) as clients:
        for _ in clients.map(fulfil, tasks):
            pass
    return indices


def copy(path: Path, index: SourceIndex, root: Path, *, seed: int) -> dict[str, Any]:
    """Every copied cell of a source, in random order; the milliseconds of CPU that the segments took."""
    sink, made, took = Folder(root), plan(index), []
    with Slicer(path, index, made) as slicer:
        order = list(range(len(made.copied or ())))
        random.Random(seed).shuffle(order)
        if order:
            sink.init("copy", slicer.video_init())
        for k in order:
            began = time.process_time()
            data = slicer.video_segment(k)
            took.append((time.process_time() - began) * 1000)
            sink.publish("copy", k, data)
        for stream in made.copied_audio:
            sink.init(f"a{stream}-copy", slicer.audio_init(stream))
            for k in range(len(made.copied_audio[stream])):
                began = time.process_time()
                data = slicer.audio_segment(stream, k)
                took.append((time.process_time() - began) * 1000)
                sink.publish(f"a{stream}-copy", k, data)
    return {"segments": len(took), "ms": took}
