"""A person puts the catalog right: what a title says, which files are one work and which are two.

Runs inside the caller's write unit. What was edited is locked: no provider and no file overwrites it, until it is
unlocked. What people did stays with the work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from app.catalog import metadata
from app.catalog import service as catalog
from app.catalog.models import Episode, Season, Title
from app.core.errors import Invalid, NotFound
from app.core.media_id import MediaId
from app.extensions import db
from app.library.counts import recount
from app.library.merging import merge
from app.library.models import FilePart, Match
from app.library.works import titles_of

EDITABLE = ("name", "original_name", "year", "overview", "rating", "genres", "people")
"""What can be edited (people cannot) and locked."""


def title_of(media_id: MediaId) -> Title:
    """The film or the show. Raises NotFound; an episode is none."""
    found = None if media_id.kind == "episode" else db.session.get(Title, media_id.number)
    if found is None or found.kind != media_id.kind:
        raise NotFound("There is no such title.")
    return found


def edit(media_id: MediaId, changes: Mapping[str, Any], *, locked: Sequence[str] | None = None, now: datetime) -> Title:
    """Sets what is named in `changes` and locks it; `locked` says instead which fields are locked from now on.

    Raises NotFound, and Invalid for a title without a name.
    """
    title = title_of(media_id)
    if "name" in changes and not str(changes["name"] or "").strip():
        raise Invalid("A title needs a name.")
    metadata.remember(title, now=now)
    for field, value in changes.items():
        if field == "genres":
            metadata.set_genres(title, value)
        elif field == "name":
            title.name = str(value).strip()
        else:
            setattr(title, field, value)
    kept = set(title.locked_fields) | set(changes) if locked is None else set(locked)
    title.locked_fields = [field for field in EDITABLE if field in kept]
    if "name" in changes:
        title.localized = {}  # the person's name is the name, in every language
    catalog.describe(title, now=now)
    return title


def join(into: MediaId, other: MediaId, *, now: datetime) -> int:
    """Two titles are one work: the second's files and people's data go to the first. Returns its id.

    Raises NotFound, and Invalid when they cannot be one.
    """
    one, gone = title_of(into), title_of(other)
    if one.id == gone.id:
        raise Invalid("That is the same title.")
    if one.kind != gone.kind:
        raise Invalid("A film and a show cannot be one title.")
    merge(one.id, gone.id, now=now)
    return one.id


def split(media_id: MediaId, file_ids: Sequence[int], *, now: datetime) -> int:
    """Some files of a title are another work: they become a title of their own, that waits for a person to say which.

    A later scan leaves them there. Returns the new title's id. Raises NotFound, and Invalid unless at least one of the
    title's files stays and at least one goes.
    """
    title = title_of(media_id)
    owned = _files_of(title)
    going = sorted(set(file_ids) & owned)
    if not going or set(file_ids) - owned:
        raise Invalid("These are not files of this title.")
    if len(going) == len(owned):
        raise Invalid("At least one file must stay.")
    made = catalog.split_off(title, going[0], now=now)
    if title.kind == "show":
        _move_episodes(title, made, going, now)
    db.session.execute(
        update(FilePart).where(FilePart.file_id.in_(going), FilePart.title_id == title.id).values(title_id=made.id),
        execution_options={"synchronize_session": False},
    )
    db.session.execute(
        update(Match)
        .where(Match.file_id.in_(going))
        .values(title_id=made.id, locked=True, reasons=["a person said that it is another work"]),
        execution_options={"synchronize_session": False},
    )
    metadata.hold_apart(made, now=now)
    db.session.expire_all()
    recount(titles_of(going) | {title.id, made.id})
    catalog.touched([title.id, made.id])
    return made.id


def _files_of(title: Title) -> set[int]:
    rows = (
        select(FilePart.file_id)
        .outerjoin(Episode, Episode.id == FilePart.episode_id)
        .where((FilePart.title_id == title.id) | (Episode.title_id == title.id))
    )
    return set(db.session.scalars(rows))


def _move_episodes(title: Title, made: Title, file_ids: Sequence[int], now: datetime) -> None:
    """The same places in the other show, for the parts of these files; an episode with other files keeps those."""
    rows = db.session.execute(
        select(FilePart.id, Season.number, Episode.number, Episode.absolute, Episode.name)
        .join(Episode, Episode.id == FilePart.episode_id)
        .join(Season, Season.id == Episode.season_id)
        .where(FilePart.file_id.in_(file_ids), Episode.title_id == title.id)
    ).all()
    for part_id, season, number, absolute, name in rows:
        place = catalog.ensure_episode(made, season, number, absolute=absolute, name=name, now=now)
        db.session.execute(update(FilePart).where(FilePart.id == part_id).values(episode_id=place.id))
