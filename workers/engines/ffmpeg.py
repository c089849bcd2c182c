"""The ffmpeg program: where it is, what it can do, and how it is started and surely ended."""

from __future__ import annotations

import functools
import hashlib
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FORMATS = (
    "3gp,aac,ac3,aiff,amr,amrnb,amrwb,ape,ass,asf,au,av1,avi,caf,cavsvideo,dirac,dnxhd,dts,dtshd,dv,eac3,flac,"
    "flic,flv,gif,gxf,h261,h263,h264,hevc,ivf,jpeg_pipe,lrc,matroska,webm,m4a,m4v,mjpeg,mlp,mov,mp4,3g2,mj2,"
    "mp3,mpc,mpc8,mpeg,mpegts,mpegtsraw,mpegvideo,mxf,nsv,nut,obu,ogg,rm,roq,rpl,sami,smk,srt,subviewer,"
    "microdvd,sup,swf,tak,tta,truehd,vc1,vc1test,vobsub,voc,w64,wav,webvtt,wtv,wv,yuv4mpegpipe,png_pipe,"
    "webp_pipe,gif_pipe"
)
"""Formats that a file may have. Those that name other files or addresses (HLS, DASH, concat…) are left out."""

SAFE_INPUT = ("-protocol_whitelist", "file", "-format_whitelist", FORMATS)
"""Input options for a local file, before its -i: it is read as media of its own, whatever its name says."""


@dataclass(frozen=True, slots=True)
class Ffmpeg:
    """A found ffmpeg: its path, its version line, what it can do. `build` goes into recipes."""

    path: str
    version: str
    build: str
    filters: frozenset[str]
    encoders: frozenset[str]


def find(configured: str = "") -> str:
    """The path of `configured` (`Config.ffmpeg`), else of the imageio-ffmpeg wheel's static build, else on PATH.

    Raises FileNotFoundError with a sentence that says what to do.
    """
    if configured:
        found = shutil.which(configured)
        if not found:
            raise FileNotFoundError(f"MATINEE_FFMPEG is not a program that can be started: {configured}")
        return found
    found = _wheel() or shutil.which("ffmpeg")
    if not found:
        raise FileNotFoundError("no ffmpeg: install the package ffmpeg, or set MATINEE_FFMPEG")
    return found


def _wheel() -> str | None:
    try:
        import imageio_ffmpeg
    except ImportError:
        return None
    folder = Path(imageio_ffmpeg.__file__).parent / "binaries"
    return next((str(path) for path in sorted(folder.glob("ffmpeg-*")) if path.is_file()), None)


@functools.cache
def inspect(path: str) -> Ffmpeg:
    """Asks a binary for its version, filters and encoders (about 30 ms; remembered for the life of the process)."""
    version = _ask(path, "-version")
    return Ffmpeg(
        path=path,
        version=version.splitlines()[0] if version else "",
        build=hashlib.sha256(version.encode()).hexdigest()[:12],
        filters=frozenset(re.findall(r"^ [ .TSC|]{2,3} (\w+) +\S+->\S+", _ask(path, "-filters"), re.MULTILINE)),
        encoders=frozenset(re.findall(r"^ [VAS][A-Z.]{5} (\w+) ", _ask(path, "-encoders"), re.MULTILINE)),
    )


def _ask(path: str, question: str) -> str:
    done = run([path, "-hide_banner", question], timeout=20)
    return done.stdout.decode(errors="replace")


_PRCTL = "import ctypes,os,sys;assert not ctypes.CDLL(None).prctl(1,9);os.execvp(sys.argv[1],sys.argv[1:])"


@functools.cache
def _leash() -> tuple[str, ...]:
    """What a command line starts with so that the kernel ends the child together with us."""
    setpriv = shutil.which("setpriv")
    candidates: list[tuple[str, ...]] = [(setpriv, "--pdeathsig", "KILL")] if setpriv else []
    candidates.append((sys.executable, "-I", "-S", "-c", _PRCTL))
    for leash in candidates:
        if subprocess.run([*leash, "true"], capture_output=True, check=False).returncode == 0:
            return leash
    return ()


@contextmanager
def spawned(
    argv: Sequence[str], *, pass_fds: Sequence[int] = (), stdin: int = subprocess.DEVNULL, cwd: str | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A child that never outlives this block, nor this process.

    stdout and stderr are pipes. The kernel's parent-death signal follows the thread that spawned, so the leash is used
    from the main thread only. The child keeps this process's group. On leaving it is killed if it still runs, and
    reaped.
    """
    leash = _leash() if threading.current_thread() is threading.main_thread() else ()
    child = subprocess.Popen(
        [*leash, *argv],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=tuple(pass_fds),
        cwd=cwd,
    )
    try:
        yield child
    finally:
        if child.poll() is None:
            child.kill()
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe:
                pipe.close()
        child.wait()


FROM_OUTSIDE = frozenset({-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP})
"""Exit statuses that say that somebody ended the program (an administrator, a lack of memory), not that it failed."""
ATTEMPTS = 3


class Killed(Exception):
    """The program was ended from outside each time: that says nothing about the file."""


def run(argv: Sequence[str], *, timeout: float, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """Runs to the end and returns output and status (not checked); one that was ended from outside is started again.

    Raises subprocess.TimeoutExpired (it is killed then), Killed.
    """
    for _ in range(ATTEMPTS):
        with spawned(argv, stdin=subprocess.DEVNULL if data is None else subprocess.PIPE) as child:
            out, err = child.communicate(data, timeout=timeout)
        if child.returncode not in FROM_OUTSIDE:
            return subprocess.CompletedProcess(list(argv), child.returncode, out, err)
    raise Killed(f"{Path(argv[0]).name} was ended from outside {ATTEMPTS} times")
