"""What decoders say of the cells: frame counts, times, pictures, inits."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av

from app.core.fmp4 import video_codec
from app.core.timeline import AAC_FRAME, SourceIndex, plan
from bench.conformance.cells import Folder, renditions
from workers.engines import ffmpeg, grid


@dataclass(frozen=True)
class Verdict:
    """One comparison: what was judged, and what was wrong (empty: nothing)."""

    subject: str
    wrong: tuple[str, ...]
    figures: str


def pictures(data: bytes | str) -> list[tuple[int | None, bytes]]:
    """Every decoded picture: its time in ticks, and a grey miniature."""
    with av.open(io.BytesIO(data) if isinstance(data, bytes) else data, "r") as container:
        frames = container.decode(container.streams.video[0])
        return [(frame.pts, bytes(frame.reformat(16, 9, "gray").planes[0])) for frame in frames]


def packets(data: bytes) -> list[tuple[int, int]]:
    """(DTS, PTS) of every packet of the only stream."""
    with av.open(io.BytesIO(data), "r") as container:
        return [(packet.dts or 0, packet.pts or 0) for packet in container.demux(container.streams[0]) if packet.size]


def apart(one: bytes, other: bytes) -> float:
    """Mean absolute difference of two miniatures, 0..255."""
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) / len(one)


def judge(path: Path, index: SourceIndex, tool: str, root: Path, reference: Path) -> list[Verdict]:
    """Judges one source's cells of one ffmpeg against one continuous encode by the same."""
    made, sink, whole = plan(index), Folder(root), Folder(reference)
    specs, sounds = renditions(index)
    source = grid.Source(path, index, made)
    verdicts = []
    if made.video is not None:
        count = len(made.video)
        lowest = specs[-1]
        grid.run_video(ffmpeg.inspect(tool), source, [lowest], first=0, count=count, preset="veryfast", sink=whole)
        continuous = pictures(whole.whole(lowest.name, count))
        for spec in specs:
            data = sink.whole(spec.name, count)
            wrong, figures = _pictures_wrong(data, continuous, made.video.boundaries[-1])
            wrong += [] if video_codec(data) == spec.codecs else [f"codec {video_codec(data)}, not {spec.codecs}"]
            heaviest = max(
                sink.path(spec.name, f"{k}.m4s").stat().st_size * 8 / float(made.video.extinf(k)) for k in range(count)
            )
            wrong += [] if heaviest <= spec.bandwidth else [f"a segment takes {heaviest:.0f} bits/s"]
            verdicts.append(Verdict(f"{path.name} {spec.name}", tuple(wrong), figures))
    for sound in sounds:
        line = made.audio[sound.stream_index]
        times = [pts for _, pts in packets(sink.whole(sound.name, len(line)))]
        expected = list(range(0, line.boundaries[-1], AAC_FRAME))
        wrong = [] if times == expected else [f"{len(times)} AAC frames, not {len(expected)}, or not in their places"]
        verdicts.append(Verdict(f"{path.name} {sound.name}", tuple(wrong), f"{len(times)} AAC frames"))
    return verdicts


def _pictures_wrong(data: bytes, continuous: Sequence[tuple[int | None, bytes]], planned: int) -> tuple[list[str], str]:
    found = pictures(data)
    wrong = []
    if not len(found) == len(continuous) == planned:
        wrong.append(f"{len(found)} pictures, {len(continuous)} in one encode, {planned} planned")
    if [at for at, _ in found] != [at for at, _ in continuous]:
        wrong.append("their times are not those of one encode")
    decode = [dts for dts, _ in packets(data)]
    if any(b <= a for a, b in pairwise(decode)):
        wrong.append("decode times step back")
    worst = max((apart(a, b) for (_, a), (_, b) in zip(found, continuous, strict=False)), default=0.0)
    if worst > 8:
        wrong.append(f"a picture differs by {worst:.1f} from one encode's")
    return wrong, f"{len(found)} pictures, {worst:.1f} apart at most"


def judge_copy(path: Path, index: SourceIndex, root: Path) -> list[Verdict]:
    """Judges the copied cells of a source against the source itself."""
    made, sink = plan(index), Folder(root)
    verdicts = []
    if made.copied is not None:
        own, copied = pictures(str(path)), pictures(sink.whole("copy", len(made.copied)))
        wrong = []
        if len(own) != len(copied):
            wrong.append(f"{len(copied)} pictures, {len(own)} in the source")
        if any(a != b for (_, a), (_, b) in zip(own, copied, strict=False)):
            wrong.append("a picture is not the source's")
        decode = [dts for dts, _ in packets(sink.whole("copy", len(made.copied)))]
        if any(b < a for a, b in pairwise(decode)):
            wrong.append("decode times step back")
        verdicts.append(Verdict(f"{path.name} copy", tuple(wrong), f"{len(copied)} pictures"))
    for stream, line in made.copied_audio.items():
        times = [pts for _, pts in packets(sink.whole(f"a{stream}-copy", len(line)))]
        wrong = [] if all(b - a == AAC_FRAME for a, b in pairwise(times)) else ["AAC frames overlap or leave holes"]
        verdicts.append(Verdict(f"{path.name} a{stream}-copy", tuple(wrong), f"{len(times)} AAC frames"))
    return verdicts
