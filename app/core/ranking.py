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
    """A name, ready to be compared: its folded words, its neighbours joined, and the words without an article.

    `spaced` are the words in one, each after a space.
    """

    words: tuple[str, ...]
    spaced: str
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


@lru_cache(maxsize=32768)
def spelling(name: str) -> Spelling:
    """Made once for each name while it is asked for."""
    words = fold(name).split()
    bare = _without_article(words)
    joined = tuple(one + other for one, other in pairwise(words))
    return Spelling(tuple(words), " ".join(["", *words]), joined, tuple(bare), "".join(words), "".join(bare))


def likeness_of_name(query: Asked, name: str, *, year: int | None = None) -> float:
    """How well one name answers, 0..2: words found and how alike, how much of the name they are, and their place.

    A name that is wholly the query is above any other (at least 1.4, articles left aside).
    """
    return likeness(query, spelling(name), year=year)


def likeness(query: Asked, spelt: Spelling, *, year: int | None = None) -> float:
    """As `likeness_of_name`, of a name that is ready. Hundreds are looked at for every letter that somebody types."""
    if not spelt.words or not query.likeness:
        return 0.0
    found = []
    for alike in query.likeness:
        best = 0.0  # of the most alike word; two neighbours count as one word too, then the year
        for word in spelt.words:
            if word in alike and alike[word] > best:
                best = alike[word]
        if not best:
            for word in spelt.joined:
                if word in alike and alike[word] > best:
                    best = alike[word]
        if best < YEAR and year is not None and str(year) in alike:
            best = YEAR
        found.append(best)
    if best < PREFIX and query.prefix and f" {query.prefix}" in spelt.spaced:
        found[-1] = PREFIX
    told = 0
    for place in query.telling:
        if found[place]:
            told += 1
    length = len(spelt.bare)
    score = 0.7 * sum(found) / len(found) + 0.2 * (told / length if told < length else 1.0)
    whole, bare_whole = spelt.whole, spelt.bare_whole
    if whole == query.compacted:
        return 1.5 + score
    if bare_whole == query.compacted or bare_whole == query.bare:
        return 1.4 + score
    if len(query.telling) == length and all(found):
        score += 0.25  # the whole name, mistyped
    return score + (0.1 if whole.startswith(query.compacted) or _begins_alike(query, spelt.bare[0]) else 0.0)


def rank(likeness: float, *, popularity: float, is_owned: bool) -> float:
    """One number: the match first, then what is owned, then how many people know it (each bounded)."""
    known = math.log1p(max(0.0, popularity))
    return likeness + 0.08 * is_owned + 0.1 * known / (2.0 + known)


def _begins_alike(query: Asked, first: str) -> bool:
    return query.likeness[0].get(first, 0.0) >= YEAR


def _without_article(words: list[str]) -> list[str]:
    return words[1:] if len(words) > 1 and words[0] in ARTICLES else words
