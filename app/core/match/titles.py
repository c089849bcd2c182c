"""How alike two names of works are, told in steps that mean something: the same, the same but for an article, …"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from app.core.query import ROMAN, compact, fold, mistakes

ARTICLES = frozenset(
    {"the", "a", "an", "der", "die", "das", "le", "la", "les", "el", "los", "las", "il", "lo", "gli", "un", "une"}
)
JOINS = frozenset({"and", "und", "et", "y", "e", "и"})
COUNTRIES = frozenset({"us", "uk", "au", "nz", "ca"})
_SUBTITLE = re.compile(r"\s*[:：]\s+|\s+[-–—]\s+")
_SEASON_TAIL = re.compile(r" (?:(?:season|part) \d{1,2}|\d{1,2}(?:st|nd|rd|th) season|s\d{1,2})$")
_COUNTRY = re.compile(r"^(?P<name>.+?) \((?P<country>US|UK|AU|NZ|CA)\)$")
_YEAR_TAIL = re.compile(r" (?:19|20)\d\d$")
LONG = 8
"""Letters; one mistake in fewer makes another word."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """`weight` is the decimal logarithm of how much likelier such a pair is for one work than for two."""

    weight: float
    reason: str


SAME = Likeness(1.8, "the same title")
SAME_OTHER = Likeness(1.7, "one of its other titles")
SAME_LOOSELY = Likeness(1.5, "the same title but for articles, numerals or punctuation")
SAME_BARE = Likeness(1.2, "the same title without season, year or country")
MISSPELT = Likeness(0.0, "almost the same title")
BEGINS_ALIKE = Likeness(-0.6, "the same title but for a subtitle")
UNLIKE = Likeness(-3.0, "another title")


def likeness(ours: Iterable[str], names: Iterable[str], others: Iterable[str] = ()) -> Likeness:
    """The best of all pairs of our names with a candidate's own and its other ones."""
    theirs = [(name, SAME) for name in names if name] + [(name, SAME_OTHER) for name in others if name]
    best = UNLIKE
    for one in ours:
        for name, same in theirs:
            found = _pair(one, name, same)
            if found.weight > best.weight:
                best = found
    return best


def _pair(one: str, other: str, same: Likeness) -> Likeness:
    if compact(one) == compact(other):
        return same
    mine, their = loose(one), loose(other)
    if mine == their:
        return SAME_LOOSELY
    if bare(one) == bare(other):
        return SAME_BARE
    if (
        len(mine) >= LONG
        and len(their) >= LONG
        and mistakes(mine, their, limit=1) <= 1
        and _digits(mine) == _digits(their)
    ):
        return MISSPELT
    if _begins(one, other) or _begins(other, one):
        return BEGINS_ALIKE
    return UNLIKE


@lru_cache(maxsize=32768)
def loose(name: str) -> str:
    """Letters and digits without articles and joining words, Roman numerals as Arabic; the name itself if all go."""
    words = [ROMAN.get(word, word) for word in fold(name).split()]
    kept = [word for word in words if word not in JOINS]
    if len(kept) > 1 and kept[0] in ARTICLES:
        kept = kept[1:]
    return "".join(kept) or compact(name)


@lru_cache(maxsize=32768)
def bare(name: str) -> str:
    """As `loose`, without a season, a year or a country at the end."""
    folded = fold(name)
    for tail in (_YEAR_TAIL, _SEASON_TAIL):
        folded = tail.sub("", folded)
    words = folded.split()
    if len(words) > 1 and words[-1] in COUNTRIES:
        words = words[:-1]
    return loose(" ".join(words))


def split_country(name: str) -> tuple[str, str | None]:
    """A name and the country behind it in brackets, as `The Office (US)` has one."""
    found = _COUNTRY.match(name)
    return (found["name"], found["country"]) if found else (name, None)


def main_title(name: str) -> str | None:
    """What stands in front of a colon or a dash; None where there is none."""
    pieces = _SUBTITLE.split(name, maxsplit=1)
    return pieces[0] if len(pieces) > 1 and pieces[0].strip() else None


def _begins(short: str, long: str) -> bool:
    """Whether one is the other without what stands behind its colon or dash."""
    beginning = main_title(long)
    return beginning is not None and loose(beginning) == loose(short)


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())
