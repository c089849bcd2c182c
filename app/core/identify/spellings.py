"""Other forms of a title that a path holds beside the one it is read as: in another script, or with it.

A path like `千と千尋 Spirited Away (2001)` is read in Latin letters, by which most providers find it; some know the
other form alone, or both together.
"""

from __future__ import annotations

import re

from app.core.identify import names

MOST = 4


def spellings(path: str, title: str) -> tuple[str, ...]:
    """Further names of the work at this path, the fullest first; empty where there is nothing but the title."""
    named = names.split(path)
    found: list[str] = []
    for piece in (*reversed(named.folders[-2:]), named.stem):
        text = names.strip_group(names.straighten(piece))
        where = _find(text, title)
        if where is None:
            continue
        for form in (text[: where.end()], text[: where.start()]):
            name = names.readable(names.strip_group(form))
            if names.has_other_script(name) and names.fold(name) != names.fold(title) and name not in found:
                found.append(name)
    return tuple(found[:MOST])


def _find(text: str, title: str) -> re.Match[str] | None:
    words = re.findall(r"\w+", title)
    if not words:
        return None
    return re.search(r"[\W_]*".join(map(re.escape, words)), text, re.IGNORECASE)
