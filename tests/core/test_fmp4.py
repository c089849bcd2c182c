"""Boxes are laid out as ISO/IEC 14496-12 says, to the byte: players that read by offset see the right picture."""

import struct
from fractions import Fraction

from app.core.fmp4 import box, video_init


def test_a_track_header_says_the_size_that_is_shown() -> None:
    init = video_init(
        entry=b"avc1",
        config=box(b"avcC", b"\x01\x64\x00\x28"),
        width=1440,
        height=1080,
        aspect=Fraction(4, 3),
        timescale=24000,
    )

    at = init.index(b"tkhd") - 4
    header = init[at : at + 92]
    assert struct.unpack(">I", header[:4]) == (92,)
    assert struct.unpack(">I", header[20:24]) == (1,)  # the track's number
    assert struct.unpack(">9I", header[48:84]) == (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    assert struct.unpack(">II", header[84:]) == (1920 << 16, 1080 << 16)
