"""How fast an encoded picture is made here at present, so that a player climbs only to what can be sustained."""

from __future__ import annotations

import redis

KEPT_MS = 120_000
WEIGHT = 0.5
"""Of the newest cell, against all before it."""
_BEGINNING = b"~"


def note(client: redis.Redis, recipe: str, pace: float, *, is_first: bool = False) -> None:
    """A cell of this rendition was made at this pace (seconds of film in a second).

    `is_first`: it was its run's first, so that ffmpeg's start is in it. Such a pace stands until a better one comes.
    """
    found = client.get(_name(recipe))
    known = _pace(found)
    if is_first and known is not None:
        return
    is_guess = isinstance(found, bytes) and found.endswith(_BEGINNING)
    mixed = pace if known is None or is_guess else known * (1 - WEIGHT) + pace * WEIGHT
    client.set(_name(recipe), f"{mixed:.3f}".encode() + (_BEGINNING if is_first else b""), px=KEPT_MS)


def read(client: redis.Redis, recipe: str) -> float | None:
    """The pace of the last two minutes, None where nothing was made in them."""
    return _pace(client.get(_name(recipe)))


def _pace(found: object) -> float | None:
    return float(found.removesuffix(_BEGINNING)) if isinstance(found, bytes) else None


def _name(recipe: str) -> str:
    return f"matinee:pace:{recipe}"
