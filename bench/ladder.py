"""What preparing a film by runs costs, against one plain ffmpeg command that makes the same renditions.

    python -m bench.ladder [--seconds 60] [--run 6] [--preset veryfast] [--rounds 1] [--films FOLDER]

The film is 1080p H.264 with irregular keyframes; its 1080, 720 and 360 rungs are made cell by cell in runs of
`--run` cells, and by one command with `split` that encodes the same: preset, rates, keyframes, x264's parameters.
CPU seconds are compared, our own process's included (the wall says little on a box that does other things). Then every
copied segment is timed. Exit status 1 above 1.10 × or 15 ms.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from app.core.ladder import X264_PARAMS, VideoSpec, chroma_offset, ladder
from app.core.timeline import plan
from workers.engines import ffmpeg, grid
from workers.engines.commands import forced_keyframes
from workers.engines.slicer import Slicer, read_index

MOST, MOST_MS = 1.10, 15.0
RUNGS = ("1080p", "720p", "360p")


class Nowhere:
    """A sink that counts."""

    def __init__(self) -> None:
        self.made: set[tuple[str, int]] = set()
        self.bytes = 0

    def init(self, rendition: str, data: bytes) -> bool:
        return bool(rendition and data)

    def publish(self, rendition: str, k: int, data: bytes) -> None:
        self.made.add((rendition, k))
        self.bytes += len(data)

    def wanted(self, k: int) -> bool:
        return k >= 0


def film(folder: Path, seconds: int) -> Path:
    """A 1080p film: moving pictures with noise, so that encoders have work to do."""
    path = folder / f"film-{seconds}.mkv"
    if path.exists():
        return path
    unfinished = path.with_suffix(".part")
    times = [0.0]
    while times[-1] < seconds:
        times.append(times[-1] + (2.1, 5.3, 9.7, 3.4, 1.2)[len(times) % 5])
    picture = f"testsrc2=s=1920x1080:r=24:d={seconds},noise=alls=6:allf=t"
    marks = ",".join(f"{at:.2f}" for at in times)
    arguments = [
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-g",
        "1000",
        "-sc_threshold",
        "0",
        "-force_key_frames",
        marks,
    ]
    made = ffmpeg.run(
        [ffmpeg.find(), "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", picture, *arguments,
         "-pix_fmt", "yuv420p", "-f", "matroska", str(unfinished)],
        timeout=3600,
    )  # fmt: skip
    if made.returncode:
        raise subprocess.CalledProcessError(made.returncode, "ffmpeg", made.stdout, made.stderr)
    return unfinished.rename(path)


def spent() -> float:
    """CPU seconds of this process and all its children so far."""
    usages = resource.getrusage(resource.RUSAGE_CHILDREN), resource.getrusage(resource.RUSAGE_SELF)
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def plain(
    tool: str, source: grid.Source, specs: list[VideoSpec], folder: Path, preset: str, cuts: Sequence[int]
) -> tuple[float, float]:
    """(CPU s, wall s) of one command for the same renditions: one decode, one split, one file for each rung."""
    outputs = "".join(f"[i{n}]scale={s.width}:{s.height}:flags=bicubic[o{n}];" for n, s in enumerate(specs))
    branches = "".join(f"[i{n}]" for n in range(len(specs)))
    argv = [tool, "-nostdin", "-v", "error", "-y", "-i", str(source.path)]
    argv += ["-filter_complex", f"[0:v:0]split={len(specs)}{branches};{outputs.rstrip(';')}"]
    same = ["-preset", preset, "-profile:v", "high", "-g", "100000", "-sc_threshold", "0"]
    same += ["-force_key_frames", forced_keyframes(cuts)]
    same += ["-x264-params", f"{X264_PARAMS}:chroma-qp-offset={chroma_offset(preset)}"]
    for number, spec in enumerate(specs):
        argv += ["-map", f"[o{number}]", "-c:v", "libx264", *same, "-crf", str(spec.crf)]
        argv += ["-maxrate", str(spec.max_rate), "-bufsize", str(spec.buffer), str(folder / f"{spec.name}.mp4")]
    cpu, wall = spent(), time.monotonic()
    done = ffmpeg.run(argv, timeout=7200)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, argv, done.stdout, done.stderr)
    return spent() - cpu, time.monotonic() - wall


def by_runs(tool: str, source: grid.Source, specs: list[VideoSpec], preset: str, length: int) -> tuple[float, float]:
    """(CPU s, wall s) of all cells, in runs of `length`."""
    sink, cpu, wall = Nowhere(), spent(), time.monotonic()
    count = len(source.plan.main)
    for first in range(0, count, length):
        grid.run_video(ffmpeg.inspect(tool), source, specs, first=first, count=length, preset=preset, sink=sink)
    if len(sink.made) != count * len(specs):
        raise RuntimeError(f"{len(sink.made)} cells, not {count * len(specs)}")
    return spent() - cpu, time.monotonic() - wall


def copied(path: Path) -> list[tuple[float, float]]:
    """(CPU, wall) milliseconds of every copied segment."""
    index = read_index(path)
    made, took = plan(index), []
    with Slicer(path, index, made) as slicer:
        for k in range(len(made.copied or ())):
            cpu, wall = time.process_time(), time.perf_counter()
            slicer.video_segment(k)
            took.append(((time.process_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000))
    return took


def main() -> int:
    """The bench; figures go to standard output."""
    parser = argparse.ArgumentParser(prog="python -m bench.ladder", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="600 is the ten-minute film")
    parser.add_argument("--run", type=int, default=6)
    parser.add_argument("--preset", default="veryfast")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--films", type=Path, help="keep the film in this folder, and use it again")
    options = parser.parse_args()
    tool = ffmpeg.find()
    with tempfile.TemporaryDirectory() as scratch:
        path = film(options.films or Path(scratch), options.seconds)
        index = read_index(path)
        source = grid.Source(path, index, plan(index))
        specs = [spec for spec in ladder(index) if spec.name in RUNGS]
        ratios = []
        for _ in range(options.rounds):
            cuts = source.plan.main.boundaries[:-1]
            one, one_wall = plain(tool, source, specs, Path(scratch), options.preset, cuts)
            runs, runs_wall = by_runs(tool, source, specs, options.preset, options.run)
            ratios.append(runs / one)
            print(
                f"plain {one:.1f} CPU s ({one_wall:.1f} s), runs of {options.run}: {runs:.1f} CPU s ({runs_wall:.1f} s)"
                f" = {runs / one:.3f} x CPU, {runs_wall / one_wall:.3f} x wall",
                flush=True,
            )
        took = copied(path)
    ratio, usual = statistics.median(ratios), statistics.median(cpu for cpu, _ in took)
    cells = f"{len(source.plan.main)} cells x {len(specs)} rungs"
    print(f"{options.seconds} s film, {cells}: {ratio:.3f} x CPU (limit {MOST})")
    walls = statistics.median(wall for _, wall in took)
    worst = max(cpu for cpu, _ in took)
    print(
        f"{len(took)} copied segments: median {usual:.1f} ms of CPU, worst {worst:.1f} (limit {MOST_MS:.0f});", end=" "
    )
    print(f"median {walls:.1f} ms of wall")
    return int(ratio > MOST or usual > MOST_MS)


if __name__ == "__main__":
    sys.exit(main())
