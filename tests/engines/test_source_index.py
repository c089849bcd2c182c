"""What is read of a file is what is true of it, not what its header claims."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import pytest

from app.core.timeline import SourceIndex, plan
from tests.engines.conftest import H264, IRREGULAR, Make, film, tone
from workers.engines.slicer import Unreadable, read_index

pytestmark = pytest.mark.media


def test_keyframes_come_from_the_index_of_either_container(make: Make) -> None:
    for name in ("irregular.mkv", "irregular.mp4"):
        index = read_index(make(name, *film(), *IRREGULAR))
        assert index.video is not None
        at = [float(tick * index.video.time_base) for tick in index.video.keyframes]
        assert at == pytest.approx([0, 1.125, 3, 7.5, 9], abs=0.002)
        assert index.seek == "index"
        assert plan(index).main.boundaries[-1] == 288
        assert index.video.rate == 24


def test_an_index_is_stored_and_read_again(make: Make) -> None:
    index = read_index(make("irregular.mkv", *film(), *IRREGULAR))
    assert SourceIndex.from_json(index.to_json()) == index


def test_a_stream_without_an_index_is_read_once(make: Make) -> None:
    index = read_index(make("stream.ts", *film(), *IRREGULAR))
    assert index.video is not None
    assert index.seek == "preroll"
    assert len(index.video.keyframes) == 5
    assert index.zero == index.video.start > 1


def test_a_stream_too_long_to_read_is_known_up_to_where_it_was_read(make: Make) -> None:
    index = read_index(make("stream.ts", *film(), *IRREGULAR), budget_s=0)
    assert index.video is not None
    assert index.video.keyframe_gap_after is not None
    assert abs(index.duration - 12) < 0.1
    assert len(plan(index).main) >= 3


def test_one_zero_serves_pictures_and_sound(make: Make) -> None:
    path = make("lead.mkv", *tone(), "-itsoffset", "0.51", *film(seconds=9), *H264, "-c:a", "aac")
    index = read_index(path)
    assert index.video is not None
    lead = (index.video.start - index.zero) * index.video.rate
    assert lead.denominator == 1
    assert lead == 12
    assert float(index.duration) == pytest.approx(12, abs=0.05)


def test_a_clock_that_starts_below_zero_is_no_obstacle(make: Make) -> None:
    path = make("early.ts", *film(seconds=4), *H264, "-output_ts_offset", "-5", "-muxdelay", "0", "-muxpreload", "0")
    index = read_index(path)
    assert index.video is not None
    assert index.zero == index.video.start
    assert float(index.duration) == pytest.approx(4, abs=0.05)


@pytest.mark.parametrize("offset", ["-0.5", "-2", "-5"])
@pytest.mark.parametrize("reordered", ["0", "2"])
def test_what_lies_below_zero_is_counted_where_nobody_tells_its_time(make: Make, offset: str, reordered: str) -> None:
    moved = ("-bf", reordered, "-c:a", "aac", "-output_ts_offset", offset, "-avoid_negative_ts", "disabled")
    index = read_index(make("early.mkv", *film(seconds=8), *tone(seconds=8), *H264, *moved))
    assert index.video is not None
    assert float(index.duration) == pytest.approx(8, abs=0.03)
    assert float(index.video.start - index.audio[0].start) == pytest.approx(0, abs=0.03)
    assert index.seek == "counted"
    assert plan(index).copied is None
    assert plan(index).copied_audio == {}


@pytest.mark.parametrize("name", ["raw.h264", "raw.m2v", "raw.m4v"])
def test_a_raw_stream_is_as_long_as_its_pictures(make: Make, name: str) -> None:
    codec = {"raw.h264": H264, "raw.m2v": ["-c:v", "mpeg2video"], "raw.m4v": ["-c:v", "mpeg4", "-f", "m4v"]}[name]
    index = read_index(make(name, *film(rate="25", seconds=3), *codec))
    assert index.video is not None
    assert index.video.rate == 25
    assert float(index.duration) == pytest.approx(3, abs=0.05)


def test_what_an_edit_list_cuts_off_is_not_waited_for(make: Make) -> None:
    moved = ("-c:a", "aac", "-output_ts_offset", "-2", "-avoid_negative_ts", "disabled")
    index = read_index(make("cut.mp4", *film(seconds=8), *tone(seconds=8), *H264, "-g", "48", *moved))
    assert index.zero == 0
    assert float(index.duration) == pytest.approx(6, abs=0.03)


def test_pictures_that_nothing_can_decode_are_refused_with_a_word(make: Make, tmp_path: Path) -> None:
    stream = make("endless.ts", *film(seconds=20), *H264, "-g", "1000", "-sc_threshold", "0").read_bytes()
    path = tmp_path / "middle.ts"
    path.write_bytes(stream[len(stream) // 2 // 188 * 188 :])
    with pytest.raises(Unreadable, match="none of its pictures"):
        read_index(path)


@pytest.mark.parametrize(
    ("name", "arguments", "shown"),
    [
        ("upright.mp4", ["-display_rotation", "90", "-i", "{plain}", "-c", "copy"], (180, 320)),
        ("anamorphic.mkv", [*film(size="352x288", seconds=2), "-vf", "setsar=16/11", *H264], (512, 288)),
    ],
)
def test_the_size_is_that_of_the_picture_as_seen(
    make: Make, name: str, arguments: list[str], shown: tuple[int, int]
) -> None:
    plain = make("plain.mp4", *film(seconds=2), *H264)
    index = read_index(make(name, *(argument.replace("{plain}", str(plain)) for argument in arguments)))
    assert index.video is not None
    assert index.video.display_size == shown


def test_high_dynamic_range_and_fields_are_noticed(make: Make) -> None:
    bright = make(
        "hlg.mkv", *film(seconds=1), "-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le",
        "-x265-params", "log-level=error:colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc",
    )  # fmt: skip
    fields = make(
        "fields.mkv", *film(rate="50", seconds=2), "-vf", "interlace", "-c:v", "mpeg2video", "-flags", "+ildct"
    )
    index, woven = read_index(bright), read_index(fields)
    assert index.video is not None
    assert (index.video.transfer, index.video.bit_depth, index.video.matrix) == ("hlg", 10, "bt2020")
    assert woven.video is not None
    assert woven.video.interlaced
    assert woven.video.rate == 25
    assert plan(woven).copied is None


def test_a_cut_off_file_is_as_long_as_what_is_there(make: Make, tmp_path: Path) -> None:
    whole = make("irregular.mkv", *film(), *IRREGULAR).read_bytes()
    path = tmp_path / "cut.mkv"
    path.write_bytes(whole[: len(whole) // 2])
    index = read_index(path)
    assert 3 < index.duration < 9


def test_a_header_without_anything_behind_it_is_refused(make: Make, tmp_path: Path) -> None:
    whole = make(
        "pieces.mp4", *film(seconds=2), *H264, "-movflags", "+frag_keyframe+empty_moov+default_base_moof"
    ).read_bytes()
    path = tmp_path / "init.mp4"
    path.write_bytes(whole[: whole.index(b"moof") - 4])
    with pytest.raises(Unreadable):
        read_index(path)


def test_a_header_that_claims_days_is_not_believed(make: Make, tmp_path: Path) -> None:
    whole = bytearray(make("irregular.mkv", *film(), *IRREGULAR).read_bytes())
    at = whole.index(b"\x44\x89\x88") + 3  # Duration, a double in milliseconds
    whole[at : at + 8] = struct.pack(">d", 200_000_000.0)
    path = tmp_path / "days.mkv"
    path.write_bytes(whole)
    assert float(read_index(path).duration) == pytest.approx(12, abs=0.1)


def test_a_still_picture_under_a_song_is_as_long_as_the_song(make: Make) -> None:
    path = make("song.mkv", *film(rate="1", seconds=1), *tone(seconds=20), *H264, "-c:a", "aac")
    index = read_index(path)
    assert float(index.duration) == pytest.approx(20, abs=0.1)
    assert index.video is not None
    assert index.video.rate >= 5


def test_sound_alone_has_a_grid(make: Make) -> None:
    index = read_index(make("song.mp3", *tone(seconds=20), "-c:a", "libmp3lame"))
    assert index.video is None
    made = plan(index)
    assert 5 <= len(made.main) <= 8
    assert made.main.duration >= Fraction(20)


@pytest.mark.parametrize(("name", "range_"), [("full.mkv", "pc"), ("limited.mkv", "tv"), ("unsaid.mkv", "unspecified")])
def test_the_range_of_luma_is_believed_where_it_is_said(make: Make, name: str, range_: str) -> None:
    filtered = ["-vf", "scale=out_range=full,format=yuvj420p"] if range_ == "pc" else []
    coded = [*H264[:-2], "-pix_fmt", "yuvj420p" if range_ == "pc" else "yuv420p", "-color_range", range_]
    index = read_index(make(name, *film(seconds=1), *filtered, *coded))
    assert index.video is not None
    assert index.video.full_range == (range_ == "pc")


def test_of_several_pictures_the_one_that_moves_is_played(make: Make) -> None:
    stills = ("-f", "lavfi", "-i", "testsrc2=size=640x480:rate=1:duration=3")
    moving = ("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=3")
    for inputs in ((*stills, *moving), (*moving, *stills)):
        path = make(
            f"shots {'first' if inputs[3] == stills[3] else 'last'}.mp4",
            *inputs,
            "-map",
            "0:v",
            "-map",
            "1:v",
            *H264,
            "-disposition:v",
            "default",
        )
        index = read_index(path)
        assert index.video is not None
        assert (index.video.width, index.video.rate) == (320, 25)
        assert float(index.duration) == pytest.approx(3, abs=0.1)
