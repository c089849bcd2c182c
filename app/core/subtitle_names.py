"""What a subtitle file's name says: of which film it is, in which language, forced, for the hard of hearing. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.core.languages import from_name, normalise

_FORCED = frozenset({"forced", "foreign"})
_HEARING = frozenset({"sdh", "cc", "hi"})
_DEFAULT = frozenset({"default"})
_SEPARATORS = re.compile(r"[.\s_\-\[\](){},+]+")


@dataclass(frozen=True, slots=True)
class SubtitleName:
    """`language` is BCP 47; `title` is what is left of the name and says something of its own."""

    language: str | None = None
    title: str | None = None
    is_default: bool = False
    is_forced: bool = False
    is_hearing_impaired: bool = False


def parse_subtitle_name(name: str, stem: str | None = None) -> SubtitleName:
    """Reads a subtitle file's name. `stem` is that of the film it belongs to, cut off before reading.

    Without a stem, the words at the end of the name are read, as long as they say something.
    """
    bare = name.rpartition(".")[0] or name
    if stem is not None and bare.casefold().startswith(stem.casefold()):
        return _read(bare[len(stem) :])
    return _read_end(bare)


def belongs_to(name: str, stem: str) -> bool:
    """Whether the name of a subtitle file starts with a film's name and goes on with a word of its own."""
    bare = (name.rpartition(".")[0] or name).casefold()
    start = stem.casefold()
    return bare == start or (bare.startswith(start) and bool(_SEPARATORS.match(bare[len(start) :])))


def _read(rest: str) -> SubtitleName:
    """Tokens between dots first (`.Subs for Chinese Audio.eng`), then the words of those that say nothing whole."""
    flags: set[str] = set()
    language: str | None = None
    titles: list[str] = []
    hearing: list[int] = []
    tokens = [token.strip(" -_[](){}") for token in rest.split(".")]
    for token in reversed([one for one in tokens if one]):
        word = token.casefold()
        if word in _FORCED | _DEFAULT | _HEARING - {"hi"}:
            flags.add(word)
        elif word == "hi":
            hearing.append(len(titles))
        elif language is None and (found := _language(token)):
            language = found
        elif said := _read_words(token):
            language = language or said.language
            flags |= {"forced"} if said.is_forced else set()
            flags |= {"sdh"} if said.is_hearing_impaired else set()
        else:
            titles.append(token)
    if hearing and language is None:
        language = "hi"  # alone it is Hindi; beside a language it is "hearing impaired"
    elif hearing:
        flags.add("sdh")
    return SubtitleName(
        language=language,
        title=".".join(reversed(titles)) or None,
        is_default=bool(flags & _DEFAULT),
        is_forced=bool(flags & _FORCED),
        is_hearing_impaired=bool(flags & _HEARING),
    )


def _read_words(token: str) -> SubtitleName | None:
    """A token whose every word says something (`2_English SDH`); None otherwise."""
    words = [word for word in _SEPARATORS.split(token) if word and not word.isdigit()]
    if not words or len(words) > 4 or len(_SEPARATORS.split(token)) < 2:
        return None
    language, flags = None, set()
    for word in words:
        if word.casefold() in _FORCED | _HEARING | _DEFAULT:
            flags.add(word.casefold())
        elif language is None and (len(word) != 2 or word.islower() or word.isupper()) and (found := _language(word)):
            language = found
        else:
            return None
    return SubtitleName(language, None, bool(flags & _DEFAULT), bool(flags & _FORCED), bool(flags & _HEARING))


def _read_end(bare: str) -> SubtitleName:
    """Words from the end, as long as they are flags or the one language."""
    found = SubtitleName()
    rest = bare
    said: list[str] = []
    while True:
        head, dot, last = rest.rpartition(".")
        word = last.strip(" -_[](){}")
        is_flag = word.casefold() in _FORCED | _HEARING | _DEFAULT
        if not dot and said:
            break
        if not (is_flag or _language(word) or ((words := _read_words(word)) and words.language)) or len(said) > 4:
            break
        said.append(last)
        if not dot:
            break
        rest = head
    if said:
        found = _read("." + ".".join(reversed(said)))
    return found


def _language(token: str) -> str | None:
    """A code or a name. Two and three letters of mixed case are no code: they are a word of the title."""
    if re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,4})*", token):
        head = re.split(r"[-_]", token)[0]
        if head.islower() or head.isupper():
            return normalise(token) if normalise(token) and (len(head) == 2 or _is_common(head)) else None
        return normalise(token) if len(head) == 3 and head.istitle() and _is_common(head) else None
    return from_name(token)


def _is_common(code: str) -> bool:
    """Three letters are a code only where the language also has a two-letter one, or is much subtitled."""
    short = normalise(code.casefold())
    return short is not None and (len(short.split("-")[0]) == 2 or short in {"fil", "yue", "cmn", "gsw", "ast"})
