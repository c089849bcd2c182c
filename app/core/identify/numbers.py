"""Numbers that are episodes only because of where they stand: after a dash, in brackets, in front, `103`."""

from __future__ import annotations

import re

from app.core.identify import markers, names, tags
from app.core.identify.markers import RESOLUTIONS, Marker, span

_N = r"(?P<n>\d{1,4})(?P<half>\.5)?(?:\.\d)?(?:[\s_]?v\d|[a-c])?"
_LAST = r"(?:(?:[-+&]|[\s_.]*~[\s_.]*)(?P<last>\d{1,4})(?:v\d)?)?"
_STOP = (
    r"(?=[\s_.]*(?:$|[\[(（【\]]|[-–—][\s_.])|[\s_.]+(?:end|fin(?:al)?|完|ova|oad|special|vostfr|raw|dvd|bd|"
    r"tv|web|hd|multi|dual|eng?|ger|german|english|french|uncensored|rus|\d{3,4}p)\b|[\s_]*完)"
)
_DASH = re.compile(
    rf"(?:[\s_\].)!?]|(?<=[^\W\d_]))[-–—][\s_.]*(?:#|no\.?\s?)?{_N}{_LAST}(?!\d|p\b|[xX]\d|\s*(?:st|nd|rd|th)\b|[-.]\w){_STOP}",
    re.IGNORECASE,
)
_DASH_WEAK = re.compile(_DASH.pattern.removesuffix(_STOP) + r"(?=[\s_]+\S)", re.IGNORECASE)
_HASH = re.compile(r"(?<=[\s_.])#(?P<n>\d{1,4})(?P<half>\.5)?(?:-(?P<last>\d{1,4}))?(?=[\s_.]|$)")
_BRACKET = re.compile(
    r"[\[(（【](?:ep?\.?\s?|第)?(?P<n>\d{1,4})(?P<half>\.5)?(?:v\d)?(?:\s?[-~]\s?(?P<last>\d{1,4}))?[\s_.]?(?:\+[^\])]*)?(?:話|话|集|完|fin|end|tv|v\d)*[\])）】]",
    re.IGNORECASE,
)
_TRAILING = re.compile(
    rf"(?<=[\s_.\-\]])(?P<n>\d{{2,4}}|\d(?=-\d{{2,4}}(?!\d)))(?P<half>\.5)?(?:v\d|[a-c])?{_LAST}(?=[\s_.]*(?:$|[\[(（【]|[\s_]*(?:-[\s_]|end|fin|完|ova|oad|vostfr|(?:720|1080|480)p)))",
    re.IGNORECASE,
)
_SPLIT = re.compile(r"(?<=[\s._\-])0?(?P<season>[1-9]\d?)(?P<episode>[0-9]\d)(?P<letter>[a-c])?(?![A-Za-z0-9])")
_SIX = re.compile(r"(?<![\dA-Za-z])0?(?P<season>[1-9]\d?)(?P<one>\d\d)(?P<two>\d\d)(?![\dA-Za-z])")
_LEADING = re.compile(
    r"^[\s\[(]*(?P<n>\d{1,4})(?P<half>\.5)?(?:v\d)?(?:[\s_]*[-+][\s_]*(?P<last>\d{2,4})(?=[\s_.\-]))?(?P<sep>[\])]*(?:[\s._]*[-–][\s._]*|\.\s+|[\s._]+|$))"
)
_PAIR = re.compile(r"^[\s\[(]*(?P<season>\d{1,2})[-.](?P<episode>\d{2})(?!\d)(?=[\s_.\-\])]|$)")
_MIDDLE = re.compile(r"(?<=[^\d][\s._])(?P<n>\d{1,3})(?P<version>v\d)?(?=[\s._])")
_COUNTED = re.compile(
    r"(?:[\s._]+|[\s._]*-[\s._]*|[\s._]*\()(?P<n>\d{2,4})(?:-(?P<last>\d{2,4}))?\)?(?=[\s._]*$|[\s._]+-[\s._]|[\s._]*\[)"
)
_COUNTED_FRONT = re.compile(r"(?<=[\s._])(?P<n>\d{2,4})-(?P<last>\d{2,4})[\s._\-]+$")
_VOLUME = re.compile(r"(?<![a-z])vol(?:ume)?[\s_.]*$", re.IGNORECASE)
_TAIL_PAIR = re.compile(
    r"(?<=[A-Za-z][-_ ])(?P<season>\d{1,2})[_.](?P<episode>\d{2})(?=$|[\s._]*(?:serya|ser|web|\())"
    r"|(?<=\w-)(?P<s2>\d{2})_(?P<e2>\d{2})(?=[\s._\-])",
    re.IGNORECASE,
)


def _marker(match: re.Match[str], rule: str, *, shift: int = 0, title_after: bool = False) -> Marker:
    first: int | float = int(match["n"])
    found = match.groupdict()
    if found.get("half"):
        first = first + 0.5
    last = found.get("last")
    episodes = span(first, int(last)) if last and int(last) > first else (first,)
    return Marker(
        shift + match.start(),
        shift + match.end(),
        None,
        episodes,
        certain=False,
        counted=True,
        rule=rule,
        title_after=title_after,
    )


def _plausible(match: re.Match[str], text: str) -> bool:
    number = int(match["n"])
    if number in RESOLUTIONS and text[match.end("n") : match.end("n") + 1].lower() in {"p", "i"}:
        return False
    return not (1930 <= number <= 2049 and len(match["n"]) == 4 and not match.groupdict().get("last"))


def after_season(stem: str) -> Marker | None:
    """`Season 2 - 10`, `2nd Season 24`, `S3 - 12`, `S01 04`?: a number right behind the season."""
    for season in markers.seasons(stem):
        match = re.compile(
            rf"[\s_.\]]*(?:-[\s_.]*part[\s_.]*\d[\s_.]*)?(?:[-–—\]][\s_.\[]*|[\s_.]+(?=\d{{2,3}}[\s_.]*(?:$|[\[(])))(?:ep?\.?)?{_N}{_LAST}(?!\d|p\b|[xX]\d|[^\W_])(?:{_STOP}|(?=[\s_]+\S))",
            re.IGNORECASE,
        ).match(stem, season.end)
        if match and season.rule == "season" and not re.match(r"[\s_.\]]*[-–—\]]", match[0]):
            continue
        if match and _plausible(match, stem) and not re.search(r"[-–,&+]", stem[season.start : season.end]):
            found = _marker(match, "number after the season")
            return Marker(season.start, match.end(), season.season, found.episodes, certain=False, rule=found.rule)
    return None


def fansub(stem: str) -> Marker | None:
    """The conventions of anime groups: after a dash, in brackets, at the end of the title."""
    skip = len(stem) - len(names.strip_group(stem))
    text = stem[skip:]
    limit = tags.first_hard(text) if tags.first_hard(text) > 0 else len(text)
    rules = [
        (_HASH, "#1"),
        (_DASH, "number after a dash"),
        (_TRAILING, "number at the end"),
        (_BRACKET, "number in brackets"),
    ]
    rules.insert(3, (_DASH_WEAK, "number after a dash"))
    if text.startswith(("[", "【")):
        rules.insert(0, rules.pop())
    for pattern, rule in rules:
        for match in pattern.finditer(text):
            if not _plausible(match, text) or match.start() == 0:
                continue
            if _VOLUME.search(text[: match.start("n")]):
                continue
            spaced = pattern is _DASH and match[0][0] in " _." and match[0][2:3] in " _."
            if pattern is _TRAILING and not re.search(r"[^\W\d_]", text[: match.start()]):
                continue
            if not spaced and match.start("n") > limit + (12 if pattern is _BRACKET else 0):
                continue
            return _marker(match, rule, shift=skip)
    return None


def counted_beside(stem: str, marker: Marker) -> tuple[tuple[int | float, ...], int]:
    """The numbers through the whole show that a name states too (`S16E03-05 - 313-315`), and where they end.

    Empty, and the marker's own end, where nothing of that sort stands behind it or in front.
    """
    behind = _COUNTED.match(stem, marker.end)
    if behind is not None and (found := _counted(behind, marker)):
        return found, behind.end()
    front = next((m for m in _COUNTED_FRONT.finditer(stem[: marker.start]) if _counted(m, marker)), None)
    return (_counted(front, marker) if front is not None else ()), marker.end


def _counted(match: re.Match[str], marker: Marker) -> tuple[int | float, ...]:
    """As many as there are episodes, and further on than they are; a picture's size and a year are neither."""
    first, last = int(match["n"]), int(match["last"] or match["n"])
    if first in RESOLUTIONS or (len(match["n"]) == 4 and 1930 <= first <= 2049):
        return ()
    numbers = span(first, last) if last >= first else ()
    return numbers if len(numbers) == len(marker.episodes) and first > marker.episodes[0] else ()


def after_folder_title(stem: str, title: str, season: int | None) -> Marker | None:
    """The file's name begins with the show's, as its folder gives it; what follows is the number."""
    width = _prefix(stem, title)
    if width is None:
        return None
    rest = stem[width:]
    match = re.match(
        r"^[\s._\-]+(?P<n>\d{1,4})(?:v\d)?(?![\dp])(?:[\s._]*[-+][\s._]*(?P<last>\d{2,4})(?![\dp]))?(?=[\s._\-\[(]|$)",
        rest,
    )
    if match is None or not _plausible(match, rest):
        return None
    if season is None and len(match["n"]) == 3 and match["n"][0] != "0" and "-" in match[0]:
        return None  # 110 reads as season 1, episode 10 where no folder says otherwise
    split = by_season(match["n"], season)
    if split is not None and match["last"] is None:
        return Marker(
            width, width + match.end(), split[0], (split[1],), certain=False, rule="number behind the show's name"
        )
    return _marker(match, "number behind the show's name", shift=width)


def _prefix(stem: str, title: str) -> int | None:
    """How much of the name spells the title (punctuation aside), or None."""
    want, at = names.fold(title), 0
    for index, char in enumerate(stem):
        folded = names.fold(char)
        if not folded:
            continue
        if not want.startswith(folded, at):
            return None
        at += len(folded)
        if at == len(want):
            return index + 1
    return None


def by_season(digits: str, season: int | None) -> tuple[int, int] | None:
    """`106` in season 1 is its sixth; `0106` too."""
    if season is None or len(digits) < 3:
        return None
    head, tail = int(digits[:-2]), int(digits[-2:])
    return (season, tail) if head == season else None


_SPECIAL = re.compile(r"(?<=[\s_.\-])(?:SP|Specials?[\s_.]*)(?P<n>\d{1,2})(?=[\s_.]*(?:$|[\[(]|-\s)|v\d)")


def special(stem: str) -> Marker | None:
    """`SP01`, `Special 1`: among the specials."""
    match = _SPECIAL.search(stem)
    return None if match is None else Marker(match.start(), match.end(), 0, (int(match["n"]),), rule="SP01")


def hashed(stem: str) -> Marker | None:
    """`#17`."""
    match = _HASH.search(stem)
    return _marker(match, "#1") if match else None


def six(stem: str) -> Marker | None:
    """`010910`: season 1, episodes 9 and 10."""
    for match in _SIX.finditer(stem):
        one, two = int(match["one"]), int(match["two"])
        if match.start() > 0 and two == one + 1 and (match[0].startswith("0") or len(match[0]) == 5):
            return Marker(match.start(), match.end(), int(match["season"]), (one, two), certain=False, rule="010203")
    return None


def split_number(stem: str, season: int | None) -> Marker | None:
    """A bare `103` or `1003` with words around it: season and episode, as scene groups once wrote it."""
    hard = tags.first_hard(stem)
    for match in _SPLIT.finditer(stem):
        whole = int(match["season"] + match["episode"])
        if match["letter"] or re.match(r"[\s._]+vostfr", stem[match.end() :], re.IGNORECASE):
            return Marker(match.start(), match.end(), season, (whole,), certain=False, counted=True, rule="number")
        if whole in RESOLUTIONS or 1900 <= whole <= 2049 or not re.search(r"[^\W\d_]", stem[: match.start()]):
            continue
        if match[0].startswith("0") and len(match[0].rstrip("abc")) == 3:
            return None
        if season is not None and int(match["season"]) != season:
            return Marker(match.start(), match.end(), season, (whole,), certain=False, rule="number")
        if match.start() > hard and match.end() != len(stem):
            return None
        first = int(match["episode"])
        if first == 0 and int(match["season"]) < 10:
            continue
        end, episodes = match.end(), [first]
        while more := re.match(rf"[\s._\-]{match['season']}(\d\d)(?![\w])", stem[end:]):
            episodes.append(int(more[1]))
            end += more.end()
        return Marker(match.start(), end, int(match["season"]), tuple(episodes), certain=False, rule="102")
    return None


def pair(stem: str, season: int | None) -> Marker | None:
    """`4-13 Name` in front, `Name-11_06` at the end."""
    match = _PAIR.match(stem) or _TAIL_PAIR.search(stem)
    if match is None:
        return None
    found = match.groupdict()
    said, episode = int(found["season"] or found["s2"]), int(found["episode"] or found["e2"])
    if said == 0 or season not in (None, said):
        return None
    return Marker(match.start(), match.end(), said, (episode,), certain=False, rule="1-02")


def leading(stem: str, season: int | None, *, in_show: bool = False, dash: bool = False) -> Marker | None:
    """`02 - Name`, `003. Show - Name`, `12`: the number comes first."""
    text = stem[len(stem) - len(names.strip_group(stem)) :]
    shift = len(stem) - len(text)
    match = _LEADING.match(text)
    if (
        match is None
        or not _plausible(match, text)
        or re.fullmatch(r"[\s._]*[\[(](?:19|20)\d\d[\])]", text[match.end("n") :])
    ):
        return None
    dashed = bool(re.search(r"[-–]|\.\s|^$", match["sep"])) or match.end() == len(text)
    if dash and " - " not in match["sep"]:
        return None
    if season is None and not dashed and not (match["n"][0] == "0" and len(match["n"]) > 1) and not in_show:
        return None
    split = by_season(match["n"], season)
    if split is not None:
        return Marker(shift, shift + match.end(), split[0], (split[1],), certain=False, rule="number in front")
    found = _marker(match, "number in front", title_after=True)
    return Marker(
        0, shift + match.end(), None, found.episodes, certain=False, counted=True, rule=found.rule, title_after=True
    )


def middle(stem: str) -> Marker | None:
    """`Name.13.HDTV`, `Name.05.Title`: a number between words, the last resort."""
    hard = tags.first_hard(stem)
    for match in _MIDDLE.finditer(stem, max(1, len(stem) - len(names.strip_group(stem)))):
        if (
            match.start() < hard
            and _plausible(match, stem)
            and (len(match["n"]) > 1 or match["version"])
            and re.search(r"[^\W\d_]", stem[: match.start()])
            and not _VOLUME.search(stem[: match.start()])
        ):
            return _marker(match, "number in the middle")
    tail = re.search(r"(?<=[\s._])(?P<n>\d{2,4})$", stem)
    if tail and _plausible(tail, stem):
        return _marker(tail, "number at the end")
    return None
