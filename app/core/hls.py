"""HLS playlists (RFC 8216 and its second edition): text from timelines and renditions. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from app.core.ladder import AudioSpec, VideoSpec
from app.core.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Variant:
    """A video rendition in the multivariant playlist.

    `audio` are the specs it may play with (for BANDWIDTH and CODECS); `audio_group`, `subtitle_group` name EXT-X-MEDIA
    groups, None where there is none.
    """

    spec: VideoSpec
    uri: str
    audio: tuple[AudioSpec, ...] = ()
    audio_group: str | None = None
    subtitle_group: str | None = None


@dataclass(frozen=True, slots=True)
class AudioMedia:
    """An EXT-X-MEDIA audio rendition. `language` is BCP 47 or None; names are made unique within a group."""

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
    beside: Iterable[Timeline] = (),
) -> str:
    """A complete VOD media playlist. `init_uri` is None for WebVTT, else the EXT-X-MAP. `beside`: the timelines of what
    it plays with; all playlists of one film but those of subtitles have one target duration (RFC 8216, 6.2.4).

    EXTINF are the timeline's lengths to 6 decimals such that their running sum never strays from it by a microsecond.
    """
    target = max(map(_target, (timeline, *beside)))
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{target}", "#EXT-X-MEDIA-SEQUENCE:0"]
    lines += ["#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-INDEPENDENT-SEGMENTS"]
    if init_uri is not None:
        lines.append(f"#EXT-X-MAP:URI={_quoted(init_uri)}")
    at = _micros(timeline.start(0))
    for k in range(len(timeline)):
        end = _micros(timeline.start(k + 1))
        lines += [f"#EXTINF:{(end - at) / 1e6:.6f},", segment_uri(k)]
        at = end
    lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def _micros(seconds: Fraction) -> int:
    return round(seconds * 1_000_000)


def _target(timeline: Timeline) -> int:
    """EXTINF rounded to the nearest whole second must not exceed it (RFC 8216, 4.3.3.1); strict readers want more."""
    longest = max(end - begin for begin, end in pairwise(timeline.boundaries))
    return max(1, math.ceil(longest / timeline.rate))


def multivariant(
    variants: Sequence[Variant],
    audio: Sequence[AudioMedia] = (),
    subtitles: Sequence[SubtitleMedia] = (),
) -> str:
    """A multivariant playlist. The first variant is what a player starts with. At least one variant is needed."""
    if not variants:
        raise ValueError("a multivariant playlist needs a variant")
    lines = _head()
    lines += _audio_lines(audio) + _subtitle_lines(subtitles)
    for variant in variants:
        lines += [_variant_line(variant), variant.uri]
    return "\n".join(lines) + "\n"


def audio_only_multivariant(audio: Sequence[AudioMedia]) -> str:
    """A multivariant playlist of a source without a picture: each rendition is a variant of its own."""
    if not audio:
        raise ValueError("a multivariant playlist needs a variant")
    lines = _head()
    for media in audio:
        rate = _audio_peak(media.spec)
        lines += [f"#EXT-X-STREAM-INF:BANDWIDTH={rate},CODECS={_quoted(media.spec.codecs)}", media.uri]
    return "\n".join(lines) + "\n"


def _head() -> list[str]:
    return ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]


def _audio_peak(spec: AudioSpec) -> int:
    return spec.bit_rate * 5 // 4


def _variant_line(variant: Variant) -> str:
    spec = variant.spec
    codecs = dict.fromkeys([spec.codecs, *(audio.codecs for audio in variant.audio)])
    peak = spec.bandwidth + max((_audio_peak(audio) for audio in variant.audio), default=0)
    average = spec.bit_rate + max((audio.bit_rate for audio in variant.audio), default=0)
    attributes = [
        f"BANDWIDTH={peak}",
        f"AVERAGE-BANDWIDTH={average}",
        f"CODECS={_quoted(','.join(codecs))}",
        f"RESOLUTION={spec.width}x{spec.height}",
        f"FRAME-RATE={float(spec.frame_rate):.3f}",
        f"NAME={_quoted(spec.name)}",
    ]
    if variant.audio_group is not None:
        attributes.append(f"AUDIO={_quoted(variant.audio_group)}")
    if variant.subtitle_group is not None:
        attributes.append(f"SUBTITLES={_quoted(variant.subtitle_group)}")
    attributes.append("CLOSED-CAPTIONS=NONE")
    return f"#EXT-X-STREAM-INF:{','.join(attributes)}"


def _audio_lines(audio: Sequence[AudioMedia]) -> list[str]:
    names = _unique_names([(media.group, media.name) for media in audio])
    lines = []
    for media, name in zip(audio, names, strict=True):
        attributes = ["TYPE=AUDIO", f"GROUP-ID={_quoted(media.group)}", f"NAME={_quoted(name)}"]
        attributes += _choice(media.language, default=media.default)
        attributes += [f'CHANNELS="{media.spec.channels}"', f"URI={_quoted(media.uri)}"]
        lines.append(f"#EXT-X-MEDIA:{','.join(attributes)}")
    return lines


def _subtitle_lines(subtitles: Sequence[SubtitleMedia]) -> list[str]:
    names = _unique_names([(media.group, media.name) for media in subtitles])
    lines = []
    for media, name in zip(subtitles, names, strict=True):
        attributes = ["TYPE=SUBTITLES", f"GROUP-ID={_quoted(media.group)}", f"NAME={_quoted(name)}"]
        attributes += _choice(media.language, default=media.default)
        attributes += [f"FORCED={_yes(media.forced)}", f"URI={_quoted(media.uri)}"]
        lines.append(f"#EXT-X-MEDIA:{','.join(attributes)}")
    return lines


def _choice(language: str | None, *, default: bool) -> list[str]:
    spoken = [f"LANGUAGE={_quoted(language)}"] if language else []
    return [*spoken, f"DEFAULT={_yes(default)}", "AUTOSELECT=YES"]


def _unique_names(keys: Sequence[tuple[str, str]]) -> list[str]:
    """RFC 8216 asks for different NAMEs within a group: a number tells namesakes apart."""
    taken: set[tuple[str, str]] = set()
    names = []
    for group, name in keys:
        found, number = name, 1
        while (group, found) in taken:
            number += 1
            found = f"{name} {number}"
        taken.add((group, found))
        names.append(found)
    return names


def _yes(value: bool) -> str:
    return "YES" if value else "NO"


def _quoted(text: str) -> str:
    """A quoted-string must hold no quote and no line break (RFC 8216, 4.2)."""
    clean = " ".join(text.replace('"', "'").split())
    return f'"{clean}"'
