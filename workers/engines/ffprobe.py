"""The ffprobe program: where it is, and what it says of one file in one pass.

A file is hostile until shown otherwise: only plain files are opened, formats that lead elsewhere (playlists, scripts)
are not on the list, the network is closed, time and output are bounded. What the facts mean is for `app/core`.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import select
import shutil
import stat
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.adapters.database import stored_time
from app.core.media import MediaFacts, parse_ffprobe
from workers.engines.ffmpeg import ATTEMPTS, FROM_OUTSIDE

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 30.0
OUTPUT_LIMIT = 8 << 20
BLOCK = 64 << 10
FORMATS = ",".join(
    (
        "mov,matroska,avi,mpegts,mpeg,mpegvideo,m4v,flv,live_flv,asf,ogg,wtv,mxf,gxf,rm,nut,ivf,h261,h263,h264,hevc",
        "vvc,av1,obu,avs2,avs3,cavsvideo,vc1,vc1test,dv,dirac,dnxhd,nsv,nuv,film_cpk,roq,smk,bink,swf,flic,pva,rpl",
        "yuv4mpegpipe,mjpeg,mjpeg_2000,mpjpeg,rawvideo,wtv,ty,mtv,4xm,idcin,thp,vmd,yop,xmv,wc3movie,ea,lmlm4,pmp,kux",
        "mp3,aac,ac3,ac4,eac3,dts,dtshd,truehd,mlp,flac,wav,w64,aiff,au,caf,amr,amrnb,amrwb,ape,tta,wv,mpc,mpc8",
        "tak,oma,dsf,iff,voc,opus,spdif,loas,shn,qcp,xwma,adx,gsm,rso,sox",
        "srt,ass,webvtt,sup,sami,realtext,subviewer,subviewer1,microdvd,mpl2,jacosub,vplayer,ttml,lrc,stl,scc,mcc,pjs",
        "gif,apng,jpeg_pipe,png_pipe,webp_pipe,bmp_pipe,tiff_pipe,jpegxl_pipe,jpegxl_anim,svg_pipe,psd_pipe,ico",
        "gem_pipe,j2k_pipe,jpegls_pipe,qoi_pipe,pam_pipe,pbm_pipe,pgm_pipe,ppm_pipe,exr_pipe,dds_pipe,hdr_pipe",
        "sgi_pipe,sunrast_pipe,pcx_pipe,xbm_pipe,xpm_pipe,xwd_pipe,photocd_pipe,pictor_pipe,cri_pipe,dpx_pipe,vbn_pipe",
    )
)
"""What stands for itself. Absent on purpose: hls, dash, concat, sdp, imf, image2, lavfi, avisynth, vobsub."""

# A static build that is asked for text in another encoding loads glibc's converters of this machine, and dies of them.
_ENVIRONMENT = {"GCONV_PATH": "/nonexistent", "LC_ALL": "C"}


class Unreadable(Exception):
    """The file cannot be read as media; the message is a sentence for a person."""


class Changing(Exception):
    """The file was written to or replaced while it was looked at: come back later."""


class Vanished(Exception):
    """The file is no longer there."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What tells one state of a file from another."""

    size: int
    mtime_ns: int
    device: int
    inode: int

    @classmethod
    def of(cls, about: os.stat_result) -> Fingerprint:
        return cls(about.st_size, stored_time(about.st_mtime_ns), about.st_dev, about.st_ino)


@dataclass(frozen=True, slots=True)
class Found:
    """One file, looked at: its state, the signature of its content, and its facts or why there are none."""

    fingerprint: Fingerprint
    signature: str
    facts: MediaFacts | None
    problem: str | None


def find(configured: str = "") -> str:
    """The path of `configured` (`Config.ffprobe`), else of npm's static build, else on PATH.

    Raises FileNotFoundError with a sentence that says what to do.
    """
    if configured:
        found = shutil.which(configured)
        if not found:
            raise FileNotFoundError(f"MATINEE_FFPROBE is not a program that can be started: {configured}")
        return found
    found = _from_npm() or shutil.which("ffprobe")
    if not found:
        raise FileNotFoundError("no ffprobe: install the package ffmpeg, or set MATINEE_FFPROBE")
    return found


def _from_npm() -> str | None:
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(
        platform.machine().lower(), ""
    )
    path = ROOT / "node_modules" / "@ffprobe-installer" / f"{platform.system().lower()}-{machine}" / "ffprobe"
    return str(path) if machine and os.access(path, os.X_OK) else None


def examine(ffprobe: str, path: bytes) -> Found:
    """Looks at one plain file (absolute path, any bytes). Safe in any number of threads.

    Raises Vanished, Changing, or Unreadable when it may not be opened (permissions, not a plain file).
    """
    before, signature = _read_signature(path)
    try:
        facts, problem = probe(ffprobe, path), None
    except Unreadable as reason:
        facts, problem = None, str(reason)
    try:
        after = Fingerprint.of(os.lstat(path))
    except FileNotFoundError:
        raise Vanished(os.fsdecode(path)) from None
    except OSError as error:
        raise Unreadable(_sentence(error)) from error
    if after != before:
        raise Changing(os.fsdecode(path))
    return Found(before, signature, facts, problem)


def signature_of(path: bytes) -> str:
    """The signature of a file's content. Raises as `examine`."""
    return _read_signature(path)[1]


def _read_signature(path: bytes) -> tuple[Fingerprint, str]:
    """Hash of size and first, middle and last 64 KiB (all of a file that is no longer than that)."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise Vanished(os.fsdecode(path)) from None
    except OSError as error:
        raise Unreadable(_sentence(error)) from error
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            raise Unreadable("not a plain file")
        size = about.st_size
        hashed = hashlib.blake2b(str(size).encode(), digest_size=20)
        last = 0
        for start in sorted({0, max(0, (size - BLOCK) // 2), max(0, size - BLOCK)}):
            start = max(start, last)
            hashed.update(os.pread(handle, BLOCK, start))
            last = start + BLOCK
        return Fingerprint.of(about), hashed.hexdigest()
    except OSError as error:
        raise Unreadable(_sentence(error)) from error
    finally:
        os.close(handle)


def probe(ffprobe: str, path: bytes, *, timeout: float = TIMEOUT_S) -> MediaFacts:
    """What is inside, in one pass: format, all streams, chapters. Raises Unreadable."""
    show = ["-show_format", "-show_streams"]
    try:
        document = _ask(ffprobe, path, [*show, "-show_chapters"], timeout)
    except _TooMuch:  # tens of thousands of chapters name nothing
        try:
            document = _ask(ffprobe, path, show, timeout)
        except _TooMuch:
            raise Unreadable("it describes itself at a length that no film needs") from None
    facts = parse_ffprobe(document)
    if facts.video and facts.video.hdr == "hdr10" and (extra := _dynamic_metadata(ffprobe, path, timeout)):
        for stream in document["streams"]:
            if stream.get("index") == facts.video.index:
                stream["side_data_list"] = [*stream.get("side_data_list", []), *extra]
        facts = parse_ffprobe(document)
    return facts


def _dynamic_metadata(ffprobe: str, path: bytes, timeout: float) -> list[Any]:
    """HDR10+ stands in the frames, not in the header: the first one tells."""
    ask = ["-select_streams", "V:0", "-show_frames", "-read_intervals", "%+#1", "-show_entries", "frame=side_data_list"]
    try:
        frames = _ask(ffprobe, path, ask, timeout).get("frames")
    except (Unreadable, _TooMuch):
        return []  # a detail that no film is refused for
    found = [frame.get("side_data_list") for frame in frames or [] if isinstance(frame, dict)]
    return [one for some in found if isinstance(some, list) for one in some if "2094-40" in str(one)]


class _TooMuch(Exception):
    pass


def _ask(ffprobe: str, path: bytes, show: Sequence[str], timeout: float) -> dict[str, Any]:
    argv = [ffprobe, "-v", "error", "-protocol_whitelist", "file", "-format_whitelist", FORMATS, "-of", "json=c=1"]
    for _ in range(ATTEMPTS):
        status, out, err = _run([*argv, *show, "-i", b"file:" + path], timeout)
        if status not in FROM_OUTSIDE:
            break
    document: Any = None
    if status == 0:
        try:
            document = json.loads(out.decode("utf-8", "replace"))
        except ValueError:
            status = -1
    if status != 0 or not isinstance(document, dict) or not document:
        raise Unreadable(_reason(status, err, path))
    return document


def _run(argv: Sequence[str | bytes], timeout: float) -> tuple[int, bytes, bytes]:
    """Status, output and the end of the errors. The child is killed when it says too much or takes too long."""
    deadline = time.monotonic() + timeout
    child = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        close_fds=False,  # nothing here is inheritable, and so the child starts by posix_spawn: half the cost of fork
        env=_ENVIRONMENT,
    )
    assert child.stdout is not None  # noqa: S101 - pipes, as asked for
    assert child.stderr is not None  # noqa: S101
    out, err = bytearray(), bytearray()
    streams = {child.stdout.fileno(): out, child.stderr.fileno(): err}
    try:
        poll = select.poll()
        for number in streams:
            poll.register(number, select.POLLIN | select.POLLHUP)
        while streams:
            left = deadline - time.monotonic()
            ready = poll.poll(max(0.0, left) * 1000)
            if not ready:
                raise Unreadable(f"it gave no answer within {timeout:g} s")
            for number, _ in ready:
                block = os.read(number, 1 << 16)
                if not block:
                    poll.unregister(number)
                    del streams[number]
                streams.get(number, err).extend(block)
            del err[:-4096]
            if len(out) > OUTPUT_LIMIT:
                raise _TooMuch
        return (
            child.wait(),
            bytes(out),
            bytes(err),
        )  # it has closed both: it is ending (waiting with a limit would poll)
    finally:
        if child.poll() is None:
            child.kill()
        child.stdout.close()
        child.stderr.close()
        child.wait()


def _reason(status: int, err: bytes, path: bytes) -> str:
    """ffprobe's last word as a sentence, without addresses and paths."""
    if status < 0:
        return "it makes the reader of media files crash"
    text = err.replace(b"file:" + path, b"").replace(path, b"").decode("utf-8", "replace")
    lines = [re.sub(r"^\[[^\]]*\]\s*|^:\s*", "", line).strip(" :") for line in text.splitlines()]
    lines = [line for line in lines if line]
    if any("not on whitelist" in line for line in lines):
        return "its content is a playlist, a script or something else that is not media itself"
    last = lines[-1] if lines else "nothing in it can be recognised"
    return f"it cannot be read: {last[:200]}"


def _sentence(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "it may not be read: permission denied"
    return f"it cannot be opened: {error.strerror or error}"
