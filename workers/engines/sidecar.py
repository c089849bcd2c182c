"""A look at a subtitle file: that it is one, and of which kind. Reading its cues is for playback."""

from __future__ import annotations

import os
import re

from workers.engines.ffprobe import Changing, Fingerprint, Found, Unreadable, Vanished, signature_of

HEAD = 64 << 10
LARGEST = 200 << 20


def examine(path: bytes) -> tuple[Found, str | None]:
    """The file's state and signature, and its codec in ffmpeg's words. Raises as `ffprobe.examine`."""
    signature = signature_of(path)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise Vanished(os.fsdecode(path)) from None
    except OSError as error:
        raise Unreadable(f"it cannot be opened: {error.strerror or error}") from error
    try:
        about = Fingerprint.of(os.fstat(handle))
        head = os.pread(handle, HEAD, 0)
        if Fingerprint.of(os.lstat(path)) != about:
            raise Changing(os.fsdecode(path))
    except OSError as error:
        raise Unreadable(f"it cannot be read: {error.strerror or error}") from error
    finally:
        os.close(handle)
    codec = codec_of(os.fsdecode(path).rpartition(".")[2].casefold(), head)
    problem = None
    if about.size > LARGEST:
        codec, problem = None, "it is far too large for subtitles"
    elif codec is None:
        problem = "it holds no subtitles that can be read"
    return Found(about, signature, None, problem), codec


def codec_of(extension: str, head: bytes) -> str | None:
    """The codec that the content shows; None when it is not what its name says."""
    if head.startswith(b"PG"):
        return "hdmv_pgs_subtitle"
    if head.startswith(b"\x00\x00\x01\xba"):
        return "dvd_subtitle"
    text = _text(head)
    if extension == "idx":
        return "dvd_subtitle" if "VobSub" in text or re.search(r"^timestamp:", text, re.MULTILINE) else None
    if "WEBVTT" in text[:64]:
        return "webvtt"
    if re.search(r"^\[(script info|v4\+? styles|events)\]|^Dialogue:", text, re.IGNORECASE | re.MULTILINE):
        return "ass"
    if re.search(r"\d\s*-->\s*\d", text):
        return "subrip"
    if re.search(r"<tt[\s>:]", text):
        return "ttml"
    if re.search(r"<sami|<sync\s", text, re.IGNORECASE):
        return "sami"
    if re.search(r"^\{\d+\}\{\d*\}", text, re.MULTILINE):
        return "microdvd"
    if re.search(r"^\[\d+\]\[\d+\]", text, re.MULTILINE):
        return "mpl2"
    if extension == "lrc" and re.search(r"^\[\d+:\d+", text, re.MULTILINE):
        return "lrc"
    if re.search(r"^\d+:\d+:\d+[.:,]\d+\s*,\s*\d+:\d+:\d+", text, re.MULTILINE):
        return "subviewer"
    return None


def _text(head: bytes) -> str:
    """Enough of the text to recognise it by its marks, whatever its encoding."""
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return head.decode("utf-16", "replace")
    if head[:40].count(0) > 10:
        return head.decode("utf-16-le" if head[1:2] == b"\0" else "utf-16-be", "replace")
    return head.decode("latin-1")
