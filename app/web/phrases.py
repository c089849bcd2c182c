"""How pages write numbers, times and names, in the visitor's language."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from math import floor

from babel import Locale, UnknownLocaleError
from flask import has_request_context, request
from flask_babel import format_date, format_decimal, get_locale

from app.web.words import gettext, ngettext

KIB = 1024
ZONE_COOKIE = "matinee_zone"


def whole_seconds(seconds: float) -> int:
    """The one rule for every time that is shown (`static/js/core/times.js` has the same): the nearest whole second."""
    return max(0, floor(seconds + 0.5))


def clock(seconds: float) -> str:
    """`4:05`, `1:03:35`."""
    whole = whole_seconds(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, second = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{second:02}" if hours else f"{minutes}:{second:02}"


def length(seconds: float | None) -> str:
    """`1 h 56 min`, `24 min`, `40 s`; empty when unknown."""
    if not seconds:
        return ""
    whole = max(1, whole_seconds(seconds))
    if whole < 60:
        return gettext("%(s)s s", s=whole)
    hours, minutes = divmod((whole + 30) // 60, 60)
    if not hours:
        return gettext("%(m)s min", m=minutes)
    return gettext("%(h)s h %(m)s min", h=hours, m=minutes) if minutes else gettext("%(h)s h", h=hours)


def number(value: float) -> str:
    """`12,840`, `8.4`."""
    return str(format_decimal(value))


def file_size(count: int | None) -> str:
    """`6.1 GB`: binary steps under the names people use."""
    if not count:
        return ""
    value = float(count)
    for unit in ("B", "KB", "MB", "GB"):
        if value < KIB:
            return f"{number(round(value, 1 if value < 10 else 0))} {unit}"
        value /= KIB
    return f"{number(round(value, 1))} TB"


def bit_rate(bits: int | None) -> str:
    """`8 Mb/s`, `192 kb/s`."""
    if not bits:
        return ""
    if bits < 1_000_000:
        return f"{number(round(bits / 1000))} kb/s"
    return f"{number(round(bits / 1_000_000, 1))} Mb/s"


def language_name(code: str | None) -> str:
    """A language in the visitor's own: `rus` → `Russian`, `русский`. What is unknown stays as it is."""
    if not code or code == "und":
        return ""
    try:
        name = Locale.parse(code.replace("_", "-"), sep="-").get_display_name(get_locale())
    except (ValueError, UnknownLocaleError):
        return code
    return name[:1].upper() + name[1:] if name else code


def day(value: date | datetime | str | None) -> str:
    """`today`, `yesterday`, else the date."""
    when = _instant(value)
    if when is None:
        return ""
    apart = (datetime.now(_zone()).date() - when.date()).days
    if apart == 0:
        return gettext("today")
    if apart == 1:
        return gettext("yesterday")
    if 1 < apart < 7:
        return ngettext("%(num)s day ago", "%(num)s days ago", apart)
    return str(format_date(when.date(), "medium"))


def moment(value: datetime | str | None) -> str:
    """`today, 18:40`."""
    when = _instant(value)
    return f"{day(when)}, {when:%H:%M}" if when else ""


def initials(name: str) -> str:
    """`AK` for `Aya Kovac`; one letter for one word."""
    letters = [part[0] for part in name.split() if part and unicodedata.category(part[0]).startswith(("L", "N"))]
    return "".join(letters[:2]).upper() or name[:1].upper()


def percent(part: float | None, whole: float | None = 1.0) -> int:
    """A share in whole per cent, 0 to 100."""
    if not part or not whole:
        return 0
    return max(0, min(100, round(100 * part / whole)))


def own_name(title: str) -> str:
    """An episode's name; empty where all that is known is its number (`S01E07`)."""
    return "" if re.fullmatch(r"S\d+E[\d.]+", title) else title


def _instant(value: date | datetime | str | None) -> datetime | None:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.astimezone(_zone())
    return datetime(value.year, value.month, value.day, tzinfo=UTC)


def _zone() -> timezone:
    """The visitor's: minutes ahead of UTC in a cookie that every page's script renews; UTC before that."""
    shown = request.cookies.get(ZONE_COOKIE, "") if has_request_context() else ""
    minutes = int(shown) if re.fullmatch(r"-?\d{1,3}", shown) else 0
    return timezone(timedelta(minutes=minutes))
