"""Text subtitles: from any text format to cues, from cues to WebVTT. Pure.

Whoever wrote the file may be hostile: sizes are bounded, entities of XML are refused, and what reaches a cue is
escaped, so that nothing in it is markup but our own italics, bold and underline.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pysubs2
from pysubs2.formats.substation import parse_tags

from app.core.timeline import Timeline

LARGEST_TEXT = 20_000_000
MOST_CUES = 100_000
LONGEST_CUE = 4000
SEGMENT_S = 60
CUES_VERSION = 1
TEXT_CODECS = frozenset(
    {"subrip", "srt", "ass", "ssa", "webvtt", "mov_text", "text", "microdvd", "sami", "mpl2", "ttml", "subviewer",
     "subviewer1", "realtext", "jacosub", "vplayer", "pjs", "stl"}
)  # fmt: skip
IMAGE_CODECS = frozenset({"hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "xsub", "dvb_teletext", "arib_caption"})
UNREADABLE_CODECS = frozenset({"unknown", "none"})
"""What ffprobe calls a track that no decoder knows: it is listed, and never promised as text."""


STUMBLES = (
    pysubs2.exceptions.Pysubs2Error,
    ArithmeticError,
    AttributeError,
    LookupError,
    SyntaxError,
    TypeError,
    ValueError,
)
"""What pysubs2's parsers raise over texts that are none of theirs."""


class NotSubtitles(ValueError):
    """This text holds no subtitles that can be read; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Text on screen from `start` to `end` (ms of grid time). `text` is a WebVTT cue payload, `settings` follow it."""

    start: int
    end: int
    text: str
    settings: str = ""


def parse(text: str, *, frame_rate: float | None = None, offset: Fraction = Fraction(0)) -> list[Cue]:
    """The cues of SRT, ASS, SSA, WebVTT, TTML, MicroDVD, SAMI, MPL2 or TMP text, in order of time.

    `frame_rate` is that of the film, for formats that count frames; `offset` (s) is taken from every time.
    Raises NotSubtitles.
    """
    if len(text) > LARGEST_TEXT:
        raise NotSubtitles("the file is too large for subtitles")
    if re.search(r"<!(DOCTYPE|ENTITY)", text, re.IGNORECASE):
        raise NotSubtitles("the file defines XML entities")
    if text.lstrip("\ufeff \t\r\n").startswith("WEBVTT"):
        return _clean(_webvtt(text), offset)
    try:
        with warnings.catch_warnings(action="ignore"):
            found = pysubs2.SSAFile.from_string(text, fps=frame_rate or 25.0)
    except STUMBLES as error:
        raise NotSubtitles(f"the subtitles cannot be read ({type(error).__name__})") from error
    return _clean((_cue(event, found) for event in found if not event.is_comment), offset)


def _clean(cues: Iterable[Cue | None], offset: Fraction) -> list[Cue]:
    shift = round(offset * 1000)
    kept: dict[Cue, None] = {}
    for cue in cues:
        if cue is None or cue.end <= cue.start or cue.end - shift <= 0:
            continue
        kept[Cue(max(0, cue.start - shift), cue.end - shift, cue.text, cue.settings)] = None
        if len(kept) > MOST_CUES:
            raise NotSubtitles(f"more than {MOST_CUES} cues")
    if not kept:
        raise NotSubtitles("no cue was found")
    return sorted(kept, key=lambda one: (one.start, one.end))


def _cue(event: pysubs2.SSAEvent, file: pysubs2.SSAFile) -> Cue | None:
    if re.search(r"\\p[1-9]", event.text):
        return None  # a drawing
    style = file.styles.get(event.style, pysubs2.SSAStyle.DEFAULT_STYLE)
    parts = parse_tags(event.text[: LONGEST_CUE * 2], style, file.styles)
    text = "".join(_fragment(part, own, is_bold=own.bold and not style.bold) for part, own in parts)
    payload = _payload(text)
    if not payload:
        return None
    placed = re.search(r"\\an([1-9])", event.text)
    alignment = int(placed[1]) if placed else int(style.alignment)
    return Cue(event.start, event.end, payload, "line:5%" if alignment >= 7 else "")


def _fragment(text: str, style: pysubs2.SSAStyle, *, is_bold: bool) -> str:
    """A run of text in one style. A style that is bold throughout says nothing; a bold word does."""
    text = (
        re.sub(r"</?[a-zA-Z][^<>]{0,200}>", "", text).replace(r"\h", "\u00a0").replace(r"\N", "\n").replace(r"\n", "\n")
    )
    text = escape(text)
    if not text.strip():
        return text
    for is_on, tag in ((style.underline, "u"), (is_bold, "b"), (style.italic, "i")):
        if is_on:
            text = f"<{tag}>{text}</{tag}>"
    return text


def escape(text: str) -> str:
    """Text as a WebVTT payload: nothing in it is markup, and no `-->` is left."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\x00", "")


def _payload(text: str) -> str:
    """Lines without blank ones, which would end the cue."""
    lines = (line.strip() for line in re.split(r"[\r\n\u2028\u2029]+", text))
    return "\n".join(line for line in lines if line)[:LONGEST_CUE]


_TIMING = re.compile(
    r"^\s*((?:\d+:)?[0-5]?\d:[0-5]?\d[.,]\d{1,3})\s*-->\s*((?:\d+:)?[0-5]?\d:[0-5]?\d[.,]\d{1,3})(.*)$"
)
_SETTING = re.compile(r"(?:line|position|align|size|vertical):[0-9a-z.%,-]{1,24}")
_KEPT_TAG = re.compile(r"&lt;(/?[biu])&gt;")


def _webvtt(text: str) -> Iterable[Cue]:
    """Cues of WebVTT (W3C WebVTT, section 6), with the tags that we write ourselves and simple settings kept."""
    for block in re.split(r"\n[ \t]*\n+", re.sub(r"\r\n?", "\n", text)):
        lines = block.split("\n")
        if lines[0].startswith(("NOTE", "STYLE", "REGION")):
            continue
        timing = next((n for n, line in enumerate(lines[:3]) if "-->" in line), None)
        found = _TIMING.match(lines[timing]) if timing is not None else None
        if timing is None or found is None:
            continue
        body = re.sub(r"<(?!/?[biu]>)/?[a-zA-Z0-9][^<>]{0,200}>", "", "\n".join(lines[timing + 1 :]))
        body = re.sub(r"&(lt|gt|amp|nbsp|lrm|rlm);", lambda m: _ENTITIES[m[1]], body)
        payload = _KEPT_TAG.sub(r"<\1>", _payload(escape(body)))
        if payload:
            yield Cue(_ms(found[1]), _ms(found[2]), payload, " ".join(_SETTING.findall(found[3])))


_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "nbsp": "\u00a0", "lrm": "\u200e", "rlm": "\u200f"}


def _ms(text: str) -> int:
    seconds = 0.0
    for part in text.replace(",", ".").split(":"):
        seconds = seconds * 60 + float(part)
    return round(seconds * 1000)


def segments(duration: Fraction) -> Timeline:
    """Where the segments of a text rendition lie: a minute each, in milliseconds."""
    end, step = max(1, round(duration * 1000)), SEGMENT_S * 1000
    return Timeline(Fraction(1000), (*range(0, end, step), end))


def webvtt(cues: Sequence[Cue]) -> str:
    """A whole WebVTT file."""
    return "WEBVTT\n\n" + "".join(map(_shown, cues))


def webvtt_segment(cues: Sequence[Cue], start: int, end: int) -> str:
    """The WebVTT segment from `start` to `end` (ms): every cue that is on screen within (RFC 8216, 3.5)."""
    head = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n"
    return head + "".join(_shown(cue) for cue in cues if cue.start < end and cue.end > start)


def _shown(cue: Cue) -> str:
    settings = f" {cue.settings}" if cue.settings else ""
    return f"{_clock(cue.start)} --> {_clock(cue.end)}{settings}\n{cue.text}\n\n"


def _clock(ms: int) -> str:
    seconds, rest = divmod(ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:03}"


def to_json(cues: Sequence[Cue]) -> dict[str, Any]:
    """A JSON-able form; `from_json` of it equals the cues."""
    return {"version": CUES_VERSION, "cues": [[cue.start, cue.end, cue.text, cue.settings] for cue in cues]}


def from_json(document: dict[str, Any]) -> list[Cue]:
    """Raises ValueError for a document of another version."""
    if document.get("version") != CUES_VERSION:
        raise ValueError("cues of another version")
    return [Cue(*one) for one in document["cues"]]
