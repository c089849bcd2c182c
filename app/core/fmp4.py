"""Fragmented MP4 (ISO/IEC 14496-12, -14, -15) boxes: read, patch and write. Pure: bytes in, bytes out."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

SYNC, NOT_SYNC = 0x0200_0000, 0x0101_0000
"""Sample flags: depends on no other and is a random access point; depends on others and is none."""

_IDENTITY = (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


class Malformed(ValueError):
    """Bytes that are not the boxes they should be."""


def box(kind: bytes, *parts: bytes) -> bytes:
    """One box of this four-letter kind."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """One box with version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


@dataclass(frozen=True, slots=True)
class Box:
    """A box found in bytes: `body` is where its content starts, `end` where it ends."""

    kind: bytes
    start: int
    body: int
    end: int


def boxes(data: bytes | memoryview, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes that lie side by side in data[start:end]. Raises Malformed."""
    end = len(data) if end is None else end
    while start < end:
        if end - start < 8:
            raise Malformed("a box header is cut off")
        size, kind = struct.unpack_from(">I4s", data, start)
        header = 8
        if size == 1:
            if end - start < 16:
                raise Malformed("a box header is cut off")
            (size,) = struct.unpack_from(">Q", data, start + 8)
            header = 16
        elif size == 0:
            size = end - start
        if size < header or start + size > end:
            raise Malformed(f"box {kind!r} has the size {size}")
        yield Box(kind, start, start + header, start + size)
        start += size


def walk(data: bytes | memoryview, *path: bytes) -> Iterator[Box]:
    """Every box at this path of kinds, at the top level first: walk(data, b"moof", b"traf", b"trun")."""
    yield from _walk(data, path, 0, len(data))


def _walk(data: bytes | memoryview, path: Sequence[bytes], start: int, end: int) -> Iterator[Box]:
    for found in boxes(data, start, end):
        if found.kind != path[0]:
            continue
        if len(path) == 1:
            yield found
        else:
            yield from _walk(data, path[1:], found.body, found.end)


@dataclass(frozen=True, slots=True)
class Fragment:
    """What a moof says of its single track: `decode_time` in ticks; per sample: ticks, bytes, flags, cts offset."""

    sequence: int
    decode_time: int
    durations: tuple[int, ...]
    sizes: tuple[int, ...]
    flags: tuple[int, ...]
    offsets: tuple[int, ...]

    @property
    def presentation_times(self) -> tuple[int, ...]:
        """Ticks, in decode order."""
        times, at = [], self.decode_time
        for duration, offset in zip(self.durations, self.offsets, strict=True):
            times.append(at + offset)
            at += duration
        return tuple(times)


def sample_count(moof: bytes) -> int:
    """Samples in all runs of a moof. Raises Malformed."""
    return sum(struct.unpack_from(">I", moof, run.body + 4)[0] for run in walk(moof, b"moof", b"traf", b"trun"))


def placed(moof: bytes, *, sequence: int, decode_time: int) -> bytes:
    """The same moof with this sequence number and base decode time (whose box must be of version 1).

    Raises Malformed when a box is missing or the moof has more than one track.
    """
    patched = bytearray(moof)
    headers, times = list(walk(moof, b"moof", b"mfhd")), list(walk(moof, b"moof", b"traf", b"tfdt"))
    if len(headers) != 1 or len(times) != 1 or moof[times[0].body] != 1:
        raise Malformed("a moof needs one mfhd and one 64-bit tfdt")
    struct.pack_into(">I", patched, headers[0].body + 4, sequence)
    struct.pack_into(">Q", patched, times[0].body + 4, decode_time)
    return bytes(patched)


def read_fragment(data: bytes) -> Fragment:
    """Reads the first moof of a segment with one track. Raises Malformed."""
    try:
        whole = next(found for found in boxes(data) if found.kind == b"moof")
        data = data[whole.start : whole.end]
        (header,) = walk(data, b"moof", b"mfhd")
        (time,) = walk(data, b"moof", b"traf", b"tfdt")
        (defaults,) = walk(data, b"moof", b"traf", b"tfhd")
        runs = list(walk(data, b"moof", b"traf", b"trun"))
        return _fragment(data, header, time, defaults, runs)
    except (struct.error, ValueError, StopIteration) as error:
        raise Malformed(f"not a fragment of one track: {error}") from error


def _fragment(data: bytes, header: Box, time: Box, defaults: Box, runs: Sequence[Box]) -> Fragment:
    (sequence,) = struct.unpack_from(">I", data, header.body + 4)
    (decode_time,) = struct.unpack_from(">Q" if data[time.body] else ">I", data, time.body + 4)
    default = _track_defaults(data, defaults)
    rows = [row for run in runs for row in _run(data, run, default)]
    durations, sizes, flags, offsets = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Fragment(sequence, decode_time, durations, sizes, flags, offsets)


def _track_defaults(data: bytes, tfhd: Box) -> tuple[int, int, int]:
    (present,) = struct.unpack_from(">I", data, tfhd.body)
    at = tfhd.body + 8 + (8 if present & 1 else 0) + (4 if present & 2 else 0)
    values = []
    for bit in (0x8, 0x10, 0x20):
        values.append(struct.unpack_from(">I", data, at)[0] if present & bit else 0)
        at += 4 if present & bit else 0
    return values[0], values[1], values[2]


def _run(data: bytes, trun: Box, default: tuple[int, int, int]) -> Iterator[tuple[int, int, int, int]]:
    head, count = struct.unpack_from(">II", data, trun.body)
    at = trun.body + 8 + (4 if head & 0x1 else 0)
    first_flags = struct.unpack_from(">I", data, at)[0] if head & 0x4 else None
    at += 4 if head & 0x4 else 0
    for number in range(count):
        row = [*default, 0]
        for column, (bit, code) in enumerate(((0x100, ">I"), (0x200, ">I"), (0x400, ">I"), (0x800, ">i"))):
            if head & bit:
                (row[column],) = struct.unpack_from(code, data, at)
                at += 4
        if first_flags is not None and number == 0:
            row[2] = first_flags
        yield row[0], row[1], row[2], row[3]


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample to write: its bytes, ticks of duration, whether a decoder can start here, composition offset."""

    data: bytes | memoryview
    duration: int
    sync: bool = True
    offset: int = 0


def segment(samples: Sequence[Sample], *, sequence: int, decode_time: int) -> bytes:
    """A media segment of one moof and one mdat for track 1. Composition offsets may be negative (trun version 1)."""
    with_offsets = any(sample.offset for sample in samples)
    present = 0x1 | 0x100 | 0x200 | 0x400 | (0x800 if with_offsets else 0)
    rows = bytearray()
    for sample in samples:
        rows += struct.pack(">III", sample.duration, len(sample.data), SYNC if sample.sync else NOT_SYNC)
        if with_offsets:
            rows += struct.pack(">i", sample.offset)
    trun_size, tfhd_size, tfdt_size = 20 + len(rows), 16, 20
    moof_size = 8 + 16 + 8 + tfhd_size + tfdt_size + trun_size
    moof = box(
        b"moof",
        full_box(b"mfhd", 0, 0, struct.pack(">I", sequence)),
        box(
            b"traf",
            full_box(b"tfhd", 0, 0x020000, struct.pack(">I", 1)),
            full_box(b"tfdt", 1, 0, struct.pack(">Q", decode_time)),
            full_box(b"trun", 1, present, struct.pack(">Ii", len(samples), moof_size + 8), bytes(rows)),
        ),
    )
    size = 8 + sum(len(sample.data) for sample in samples)
    return b"".join([moof, struct.pack(">I4s", size, b"mdat"), *(sample.data for sample in samples)])  # copied once


def video_init(
    *, entry: bytes, config: bytes, timescale: int, width: int, height: int, aspect: Fraction = Fraction(1)
) -> bytes:
    """An init segment of one video track. `entry` is the sample entry's kind (b"avc1"), `config` its whole
    configuration box (avcC, hvcC, av1C, vpcC); `width`, `height` coded; `aspect` the shape of a sample."""
    pasp = box(b"pasp", struct.pack(">II", aspect.numerator, aspect.denominator))  # the stream's own may differ
    sample_entry = box(
        entry,
        struct.pack(">6xH16xHHII4xH32sHh", 1, width, height, 0x480000, 0x480000, 1, b"", 24, -1),
        config,
        pasp,
    )
    shown = round(width * aspect) << 16, height << 16
    header = full_box(b"vmhd", 0, 1, bytes(8))
    return _init(sample_entry, header, handler=b"vide", timescale=timescale, size=shown, volume=0)


def aac_init(*, sample_rate: int, channels: int, config: bytes, bit_rate: int) -> bytes:
    """An init segment of one AAC track; `config` is its AudioSpecificConfig; the timescale is the sample rate."""
    decoder = _descriptor(4, struct.pack(">BB3xII", 0x40, 0x15, bit_rate, bit_rate), _descriptor(5, config))
    esds = full_box(b"esds", 0, 0, _descriptor(3, struct.pack(">HB", 1, 0), decoder, _descriptor(6, b"\x02")))
    entry = box(b"mp4a", struct.pack(">6xH8xHH4xI", 1, channels, 16, sample_rate << 16), esds)
    header = full_box(b"smhd", 0, 0, bytes(4))
    return _init(entry, header, handler=b"soun", timescale=sample_rate, size=(0, 0), volume=0x0100)


def _descriptor(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    return bytes((tag, 0x80 | size >> 21 & 0x7F, 0x80 | size >> 14 & 0x7F, 0x80 | size >> 7 & 0x7F, size & 0x7F)) + body


def _init(
    entry: bytes, media_header: bytes, *, handler: bytes, timescale: int, size: tuple[int, int], volume: int
) -> bytes:
    matrix = struct.pack(">9I", *_IDENTITY)
    table = box(
        b"stbl",
        full_box(b"stsd", 0, 0, struct.pack(">I", 1), entry),
        full_box(b"stts", 0, 0, bytes(4)),
        full_box(b"stsc", 0, 0, bytes(4)),
        full_box(b"stsz", 0, 0, bytes(8)),
        full_box(b"stco", 0, 0, bytes(4)),
    )
    data_reference = full_box(b"dref", 0, 0, struct.pack(">I", 1), full_box(b"url ", 0, 1))
    media = box(
        b"mdia",
        full_box(b"mdhd", 0, 0, struct.pack(">IIIIHH", 0, 0, timescale, 0, 0x55C4, 0)),
        full_box(b"hdlr", 0, 0, struct.pack(">I4s12x", 0, handler), b"Matinee\0"),
        box(b"minf", media_header, box(b"dinf", data_reference), table),
    )
    track_header = full_box(
        b"tkhd", 0, 7, struct.pack(">III4xI8xhhH2x", 0, 0, 1, 0, 0, 0, volume), matrix, struct.pack(">II", *size)
    )
    movie_header = full_box(
        b"mvhd", 0, 0, struct.pack(">IIIIIH10x", 0, 0, timescale, 0, 0x10000, 0x0100), matrix, bytes(24),
        struct.pack(">I", 2),
    )  # fmt: skip
    extends = box(b"mvex", full_box(b"trex", 0, 0, struct.pack(">IIIII", 1, 1, 0, 0, 0)))
    brands = box(b"ftyp", b"iso6", struct.pack(">I", 512), b"iso6cmfcmp41")
    return brands + box(b"moov", movie_header, box(b"trak", track_header, media), extends)


def video_codec(init: bytes) -> str:
    """The RFC 6381 string of an H.264 init segment, from its avcC. Raises Malformed."""
    at = init.find(b"avcC")
    if at < 0 or len(init) < at + 8:
        raise Malformed("no avcC")
    return f"avc1.{init[at + 5 : at + 8].hex()}"
