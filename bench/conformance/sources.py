"""The films of the conformance bench, made with ffmpeg: one for each way in which sources differ."""

from __future__ import annotations

import subprocess
from pathlib import Path

from workers.engines import ffmpeg

SOUND = ["-c:a", "aac", "-b:a", "128k"]
H264 = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-color_range", "tv"]


def _inputs(rate: str, seconds: int, size: str) -> list[str]:
    picture = f"testsrc2=s={size}:r={rate}:d={seconds}"
    return ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", f"anoisesrc=d={seconds}:r=48000:seed=5:a=0.2"]


def _irregular(seconds: int) -> list[str]:
    times = [1.1, 3, 7.5, 9, 10.2, 19.3, *(19.3 + 7.7 * n for n in range(1, seconds // 8))]
    marks = ",".join(f"{time:.2f}" for time in times if time < seconds)
    return [*H264, "-bf", "3", "-g", "1000", "-sc_threshold", "0", "-force_key_frames", marks]


def commands(seconds: int, size: str) -> dict[str, list[str]]:
    """Arguments by file name; a name in them in braces is an earlier source."""
    made = _inputs("24", seconds, size)
    return {
        "irregular.mkv": [*made, *_irregular(seconds), *SOUND],
        "irregular.mp4": ["-i", "{irregular.mkv}", "-c", "copy"],
        "ntsc.mkv": [*_inputs("24000/1001", seconds, size), *H264, "-bf", "3", "-g", "70", *SOUND],
        "open_gop.mkv": [*made, *H264, "-x264-params", "open-gop=1:bframes=3", "-g", "67", *SOUND],
        "vfr.mkv": [
            *made, "-vf", "select='not(eq(mod(n,7),3))*not(between(n,200,262))'", "-fps_mode", "passthrough",
            *H264, "-g", "60", *SOUND,
        ],
        "hevc10.mkv": [
            *made, "-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le",
            "-x265-params", "log-level=error:keyint=77", *SOUND,
        ],
        "holes.mkv": [
            "-i", "{irregular.mkv}", "-map", "0", "-c", "copy",
            "-bsf:a", "setts=pts=PTS+floor(N/250)*21:dts=DTS+floor(N/250)*21",
        ],
    }  # fmt: skip


def make(folder: Path, *, seconds: int, size: str = "854x480") -> dict[str, Path]:
    """Every source, made where it is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    paths: dict[str, Path] = {}
    for name, arguments in commands(seconds, size).items():
        path = folder / name
        paths[name] = path
        if path.exists():
            continue
        named = [_resolved(argument, folder) for argument in arguments]
        done = ffmpeg.run([ffmpeg.find(), "-nostdin", "-v", "error", "-y", *named, str(path)], timeout=600)
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, name, done.stdout, done.stderr)
    return paths


def _resolved(argument: str, folder: Path) -> str:
    return str(folder / argument[1:-1]) if argument.startswith("{") else argument
