"""Which tracks somebody keeps for a title (`PUT /api/v1/user/tracks/{media_id}`), found again in the file to play."""

from __future__ import annotations

from dataclasses import replace

from app.library.models import MediaStream
from app.personal import queries as personal
from app.playback.files import Choice
from app.playback.plans import Wish


def with_kept(wish: Wish, choice: Choice, profile_id: int | None) -> Wish:
    """The wish, completed by what is kept for the work, else for its show. What was asked for now counts first."""
    if profile_id is None or choice.work.media_id is None:
        return wish
    of_show = f"s{choice.work.title_id}" if choice.work.episode_id is not None else None
    kept = personal.kept_tracks(profile_id, [one for one in (of_show, choice.work.media_id) if one])
    return replace(
        wish,
        audio=_found(choice, "audio", kept.get("audio")) if wish.audio is None else wish.audio,
        subtitle=_found(choice, "subtitle", kept.get("subtitle")) if wish.subtitle is None else wish.subtitle,
    )


def _found(choice: Choice, kind: str, named: str | None) -> int | None:
    """The index of the first track of this name or language; None when there is none, and for `off`."""
    tracks = [one for one in choice.streams if one.kind == kind]
    return next((one.index for one in tracks if named and _is_called(one, named)), None)


def _is_called(stream: MediaStream, named: str) -> bool:
    return named.casefold() in {(one or "").casefold() for one in (stream.title, stream.language)}
