"""ffmpeg command lines of runs: filters, encoders and the place where decoding starts.

Every list is complete and never meets a shell. The filters make each run frame-exact, wherever it starts: source times
become whole ticks of a clock that the frame rate divides and are resampled to the exact rate from the run's first
frame on; what is missing at either end is filled with the nearest picture.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from app.core.ladder import X264_PARAMS, AudioSpec, VideoSpec, chroma_offset
from app.core.timeline import AAC_FRAME, FROM_THE_START, SourceIndex, Timeline, VideoTrack, frame_scale
from workers.engines.ffmpeg import SAFE_INPUT

PREROLL_S = Fraction(10)
INDEX_NUDGE_S = Fraction(1, 5)
STREAM_MARGIN_S = Fraction(1)
AUDIO_MARGIN_S = Fraction(1, 4)
AUDIO_PREROLL = 8
PRIMING = 1
CLOCK_HZ = 90_000
TONEMAP_LINES = 1080


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run starts reading: the file's time for -ss, None for the beginning."""

    seek: Fraction | None


def video_places(index: SourceIndex, start: Fraction) -> list[Place]:
    """Where decoding may start for a picture at this time of the file's clock, best first, surest last."""
    video, beginning = index.video, Place(None)
    if video is None or index.seek in FROM_THE_START:
        return [beginning]
    at = min(start, video.end)
    known = video.keyframe_gap_after is None or at <= video.keyframe_gap_after * video.time_base
    if not video.keyframes or not known:
        return [Place(at - PREROLL_S), beginning] if at - PREROLL_S > video.start else [beginning]
    tick = (at + 1 / (2 * video.rate)) / video.time_base
    number = bisect.bisect_right(video.keyframes, tick) - 1
    if number <= 0:
        return [beginning]
    keyframe = video.keyframes[number] * video.time_base
    if index.seek == "preroll":
        return [Place(keyframe - STREAM_MARGIN_S), Place(keyframe - PREROLL_S), beginning]
    following = video.keyframes[number + 1] * video.time_base if number + 1 < len(video.keyframes) else video.end
    gap = max(following - keyframe, 1 / video.rate)
    return [Place(keyframe + min(INDEX_NUDGE_S, gap / 2)), Place(keyframe - PREROLL_S), beginning]


def frame_clock(rate: Fraction) -> tuple[int, int]:
    """A clock for the filters: ticks per second, and the ticks of one frame.

    The factor is odd, so that an odd frame never has a middle on a tick: no source time is as near to one frame as to
    the next, and rounding goes the same way in every run.
    """
    factor = max(1, CLOCK_HZ // rate.numerator) | 1
    return rate.numerator * factor, rate.denominator * factor


def _input(path: str | Path, index: SourceIndex, place: Place, stream_index: int) -> Any:
    options: dict[str, Any] = dict(zip((o.lstrip("-") for o in SAFE_INPUT[::2]), SAFE_INPUT[1::2], strict=True))
    if index.seek not in FROM_THE_START:
        options["copyts"] = None
    if place.seek is not None:
        options |= {"noaccurate_seek": None, "seek_timestamp": 1, "ss": f"{float(place.seek):.6f}"}
    name = str(Path(path).absolute()) if isinstance(path, Path) else path
    return ffmpeg.input(name, reinit_filter=0, **options)[str(stream_index)]


def video_command(
    program: str,
    filters: frozenset[str],
    path: str | Path,
    index: SourceIndex,
    timeline: Timeline,
    specs: Sequence[VideoSpec],
    *,
    first: int,
    count: int,
    preset: str,
    threads: int,
    place: Place,
    outputs: Sequence[str],
) -> list[str]:
    """The run that makes `count` cells from `first` of every spec, each as fragmented MP4 on its own output."""
    video = index.video
    if video is None:
        raise ValueError("a source without a picture has no video runs")
    frame = timeline.boundaries[first]
    total = timeline.boundaries[first + count] - frame
    cuts = [cut - frame for cut in timeline.boundaries[first + 1 : first + count]]
    picture = _pictures(_input(path, index, place, video.index), index, video, frame, filters)
    split = picture.filter_multi_output("split", len(specs)) if len(specs) > 1 else [picture]
    made = [
        ffmpeg.output(
            _shaped(split[number], video, spec, filters),
            output,
            **_encoder(spec, preset=preset, threads=threads, frames=total, cuts=cuts),
        )
        for number, (spec, output) in enumerate(zip(specs, outputs, strict=True))
    ]
    merged = ffmpeg.merge_outputs(*made) if len(made) > 1 else made[0]
    return _compiled(program, merged)


def _compiled(program: str, output: Any) -> list[str]:
    arguments: list[str] = ffmpeg.compile(output, cmd=program)
    return [arguments[0], "-nostdin", "-hide_banner", "-v", "error", *arguments[1:]]


def _pictures(source: Any, index: SourceIndex, video: VideoTrack, frame: int, filters: frozenset[str]) -> Any:
    """The source's pictures on the grid: 0 is the run's first frame, and they never end."""
    hertz, ticks = frame_clock(video.rate)
    rate = f"{video.rate.numerator}/{video.rate.denominator}"
    start = round(index.zero * hertz) + _shown(index, video, frame) * ticks + (0 if ticks % 2 else 1)
    pictures = source
    if video.interlaced:
        deinterlacer = "bwdif" if "bwdif" in filters else "yadif"
        pictures = pictures.filter(deinterlacer, mode="send_frame", parity="auto", deint="interlaced")
    pictures = pictures.filter("settb", f"1/{hertz}")
    if index.seek == "counted":
        pictures = pictures.filter("setpts", f"N*{ticks}+{round(video.start * hertz)}")
    pictures = (
        pictures.filter("fps", fps=rate, start_time=f"{start / hertz:.6f}", round="near", eof_action="pass")
        .filter("tpad", stop=-1, stop_mode="clone")
        .filter("setpts", "N")  # after tpad: older builds do not shift the end of a stream along with its frames
    )
    return _to_sdr(pictures, video) if _maps_tones(video, filters) else pictures


def _shown(index: SourceIndex, video: VideoTrack, frame: int) -> int:
    """The frame that is shown at this one: past the picture's end it is one of its last."""
    return max(0, min(frame, round((video.end - index.zero) * video.rate) - 2))


def _maps_tones(video: VideoTrack, filters: frozenset[str]) -> bool:
    return video.transfer != "sdr" and {"zscale", "tonemap"} <= filters


def _to_sdr(pictures: Any, video: VideoTrack) -> Any:
    """High dynamic range to BT.709, at no more than 1080 lines since it is done in floating point."""
    width, height = video.display_size
    scale = min(Fraction(1), Fraction(TONEMAP_LINES, min(width, height)))
    transfer = {"pq": "smpte2084", "hlg": "arib-std-b67"}[video.transfer]
    return (
        pictures.filter("scale", max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2))
        .filter("zscale", tin=transfer, min="2020_ncl", pin="2020", t="linear", npl=100)
        .filter("format", "gbrpf32le")
        .filter("zscale", p="bt709")
        .filter("tonemap", tonemap="hable", desat=0)
        .filter("zscale", t="bt709", m="bt709", r="tv")
        .filter("format", "yuv420p")
    )


def _shaped(pictures: Any, video: VideoTrack, spec: VideoSpec, filters: frozenset[str]) -> Any:
    """One rendition's pictures: its size in square pixels, 8-bit 4:2:0, BT.709."""
    colours = {} if _maps_tones(video, filters) else _to_bt709(video)
    return (
        pictures.filter("scale", spec.width, spec.height, flags="bicubic", **colours)
        .filter("format", "yuv420p")
        .filter("setsar", 1)
        # Without it newer builds convert what bears no marks, at full size, since the encoder asks for marked pictures.
        .filter("setparams", range="tv", color_primaries="bt709", color_trc="bt709", colorspace="bt709")
    )


def _to_bt709(video: VideoTrack) -> dict[str, str]:
    """Options of `scale` for colours that are not BT.709 of limited range; else none, so that it may do nothing."""
    options = {}
    if video.matrix != "bt709":
        options["out_color_matrix"] = "bt709"
        if video.matrix != "rgb":
            options["in_color_matrix"] = video.matrix
    if video.full_range and video.matrix != "rgb":
        options["in_range"] = "pc"
    if video.full_range or video.matrix == "rgb":
        options["out_range"] = "tv"
    return options


def forced_keyframes(frames: Sequence[int]) -> str:
    """`-force_key_frames` for these frame numbers; at least one, in any number.

    ffmpeg takes a plain sum of some hundred terms for an invalid expression; nested by halves it takes thousands.
    """
    terms = [f"eq(n,{frame})" for frame in frames]
    while len(terms) > 1:
        terms = [f"({'+'.join(terms[at : at + 2])})" for at in range(0, len(terms), 2)]
    return f"expr:{terms[0]}"


def _encoder(spec: VideoSpec, *, preset: str, threads: int, frames: int, cuts: Sequence[int]) -> dict[str, Any]:
    scale, _ = frame_scale(spec.frame_rate)
    return {
        "c:v": "libx264",
        "preset": preset,
        "crf": spec.crf,
        "maxrate": spec.max_rate,
        "bufsize": spec.buffer,
        "profile:v": "high",
        "level:v": f"{spec.level // 10}.{spec.level % 10}",
        "x264-params": f"{X264_PARAMS}:chroma-qp-offset={chroma_offset(preset)}",
        "threads": threads,
        "g": 100_000,
        "sc_threshold": 0,
        "force_key_frames": forced_keyframes((0, *cuts)),
        "frames:v": frames,
        "fps_mode": "passthrough",
        "color_primaries": "bt709",
        "color_trc": "bt709",
        "colorspace": "bt709",
        "color_range": "tv",
        "map_metadata": -1,
        "map_chapters": -1,
        "fflags": "+bitexact",
        "flags:v": "+bitexact",
        "video_track_timescale": scale,
        "avoid_negative_ts": "disabled",
        "muxdelay": 0,
        "movflags": "+frag_keyframe+empty_moov+default_base_moof+negative_cts_offsets",
        "use_editlist": 0,
        "f": "mp4",
    }


def audio_places(index: SourceIndex, start: Fraction) -> list[Place]:
    """Where decoding may start for sound at this time of the file's clock."""
    if index.seek in FROM_THE_START or start - AUDIO_MARGIN_S <= index.zero:
        return [Place(None)]
    margin = AUDIO_MARGIN_S if index.seek == "index" else STREAM_MARGIN_S
    return [Place(start - margin), Place(None)]


def audio_command(
    program: str,
    path: str | Path,
    index: SourceIndex,
    spec: AudioSpec,
    *,
    frame: int,
    frames: int,
    place: Place,
    output: str,
) -> list[str]:
    """The run that makes AAC frames `frame`.. of the grid as ADTS: `AUDIO_PREROLL + PRIMING` of them come before it."""
    track = index.audio_track(spec.stream_index)
    start = (frame - AUDIO_PREROLL) * AAC_FRAME
    at_source = round((index.zero + Fraction(start, spec.sample_rate)) * track.sample_rate)
    sound = _input(path, index, place, spec.stream_index)
    if index.seek == "counted":
        sound = sound.filter("asetpts", f"(N+{round(track.start * track.sample_rate)})/SR/TB")
    sound = sound.filter("aresample", track.sample_rate, **{"async": 1, "min_hard_comp": 0.015, "first_pts": at_source})
    if spec.sample_rate != track.sample_rate:
        sound = sound.filter("aresample", spec.sample_rate)
    made = ffmpeg.output(
        sound.filter("apad"),
        output,
        **{
            "c:a": "aac",
            "b:a": spec.bit_rate,
            "ac": spec.channels,
            "ar": spec.sample_rate,
            "frames:a": AUDIO_PREROLL + PRIMING + frames,
            "map_metadata": -1,
            "map_chapters": -1,
            "f": "adts",
        },
    )
    return _compiled(program, made)
