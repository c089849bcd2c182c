"""Where a name says which episode, season or day it is.

Each rule is one convention of the field; the first rule that fits wins, so they stand from the unmistakable (`S01E02`)
to what only the library's kind makes likely (`103`, a number after a dash).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

Number = int | float


@dataclass(frozen=True, slots=True)
class Marker:
    """A place in a name (`start`..`end`) and what it says. `certain`: this can hardly be part of a title.

    `absolute` is set where the name states a number through the whole show; `counted` says that `episodes` come from a
    rule that cannot tell a number within the season from an absolute one.
    """

    start: int
    end: int
    season: int | None = None
    episodes: tuple[Number, ...] = ()
    absolute: tuple[Number, ...] = ()
    date: str | None = None
    certain: bool = True
    counted: bool = False
    rule: str = ""
    title_after: bool = False
    """The title stands behind the marker, not in front of it."""


MAX_RANGE = 2000
SEASON_WORD = (
    r"(?:seasons?|seasong|saisons?|staffel|temporadas?|temp|tem|stagione|stagioni|seizoen|s[äa]song|kausi|"
    r"sezon(?:a|ul|y)?|sez[oó]na|s[eé]rie|сезоны?|시즌|シーズン|sæson|sesong|évad|livre|sn)"
)
EPISODE_WORD = (
    r"(?:episodes?|épisodes?|episod(?:io|ul|e)?|episódios?|epis?|eps?|folgen?|cap(?:[ií]tulos?)?|эпизоды?|выпуск|"
    r"сери[яийі]|серії|сер|aflevering|afl|avsnitt|jakso|odcinek|b[öo]l[üu]m|e)"
)
ROMAN = {
    "i": 1,
    "ii": 2,
    "iii": 3,
    "iv": 4,
    "v": 5,
    "vi": 6,
    "vii": 7,
    "viii": 8,
    "ix": 9,
    "x": 10,
    "xi": 11,
    "xii": 12,
}
ORDINAL = r"(?:st|nd|rd|th|ª|º|°|ер|й|-й)"
SEP = r"[\s._\-]*"
RESOLUTIONS = frozenset((264, 265, 480, 540, 576, 720, 1080, 1440, 2160, 4320))


def _c(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def span(first: Number, last: Number) -> tuple[Number, ...]:
    """All whole numbers from first to last; the two alone where that would not be a range of episodes."""
    if first == last:
        return (first,)
    if isinstance(first, int) and isinstance(last, int) and first < last <= first + MAX_RANGE:
        return tuple(range(first, last + 1))
    return (first, last) if last > first else (first,)


# What may follow the first number: `E02`, `-E02`, `+02`, `-02` (glued, same width), ` à E12`, `x03`, ` - 1x03`.
_MORE = _c(
    r"(?P<dash>[\s._]*(?:-|~|–|à|to|&|\+|,|_)?[\s._]*)"
    r"(?:(?P<mark>(?:s\d{1,4}[\s._x-]*)?(?:e|ep)[\s._]?|\d{1,4}x|x(?!26[45]))(?P<number>\d{1,5})|(?P<bare>\d{1,5}))"
    r"(?![\dpi]|\.\d(?![\dx])|[\s._]?(?:gb|mb)\b)"
)


def following(name: str, at: int, width: int, first: int) -> tuple[tuple[int, ...], int]:
    """The further episodes that stand right behind the first number, and where they end."""
    numbers, end, ranged = [first], at, False
    while match := _MORE.match(name, end):
        joint = match["dash"].strip(" ._").lower()
        if match["bare"] is not None:
            glued = not re.search(r"[\s.]", match["dash"]) and match["dash"] != ""
            near = joint == "-" and int(match["bare"]) == numbers[-1] + 1
            if not glued or joint not in {"-", "~", "–", "+", "&", ""} or (len(match["bare"]) != width and not near):
                break
            if joint == "" and "_" not in match["dash"]:
                break
        number = int(match["number"] or match["bare"])
        if number <= numbers[-1] or number > numbers[-1] + MAX_RANGE:
            break
        numbers.append(number)
        ranged = ranged or joint in {"-", "~", "–", "à", "to"}
        end = match.end()
    if len(numbers) == 2 and ranged:
        return tuple(range(numbers[0], numbers[1] + 1)), end
    return tuple(numbers), end


_SXXEXX = _c(
    r"(?:(?<![a-z0-9])(?:s|sn|t(?=\d\d?[\s._]?e\d)|season|saison|staffel)[\s._]?|(?<=[a-z])s(?=\d\dx?e\d\d))"
    r"(?P<season>\d{1,4})(?:[\s._\-x\[(]*(?:episode|ep|é?pisode|e)[\s._\-(]*|[\s._\-]*x(?=\d\d(?!\d))|\.(?=\d\d(?![\dA-Za-z])))(?P<episode>\d{1,5})(?P<half>\.5)?"
)
_NXM = _c(r"(?<![^\W_])\[?(?P<season>\d{1,2}|19\d\d|20\d\d)[\s._]?[xх](?P<episode>\d{1,4})(?![\dp])")
_NXM_GLUED = _c(r"(?<=[a-z])(?P<season>\d{1,2})x(?P<episode>\d{2})(?!\d)")
_NEM = _c(r"(?<![a-z0-9])(?P<season>\d{1,2})e(?P<episode>\d{2,3})(?!\d)")
_SEASON_EPISODE = _c(
    rf"(?<![^\W\d_])(?:{SEASON_WORD}|se)[\s._:\-]*(?P<season>\d{{1,4}})[\s._,:;\-–_/()\[\]]*{EPISODE_WORD}[\s._:\-]*(?P<episode>\d{{1,5}})"
    r"(?:[\s._]*(?:-|–|~|по|to)[\s._]*(?P<last>\d{1,4}))?(?:\s*(?:of|из|iz)\s*\d+)?"
)
_SEASON_OF = _c(
    rf"(?<![^\W\d_]){SEASON_WORD}[\s._:\-]*(?P<season>\d{{1,4}})(?:of\d+)?[\s._,:;\-–/()\[\]]+(?P<episode>\d{{1,4}})[\s._]*of[\s._]*\d{{1,4}}"
)
_EPISODE_OF_SEASON = _c(
    rf"(?<![^\W_])(?P<season>\d{{1,3}}){ORDINAL}?[\s._\-]*(?:сезон|sezon|sez|season|temporada|évad)\w*[\s._,:\-/()]*(?P<episode>\d{{1,4}})[\s._\-]*(?:серия|серии|сер|ser(?:ya|ia|ija)?|b[öo]l[üu]m|bolum|rész)"
)
_SERIES_PART = _c(
    r"(?<![a-z])series[\s._]*(?P<season>\d{1,2})[\s._]*(?:part|episode|ep)[\s._]*(?P<episode>\d{1,3})(?!\d)"
)
_CAP = _c(
    r"\[?(?<![a-z])cap(?:[ií]tulos?)?[\s._]*(?P<season>\d{1,2})(?P<episode>\d{2})(?:[\s._]*[-_][\s._]*(?:\d{1,2})?(?P<last>\d{2}))?(?!\d)\]?"
)
_BRACKET_DOT = _c(r"\[(?:(?=\d+\.)|s(?=\d+-))(?P<season>\d{1,2})[.\-](?P<episode>\d{2,3})\]")
_EP = _c(
    rf"(?<![^\W\d_]){EPISODE_WORD}[\s._:\-(]*(?P<episode>\d{{1,5}})(?P<half>\.5)?(?:v\d)?(?!\d|[a-z]\d)"
    rf"(?:[\s._]*(?:-|–|~|to)[\s._]*(?:{EPISODE_WORD}[\s._]*)?(?P<last>\d{{1,5}})(?!\d|[pi]\b))?(?:\s*(?:of|из)\s*\d+)?"
)
_EP_AFTER = _c(
    r"(?:第|(?<![^\W_]))(?P<episode>\d{1,4})[\s._]*\.?[\s._]*(?:серия|серии|сер\.|b[öo]l[üu]m|화|회|話|话|集|ser(?:ya|ia|iya)(?![a-z]))"
)
_OF = _c(r"(?<![\w])(?<!season[\s._])(?P<episode>\d{1,3})[\s._]*(?:of|из|iz)[\s._]*(?P<total>\d{1,4})(?![\w])")
_PART = _c(
    r"(?<![a-z])(?:part|pt|teil)[\s._]*(?:(?P<episode>\d{1,2})(?!\d)|(?P<word>one|two|three|four|five|six|seven|eight|nine|ten)(?![a-z]))"
)
_WORDS = {
    w: n for n, w in enumerate(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"], 1)
}

_SEASONS = _c(
    rf"(?<![^\W\d_])(?:(?:all[\s._]+)?{SEASON_WORD}[\s._:\-]*s?|s|series[\s._]+(?=\d{{1,2}}(?!\d)))(?P<season>\d{{1,4}})"
    r"(?P<more>(?:(?:[-–~]|[\s._]*(?:[-–~&+,/]|and|to|и|&amp;)[\s._]*(?:season[\s._]*|s)|[\s._]*(?:[~&+,]|and|to|и|&amp;)[\s._]*)\d{1,4}(?!\d|[^\W_]|[\s._]?(?:gb|mb)))*(?:\s+s\d{1,2}(?=[\s(]))*)"
    r"(?:of\d{1,2}|d\d{1,2}(?:[-&\d]*)|[\s._]*disc[\s._]*\d+)?(?=extras|[^\w]|_|$)"
)
_SEASON_BEFORE = _c(
    rf"(?<![^\W_])(?P<season>\d{{1,2}}){ORDINAL}?[\s._\-]*(?:сезон|season|temporada|sezon|stagione|évad|saison|staffel)(?![^\W\d_])(?![\s._]*\d{{1,2}}(?!\d))"
)
_SEASON_ORDINAL = _c(
    rf"(?<![^\W_])(?P<season>\d{{1,2}}){ORDINAL}[\s._\-]*(?:сезон|season|temporada|sezon|stagione)(?![^\W\d_])"
)
_SEASON_ROMAN = _c(r"(?<![^\W\d_])(?:season|saison|staffel|livre)[\s._]+(?P<season>[ivx]{1,4})(?![^\W_])")
_SEASON_ALL = _c(r"(?<![\w])(?P<season>\d{1,2})xall(?![a-z])")
_SEASON_CJK = _c(r"第\s?(?P<season>\d{1,2}|[一二三四五六七八九十])\s?[季期]")
_CJK_DIGITS = {c: n for n, c in enumerate("一二三四五六七八九十", 1)}

_ISO_DATE = _c(r"(?<!\d)(?P<y>19[3-9]\d|20[0-4]\d)(?P<s>[\s._\-/年])(?P<m>[01]?\d)(?:(?P=s)|月)(?P<d>[0-3]?\d)(?!\d)")
_DMY_DATE = _c(r"(?<!\d)(?P<d>[0-3]\d)[\s._\-/](?P<m>[0-3]\d)[\s._\-/](?P<y>19[3-9]\d|20[0-4]\d)(?!\d)")
_NAMED_DATE = _c(
    r"(?<!\d)(?P<d>[0-3]?\d)(?:st|nd|rd|th)?[\s._\-]+(?P<mon>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[\s._\-,]+(?P<y>19[3-9]\d|20[0-4]\d)(?!\d)"
)
_MDY_DATE = _c(
    r"(?<![a-z])(?P<mon>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[\s._\-]+(?P<d>[0-3]?\d)(?:st|nd|rd|th)?"
    r"[\s._\-,]+(?P<y>19[3-9]\d|20[0-4]\d)(?!\d)"
)
_COMPACT = _c(
    r"(?<![\dA-Za-z])(?P<y>(?:19[3-9]|20[0-4])\d|\d\d)(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])(?![\dA-Za-z])"
)
_SHORT_DATE = _c(r"(?<!\d)(?P<y>\d\d)[.\-](?P<m>0[1-9]|1[0-2])[.\-](?P<d>0[1-9]|[12]\d|3[01])(?!\d)")
_SHORT_DMY = _c(r"(?<!\d)(?P<d>0[1-9]|[12]\d|3[01])[.](?P<m>0[1-9]|1[0-2])[.](?P<y>\d\d)(?!\d)")
_MONTHS = {
    m: n for n, m in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}


def _episodes(name: str, match: re.Match[str]) -> tuple[tuple[Number, ...], int]:
    first = int(match["episode"])
    if match.groupdict().get("half"):
        return (first + 0.5,), match.end()
    last = match.groupdict().get("last")
    if last is not None and int(last) > first:
        return span(first, int(last)), match.end()
    return following(name, match.end(), len(match["episode"]), first)


def _seasonal(pattern: re.Pattern[str], rule: str) -> Callable[[str], Iterator[Marker]]:
    def find(name: str) -> Iterator[Marker]:
        for match in pattern.finditer(name):
            episodes, end = _episodes(name, match)
            yield Marker(match.start(), end, int(match["season"]), episodes, rule=rule)

    return find


def _nxm(name: str) -> Iterator[Marker]:
    for match in _NXM.finditer(name):
        if int(match["episode"]) in RESOLUTIONS or (int(match["season"]) > 100 and int(match["episode"]) > 400):
            continue
        numbers, end = _episodes(name, match)
        yield Marker(match.start(), end, int(match["season"]), numbers, rule="1x02")


def _cap(name: str) -> Iterator[Marker]:
    for match in _CAP.finditer(name):
        first = int(match["episode"])
        last = int(match["last"]) if match["last"] else first
        yield Marker(match.start(), match.end(), int(match["season"]), span(first, last), rule="Cap.102")


def _episode_only(name: str) -> Iterator[Marker]:
    for match in _EP.finditer(name):
        numbers, end = _episodes(name, match)
        yield Marker(match.start(), end, None, numbers, rule="E02")
    for match in _EP_AFTER.finditer(name):
        yield Marker(match.start(), match.end(), None, (int(match["episode"]),), rule="2-я серия")


def _of(name: str) -> Iterator[Marker]:
    for match in _OF.finditer(name):
        number, total = int(match["episode"]), int(match["total"])
        if not 0 < number <= total:
            continue
        whole = number == total > 1 and "из" in match[0]
        yield Marker(match.start(), match.end(), None, span(1, total) if whole else (number,), rule="1 of 6")


def _part(name: str) -> Iterator[Marker]:
    for match in _PART.finditer(name):
        number = _WORDS[match["word"].lower()] if match["word"] else int(match["episode"])
        yield Marker(match.start(), match.end(), None, (number,), certain=False, rule="Part 1")


def _valid(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def dates(name: str) -> Iterator[Marker]:
    """Days, certain ones first: year first, day first, with a month's name, `20161024`, `140722`."""
    for pattern in (_ISO_DATE, _DMY_DATE, _NAMED_DATE, _MDY_DATE, _COMPACT, _SHORT_DATE, _SHORT_DMY):
        for match in pattern.finditer(name):
            found = match.groupdict()
            year, day = int(found["y"]), int(found["d"])
            month = _MONTHS[found["mon"].lower()] if "mon" in found else int(found["m"])
            if year < 100:
                year += 2000 if year < 45 else 1900
            when = _valid(year, month, day) or _valid(year, day, month)
            if when is not None:
                certain = pattern not in (_COMPACT, _SHORT_DATE, _SHORT_DMY)
                yield Marker(match.start(), match.end(), date=when.isoformat(), certain=certain, rule="date")


def seasons(name: str) -> Iterator[Marker]:
    """A season without an episode."""
    for match in _SEASON_ALL.finditer(name):
        yield Marker(match.start(), match.end(), int(match["season"]), rule="1xAll")
    for match in _SEASON_ORDINAL.finditer(name):
        yield Marker(match.start(), match.end(), int(match["season"]), rule="season by word")
    for match in _SEASONS.finditer(name):
        rule = "season" if match[0][:1] in "sS" and match[0][1:2].isdigit() else "season by word"
        yield Marker(match.start(), match.end(), int(match["season"]), rule=rule)
    for match in _SEASON_BEFORE.finditer(name):
        yield Marker(match.start(), match.end(), int(match["season"]), rule="season")
    for match in _SEASON_ROMAN.finditer(name):
        number = ROMAN.get(match["season"].lower())
        if number is not None:
            yield Marker(match.start(), match.end(), number, rule="season")
    for match in _SEASON_CJK.finditer(name):
        found = match["season"]
        yield Marker(match.start(), match.end(), _CJK_DIGITS.get(found) or int(found), rule="season")


CERTAIN: tuple[Callable[[str], Iterator[Marker]], ...] = (
    _seasonal(_SXXEXX, "S01E02"),
    _nxm,
    _cap,
    _seasonal(_EPISODE_OF_SEASON, "episode of season"),
    _seasonal(_SEASON_EPISODE, "season and episode"),
    _seasonal(_SEASON_OF, "season, 1 of 6"),
    _seasonal(_SERIES_PART, "series and part"),
    _seasonal(_NXM_GLUED, "1x02"),
    _seasonal(_NEM, "1e02"),
    _seasonal(_BRACKET_DOT, "[1.02]"),
)
"""A season and an episode."""


def certain(name: str) -> Marker | None:
    """The first unmistakable season-and-episode marker."""
    for rule in CERTAIN:
        for marker in rule(name):
            return marker
    return None


def numbered(name: str) -> Marker | None:
    """An episode's number by name (`Ep 3`, `3 of 6`, `Part 1`), without a season."""
    for rule in (_of, _episode_only):
        found = min(rule(name), key=lambda marker: marker.start, default=None)
        if found is not None:
            return found
    return None


def parts(name: str) -> Marker | None:
    """`Part 1`, which is an episode only where nothing better is said."""
    return next(_part(name), None)
