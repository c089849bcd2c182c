"""Copied segments: packets of the source put into fragmented MP4 unchanged, by PyAV and our own box writer.

Runs in workers only, in the process itself: no program is started, so that a segment takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av

from app.core.fmp4 import Sample, aac_init, segment, video_init
from app.core.timeline import (
    AAC_FRAME,
    Plan,
    SourceIndex,
    Timeline,
    VideoTrack,
    audio_phase,
    copied_cuts,
    copied_ticks,
    frame_scale,
)
from workers.engines.codecs import audio_config, sized, video_configuration
from workers.engines.source_index import Unreadable, opened, read_index

__all__ = ["Slicer", "Unreadable", "read_index"]

SEEK_BACK_S = 1
AUDIO_LEAD_S = Fraction(1, 5)
SILENCE = {
    1: bytes.fromhex("00c800802380"),
    2: bytes.fromhex("210049900219002380"),
    3: bytes.fromhex("00c8008020840126400864008e"),
    4: bytes.fromhex("00c800802084012640086400802c80080238"),
    5: bytes.fromhex("00c800802084012640086400823004990021900238"),
    6: bytes.fromhex("00c800802084012640086400823004990021900200b2002008e0"),
}
"""A silent AAC-LC frame for each number of channels: what a hole in the source sounds like."""


class Slicer:
    """Copied segments of one file; opens it once. Not thread-safe. A context manager. Raises Unreadable."""

    def __init__(self, path: str | Path, index: SourceIndex, plan: Plan) -> None:
        last = max([track.index for track in index.audio] + ([index.video.index] if index.video else []))
        self._container = opened(path, undecoded=last + 1)
        self._index, self._plan = index, plan
        self._cuts = _all_cuts(index, plan)

    def __enter__(self) -> Slicer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self._container.close()

    def video_init(self) -> bytes:
        """The init segment (ftyp + moov) of the copied video."""
        video, _ = self._copied()
        made = video_configuration(self._stream(video.index).codec_context)
        if made is None:
            raise Unreadable("the picture cannot be copied into fragmented MP4")
        entry, config, _ = made
        scale, _ = frame_scale(video.rate)
        return video_init(
            entry=entry, config=config, timescale=scale, width=video.width, height=video.height, aspect=video.sar
        )

    def video_segment(self, k: int) -> bytes:
        """Segment k of `plan.copied` (moof + mdat)."""
        video, timeline = self._copied()
        stop = self._cuts[k + 1] if k + 1 < len(timeline) else None
        packets, following = self._between(video, self._cuts[k], stop)
        if not packets:
            raise Unreadable(f"holds no packets for copied segment {k}")
        times = [copied_ticks(self._index, video, packet.pts) for packet in packets]
        if k == 0:
            times[times.index(min(times))] = 0  # the first picture stands from the very beginning
        end = min([timeline.boundaries[k + 1], *(copied_ticks(self._index, video, tick) for tick in following)])
        return segment(
            _in_decode_order(self._stream(video.index).codec_context, packets, times, end),
            sequence=k + 1,
            decode_time=min(times),
        )

    def audio_init(self, stream_index: int) -> bytes:
        """The init segment of a copied audio track."""
        context = self._stream(stream_index).codec_context
        config = audio_config(context)
        if config is None:
            raise Unreadable("the sound cannot be copied into fragmented MP4")
        track = self._index.audio_track(stream_index)
        return aac_init(
            sample_rate=track.sample_rate, channels=track.channels, config=config, bit_rate=track.bit_rate or 128_000
        )

    def audio_segment(self, stream_index: int, k: int) -> bytes:
        """Segment k of `plan.copied_audio[stream_index]` (moof + mdat).

        Every packet is put where its time says, to the nearest AAC frame; frames that the source lacks are silent.
        """
        timeline, track = self._plan.copied_audio[stream_index], self._index.audio_track(stream_index)
        phase = audio_phase(self._index, track)
        first, last = (-((phase - sample) // AAC_FRAME) for sample in timeline.boundaries[k : k + 2])
        found = self._frames(stream_index, first, last, phase)
        silence = SILENCE.get(track.channels) or next(iter(found.values()), b"")
        samples = [Sample(found.get(slot, silence), AAC_FRAME) for slot in range(first, last)]
        return segment(samples, sequence=k + 1, decode_time=first * AAC_FRAME + phase)

    def _copied(self) -> tuple[VideoTrack, Timeline]:
        if self._index.video is None or self._plan.copied is None:
            raise Unreadable("the picture cannot be copied")
        return self._index.video, self._plan.copied

    def _stream(self, index: int) -> Any:
        return self._container.streams[index]

    def _between(self, video: VideoTrack, start: int, stop: int | None) -> tuple[list[Any], list[int]]:
        """Packets from the keyframe at `start` to before that at `stop`, in decode order.

        Also the times of what leads the keyframe at `stop` (shown before it, but decoded after it).
        """
        packets: list[Any] = []
        leading: list[int] = []
        ended = False
        for packet in self._from_keyframe(video, start):
            if ended:
                if packet.pts >= stop:
                    break
                leading.append(packet.pts)
            elif packet.is_keyframe and packet.pts == stop:
                ended = True
            else:
                packets.append(packet)
        return packets, leading

    def _from_keyframe(self, video: VideoTrack, tick: int) -> Iterator[Any]:
        """The picture's packets from this keyframe on. MP4 seeks by decode time, so the first try may land after it."""
        second = round(SEEK_BACK_S / video.time_base)
        for back in (0, second, 10 * second):
            found = False
            for packet in self._video_packets(video, tick - back):
                found = found or (packet.is_keyframe and packet.pts == tick)
                if found:
                    yield packet
                elif packet.is_keyframe and packet.pts > tick:
                    break
            if found:
                return
        raise Unreadable(f"has no keyframe at tick {tick}, where its index says so")

    def _video_packets(self, video: VideoTrack, tick: int) -> Iterator[Any]:
        stream = self._stream(video.index)
        self._container.seek(tick, stream=stream, backward=True)
        try:
            for packet in self._container.demux(stream):
                if packet.size and packet.pts is not None:
                    yield packet
        except av.FFmpegError:
            return  # damaged here: what was read is what there is

    def _frames(self, stream_index: int, first: int, last: int, phase: int) -> dict[int, bytes]:
        """The track's AAC frames by slot, first..last-1; where two claim one slot the earlier stays."""
        track = self._index.audio_track(stream_index)
        found: dict[int, bytes] = {}
        start = self._index.zero + Fraction(first * AAC_FRAME, track.sample_rate)
        for packet in self._audio_packets(stream_index, start):
            at = packet.pts * Fraction(packet.time_base) - self._index.zero
            slot = round((at * track.sample_rate - phase) / AAC_FRAME)
            if slot >= last:
                break
            if slot >= first:
                found.setdefault(slot, bytes(packet))
        return found

    def _audio_packets(self, stream_index: int, at: Fraction) -> Iterator[Any]:
        """The track's packets from a little before this time of the file's clock."""
        stream = self._stream(stream_index)
        start = at - AUDIO_LEAD_S
        if self._index.container.startswith("mov"):
            self._container.seek(round(start / Fraction(stream.time_base)), stream=stream, backward=True)
        else:
            self._container.seek(round(start * av.time_base), backward=True)  # cues name pictures only
        try:
            for packet in self._container.demux(stream):
                if packet.size and packet.pts is not None:
                    yield packet
        except av.FFmpegError:
            return  # damaged here: the rest is silent


def _all_cuts(index: SourceIndex, plan: Plan) -> tuple[int, ...]:
    """The source tick of the keyframe that begins each copied segment."""
    if index.video is None or plan.video is None or plan.copied is None:
        return ()
    return (index.video.keyframes[0], *copied_cuts(index, plan.video))


def _in_decode_order(context: Any, packets: list[Any], times: list[int], end: int) -> list[Sample]:
    """Samples whose decode times are the presentation times in order: no clock of the source's is trusted for them."""
    decode = sorted(times)
    durations = [after - before for before, after in zip(decode, [*decode[1:], max(end, decode[-1])], strict=True)]
    return [
        Sample(sized(context, packet), duration, sync=bool(packet.is_keyframe), offset=shown - decoded)
        for packet, duration, shown, decoded in zip(packets, durations, times, decode, strict=True)
    ]
