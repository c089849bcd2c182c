"""Pictures of works: which one stands for what, and the rows behind them.

Files and pixels are for the worker and the route; here are rows only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select, update

from app.catalog.models import Artwork, Collection, Episode, Person, Season, Title
from app.core.artwork import ArtKind
from app.extensions import Model, db

Owner = Literal["title_id", "episode_id", "person_id", "collection_id"]

OWNERS: dict[Owner, type[Model]] = {
    "title_id": Title,
    "episode_id": Episode,
    "person_id": Person,
    "collection_id": Collection,
}
_INSTEAD: dict[tuple[Owner, ArtKind], tuple[ArtKind, ...]] = {
    ("title_id", "poster"): ("poster",),
    ("title_id", "backdrop"): ("backdrop", "still"),
    ("title_id", "still"): ("still", "backdrop"),
    ("title_id", "logo"): ("logo",),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a picture is asked of: its name to draw where there is none, and the show behind an episode."""

    owner: Owner
    id: int
    name: str
    small: str = ""
    show_id: int | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture that is kept: `path` below the data folder's `art/`, its width, a version that changes with it."""

    path: str
    width: int
    version: str


@dataclass(frozen=True, slots=True)
class Found:
    """A new picture for a work. `source_key` says what it was made from: unchanged means nothing is to be done."""

    origin: Literal["sidecar", "provider", "embedded", "frame", "composed"]
    source_key: str
    path: str
    width: int
    height: int
    thumbhash: str
    tint: str


def subject(owner: Owner, number: int, kind: str | None = None) -> Subject | None:
    """The work, person or collection of this id; `kind` must be the title's own (`movie`, `show`)."""
    if owner == "title_id":
        title = db.session.execute(select(Title.name, Title.year, Title.kind).where(Title.id == number)).one_or_none()
        if title is None or (kind is not None and title.kind != kind):
            return None
        return Subject(owner, number, title.name, str(title.year or ""))
    if owner == "episode_id":
        row = db.session.execute(
            select(Episode.title_id, Episode.number, Season.number.label("season"), Title.name)
            .join(Season, Season.id == Episode.season_id)
            .join(Title, Title.id == Episode.title_id)
            .where(Episode.id == number)
        ).one_or_none()
        if row is None:
            return None
        return Subject(owner, number, row.name, f"S{row.season:02} E{row.number:02g}", row.title_id)
    model = Person if owner == "person_id" else Collection
    name = db.session.scalar(select(model.name).where(model.id == number))
    return None if name is None else Subject(owner, number, name)


def kept(of: Subject, kind: ArtKind) -> Kept | None:
    """The picture that stands for this kind: its own, else the nearest that the work or its show has."""
    wanted: list[tuple[Owner, int, ArtKind]] = [
        (of.owner, of.id, one) for one in _INSTEAD.get((of.owner, kind), (kind,))
    ]
    if of.show_id is not None:
        instead: tuple[ArtKind, ...] = ("backdrop",) if kind == "still" else (kind,)
        wanted += [("title_id", of.show_id, one) for one in instead]
    for owner, number, one in wanted:
        row = db.session.execute(
            select(Artwork.path, Artwork.width).where(getattr(Artwork, owner) == number, Artwork.kind == one)
        ).one_or_none()
        if row is not None:
            return Kept(row.path, row.width, row.path.rpartition("/")[2].partition(".")[0][:20])
    return None


def source_keys(owner: Owner, ids: list[int]) -> dict[tuple[int, str], str | None]:
    """What the pictures of these owners were made from, by owner and kind."""
    column = getattr(Artwork, owner)
    rows = db.session.execute(select(column, Artwork.kind, Artwork.source_key).where(column.in_(ids)))
    return {(number, kind): key for number, kind, key in rows}


def kept_paths() -> set[str]:
    """Every original that a work names."""
    return set(db.session.scalars(select(Artwork.path)))


def put(owner: Owner, number: int, kind: ArtKind, found: Found, *, now: datetime) -> None:
    """Sets the picture of an owner; inside the caller's write unit. An owner that is gone by now is left alone."""
    if db.session.get(OWNERS[owner], number) is None:
        return
    facts = {
        "origin": found.origin,
        "source_key": found.source_key,
        "path": found.path,
        "width": found.width,
        "height": found.height,
        "thumbhash": found.thumbhash,
        "tint": found.tint,
        "updated_at": now,
    }
    column = getattr(Artwork, owner)
    changed = db.session.execute(update(Artwork).where(column == number, Artwork.kind == kind).values(**facts))
    if not changed.rowcount:  # type: ignore[attr-defined]
        db.session.add(Artwork(**{owner: number}, kind=kind, **facts))
        db.session.flush()
