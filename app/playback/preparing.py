"""A title's whole ladder, asked for in advance: which files that means, and the job that makes it.

Making it is `workers/prepare.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app import outbox
from app.catalog.models import Episode, Season
from app.core.errors import Invalid, NotFound, Unavailable
from app.core.media_id import MediaId, parse_media_id
from app.core.playback import TELEVISION
from app.core.preparation import rendition_names
from app.extensions import db
from app.jobs import PREPARE
from app.library.models import FilePart, MediaFile
from app.playback.files import Choice, choose, chosen
from app.transcoding.service import Transcoding
from app.transcoding.sources import require_unchanged, source_file


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a job is to prepare: one file, or without `file_id` all the files of a show or of a film cut in parts.

    `key` is the same for whatever names the same.

    `renditions`: the names of those to make of the picture; None for every rung.
    """

    key: str
    media_id: str | None
    file_id: int | None
    renditions: tuple[str, ...] | None

    def payload(self) -> dict[str, Any]:
        names = None if self.renditions is None else list(self.renditions)
        return {"media_id": self.media_id, "media_file_id": self.file_id, "renditions": names}


def wanted(
    transcoding: Transcoding, *, media_id: MediaId | None, file_id: int | None, renditions: Sequence[str] | None
) -> Wanted:
    """What somebody asks for, looked up. A show means its episodes, a film all its parts; of several files that hold
    the same, the one that a television plays.

    Raises NotFound, Invalid for a rendition that there is none of, Unavailable while the file cannot be read.
    """
    names = None if renditions is None else tuple(dict.fromkeys(renditions))
    if media_id is not None and media_id.kind == "show":
        found = Wanted(f"prepare:{media_id}", str(media_id), None, names)
    else:
        choice = _choice(media_id, file_id)
        if media_id is not None and choice.stretch.parts:
            found = Wanted(f"prepare:{media_id}", str(media_id), None, names)
        else:
            found = Wanted(f"prepare:f{choice.file.id}", choice.work.media_id, choice.file.id, names)
        require_unchanged(source_file(choice.file.id))
    if names is not None:
        _require_known(transcoding, found, names)
    elif found.file_id is None:
        next(file_ids(found.payload()))
    db.session.rollback()
    return found


def _choice(media_id: MediaId | None, file_id: int | None) -> Choice:
    if media_id is not None:
        return choose(media_id, TELEVISION, profile_id=None)
    if file_id is not None:
        return chosen(file_id)
    raise Invalid("Say what to prepare: media_id or media_file_id.")


def _require_known(transcoding: Transcoding, asked: Wanted, names: Sequence[str]) -> None:
    """Raises Invalid unless each name is a rendition of at least one of the files."""
    unknown, known = dict.fromkeys(names), dict[str, None]()
    for file_id in file_ids(asked.payload()):
        source = source_file(file_id)
        db.session.remove()  # no database session is held while a worker reads the file's index
        try:
            here = rendition_names(transcoding.grid(file_id, source.origin).index)
        except (Invalid, Unavailable):
            if asked.file_id is not None:
                raise
            continue  # an episode or part that cannot be read now; the job tells of it
        known |= dict.fromkeys(here)
        unknown = {name: None for name in unknown if name not in known}
        if not unknown:
            return
    there = ", ".join(known) or "none"
    errors = [{"field": "renditions", "message": f"no such rendition: {name}"} for name in unknown]
    raise Invalid(f"There is no rendition {', '.join(unknown)} of this. There are: {there}.", errors=errors)


def file_ids(payload: dict[str, Any]) -> Iterator[int]:
    """The files that a job's payload means, each once; episodes and parts in their order. Raises NotFound for none."""
    if payload["media_file_id"] is not None:
        yield int(payload["media_file_id"])
        return
    media_id = parse_media_id(payload["media_id"])
    if media_id.kind == "show":
        yield from _files_of_show(media_id.number)
    else:
        choice = choose(media_id, TELEVISION, profile_id=None)
        yield from [file_id for file_id, _ in choice.stretch.parts] or [choice.file.id]


def _files_of_show(show: int) -> Iterator[int]:
    seen: set[int] = set()
    for episode_id in _episodes(show):
        try:
            found = choose(MediaId("episode", episode_id), TELEVISION, profile_id=None).file.id
        except NotFound:  # it went since the list was read
            continue
        if found not in seen:
            seen.add(found)
            yield found
    if not seen:
        raise NotFound("There is no episode of this show to prepare.")


def _episodes(show: int) -> Sequence[int]:
    """The show's episodes with a file, specials last."""
    playable = select(FilePart.episode_id).join(MediaFile, MediaFile.id == FilePart.file_id)
    playable = playable.where(MediaFile.state == "ok", MediaFile.role == "main", MediaFile.missing_since.is_(None))
    return db.session.scalars(
        select(Episode.id)
        .join(Season, Season.id == Episode.season_id)
        .where(Episode.title_id == show, Episode.id.in_(playable))
        .order_by(Season.number == 0, Season.number, Episode.number, Episode.id)
    ).all()


def enqueue(asked: Wanted, *, requested_by_id: int | None, now: datetime) -> int:
    """The job that makes what is asked for, inside a write unit: one that will make it anyway, else a new one.

    A job of the same file that has not begun yet is widened to make both.
    """
    for job in outbox.open_with(asked.key):
        if _covers(job.payload, asked.renditions):
            return job.id
    job_id = _enqueue(asked, requested_by_id, now)
    waiting = db.session.get_one(outbox.Job, job_id, populate_existing=True).payload
    if _covers(waiting, asked.renditions) or outbox.amend(job_id, _both(waiting, asked)):
        return job_id
    return _enqueue(asked, requested_by_id, now)  # that one began meanwhile


def _enqueue(asked: Wanted, requested_by_id: int | None, now: datetime) -> int:
    return outbox.enqueue(PREPARE, asked.payload(), dedupe_key=asked.key, requested_by_id=requested_by_id, now=now)


def _covers(payload: dict[str, Any], names: Sequence[str] | None) -> bool:
    made = payload["renditions"]
    return made is None or (names is not None and set(names) <= set(made))


def _both(payload: dict[str, Any], asked: Wanted) -> dict[str, Any]:
    if asked.renditions is None:
        return asked.payload()
    return {**payload, "renditions": list(dict.fromkeys([*payload["renditions"], *asked.renditions]))}
