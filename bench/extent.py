"""Where a file's pictures begin and end by ffmpeg's own reading, to compare with what a browser showed of it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg

TRACKS = ("-map", "0:V?", "-map", "0:a?")
SMALL = ("-vf", "scale=16:16", "-fps_mode", "passthrough")
LARGEST = 2**61
"""A time beyond it is none: so ffmpeg writes down that it knows no time."""


@dataclass(frozen=True, slots=True)
class Extent:
    """Seconds from the first packet of picture or sound: the first picture, the last one, and the end of everything."""

    first: float
    last: float
    end: float


def extent(path: Path, *, decoded: bool = False) -> Extent | None:
    """The extent of a file, None where it has no times that ffmpeg knows.

    Packets are read, which is quick, or decoded: edit lists and old containers say more to decoders. Where a file has
    several picture tracks, the one that ends first counts.
    """
    way = SMALL if decoded else ("-c", "copy")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "quiet", "-i", str(path), *TRACKS, *way]
    command += ["-f", "framecrc", "-"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=120, check=False)
    return _extent(done.stdout)


def _extent(said: str) -> Extent | None:
    ticks: dict[int, Fraction] = {}
    kinds: dict[int, str] = {}
    times: dict[int, list[tuple[Fraction, Fraction]]] = {}
    for line in said.splitlines():
        if line.startswith(("#tb ", "#media_type ")):
            name, _, value = line[1:].partition(": ")
            number = int(name.split()[1])
            if name.startswith("tb"):
                ticks[number] = Fraction(value.strip())
            else:
                kinds[number] = value.strip()
        elif line and not line.startswith("#"):
            number, _, shown, length = (part.strip() for part in line.split(",")[:4])
            if shown.lstrip("-").isdigit() and abs(int(shown)) < LARGEST:
                tick = ticks[int(number)]
                times.setdefault(int(number), []).append((int(shown) * tick, max(0, int(length)) * tick))
    pictures = [sorted(times[number]) for number in times if kinds[number] == "video"]
    if not pictures:
        return None
    zero = min(shown for track in times.values() for shown, _ in track)
    end = max(shown + length for track in times.values() for shown, length in track)
    first = min(track[0][0] for track in pictures)
    last = min(track[-1][0] for track in pictures)
    return Extent(float(first - zero), float(last - zero), float(end - zero))
