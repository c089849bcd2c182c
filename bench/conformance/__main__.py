"""Runs the conformance bench.

    python -m bench.conformance [--seconds 24] [--switches 200] [--seed 1] [--keep FOLDER] [--only NAME…] [--no-players]
                                [--limit 900] [--one-build]

Exit status 1 when anything is wrong. Sources and cells are made in a temporary folder, or in `--keep`.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from app.core.timeline import SourceIndex, plan
from bench.conformance import cells, judge, masters, players, sources
from workers.engines import ffmpeg
from workers.engines.codecs import copied_video_codec
from workers.engines.slicer import read_index
from workers.engines.source_index import opened


def main(arguments: list[str] | None = None) -> int:
    """The bench; what it found goes to standard output."""
    parser = argparse.ArgumentParser(prog="python -m bench.conformance", description=__doc__)
    parser.add_argument("--seconds", type=int, default=24)
    parser.add_argument("--switches", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", default="854x480")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--no-players", action="store_true")
    parser.add_argument("--limit", type=int, default=900, help="seconds for one player with one master")
    parser.add_argument("--one-build", action="store_true", help="the wheel's ffmpeg alone")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        wrong = _bench(options, options.keep or Path(scratch))
    print("FAILED" if wrong else "passed", f"{len(wrong)} wrong")
    for line in wrong:
        print("  ", line)
    return 1 if wrong else 0


def builds() -> list[str]:
    """The wheel's ffmpeg, and the system's where there is another."""
    system = shutil.which("ffmpeg")
    return [ffmpeg.find(), *([system] if system and system != ffmpeg.find() else [])]


def _bench(options: argparse.Namespace, root: Path) -> list[str]:
    paths = sources.make(root / "sources", seconds=options.seconds, size=options.size)
    if options.only:
        paths = {name: path for name, path in paths.items() if name in options.only}
    tools, began = builds()[:1] if options.one_build else builds(), time.monotonic()
    indices = cells.fill(paths, tools, root / "cells", seed=options.seed)
    print(f"cells of {len(paths)} sources by {len(tools)} ffmpegs in {time.monotonic() - began:.0f} s")
    wrong = _judged(paths, indices, tools, root, options.seed)
    masters.write(paths, indices, root)
    wrong += masters.strictly_parsed(root / "masters")
    if not options.no_players:
        trials = [name for name, path in paths.items() if with_open_gop(path, read_index(path)) != read_index(path)]
        asked = {"switches": options.switches, "seed": options.seed, "limit": options.limit}
        wrong += players.watch(root, indices, **asked, trials=trials)
    return wrong


def _judged(
    paths: dict[str, Path], indices: dict[str, SourceIndex], tools: list[str], root: Path, seed: int
) -> list[str]:
    wrong: list[str] = []
    for name, path in paths.items():
        index = indices[name] = with_open_gop(path, indices[name])
        verdicts = []
        for number, tool in enumerate(tools):
            folder = root / "cells" / name / str(number)
            reference = root / "reference" / name / str(number)
            verdicts += judge.judge(path, index, tool, folder, reference)
        took = cells.copy(path, index, root / "cells" / name / "copy", seed=seed)
        verdicts += judge.judge_copy(path, index, root / "cells" / name / "copy")
        for verdict in verdicts:
            print(f"  {'WRONG' if verdict.wrong else 'right'}  {verdict.subject}: {verdict.figures}", *verdict.wrong)
            wrong += [f"{verdict.subject}: {problem}" for problem in verdict.wrong]
        if took["segments"]:
            ms = took["ms"]
            print(f"         copied segments: median {statistics.median(ms):.1f} ms, worst {max(ms):.1f} ms of CPU")
    return wrong


def with_open_gop(path: Path, index: SourceIndex) -> SourceIndex:
    """The index as if open GOPs could be copied too: how players take them is one of the questions."""
    video = index.video
    if video is None or video.copy_codec or read_index(path).video is None or plan(index).copied is not None:
        return index
    with opened(path) as container:
        codec = copied_video_codec(container.streams[video.index].codec_context)
    return dataclasses.replace(index, video=dataclasses.replace(video, copy_codec=codec))


if __name__ == "__main__":
    sys.exit(main())
