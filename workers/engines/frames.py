"""Single pictures out of media files, with ffmpeg: frames of the film, attached covers."""

from __future__ import annotations

import subprocess
from pathlib import Path

from PIL import Image

from app.adapters import pictures
from app.adapters.pictures import BrokenPicture
from app.core import artwork
from workers.engines.ffmpeg import SAFE_INPUT, Ffmpeg, run

TRIAL_WIDTH = 480
TIMEOUT_S = 20.0
ACCURATE_TIMEOUT_S = 40.0
_TONEMAP = (
    "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=tonemap=hable:desat=0,"
    "zscale=t=bt709:m=bt709:r=tv,format=yuv420p"
)


def frame(
    ffmpeg: Ffmpeg, path: str, *, at: float, stream: int, width: int, hdr: bool, keyframe: bool = True
) -> Image.Image | None:
    """The picture at (with `keyframe`: at or before) this second, in square pixels, at most this wide.

    None where ffmpeg finds no picture there. Raises subprocess.TimeoutExpired, ffmpeg.Killed.
    """
    filters = [f"scale=w='min({width},trunc(iw*sar/2)*2)':h='trunc(ow*ih/(iw*sar)/2)*2'", "setsar=1"]
    mapped = hdr and {"zscale", "tonemap"} <= ffmpeg.filters
    if mapped:
        filters.append(_TONEMAP)
    seek = ["-ss", f"{at:.3f}"] if at > 0 else []
    fast = ["-noaccurate_seek", "-skip_frame", "nokey"] if keyframe else []
    argv = [
        *(ffmpeg.path, "-nostdin", "-hide_banner", "-v", "error", "-threads", "1"),
        *(*SAFE_INPUT, *seek, *fast, "-i", path, "-map", f"0:{stream}", "-frames:v", "1", "-an", "-sn", "-dn"),
        *("-vf", ",".join(filters), "-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p", "-strict", "unofficial"),
        *("-f", "image2pipe", "pipe:1"),
    ]
    done = run(argv, timeout=TIMEOUT_S if keyframe else ACCURATE_TIMEOUT_S)
    image = _image(done)
    if image is None and mapped:  # a stream that does not say which light it is in: better plain than none
        return frame(ffmpeg, path, at=at, stream=stream, width=width, hdr=False, keyframe=keyframe)
    return image


def _image(done: subprocess.CompletedProcess[bytes]) -> Image.Image | None:
    if not done.stdout:
        return None
    try:
        return pictures.read(done.stdout)
    except BrokenPicture:
        return None


def telling_frame(
    ffmpeg: Ffmpeg, path: str, *, duration: float | None, start: float, stream: int, hdr: bool
) -> Image.Image | None:
    """A frame worth showing, at most 1920 wide: neither black nor blurred nor empty. None where there is none.

    Keyframes are tried first (fast in any file); where none will do, a few exact places are. Raises
    subprocess.TimeoutExpired where the time was too short for any.
    """
    places = [start + place for place in artwork.moments(duration)]
    tried: list[tuple[float, float]] = []
    for keyframe in (True, False):
        for place in places if keyframe else places[:3]:
            try:
                small = frame(ffmpeg, path, at=place, stream=stream, width=TRIAL_WIDTH, hdr=hdr, keyframe=keyframe)
            except subprocess.TimeoutExpired:
                if not tried:
                    raise
                break
            if small is None:
                continue
            facts = pictures.measure(small)
            if artwork.is_presentable(facts):
                tried.append((artwork.appeal(facts), place))
            if artwork.good_enough(facts):
                break
        if tried:
            best = max(tried)[1]
            return frame(ffmpeg, path, at=best, stream=stream, width=1920, hdr=hdr, keyframe=keyframe)
    return None


def cover(ffmpeg: Ffmpeg, path: str, stream: int) -> bytes | None:
    """The bytes of an attached picture, as they lie in the file. Raises subprocess.TimeoutExpired."""
    argv = [
        *(ffmpeg.path, "-nostdin", "-hide_banner", "-v", "error", *SAFE_INPUT, "-i", path),
        *("-map", f"0:{stream}", "-frames:v", "1", "-c", "copy", "-f", "image2pipe", "pipe:1"),
    ]
    return run(argv, timeout=TIMEOUT_S).stdout or None


def sidecar(path: Path) -> bytes:
    """The bytes of a picture beside the media. Raises BrokenPicture for what is no plain file of a sane size."""
    try:
        if not path.is_file() or path.stat().st_size > pictures.LARGEST_BYTES:
            raise BrokenPicture("no plain file of a sane size")
        return path.read_bytes()
    except OSError as error:
        raise BrokenPicture(f"the file cannot be read ({type(error).__name__})") from error
