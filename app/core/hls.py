"""HLS playlists (RFC 8216 and its second edition): text from timelines and renditions. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.core.ladder import AudioSpec, VideoSpec
from app.core.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Variant:
    """A video rendition in the multivariant playlist. `audio` are the specs it may play with (for BANDWIDTH and
    CODECS); `audio_group`, `subtitle_group` name EXT-X-MEDIA groups, None where there is none."""

    spec: VideoSpec
    uri: str
    audio: tuple[AudioSpec, ...] = ()
    audio_group: str | None = None
    subtitle_group: str | None = None


@dataclass(frozen=True, slots=True)
class AudioMedia:
    """An EXT-X-MEDIA audio rendition. `language` is BCP 47 or None; names are unique within a group."""

    group: str
    name: str
    uri: str
    spec: AudioSpec
    language: str | None = None
    default: bool = False


@dataclass(frozen=True, slots=True)
class SubtitleMedia:
    """An EXT-X-MEDIA WebVTT rendition."""

    group: str
    name: str
    uri: str
    language: str | None = None
    default: bool = False
    forced: bool = False


def media_playlist(
    timeline: Timeline,
    *,
    segment_uri: Callable[[int], str],
    init_uri: str | None = None,
) -> str:
    """A complete VOD media playlist. `init_uri` is None for WebVTT, else the EXT-X-MAP.

    EXTINF are the timeline's lengths to 6 decimals such that their running sum never strays from it by a microsecond.
    """
    raise NotImplementedError


def multivariant(
    variants: Sequence[Variant],
    audio: Sequence[AudioMedia] = (),
    subtitles: Sequence[SubtitleMedia] = (),
) -> str:
    """A multivariant playlist. The first variant is what a player starts with. At least one variant is needed."""
    raise NotImplementedError


def audio_only_multivariant(audio: Sequence[AudioMedia]) -> str:
    """A multivariant playlist of a source without a picture: each rendition is a variant of its own group."""
    raise NotImplementedError
