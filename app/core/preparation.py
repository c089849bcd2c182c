"""Making a film's whole ladder ahead of time: what belongs to it, what it will take, and what to make next. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from app.core.ladder import AudioSpec, VideoSpec, copied_audio, copied_video, encoded_audio, ladder
from app.core.timeline import SourceIndex, Timeline

STEREO, SURROUND = 2, 6
AUDIO_COST = 40_000.0
"""What a second of sound costs beside one of picture, which costs its pixels."""


def rendition_names(index: SourceIndex) -> tuple[str, ...]:
    """The names by which a source's pictures can be asked for: its encoded rungs, highest first, and `copy`."""
    copied = copied_video(index)
    return (*(spec.name for spec in ladder(index)), *((copied.name,) if copied else ()))


def pictures(index: SourceIndex, names: Collection[str] | None = None) -> tuple[VideoSpec, ...]:
    """The encoded rungs, or those renditions of the picture that are named. A copied picture costs nothing to make
    while it is played, so it is prepared only by name."""
    rungs = ladder(index)
    if names is None:
        return rungs
    copied = copied_video(index)
    return tuple(spec for spec in (*rungs, *((copied,) if copied else ())) if spec.name in names)


def sounds(index: SourceIndex) -> tuple[AudioSpec, ...]:
    """Every form in which devices are sent a source's sound: its own packets, stereo, surround, each where it is one
    of its own."""
    found: list[AudioSpec] = []
    for track in index.audio:
        copied = copied_audio(index, track.index)
        if copied is not None:
            found.append(copied)
        if copied is None or copied.channels > STEREO:
            found += [encoded_audio(index, track.index, max_channels=most) for most in (STEREO, SURROUND)]
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Block:
    """Cells `first` to `first + count - 1` of these renditions (by their place in the list), made by one decode."""

    first: int
    count: int
    rows: tuple[int, ...]

    @property
    def cells(self) -> range:
        return range(self.first, self.first + self.count)


def next_block(missing: Sequence[AbstractSet[int]], *, longest: int, free: Callable[[int, int], bool]) -> Block | None:
    """The first cells to make of renditions that share a timeline; None when nothing is left that is `free(row, k)`.

    `missing` holds the cells of each rendition that are not there. A block takes every rendition that misses its
    first cell, and ends where another set of renditions would be needed.
    """

    def wanting(k: int) -> tuple[int, ...]:
        return tuple(row for row, cells in enumerate(missing) if k in cells and free(row, k))

    first = next((k for k in sorted(set().union(*missing)) if wanting(k)), None)
    if first is None:
        return None
    rows, count = wanting(first), 1
    while count < longest and wanting(first + count) == rows:
        count += 1
    return Block(first, count, rows)


def expected_bytes(spec: VideoSpec | AudioSpec, timeline: Timeline, cells: Iterable[int]) -> int:
    """What these cells will take on the store, by the rendition's mean bit rate."""
    return round(sum(float(timeline.extinf(k)) for k in cells) * spec.bit_rate / 8)


def cost(spec: VideoSpec | AudioSpec, timeline: Timeline, k: int) -> float:
    """How much work cell `k` is, in units that compare renditions with each other."""
    per_second = float(spec.width * spec.height) if isinstance(spec, VideoSpec) else AUDIO_COST
    return per_second * float(timeline.extinf(k))
