"""NFO files as Kodi, Jellyfin, Emby and tinyMediaManager write them, and as they are found: in any encoding, with text
around the XML, an address behind it or nothing but an address, several episodes one after the other.

Format: https://kodi.wiki/view/NFO_files. Nothing is fetched and no entity is resolved; sizes, depth and counts have
hard limits. What a release group calls `.nfo` is a poster in letters: it tells nothing, or an address.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Literal
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from app.core.metadata import EpisodeFacts, Part, SeasonFacts, WorkFacts
from app.core.nfo import NOTHING, PROVIDER, UNTOLD, BrokenNfo, Nfo

MOST_BYTES = 1 << 20
MOST_DEPTH = 24
MOST_ELEMENTS = 20_000
MOST_ACTORS, MOST_OTHERS = 60, 20
MOST_EPISODES = 60
LONGEST_NAME, LONGEST_TEXT = 400, 10_000
TOO_LARGE = "it is larger than an NFO file may be (1 MiB)"
ENTITIES = "it declares entities, which are not followed"

_ROOT = re.compile(r"<(movie|tvshow|episodedetails)(?=[\s>/]|\Z)")
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,100}encoding\s*=\s*["']([\w.:-]{1,40})["']""")
_UNSPEAKABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ADDRESSES: tuple[tuple[str, Literal["movie", "show"] | None, re.Pattern[str]], ...] = (
    ("tmdb", "movie", re.compile(r"(?:themoviedb|tmdb)\.org/movie/(\d{1,12})")),
    ("tmdb", "show", re.compile(r"(?:themoviedb|tmdb)\.org/tv/(\d{1,12})")),
    ("imdb", None, re.compile(r"imdb\.com/(?:[a-z-]{2,6}/)?title/(tt\d{5,12})")),
    ("tvdb", "show", re.compile(r"thetvdb\.com/[^\s<>\"]{0,120}?[?&](?:series)?id=(\d{1,12})")),
    ("tvdb", "show", re.compile(r"thetvdb\.com/(?:dereferrer/)?series/(\d{1,12})(?![\w-])")),
    ("tvdb", "movie", re.compile(r"thetvdb\.com/(?:dereferrer/)?movies?/(\d{1,12})(?![\w-])")),
    ("anidb", "show", re.compile(r"anidb\.net/(?:anime/|a)(\d{1,12})(?!\w)")),
)
_FORMS = {
    "tmdb": re.compile(r"\d{1,12}"),
    "imdb": re.compile(r"tt\d{5,12}"),
    "tvdb": re.compile(r"\d{1,12}"),
}
_NAMES_OF_PROVIDERS = {"themoviedb": "tmdb", "moviedb": "tmdb", "thetvdb": "tvdb"}
_LEGACY_IDS = (
    ("tmdb", "tmdbid"),
    ("tmdb", "tmdb_id"),
    ("imdb", "imdbid"),
    ("imdb", "imdb_id"),
    ("tvdb", "tvdbid"),
    ("anidb", "anidbid"),
)


def read(path: str, library_path: str) -> tuple[bytes, tuple[int, int]]:
    """The content of a file of the library with its size and mtime (ns). A link that leads out is not followed.

    Raises BrokenNfo for what is none, OSError where it cannot be opened or read.
    """
    if not Path(path).resolve().is_relative_to(Path(library_path).resolve()):
        raise BrokenNfo("it is a link that leads out of the library")
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise BrokenNfo("it is not a plain file (a pipe, a device or a socket)")
        if about.st_size > MOST_BYTES:
            raise BrokenNfo(TOO_LARGE)
        return file.read(MOST_BYTES), (about.st_size, about.st_mtime_ns)


def parse(data: bytes) -> Nfo:
    """What the content tells; `NOTHING` where it is none of this. Raises BrokenNfo with a reason for a person."""
    if len(data) > MOST_BYTES:
        raise BrokenNfo(TOO_LARGE)
    text = _decoded(data)
    if not text.strip():
        raise BrokenNfo("it is empty")
    first = _ROOT.search(text)
    if first is None:
        kind, ids = _addresses(text)
        return Nfo(kind, ids=ids) if ids else NOTHING
    if "<!ENTITY" in text:
        raise BrokenNfo(ENTITIES)
    roots, end = _roots(text, first)
    around = f"{text[: first.start()]}\n{text[end:]}"
    _, addressed = _addresses(around)
    if first[1] == "episodedetails":
        return Nfo("episode", episodes=tuple(_episode(root) for root in roots), is_locked=_is_locked(roots[0]))
    of: Literal["movie", "show"] = "movie" if first[1] == "movie" else "show"
    ids = {**addressed, **_ids(roots[0], of)}
    return Nfo(of, _work(roots[0], of), ids=ids, is_locked=_is_locked(roots[0]))


def _decoded(data: bytes) -> str:
    """The text, by its mark, by what it says of itself, as UTF-8, or as Windows wrote in the West."""
    encodings = ["utf-8"]
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif b"\0" in data[:40] and data[:200].count(0) * 3 > len(data[:200]):
        encodings = ["utf-16-le" if data[1:2] == b"\0" else "utf-16-be"]
    elif (declared := _DECLARED.match(data.removeprefix(b"\xef\xbb\xbf"))) is not None:
        encodings = ["utf-8", declared[1].decode("ascii")]
    for encoding in (*encodings, "cp1252"):
        try:
            text = data.decode(encoding)
        except (UnicodeError, LookupError):
            continue
        return _UNSPEAKABLE.sub("", text.removeprefix("\ufeff"))
    return _UNSPEAKABLE.sub("", data.decode("latin-1"))


def _roots(text: str, first: re.Match[str]) -> tuple[list[Element], int]:
    """The elements of the first one's kind, one after the other, and where the last ends."""
    found: list[Element] = []
    begin: re.Match[str] | None = first
    closing = re.compile(rf"</{first[1]}\s*>")
    place = first.start()
    while begin is not None and len(found) < MOST_EPISODES:
        end = closing.search(text, begin.end())
        empty = re.compile(r"\s*/>").match(text, begin.end())
        place = empty.end() if empty else end.end() if end else -1
        if place < 0:
            raise BrokenNfo("it ends before its XML does")
        if begin[1] == first[1]:
            lines = "\n" * text.count("\n", 0, begin.start())  # so that a mistake is told with its line in the file
            found.append(_element(lines + text[begin.start() : place]))
        begin = _ROOT.search(text, place) if first[1] == "episodedetails" else None
    return found, place


class _Builder(TreeBuilder):
    """Builds the tree within limits."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = self.count = 0

    def start(self, tag: Any, attrs: Any, /) -> Element:
        self.depth += 1
        self.count += 1
        if self.depth > MOST_DEPTH:
            raise BrokenNfo("it is nested too deeply")
        if self.count > MOST_ELEMENTS:
            raise BrokenNfo("it has far too many elements")
        return super().start(tag, attrs)

    def end(self, tag: Any, /) -> Element:
        self.depth -= 1
        return super().end(tag)


def _element(text: str) -> Element:
    parser = DefusedXMLParser(target=_Builder(), forbid_dtd=True)
    try:
        parser.feed(text)
        root: Element = parser.close()
    except ParseError as error:
        raise BrokenNfo(f"it cannot be read: {error}") from error
    except DefusedXmlException as error:
        raise BrokenNfo(ENTITIES) from error
    return root


def _work(root: Element, kind: Literal["movie", "show"]) -> WorkFacts | None:
    day = _date(root, "premiered", "releasedate", "aired", "firstaired")
    work = WorkFacts(
        provider=PROVIDER,
        value="",
        kind=kind,
        name=_name(root, "title", "localtitle") or "",
        original_name=_name(root, "originaltitle"),
        sort_name=_name(root, "sorttitle"),
        year=_year(root) or (day.year if day else None),
        overview=_overview(root),
        rating=_rating(root),
        runtime_min=_minutes(root),
        genres=tuple(_several(root, "genre", r" / |[|,;]", 64)),
        people=tuple(_people(root)),
        collection=_collection(root),
        seasons=tuple(_named_seasons(root)) if kind == "show" else (),
    )
    is_empty = work == WorkFacts(PROVIDER, "", kind, "")
    return None if is_empty else work


def _episode(root: Element) -> EpisodeFacts:
    return EpisodeFacts(
        season=int(_number(root, "season", UNTOLD)),
        number=_number(root, "episode", UNTOLD),
        name=_name(root, "title"),
        overview=_overview(root),
        air_date=_date(root, "aired", "premiered", "releasedate"),
        runtime_min=_minutes(root),
    )


def _texts(root: Element, *tags: str) -> Iterator[str]:
    for tag in tags:
        for one in root.findall(tag):
            if one.text and one.text.strip():
                yield one.text.strip()


def _text(root: Element, *tags: str) -> str | None:
    return next(_texts(root, *tags), None)


def _name(root: Element, *tags: str) -> str | None:
    text = _text(root, *tags)
    return " ".join(text.split())[:LONGEST_NAME] if text else None


def _overview(root: Element) -> str | None:
    text = _text(root, "plot", "outline")
    return text[:LONGEST_TEXT] if text else None


def _number(root: Element, tag: str, otherwise: float) -> float:
    text = _text(root, tag)
    return float(text) if text and re.fullmatch(r"\d{1,5}(?:\.\d)?", text, re.ASCII) else float(otherwise)


def _year(root: Element) -> int | None:
    text = _text(root, "year")
    found = re.match(r"(1[89]|20|21)\d\d(?!\d)", text, re.ASCII) if text else None
    return int(found[0]) if found else None


def _date(root: Element, *tags: str) -> date | None:
    for text in _texts(root, *tags):
        try:
            found = date.fromisoformat(text[:10])
        except ValueError:
            continue
        if 1800 <= found.year < 2200:  # `0001-01-01` is how some programs write "unknown"
            return found
    return None


def _minutes(root: Element) -> float | None:
    """`136`, `136 min`, `2h 16m`."""
    text = _text(root, "runtime") or ""
    if (found := re.match(r"(\d{1,2})\s*h\D{0,6}(\d{1,2})?", text, re.ASCII)) is not None:
        return float(found[1]) * 60 + float(found[2] or 0) or None
    found = re.match(r"\d{1,4}(?!\d)", text, re.ASCII)
    return float(found[0]) or None if found else None


def _rating(root: Element) -> float | None:
    """0..10: the default one of `<ratings>`, else the first, else the plain `<rating>`."""
    several = root.findall("ratings/rating")
    several.sort(key=lambda one: one.get("default") != "true")
    for one in several:
        whole = _float(one.get("max")) or 10.0
        value = _float(_text(one, "value"))
        if value and whole > 0:
            return round(min(10.0, value / whole * 10), 1)
    value = _float(_text(root, "rating"))
    return round(value, 1) if value and value <= 10 else None


def _float(text: str | None) -> float | None:
    found = re.fullmatch(r"\d{1,4}(?:[.,]\d{1,6})?", (text or "").strip(), re.ASCII)
    return float(found[0].replace(",", ".")) if found else None


def _several(root: Element, tag: str, between: str, longest: int) -> Iterator[str]:
    seen: set[str] = set()
    for text in _texts(root, tag):
        for one in re.split(between, " ".join(text[:LONGEST_TEXT].split())):
            name = one.strip()[:longest]
            if name and name.casefold() not in seen and len(seen) < MOST_OTHERS:
                seen.add(name.casefold())
                yield name


def _people(root: Element) -> Iterator[Part]:
    for turn, one in enumerate(root.findall("actor")[:MOST_ACTORS]):
        name = _name(one, "name")
        job = {"director": "director", "writer": "writer"}.get((_text(one, "type") or "actor").casefold(), "actor")
        if name is None or (_text(one, "type") or "").casefold() == "producer":
            continue
        thumb = _text(one, "thumb")
        yield Part(
            name=name[:200],
            job=job,
            value="",
            character=_name(one, "role") if job == "actor" else None,
            order=int(_number(one, "order", _number(one, "sortorder", turn))),
            portrait=thumb if thumb and thumb.startswith("https://") and len(thumb) <= 400 else None,
        )
    for job, tags in (("director", ("director",)), ("writer", ("credits", "writer")), ("creator", ("creator",))):
        names = dict.fromkeys(name for tag in tags for name in _several(root, tag, r" / |[|;]", 200))
        for turn, name in enumerate(names):
            yield Part(name=name, job=job, value="", order=turn)


def _collection(root: Element) -> tuple[str, str] | None:
    """`<set>Name</set>` and `<set><name>Name</name></set>`."""
    for one in root.findall("set"):
        name = _name(one, "name") or " ".join((one.text or "").split())
        if name:
            return _text(root, "tmdbcollectionid", "tmdbCollectionNumber", "collectionnumber") or "", name[:200]
    return None


def _named_seasons(root: Element) -> Iterator[SeasonFacts]:
    seen: set[int] = set()
    for one in root.findall("namedseason")[:200]:
        number, name = one.get("number") or "", " ".join((one.text or "").split())
        if re.fullmatch(r"\d{1,4}", number, re.ASCII) and name and int(number) not in seen:
            seen.add(int(number))
            yield SeasonFacts(int(number), name=name[:LONGEST_NAME])


def _is_locked(root: Element) -> bool:
    return (_text(root, "lockdata") or "").casefold() == "true"


def _ids(root: Element, kind: Literal["movie", "show"]) -> dict[str, str]:
    """What providers call the work, the surest statement first."""
    said = [(one.get("type") or "", one.text or "") for one in root.findall("uniqueid")]
    said += [(provider, text) for provider, tag in _LEGACY_IDS if (text := _text(root, tag))]
    for one in root.findall("id"):
        said += [(provider, one.get(name) or "") for provider, name in (("tmdb", "TMDB"), ("imdb", "IMDB"))]
        text = (one.text or "").strip()
        is_old = kind == "show" and root.find("uniqueid") is None  # later it repeats whichever id is the default
        said.append(("imdb" if text.startswith("tt") else "tvdb" if is_old else "", text))
    found: dict[str, str] = {}
    for provider, value in said:
        name, text = provider.strip().casefold(), value.strip()
        name = _NAMES_OF_PROVIDERS.get(name, name)
        form = _FORMS.get(name) or re.compile(r"[\w./:-]{1,64}")
        if re.fullmatch(r"[a-z][a-z0-9_]{1,31}", name) and form.fullmatch(text) and text.strip("0"):
            found.setdefault(name, text)
    return found


def _addresses(text: str) -> tuple[Literal["movie", "show"] | None, dict[str, str]]:
    """The ids in addresses of providers' pages, the first of each, and the kind of work where an address says it."""
    kind: Literal["movie", "show"] | None = None
    found: dict[str, str] = {}
    for provider, of, pattern in _ADDRESSES:
        hit = pattern.search(text)
        if hit is not None and provider not in found:
            found[provider] = hit[1]
            kind = kind or of
    return kind, found
