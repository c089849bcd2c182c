"""What is inside a media file, as frozen values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

StreamKind = Literal["video", "audio", "subtitle", "data", "attachment", "cover"]
Hdr = Literal["hdr10", "hdr10+", "hlg", "dv"]


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file of a library, by the signature of its content."""

    signature: str


Origin = LocalFile
"""What is played or transcoded; remote origins join it later."""


@dataclass(frozen=True, slots=True)
class Colour:
    """The colour description, in ffprobe's words (`bt2020`, `smpte2084`, `bt2020nc`, `tv`)."""

    primaries: str | None = None
    transfer: str | None = None
    space: str | None = None
    range: str | None = None


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """One stream. Fields that do not apply to its kind are None; times are seconds, bit rates bits a second.

    `cover` is a picture shown for the file, never a film. `width` × `height` are coded pixels; `display_width` ×
    `display_height` are square pixels as shown, after `sample_aspect_ratio` and `rotation` (degrees clockwise: 0, 90,
    180, 270). `avg_rate` is frames over duration, `real_rate` the lowest rate that all timestamps fit (they differ for
    variable frame rate). `language` is BCP 47, None when not stated. `dv_profile` is Dolby Vision's. `is_encrypted`
    says that the content cannot be read without a key.
    """

    index: int
    kind: StreamKind
    codec: str | None = None
    codec_tag: str | None = None
    profile: str | None = None
    level: int | None = None
    width: int | None = None
    height: int | None = None
    sample_aspect_ratio: Fraction | None = None
    rotation: int = 0
    is_mirrored: bool = False
    display_width: int | None = None
    display_height: int | None = None
    avg_rate: Fraction | None = None
    real_rate: Fraction | None = None
    field_order: str | None = None
    pixel_format: str | None = None
    bit_depth: int | None = None
    hdr: Hdr | None = None
    dv_profile: int | None = None
    colour: Colour = Colour()
    has_b_frames: int | None = None
    frame_count: int | None = None
    channels: int | None = None
    channel_layout: str | None = None
    sample_rate: int | None = None
    language: str | None = None
    title: str | None = None
    is_default: bool = False
    is_forced: bool = False
    is_hearing_impaired: bool = False
    is_commentary: bool = False
    is_encrypted: bool = False
    bit_rate: int | None = None
    start_time: float | None = None
    time_base: Fraction | None = None
    duration: float | None = None
    filename: str | None = None
    mime_type: str | None = None

    @property
    def frame_rate(self) -> Fraction | None:
        """Frames a second to plan with: the average, unless only the other is known."""
        return self.avg_rate or self.real_rate

    @property
    def is_interlaced(self) -> bool:
        return self.field_order in {"tt", "bb", "tb", "bt"}

    @property
    def is_variable_rate(self) -> bool:
        """True when average and real rate differ by more than a hundredth."""
        if not self.avg_rate or not self.real_rate:
            return False
        return abs(self.avg_rate / self.real_rate - 1) > Fraction(1, 100)

    def facts(self) -> dict[str, Any]:
        """What `MediaStream.facts` stores: JSON values, fractions as `"24000/1001"`, only what is known."""
        known: dict[str, Any] = {
            "pixel_format": self.pixel_format,
            "field_order": self.field_order,
            "sample_aspect_ratio": _ratio(self.sample_aspect_ratio, ":"),
            "rotation": self.rotation or None,
            "mirrored": self.is_mirrored or None,
            "display_width": self.display_width,
            "display_height": self.display_height,
            "avg_rate": _ratio(self.avg_rate, "/"),
            "real_rate": _ratio(self.real_rate, "/"),
            "dv_profile": self.dv_profile,
            "colour_primaries": self.colour.primaries,
            "colour_transfer": self.colour.transfer,
            "colour_space": self.colour.space,
            "colour_range": self.colour.range,
            "has_b_frames": self.has_b_frames,
            "frame_count": self.frame_count,
            "channel_layout": self.channel_layout,
            "start_time": self.start_time,
            "time_base": _ratio(self.time_base, "/"),
            "duration": self.duration,
            "codec_tag": self.codec_tag,
            "hearing_impaired": self.is_hearing_impaired or None,
            "commentary": self.is_commentary or None,
            "encrypted": self.is_encrypted or None,
            "filename": self.filename,
            "mime_type": self.mime_type,
        }
        return {name: value for name, value in known.items() if value is not None}


@dataclass(frozen=True, slots=True)
class ChapterFacts:
    """A named span, in seconds of the file's own timeline."""

    start: float
    end: float
    title: str | None = None


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """A whole file. `container` is ffprobe's format name (`matroska,webm`)."""

    container: str
    streams: tuple[StreamFacts, ...] = ()
    chapters: tuple[ChapterFacts, ...] = ()
    duration: float | None = None
    start_time: float | None = None
    bit_rate: int | None = None
    size: int | None = None
    probe_score: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def video(self) -> StreamFacts | None:
        """The picture that is played (covers are not pictures)."""
        return max(self.of_kind("video"), key=_prominence, default=None)

    @property
    def audio(self) -> StreamFacts | None:
        """The sound that is played unless someone chooses another."""
        return _preferred(self.of_kind("audio"))

    def of_kind(self, kind: StreamKind) -> tuple[StreamFacts, ...]:
        return tuple(stream for stream in self.streams if stream.kind == kind)

    @property
    def quality(self) -> str | None:
        """A label for people: `2160p HDR`, `1080p`, `576i`; None without a picture."""
        return quality(self.video)


def quality(video: StreamFacts | None) -> str | None:
    """The label of a picture's size as shown (wide films count by their width), field order and dynamic range."""
    if video is None or not video.display_width or not video.display_height:
        return None
    long, short = sorted((video.display_width, video.display_height), reverse=True)
    lines = next(
        (label for label, width, height in _SIZES if long >= width or short >= height),
        144,
    )
    label = f"{lines}{'i' if video.is_interlaced else 'p'}"
    return f"{label} {_HDR_LABELS[video.hdr]}" if video.hdr else label


_SIZES = (
    (4320, 6400, 3400),
    (2160, 3200, 1700),
    (1440, 2240, 1260),
    (1080, 1700, 880),
    (720, 1100, 660),
    (576, 1000, 560),
    (540, 940, 520),
    (480, 700, 440),
    (360, 600, 330),
    (240, 400, 220),
)
_HDR_LABELS: dict[Hdr, str] = {"hdr10": "HDR", "hdr10+": "HDR10+", "hlg": "HLG", "dv": "DV"}


def _prominence(stream: StreamFacts) -> tuple[bool, bool, int]:
    fps = float(stream.frame_rate) if stream.frame_rate else None
    return prominence(is_default=stream.is_default, fps=fps, width=stream.width, height=stream.height)


def _preferred(streams: Iterable[StreamFacts]) -> StreamFacts | None:
    ordered = list(streams)
    return next((one for one in ordered if one.is_default), ordered[0] if ordered else None)


def _ratio(value: Fraction | None, sign: str) -> str | None:
    return None if value is None else f"{value.numerator}{sign}{value.denominator}"


MOVING_FPS = 4.0
"""Fewer pictures a second are a track of stills (the high-resolution shots of a phone's live photo)."""


def prominence(*, is_default: bool, fps: float | None, width: int | None, height: int | None) -> tuple[bool, bool, int]:
    """Sorts the picture tracks of a file, the one to play last: what moves, is marked as default, is largest."""
    return fps is None or fps >= MOVING_FPS, is_default, (width or 0) * (height or 0)
