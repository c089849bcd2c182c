"""Why a file is a problem or a title is doubtful, in the administrator's language.

Reasons are kept as the English sentences of the rules that found them, which know no interface; here they are put into
words. What a sentence quotes (a name, the reader's own last word) stays as it is; numbers and codes inside it are
`{a}`, `{b}` … in the catalog (`said` in `static/js/core/words.js` reads it in the same way).
"""

from __future__ import annotations

import re

from app.web.words import gettext

QUOTING = re.compile(
    r"(it cannot be read|it cannot be opened|it cannot be looked at|it gave no answer within"
    r"|the file's name says|the folder says)(:? .+)"
)
"""Sentences that end in something found in the file or in its name."""
VALUE = re.compile(r"\((\w+)\)|\b[A-Z]{2}\b|\d+(?:\.\d+)?")
"""What differs from one sentence of a kind to the next: a number, a country, a word alone in brackets."""
BETWEEN = re.compile(r"; (?![^(]*\))")


def in_words(reason: str) -> str:
    """The reason in the request's language; there may be several, separated by semicolons."""
    whole = gettext(reason)
    return whole if whole != reason else "; ".join(map(_sentence, BETWEEN.split(reason)))


def _sentence(reason: str) -> str:
    found = QUOTING.fullmatch(reason)
    said, quoted = (reason, "") if found is None else found.groups()
    whole = gettext(said)
    return (whole if quoted or whole != said else _with_values(said)) + quoted


def _with_values(reason: str) -> str:
    values: dict[str, str] = {}

    def name(found: re.Match[str]) -> str:
        place = chr(ord("a") + len(values))
        values[place] = found[1] or found[0]
        return f"({{{place}}})" if found[1] else f"{{{place}}}"

    key = VALUE.sub(name, reason)
    text = gettext(key)
    return re.sub(r"\{(\w)\}", lambda one: values.get(one[1], one[0]), text) if text != key else reason
