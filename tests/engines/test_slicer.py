"""Copied segments hold the source's own packets, whole and in time."""

from __future__ import annotations

import random
import time
from itertools import pairwise
from pathlib import Path

import pytest

from app.core.fmp4 import read_fragment
from app.core.timeline import AAC_FRAME, plan
from tests.engines.conftest import H264, IRREGULAR, Make, film, packet_times, pictures, tone
from workers.engines.slicer import Slicer, Unreadable, read_index

pytestmark = pytest.mark.media

SOURCES: dict[str, list[str]] = {
    "sound.mkv": [*film(), *tone(), *IRREGULAR, "-c:a", "aac"],
    "sound.mp4": [*film(), *tone(), *IRREGULAR, "-c:a", "aac"],
    "ntsc.mkv": [*film(rate="24000/1001"), *H264, "-bf", "2", "-g", "50"],
    "vfr.mkv": [
        *film(), "-vf", "select='not(eq(mod(n,7),3))*not(between(n,100,160))'", "-fps_mode", "passthrough",
        *H264, "-g", "60",
    ],
    "late.mkv": [*tone(), "-itsoffset", "0.7", *film(seconds=9), *H264, "-g", "48", "-c:a", "aac"],
    "hevc.mp4": [
        *film(), "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=70",
        "-pix_fmt", "yuv420p", "-tag:v", "hvc1",
    ],
    "vp9.webm": [*film(seconds=6), "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "40"],
}  # fmt: skip


@pytest.mark.parametrize("name", SOURCES)
def test_copied_segments_in_any_order_are_the_sources_pictures(make: Make, name: str) -> None:
    path = make(name, *SOURCES[name])
    index = read_index(path)
    made = plan(index)
    assert made.copied is not None
    assert made.video is not None
    order = list(range(len(made.copied)))
    random.Random(3).shuffle(order)
    with Slicer(path, index, made) as slicer:
        cells = {k: slicer.video_segment(k) for k in order}
        init = slicer.video_init()
    whole = init + b"".join(cells[k] for k in sorted(cells))
    assert [picture for _, picture in pictures(whole)] == [picture for _, picture in pictures(path)]
    times = [dts for dts, _ in packet_times(whole, "video")]
    assert times == sorted(set(times))
    fragments = [read_fragment(cells[k]) for k in sorted(cells)]
    assert fragments[0].decode_time == 0
    assert all(a.decode_time + sum(a.durations) == b.decode_time for a, b in pairwise(fragments))
    assert fragments[-1].decode_time + sum(fragments[-1].durations) == made.copied.boundaries[-1]
    for k, fragment in enumerate(fragments):
        assert fragment.presentation_times[0] == made.copied.boundaries[k]  # the keyframe; an open GOP leads it
    frame = 1 / made.video.rate
    for k in range(len(made.copied)):
        nearest = made.video.start(made.video.segment_at(made.copied.start(k) + frame / 2))
        assert abs(nearest - made.copied.start(k)) <= (frame / 2 if name == "vfr.mkv" else 0)


@pytest.mark.parametrize("name", ["sound.mkv", "sound.mp4"])
def test_copied_sound_is_the_sources_packets_without_a_gap(make: Make, name: str) -> None:
    path = make(name, *SOURCES[name])
    index = read_index(path)
    made = plan(index)
    (track,) = index.audio
    with Slicer(path, index, made) as slicer:
        line = made.copied_audio[track.index]
        cells = [slicer.audio_segment(track.index, k) for k in range(len(line))]
        whole = slicer.audio_init(track.index) + b"".join(cells)
    times = [pts for _, pts in packet_times(whole, "audio")]
    assert all(after - before == AAC_FRAME for before, after in pairwise(times))
    assert 0 <= times[0] < AAC_FRAME
    assert abs(times[-1] - line.boundaries[-1]) <= 2 * AAC_FRAME


def test_a_hole_in_the_sources_sound_is_silent_and_what_follows_stays_in_time(make: Make) -> None:
    whole = make("sound.mkv", *SOURCES["sound.mkv"])
    path = make(
        "holes.mkv", "-i", whole, "-map", "0", "-c", "copy",
        "-bsf:a", "setts=pts=PTS+gte(N\\,100)*64:dts=DTS+gte(N\\,100)*64",
    )  # fmt: skip
    index = read_index(path)
    made = plan(index)
    (track,) = index.audio
    with Slicer(path, index, made) as slicer:
        sizes = [
            size
            for k in range(len(made.copied_audio[track.index]))
            for size in read_fragment(slicer.audio_segment(track.index, k)).sizes
        ]
    silent = [slot for slot, size in enumerate(sizes[:-3]) if size < 20]
    assert len(silent) == 3
    assert silent[-1] - silent[0] == 2
    assert 98 <= silent[0] <= 101


def test_an_open_gop_of_h264_is_not_copied(make: Make) -> None:
    path = make("open.mkv", *film(), *H264, "-x264-params", "open-gop=1:bframes=3", "-g", "60")
    index = read_index(path)
    assert index.video is not None
    assert len(index.video.keyframes) > 2
    assert plan(index).copied is None


def test_a_segment_takes_milliseconds(make: Make) -> None:
    path = make("sound.mkv", *SOURCES["sound.mkv"])
    index = read_index(path)
    made = plan(index)
    assert made.copied is not None
    with Slicer(path, index, made) as slicer:
        spent = []
        for k in range(len(made.copied)):
            began = time.process_time()
            slicer.video_segment(k)
            spent.append(time.process_time() - began)
    assert sorted(spent)[len(spent) // 2] < 0.015


def test_a_file_that_is_no_media_is_refused_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    path.write_bytes(b"not a film" * 100)
    with pytest.raises(Unreadable, match="cannot be opened"):
        read_index(path)


def test_a_playlist_that_calls_itself_a_film_is_not_followed(tmp_path: Path, make: Make) -> None:
    real = make("sound.mp4", *SOURCES["sound.mp4"])
    path = tmp_path / "film.mkv"
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:12\n#EXTINF:12,\n{real}\n#EXT-X-ENDLIST\n")
    with pytest.raises(Unreadable):
        read_index(path)
