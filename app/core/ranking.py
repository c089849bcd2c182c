"""How well a name answers a query: a number to sort by, with no engine behind it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from app.core.query import compact, fold

ARTICLES = frozenset({"the", "a", "an"})
PREFIX = 0.85
YEAR = 0.6


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, ready for ranking many names.

    `likeness` says for each typed word what may stand for it and how alike that is (0..1). `bare` is the query without
    a leading article. `prefix` is the last word as typed: a name's word that begins with it counts, for it may be
    unfinished. `telling` are the places of the words that are no articles (of all, when there are no others).
    """

    compacted: str
    bare: str
    likeness: tuple[Mapping[str, float], ...]
    prefix: str
    telling: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Spelling:
    """A name, ready to be compared: its folded words, its neighbours joined, and the words without an article."""

    words: tuple[str, ...]
    joined: tuple[str, ...]
    bare: tuple[str, ...]
    whole: str
    bare_whole: str


def asked(query: str, likeness: Sequence[Mapping[str, float]], prefix: str) -> Asked:
    """`likeness` maps, for each typed word, folded words to how alike they are."""
    telling = tuple(place for place, one in enumerate(likeness) if not ARTICLES & one.keys())
    return Asked(
        compact(query),
        "".join(_without_article(fold(query).split())),
        tuple(likeness),
        prefix,
        telling or tuple(range(len(likeness))),
    )


@lru_cache(maxsize=16384)
def spelling(name: str) -> Spelling:
    """Made once for each name while it is asked for."""
    words = fold(name).split()
    bare = _without_article(words)
    joined = tuple(one + other for one, other in pairwise(words))
    return Spelling(tuple(words), joined, tuple(bare), "".join(words), "".join(bare))


def likeness_of_name(query: Asked, name: str, *, year: int | None = None) -> float:
    """How well one name answers, 0..2: words found and how alike, how much of the name they are, and their place.

    A name that is wholly the query is above any other (at least 1.4, articles left aside).
    """
    return likeness(query, spelling(name), year=year)


def likeness(query: Asked, spelt: Spelling, *, year: int | None = None) -> float:
    """As `likeness_of_name`, of a name that is ready."""
    if not spelt.words or not query.likeness:
        return 0.0
    found = [_best(one, spelt, year) for one in query.likeness]
    if found[-1] < PREFIX and query.prefix and any(word.startswith(query.prefix) for word in spelt.words):
        found[-1] = PREFIX
    told = sum(1 for place in query.telling if found[place])
    score = 0.7 * sum(found) / len(found) + 0.2 * min(1.0, told / len(spelt.bare))
    if spelt.whole == query.compacted:
        return 1.5 + score
    if spelt.bare_whole == query.compacted or spelt.bare_whole == query.bare:
        return 1.4 + score
    if len(query.telling) == len(spelt.bare) and all(found):
        score += 0.25  # the whole name, mistyped
    return score + (0.1 if spelt.whole.startswith(query.compacted) or _begins_alike(query, spelt.bare[0]) else 0.0)


def rank(likeness: float, *, popularity: float, is_owned: bool) -> float:
    """One number: the match first, then what is owned, then how many people know it (each bounded)."""
    known = math.log1p(max(0.0, popularity))
    return likeness + 0.08 * is_owned + 0.1 * known / (2.0 + known)


def _best(alike: Mapping[str, float], name: Spelling, year: int | None) -> float:
    """How alike the most alike word of a name is; two neighbours count as one word too, then the year."""
    best = _most_alike(alike, name.words) or _most_alike(alike, name.joined)
    if best < YEAR and year is not None and str(year) in alike:
        return YEAR
    return best


def _most_alike(alike: Mapping[str, float], words: Sequence[str]) -> float:
    best = 0.0
    for word in words:
        if word in alike and alike[word] > best:
            best = alike[word]
    return best


def _begins_alike(query: Asked, first: str) -> bool:
    return query.likeness[0].get(first, 0.0) >= YEAR


def _without_article(words: list[str]) -> list[str]:
    return words[1:] if len(words) > 1 and words[0] in ARTICLES else words
