"""Facts from ffprobe's JSON. Nothing in the document is trusted: what is missing, odd or absurd becomes None."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from app.core.languages import normalise
from app.core.media.clean import (
    MAX_SECONDS,
    clock,
    fields_of,
    flag,
    is_plain_handler,
    known,
    mapping,
    mappings,
    number,
    positive_fraction,
    rate,
    seconds,
    side_type,
    statistic,
    text,
    whole,
)
from app.core.media.values import ChapterFacts, Colour, Hdr, MediaFacts, StreamFacts, StreamKind

MAX_STREAMS = 200
MAX_CHAPTERS = 300


def parse_ffprobe(document: Mapping[str, Any]) -> MediaFacts:
    """Facts from `ffprobe -of json -show_format -show_streams -show_chapters`. Never raises on odd content."""
    form = mapping(document.get("format"))
    streams = tuple(_stream(one, number) for number, one in enumerate(mappings(document.get("streams"))[:MAX_STREAMS]))
    duration = seconds(form.get("duration"), low=0.0)
    if duration is None:
        duration = max((one.duration for one in streams if one.duration), default=None)
    return MediaFacts(
        container=text(form.get("format_name"), 64) or "unknown",
        streams=streams,
        chapters=_chapters(mappings(document.get("chapters")), duration),
        duration=duration or None,
        start_time=seconds(form.get("start_time")),
        bit_rate=whole(form.get("bit_rate")),
        size=whole(form.get("size")),
        probe_score=whole(form.get("probe_score")),
        tags=fields_of(form.get("tags")),
    )


def _stream(document: Mapping[str, Any], number: int) -> StreamFacts:
    disposition, tags = mapping(document.get("disposition")), fields_of(document.get("tags"))
    kind = _kind(document, disposition)
    side_data = mappings(document.get("side_data_list"))
    seen = kind in {"video", "cover"}
    title = tags.get("title") or (None if is_plain_handler(tags.get("handler_name")) else tags.get("handler_name"))
    index = whole(document.get("index"))
    shape = _shape(document, side_data) if seen else {}
    level = whole(document.get("level"), low=-99)
    tag = text(document.get("codec_tag_string"), 16)
    colour = Colour(
        primaries=known(document.get("color_primaries")),
        transfer=known(document.get("color_transfer")),
        space=known(document.get("color_space")),
        range=known(document.get("color_range")),
    )
    hdr, dv_profile = _hdr(colour, side_data, tag) if kind == "video" else (None, None)
    return StreamFacts(
        index=number if index is None else index,
        kind=kind,
        codec=known(document.get("codec_name")),
        codec_tag=None if tag is None or tag.startswith("[0]") else tag,
        profile=known(document.get("profile")),
        level=level if level is not None and level >= 0 else None,
        avg_rate=rate(document.get("avg_frame_rate")) if seen else None,
        real_rate=rate(document.get("r_frame_rate")) if seen else None,
        field_order=known(document.get("field_order")) if seen else None,
        pixel_format=known(document.get("pix_fmt")),
        bit_depth=_bit_depth(document, kind),
        hdr=hdr,
        dv_profile=dv_profile,
        colour=colour,
        has_b_frames=whole(document.get("has_b_frames")) if seen else None,
        frame_count=whole(document.get("nb_frames")) or whole(statistic(tags, "NUMBER_OF_FRAMES")),
        channels=whole(document.get("channels")) or None,
        channel_layout=known(document.get("channel_layout")),
        sample_rate=whole(document.get("sample_rate")) or None,
        language=normalise(tags.get("language")),
        title=title,
        is_default=flag(disposition, "default"),
        is_forced=flag(disposition, "forced"),
        is_hearing_impaired=flag(disposition, "hearing_impaired") or flag(disposition, "captions"),
        is_commentary=flag(disposition, "comment"),
        is_encrypted=tag in {"encv", "enca", "enct"} or any("ncryption" in side_type(one) for one in side_data),
        bit_rate=whole(document.get("bit_rate")) or whole(statistic(tags, "BPS")),
        start_time=seconds(document.get("start_time")),
        time_base=positive_fraction(document.get("time_base")),
        duration=seconds(document.get("duration"), low=0.0) or clock(statistic(tags, "DURATION")),
        filename=tags.get("filename"),
        mime_type=tags.get("mimetype"),
        **shape,
    )


def _kind(document: Mapping[str, Any], disposition: Mapping[str, Any]) -> StreamKind:
    kind = document.get("codec_type")
    if kind == "video" and (flag(disposition, "attached_pic") or flag(disposition, "timed_thumbnails")):
        return "cover"
    if kind == "video":
        return "video"
    if kind == "audio":
        return "audio"
    if kind == "subtitle":
        return "subtitle"
    return "attachment" if kind == "attachment" else "data"


def _shape(document: Mapping[str, Any], side_data: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Sizes and how the picture is turned."""
    width, height = whole(document.get("width")) or None, whole(document.get("height")) or None
    aspect = positive_fraction(document.get("sample_aspect_ratio"))
    if aspect is not None and not Fraction(1, 20) < aspect < 20:
        aspect = None
    rotation, is_mirrored = _rotation(document, side_data)
    shown: tuple[int | None, int | None] = (None, None)
    if width and height:
        shown = (round(width * (aspect or 1)), height)
    if rotation in {90, 270}:
        shown = (shown[1], shown[0])
    return {
        "width": width,
        "height": height,
        "sample_aspect_ratio": aspect,
        "rotation": rotation,
        "is_mirrored": is_mirrored,
        "display_width": shown[0],
        "display_height": shown[1],
    }


def _rotation(document: Mapping[str, Any], side_data: Sequence[Mapping[str, Any]]) -> tuple[int, bool]:
    """Clockwise quarter turns to show it upright, and whether it is mirrored (ISO 14496-12 display matrix)."""
    matrix = next((one for one in side_data if side_type(one) == "Display Matrix"), None)
    if matrix is not None:
        turned = number(matrix.get("rotation")) or 0.0
        return round(-turned / 90) * 90 % 360, _determinant(matrix.get("displaymatrix")) < 0
    turned = number(mapping(document.get("tags")).get("rotate")) or 0.0
    return round(turned / 90) * 90 % 360, False


def _determinant(text: Any) -> int:
    """Of the upper left 2 × 2 of ffprobe's printed display matrix; 1 when it is not there."""
    rows = re.findall(r":\s*(-?\d+)\s+(-?\d+)\s+(-?\d+)", text if isinstance(text, str) else "")
    if len(rows) < 2:
        return 1
    (a, b, _), (c, d, _) = rows[0], rows[1]
    return int(a) * int(d) - int(b) * int(c) or 1


def _hdr(colour: Colour, side_data: Sequence[Mapping[str, Any]], tag: str | None) -> tuple[Hdr | None, int | None]:
    """Dynamic range and Dolby Vision profile. Dolby Vision wins over what its base layer falls back to."""
    types = [side_type(one) for one in side_data]
    for one in side_data:
        if side_type(one).startswith("DOVI"):
            return "dv", whole(one.get("dv_profile"))
    if tag in {"dvh1", "dvhe", "dva1", "dvav", "dav1"}:
        return "dv", None
    if any("2094-40" in one or "HDR10+" in one for one in types):
        return "hdr10+", None
    if colour.transfer == "smpte2084":
        return "hdr10", None
    if colour.transfer == "arib-std-b67":
        return "hlg", None
    return None, None


def _bit_depth(document: Mapping[str, Any], kind: StreamKind) -> int | None:
    stated = whole(document.get("bits_per_raw_sample"))
    if stated:
        return stated if stated <= 64 else None
    if kind in {"video", "cover"}:
        return _depth_of(known(document.get("pix_fmt")))
    if kind == "audio":
        return whole(document.get("bits_per_sample")) or None
    return None


def _depth_of(pixel_format: str | None) -> int | None:
    """Bits per component, by the pixel format's name (`yuv420p10le`, `p010le`, `gray12`, `rgb48`)."""
    if not pixel_format:
        return None
    found = re.search(r"(?:p|gray|gbrap?|rgb|bayer_\w{4})(9|10|12|14|16)(?:le|be)?$", pixel_format)
    if found:
        return int(found[1])
    if re.match(r"p[024](10|12|16)", pixel_format):
        return int(pixel_format[2:4])
    return 16 if re.match(r"(rgb|bgr)48|(rgba|bgra)64", pixel_format) else 8


def _chapters(documents: Sequence[Mapping[str, Any]], duration: float | None) -> tuple[ChapterFacts, ...]:
    """Chapters in order, without empty, repeated and impossible ones; thousands of them mean nothing to a person."""
    end_of_file = duration if duration else MAX_SECONDS
    starts: dict[float, tuple[float | None, str | None]] = {}
    for one in documents:
        start = seconds(one.get("start_time"), low=0.0)
        if start is not None and start < end_of_file:
            title = text(mapping(one.get("tags")).get("title"))
            starts.setdefault(round(start, 3), (seconds(one.get("end_time"), low=0.0), title))
    kept: list[tuple[float, float | None, str | None]] = []
    gap = max(0.5, (duration or 0.0) / MAX_CHAPTERS) if len(starts) > MAX_CHAPTERS else 0.0
    for start, (end, title) in sorted(starts.items()):
        if not kept or start - kept[-1][0] >= gap:
            kept.append((start, end, title))
    kept = kept[:MAX_CHAPTERS]
    chapters = []
    for place, (start, end, title) in enumerate(kept):
        following = kept[place + 1][0] if place + 1 < len(kept) else duration
        if end is None or end <= start or gap:
            end = following if following is not None else start
        chapters.append(ChapterFacts(start, min(end, end_of_file), title))
    return tuple(chapters)
