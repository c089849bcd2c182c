"""`media_id`, the one string that names a work everywhere: `m12` a film, `s3` a show, `e40` an episode."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

WorkKind = Literal["movie", "show", "episode"]

PATTERN = r"^[mse][1-9][0-9]{0,9}$"
_LETTERS: dict[WorkKind, str] = {"movie": "m", "show": "s", "episode": "e"}
_KINDS: dict[str, WorkKind] = {letter: kind for kind, letter in _LETTERS.items()}
_LARGEST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class MediaId:
    """A parsed media id; `str()` gives the string back. `number` is a title's id, for episodes an episode's."""

    kind: WorkKind
    number: int

    def __str__(self) -> str:
        return f"{_LETTERS[self.kind]}{self.number}"


def parse_media_id(text: str) -> MediaId:
    """Raises ValueError for anything that is not a media id."""
    if not re.fullmatch(PATTERN, text, re.ASCII) or int(text[1:]) > _LARGEST:
        raise ValueError("a media id looks like m12 (a film), s3 (a show) or e40 (an episode)")
    return MediaId(_KINDS[text[0]], int(text[1:]))
