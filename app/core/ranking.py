"""How well a name answers a query: a number to sort by, with no engine behind it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    unfinished.
    """

    compacted: str
    bare: str
    likeness: tuple[Mapping[str, float], ...]
    prefix: str


def asked(query: str, likeness: Sequence[Mapping[str, float]], prefix: str) -> Asked:
    """`likeness` maps, for each typed word, folded words to how alike they are."""
    words = fold(query).split()
    bare = "".join(words[1:] if len(words) > 1 and words[0] in ARTICLES else words)
    return Asked(compact(query), bare, tuple(likeness), prefix)


def likeness_of_name(query: Asked, name: str, *, year: int | None = None) -> float:
    """How well one name answers, 0..2: words found and how alike, how much of the name they are, and their place.

    A name that is wholly the query is above any other (at least 1.4, articles left aside).
    """
    words = fold(name).split()
    bare = words[1:] if len(words) > 1 and words[0] in ARTICLES else words
    if not words or not query.likeness:
        return 0.0
    found = [_best(one, words, year) for one in query.likeness[:-1]]
    last = _best(query.likeness[-1], words, year)
    if last < PREFIX and query.prefix and any(word.startswith(query.prefix) for word in words):
        last = PREFIX
    found.append(last)
    share = sum(found) / len(found)
    telling = [value for one, value in zip(query.likeness, found, strict=True) if not ARTICLES & one.keys()] or found
    covered = min(1.0, sum(1 for value in telling if value) / len(bare))
    score = 0.7 * share + 0.2 * covered
    whole = "".join(words)
    if whole == query.compacted:
        return 1.5 + score
    if "".join(bare) in {query.compacted, query.bare}:
        return 1.4 + score
    if all(found) and len(telling) == len(bare):
        score += 0.25  # the whole name, mistyped
    return score + (0.1 if whole.startswith(query.compacted) or _begins_alike(query, bare) else 0.0)


def rank(likeness: float, *, popularity: float, is_owned: bool) -> float:
    """One number: the match first, then what is owned, then how many people know it (each bounded)."""
    known = math.log1p(max(0.0, popularity))
    return likeness + 0.08 * is_owned + 0.1 * known / (2.0 + known)


def _best(alike: Mapping[str, float], words: Sequence[str], year: int | None) -> float:
    """How alike the most alike word of a name is; two neighbours count as one word too, then the year."""
    best = max([alike[word] for word in words if word in alike], default=0.0)
    if not best:
        best = max([alike[one + other] for one, other in pairwise(words) if one + other in alike], default=0.0)
    if best < YEAR and year is not None and str(year) in alike:
        return YEAR
    return best


def _begins_alike(query: Asked, words: Sequence[str]) -> bool:
    return words[0] in query.likeness[0] and query.likeness[0][words[0]] >= YEAR
