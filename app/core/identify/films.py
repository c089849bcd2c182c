"""Films: the title is what stands before the year or the first word of the release's description."""

from __future__ import annotations

import itertools
import re
import unicodedata
from dataclasses import dataclass, replace

from app.core.identify import markers, names, tags
from app.core.identify.names import Named
from app.core.identify.values import Identification

_PART = re.compile(
    r"(?<![A-Za-z0-9])(?:cd|dvd|disc|disk|part|pt)[\s._\-]*(?P<number>\d{1,2}|[a-d](?![a-z]))(?:[\s._]*of[\s._]*\d+)?(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_CD = re.compile(r"(?<![A-Za-z0-9])(?:(?:cd|disc|disk)[\s._\-]*\d(?!\d)|\d[\s._]?cds?)(?![A-Za-z0-9])", re.IGNORECASE)
_LANGUAGE_CODE = re.compile(r"^(?:Fr|En|De|It|Es|Ru)\s+-\s+(?=\S)|(?<=\S)\s+-\s+(?:FR|EN|DE|IT|ES|RU|VF|VO|VOSTFR)\s*$")
_COLLECTION = re.compile(
    r"[\s._]+(?:complete[\s._]+)?(?:complete|collection|trilogy|quadrilogy|anthology|box[\s._]?set)$", re.IGNORECASE
)
_COMPLETE_COLLECTION = re.compile(
    r"[\s._]+(?:complete[\s._]+(?:series|saga)|(?:complete[\s._]+)?collection)[\s._]*$", re.IGNORECASE
)
ALTERNATIVE = re.compile(
    r"(?<!\bor)(?<!\bof)(?<!\bthe)(?<!\band)[\s._]+\(([^\W\d_][^()]*[\s._][^()]*)\)[\s._\-]*$", re.IGNORECASE
)
_AKA = re.compile(r"[\s._]+(?:\(|\[)?(?:a\.?k\.?a\.?)[\s._]+", re.IGNORECASE)
_NUMBERED_EXTRA = re.compile(r"[\s_\-]*-?x\d{2}-.*$", re.IGNORECASE)
_SHOW = re.compile(
    r"[\s._\-]\d{1,2}x\d{2}(?=[\s._\-])|[\s._]S\d\d(?:-S?\d\d)?[\s._]+(?=\d{3,4}p|complete|web|blu|hdtv)|(?:^|[\s._])Season[\s._]\d{1,2}(?!\d)|[\s._]E\d\d(?:[-~]E?\d\d)?[\s._]"
)
_FANSUB = re.compile(
    r"^\[[^\[\]]+\](?!.*(?<!\d)(?:19|20)\d\d(?!\d)).*(?:[\s_]-[\s_]\d{2,4}(?:v\d)?[\s_]*[\[(]|\[\d{2,3}(?:-\d{2,3})?(?:v\d)?\])"
)
_SAGA = re.compile(r"^.*?-f\d{2}-", re.IGNORECASE)
_FORMAT_PREFIX = re.compile(r"^[\s\[(]*(?:h\W?26[45]|x26[45]|hevc)[\s\-–]*(?:hevc)?[\s\])\-–]*", re.IGNORECASE)
FOLDER_NAMES = "the folder names the film"
GENERIC = frozenset(
    [
        "movie",
        "movies",
        "film",
        "films",
        "series",
        "serien",
        "shows",
        "show",
        "tv",
        "tvshows",
        "anime",
        "animes",
        "cartoons",
        "kids",
        "media",
        "mnt",
        "videos",
        "video",
        "home",
        "library",
        "libraries",
        "downloads",
        "download",
        "complete",
        "completed",
        "incoming",
        "unsorted",
        "new",
        "torrents",
        "torrent",
        "usenet",
        "data",
        "server",
        "drive",
        "disk",
        "share",
        "shares",
        "volume1",
        "nas",
        "storage",
        "public",
        "users",
        "var",
        "srv",
        "medias",
        "documentaries",
        "tvdrop",
        "фильмы",
        "сериалы",
        "аниме",
        "мультфильмы",
        "кино",
    ]
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A title read off one name, with what makes it likely."""

    title: str | None
    year: int | None
    tagged: bool
    part: int | None = None
    bracketed_year: bool = False


def show_kind(stem: str) -> str | None:
    """`shows` or `anime` for a name that is an episode whatever the library is called, else None."""
    if _FANSUB.match(stem):
        return "anime"
    marker = markers.certain(stem)
    said = marker is not None and marker.rule in {"S01E02", "season and episode"}
    return "shows" if said or _SHOW.search(stem) else None


def read(named: Named, stem: str) -> Identification:
    """The film a path names; `none` where nothing in it does."""
    own = read_name(stem)
    parent = _folder(named)
    reasons = ["the title stands in the file's name"]
    chosen = own
    if _folder_knows_better(own, parent, stem):
        chosen = replace(parent, part=own.part) if parent else own
        reasons = [FOLDER_NAMES]
    elif parent is not None and own.year is None and parent.year is not None and _same_work(own, parent):
        chosen = replace(own, year=parent.year)
        reasons.append("the year stands in the folder's name")
    is_number = named.extension is not None and stem.isdigit() and len(stem) < 5  # 300, 1917, 2046
    if not chosen.title or (names.is_meaningless(stem) and chosen is own and not is_number):
        return Identification(path="", kind="none", reasons=("nothing in the path reads like a title",))
    if not _is_evidence(chosen, named):
        return Identification(path="", kind="none", reasons=("only words, shouted",))
    if chosen.year:
        reasons.append("a year follows the title")
    return Identification(
        path="",
        kind="movie",
        title=chosen.title,
        year=chosen.year,
        part=chosen.part,
        confidence=_confidence(chosen),
        reasons=tuple(reasons),
    )


def _confidence(reading: Reading) -> float:
    if reading.bracketed_year:
        return 0.95
    if reading.year:
        return 0.9
    return 0.7 if reading.tagged else 0.5


def _is_evidence(reading: Reading, named: Named) -> bool:
    return bool(reading.year or reading.tagged or named.extension or named.folders or not names.is_shout(named.stem))


def _folder(named: Named) -> Reading | None:
    for folder in reversed(named.folders[-2:]):
        if names.fold(folder) in GENERIC or re.fullmatch(
            r"(?:cd|disc|disk|dvd|part)[\s._\-]*\d+|video_ts|bdmv|stream", folder, re.IGNORECASE
        ):
            continue
        if names.is_meaningless(folder) and not (folder.isdigit() and len(folder) < 5):
            continue
        return read_name(names.straighten(folder))
    return None


def _same_work(own: Reading, parent: Reading) -> bool:
    one, two = names.fold(own.title or ""), names.fold(parent.title or "")
    return bool(one and two) and (one.startswith(two) or two.startswith(one) or _unaccented(one) == _unaccented(two))


def _unaccented(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _folder_knows_better(own: Reading, parent: Reading | None, stem: str) -> bool:
    if parent is None or not parent.title:
        return False
    if names.is_meaningless(stem) or not own.title:
        return not (stem.isdigit() and parent.year is None and not parent.tagged)
    if own.year is None and (parent.year or parent.tagged):
        return (
            True
            if parent.year and _unaccented(names.fold(parent.title)) == _unaccented(names.fold(own.title))
            else _is_short_form(own, parent, stem)
        )
    return False


def _is_short_form(own: Reading, parent: Reading, stem: str) -> bool:
    """Scene groups keep the whole name for the folder and put an abbreviation into it (`grp-abbrev.720p`)."""
    if parent.year is not None and own.year is None and not _same_work(own, parent):
        return True
    return parent.tagged and " " not in stem and not _same_work(own, parent) and stem == stem.lower()


def read_name(stem: str) -> Reading:
    """Title, year and part of one name."""
    text = _FORMAT_PREFIX.sub("", stem)
    text = _SAGA.sub("", text)
    text = _NUMBERED_EXTRA.sub("", text)
    text = names.strip_group(text)
    hard = tags.first_hard(text)
    year, cut, bracketed = _year(text, hard)
    tagged = hard < len(text) or bool(_CD.search(text) or _COLLECTION.search(text))
    part = _part_after(text, min(hard, cut))
    if year is not None and bracketed and cut == 0:
        text = re.sub(r"^[\s._\-]*[\[(]\s*\d{4}\s*[\])][\s._\-]*", "", text)
        hard = tags.first_hard(text)
    if cut > 0 and year is not None:
        early = 0 < hard < cut
        head = tags.without_soft_tail(text[:hard]) if early else tags.without_edition_tail(_CD.sub("", text[:cut]))
        head = head if early or bracketed else _without_language(head, text[cut:])
    elif hard > 0:
        text, hard = (text[4:], hard - 4) if year is not None and text.startswith(str(year)) else (text, hard)
        head = _before_tags(text, hard)
    else:
        head = _inside_brackets(text)
    return Reading(_title(head, stem), year, tagged, part, bracketed)


def _before_tags(text: str, hard: int) -> str:
    """The title of a name without a year: what stands before the first tag, or before the bracket that holds it."""
    if hard == len(text):
        head = tags.without_edition_tail(_COMPLETE_COLLECTION.sub("", text))
    else:
        opened = text.rfind("[", 0, hard)
        if opened > text.rfind("]", 0, hard) and opened > 0:
            hard = opened
            text = re.sub(r"(?<=[\w!?.)])(?:[\s._]*\[[^\[\]]*\])+[\s._]*$", "", text[:hard])
        head = tags.without_soft_tail(text[:hard])
    discs = _CD.search(head)
    return tags.without_soft_tail(head[: discs.start()]) if discs and discs.start() > 2 else head


def _without_language(head: str, behind: str) -> str:
    """`Der.Film.deines.Lebens.German.2011`: the language, unless it reads as the title's own word or is said again."""
    match = re.search(
        r"^(?P<rest>(?:[^\s._]+[\s._]+){2,}(?!the|a|an|good|my|last|mr|mrs)[^\s._]+)[\s._]+(?:german|french|italian|spanish|danish|swedish|hindi|tamil)[\s._]*$",
        head,
        re.IGNORECASE,
    )
    again = re.search(r"(?<![a-z])(?:german|french|italian|spanish|danish|swedish|hindi|tamil)", behind, re.IGNORECASE)
    return match["rest"] if match and not again else head


def _title(head: str, stem: str) -> str | None:
    head = _AKA.split(head)[0] if _AKA.search(head) and _AKA.split(head)[0].strip() else head
    head = names.prefer_latin(head)
    head = _LANGUAGE_CODE.sub("", head) or head
    head = re.sub(r"^BBC(?:\.(?:One|Two|Four))?\.(?=\w+\.)", "", head)
    if re.fullmatch(r"\[[^\[\]]+\][\s._]*", head):
        return head.strip(" ._") if head.strip() == stem.strip() else head.strip(" ._[]")
    head = re.sub(r"\s*[\[(](?:[^\[\]()]*(?:rip|sub|dub|divx)[^\[\]()]*)[\])]\s*$", "", head, flags=re.IGNORECASE)
    head = _without_bracketed_tags(head)
    head = _COMPLETE_COLLECTION.sub("", head) or head
    head = ALTERNATIVE.sub("", head)
    title = re.sub(r"(?<=\w) [vV]\d$", "", names.readable(head))
    return title or None


def _without_bracketed_tags(head: str) -> str:
    """Drops `(…)`/`[…]` at the end that hold tags or a person, not a word of the title."""
    while match := re.search(r"[\s._]*(?:\(([^()]*)\)|\[([^\[\]]*)\])[\s._\-]*$", head):
        inside = match[1] if match[1] is not None else match[2]
        if match.start() == 0 or not (
            tags.HARD.search(inside) or tags.SOFT.fullmatch(inside.strip()) or tags.EDITION.search(inside)
        ):
            return head
        head = head[: match.start()]
    return head


def _inside_brackets(text: str) -> str:
    """A name that is all brackets: the first content that reads like a title."""
    for content in names.bracketed(text):
        if tags.first_hard(content) > 3 and re.search(r"[^\W\d_]{2}", content):
            return content
    return text


def _part_after(text: str, cut: int) -> int | None:
    """`cd1`, `part2` behind the title; in front of the year or the tags only `cd` and `disc` (parts are titles too)."""
    for match in _PART.finditer(text):
        word = match[0][:2].lower()
        if match.start() >= cut or word == "cd" or (match.end() == len(text) and word in {"cd", "di", "pt"}):
            number = match["number"]
            return int(number) if number.isdigit() else ord(number.lower()) - ord("a") + 1
    return None


def _year(text: str, hard: int) -> tuple[int | None, int, bool]:
    """The year, where the title ends before it, and whether it stands in brackets."""
    for match in re.finditer(
        r"[\[(]\s*(?P<before>[^()\[\]]*?)(?<!\d)(?P<year>18[89]\d|19[0-9]\d|20[0-4]\d)(?!\d|p)(?P<after>[^()\[\]]*?)[\])]",
        text,
    ):
        plain = not match["before"].strip() and not match["after"].strip()
        if match.start() == 0 and match.end() == len(text.rstrip()):
            break
        if plain or (match.start() > 0 and len(match[0]) < 60):
            if match.start() == 0 and plain and re.search(r"\w", text[match.end() :]):
                return int(match["year"]), 0, True
            return int(match["year"]), match.start(), True
    found = [m for m in tags.YEAR.finditer(text) if not re.match(r"[xX×p]", text[m.end() : m.end() + 1])]
    inside = [m for m in found if m.start() < hard] or found[:1]
    front = inside[:1] if inside and inside[0].start() == 0 else []
    inside = [m for m in inside if re.search(r"\w", text[: m.start()])]
    if not inside and front and len(re.findall(r"[^\W\d_]{2,}", text[4:hard])) >= 2:
        return int(front[0][1]), 0, False
    if not inside:
        return None, len(text), False
    last = inside[-1]
    run = [m for m in inside if m.start() <= last.start()]
    for one, two in itertools.pairwise(run):
        if (
            re.search(r"[^\W\d_]{4}", text[one.end() : two.start()]) is None
            and one.start() > 0
            and two is last
            and len(run) > 2
        ):
            return int(one[1]), one.start(), False
    dated = next(markers.dates(text), None)
    if (
        dated is not None
        and dated.date is not None
        and dated.certain
        and dated.start > 0
        and text[dated.start : dated.start + 4].isdigit()
    ):
        return int(dated.date[:4]), dated.start, False
    return int(last[1]), last.start(), False
