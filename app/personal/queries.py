"""What a profile did and wants, as rows and rows of cards. Nothing here writes; nothing asks once per row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from app.adapters.database import is_one_of
from app.catalog import queries as catalog
from app.catalog.answers import Card, ProgressOut, SeenOut
from app.catalog.models import Episode, Season, Title
from app.core.errors import NotFound
from app.core.media_id import MediaId, parse_media_id
from app.core.watching import resume_at
from app.extensions import db, read
from app.personal.models import HistoryEntry, ListItem, Playlist, PlaylistItem, Preference, Progress, Rating

SHOWS_CONSIDERED = 100
SITTINGS_CONSIDERED = 500
LOOK_AHEAD = 4
PLACE = Season.number * 100_000 + Episode.number
PROFILE_ID = bindparam("profile_id", type_=Integer)
# What every list and the home page ask is built once, as in the catalog.
PLACES = select(
    Progress.media_id,
    Progress.position,
    Progress.duration,
    Progress.resumable,
    Progress.watched,
    Progress.watched_at,
    Progress.updated_at,
).where(Progress.profile_id == PROFILE_ID, is_one_of(Progress.media_id, "media_ids"))
SEEN_EPISODES = (
    select(Progress.title_id, func.count().label("seen"))
    .join(Episode, Episode.id == Progress.episode_id)
    .where(Progress.profile_id == PROFILE_ID, is_one_of(Progress.title_id, "show_ids"))
    .where(Progress.watched, Episode.file_count > 0)
    .group_by(Progress.title_id)
    .subquery()
)
SEEN = (
    select(Title.id, Title.episode_count, func.coalesce(SEEN_EPISODES.c.seen, 0))
    .outerjoin(SEEN_EPISODES, SEEN_EPISODES.c.title_id == Title.id)
    .where(is_one_of(Title.id, "show_ids"))
)
WATCHLIST = (
    select(ListItem.media_id)
    .where(ListItem.profile_id == PROFILE_ID)
    .order_by(ListItem.added_at.desc(), ListItem.media_id)
)

SITTINGS = (
    select(HistoryEntry.title_id, HistoryEntry.profile_id)
    .where(HistoryEntry.ended_at >= bindparam("since", type_=HistoryEntry.ended_at.type))
    .order_by(HistoryEntry.ended_at.desc())
    .limit(SITTINGS_CONSIDERED)
)
PLAYABLE = select(Title.id).where(is_one_of(Title.id, "ids"), Title.file_count > 0)
LATEST_RESUMABLE = (
    select(Progress.id, Progress.media_id, Progress.title_id, Progress.updated_at)
    .join(Title, Title.id == Progress.title_id)
    .outerjoin(Episode, Episode.id == Progress.episode_id)
    .where(
        Progress.profile_id == PROFILE_ID, Progress.resumable, func.coalesce(Episode.file_count, Title.file_count) > 0
    )
    .order_by(Progress.updated_at.desc(), Progress.title_id.desc(), Progress.media_id.desc())  # as its index stands
    .limit(bindparam("most", type_=Integer))
)


@dataclass(frozen=True, slots=True)
class Personal:
    """What one profile has to do with one work."""

    progress: ProgressOut | None
    seen: SeenOut | None
    rating: float | None
    is_listed: bool


def progress_of(profile_id: int, media_ids: Iterable[str]) -> dict[str, ProgressOut]:
    """The profile's place in each of these films and episodes; what was never opened is absent."""
    wanted = list(media_ids)
    if not wanted:
        return {}
    rows = read(PLACES, {"profile_id": profile_id, "media_ids": wanted})
    return {row.media_id: _progress(row) for row in rows}


def episode_progress(profile_id: int, title_id: int) -> dict[int, ProgressOut]:
    """The profile's place in every episode of a show that it opened, by episode id."""
    rows = db.session.scalars(select(Progress).where(Progress.profile_id == profile_id, Progress.title_id == title_id))
    return {row.episode_id: _progress(row) for row in rows if row.episode_id is not None}


def seen_of(profile_id: int, show_ids: Sequence[int]) -> dict[int, SeenOut]:
    """For each of these shows how many of its playable episodes the profile has seen."""
    if not show_ids:
        return {}
    rows = read(SEEN, {"profile_id": profile_id, "show_ids": list(show_ids)})
    return {show_id: SeenOut.model_construct(episodes=count, watched=seen) for show_id, count, seen in rows}


def dress(profile_id: int | None, cards: Sequence[Card]) -> list[Card]:
    """The same cards with the profile's progress (films, episodes) or how much of it is seen (shows)."""
    if profile_id is None:
        return list(cards)
    progress = progress_of(profile_id, [card.media_id for card in cards if card.kind != "show"])
    seen = seen_of(profile_id, [int(card.media_id[1:]) for card in cards if card.kind == "show"])
    for card in cards:
        card.progress = progress.get(card.media_id)
        card.seen = seen.get(int(card.media_id[1:])) if card.kind == "show" else None
    return list(cards)


def personal(profile_id: int, work: catalog.Work) -> Personal:
    """Everything the profile has to do with one work."""
    media_id = str(work.media_id)
    is_show = work.media_id.kind == "show"
    return Personal(
        progress=None if is_show else progress_of(profile_id, [media_id]).get(media_id),
        seen=seen_of(profile_id, [work.title.id]).get(work.title.id, SeenOut(episodes=0, watched=0))
        if is_show
        else None,
        rating=db.session.scalar(
            select(Rating.value).where(Rating.profile_id == profile_id, Rating.media_id == media_id)
        ),
        is_listed=db.session.get(ListItem, (profile_id, media_id)) is not None,
    )


def is_watched_by(profile_id: int) -> ColumnElement[bool]:
    """A condition on `Title`: the film is seen, or every playable episode of the show is."""
    mine = (Progress.profile_id == profile_id, Progress.watched)
    films = select(Progress.title_id).where(*mine, Progress.episode_id.is_(None))
    followed = aliased(Title)
    shows = (
        select(Progress.title_id)
        .join(Episode, Episode.id == Progress.episode_id)
        .join(followed, followed.id == Progress.title_id)
        .where(*mine, Episode.file_count > 0)
        .group_by(Progress.title_id, followed.episode_count)
        .having(func.count() >= followed.episode_count)
    )
    return or_(and_(Title.kind == "movie", Title.id.in_(films)), and_(Title.kind == "show", Title.id.in_(shows)))


def continuing(profile_id: int, *, offset: int = 0, limit: int = 50) -> tuple[list[str], int]:
    """Films and episodes to go on with, the latest first, one of each show; and how many there are."""
    return _page(_continuing(), offset, limit, profile_id=profile_id)


def latest_continuing(profile_id: int, limit: int) -> list[str]:
    """The beginning of `continuing`, without counting what comes after."""
    rows = read(LATEST_RESUMABLE, {"profile_id": profile_id, "most": LOOK_AHEAD * limit})
    latest: dict[int, Any] = {}
    for row in rows:
        there = latest.setdefault(row.title_id, row)
        if (row.updated_at, row.id) > (there.updated_at, there.id):
            latest[row.title_id] = row
    if len(latest) < limit and len(rows) == LOOK_AHEAD * limit:  # many episodes begun of few shows
        return continuing(profile_id, limit=limit)[0]
    found = sorted(latest.values(), key=lambda row: str(row.media_id))
    found.sort(key=lambda row: cast(datetime, row.updated_at), reverse=True)
    return [row.media_id for row in found[:limit]]


@cache
def _continuing() -> Select[Any]:
    latest = (
        select(
            Progress.media_id,
            Progress.updated_at,
            func.row_number()
            .over(partition_by=Progress.title_id, order_by=(Progress.updated_at.desc(), Progress.id.desc()))
            .label("turn"),
        )
        .join(Title, Title.id == Progress.title_id)
        .outerjoin(Episode, Episode.id == Progress.episode_id)
        .where(
            Progress.profile_id == PROFILE_ID,
            Progress.resumable,
            func.coalesce(Episode.file_count, Title.file_count) > 0,
        )
        .subquery()
    )
    first = select(latest.c.media_id).where(latest.c.turn == 1)
    return first.order_by(latest.c.updated_at.desc(), latest.c.media_id)


def next_up(profile_id: int, *, offset: int = 0, limit: int = 50) -> tuple[list[int], int]:
    """For each show that the profile follows, the first playable episode after the last one it saw.

    The latest followed show first. Specials are never next; a show with an episode to go on with is left to
    `continuing`. Answers episode ids and how many there are.
    """
    ids = _next_of_followed(profile_id, SHOWS_CONSIDERED)
    return ids[offset : offset + limit], len(ids)


def first_next_up(profile_id: int, limit: int) -> list[int]:
    """The beginning of `next_up`: most often the latest few shows are enough for it."""
    ids = _next_of_followed(profile_id, 2 * limit)
    if len(ids) < limit < SHOWS_CONSIDERED:
        ids = _next_of_followed(profile_id, SHOWS_CONSIDERED)
    return ids[:limit]


def _next_of_followed(profile_id: int, shows: int) -> list[int]:
    rows = read(_next_up(), {"profile_id": profile_id, "shows": shows})
    return [key for (key,) in rows if key is not None]


@cache
def _next_up() -> Select[Any]:
    last = _last_seen()
    begun = exists().where(Progress.profile_id == PROFILE_ID, Progress.title_id == last.c.title_id, Progress.resumable)
    seen = select(Progress.episode_id).where(
        Progress.profile_id == PROFILE_ID, Progress.watched, Progress.episode_id.is_not(None)
    )
    ahead = (
        select(Episode.id)
        .join(Season, Season.id == Episode.season_id)
        .where(Episode.title_id == last.c.title_id, Season.number > 0, Episode.file_count > 0)
        .where(last.c.place < PLACE, Episode.id.not_in(seen))
        .order_by(PLACE, Episode.id)
        .limit(1)
        .correlate(last)
        .scalar_subquery()
    )
    return select(ahead.label("id")).select_from(last).where(~begun).order_by(last.c.watched_at.desc())


def neighbours(episode: Episode, season_number: int) -> tuple[int | None, int | None]:
    """The ids of the playable episodes before and after this one in its show; specials have none, nor are any."""
    if season_number <= 0:
        return None, None
    here = season_number * 100_000 + episode.number
    regular = (
        select(Episode.id)
        .join(Season, Season.id == Episode.season_id)
        .where(Episode.title_id == episode.title_id, Episode.file_count > 0, Season.number > 0)
    )
    before = regular.where(here > PLACE).order_by(PLACE.desc(), Episode.id.desc()).limit(1)
    after = regular.where(here < PLACE).order_by(PLACE, Episode.id).limit(1)
    return db.session.scalar(before), db.session.scalar(after)


def next_of_show(profile_id: int, title_id: int) -> Episode | None:
    """What Play on a show's page starts: the episode to go on with, else the first unseen, else the very first."""
    found: Episode | None = db.session.scalar(_next_of_show(), {"profile_id": profile_id, "title_id": title_id})
    return found


@cache
def _next_of_show() -> Select[Any]:
    mine = and_(Progress.episode_id == Episode.id, Progress.profile_id == PROFILE_ID)
    return (
        select(Episode)
        .join(Season, Season.id == Episode.season_id)
        .outerjoin(Progress, mine)
        .where(Episode.title_id == bindparam("title_id"), Episode.file_count > 0)
        .order_by(
            case((Progress.resumable, 0), else_=1),
            case((Progress.resumable, Progress.updated_at)).desc(),
            case((Progress.watched, 1), else_=0),
            case((Season.number > 0, 0), else_=1),
            PLACE,
            Episode.id,
        )
        .limit(1)
    )


def history(profile_id: int, *, offset: int, limit: int) -> tuple[Sequence[HistoryEntry], int]:
    """Sittings, the latest first, and how many there are."""
    mine = select(HistoryEntry).where(HistoryEntry.profile_id == profile_id)
    rows = db.session.scalars(
        mine.order_by(HistoryEntry.ended_at.desc(), HistoryEntry.id.desc()).offset(offset).limit(limit)
    ).all()
    return rows, _count(mine)


def watchlist(profile_id: int, *, offset: int = 0, limit: int = 50) -> tuple[list[str], int]:
    """Media ids on the watch list, the latest first, and how many there are."""
    return _page(WATCHLIST, offset, limit, profile_id=profile_id)


def playlists(profile_id: int, *, offset: int, limit: int) -> tuple[list[tuple[Playlist, int]], int]:
    """The profile's playlists, the latest changed first, each with its length; and how many there are."""
    length = select(func.count()).where(PlaylistItem.playlist_id == Playlist.id).correlate(Playlist).scalar_subquery()
    mine = select(Playlist, length).where(Playlist.profile_id == profile_id)
    rows = db.session.execute(mine.order_by(Playlist.updated_at.desc(), Playlist.id.desc()).offset(offset).limit(limit))
    total = _count(select(Playlist.id).where(Playlist.profile_id == profile_id))
    return [(found, count) for found, count in rows], total


def playlist(profile_id: int, playlist_id: int) -> Playlist:
    """The profile's own playlist. Raises NotFound, for somebody else's too."""
    found = db.session.get(Playlist, playlist_id)
    if found is None or found.profile_id != profile_id:
        raise NotFound("There is no such playlist of yours.")
    return found


def playlist_items(playlist_id: int) -> list[tuple[int, str]]:
    """`(item id, media id)` in order."""
    rows = db.session.execute(
        select(PlaylistItem.id, PlaylistItem.media_id)
        .where(PlaylistItem.playlist_id == playlist_id)
        .order_by(PlaylistItem.order, PlaylistItem.id)
    )
    return [(key, media_id) for key, media_id in rows]


def preferences(profile_id: int) -> dict[str, Any]:
    """Every stored setting by name (`tracks:<media_id>` ones have an endpoint of their own)."""
    rows = db.session.execute(
        select(Preference.name, Preference.value)
        .where(Preference.profile_id == profile_id, ~Preference.name.startswith("tracks:"))
        .order_by(Preference.name)
    )
    return {name: value.get("value") for name, value in rows}


def kept_tracks(profile_id: int, media_ids: Sequence[str]) -> dict[str, Any]:
    """What the profile hears and reads in these works; a later one in the sequence counts before an earlier."""
    names = [f"tracks:{media_id}" for media_id in media_ids]
    rows = db.session.execute(
        select(Preference.name, Preference.value).where(Preference.profile_id == profile_id, Preference.name.in_(names))
    )
    found = {name: value.get("value") or {} for name, value in rows}
    return {key: value for name in names for key, value in found.get(name, {}).items()}


def trending(since: datetime, *, offset: int = 0, limit: int = 50) -> tuple[list[int], int]:
    """Playable titles that this server's people watched most since then: by how many of them, then how often."""
    sittings = read(SITTINGS, {"since": since})
    people: dict[int, set[int]] = {}
    for title_id, profile_id in sittings:
        people.setdefault(title_id, set()).add(profile_id)
    times = Counter(title_id for title_id, _ in sittings)
    there = [key for (key,) in read(PLAYABLE, {"ids": list(people)})] if people else []
    there.sort(key=lambda key: (-len(people[key]), -times[key], key))
    return there[offset : offset + limit], len(there)


def held_titles(title_ids: Sequence[int]) -> set[int]:
    """Those of these titles that somebody's data hangs on: they are kept though their files are gone."""
    return {
        title_id
        for model in (Progress, HistoryEntry, ListItem, Rating, PlaylistItem)
        for title_id in db.session.scalars(select(model.title_id).where(model.title_id.in_(title_ids)).distinct())
    }


def held_episodes(episode_ids: Sequence[int]) -> set[int]:
    """Those of these episodes that somebody's data hangs on."""
    names = [str(MediaId("episode", episode_id)) for episode_id in episode_ids]
    return {
        parse_media_id(media_id).number
        for model in (Progress, HistoryEntry, ListItem, Rating, PlaylistItem)
        for media_id in db.session.scalars(select(model.media_id).where(model.media_id.in_(names)).distinct())
    }


def _last_seen() -> Any:
    """For each of the latest `shows` that the profile saw an episode of: which it saw last, and when.

    Of episodes that were marked at once, the furthest counts as the last.
    """
    seen = (
        select(
            Progress.title_id,
            PLACE.label("place"),
            Progress.watched_at,
            func.row_number()
            .over(partition_by=Progress.title_id, order_by=(Progress.watched_at.desc(), PLACE.desc()))
            .label("turn"),
        )
        .join(Episode, Episode.id == Progress.episode_id)
        .join(Season, Season.id == Episode.season_id)
        .where(Progress.profile_id == PROFILE_ID, Progress.watched, Season.number > 0)
        .subquery()
    )
    return (
        select(seen.c.title_id, seen.c.place, seen.c.watched_at)
        .where(seen.c.turn == 1)
        .order_by(seen.c.watched_at.desc())
        .limit(bindparam("shows", type_=Integer))
        .subquery()
    )


def _progress(row: Any) -> ProgressOut:
    return ProgressOut.model_construct(
        position=row.position,
        duration=row.duration,
        resume_at=resume_at(row.position, row.duration) if row.resumable else 0.0,
        watched=row.watched,
        watched_at=row.watched_at,
        updated_at=row.updated_at,
    )


def _page(found: Select[Any], offset: int, limit: int, **values: Any) -> tuple[list[Any], int]:
    """One page of the first column, and how many there are; both from one run where the page holds anything."""
    rows = read(_counted(found), {**values, "offset": offset, "limit": limit})
    if rows:
        return [row[0] for row in rows], rows[0][-1]
    return [], _count(found, **values) if offset else 0


@cache
def _counted(found: Select[Any]) -> Select[Any]:
    offset, limit = bindparam("offset", type_=Integer), bindparam("limit", type_=Integer)
    return found.add_columns(func.count().over()).offset(offset).limit(limit)


def _count(found: Select[Any], **values: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(found.order_by(None).subquery()), values) or 0
