"""The grid's time: what a source is, and where its segments begin and end.

Pure. A `SourceIndex` is what a worker read from the container once (`workers.engines.slicer.read_index`); it is
stored as JSON with the origin, and everything else here follows from it alone, so that every process that plans the
same index gets the same grid. Source times are exact (`Fraction` seconds of the file's own clock); grid times start
at 0, which is `SourceIndex.zero` on the file's clock, for video, audio and subtitles alike.
"""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any, Literal

INDEX_VERSION = 1
AAC_FRAME = 1024

Seek = Literal["index", "preroll", "linear"]


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """The picture track of a source.

    `index` is the stream's number in the container. `width`, `height` are the coded frame before `sar` (sample aspect
    ratio) and `rotation` (degrees clockwise for display, a multiple of 90) apply. `rate` is the grid's exact frame
    rate (frames/s), already made sane for sources that vary or lie. `start`, `end`: first frame's time and last
    frame's end. `keyframes` are presentation times in ticks of `time_base`, ascending, of frames that a decoder
    can start at; `keyframe_gap_after` is the tick from which on keyframes are unknown (None: all are known).
    `transfer` is "sdr", "pq" or "hlg"; `matrix` is "bt709", "bt601", "bt2020" or "rgb". `copy_codec` is the RFC 6381
    string of the stream as fragmented MP4, None where it cannot be copied. `bit_rate` in bits/s, 0 when unknown.
    """

    index: int
    codec: str
    profile: str
    width: int
    height: int
    sar: Fraction
    rotation: int
    rate: Fraction
    time_base: Fraction
    start: Fraction
    end: Fraction
    keyframes: tuple[int, ...]
    keyframe_gap_after: int | None
    interlaced: bool
    bit_depth: int
    transfer: str
    matrix: str
    copy_codec: str | None
    bit_rate: int

    @property
    def display_size(self) -> tuple[int, int]:
        """Width and height in square pixels as seen, rotation applied (not yet even, at least 1)."""
        width, height = max(1, round(self.width * self.sar)), self.height
        return (height, width) if self.rotation % 180 else (width, height)


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """One audio track of a source. `sample_rate` in Hz; `start`, `end` on the file's clock.

    `copy_codec` is the RFC 6381 string where packets can be copied into fragmented MP4 unchanged (AAC-LC), else None.
    """

    index: int
    codec: str
    profile: str
    sample_rate: int
    channels: int
    start: Fraction
    end: Fraction
    copy_codec: str | None
    bit_rate: int


@dataclass(frozen=True, slots=True)
class SourceIndex:
    """All that the grid needs to know of one file.

    `zero` is grid time 0 on the file's clock and `duration` (s) the grid's length: to the end of the longer of video
    and audio. `seek` says how a run finds its place: "index" (container index), "preroll" (seek some seconds before),
    "linear" (decode from the file's start; for raw streams and broken clocks).
    """

    container: str
    zero: Fraction
    duration: Fraction
    seek: Seek
    video: VideoTrack | None
    audio: tuple[AudioTrack, ...]

    def audio_track(self, stream_index: int) -> AudioTrack:
        """The audio track with this stream number. Raises KeyError."""
        for track in self.audio:
            if track.index == stream_index:
                return track
        raise KeyError(stream_index)

    def to_json(self) -> dict[str, Any]:
        """A JSON-able form (fractions as "num/den"); `from_json` of it equals this value."""
        return {"version": INDEX_VERSION, **_encode(self)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> SourceIndex:
        """Raises ValueError when the document is of another version: read the file again."""
        if document.get("version") != INDEX_VERSION:
            raise ValueError(f"index version {document.get('version')!r} is not {INDEX_VERSION}")
        video = document["video"]
        return cls(
            container=document["container"],
            zero=Fraction(document["zero"]),
            duration=Fraction(document["duration"]),
            seek=document["seek"],
            video=None if video is None else _decode(VideoTrack, video),
            audio=tuple(_decode(AudioTrack, track) for track in document["audio"]),
        )


_FRACTIONS = {"sar", "rate", "time_base", "start", "end"}


def _encode(value: Any) -> Any:
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {field.name: _encode(getattr(value, field.name)) for field in fields(value)}
    return value


def _decode(kind: type[Any], document: Mapping[str, Any]) -> Any:
    values: dict[str, Any] = {k: Fraction(v) if k in _FRACTIONS else v for k, v in document.items()}
    if "keyframes" in values:
        values["keyframes"] = tuple(values["keyframes"])
    return kind(**values)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Where the segments of one rendition lie: `boundaries` in units of 1/`rate` s from grid time 0, ascending.

    For encoded video the unit is a frame, for audio a sample, for copied video a tick of the source's time base.
    There are `len(timeline)` segments (at least one); segment k spans boundaries[k]..boundaries[k+1].
    """

    rate: Fraction
    boundaries: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.boundaries) - 1

    @property
    def duration(self) -> Fraction:
        """Grid time of the end of the last segment, s."""
        return self.boundaries[-1] / self.rate

    def frames(self, k: int) -> int:
        """Units in segment k."""
        return self.boundaries[k + 1] - self.boundaries[k]

    def start(self, k: int) -> Fraction:
        """Grid time of the beginning of segment k, s (k = len(self): the end)."""
        return self.boundaries[k] / self.rate

    def extinf(self, k: int) -> Fraction:
        """Length of segment k, s."""
        return self.frames(k) / self.rate

    def segment_at(self, position: float | Fraction) -> int:
        """The segment that holds this grid time; clamped to the first and last."""
        return min(max(bisect.bisect_right(self.boundaries, position * self.rate) - 1, 0), len(self) - 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """Every timeline of one source.

    `video` is shared by all encoded renditions (None without a picture). `copied` cuts at source keyframes only, each
    of which is also a boundary of `video` (to within half a frame where the source varies); None where the stream
    cannot be copied. `audio` and `copied_audio` are keyed by stream index; their segments are those of `video` (or of
    a 4-s grid without a picture) rounded up to whole AAC frames, so segment k of audio belongs to segment k of video.
    """

    video: Timeline | None
    copied: Timeline | None
    audio: Mapping[int, Timeline]
    copied_audio: Mapping[int, Timeline]
    output_sample_rate: Mapping[int, int]

    @property
    def main(self) -> Timeline:
        """The timeline that positions are reported in: video's, else that of the first audio track."""
        return self.video or next(iter(self.audio.values()))


def plan(index: SourceIndex) -> Plan:
    """The grid of a source; the same for the same index, whoever asks.

    Boundaries: the last source keyframe 1.5–4 s ahead, else the first up to 6 s, else the long GOP split evenly into
    parts of at most 4 s; the first segments aim at 2 s. Where no keyframes are known, a fixed grid (2 s, 2 s, 4 s…).
    Raises ValueError when the index has neither video nor audio.
    """
    raise NotImplementedError


def boundaries(rate: Fraction, total: int, keyframes: Sequence[int]) -> tuple[int, ...]:
    """Segment boundaries (frame numbers, 0 and `total` included) for keyframes given as frame numbers."""
    raise NotImplementedError
