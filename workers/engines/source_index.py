"""Reading a file's index with PyAV: the facts, keyframes and true durations that its grid is planned from.

Files lie about all of these, so each is checked against packets: the first frame is decoded, the tail is read, and a
file without an index that can be trusted is demuxed once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.stream import Disposition

from app.core.media.values import prominence
from app.core.timeline import FROM_THE_START, AudioTrack, Seek, SourceIndex, VideoTrack, grid_rate
from workers.engines.codecs import copied_audio_codec, copied_video_codec, decodes_alone, name_of
from workers.engines.ffmpeg import FORMATS
from workers.engines.spans import Span

RAW_STREAMS = {"h264", "hevc", "m4v", "mpegvideo", "mjpeg", "jpeg_pipe", "obu", "vc1", "ac3", "eac3", "dts", "aac"}
INDEXED = {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"}
COPIED = INDEXED
LEAD_S = 60
JPEG_RANGE = 2
FIRST_FRAME_PACKETS = 400
SAMPLED_KEYFRAMES = 12
TAIL_S = 30
STILL = Disposition.attached_pic | Disposition.timed_thumbnails


class Unreadable(Exception):
    """The file cannot be opened, or holds neither video nor audio; the message is a sentence for the admin."""


def opened(path: str | Path, *, undecoded: int = 0) -> InputContainer:
    """The file, opened as media of its own: playlists that name other files are refused. Raises Unreadable.

    Of its first `undecoded` streams no frame is decoded on the way, which takes 2 ms instead of 60 for a film of
    1080 lines: enough to read packets, but it leaves unknown what only pictures tell.
    """
    options = {"protocol_whitelist": "file", "format_whitelist": FORMATS}
    skipped: list[Any] = [{"skip_frame": "all"}] * undecoded  # mappings, though PyAV's stub says words
    try:
        return av.open(str(Path(path).absolute()), options=options, stream_options=skipped, metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise Unreadable(f"cannot be opened: {error}") from error


def read_index(path: str | Path, *, budget_s: float = 8.0) -> SourceIndex:
    """Reads what the grid needs of a file: facts, keyframes, true durations.

    Takes 10–80 ms with a container index. Files without one (MPEG-TS, raw streams) are demuxed once, for at most
    `budget_s` seconds; keyframes beyond that stay unknown. Raises Unreadable.
    """
    with opened(path) as container:
        video = _main_video(container)
        audio = [stream for stream in container.streams.audio if _decodable(stream)]
        if video is None and not audio:
            raise Unreadable("holds neither video nor audio that can be decoded")
        try:
            return _Reading(path, container, video, audio, budget_s).index()
        except av.FFmpegError as error:
            raise Unreadable(f"cannot be read: {error}") from error


def _decodable(stream: Any) -> bool:
    return stream.codec_context is not None and stream.codec_context.codec is not None


def _main_video(container: InputContainer) -> Any:
    """The picture track: no cover, decodable; of several the one that stands out (`prominence`)."""
    pictures = [s for s in container.streams.video if _decodable(s) and not s.disposition & STILL]
    return max(pictures, key=_prominence, default=None)


def _prominence(stream: Any) -> tuple[bool, bool, int]:
    rate = float(stream.average_rate) if stream.average_rate else None
    is_default = bool(stream.disposition & Disposition.default)
    return prominence(is_default=is_default, fps=rate, width=stream.width, height=stream.height)


class _Reading:
    """One file being read; `index` is the result."""

    def __init__(
        self, path: str | Path, container: InputContainer, video: Any, audio: Sequence[Any], budget_s: float
    ) -> None:
        self.path = path
        self.container, self.video, self.audio = container, video, audio
        self.deadline = time.monotonic() + budget_s
        self.raw = container.format.name in RAW_STREAMS
        self.rate = Fraction(25)
        self.interlaced = False
        self.linear = self.raw
        self.counted = False
        self.frame: Any = None
        self.complete = True
        self.decodes_alone = True
        self.spans = {s.index: Span(Fraction(s.time_base)) for s in (*([video] if video else []), *audio)}

    def index(self) -> SourceIndex:
        if self.video is not None:
            self._decode_first_frame()
        keyframes = self._indexed_keyframes() if self.video is not None and not self.counted else None
        if keyframes is None or not self._read_tail(keyframes[-1]):
            self._scan()
            keyframes = self.spans[self.video.index].keyframes if self.video is not None else []
        self.linear |= any(span.leaps for span in self.spans.values())
        return self._result(sorted(set(keyframes)), self._seek())

    def _seek(self) -> Seek:
        if self.counted:
            return "counted"
        if self.linear:
            return "linear"
        return "index" if self.container.format.name in INDEXED else "preroll"

    def _streams(self) -> list[Any]:
        return [*([self.video] if self.video is not None else []), *self.audio]

    def _usual(self, stream: Any) -> int:
        """The ticks that a packet lasts when it does not say."""
        return max(1, round(self._usual_s(stream) / Fraction(stream.time_base)))

    def _usual_s(self, stream: Any) -> Fraction:
        if stream.type == "video":
            return 1 / self.rate
        size = getattr(stream.codec_context, "frame_size", 0) or 1024
        return Fraction(size, stream.codec_context.sample_rate or 48_000)

    def _decode_first_frame(self) -> None:
        """Decodes until a picture comes out: it knows what headers leave open (rotation, fields, colours)."""
        tried = 0
        for packet in _packets(self.container, [self.video.index], flushes=True):
            tried += bool(packet.size)
            self.counted |= tried == 1 and _is_below_zero(self.container, packet)
            self.frame = _first_picture(packet)
            if self.frame is not None or tried > FIRST_FRAME_PACKETS:
                break
        else:
            if tried:
                raise Unreadable("none of its pictures can be decoded")
        context = self.video.codec_context
        self.interlaced = bool(self.frame is not None and self.frame.interlaced_frame) or context.field_order in (
            2,
            3,
            4,
            5,
        )
        base = None if self.raw else self.video.base_rate  # of a raw stream that is the rate of fields
        self.rate = grid_rate(self.video.average_rate, base, interlaced=self.interlaced)

    def _indexed_keyframes(self) -> list[int] | None:
        """Presentation ticks of all keyframes from the container's index; None where it cannot be trusted."""
        if self.container.format.name not in INDEXED:
            return None
        self._rewind(1 << 40)  # Matroska reads its cues on the first seek
        entries = self.video.index_entries
        keys = [entry.timestamp for entry in entries if entry.is_keyframe and not entry.is_discard]
        if not keys:
            return None
        if self.container.format.name == "matroska,webm":
            length = (self.container.duration or 0) / av.time_base + (self.container.start_time or 0) / av.time_base
            trusted = len(keys) > 1 and length - float(keys[-1] * self.video.time_base) < TAIL_S
            return self._sampled(keys, shift=False) if trusted else None
        if self.video.frames != len(entries):
            return None  # fragmented: the index grows as it is read
        return self._sampled(keys, shift=True)

    def _rewind(self, tick: int) -> None:
        try:
            self.container.seek(tick, stream=self.video, backward=True)
        except av.FFmpegError:
            pass  # past the end: the attempt alone has loaded the index

    def _sampled(self, keys: list[int], *, shift: bool) -> list[int] | None:
        """Reads some keyframes: whether decoders can start there, and (MP4 counts decode times) when they show."""
        chosen = sorted(
            {keys[number * (len(keys) - 1) // (SAMPLED_KEYFRAMES - 1)] for number in range(SAMPLED_KEYFRAMES)}
        )
        offsets: dict[int, int] = {}
        for key in chosen:
            packet = self._keyframe(key, offsets.get(chosen[0], 0), decode_time=shift)
            if packet is None:
                return None
            offsets[key] = packet.pts - key
            self.decodes_alone &= decodes_alone(self.video.codec_context, bytes(packet))
        if not shift:
            return keys
        if len(set(offsets.values())) == 1:
            return [key + offsets[chosen[0]] for key in keys]
        return self._every_keyframe(keys, max(offsets.values()))

    def _keyframe(self, key: int, offset: int, *, decode_time: bool) -> Any:
        """The keyframe packet that the index means, None where it is not there. Seeking goes by presentation time."""
        self.container.seek(key + offset, stream=self.video, backward=True)
        for number, packet in enumerate(self.container.demux(self.video)):
            if packet.pts is not None and packet.is_keyframe and key == (packet.dts if decode_time else packet.pts):
                return packet
            if number > FIRST_FRAME_PACKETS:
                break
        return None

    def _every_keyframe(self, keys: list[int], offset: int) -> list[int] | None:
        shown = []
        for key in keys:
            packet = self._keyframe(key, offset, decode_time=True)
            if packet is None or time.monotonic() > self.deadline:
                return None
            shown.append(packet.pts)
        return shown

    def _read_tail(self, last_keyframe: int) -> bool:
        """Reads from the last keyframe to the end for the true ends; False when nothing is there."""
        self.container.seek(last_keyframe, stream=self.video, backward=True)
        for packet in _packets(self.container, [stream.index for stream in self._streams()]):
            self.spans[packet.stream_index].add(packet, self._usual(packet.stream))
        span = self.spans[self.video.index]
        span.keyframes.clear()
        for stream in self._streams():
            span = self.spans[stream.index]
            span.first = stream.start_time
            span.size = 0
            if span.end is None:  # it ends before the last keyframe: its header is all there is to go by
                span.end = (stream.start_time or 0) + (stream.duration or self._container_ticks(stream))
        return bool(self.spans[self.video.index].packets)

    def _scan(self) -> None:
        """Demuxes the file from its start, within the budget."""
        usual = {stream.index: self._usual(stream) for stream in self._streams()}
        self.spans = {index: Span(span.tick, counted=self.counted) for index, span in self.spans.items()}
        with opened(self.path) as container:
            for number, packet in enumerate(_packets(container, list(usual))):
                self._note(packet, usual[packet.stream_index])
                if number % 256 == 0 and time.monotonic() > self.deadline:
                    self.complete = False
                    return

    def _container_ticks(self, stream: Any) -> int:
        return round(Fraction(self.container.duration or 0, av.time_base) / Fraction(stream.time_base))

    def _note(self, packet: Any, usual: int) -> None:
        span = self.spans[packet.stream_index]
        span.add(packet, usual)
        video = self.video is not None and packet.stream_index == self.video.index
        if video and packet.is_keyframe and len(span.keyframes) <= SAMPLED_KEYFRAMES:
            self.decodes_alone &= decodes_alone(self.video.codec_context, bytes(packet))

    def _date_untimed(self) -> None:
        """What has no time came, one after another, before the first packet that has one."""
        for stream in self._streams():
            span = self.spans[stream.index]
            if span.first is not None:
                span.first -= round(span.untimed * self._usual_s(stream) / span.tick)

    def _result(self, keyframes: list[int], seek: Seek) -> SourceIndex:
        if self.video is not None and self.frame is None and not self.spans[self.video.index].packets:
            self.video = None  # headers of a picture that is not there
        if self.counted:
            self._date_untimed()
        base = self._base(seek)
        audio = tuple(self._audio_track(stream, base) for stream in self.audio if self._has_end(stream))
        if self.video is None:
            if not audio:
                raise Unreadable("holds no audio that can be read")
            zero = min(track.start for track in audio)
            return self._source(seek, zero, max(track.end for track in audio) - zero, None, audio)
        video = self._video_track(keyframes if seek not in FROM_THE_START else [], base)
        zero = self._zero(video, audio)
        near = [track for track in audio if abs(track.start - video.start) <= LEAD_S]
        end = max([video.end, *(track.end for track in near)])
        return self._source(seek, zero, end - zero, video, audio)

    def _source(
        self, seek: Seek, zero: Fraction, duration: Fraction, video: VideoTrack | None, audio: tuple[AudioTrack, ...]
    ) -> SourceIndex:
        return SourceIndex(
            container=self.container.format.name, zero=zero, duration=duration, seek=seek, video=video, audio=audio
        )

    def _base(self, seek: Seek) -> Fraction:
        """What is taken off the file's clock: its own start where runs put the clock right from there on."""
        if seek not in FROM_THE_START:
            return Fraction(0)
        starts = [span.first * span.tick for span in self.spans.values() if span.first is not None]
        return min(starts, default=Fraction(0))

    def _zero(self, video: VideoTrack, audio: Sequence[AudioTrack]) -> Fraction:
        """Grid time 0: the first picture, or whole frames before it where audio begins earlier.

        So the source's own frames lie on the grid; audio that leads by less than a frame is cut to the picture.
        """
        lead = max(
            (video.start - track.start for track in audio if abs(track.start - video.start) <= LEAD_S), default=0
        )
        frames = max(0, int(lead * video.rate + Fraction(1, 16)))
        return video.start - frames / video.rate

    def _has_end(self, stream: Any) -> bool:
        return self.spans[stream.index].end is not None

    def _limits(self, stream: Any, base: Fraction) -> tuple[Fraction, Fraction]:
        """Start and end of a stream, s."""
        span, tick = self.spans[stream.index], Fraction(stream.time_base)
        first = stream.start_time if span.first is None else span.first
        end = span.end
        if not self.complete and self.container.duration:
            container_start = Fraction(self.container.start_time or 0, av.time_base)
            return (first or 0) * tick, container_start + Fraction(self.container.duration, av.time_base)
        if first is None:
            first = 0
        if end is None:
            end = first + (stream.duration or self._usual(stream) * max(1, span.packets))
        return first * tick - base, end * tick - base

    def _video_track(self, keyframes: list[int], base: Fraction) -> VideoTrack:
        stream, context = self.video, self.video.codec_context
        start, end = self._limits(stream, base)
        if self.frame is not None and self.frame.pts is not None and not (self.raw or self.counted):
            start = self.frame.pts * Fraction(self.frame.time_base) - base
        return VideoTrack(
            index=stream.index,
            codec=name_of(context),
            profile=str(context.profile or ""),
            width=self._shape("width"),
            height=self._shape("height"),
            sar=self._aspect(),
            rotation=self._rotation(),
            rate=self.rate,
            time_base=Fraction(stream.time_base),
            start=start,
            end=max(end, start + 1 / self.rate),
            keyframes=tuple(tick for tick in keyframes if tick * stream.time_base >= start - 1 / self.rate),
            keyframe_gap_after=None if self.complete else (keyframes[-1] if keyframes else 0),
            interlaced=self.interlaced,
            bit_depth=max((part.bits for part in context.format.components), default=8) if context.format else 8,
            transfer={16: "pq", 18: "hlg"}.get(self._colour("color_trc"), "sdr"),
            matrix=self._matrix(),
            copy_codec=self._copy_codec(),
            bit_rate=self._bit_rate(stream, end - start),
            full_range=JPEG_RANGE in (int(context.color_range or 0), int(getattr(self.frame, "color_range", 0) or 0)),
        )

    def _shape(self, name: str) -> int:
        return int(getattr(self.frame, name, 0) or getattr(self.video.codec_context, name) or 2)

    def _colour(self, name: str) -> int:
        value = int(getattr(self.video.codec_context, name) or 2)
        return int(getattr(self.frame, name, 2) or 2) if value == 2 else value

    def _matrix(self) -> str:
        if self.video.codec_context.format and self.video.codec_context.format.is_rgb:
            return "rgb"
        guess = "bt709" if self._shape("height") >= 720 else "bt601"
        return {1: "bt709", 5: "bt601", 6: "bt601", 9: "bt2020", 10: "bt2020"}.get(self._colour("colorspace"), guess)

    def _aspect(self) -> Fraction:
        aspect = self.video.sample_aspect_ratio or Fraction(1)
        return Fraction(aspect) if Fraction(1, 8) <= aspect <= 8 else Fraction(1)

    def _rotation(self) -> int:
        turned = round(-self.frame.rotation / 90) * 90 if self.frame is not None else 0
        return turned % 360

    def _copy_codec(self) -> str | None:
        if self.interlaced or self._rotation() or not self.decodes_alone or self.frame is None:
            return None
        return copied_video_codec(self.video.codec_context) if self._is_cuttable() else None

    def _is_cuttable(self) -> bool:
        """Whether packets can be copied by their own times: not where only ffmpeg puts the clock right."""
        return self.container.format.name in COPIED and not (self.linear or self.counted)

    def _audio_track(self, stream: Any, base: Fraction) -> AudioTrack:
        context = stream.codec_context
        start, end = self._limits(stream, base)
        return AudioTrack(
            index=stream.index,
            codec=name_of(context),
            profile=str(context.profile or ""),
            sample_rate=context.sample_rate or 48_000,
            channels=context.channels or 2,
            start=start,
            end=max(end, start),
            copy_codec=copied_audio_codec(context) if self._is_cuttable() else None,
            bit_rate=self._bit_rate(stream, end - start),
        )

    def _bit_rate(self, stream: Any, length: Fraction) -> int:
        if stream.codec_context.bit_rate:
            return int(stream.codec_context.bit_rate)
        size = self.spans[stream.index].size
        if size and length > 0 and self.complete:
            return round(size * 8 / length)
        others = sum(s.codec_context.bit_rate or 128_000 for s in self.audio)
        whole = self.container.bit_rate or 0
        return max(0, whole - others) if stream.type == "video" else 0


def _packets(container: InputContainer, streams: list[int], *, flushes: bool = False) -> Iterator[Any]:
    """Packets of these streams until the end of what can be read: a damaged file holds what it holds.

    With `flushes` the empty packets that make decoders give what they hold back come at the end.
    """
    packets = container.demux([container.streams[index] for index in streams])
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):
            return
        if packet.size or flushes:
            yield packet


def _first_picture(packet: Any) -> Any:
    """The first picture that came out with this packet; None where none did, or it is damaged."""
    try:
        return next(iter(packet.decode()), None)
    except av.FFmpegError:
        return None


def _is_below_zero(container: InputContainer, packet: Any) -> bool:
    """Whether this first packet has no time: Matroska readers do not tell times below zero."""
    return container.format.name == "matroska,webm" and packet.pts is None and packet.dts is None
