"""Which renditions a source gets: sizes, rates and codec strings, known before anything is encoded.

Pure. The ladder never upsizes and never makes the same rendition twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any, Literal

from app.core.timeline import SourceIndex, VideoTrack, output_sample_rate, plan

Method = Literal["encode", "copy"]

PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium")
"""Search efforts that share one init segment (see `X264_PARAMS`), cheapest first: a run may use any of them."""


@dataclass(frozen=True, slots=True)
class VideoSpec:
    """One video rendition. `name` is unique within a source and safe in a path ("1080p", "copy").

    `width`, `height` are what `<video>` reports: square pixels, even, rotation applied (for "copy": the display
    size). `bit_rate` is the expected average, `max_rate` the VBV's rate (bits/s), `buffer` its size in bits. `level` is
    H.264's level_idc; `codecs` the RFC 6381 string; `frame_rate` frames/s.
    """

    name: str
    method: Method
    width: int
    height: int
    frame_rate: Fraction
    bit_rate: int
    max_rate: int
    buffer: int
    crf: int
    level: int
    codecs: str

    @property
    def bandwidth(self) -> int:
        """What HLS calls BANDWIDTH: the most that any segment of two seconds or more may take, bits/s."""
        return self.max_rate + self.buffer // 2


@dataclass(frozen=True, slots=True)
class AudioSpec:
    """One audio rendition: `name` unique within a source ("a1-aac2", "a1-copy"); `stream_index` in the source."""

    name: str
    method: Method
    stream_index: int
    channels: int
    sample_rate: int
    bit_rate: int
    codecs: str


PSYCHOVISUAL = frozenset({"fast", "medium"})
X264_PARAMS = "stitchable=1:cabac=1:8x8dct=1:ref=1:bframes=3:b-pyramid=2:weightp=1:weightb=1"
"""What makes every preset of `PRESETS` write the same SPS and PPS."""


def chroma_offset(preset: str) -> int:
    """The chroma QP offset that a preset is told, so that all of them write 0 into the PPS.

    x264 lowers it by 2 where psychovisual optimisation works, which is from "fast" on.
    """
    return 2 if preset in PSYCHOVISUAL else 0


GRID_VERSION = 3
"""Changes whenever cells made by this code would not fit those made before."""


@dataclass(frozen=True, slots=True)
class Rung:
    """A box that pictures are fitted into, and what a 16:9 picture of its size at ≤ 30 frames/s may cost (bits/s)."""

    lines: int
    bit_rate: int
    max_rate: int


RUNGS = (
    Rung(1080, 4_500_000, 8_000_000),
    Rung(720, 2_400_000, 4_500_000),
    Rung(480, 1_200_000, 2_200_000),
    Rung(360, 700_000, 1_300_000),
    Rung(240, 350_000, 650_000),
)
SAME_RATIO = 0.85
"""A rung at least this much of the height of the one above is the same picture again, and is left out."""

LEVELS = (
    # level_idc, macroblocks/s, macroblocks, High profile bits/s and VBV bits (H.264 table A-1, times 1.25)
    (30, 40_500, 1_620, 12_500_000, 12_500_000),
    (31, 108_000, 3_600, 17_500_000, 17_500_000),
    (32, 216_000, 5_120, 25_000_000, 25_000_000),
    (40, 245_760, 8_192, 25_000_000, 31_250_000),
    (42, 522_240, 8_704, 62_500_000, 78_125_000),
    (50, 589_824, 22_080, 168_750_000, 168_750_000),
    (51, 983_040, 36_864, 300_000_000, 300_000_000),
    (52, 2_073_600, 36_864, 300_000_000, 300_000_000),
    (60, 4_177_920, 139_264, 300_000_000, 300_000_000),
    (62, 16_711_680, 139_264, 1_000_000_000, 1_000_000_000),
)


def ladder(index: SourceIndex, *, max_height: int | None = None) -> tuple[VideoSpec, ...]:
    """The encoded rungs of a source, highest first; at least one where there is a picture, else empty.

    Rungs are boxes of 1080, 720, 480, 360 and 240 lines (16:9, turned for upright pictures) that the picture is
    fitted into; a source smaller than a box keeps its own size. `max_height` caps the box of the top rung.
    """
    if index.video is None:
        return ()
    source = index.video.display_size
    allowed = [rung for rung in RUNGS if max_height is None or rung.lines <= max_height] or [RUNGS[-1]]
    found: list[VideoSpec] = []
    for rung in allowed:
        width, height = fitted(source, rung.lines)
        if not found or height <= found[-1].height * SAME_RATIO:
            found.append(_named(_encoded(index.video, rung, width, height), found))
    return tuple(found)


def _named(spec: VideoSpec, above: Sequence[VideoSpec]) -> VideoSpec:
    """The spec under a name of its own: a wide picture of 240 lines may stand above one that fills the 240 box."""
    if spec.name not in {other.name for other in above}:
        return spec
    return replace(spec, name=f"{min(spec.width, spec.height)}p")


def fitted(source: tuple[int, int], lines: int) -> tuple[int, int]:
    """`source` in square pixels, shrunk to fit a 16:9 box of so many lines (upright for upright pictures), even."""
    width, height = source
    long, short = Fraction(lines * 16, 9), Fraction(lines)
    box_width, box_height = (long, short) if width >= height else (short, long)
    scale = min(Fraction(1), box_width / width, box_height / height)
    if scale == 1:
        return max(2, width // 2 * 2), max(2, height // 2 * 2)
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def _encoded(video: VideoTrack, rung: Rung, width: int, height: int) -> VideoSpec:
    box = Fraction(rung.lines * rung.lines * 16, 9)
    area = min(1.0, float(width * height / box)) ** 0.75
    pace = max(1.0, float(video.rate) / 30) ** 0.6
    bit_rate = max(64_000, round(rung.bit_rate * area * pace / 1000) * 1000)
    max_rate = max(192_000, round(rung.max_rate * area * pace / 1000) * 1000)
    level = h264_level(width, height, video.rate, max_rate)
    return VideoSpec(
        name=f"{rung.lines if _fills(rung, width, height) else min(width, height)}p",
        method="encode",
        width=width,
        height=height,
        frame_rate=video.rate,
        bit_rate=bit_rate,
        max_rate=max_rate,
        buffer=max_rate,
        crf=23,
        level=level,
        codecs=f"avc1.6400{level:02x}",
    )


def _fills(rung: Rung, width: int, height: int) -> bool:
    """Whether a picture reaches its box's edge; one too small for it is named after its own lines."""
    return min(width, height) >= rung.lines - 1 or max(width, height) >= rung.lines * 16 // 9 - 2


def h264_level(width: int, height: int, rate: Fraction, max_rate: int) -> int:
    """The lowest level_idc (30 or more) that a High profile stream of this size, rate and VBV fits into."""
    across, down = -(-width // 16), -(-height // 16)
    for level, per_second, per_frame, bits, buffer in LEVELS:
        fits = across * down <= per_frame and across * down * rate <= per_second
        if fits and max(across, down) ** 2 <= 8 * per_frame and max_rate <= min(bits, buffer):
            return level
    return LEVELS[-1][0]


def copied_video(index: SourceIndex) -> VideoSpec | None:
    """The source's own video as a rendition named "copy", or None where it cannot be copied."""
    video = index.video
    if video is None or plan(index).copied is None or not video.copy_codec:
        return None
    width, height = natural_size(video)
    bit_rate = video.bit_rate or round(width * height * float(video.rate) * 0.1)
    return VideoSpec(
        name="copy",
        method="copy",
        width=width,
        height=height,
        frame_rate=video.rate,
        bit_rate=bit_rate,
        max_rate=bit_rate * 2,
        buffer=bit_rate * 2,
        crf=0,
        level=0,
        codecs=video.copy_codec,
    )


SHARING_CODEC = "avc1."
"""Copied pictures of this codec stand in one playlist with encoded ones: an index says that they can be copied only
where their keyframes are IDR pictures, and players bear a switch between the two there (`bench/conformance`)."""
SMALLER_RATE = Fraction(2, 3)
"""An encoded rung of the copied picture's own size is worth making where it needs at most this share of its rate."""


def beside_copy(copied: VideoSpec, rungs: Sequence[VideoSpec]) -> tuple[VideoSpec, ...]:
    """The encoded rungs that stand in one playlist with a copied picture, highest first; none where it shares none.

    Each costs the line less than the copy. One of the copy's own size is there only where it costs much less:
    otherwise it is the same picture again.
    """
    if not copied.codecs.startswith(SHARING_CODEC):
        return ()
    return tuple(sorted((spec for spec in rungs if _is_cheaper(spec, copied)), key=lambda spec: -spec.height))


def _is_cheaper(spec: VideoSpec, copied: VideoSpec) -> bool:
    same_size = spec.height > copied.height * SAME_RATIO
    most = copied.bit_rate * SMALLER_RATE if same_size else copied.bit_rate
    return spec.bit_rate < most and spec.bandwidth < copied.bandwidth


def natural_size(video: VideoTrack) -> tuple[int, int]:
    """What browsers report for a copied stream: they stretch samples in the direction that loses no pixel."""
    if video.sar >= 1:
        return round(video.width * video.sar), video.height
    return video.width, round(video.height / video.sar)


AAC_RATES = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350)
AAC_LC = "mp4a.40.2"


def encoded_audio(index: SourceIndex, stream_index: int, *, max_channels: int = 2) -> AudioSpec:
    """AAC-LC of one track with at most `max_channels` channels (1, 2 or 6 come out)."""
    track = index.audio_track(stream_index)
    channels = 6 if min(track.channels, max_channels) >= 6 else min(track.channels, max_channels, 2) or 2
    return AudioSpec(
        name=f"a{stream_index}-aac{channels}",
        method="encode",
        stream_index=stream_index,
        channels=channels,
        sample_rate=output_sample_rate(track.sample_rate),
        bit_rate={1: 96_000, 2: 160_000, 6: 384_000}[channels],
        codecs=AAC_LC,
    )


def copied_audio(index: SourceIndex, stream_index: int) -> AudioSpec | None:
    """The track's own AAC packets as a rendition, or None where they cannot be copied."""
    track = index.audio_track(stream_index)
    if not track.copy_codec:
        return None
    return AudioSpec(
        name=f"a{stream_index}-copy",
        method="copy",
        stream_index=stream_index,
        channels=track.channels,
        sample_rate=track.sample_rate,
        bit_rate=track.bit_rate or 64_000 * track.channels,
        codecs=track.copy_codec,
    )


def aac_config(sample_rate: int, channels: int) -> bytes:
    """The AudioSpecificConfig (ISO/IEC 14496-3) of AAC-LC. Raises ValueError for a rate that AAC does not name."""
    return (2 << 11 | AAC_RATES.index(sample_rate) << 7 | {8: 7}.get(channels, channels) << 3).to_bytes(2, "big")


def recipe(origin: str, index: SourceIndex, spec: VideoSpec | AudioSpec, build: str) -> str:
    """The identity of a rendition's cells: 32 hex digits.

    `origin` names the bytes of the source (its signature), `build` the ffmpeg (`Ffmpeg.build`; "" for copied
    renditions). Two renditions with one recipe have the same init and interchangeable cells; presets are not part
    of it.
    """
    parts = [GRID_VERSION, origin, index.to_json(), spec_to_json(spec), build, X264_PARAMS]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def spec_to_json(spec: VideoSpec | AudioSpec) -> dict[str, Any]:
    """A JSON-able form; `spec_from_json` of it equals the spec."""
    document = {field.name: getattr(spec, field.name) for field in fields(spec)}
    if isinstance(spec, VideoSpec):
        document["frame_rate"] = f"{spec.frame_rate.numerator}/{spec.frame_rate.denominator}"
    return document


def spec_from_json(document: Mapping[str, Any]) -> VideoSpec | AudioSpec:
    """The spec of `spec_to_json`."""
    if "stream_index" in document:
        return AudioSpec(**document)
    return VideoSpec(**{**document, "frame_rate": Fraction(document["frame_rate"])})
