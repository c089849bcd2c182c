"""How hard a run may search: the quality of a picture gives way before anyone's playing does. Pure."""

from __future__ import annotations

from app.transcoding.runs import Lane

FAST_LINES = 720


def preset(lane: Lane, *, lines: int, others: int, cores: int, queued: int) -> str:
    """One of `ladder.PRESETS` for a run of a picture with so many lines.

    `others` runs are at work beside it on `cores` cores, and `queued` wait for a slot.
    """
    if queued or others >= cores:
        return "ultrafast"
    if lines > FAST_LINES:
        return "superfast" if not others else "ultrafast"
    if lane == "now" or others:
        return "superfast"
    return "veryfast"
