"""Reading of untrusted JSON values: text is cleaned and cut, numbers must be finite and sane, lists are bounded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

TEXT_LIMIT = 400
MAX_TAGS = 64
MAX_SECONDS = 100 * 24 * 3600.0
_LARGEST = 2**63 - 1


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def mappings(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def flag(disposition: Mapping[str, Any], name: str) -> bool:
    return whole(disposition.get(name)) == 1


def side_type(side_data: Mapping[str, Any]) -> str:
    return str(side_data.get("side_data_type", ""))


_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def text(value: Any, limit: int = TEXT_LIMIT) -> str | None:
    """Clean text: no control characters, no lone surrogates, not endless; None when nothing is left."""
    if not isinstance(value, str):
        return None
    return _UNPRINTABLE.sub("", value[: limit * 4]).strip()[:limit] or None


def known(value: Any, limit: int = 64) -> str | None:
    cleaned = text(value, limit)
    return None if cleaned in {"unknown", "N/A", "reserved"} else cleaned


def is_plain_handler(name: str | None) -> bool:
    """MP4 writers put their own name where a title would stand."""
    return (
        name is None
        or re.search(r"handler|handle|\bISO Media\b|Core Media|Mainconcept|GPAC|^(soun|vide|text|sbtl)$", name, re.I)
        is not None
    )


def fields_of(value: Any) -> dict[str, str]:
    """Tags by lower-case name (ffprobe keeps the file's case), bounded; the first of equal names counts."""
    tags: dict[str, str] = {}
    for name, content in mapping(value).items():
        key, cleaned = text(name, 64), text(content)
        if key and cleaned:
            tags.setdefault(key.casefold(), cleaned)
        if len(tags) >= MAX_TAGS:
            break
    return tags


def statistic(tags: Mapping[str, str], name: str) -> str | None:
    """mkvmerge's statistics, with or without a language suffix."""
    name = name.casefold()
    return tags.get(name) or next((value for key, value in tags.items() if key.startswith(f"{name}-")), None)


def number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if abs(number) < _LARGEST else None  # NaN and infinities compare false or are too large


def whole(value: Any, *, low: int = 0) -> int | None:
    found = number(value)
    return int(found) if found is not None and found >= low else None


def seconds(value: Any, *, low: float = -MAX_SECONDS) -> float | None:
    found = number(value)
    return found if found is not None and low <= found <= MAX_SECONDS else None


def clock(text: str | None) -> float | None:
    """Seconds of `00:21:32.123000000`."""
    found = re.fullmatch(r"(\d{1,4}):(\d{1,2}):(\d{1,2}(?:\.\d+)?)", text or "")
    if not found:
        return None
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])


def positive_fraction(value: Any) -> Fraction | None:
    found = re.fullmatch(r"(\d{1,18})[/:](\d{1,18})", value) if isinstance(value, str) else None
    if not found or not int(found[1]) or not int(found[2]):
        return None
    return Fraction(int(found[1]), int(found[2]))


def rate(value: Any) -> Fraction | None:
    """Frames a second; what no film has (over 480) is a time base in disguise."""
    found = positive_fraction(value)
    return found if found is not None and found <= 480 else None
