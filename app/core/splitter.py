"""Cutting an encoder's output into cells: bytes in, init and whole cells out. Pure, but it remembers.

Two kinds of output are cut: fragmented MP4 with one track (video) and ADTS (AAC). Neither encoder knows the grid's
times, so each cell gets them here, from the plan alone.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.core.fmp4 import Malformed, Sample, placed, sample_count, segment
from app.core.timeline import AAC_FRAME

INIT = -1
LARGEST_BOX = 1 << 30


class OffPlan(ValueError):
    """The encoder's output does not fit the planned cells."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A finished piece: `k` is its number, or INIT."""

    k: int
    data: bytes


class VideoSplitter:
    """Fragments to cells. `frames` are the planned frames of cells first, first+1, …; `start` the first's frame number.

    `frame_ticks` is what one frame lasts in the track's timescale.
    """

    def __init__(self, *, first: int, start: int, frames: Sequence[int], frame_ticks: int) -> None:
        self._buffer = bytearray()
        self._head = bytearray()
        self._parts: list[bytes] = []
        self._moof: bytes | None = None
        self._seen = False
        self._planned = list(frames)
        self._first, self._at, self._ticks = first, start, frame_ticks
        self._held = 0
        self.next = first

    @property
    def finished(self) -> bool:
        """Whether every planned cell is out."""
        return self.next - self._first == len(self._planned)

    def feed(self, data: bytes) -> Iterator[Cell]:
        """Takes the next bytes. Raises OffPlan or app.core.fmp4.Malformed."""
        self._buffer += data
        while len(self._buffer) >= 8 and not self.finished:
            size, kind = struct.unpack_from(">I4s", self._buffer)
            if size < 8 or size > LARGEST_BOX:
                raise Malformed(f"box {kind!r} has the size {size}")
            if len(self._buffer) < size:
                return
            whole = bytes(self._buffer[:size])
            del self._buffer[:size]
            yield from self._box(kind, whole)

    def _box(self, kind: bytes, whole: bytes) -> Iterator[Cell]:
        if kind in (b"ftyp", b"moov"):
            self._head += whole
            if kind == b"moov":
                yield Cell(INIT, bytes(self._head))
        elif kind == b"moof":
            self._moof = whole
        elif kind == b"mdat" and self._moof is not None:
            yield from self._fragment(self._moof, whole)
            self._moof = None

    def _fragment(self, moof: bytes, mdat: bytes) -> Iterator[Cell]:
        planned, count = self._planned[self.next - self._first], sample_count(moof)
        if self._held + count > planned:
            raise OffPlan(f"cell {self.next} has {self._held + count} frames, not {planned}")
        self._parts += [placed(moof, sequence=self.next + 1, decode_time=self._at * self._ticks), mdat]
        self._at += count
        self._held += count
        if self._held == planned:
            yield Cell(self.next, b"".join(self._parts))
            self._parts, self._held = [], 0
            self.next += 1


class AdtsSplitter:
    """ADTS frames to cells of exactly the planned samples; the first `skip` frames (pre-roll, priming) are dropped.

    `boundaries` are the samples at which cells first, first+1, … begin, and the end of the last.
    """

    def __init__(self, *, first: int, boundaries: Sequence[int], skip: int) -> None:
        self._buffer = bytearray()
        self._frames: list[bytes] = []
        self._boundaries, self._first, self._skip = list(boundaries), first, skip
        self.next = first

    @property
    def finished(self) -> bool:
        """Whether every planned cell is out."""
        return self.next - self._first == len(self._boundaries) - 1

    def feed(self, data: bytes) -> Iterator[Cell]:
        """Takes the next bytes. Raises app.core.fmp4.Malformed."""
        self._buffer += data
        while len(self._buffer) >= 7 and not self.finished:
            size = adts_frame_size(self._buffer)
            if len(self._buffer) < size:
                return
            header = 7 if self._buffer[1] & 1 else 9
            frame = bytes(self._buffer[header:size])
            del self._buffer[:size]
            if self._skip:
                self._skip -= 1
                continue
            self._frames.append(frame)
            yield from self._complete()

    def _complete(self) -> Iterator[Cell]:
        start, end = self._boundaries[self.next - self._first : self.next - self._first + 2]
        if len(self._frames) * AAC_FRAME < end - start:
            return
        samples = [Sample(frame, AAC_FRAME) for frame in self._frames]
        yield Cell(self.next, segment(samples, sequence=self.next + 1, decode_time=start))
        self._frames = []
        self.next += 1


def adts_frame_size(data: bytes | bytearray) -> int:
    """Bytes of the ADTS frame (ISO/IEC 13818-7) that begins here, header included. Raises Malformed."""
    size = (data[3] & 3) << 11 | data[4] << 3 | data[5] >> 5
    if data[0] != 0xFF or data[1] & 0xF6 != 0xF0 or size < 7:
        raise Malformed("not an ADTS frame")
    return size
