"""Films for benches: made with ffmpeg once, kept in the machine's temporary folder between runs."""

from __future__ import annotations

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg

SECONDS = 120
PICTURE = f"testsrc2=size=1920x1080:rate=24:duration={SECONDS},noise=alls=12:allf=t"
SOUND = f"sine=frequency=440:beep_factor=4:duration={SECONDS}:sample_rate=48000"


@dataclass(frozen=True, slots=True)
class Film:
    """A file and the name (`Title (year)`) it will have in the library."""

    name: str
    path: Path


def shelf() -> Path:
    """Where made films are kept."""
    folder = Path(tempfile.gettempdir()) / f"matinee-bench-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def make(name: str, *arguments: str) -> Path:
    """Runs ffmpeg with these arguments into `name` on the shelf, unless it is there already."""
    target = shelf() / name
    if not target.exists():
        half = target.with_name(f"half-{target.name}")
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", *arguments, str(half)]
        subprocess.run(command, check=True)
        half.rename(target)
    return target


def another(film: Film, name: str, number: int) -> Film:
    """The same streams in a file of other bytes, so that nothing made for one film serves the other."""
    path = make(
        f"{film.path.stem}-{number}.mkv", "-i", str(film.path), "-c", "copy", "-metadata", f"title=No. {number}"
    )
    return Film(name, path)


def copied_film(name: str) -> Film:
    """1080p H.264 8-bit and AAC in Matroska: the browser takes its streams as they are."""
    path = make(
        "copied.mkv",
        *("-f", "lavfi", "-i", PICTURE, "-f", "lavfi", "-i", SOUND, "-c:v", "libx264", "-preset", "veryfast"),
        *("-b:v", "6M", "-g", "96", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "128k", "-ac", "2"),
    )
    return Film(name, path)


def encoded_film(name: str) -> Film:
    """1080p HEVC 10-bit and AC-3 5.1 in Matroska: picture and sound must be made anew."""
    path = make(
        "encoded.mkv",
        *("-f", "lavfi", "-i", PICTURE, "-f", "lavfi", "-i", SOUND, "-c:v", "libx265", "-preset", "ultrafast"),
        *("-x265-params", "log-level=error:keyint=96", "-b:v", "6M", "-pix_fmt", "yuv420p10le"),
        *("-c:a", "ac3", "-ac", "6", "-b:a", "384k"),
    )
    return Film(name, path)
