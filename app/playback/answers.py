"""What the player API takes and answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from app.web.inputs import Input, MediaIdField, Moment, Output, Page, RowId


class DeviceIn(Input):
    """What the device plays; what is left out is that of a television of 2018."""

    direct: Annotated[list[Annotated[str, Field(max_length=64)]] | None, Field(max_length=200)] = None
    hls: Annotated[list[Annotated[str, Field(max_length=32)]] | None, Field(max_length=50)] = None
    hdr: Annotated[list[Annotated[str, Field(max_length=16)]] | None, Field(max_length=10)] = None
    max_channels: Annotated[int | None, Field(ge=1, le=64)] = None
    max_height: Annotated[int | None, Field(ge=1, le=20_000)] = None
    max_bit_rate: Annotated[int | None, Field(ge=1, le=10_000_000_000)] = None


TrackField = Annotated[
    Annotated[int, Field(ge=-1, le=100_000)] | Annotated[str, Field(max_length=200)], Field(union_mode="left_to_right")
]
"""A number also counts as one where it is sent as text."""


class PrepareIn(Input):
    """Exactly one of `media_id`, `media_file_id`. `position` in seconds.

    `audio`, `subtitle`: a stream's index, a language or a track's name; -1 or `off` for none, null for what is kept.
    """

    media_id: MediaIdField | None = None
    media_file_id: RowId | None = None
    device: DeviceIn | None = None
    audio: TrackField | None = None
    subtitle: TrackField | None = None
    position: Annotated[float | None, Field(ge=0, le=10_000_000)] = None


class ReasonOut(Output):
    stream: Literal["file", "video", "audio", "subtitle"]
    code: str
    detail: str


class RenditionOut(Output):
    """`master`: the multivariant playlist (relative to `url`) that holds it."""

    name: str
    width: int
    height: int
    bit_rate: int
    method: Literal["copy", "encode"]
    codecs: str
    master: str


class AudioTrackOut(Output):
    index: int
    language: str | None
    title: str | None
    channels: int
    codec: str | None
    method: Literal["copy", "encode"]
    default: bool


class SubtitleTrackOut(Output):
    """`url`: the whole track as WebVTT; None where it is pictures, which cannot be sent as text."""

    index: int
    language: str | None
    title: str | None
    codec: str
    default: bool
    forced: bool
    hearing_impaired: bool
    image: bool
    url: str | None


class ChapterOut(Output):
    start: float
    end: float
    title: str | None


class SourcePictureOut(Output):
    """The picture as it lies in the file; `codec` as devices name it (`hevc-10`)."""

    codec: str
    width: int
    height: int


class PreparedOut(Output):
    """`url` is what this device should play; `hls_url` is always a multivariant playlist; `ladder_url` is that of
    the encoded rungs alone, for a picture that does not decode as it is. `source` is None for sound alone.

    A film cut in several files plays part by part: `duration` and `position` are of this `part`, `next_media_file_id`
    is what to prepare when it ends.
    """

    session_id: str
    method: Literal["direct", "remux", "transcode"]
    reasons: list[ReasonOut]
    url: str
    hls_url: str
    ladder_url: str | None
    mime_type: str
    expires_in: int
    duration: float
    position: float
    media_id: str | None
    media_file_id: int
    part: int = 1
    parts: int = 1
    next_media_file_id: int | None = None
    source: SourcePictureOut | None
    renditions: list[RenditionOut]
    audio_tracks: list[AudioTrackOut]
    subtitle_tracks: list[SubtitleTrackOut]
    chapters: list[ChapterOut]
    trickplay_url: str | None = None
    markers: list[dict[str, Any]] = Field(default_factory=list)


class ProgressIn(Input):
    """`token` is the playback token; with it no other credential is needed."""

    session_id: Annotated[str | None, Field(max_length=64)] = None
    token: Annotated[str | None, Field(max_length=512)] = None
    position: Annotated[float, Field(ge=0, le=10_000_000)]
    paused: bool = False


class ReportedOut(Output):
    """`prepared`: from when to when (s) the picture that plays is made already, so that a seek there starts at once."""

    expires_in: int
    prepared: list[tuple[float, float]]


class RenewedOut(Output):
    """A new token, and the addresses with it."""

    token: str
    url: str
    hls_url: str
    expires_in: int


class SessionPath(Input):
    id: Annotated[str, Field(pattern=r"^[0-9a-f]{1,32}$")]


class SessionOut(Output):
    """What somebody plays, how and why."""

    id: str
    user_id: int | None
    username: str | None
    media_id: str | None
    media_file_id: int
    method: str
    reasons: list[ReasonOut]
    position: float
    paused: bool
    duration: float | None
    renditions: list[str]
    created_at: Moment
    seen_at: Moment


class SessionPage(Page[SessionOut]):
    """A page of living sessions."""


class SubtitlesQuery(Input):
    media_file_id: RowId


class SubtitleOut(Output):
    index: int
    language: str | None
    title: str | None
    codec: str
    forced: bool
    default: bool
    external: bool
    image: bool


class SubtitlesOut(Output):
    items: list[SubtitleOut]
