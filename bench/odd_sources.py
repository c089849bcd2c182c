"""Films of the odd kinds that people own, made with ffmpeg in seconds: small and short, but for one of two hours."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg

PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=24:duration=6")
SOUND = ("-f", "lavfi", "-i", "sine=frequency=440:duration=6")
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "48", "-pix_fmt", "yuv420p")
AAC = ("-c:a", "aac", "-b:a", "64k")
LATER = "PTS+gte(T,3)*5/TB"
LOOPS = 360

ODD: dict[str, tuple[str, ...]] = {
    "HEVC Ten Bit.mkv": (
        *(*PICTURE, *SOUND, "-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le"),
        *("-x265-params", "log-level=error:keyint=48", *AAC),
    ),
    "Two Languages.mkv": (
        *(*PICTURE, *SOUND, "-map", "0:v", "-map", "1:a", "-map", "1:a", *X264, "-c:a", "ac3", "-ac", "6"),
        *("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=rus"),
    ),
    "Varying Rate.mkv": (
        *(*PICTURE, *SOUND, "-vf", "select='lt(t,2)+not(mod(n,3))'", "-fps_mode", "vfr", *X264, *AAC),
    ),
    "Open Group.mkv": (
        *(*PICTURE, *SOUND, "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-bf", "3"),
        *("-x264-params", "open-gop=1:keyint=36:min-keyint=36:scenecut=0", *AAC),
    ),
    "Interlaced.ts": (
        *(*PICTURE, *SOUND, "-vf", "scale=720:576,setsar=16/15,fps=50,tinterlace=interleave_top", "-c:v", "mpeg2video"),
        *("-flags", "+ildct+ilme", "-b:v", "2M", "-c:a", "mp2"),
    ),
    "Anamorphic.mkv": (*PICTURE, *SOUND, "-vf", "scale=360:288,setsar=64/45", *X264, *AAC),
    "Film Rate.mkv": (*PICTURE, *SOUND, "-r", "24000/1001", *X264, *AAC),
    "No Sound.mkv": (*PICTURE, *X264),
    "Sound Only.mka": (*SOUND, "-c:a", "flac"),
    "Negative Start.mkv": (
        *(*PICTURE, *SOUND, *X264, *AAC, "-output_ts_offset", "-2", "-avoid_negative_ts", "disabled"),
    ),
    "Early Web.webm": (
        *(*PICTURE, *SOUND, "-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"),
        *("-output_ts_offset", "-1", "-avoid_negative_ts", "disabled"),
    ),
    "Holes.mkv": (
        *(*PICTURE, *SOUND, "-filter_complex", f"[0:v]setpts='{LATER}'[v];[1:a]asetpts='{LATER}'[a]"),
        *("-map", "[v]", "-map", "[a]", "-fps_mode", "vfr", *X264, *AAC),
    ),
}


def make_odd_sources(folder: Path) -> None:
    """Makes every film of `ODD`, one that lies on its side, and one of two hours, each in a folder of its own."""
    for name, arguments in ODD.items():
        run(*arguments, str(_place(folder, name)))
    upright = str(_place(folder, "No Sound.mkv"))
    run("-display_rotation", "90", "-i", upright, "-c", "copy", str(_place(folder, "Rotated.mp4")))
    seed = folder / "seed"
    quiet = ("-f", "lavfi", "-i", "testsrc=size=160x90:rate=10:duration=20", "-f", "lavfi", "-i", "sine=duration=20")
    run(*quiet, *X264, "-crf", "40", "-c:a", "ac3", "-b:a", "32k", "-ac", "1", "-f", "matroska", str(seed))
    loops = ("-stream_loop", str(LOOPS - 1), "-i", str(seed), "-c", "copy")
    run(*loops, str(_place(folder, "Two Hours.mkv")))
    seed.unlink()


def run(*arguments: str) -> None:
    """One call of ffmpeg. Raises subprocess.CalledProcessError."""
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", *arguments], check=True)


def _place(folder: Path, name: str) -> Path:
    stem, _, suffix = name.rpartition(".")
    path = folder / f"{stem} (2001)" / f"{stem} (2001).{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
