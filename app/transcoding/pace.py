"""How fast an encoded picture is made here at present, so that a player climbs only to what can be sustained."""

from __future__ import annotations

import redis

KEPT_MS = 120_000
WEIGHT = 0.5
"""Of the newest cell, against all before it."""
HOPELESS = 0.7
"""What begins slower than this does not catch up."""


def note(client: redis.Redis, recipe: str, pace: float, *, is_first: bool = False) -> None:
    """A cell of this rendition was made at this pace (seconds of film in a second).

    `is_first`: it was its run's first, while decoder and encoder still fill and an older run may be ending. That says
    little of the next ones (a quarter less, or a third more), so it counts only where it is hopelessly slow.
    """
    if is_first and pace >= HOPELESS:
        return
    known = read(client, recipe)
    mixed = pace if known is None else known * (1 - WEIGHT) + pace * WEIGHT
    client.set(_name(recipe), f"{mixed:.3f}", px=KEPT_MS)


def read(client: redis.Redis, recipe: str) -> float | None:
    """The pace of the last two minutes, None where nothing was made in them."""
    found = client.get(_name(recipe))
    return float(found) if isinstance(found, bytes) else None


def _name(recipe: str) -> str:
    return f"matinee:pace:{recipe}"
