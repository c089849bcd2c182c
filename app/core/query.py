"""Text as the catalog compares it: folded, split into words, sorted, and measured for typing mistakes.

Both databases store what these functions return, so that a name is found and sorted alike on each. Where rows come from
and how they are ranked is for others (`app/search`, `app/core/ranking.py`).
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache

ARTICLES = ("the ", "a ", "an ")
NAME_LIMIT = 400
KEY_LIMIT = 300
ROMAN = {"ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8", "ix": "9", "x": "10"}
ARABIC = {value: key for key, value in ROMAN.items()}

_EXTRA_FOLDS = str.maketrans({"ё": "е", "Ё": "е", "ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "đ": "d", "Đ": "d", "ı": "i"})
_DIGITS = re.compile(r"\d+")
_ASCII_WORDS = re.compile("[a-z0-9]+")
_CJK = (
    (0x3005, 0x3007),
    (0x3040, 0x30FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3134F),
)


def storable(text: str) -> str:
    """Text that every database and JSON parser takes: bytes of a name that are no UTF-8 become replacement signs."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@lru_cache(maxsize=8192)
def fold(text: str) -> str:
    """Lower case, no accents, ё as е, `&` as "and", every run of punctuation one space; never fails, may be empty."""
    if text.isascii():
        return " ".join(_ASCII_WORDS.findall(text.replace("&", " and ").lower()))
    return " ".join(part for token in _tokens(text) for part in token)


@lru_cache(maxsize=8192)
def compact(text: str) -> str:
    """`fold` without spaces, for identity: "Spider-Man", "Spider Man" and "Spiderman" meet.

    A name of punctuation alone keeps it (two such films must not become one).
    """
    return fold(text).replace(" ", "") or text.strip().casefold()


def name_key(kind: str, name: str) -> str:
    """What titles of one kind share when their names are alike: `movie:spiderman`; at most 300 characters."""
    key = f"{kind}:{compact(name)}"
    return key if len(key) <= KEY_LIMIT else f"{key[: KEY_LIMIT - 9]}~{zlib.crc32(key.encode()):08x}"


def sort_name(name: str) -> str:
    """Folded, without a leading English article, numbers padded ("Rocky 2" before "Rocky 10"); never empty."""
    folded = fold(name) or name.casefold()
    for article in ARTICLES:
        if name.casefold().startswith(article) and folded.startswith(article) and len(folded) > len(article):
            folded = folded[len(article) :]
            break
    return _DIGITS.sub(lambda found: found[0].zfill(6), folded)[:NAME_LIMIT]


def initial(sort_key: str) -> str:
    """The letter under which a sorted list files a name: upper case, `#` for digits and everything else."""
    first = sort_key[:1].upper()
    return first if first.isalpha() else "#"


def index_words(names: Iterable[str]) -> list[str]:
    """The distinct words under which these names are found, in order of appearance.

    A token with inner punctuation gives its parts and their join (`spider-man`: spider, man, spiderman); Chinese and
    Japanese characters are words each.
    """
    found: dict[str, None] = {}
    for name in names:
        for token in _tokens(name):
            found.update(dict.fromkeys(token))
            if len(token) > 1 and not any(is_cjk(part[0]) for part in token):
                found["".join(token)] = None
    return list(found)


def query_tokens(query: str, *, limit: int = 10) -> list[tuple[str, ...]]:
    """The words a person typed, each as its parts (`spider-man` → `("spider", "man")`); at most `limit` tokens."""
    return [token for token in _tokens(query[:200]) if token][:limit]


def deletion_keys(word: str) -> set[int]:
    """Numbers that two words share when one typing mistake (two from eight letters on) turns one into the other.

    The deletion neighbourhood of SymSpell over the first seven letters, hashed (CRC-32). Sharing a key only suggests:
    `mistakes` decides.
    """
    root = word[:7]
    level = {root}
    found = {root}
    for _ in range(allowed_mistakes(word)):
        level = {text[:i] + text[i + 1 :] for text in level for i in range(len(text))}
        found |= level
    return {zlib.crc32(text.encode()) for text in found}


def allowed_mistakes(word: str) -> int:
    """How many typing mistakes are forgiven: none below three letters or in numbers, two from eight letters on."""
    if len(word) < 3 or word.isdigit() or is_cjk(word[0]):
        return 0
    return 1 if len(word) < 8 else 2


def mistakes(typed: str, word: str, *, limit: int = 2, prefix: bool = False) -> int:
    """Typing mistakes (insertions, deletions, substitutions, swapped neighbours) between two words, up to `limit + 1`.

    With `prefix` what follows in `word` is free: the best of its beginnings counts. Optimal string alignment.
    """
    if not prefix and abs(len(typed) - len(word)) > limit:
        return limit + 1
    word = word[: len(typed) + limit] if prefix else word
    before: list[int] = []
    row = list(range(len(word) + 1))
    for i, letter in enumerate(typed, 1):
        current = [i]
        for j, other in enumerate(word, 1):
            cost = min(row[j] + 1, current[j - 1] + 1, row[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == word[j - 2] and typed[i - 2] == other:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > limit:
            return limit + 1
        before, row = row, current
    return min(limit + 1, min(row) if prefix else row[-1])


def is_cjk(character: str) -> bool:
    """Whether it is written without spaces between words (Han, kana)."""
    point = ord(character)
    return point >= 0x3005 and any(low <= point <= high for low, high in _CJK)


class _Characters(dict[int, str | None]):
    """For `str.translate`: letters, digits and spaces stay, marks go, the rest becomes NUL. Learnt as they come."""

    def __missing__(self, point: int) -> str | None:
        character = chr(point)
        is_kept = character.isalnum() or character.isspace()
        is_mark = unicodedata.category(character).startswith("M")
        found = self[point] = None if is_mark else character if is_kept else "\0"
        return found


_KEPT = _Characters()


@lru_cache(maxsize=8192)
def _tokens(text: str) -> tuple[tuple[str, ...], ...]:
    plain = unicodedata.normalize("NFKD", text.replace("&", " and ").translate(_EXTRA_FOLDS)).casefold()
    plain = unicodedata.normalize("NFKD", plain).translate(_KEPT)
    return tuple(parts for token in plain.split() if (parts := tuple(_parts(token))))


def _parts(token: str) -> Iterator[str]:
    for part in token.split("\0"):
        run = ""
        for character in part:
            if is_cjk(character):
                if run:
                    yield run
                yield character
                run = ""
            else:
                run += character
        if run:
            yield run
