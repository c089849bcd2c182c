"""Why a file is a problem, in the administrator's language.

Reasons are kept as the English sentences of the rules that found them, which know no interface; here they are put into
words. What a sentence quotes (a name, the reader's own last word) stays as it is.
"""

from __future__ import annotations

import re

from app.web.words import gettext

QUOTING = re.compile(
    r"(it cannot be read|it cannot be opened|it cannot be looked at|it gave no answer within"
    r"|the file's name says|the folder says)(:? .+)"
)
"""Sentences that end in something found in the file or in its name."""


def in_words(reason: str) -> str:
    """The reason in the request's language; there may be several, separated by semicolons."""
    whole = gettext(reason)
    return whole if whole != reason else "; ".join(map(_sentence, reason.split("; ")))


def _sentence(reason: str) -> str:
    found = QUOTING.fullmatch(reason)
    said, quoted = (reason, "") if found is None else found.groups()
    return gettext(said) + quoted
