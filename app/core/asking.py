"""What somebody types into the search box besides names: filters in words, and words in another keyboard's layout.

`year:1999 genre:drama 4k unwatched` narrows; `ghbdtn` was meant to be `привет`. Pure; who answers is `app/search`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

_LATIN = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
_RUSSIAN = "йцукенгшщзхъфывапролджэячсмитьбюё"
_SHIFTED = 'QWERTYUIOP{}ASDFGHJKL:"ZXCVBNM<>~'
_TO_RUSSIAN = str.maketrans(_LATIN + _SHIFTED, _RUSSIAN + _RUSSIAN.upper())
_TO_LATIN = str.maketrans(_RUSSIAN + _RUSSIAN.upper(), _LATIN + _SHIFTED)
_CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)

Kind = Literal["movie", "show", "episode"]


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows a search. `years` are the first and the last, `min_height` is in lines of the picture.

    `is_explicit`: some of it was written with a key (`year:1999`), so it cannot be part of a name.
    """

    kind: Kind | None = None
    genre: str | None = None
    years: tuple[int, int] | None = None
    min_rating: float | None = None
    min_height: int | None = None
    watched: bool | None = None
    anime: bool | None = None
    is_explicit: bool = field(default=False, compare=False)


NONE = Filters()

_WORD = re.compile(r'(?P<key>[^\s:"]+):(?:"(?P<quoted>[^"]*)"|(?P<plain>\S+))|(?P<bare>\S+)')
_YEARS = re.compile(r"^(?P<first>(?:18|19|20)\d\d)(?:(?:-|\.\.|–)(?P<last>(?:18|19|20)\d\d)?)?$")
_HEIGHTS = {
    "4k": 2000,
    "uhd": 2000,
    "2160p": 2000,
    "1440p": 1300,
    "1080p": 1000,
    "fullhd": 1000,
    "720p": 700,
    "hd": 700,
}
_KINDS: dict[str, Kind] = {
    "movie": "movie", "movies": "movie", "film": "movie", "films": "movie", "фильм": "movie", "фильмы": "movie",
    "show": "show", "shows": "show", "series": "show", "tv": "show", "сериал": "show", "сериалы": "show",
    "episode": "episode", "episodes": "episode", "серия": "episode", "серии": "episode",
}  # fmt: skip
_WATCHED = {
    "watched": True, "seen": True, "просмотренное": True, "просмотренные": True,
    "unwatched": False, "unseen": False, "непросмотренное": False, "непросмотренные": False,
}  # fmt: skip
_BARE_HEIGHTS = frozenset({"4k", "uhd", "2160p", "1080p", "720p"})


def read(query: str) -> tuple[str, Filters]:
    """The words to look for, and what narrows the search; a key that means nothing stays among the words."""
    words: list[str] = []
    filters = NONE
    for match in _WORD.finditer(query):
        if match["bare"] is not None:
            found = _bare(filters, match["bare"].casefold())
        else:
            value = match["quoted"] if match["quoted"] is not None else match["plain"]
            rule = _KEYS.get(match["key"].casefold())
            found = rule(filters, value.strip().casefold()) if rule else None
            found = replace(found, is_explicit=True) if found is not None else None
        if found is None:
            words.append(match[0])
        else:
            filters = found
    return " ".join(words), filters


def other_layout(text: str) -> str | None:
    """The text as the same keys write it in the other layout (English or Russian); None where that is the same."""
    other = text.translate(_TO_LATIN if _CYRILLIC.search(text) else _TO_RUSSIAN)
    return other if other != text and re.search(r"[^\W\d_]", other) else None


def _bare(filters: Filters, word: str) -> Filters | None:
    if word in _BARE_HEIGHTS:
        return replace(filters, min_height=_HEIGHTS[word])
    if word in _WATCHED:
        return replace(filters, watched=_WATCHED[word])
    return None


def _year(filters: Filters, value: str) -> Filters | None:
    match = _YEARS.match(value)
    if match is None:
        return None
    first = int(match["first"])
    last = int(match["last"]) if match["last"] else first if value == match["first"] else 9999
    return replace(filters, years=(min(first, last), max(first, last)))


def _rating(filters: Filters, value: str) -> Filters | None:
    try:
        rating = float(value.lstrip(">=").replace(",", "."))
    except ValueError:
        return None
    return replace(filters, min_rating=rating) if 0 <= rating <= 10 else None


def _genre(filters: Filters, value: str) -> Filters | None:
    return replace(filters, genre=value) if value else None


def _kind(filters: Filters, value: str) -> Filters | None:
    if value in {"anime", "аниме"}:
        return replace(filters, anime=True)
    return replace(filters, kind=_KINDS[value]) if value in _KINDS else None


def _height(filters: Filters, value: str) -> Filters | None:
    return replace(filters, min_height=_HEIGHTS[value]) if value in _HEIGHTS else None


def _is(filters: Filters, value: str) -> Filters | None:
    return _bare(filters, value) or _kind(filters, value)


_KEYS: dict[str, Callable[[Filters, str], Filters | None]] = {
    "year": _year, "год": _year, "rating": _rating, "рейтинг": _rating, "genre": _genre, "жанр": _genre,
    "kind": _kind, "type": _kind, "тип": _kind, "quality": _height, "качество": _height, "is": _is,
}  # fmt: skip
