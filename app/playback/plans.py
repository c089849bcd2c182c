"""What a session may play: its renditions and tracks, fixed when it begins, stored with it as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.core import ladder
from app.core.hls import AudioMedia, SubtitleMedia, Variant, audio_only_multivariant, multivariant
from app.core.ladder import AudioSpec, VideoSpec
from app.core.media.values import StreamFacts
from app.core.playback import START_LINES, Decision, Device, Source, decide, mime_type
from app.core.subtitles import IMAGE_CODECS, UNREADABLE_CODECS
from app.core.timeline import FROM_THE_START
from app.transcoding.renditions import Grid, Rendition

AUDIO_GROUP, TEXT_GROUP = "audio", "text"
FIRST_SIDECAR = 1000
MOST_TRACKS = 40
FILE_CLOCK = {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"}
"""Containers whose clock players take at its word, instead of beginning where the file does."""


@dataclass(frozen=True, slots=True)
class AudioChoice:
    """One audio track as it is sent."""

    spec: AudioSpec
    language: str | None
    title: str | None
    default: bool


@dataclass(frozen=True, slots=True)
class TextChoice:
    """One subtitle track. `image` ones cannot be sent as text; `whole` ones are WebVTT files, served untouched."""

    index: int
    codec: str
    language: str | None
    title: str | None
    default: bool
    forced: bool
    image: bool
    whole: bool
    hearing_impaired: bool = False


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """All that a session's playlists are made of.

    `video` are the renditions of `master.m3u8`, the one to start with first; `encoded` those of `ladder.m3u8`: for a
    copied picture that shares its playlist with none, and for one that does not decode after all.
    """

    origin: str
    build: str
    mime_type: str
    suffix: str
    video: tuple[VideoSpec, ...]
    encoded: tuple[VideoSpec, ...]
    audio: tuple[AudioChoice, ...]
    text: tuple[TextChoice, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "origin": self.origin,
            "build": self.build,
            "mime_type": self.mime_type,
            "suffix": self.suffix,
            "video": [ladder.spec_to_json(spec) for spec in self.video],
            "encoded": [ladder.spec_to_json(spec) for spec in self.encoded],
            "audio": [{**_fields(one), "spec": ladder.spec_to_json(one.spec)} for one in self.audio],
            "text": [_fields(one) for one in self.text],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> SessionPlan:
        return cls(
            origin=document["origin"],
            build=document["build"],
            mime_type=document["mime_type"],
            suffix=document["suffix"],
            video=tuple(_video_spec(one) for one in document["video"]),
            encoded=tuple(_video_spec(one) for one in document["encoded"]),
            audio=tuple(AudioChoice(**{**one, "spec": _audio_spec(one["spec"])}) for one in document["audio"]),
            text=tuple(TextChoice(**one) for one in document["text"]),
        )

    @property
    def specs(self) -> tuple[VideoSpec | AudioSpec, ...]:
        """Every rendition with cells, each once."""
        return (*dict.fromkeys((*self.video, *self.encoded)), *(one.spec for one in self.audio))

    @property
    def beside(self) -> tuple[VideoSpec, ...]:
        """The encoded rungs that a copied picture which stands alone in its playlist can be exchanged for."""
        return tuple(spec for spec in self.encoded if spec not in self.video) if len(self.video) == 1 else ()

    @property
    def first_audio(self) -> AudioSpec | None:
        """The track that a player starts with."""
        return next((one.spec for one in self.audio if one.default), self.audio[0].spec if self.audio else None)


def _fields(choice: AudioChoice | TextChoice) -> dict[str, Any]:
    return {name: getattr(choice, name) for name in choice.__slots__}


def _video_spec(document: Mapping[str, Any]) -> VideoSpec:
    spec = ladder.spec_from_json(document)
    if not isinstance(spec, VideoSpec):
        raise ValueError("not a video rendition")
    return spec


def _audio_spec(document: Mapping[str, Any]) -> AudioSpec:
    spec = ladder.spec_from_json(document)
    if not isinstance(spec, AudioSpec):
        raise ValueError("not an audio rendition")
    return spec


@dataclass(frozen=True, slots=True)
class Wish:
    """What the viewer asked for: an audio track and a subtitle by stream index."""

    audio: int | None = None
    subtitle: int | None = None


def plan_session(
    grid: Grid, source: Source, subtitles: Sequence[tuple[StreamFacts, str | None]], device: Device, wish: Wish
) -> tuple[Decision, SessionPlan]:
    """The decision and what follows from it. `subtitles` are facts with the sidecar's path."""
    copied = ladder.copied_video(grid.index)
    audible = {track.index for track in grid.index.audio}
    copyable = frozenset(index for index in audible if ladder.copied_audio(grid.index, index))
    source = replace(
        source,
        audio=tuple(one for one in source.audio if one.index in audible),
        lead_s=float(grid.index.zero) if grid.index.container in FILE_CLOCK else 0.0,
        has_clock=grid.index.container not in FILE_CLOCK or grid.index.seek not in FROM_THE_START,
    )
    decision = decide(source, device, audio=wish.audio, copyable_video=copied is not None, copyable_audio=copyable)
    in_segments = decide(
        source,
        replace(device, direct=()),
        audio=wish.audio,
        copyable_video=copied is not None,
        copyable_audio=copyable,
    )
    rungs = _rungs(grid, device)
    video = rungs
    if in_segments.video == "copy" and copied is not None:
        video = (copied, *ladder.beside_copy(copied, rungs))
    plan = SessionPlan(
        origin=grid.origin,
        build=grid.build,
        mime_type=mime_type(source),
        suffix=source.suffix.lower() if source.suffix.isascii() and source.suffix[1:].isalnum() else "",
        video=video,
        encoded=rungs,
        audio=_audio(grid, source, in_segments, device, wish),
        text=tuple(_text(facts, path, wish) for facts, path in subtitles[:MOST_TRACKS]),
    )
    return decision, plan


def _rungs(grid: Grid, device: Device) -> tuple[VideoSpec, ...]:
    """The encoded rungs within the device's limits, the one to start with first."""
    found = ladder.ladder(grid.index, max_height=device.max_height)
    if device.max_bit_rate:
        found = tuple(spec for spec in found if spec.bit_rate <= device.max_bit_rate) or found[-1:]
    small = [spec for spec in found if min(spec.width, spec.height) <= START_LINES]
    first = small[0] if small else (found[-1] if found else None)
    return tuple(sorted(found, key=lambda spec: spec is not first))


def _audio(grid: Grid, source: Source, decision: Decision, device: Device, wish: Wish) -> tuple[AudioChoice, ...]:
    facts = {one.index: one for one in source.audio}
    tracks = [track.index for track in grid.index.audio][:MOST_TRACKS]
    marked = next((index for index in tracks if index in facts and facts[index].is_default), None)
    first = wish.audio if wish.audio in tracks else marked
    if first is None and tracks:
        first = tracks[0]
    found = []
    for index in tracks:
        spec = ladder.copied_audio(grid.index, index) if decision.audio.get(index) == "copy" else None
        if spec is None:
            spec = ladder.encoded_audio(grid.index, index, max_channels=device.max_channels or 6)
        known = facts.get(index)
        found.append(
            AudioChoice(spec, known.language if known else None, known.title if known else None, index == first)
        )
    return tuple(found)


def _text(facts: StreamFacts, path: str | None, wish: Wish) -> TextChoice:
    codec = facts.codec or "unknown"
    return TextChoice(
        index=facts.index,
        codec=codec,
        language=facts.language,
        title=facts.title,
        default=facts.index == wish.subtitle,
        forced=facts.is_forced,
        image=codec in IMAGE_CODECS | UNREADABLE_CODECS or (path or "").lower().endswith((".sup", ".idx")),
        whole=(path or "").lower().endswith(".vtt"),
        hearing_impaired=facts.is_hearing_impaired,
    )


def master(plan: SessionPlan, video: Sequence[VideoSpec]) -> str:
    """The multivariant playlist over these video renditions, with every audio and text track."""
    audio = [
        AudioMedia(AUDIO_GROUP, one.title or one.language or "Audio", f"{one.spec.name}.m3u8", one.spec, one.language,
                   default=one.default)
        for one in plan.audio
    ]  # fmt: skip
    if not video:
        return audio_only_multivariant(sorted(audio, key=lambda one: not one.default))
    text = [
        SubtitleMedia(TEXT_GROUP, one.title or one.language or "Subtitles", f"s{one.index}.m3u8", one.language,
                      default=one.default, forced=one.forced)
        for one in plan.text
        if not one.image
    ]  # fmt: skip
    return multivariant(
        [
            Variant(
                spec,
                f"v-{spec.name}.m3u8",
                tuple(one.spec for one in plan.audio),
                AUDIO_GROUP if audio else None,
                TEXT_GROUP if text else None,
            )
            for spec in video
        ],
        audio,
        text,
    )


def renditions(plan: SessionPlan, grid: Grid) -> dict[str, Rendition]:
    """Every rendition of a session by what its playlist is called (`v-720p`, `a1-aac2`)."""
    return {playlist_name(spec): grid.rendition(spec) for spec in plan.specs}


def playlist_name(spec: VideoSpec | AudioSpec) -> str:
    return spec.name if isinstance(spec, AudioSpec) else f"v-{spec.name}"
