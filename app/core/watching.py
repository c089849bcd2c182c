"""When something counts as watched, and whether to offer going on where one stopped."""

from __future__ import annotations

WATCHED_SHARE = 0.9
STARTED_SHARE = 0.05
STARTED_S = 60.0


def is_watched(position: float, duration: float | None, *, credits_at: float | None = None) -> bool:
    """Nine tenths were seen, or the credits began (seconds). An unknown duration is never watched to its end."""
    if not duration or duration <= 0:
        return False
    end = duration * WATCHED_SHARE
    if credits_at is not None and credits_at > duration / 2:
        end = min(end, credits_at)
    return position >= end


def resume_at(position: float, duration: float | None, *, credits_at: float | None = None) -> float:
    """Where to go on, in seconds; 0 when it was hardly begun or as good as over.

    Begun means 5 % or one minute, whichever is less: five per cent of a long film is more than anyone wants to see
    twice.
    """
    if position <= 0 or is_watched(position, duration, credits_at=credits_at):
        return 0.0
    begun = STARTED_S if not duration else min(STARTED_S, duration * STARTED_SHARE)
    if position < begun:
        return 0.0
    return min(position, duration) if duration else position
