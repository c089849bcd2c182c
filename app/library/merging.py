"""Two titles that turn out to be one work: their files, seasons and people's data come together in the older one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from app.catalog import metadata
from app.catalog import service as catalog
from app.catalog.models import Episode, ExternalId, Season, Title, TitleAlias, TitleMatch
from app.core.media_id import MediaId
from app.extensions import db
from app.library.counts import recount
from app.library.models import FilePart, Match
from app.signals import file_rematched


def merge(into_id: int, from_id: int, *, now: datetime) -> bool:
    """Moves everything of one title to another of its kind and forgets it. False when they cannot be one.

    Files that name the one that goes meet the other from now on. Where both have people's data, the newer stays.
    """
    into, gone = db.session.get(Title, into_id), db.session.get(Title, from_id)
    if into is None or gone is None or into_id == from_id or into.kind != gone.kind:
        return False
    for name, year in _names(gone):
        catalog.also_called(into_id, name, into.kind, year)
    into.is_anime = into.is_anime or gone.is_anime
    into.added_at = max(into.added_at, gone.added_at)
    db.session.flush()
    if into.kind == "show":
        _move_episodes(into_id, from_id, now)
    _move_title(into_id, from_id)
    _follow(_media_id(into.kind, from_id), _media_id(into.kind, into_id), into_id, None)
    catalog.forget([from_id])
    recount({into_id})
    catalog.touched([into_id])
    return True


def place_counted_through(title_id: int, *, now: datetime) -> int:
    """Episodes that files count through the whole show go to their seasons, as the provider counts them; with their
    files and what people did. Returns how many moved."""
    show = db.session.get_one(Title, title_id)
    moves = metadata.counted_through(title_id)
    for episode_id, season, number in moves:
        _move_episode(show, db.session.get_one(Episode, episode_id), season, number, now)
    if moves:
        catalog.forget_episodes([episode_id for episode_id, _, _ in moves], [title_id])
        recount({title_id})
    return len(moves)


def _names(title: Title) -> set[tuple[str, int | None]]:
    row = db.session.get(TitleMatch, title.id)
    said = {(title.name, title.year)}
    return said | ({(row.said_name, row.said_year)} if row is not None else set())


def _move_title(into_id: int, from_id: int) -> None:
    """What hangs on the title itself: a film's files, extras, other names."""
    quietly = {"synchronize_session": False}
    for model in (FilePart, Match):
        db.session.execute(
            update(model).where(model.title_id == from_id).values(title_id=into_id), execution_options=quietly
        )
    taken = select(TitleAlias.name_key).where(TitleAlias.title_id == into_id)
    db.session.execute(
        update(TitleAlias)
        .where(TitleAlias.title_id == from_id, TitleAlias.name_key.not_in(taken))
        .values(title_id=into_id),
        execution_options=quietly,
    )
    there = select(ExternalId.provider).where(ExternalId.title_id == into_id)
    db.session.execute(
        update(ExternalId)
        .where(ExternalId.title_id == from_id, ExternalId.provider.not_in(there))
        .values(title_id=into_id),
        execution_options=quietly,
    )
    db.session.expire_all()


def _move_episodes(into_id: int, from_id: int, now: datetime) -> None:
    """Each episode goes to its place in the other show; two at one place become one, with the files of both."""
    into = db.session.get_one(Title, into_id)
    numbers = {one.id: one.number for one in db.session.scalars(select(Season).where(Season.title_id == from_id))}
    for episode in list(db.session.scalars(select(Episode).where(Episode.title_id == from_id))):
        _move_episode(into, episode, numbers[episode.season_id], episode.number, now)


def _move_episode(show: Title, episode: Episode, season: int, number: float, now: datetime) -> None:
    """The files of an episode, and what people did with it, go to a place of this show; its row stays behind."""
    place = catalog.ensure_episode(
        show, season, number, absolute=episode.absolute, name=episode.name, air_date=episode.air_date, now=now
    )
    db.session.execute(
        update(FilePart).where(FilePart.episode_id == episode.id).values(episode_id=place.id),
        execution_options={"synchronize_session": False},
    )
    _follow(str(MediaId("episode", episode.id)), str(MediaId("episode", place.id)), show.id, place.id)


def _media_id(kind: str, number: int) -> str:
    return str(MediaId("show" if kind == "show" else "movie", number))


def _follow(old: str, new: str, title_id: int, episode_id: int | None) -> None:
    file_rematched.send("library", from_media_id=old, to_media_id=new, title_id=title_id, episode_id=episode_id)
