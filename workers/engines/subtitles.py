"""Text subtitles out of files: a sidecar is decoded and parsed, embedded ones come out in one pass of ffmpeg."""

from __future__ import annotations

import codecs
import json
import re
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import charset_normalizer

from app.core import subtitles
from app.core.subtitles import NotSubtitles
from app.core.timeline import SourceIndex
from app.transcoding.sources import SourceFile, sidecar
from workers.engines import ffmpeg as engine
from workers.engines.ffmpeg import SAFE_INPUT, Ffmpeg

FIRST_SIDECAR = 1000
DETECTED_BYTES = 200_000
EXTRACTION_S = 600.0
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Unreadable(Exception):
    """The subtitle cannot be read; the message is a sentence."""


def read(
    ffmpeg: Ffmpeg, source: SourceFile, stream: int, *, index: SourceIndex, siblings: tuple[int, ...] = ()
) -> Iterator[tuple[int, bytes]]:
    """`(stream, cues as JSON)` of the asked subtitle, and of its embedded siblings, which cost nothing more.

    Raises Unreadable when the asked one cannot be read.
    """
    rate = float(index.video.rate) if index.video else None
    if stream >= FIRST_SIDECAR:
        yield stream, _as_json(decode(_bytes(sidecar(source.file_id, stream))), rate, Fraction(0))
        return
    with tempfile.TemporaryDirectory(prefix="matinee-cues-") as folder:
        found = _extract(ffmpeg, source, list(dict.fromkeys([stream, *siblings])), Path(folder))
        if stream not in found and siblings:
            found |= _extract(ffmpeg, source, [stream], Path(folder))
        if stream not in found:
            raise Unreadable("ffmpeg could not read this subtitle track")
        for number, text in found.items():
            try:
                yield number, _as_json(text, rate, index.zero)
            except Unreadable:
                if number == stream:
                    raise


def decode(data: bytes) -> str:
    """Bytes of a subtitle file as text: by byte order mark, as UTF-8, else by what the letters look like."""
    for mark, name in _BOMS:
        if data.startswith(mark):
            return data.decode(name, "replace")
    if b"\x00" in data:
        if data.startswith(b"\x00\x00\x01\xba") or data.count(0) > len(data) * 3 // 4:
            raise Unreadable("this is no text")
        return data.decode("utf-16-le" if data[1::2].count(0) >= data[0::2].count(0) else "utf-16-be", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if _looks_cyrillic(data):
        return data.decode("cp1251", "replace")
    best = charset_normalizer.from_bytes(data[:DETECTED_BYTES], steps=8, chunk_size=1024).best()
    return data.decode(best.encoding if best else "cp1252", "replace")


def _looks_cyrillic(data: bytes) -> bool:
    """Words of windows-1251: runs of high bytes, most of them small letters. Short texts defeat general detectors."""
    runs = re.findall(rb"[\x80-\xff]+", data[:DETECTED_BYTES])
    letters = b"".join(runs)
    small = sum(1 for byte in letters if byte >= 0xE0)
    capital = sum(1 for byte in letters if 0xC0 <= byte < 0xE0 or byte in {0xA8, 0xB8})
    return (
        bool(runs)
        and len(letters) / len(runs) >= 2.5
        and small >= 0.6 * len(letters)
        and small + capital >= 0.8 * len(letters)
    )


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > subtitles.LARGEST_TEXT:
            raise Unreadable("the file is too large for subtitles")
        data = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"the file cannot be read: {error.strerror}") from error
    if data.startswith((b"\x00\x00\x01\xba", b"PG")):
        raise Unreadable("these subtitles are pictures")
    return data


def _as_json(text: str, rate: float | None, offset: Fraction) -> bytes:
    try:
        cues = subtitles.parse(text, frame_rate=rate, offset=offset)
    except NotSubtitles as error:
        raise Unreadable(str(error)) from error
    return json.dumps(subtitles.to_json(cues), ensure_ascii=False).encode()


def _extract(ffmpeg: Ffmpeg, source: SourceFile, streams: list[int], folder: Path) -> dict[int, str]:
    """The text of these tracks as ASS, in one reading of the file; tracks that fail are left out."""
    argv = [ffmpeg.path, "-nostdin", "-v", "error", "-copyts", *SAFE_INPUT, "-i", str(source.path)]
    for stream in streams:
        argv += ["-map", f"0:{stream}", "-c:s", "ass", "-f", "ass", str(folder / f"{stream}.ass")]
    engine.run(argv, timeout=EXTRACTION_S)
    found = {}
    for stream in streams:
        path = folder / f"{stream}.ass"
        if path.is_file() and path.stat().st_size:
            found[stream] = decode(_bytes(path))
    return found
