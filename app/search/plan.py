"""From what a person typed to what to look for: words are completed, joined, split and corrected against our own list.

Three widening plans: as typed (unknown words corrected); every word with its neighbours, since a mistake can make
another word that exists; all words but one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from app.core.query import (
    ARABIC,
    ROMAN,
    allowed_mistakes,
    deletion_keys,
    mistakes,
    query_tokens,
)
from app.search.backends import begins_a_word, known_words, neighbours
from app.search.expression import Expression, Word, all_of, either
from app.search.models import WORD_LENGTH

SMALL = frozenset({"the", "a", "an", "of", "and", "in", "on", "to", "и", "в", "на"})
CORRECTIONS = 6
MISTAKE_COST = 0.25
PREFIX_LIKENESS = 0.85


@dataclass(slots=True)
class Token:
    """One typed word: `parts` as typed, `likeness` what else may stand for it and how alike it is (0..1)."""

    parts: tuple[str, ...]
    is_last: bool
    expressions: list[Expression] = field(default_factory=list)
    likeness: dict[str, float] = field(default_factory=dict)
    neighbours: dict[str, float] = field(default_factory=dict)
    is_known: bool = True

    @property
    def is_telling(self) -> bool:
        """Whether it says something about the title: neither a small word nor one that nothing resembles."""
        return self.typed not in SMALL and (self.is_known or len(self.expressions) > 1)

    @property
    def typed(self) -> str:
        return "".join(self.parts)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ask the database, widening, and what ranking needs to know of the words."""

    tokens: tuple[Token, ...]

    def look_around(self) -> None:
        """Finds what the words that stand in the index may have been meant to be; those that do not have it found."""
        _find_neighbours([token for token in self.tokens if token.is_known])

    def as_typed(self) -> Expression:
        return all_of(either(token.expressions) for token in self.tokens)

    def with_neighbours(self) -> Expression:
        """After `look_around`, as `all_but_one`."""
        return all_of(map(_with_neighbours, self.tokens))

    def all_but_one(self) -> Expression | None:
        """None where leaving a word out leaves nothing. Small words, and words that nothing resembles, go first."""
        telling = [token for token in self.tokens if token.is_telling]
        wide = [_with_neighbours(token) for token in telling]
        shorter = [all_of(wide[:i] + wide[i + 1 :]) for i in range(len(wide))] if len(wide) > 1 else []
        if 0 < len(wide) < len(self.tokens):
            shorter.append(all_of(wide))
        return either(shorter) if shorter else None


def plan(query: str) -> Plan | None:
    """None when nothing in the query could be looked for."""
    typed = [tuple(part[:WORD_LENGTH] for part in parts) for parts in query_tokens(query)]
    if not typed:
        return None
    tokens = [Token(parts, is_last=place == len(typed) - 1) for place, parts in enumerate(typed)]
    known = known_words({word for words in map(_forms, tokens) for word in words} | set(_joins(tokens)))
    for token in tokens:
        _state(token, known)
    _join_pairs(tokens, known)
    _find_neighbours([token for token in tokens if not token.is_known])
    return Plan(tuple(tokens))


def _forms(token: Token) -> Iterator[str]:
    """Every word that the list is asked about for one token."""
    yield from token.parts
    yield token.typed
    for left, right in _halves(token):
        yield left
        yield right


def _halves(token: Token) -> Iterator[tuple[str, str]]:
    word = token.typed
    if len(token.parts) == 1 and 5 <= len(word) <= 24:
        yield from ((word[:place], word[place:]) for place in range(2, len(word) - 1))


def _joins(tokens: list[Token]) -> Iterator[str]:
    for one, other in pairwise(tokens):
        yield (one.typed + other.typed)[:WORD_LENGTH]


def _state(token: Token, known: dict[str, int]) -> None:
    """The ways in which a token may stand in the index as it was typed."""
    *front, end = token.parts
    whole = [Word(part) for part in front]
    token.expressions.append(all_of([*whole, Word(end, is_prefix=token.is_last)]))
    token.likeness.update(dict.fromkeys(token.parts, 1.0))
    if len(token.parts) > 1:
        token.expressions.append(Word(token.typed, is_prefix=token.is_last))
        token.likeness[token.typed] = 1.0
    numeral = ROMAN.get(token.typed) or ARABIC.get(token.typed)
    if numeral:
        token.expressions.append(Word(numeral))
        token.likeness[numeral] = 0.95
    token.is_known = all(part in known for part in token.parts) or token.typed in known
    if token.is_known:
        return
    for left, right in _halves(token):
        if left in known and right in known:
            token.expressions.append(all_of([Word(left), Word(right)]))
            token.likeness.update({left: 0.95, right: 0.95})
    token.is_known = token.is_last and len(token.parts) == 1 and begins_a_word(end)


def _join_pairs(tokens: list[Token], known: dict[str, int]) -> None:
    """Two words also find their join: `star wars` finds "Starwars"."""
    for one, other in pairwise(tokens):
        joined = (one.typed + other.typed)[:WORD_LENGTH]
        if joined in known:
            for token in (one, other):
                token.expressions.append(Word(joined))
                token.likeness[joined] = 1.0


def _find_neighbours(tokens: Iterable[Token]) -> None:
    """What each of these may have been meant to be; one query for all of them. Unknown words take them on at once."""
    wanted = {token.typed: deletion_keys(token.typed) for token in tokens if allowed_mistakes(token.typed)}
    keys: set[int] = set().union(*wanted.values())
    found: Sequence[tuple[str, int]] = neighbours(keys) if keys else ()
    for token in tokens:
        if token.typed not in wanted:
            continue
        token.neighbours = _nearest(token, found)
        if not token.is_known:
            token.expressions += [Word(word) for word in token.neighbours]
            token.likeness.update(token.neighbours)


def _nearest(token: Token, found: Sequence[tuple[str, int]]) -> dict[str, float]:
    limit = allowed_mistakes(token.typed)
    near: list[tuple[int, int, str]] = []
    for word, count in found:
        distance = mistakes(token.typed, word, limit=limit)
        if distance > limit and token.is_last and len(token.typed) >= 4:
            distance = mistakes(token.typed, word, limit=limit, prefix=True)
        if 0 < distance <= limit:
            near.append((distance, -count, word))
    return {word: 1 - MISTAKE_COST * distance for distance, _, word in sorted(near)[:CORRECTIONS]}


def _with_neighbours(token: Token) -> Expression:
    return either([*token.expressions, *(Word(word) for word in token.neighbours)])
