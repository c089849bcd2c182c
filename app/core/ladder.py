"""Which renditions a source gets: sizes, rates and codec strings, known before anything is encoded.

Pure. The ladder never upsizes and never makes the same rendition twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from app.core.timeline import SourceIndex

Method = Literal["encode", "copy"]

PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium")
"""Search efforts that share one init segment (see `X264_PARAMS`), cheapest first: a run may use any of them."""


@dataclass(frozen=True, slots=True)
class VideoSpec:
    """One video rendition. `name` is unique within a source and safe in a path ("1080p", "copy").

    `width`, `height` are what `<video>` reports: square pixels, even, rotation applied (for "copy": the display
    size). `bit_rate` is the expected average, `max_rate` the peak (bits/s), `buffer` the VBV size in bits. `level` is
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


def ladder(index: SourceIndex, *, max_height: int | None = None) -> tuple[VideoSpec, ...]:
    """The encoded rungs of a source, highest first; at least one where there is a picture, else empty.

    Rungs are boxes of 1080, 720, 480, 360 and 240 lines (16:9, turned for upright pictures) that the picture is
    fitted into; a source smaller than a box keeps its own size. `max_height` caps the box of the top rung.
    """
    raise NotImplementedError


def copied_video(index: SourceIndex) -> VideoSpec | None:
    """The source's own video as a rendition named "copy", or None where it cannot be copied."""
    raise NotImplementedError


def encoded_audio(index: SourceIndex, stream_index: int, *, max_channels: int = 2) -> AudioSpec:
    """AAC-LC of one track with at most `max_channels` channels (1, 2 or 6 come out)."""
    raise NotImplementedError


def copied_audio(index: SourceIndex, stream_index: int) -> AudioSpec | None:
    """The track's own AAC packets as a rendition, or None where they cannot be copied."""
    raise NotImplementedError


def recipe(origin: str, index: SourceIndex, spec: VideoSpec | AudioSpec, build: str) -> str:
    """The identity of a rendition's cells: 32 hex digits.

    `origin` names the bytes of the source (its signature), `build` the ffmpeg (`workers.engines.ffmpeg.build_id`;
    "" for copied renditions). Two renditions with one recipe have the same init and interchangeable cells; presets
    are not part of it.
    """
    raise NotImplementedError


def spec_to_json(spec: VideoSpec | AudioSpec) -> dict[str, Any]:
    """A JSON-able form; `spec_from_json` of it equals the spec."""
    raise NotImplementedError


def spec_from_json(document: Mapping[str, Any]) -> VideoSpec | AudioSpec:
    """The spec of `spec_to_json`."""
    raise NotImplementedError
