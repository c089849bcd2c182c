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

INDEX_VERSION = 3
AAC_FRAME = 1024
TARGET_S = Fraction(4)
NEAR_S = Fraction(3, 2)
FAR_S = Fraction(6)
OPENING_S = Fraction(5, 2)
OPENING_SEGMENTS = 4
"""Short ones: the first picture comes soon, and a player can leave a small rung after two of them."""
TAIL_S = Fraction(1)
MILLISECOND = Fraction(1, 1000)
AUDIO_ONLY_RATE = Fraction(1000)
KEPT_SAMPLE_RATES = frozenset({22_050, 24_000, 32_000, 44_100, 48_000})

Seek = Literal["index", "preroll", "linear", "counted"]
FROM_THE_START = frozenset({"linear", "counted"})


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
    `full_range`: luma uses 0..255 (JPEG) instead of 16..235.
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
    full_range: bool = False

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
    "linear" (decode from the file's start; for raw streams and clocks that jump), "counted" (the same, and pictures and
    samples are counted because the first have no time).
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
    parts of at most 4 s; the first segments aim at 2 s. Where no keyframes are known, even parts of at most 4 s.
    Raises ValueError when the index has neither video nor audio.
    """
    if index.video is None and not index.audio:
        raise ValueError("a source with neither video nor audio has no grid")
    video = None if index.video is None else _video_timeline(index, index.video)
    main = video or Timeline(AUDIO_ONLY_RATE, boundaries(AUDIO_ONLY_RATE, _units(index.duration, AUDIO_ONLY_RATE), ()))
    rates = {track.index: output_sample_rate(track.sample_rate) for track in index.audio}
    return Plan(
        video=video,
        copied=None if video is None else _copied_timeline(index, video),
        audio={track: _audio_timeline(main, rate, phase=0) for track, rate in rates.items()},
        copied_audio={
            track.index: _audio_timeline(main, track.sample_rate, phase=audio_phase(index, track))
            for track in index.audio
            if track.copy_codec
        },
        output_sample_rate=rates,
    )


def _units(duration: Fraction, rate: Fraction) -> int:
    return max(1, round(duration * rate))


def frame_at(index: SourceIndex, video: VideoTrack, tick: int) -> int:
    """The grid frame that a presentation time of the source (ticks of its time base) falls on."""
    return round((tick * video.time_base - index.zero) * video.rate)


def _video_timeline(index: SourceIndex, video: VideoTrack) -> Timeline:
    total = _units(index.duration, video.rate)
    keyframes = [frame_at(index, video, tick) for tick in video.keyframes]
    return Timeline(video.rate, boundaries(video.rate, total, keyframes))


def frame_scale(rate: Fraction) -> tuple[int, int]:
    """A media timescale of at least 10,000 ticks/s for this frame rate, and the ticks of one frame in it."""
    factor = 1
    while rate.numerator * factor < 10_000:
        factor *= 10
    return rate.numerator * factor, rate.denominator * factor


def copied_ticks(index: SourceIndex, video: VideoTrack, tick: int) -> int:
    """A source presentation time (ticks of its time base) as grid time in ticks of `frame_scale`.

    Containers that count milliseconds tell the frame's time to within one of them: there, a time within a millisecond
    of the grid is the grid's. All else keeps its exact time.
    """
    scale, frame = frame_scale(video.rate)
    exact = tick * video.time_base - index.zero
    nearest = round(exact * video.rate)
    if video.time_base >= MILLISECOND and abs(exact - nearest / video.rate) <= MILLISECOND:
        return nearest * frame
    return round(exact * scale)


def copied_cuts(index: SourceIndex, timeline: Timeline) -> tuple[int, ...]:
    """For each copied segment but the first, the source tick of the keyframe that it begins with."""
    video = index.video
    if video is None:
        return ()
    marks = set(timeline.boundaries[1:-1])
    cuts: dict[int, int] = {}
    for tick in video.keyframes:
        frame = frame_at(index, video, tick)
        if frame in marks:
            cuts.setdefault(frame, tick)
    return tuple(cuts.values())


def _copied_timeline(index: SourceIndex, timeline: Timeline) -> Timeline | None:
    video = index.video
    if video is None or not video.copy_codec or index.seek in FROM_THE_START or video.keyframe_gap_after is not None:
        return None
    scale, frame = frame_scale(video.rate)
    inner = (copied_ticks(index, video, tick) for tick in copied_cuts(index, timeline))
    return Timeline(Fraction(scale), (0, *inner, timeline.boundaries[-1] * frame))


def output_sample_rate(sample_rate: int) -> int:
    """The sample rate that a track is encoded at: its own where AAC and players know it well, else 48 kHz."""
    return sample_rate if sample_rate in KEPT_SAMPLE_RATES else 48_000


def audio_phase(index: SourceIndex, track: AudioTrack) -> int:
    """Samples (0..1023) by which the packets of a copied track lie after the grid of 1,024-sample frames."""
    return round((track.start - index.zero) * track.sample_rate) % AAC_FRAME


def _audio_timeline(main: Timeline, sample_rate: int, *, phase: int) -> Timeline:
    """The main timeline's boundaries, each moved up to the next beginning of an AAC frame. Starts at 0."""
    inner = [-((phase - main.start(k) * sample_rate) // AAC_FRAME) * AAC_FRAME + phase for k in range(1, len(main) + 1)]
    return Timeline(Fraction(sample_rate), (0, *(int(sample) for sample in inner)))


def boundaries(rate: Fraction, total: int, keyframes: Sequence[int]) -> tuple[int, ...]:
    """Segment boundaries (frame numbers, 0 and `total` included) for keyframes given as frame numbers.

    Keyframes less than a second before the end are no cuts: they would leave a crumb.
    """
    crumb = total - TAIL_S * rate
    cuts = [*sorted({frame for frame in keyframes if 0 < frame <= crumb}), total]
    found = [0]
    while found[-1] < total:
        found.extend(_next_cuts(rate, found[-1], cuts, opening=len(found) <= OPENING_SEGMENTS))
    return tuple(found)


def _next_cuts(rate: Fraction, current: int, cuts: Sequence[int], *, opening: bool) -> list[int]:
    """The next boundary, or several where a long GOP is split. `cuts` ends with the grid's end."""
    longest = OPENING_S if opening else TARGET_S
    near, aim, far = (current + seconds * rate for seconds in (NEAR_S, longest, FAR_S))
    ahead = cuts[bisect.bisect_right(cuts, current) :]
    if ahead[-1] <= aim:
        return [ahead[-1]]
    within = [cut for cut in ahead[: bisect.bisect_right(ahead, aim)] if cut >= near]
    if within:
        return [within[-1]]
    if not opening and (late := [cut for cut in ahead[: bisect.bisect_right(ahead, far)] if cut > aim]):
        return [late[0]]
    end = next(cut for cut in ahead if cut > aim)
    parts = -(-(end - current) // max(1, int(longest * rate)))
    split = [current + (end - current) * part // parts for part in range(1, parts + 1)]
    return split[:1] if opening else split


STANDARD_RATES = tuple(
    sorted(
        {Fraction(n) for n in (5, 6, 8, 10, 12, 15, 20, 24, 25, 30, 48, 50, 60)}
        | {Fraction(n * 1000, 1001) for n in (15, 24, 30, 48, 60)}
        | {Fraction(25, 2)}
    )
)
LOWEST_RATE, HIGHEST_RATE, HIGHEST_FIELD_FREE = Fraction(5), Fraction(60), Fraction(30)


def grid_rate(average: Fraction | None, base: Fraction | None, *, interlaced: bool = False) -> Fraction:
    """The grid's frame rate for what a container says: its `average` and `base` (smallest common) rate.

    A varying source gets its base rate, so that no frame is lost; a base that no display shows (a container's tick,
    or fields counted as frames) gives way to the average. Standard rates are recognised through rounding and jitter.
    Rates beyond 60 are divided, rates below 5 multiplied, by whole numbers.
    """
    average = average if average and average > 0 else None
    base = base if base and base > 0 else None
    if interlaced and base is not None and base > HIGHEST_FIELD_FREE and base > (average or 0) * 3 / 2:
        base = base / 2 if average is None else None
    chosen = average or base or Fraction(25)
    if base is not None and base <= HIGHEST_RATE:
        chosen = base
    chosen = _standard(chosen)
    if chosen > HIGHEST_RATE:
        chosen = _standard(chosen / -(-chosen // HIGHEST_RATE))
    if chosen < LOWEST_RATE:
        chosen *= -(-LOWEST_RATE // chosen)
    return chosen


def _standard(rate: Fraction) -> Fraction:
    nearest = min(STANDARD_RATES, key=lambda known: abs(known - rate))
    return nearest if abs(nearest - rate) <= nearest / 100 else rate.limit_denominator(10_000)
