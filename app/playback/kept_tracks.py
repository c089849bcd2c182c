"""Which tracks are meant: asked for by number, name or language, else kept for the title by
`PUT /api/v1/user/tracks/{media_id}`; found again in the file to play."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.languages import normalise
from app.library.models import MediaStream
from app.personal import queries as personal
from app.playback.files import Choice
from app.playback.plans import Wish

OFF = -1


@dataclass(frozen=True, slots=True)
class Tracks:
    """A track's number (-1: none), a language, a name, or `off`; None leaves it to what is kept."""

    audio: int | str | None = None
    subtitle: int | str | None = None


def wished(tracks: Tracks, choice: Choice, profile_id: int | None) -> Wish:
    """The tracks by their numbers in this file. What was asked for now counts before what is kept."""
    kept = _kept(choice, profile_id) if None in (tracks.audio, tracks.subtitle) else {}
    return Wish(
        audio=_number(choice, "audio", kept.get("audio") if tracks.audio is None else tracks.audio),
        subtitle=_number(choice, "subtitle", kept.get("subtitle") if tracks.subtitle is None else tracks.subtitle),
    )


def _kept(choice: Choice, profile_id: int | None) -> dict[str, str | None]:
    """What is kept for the work, else for its show."""
    if profile_id is None or choice.work.media_id is None:
        return {}
    of_show = f"s{choice.work.title_id}" if choice.work.episode_id is not None else None
    return personal.kept_tracks(profile_id, [one for one in (of_show, choice.work.media_id) if one])


def _number(choice: Choice, kind: str, asked: int | str | None) -> int | None:
    """The index of the first track that is meant; None when there is none, and for `off`."""
    if not isinstance(asked, str):
        return None if asked == OFF else asked
    tracks = [one for one in choice.streams if one.kind == kind]
    named = [one.index for one in tracks if asked and _is_called(one, asked)]
    language = normalise(asked)
    alike = [one.index for one in tracks if language and normalise(one.language) == language]
    return next(iter(named or alike), None)


def _is_called(stream: MediaStream, named: str) -> bool:
    return named.casefold() in {(one or "").casefold() for one in (stream.title, stream.language)}
