"""Runs of an encoder make cells that fit together, whoever makes them, in whatever order."""

from __future__ import annotations

import dataclasses
import io
import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import av
import pytest

from app.core.fmp4 import read_fragment, video_codec
from app.core.ladder import PRESETS, encoded_audio, ladder
from app.core.timeline import plan
from tests.engines.conftest import (
    H264,
    IRREGULAR,
    Kept,
    Make,
    difference,
    film,
    packet_times,
    pictures,
    source_of,
    tone,
)
from workers.engines import grid
from workers.engines.commands import forced_keyframes
from workers.engines.ffmpeg import Ffmpeg
from workers.engines.slicer import read_index

pytestmark = pytest.mark.media

SOURCES: dict[str, list[str]] = {
    "irregular.mkv": [*film(), *IRREGULAR],
    "irregular.mp4": [*film(), *IRREGULAR],
    "ntsc.mkv": [*film(rate="24000/1001"), *H264, "-bf", "2", "-g", "50"],
    "open.mkv": [*film(), *H264, "-x264-params", "open-gop=1:bframes=3", "-g", "60"],
    "vfr.mkv": [
        *film(),
        "-vf", "select='not(eq(mod(n,7),3))*not(between(n,100,160))'", "-fps_mode", "passthrough",
        *H264, "-g", "60",
    ],
    "hevc10.mkv": [
        *film(), "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=70",
        "-pix_fmt", "yuv420p10le",
    ],
    "stream.ts": [*film(), *IRREGULAR],
    "old.avi": [*film(), "-c:v", "mpeg4", "-bf", "2", "-g", "50"],
}  # fmt: skip


def scattered(tool: Ffmpeg, path: Path, seed: int) -> tuple[grid.Source, Kept]:
    """All cells of the lowest rung, asked for in random order, by runs of random length and preset."""
    source, kept, chance = source_of(path), Kept(), random.Random(seed)
    spec = ladder(source.index)[-1]
    order = list(range(len(source.plan.main)))
    chance.shuffle(order)
    for k in order:
        if (spec.name, k) not in kept.cells:
            length, preset = chance.randint(1, 3), chance.choice(PRESETS)
            grid.run_video(tool, source, [spec], first=k, count=length, preset=preset, sink=kept)
    return source, kept


@pytest.mark.parametrize("name", SOURCES)
def test_cells_made_in_any_order_are_one_continuous_film(tool: Ffmpeg, make: Make, name: str) -> None:
    path = make(name, *SOURCES[name])
    source, kept = scattered(tool, path, seed=len(name))
    spec, timeline = ladder(source.index)[-1], source.plan.video
    assert timeline is not None
    continuous = Kept()
    grid.run_video(tool, source, [spec], first=0, count=len(timeline), preset="veryfast", sink=continuous)

    found, wanted = pictures(kept.whole(spec)), pictures(continuous.whole(spec))
    assert len(found) == len(wanted) == timeline.boundaries[-1]
    assert [at for at, _ in found] == [at for at, _ in wanted]
    assert len({b - a for a, b in pairwise(at for at, _ in found if at is not None)}) == 1
    assert max(difference(a, b) for (_, a), (_, b) in zip(found, wanted, strict=True)) < 6
    decode_times = [dts for dts, _ in packet_times(kept.whole(spec), "video")]
    assert decode_times == sorted(set(decode_times))
    assert kept.inits == continuous.inits
    assert video_codec(kept.inits[spec.name]) == spec.codecs


def test_each_cell_shows_the_source_at_its_own_time(tool: Ffmpeg, make: Make) -> None:
    path = make("irregular.mkv", *SOURCES["irregular.mkv"])
    source, kept = scattered(tool, path, seed=7)
    shown = pictures(path)
    made = pictures(kept.whole(ladder(source.index)[-1]))
    assert len(shown) == len(made)
    for k in range(len(source.plan.main)):
        first, last = source.plan.main.boundaries[k] + 1, source.plan.main.boundaries[k + 1] - 1
        apart = {lag: sum(difference(made[n][1], shown[n + lag][1]) for n in range(first, last)) for lag in (-1, 0, 1)}
        assert min(apart, key=apart.__getitem__) == 0


def test_every_preset_writes_the_same_init(tool: Ffmpeg, make: Make) -> None:
    source, kept = source_of(make("irregular.mkv", *SOURCES["irregular.mkv"])), Kept()
    spec = ladder(source.index)[-1]
    for preset in PRESETS:
        grid.run_video(tool, source, [spec], first=1, count=1, preset=preset, sink=kept)
    assert len(kept.inits) == 1


def test_one_decode_makes_every_rung(tool: Ffmpeg, make: Make) -> None:
    source, kept = source_of(make("big.mkv", *film(size="1280x720", seconds=5), *H264, "-g", "48")), Kept()
    specs = ladder(source.index)
    made = grid.run_video(tool, source, specs, first=0, count=99, preset="ultrafast", sink=kept)
    assert made.made == len(source.plan.main)
    assert not made.stopped
    for spec in specs:
        for k in range(made.made):
            fragment = read_fragment(kept.cells[spec.name, k])
            assert len(fragment.durations) == source.plan.main.frames(k)
            assert fragment.presentation_times[0] == source.plan.main.boundaries[k] * 1000


def test_keyframes_are_forced_in_any_number(tool: Ffmpeg, tmp_path: Path) -> None:
    path, frames = tmp_path / "film.mkv", range(0, 480, 2)
    argv = [tool.path, "-v", "error", *film(size="64x64", seconds=20), *H264, "-g", "1000", "-sc_threshold", "0"]
    subprocess.run([*argv, "-force_key_frames", forced_keyframes(frames), str(path)], check=True)
    video = read_index(path).video
    assert video is not None
    assert [round(tick * video.time_base * 24) for tick in video.keyframes] == list(frames)


def test_a_run_that_nobody_wants_ends_at_once(tool: Ffmpeg, make: Make) -> None:
    source = source_of(make("big.mkv", *film(size="1280x720", seconds=5), *H264, "-g", "48"))

    class Fickle(Kept):
        def wanted(self, k: int) -> bool:
            return super().wanted(k) and k < 1

    kept = Fickle()
    result = grid.run_video(tool, source, ladder(source.index)[:1], first=0, count=2, preset="veryfast", sink=kept)
    assert result.stopped
    assert result.made == 1
    assert set(kept.cells) == {("720p", 0)}


def test_a_run_whose_init_is_another_publishes_nothing(tool: Ffmpeg, make: Make) -> None:
    source, kept = source_of(make("irregular.mkv", *SOURCES["irregular.mkv"])), Kept()
    spec = ladder(source.index)[-1]
    kept.inits[spec.name] = b"of another recipe"
    with pytest.raises(grid.InitDiffers):
        grid.run_video(tool, source, [spec], first=0, count=1, preset="veryfast", sink=kept)
    assert not kept.cells


def test_a_file_that_is_gone_fails_with_ffmpegs_words(tool: Ffmpeg, make: Make) -> None:
    source = source_of(make("irregular.mkv", *SOURCES["irregular.mkv"]))
    gone = dataclasses.replace(source, path=Path("/nowhere/film.mkv"))
    with pytest.raises(grid.RunFailed, match="No such file"):
        grid.run_video(tool, gone, ladder(source.index)[-1:], first=0, count=1, preset="veryfast", sink=Kept())


def test_video_that_ends_before_its_sound_stands_still_to_the_end(tool: Ffmpeg, make: Make) -> None:
    path = make("short.mkv", *film(seconds=3), *tone(seconds=9), *H264, "-c:a", "aac")
    source, kept = scattered(tool, path, seed=2)
    spec = ladder(source.index)[-1]
    assert abs(source.index.duration - 9) < 0.05
    found = pictures(kept.whole(spec))
    assert len(found) == source.plan.main.boundaries[-1]
    assert difference(found[80][1], found[-1][1]) < 3


@pytest.mark.parametrize(
    ("name", "arguments", "size"),
    [
        ("anamorphic.mkv", [*film(size="352x288", seconds=2), "-vf", "setsar=16/11", *H264], (512, 288)),
        ("odd.mkv", [*film(size="322x182", seconds=2), "-vf", "crop=321:181", *H264[:-1], "yuv444p"], (320, 180)),
        ("tiny.mkv", [*film(size="16x16", seconds=2), "-vf", "scale=10:12,setsar=1", *H264], (10, 12)),
        ("colours.mkv", [*film(seconds=2), "-c:v", "ffv1", "-pix_fmt", "gbrp"], (320, 180)),
        (
            "fields.ts",
            [*film(size="352x288", rate="50", seconds=2), "-vf", "interlace", "-c:v", "mpeg2video", "-flags", "+ildct"],
            (352, 288),
        ),
        (
            "hdr.mkv",
            [
                *film(seconds=2), "-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-x265-params",
                "log-level=error:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc",
            ],
            (320, 180),
        ),
    ],
)  # fmt: skip
def test_pictures_come_out_at_the_size_that_was_promised(
    tool: Ffmpeg, make: Make, name: str, arguments: list[str], size: tuple[int, int]
) -> None:
    import io

    import av

    source, kept = source_of(make(name, *arguments)), Kept()
    spec = ladder(source.index)[0]
    grid.run_video(tool, source, [spec], first=0, count=9, preset="ultrafast", sink=kept)
    assert (spec.width, spec.height) == size
    with av.open(io.BytesIO(kept.whole(spec)), "r") as container:
        frame = next(container.decode(video=0))
        stream = container.streams.video[0]
        assert (frame.width, frame.height, frame.format.name) == (*size, "yuv420p")
        assert stream.sample_aspect_ratio in (None, 0, 1)
        assert not frame.interlaced_frame
    assert len(pictures(kept.whole(spec))) == source.plan.main.boundaries[-1]


def test_a_high_definition_picture_without_colour_marks_keeps_its_colours(tool: Ffmpeg, make: Make) -> None:
    red = make("red.mkv", "-f", "lavfi", "-i", "color=red:s=1280x720:r=24:d=1", *H264)
    source, kept = source_of(red), Kept()
    specs = ladder(source.index)[:2]
    grid.run_video(tool, source, specs, first=0, count=1, preset="ultrafast", sink=kept)
    before = _first_colour(red.read_bytes())
    for spec in specs:
        after = _first_colour(kept.whole(spec))
        assert max(abs(a - b) for a, b in zip(before, after, strict=True)) <= 2, spec.name


def _first_colour(data: bytes) -> tuple[int, ...]:
    with av.open(io.BytesIO(data), "r") as container:
        picture = next(container.decode(container.streams.video[0]))
        return tuple(bytes(plane)[0] for plane in picture.planes)


def test_a_picture_that_changes_size_midway_keeps_the_grid(tool: Ffmpeg, make: Make, tmp_path: Path) -> None:
    small = make("small.ts", *film(size="320x180", seconds=4), *H264, "-g", "24")
    large = make("large.ts", *film(size="640x360", seconds=4), *H264, "-g", "24", "-output_ts_offset", "4")
    path = tmp_path / "joined.ts"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    source, kept = scattered(tool, path, seed=1)
    assert len(pictures(kept.whole(ladder(source.index)[-1]))) == source.plan.main.boundaries[-1] == 192


def test_a_clock_that_jumps_back_is_played_from_the_start_on(tool: Ffmpeg, make: Make, tmp_path: Path) -> None:
    one = make("small.ts", *film(size="320x180", seconds=4), *H264, "-g", "24")
    path = tmp_path / "twice.ts"
    path.write_bytes(one.read_bytes() * 2)
    source, kept = scattered(tool, path, seed=1)
    assert source.index.seek == "linear"
    found = pictures(kept.whole(ladder(source.index)[-1]))
    assert len(found) == source.plan.main.boundaries[-1]
    assert abs(len(found) - 192) <= 2
    assert difference(found[24][1], found[96 + 24][1]) < 6


def test_pictures_and_sound_from_below_zero_on_come_whole_and_together(tool: Ffmpeg, make: Make) -> None:
    beeps = ["-f", "lavfi", "-i", "aevalsrc=if(lt(mod(t\\,1)\\,0.1)\\,sin(2000*t)\\,0):d=8:s=48000"]
    streams = [*film(seconds=8), *beeps, *H264, "-bf", "2", "-g", "48", "-c:a", "aac"]
    moved = ["-output_ts_offset", "-5", "-avoid_negative_ts", "disabled"]
    shown = pictures(make("plain.mkv", *streams))
    source, kept = source_of(make("early.mkv", *streams, *moved)), Kept()
    picture, sound = ladder(source.index)[-1], encoded_audio(source.index, source.index.audio[0].index)
    for k in reversed(range(len(source.plan.main))):
        grid.run_video(tool, source, [picture], first=k, count=1, preset="ultrafast", sink=kept)
        grid.run_audio(tool, source, sound, first=k, count=1, sink=kept)

    made = pictures(kept.whole(picture))
    assert len(made) == len(shown) == 192
    for lag in (-1, 1):
        apart = [difference(made[n][1], shown[n + lag][1]) - difference(made[n][1], shown[n][1]) for n in range(1, 191)]
        assert sum(apart) > 0
    assert _beginnings(kept.whole(sound)) == pytest.approx(range(8), abs=0.045)


def _beginnings(data: bytes) -> list[float]:
    """The times (s) at which sound begins after at least a tenth of a second of silence."""
    resampler, samples = av.AudioResampler("s16", "mono", 48_000), bytearray()
    with av.open(io.BytesIO(data), "r") as container:
        for frame in container.decode(container.streams.audio[0]):
            for made in resampler.resample(frame):
                samples += bytes(made.planes[0])[: made.samples * 2]
    loud = [n for n, value in enumerate(memoryview(samples).cast("h")) if abs(value) > 1600]
    return [after / 48_000 for before, after in pairwise([-48_000, *loud]) if after - before > 4_800]


AUDIO: dict[str, list[str]] = {
    "aac.mkv": [*tone(), "-c:a", "aac"],
    "ac3.mkv": [*tone(), "-c:a", "ac3"],
    "wide.mkv": [*tone(rate=96_000), "-c:a", "flac"],
    "narrow.mp3": [*tone(rate=16_000), "-c:a", "libmp3lame"],
    "late_sound.mkv": [*film(seconds=9), "-itsoffset", "3", *tone(seconds=5), *H264, "-c:a", "libopus"],
}


@pytest.mark.parametrize("name", AUDIO)
def test_sound_comes_in_exactly_the_planned_frames(tool: Ffmpeg, make: Make, name: str) -> None:
    source, kept = source_of(make(name, *AUDIO[name])), Kept()
    (track,) = source.index.audio
    spec, timeline = encoded_audio(source.index, track.index), source.plan.audio[track.index]
    order = list(range(len(timeline)))
    random.Random(4).shuffle(order)
    for k in order:
        grid.run_audio(tool, source, spec, first=k, count=1, sink=kept)
    times = packet_times(kept.whole(spec), "audio")
    assert [pts for _, pts in times] == [1024 * frame for frame in range(timeline.boundaries[-1] // 1024)]


def test_sound_is_asked_for_before_it_is_made(tool: Ffmpeg, make: Make) -> None:
    source = source_of(make("aac.mkv", *AUDIO["aac.mkv"]))
    spec = encoded_audio(source.index, source.index.audio[0].index)

    class Unwanted(Kept):
        def wanted(self, k: int) -> bool:
            return False

    began = time.monotonic()
    result = grid.run_audio(tool, source, spec, first=0, count=2, sink=Unwanted())
    assert result.stopped
    assert result.made == 0
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("is_ahead", [False, True])
def test_sound_stands_back_once_the_first_of_it_is_there(tool: Ffmpeg, make: Make, is_ahead: bool) -> None:
    source = source_of(make("long.flac", *tone(seconds=400), "-c:a", "flac"))
    spec = encoded_audio(source.index, source.index.audio[0].index)

    seen: dict[int, set[int]] = {}

    class Watching(Kept):
        def wanted(self, k: int) -> bool:
            if found := set(_niceness(tool)):
                seen.setdefault(k, set()).update(found)
            return k < 3

    assert grid.run_audio(tool, source, spec, first=0, count=90, sink=Watching(), is_ahead=is_ahead).stopped
    assert set().union(*(nice for k, nice in seen.items() if k)) == {grid.STANDS_BACK}
    assert seen.get(0, set()) <= {0, grid.STANDS_BACK if is_ahead else grid.NICE}


def _niceness(tool: Ffmpeg) -> Iterator[int]:
    """Of every thread of this thread's ffmpeg; servers that other tests started are its children too."""
    for child in Path("/proc/thread-self/children").read_text().split():
        about = Path("/proc") / child
        if tool.path.encode() in (about / "cmdline").read_bytes().split(b"\0"):
            for task in (about / "task").iterdir():
                with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
                    yield int((task / "stat").read_text().rsplit(")", 1)[1].split()[16])


def test_cells_past_the_end_are_not_made(tool: Ffmpeg, make: Make) -> None:
    source, kept = source_of(make("irregular.mkv", *SOURCES["irregular.mkv"])), Kept()
    spec, last = ladder(source.index)[-1], len(plan(source.index).main) - 1
    assert grid.run_video(tool, source, [spec], first=last, count=5, preset="ultrafast", sink=kept).made == 1
    assert grid.run_video(tool, source, [spec], first=last + 1, count=1, preset="ultrafast", sink=kept).made == 0
