"""Boxes are written as the standard says, and read back."""

from __future__ import annotations

import struct
from fractions import Fraction

import pytest

from app.core.fmp4 import (
    Malformed,
    Sample,
    aac_init,
    box,
    boxes,
    placed,
    read_fragment,
    sample_count,
    segment,
    video_init,
    walk,
)
from app.core.splitter import INIT, AdtsSplitter, OffPlan, VideoSplitter


def cell(frames: int, *, decode_time: int = 0) -> bytes:
    samples = [Sample(bytes([n] * (n + 1)), 1000, sync=n == 0, offset=n % 3 * 1000 - 1000) for n in range(frames)]
    return segment(samples, sequence=1, decode_time=decode_time)


def test_a_written_segment_reads_back() -> None:
    fragment = read_fragment(cell(4, decode_time=7000))
    assert fragment.decode_time == 7000
    assert fragment.sizes == (1, 2, 3, 4)
    assert fragment.durations == (1000,) * 4
    assert fragment.presentation_times == (6000, 8000, 10_000, 9000)
    assert sample_count(cell(4)) == 4


def test_a_segments_data_lies_where_its_run_says() -> None:
    data = cell(2)
    (run,) = walk(data, b"moof", b"traf", b"trun")
    (offset,) = struct.unpack_from(">i", data, run.body + 8)
    assert data[offset : offset + 3] == b"\0\1\1"


def test_a_fragment_is_moved_without_touching_anything_else() -> None:
    moved = placed(cell(3), sequence=9, decode_time=1 << 40)
    fragment = read_fragment(moved)
    assert (fragment.sequence, fragment.decode_time) == (9, 1 << 40)
    assert fragment.sizes == read_fragment(cell(3)).sizes
    assert len(moved) == len(cell(3))


@pytest.mark.parametrize("kind", ["video", "sound"])
def test_an_inits_boxes_have_the_sizes_of_the_standard(kind: str) -> None:
    init = (
        video_init(entry=b"avc1", config=box(b"avcC", b"\1"), timescale=24_000, width=640, height=360)
        if kind == "video"
        else aac_init(sample_rate=48_000, channels=2, config=b"\x11\x90", bit_rate=128_000)
    )
    sizes = {
        (b"moov", b"mvhd"): 108,
        (b"moov", b"trak", b"tkhd"): 92,
        (b"moov", b"trak", b"mdia", b"mdhd"): 32,
        (b"moov", b"mvex", b"trex"): 32,
    }
    for path, size in sizes.items():
        (found,) = walk(init, *path)
        assert found.end - found.start == size


def test_the_shape_of_a_sample_widens_the_picture() -> None:
    init = video_init(
        entry=b"avc1", config=box(b"avcC", b"\1"), timescale=25_000, width=720, height=576, aspect=Fraction(64, 45)
    )
    (header,) = walk(init, b"moov", b"trak", b"tkhd")
    assert struct.unpack_from(">II", init, header.end - 8) == (1024 << 16, 576 << 16)
    assert struct.unpack_from(">II", init, init.index(b"pasp") + 4) == (64, 45)


@pytest.mark.parametrize("data", [b"\0\0\0\4moof", b"\0\0\0", b"\xff\xff\xff\xffmdat"])
def test_what_is_no_box_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        list(boxes(data))
    with pytest.raises(Malformed):
        read_fragment(cell(1)[:60])


def test_cells_are_cut_from_a_stream_of_any_pieces() -> None:
    init = box(b"ftyp", b"iso6") + box(b"moov")
    stream = init + cell(2) + cell(1) + cell(3) + box(b"mfra")
    splitter = VideoSplitter(first=5, start=100, frames=[3, 3], frame_ticks=1000)
    found = [piece for n in range(len(stream)) for piece in splitter.feed(stream[n : n + 1])]
    assert [piece.k for piece in found] == [INIT, 5, 6]
    assert found[0].data == init
    assert read_fragment(found[1].data).decode_time == 100_000
    assert read_fragment(found[1].data[len(cell(2)) :]).decode_time == 102_000
    assert read_fragment(found[2].data).decode_time == 103_000
    assert splitter.finished


def test_a_fragment_that_spans_two_cells_is_refused() -> None:
    splitter = VideoSplitter(first=0, start=0, frames=[2, 2], frame_ticks=1000)
    with pytest.raises(OffPlan):
        list(splitter.feed(cell(3)))


def adts(payload: bytes) -> bytes:
    size = 7 + len(payload)
    return bytes((0xFF, 0xF1, 0x4C, 0x80 | size >> 11, size >> 3 & 0xFF, (size & 7) << 5 | 0x1F, 0xFC)) + payload


def test_sound_is_cut_after_its_preroll_into_whole_frames() -> None:
    stream = b"".join(adts(bytes([n])) for n in range(9))
    splitter = AdtsSplitter(first=2, boundaries=[4096, 4096 + 2048, 4096 + 5120], skip=3)
    found = [piece for n in range(0, len(stream), 5) for piece in splitter.feed(stream[n : n + 5])]
    assert [piece.k for piece in found] == [2, 3]
    assert read_fragment(found[0].data).decode_time == 4096
    assert found[0].data.endswith(b"\3\4")
    assert found[1].data.endswith(b"\5\6\7")


def test_what_is_no_sound_is_refused() -> None:
    with pytest.raises(Malformed):
        list(AdtsSplitter(first=0, boundaries=[0, 1024], skip=0).feed(b"RIFF....WAVE"))
