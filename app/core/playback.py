"""How a device gets a film: direct, remuxed or transcoded, decided for each stream, with the reasons. Pure.

`direct`: the file as it is. `remux`: its own picture in segments (the sound may still be encoded). `transcode`: the
picture is encoded. A device says what it can; one that says nothing counts as a television of 2018.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from app.core.media.values import StreamFacts

Method = Literal["direct", "remux", "transcode"]
StreamName = Literal["file", "video", "audio", "subtitle"]
START_LINES = 360
"""The first rung that a player gets: small enough to be there at once."""
MOST_LEAD_S = 0.5
"""A file that begins later than this on its own clock is not played as it is: a player would show nothing till then."""


@dataclass(frozen=True, slots=True)
class Device:
    """What a device plays. `direct` holds `container/video/audio` patterns (`*` allowed), `hls` codecs in segments.

    A ten-bit codec is named with `-10` (`hevc-10`). `hdr` are the formats it shows. Limits are None where there are
    none; `max_bit_rate` in bits a second.
    """

    direct: tuple[str, ...]
    hls: frozenset[str]
    hdr: frozenset[str] = frozenset()
    max_channels: int | None = None
    max_height: int | None = None
    max_bit_rate: int | None = None


TELEVISION = Device(
    direct=("mp4/h264/aac", "mp4/h264/mp3"),
    hls=frozenset({"h264", "aac"}),
    max_channels=2,
    max_height=1080,
    max_bit_rate=25_000_000,
)
"""A television of 2018: what is assumed of a device that says nothing."""


def device_of(profile: Mapping[str, Any] | None) -> Device:
    """The device of CONTRACT's `device` object; what it leaves out is the television's."""
    if profile is None:
        return TELEVISION
    direct, hls = profile.get("direct"), profile.get("hls")
    return Device(
        direct=TELEVISION.direct if direct is None else tuple(str(one).lower() for one in direct),
        hls=TELEVISION.hls if hls is None else frozenset(str(one).lower() for one in hls) | {"h264", "aac"},
        hdr=frozenset(str(one).lower() for one in profile.get("hdr") or ()),
        max_channels=profile.get("max_channels") or TELEVISION.max_channels,
        max_height=profile.get("max_height"),
        max_bit_rate=profile.get("max_bit_rate"),
    )


@dataclass(frozen=True, slots=True)
class Source:
    """What is decided about: the container as ffprobe names it, the file's ending (".mkv"), its streams.

    `lead_s`: how long nothing is there on the file's own clock before its first picture or sound; below zero where it
    begins before its clock does.
    `has_clock` is false where its clock jumps or says nothing of the beginning.
    """

    container: str
    suffix: str
    bit_rate: int | None
    video: StreamFacts | None
    audio: tuple[StreamFacts, ...]
    lead_s: float = 0.0
    has_clock: bool = True


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is not left as it is. `code` is stable, `detail` a sentence."""

    stream: StreamName
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Decision:
    """`method` for the whole, what happens to the picture and to each audio track (by stream index), and why."""

    method: Method
    video: Literal["direct", "copy", "encode", "none"]
    audio: Mapping[int, Literal["direct", "copy", "encode"]]
    reasons: tuple[Reason, ...] = field(default=())


def decide(
    source: Source,
    device: Device,
    *,
    audio: int | None = None,
    burn: bool = False,
    copyable_video: bool,
    copyable_audio: frozenset[int],
) -> Decision:
    """The way that costs least and that the device can play.

    `audio` is the stream index that was asked for, `burn` asks for a subtitle in the picture; `copyable_…` say what
    the grid can cut without encoding.
    """
    reasons = list(direct_obstacles(source, device, audio=audio, burn=burn))
    if not reasons:
        tracks: dict[int, Literal["direct", "copy", "encode"]] = {one.index: "direct" for one in source.audio}
        return Decision("direct", "direct" if source.video else "none", tracks)
    in_segments = list(copy_obstacles(source, device, burn=burn, copyable=copyable_video)) if source.video else []
    sound, audio_reasons = _audio(source, device, copyable_audio)
    reasons = list(dict.fromkeys([*reasons, *in_segments, *audio_reasons]))
    if source.video is None:
        method: Method = "transcode" if "encode" in sound.values() else "remux"
        return Decision(method, "none", sound, tuple(reasons))
    if in_segments:
        return Decision("transcode", "encode", sound, tuple(reasons))
    return Decision("remux", "copy", sound, tuple(reasons))


def direct_obstacles(source: Source, device: Device, *, audio: int | None, burn: bool) -> Sequence[Reason]:
    """Everything that keeps the device from playing the file as it is."""
    found: list[Reason] = []
    container = container_of(source)
    if not device.direct:
        found.append(Reason("file", "direct_refused", "The device asks for segments."))
    elif not any(_matches(pattern, container, source) for pattern in device.direct):
        found.append(_unplayable(container, source, device))
    first = _default_audio(source)
    if first is not None and audio != first.index and any(one.index == audio for one in source.audio):
        found.append(Reason("audio", "other_track", "Another audio track than the file's first was chosen."))
    if burn:
        found.append(Reason("subtitle", "burnt_in", "The chosen subtitle is drawn into the picture."))
    if source.lead_s > MOST_LEAD_S:
        found.append(Reason("file", "late_start", f"The file begins with {source.lead_s:.1f} s of nothing."))
    if source.lead_s < -MOST_LEAD_S:
        found.append(Reason("file", "early_start", f"The file begins {-source.lead_s:.1f} s before its clock's zero."))
    if not source.has_clock:
        found.append(Reason("file", "broken_clock", "The file's clock has to be put right."))
    if source.video is not None:
        found += _picture_limits(source.video, device, source.bit_rate)
    if first is not None and device.max_channels and (first.channels or 2) > device.max_channels:
        found.append(_too_many_channels(first, device))
    return found


def copy_obstacles(source: Source, device: Device, *, burn: bool, copyable: bool) -> Sequence[Reason]:
    """Everything that keeps the picture from being sent as it is, in segments."""
    video = source.video
    if video is None:
        return ()
    found: list[Reason] = []
    name = codec_name(video)
    if name not in device.hls:
        found.append(Reason("video", "codec", f"The device does not play {name} in segments."))
    elif not copyable:
        found.append(Reason("video", "not_cuttable", "The picture cannot be cut without being encoded anew."))
    if burn:
        found.append(Reason("subtitle", "burnt_in", "The chosen subtitle is drawn into the picture."))
    if video.rotation:
        found.append(Reason("video", "rotated", "The picture lies on its side and is turned upright."))
    return [*found, *_picture_limits(video, device, source.bit_rate)]


def _picture_limits(video: StreamFacts, device: Device, bit_rate: int | None) -> list[Reason]:
    found = []
    lines = min(video.width or 0, video.height or 0)
    if device.max_height and lines > device.max_height:
        found.append(Reason("video", "height", f"The picture has {lines} lines; {device.max_height} are wanted."))
    rate = bit_rate or video.bit_rate
    if device.max_bit_rate and rate and rate > device.max_bit_rate:
        detail = f"The file needs {rate // 1000} kbit/s; {device.max_bit_rate // 1000} are there."
        found.append(Reason("video", "bit_rate", detail))
    if video.hdr and not _shows_hdr(video, device):
        found.append(Reason("video", "hdr", f"The device does not show {video.hdr}."))
    if video.is_interlaced:
        found.append(Reason("video", "interlaced", "The picture is interlaced."))
    if video.is_mirrored:
        found.append(Reason("video", "mirrored", "The picture is mirrored."))
    return found


def _shows_hdr(video: StreamFacts, device: Device) -> bool:
    base = "hdr10" if video.hdr == "hdr10+" else video.hdr
    return base in device.hdr


def _audio(
    source: Source, device: Device, copyable: frozenset[int]
) -> tuple[dict[int, Literal["direct", "copy", "encode"]], list[Reason]]:
    tracks: dict[int, Literal["direct", "copy", "encode"]] = {}
    reasons = []
    for track in source.audio:
        name = codec_name(track)
        tracks[track.index] = "encode"
        if track.index not in copyable or name not in device.hls:
            reasons.append(Reason("audio", "codec", f"Audio track {track.index} ({name}) is encoded as AAC."))
        elif device.max_channels and (track.channels or 2) > device.max_channels:
            reasons.append(_too_many_channels(track, device))
        else:
            tracks[track.index] = "copy"
    return tracks, reasons


def _too_many_channels(track: StreamFacts, device: Device) -> Reason:
    detail = f"Audio track {track.index} has {track.channels} channels; the device has {device.max_channels}."
    return Reason("audio", "channels", detail)


def _default_audio(source: Source) -> StreamFacts | None:
    return next((one for one in source.audio if one.is_default), source.audio[0] if source.audio else None)


def _unplayable(container: str, source: Source, device: Device) -> Reason:
    """The first thing that no pattern of the device takes: container, then picture, then sound."""
    containers = [pattern for pattern in device.direct if fnmatchcase(container, pattern.split("/")[0])]
    if not containers:
        return Reason("file", "container", f"The device does not play {container} files.")
    video = codec_name(source.video) if source.video else ""
    if not any(_part(pattern, 1, video) for pattern in containers):
        return Reason("video", "codec", f"The device does not play {video} in {container} files.")
    names = ", ".join(codec_name(track) for track in source.audio)
    return Reason("audio", "codec", f"The device does not play {names} in {container} files.")


def _matches(pattern: str, container: str, source: Source) -> bool:
    video = codec_name(source.video) if source.video else ""
    first = _default_audio(source)
    sound = codec_name(first) if first else ""
    return fnmatchcase(container, pattern.split("/")[0]) and _part(pattern, 1, video) and _part(pattern, 2, sound)


def _part(pattern: str, number: int, codec: str) -> bool:
    """Whether this part of a pattern takes the codec; a stream that is not there is taken by all."""
    parts = pattern.split("/")
    return not codec or fnmatchcase(codec, parts[number] if len(parts) > number else "*")


def codec_name(stream: StreamFacts) -> str:
    """The codec as devices name it: `h264`, `hevc-10`, `aac`; with its chroma where that is unusual."""
    codec = (stream.codec or "unknown").lower()
    if stream.kind != "video":
        if codec == "aac" and stream.profile and stream.profile.upper() not in {"LC", "HE-AAC", "HE-AACV2"}:
            return f"aac-{stream.profile.lower().replace(' ', '-')}"
        return codec
    chroma = next((one for one in ("422", "444", "440") if one in (stream.pixel_format or "")), "")
    depth = f"-{stream.bit_depth}" if stream.bit_depth and stream.bit_depth > 8 else ""
    return f"{codec}{depth}{f'-{chroma}' if chroma else ''}"


_CONTAINERS = {
    "mpegts": "ts", "matroska": "mkv", "avi": "avi", "flv": "flv", "ogg": "ogg", "mp3": "mp3", "flac": "flac",
    "wav": "wav", "asf": "asf", "mpeg": "mpg", "aac": "aac",
}  # fmt: skip
_WEBM = {"vp8", "vp9", "av1", "vp9-10", "av1-10"}
_MIME = {
    "mp4": "video/mp4", "mov": "video/quicktime", "webm": "video/webm", "mkv": "video/x-matroska",
    "ts": "video/mp2t", "avi": "video/x-msvideo", "ogg": "video/ogg", "mp3": "audio/mpeg", "flac": "audio/flac",
    "wav": "audio/wav", "aac": "audio/aac", "flv": "video/x-flv", "asf": "video/x-ms-asf", "mpg": "video/mpeg",
}  # fmt: skip


def container_of(source: Source) -> str:
    """The container as devices name it (`mp4`, `webm`, `mkv`, …), from ffprobe's name, which covers whole families."""
    names = source.container.lower().split(",")
    if "mp4" in names:
        return "mov" if source.suffix.lower() in {".mov", ".qt"} else "mp4"
    if "webm" in names and source.suffix.lower() == ".webm":
        return "webm"
    if "webm" in names and source.video is not None and codec_name(source.video) in _WEBM:
        sound = {codec_name(track) for track in source.audio}
        return "webm" if sound <= {"opus", "vorbis"} else "mkv"
    return next((_CONTAINERS[name] for name in names if name in _CONTAINERS), names[0])


def mime_type(source: Source) -> str:
    """The media type of the file as it is."""
    found = _MIME.get(container_of(source), "application/octet-stream")
    return (
        found.replace("video/", "audio/", 1) if source.video is None and found in {"video/mp4", "video/webm"} else found
    )
