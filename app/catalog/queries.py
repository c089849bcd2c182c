"""What is asked about works. Nothing here writes; nothing asks once per row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, Executable, Select, bindparam, func, select
from sqlalchemy.orm import load_only

from app.adapters.database import is_one_of
from app.catalog.answers import Card, CollectionOut, GenreOut, PersonCredit, Picture, ShowOut
from app.catalog.memory import memory, remembered
from app.catalog.models import (
    Artwork,
    Collection,
    CollectionTitle,
    Credit,
    Episode,
    ExternalId,
    Genre,
    Person,
    Season,
    Title,
    TitleGenre,
)
from app.core.errors import NotFound
from app.core.media_id import MediaId, parse_media_id
from app.extensions import db, read

IS_AVAILABLE = Title.file_count > 0
CARD_COLUMNS = (
    Title.id,
    Title.kind,
    Title.is_anime,
    Title.name,
    Title.original_name,
    Title.localized,
    Title.year,
    Title.overview,
    Title.rating,
    Title.popularity,
    Title.runtime_s,
    Title.file_count,
    Title.added_at,
)
EPISODE_COLUMNS = (
    Episode.id,
    Episode.number,
    Episode.absolute,
    Episode.name,
    Episode.overview,
    Episode.air_date,
    Episode.runtime_s,
    Episode.file_count,
    Episode.added_at,
)
TITLE_ID: BindParameter[int] = bindparam("title_id")
# What every list and page asks stands ready: to build such a statement takes longer than SQLite needs to answer it.
KINDS = select(Title.id, Title.kind).where(is_one_of(Title.id, "ids"))
TITLES = select(*CARD_COLUMNS).where(is_one_of(Title.id, "ids"))
EPISODES = (
    select(*EPISODE_COLUMNS, Season.number.label("season"), *(one.label(f"t_{one.key}") for one in CARD_COLUMNS))
    .join(Season, Season.id == Episode.season_id)
    .join(Title, Title.id == Episode.title_id)
    .where(is_one_of(Episode.id, "ids"))
)
PICTURES = {
    owner.key: select(owner, Artwork.kind, Artwork.width, Artwork.height, Artwork.thumbhash, Artwork.tint, Title.kind)
    .outerjoin(Title, Title.id == Artwork.title_id)
    .where(is_one_of(owner, "ids"))
    for owner in (Artwork.title_id, Artwork.episode_id, Artwork.person_id, Artwork.collection_id)
}
EXTERNAL_IDS = (
    select(ExternalId.provider, ExternalId.value)
    .where(ExternalId.title_id == TITLE_ID, ExternalId.season.is_(None))
    .order_by(ExternalId.id.desc())
)
GENRE_NAMES = (
    select(Genre.name)
    .join(TitleGenre, TitleGenre.genre_id == Genre.id)
    .where(TitleGenre.title_id == TITLE_ID)
    .order_by(Genre.name)
)
CREDITS = (
    select(Credit.person_id, Person.name, Credit.job, Credit.character)
    .join(Person, Person.id == Credit.person_id)
    .where(Credit.title_id == TITLE_ID)
    .order_by(Credit.job != "actor", Credit.order, Credit.id)
)
SEASONS = (
    select(Season)
    .where(Season.title_id == TITLE_ID)
    .order_by(Season.number)
    .options(load_only(Season.id, Season.number, Season.name, Season.overview))
)
PLAYABLE_EPISODES = (
    select(Episode)
    .where(Episode.title_id == TITLE_ID, Episode.file_count > 0)
    .order_by(Episode.season_id, Episode.number)
)


@dataclass(frozen=True, slots=True)
class Work:
    """A media id that exists: its title and, for an episode, the episode with its season's number."""

    media_id: MediaId
    title: Title
    episode: Episode | None = None
    season_number: int | None = None

    @property
    def episode_id(self) -> int | None:
        return self.episode.id if self.episode else None


def work(media_id: MediaId) -> Work:
    """The work behind a media id. Raises NotFound."""
    if media_id.kind == "episode":
        row = db.session.execute(
            select(Episode, Season.number, Title)
            .join(Season, Season.id == Episode.season_id)
            .join(Title, Title.id == Episode.title_id)
            .where(Episode.id == media_id.number)
        ).one_or_none()
        if row is not None:
            return Work(media_id, row[2], row[0], row[1])
    else:
        title = db.session.get(Title, media_id.number)
        if title is not None and title.kind == media_id.kind:
            return Work(media_id, title)
    raise NotFound(f"There is no {media_id.kind} {media_id}.")


def title_ids_of(wanted: Iterable[MediaId]) -> dict[MediaId, int]:
    """The titles of these works; a work that does not exist is absent."""
    titles = {one for one in wanted if one.kind != "episode"}
    episodes = {one for one in wanted if one.kind == "episode"}
    kinds = dict(
        db.session.execute(select(Title.id, Title.kind).where(Title.id.in_([one.number for one in titles]))).all()
    )
    owners = dict(
        db.session.execute(
            select(Episode.id, Episode.title_id).where(Episode.id.in_([one.number for one in episodes]))
        ).all()
    )
    return {
        **{one: one.number for one in titles if kinds.get(one.number) == one.kind},
        **{one: owners[one.number] for one in episodes if one.number in owners},
    }


def season_id(title_id: int, number: int) -> int:
    """The row of a show's season. Raises NotFound."""
    found = db.session.scalar(select(Season.id).where(Season.title_id == title_id, Season.number == number))
    if found is None:
        raise NotFound(f"This show has no season {number}.")
    return found


def title_media_id(kind: str, title_id: int) -> str:
    """`m12` or `s3`."""
    return f"{'m' if kind == 'movie' else 's'}{title_id}"


def media_ids(title_ids: Sequence[int]) -> list[str]:
    """The media ids of these titles in this order; ids that do not exist are left out."""
    kinds = dict(read(KINDS, {"ids": list(title_ids)}))
    return [title_media_id(kinds[key], key) for key in title_ids if key in kinds]


def title_cards(title_ids: Sequence[int], *, language: str | None = None) -> list[Card]:
    """Cards of these films and shows in this order; ids that do not exist are left out."""
    return _cards(title_ids, (), language)[0]


def episode_cards(episode_ids: Sequence[int], *, language: str | None = None) -> list[Card]:
    """Cards of these episodes in this order, each with its show; ids that do not exist are left out."""
    return _cards((), episode_ids, language)[1]


def cards(media_ids: Iterable[str], *, language: str | None = None) -> dict[str, Card]:
    """Cards by media id, for mixed lists; what does not exist (any more) is absent."""
    parsed = [parse_media_id(media_id) for media_id in dict.fromkeys(media_ids)]
    titles, episodes = _cards(
        [one.number for one in parsed if one.kind != "episode"],
        [one.number for one in parsed if one.kind == "episode"],
        language,
    )
    return {card.media_id: card for card in (*titles, *episodes)}


def _cards(title_ids: Sequence[int], episode_ids: Sequence[int], language: str | None) -> tuple[list[Card], list[Card]]:
    """Cards that nobody else holds: whoever asked may dress them."""
    held = memory()
    wanted = [*(("title", key) for key in title_ids), *(("episode", key) for key in episode_ids)]
    known = {one: card for one in wanted if held and (card := held.cards.get((*one, language)))}
    made = _made(
        [key for key in title_ids if ("title", key) not in known],
        [key for key in episode_ids if ("episode", key) not in known],
        language,
    )
    if held:
        for (of, key), card in made.items():
            held.cards.put((of, key, language), card)
    known |= made
    return (
        [known["title", key].model_copy() for key in title_ids if ("title", key) in known],
        [known["episode", key].model_copy() for key in episode_ids if ("episode", key) in known],
    )


def _made(title_ids: Sequence[int], episode_ids: Sequence[int], language: str | None) -> dict[tuple[str, int], Card]:
    titles = {row.id: row for row in _of(TITLES, title_ids)}
    episodes = {row.id: row for row in _of(EPISODES, episode_ids)}
    pictures = pictures_of("title_id", {*titles, *(row.t_id for row in episodes.values())})
    stills = pictures_of("episode_id", episodes)
    return {
        **{("title", key): _title_card(row, pictures.get(key, {}), language) for key, row in titles.items()},
        **{
            ("episode", key): _episode_card(row, {**pictures.get(row.t_id, {}), **stills.get(key, {})}, language)
            for key, row in episodes.items()
        },
    }


def _of(statement: Executable, ids: Sequence[int]) -> Sequence[Any]:
    return read(statement, {"ids": list(ids)}) if ids else ()


def pictures_of(owner: str, ids: Iterable[int]) -> dict[int, dict[str, Picture]]:
    """Pictures by owner and kind; `owner` is `title_id`, `episode_id`, `person_id` or `collection_id`."""
    wanted = list(ids)
    if not wanted:
        return {}
    found: dict[int, dict[str, Picture]] = {}
    rows = read(PICTURES[owner], {"ids": wanted})
    for owner_id, kind, width, height, thumbhash, tint, title_kind in rows:
        name = _art_name(owner, owner_id, title_kind)
        found.setdefault(owner_id, {})[kind] = Picture.model_construct(
            url=f"/art/{name}/{kind}", width=width, height=height, thumbhash=thumbhash, tint=tint
        )
    return found


def external_ids(title_id: int) -> dict[str, str]:
    """What providers call this title as a whole: `{"tmdb": "603"}`."""
    return dict(read(EXTERNAL_IDS, {"title_id": title_id}))


def genre_names(title_id: int) -> list[str]:
    return [name for (name,) in read(GENRE_NAMES, {"title_id": title_id})]


def credits_of(title_id: int) -> list[PersonCredit]:
    """Cast first, in billing order, then the others."""
    rows = read(CREDITS, {"title_id": title_id})
    pictures = pictures_of("person_id", {row.person_id for row in rows})
    return [
        PersonCredit(
            person_id=row.person_id,
            name=row.name,
            job=row.job,
            character=row.character,
            picture=pictures.get(row.person_id, {}).get("poster"),
        )
        for row in rows
    ]


def seasons_of(title_id: int) -> Sequence[Season]:
    return db.session.scalars(SEASONS, {"title_id": title_id}).all()


def episodes_of(title_id: int) -> Sequence[Episode]:
    """The episodes that can be played, in order of season row and number."""
    return db.session.scalars(PLAYABLE_EPISODES, {"title_id": title_id}).all()


def genres() -> list[GenreOut]:
    """Genres that something playable has, by name."""
    rows = db.session.execute(
        select(Genre.id, Genre.name, func.count())
        .join(TitleGenre, TitleGenre.genre_id == Genre.id)
        .join(Title, Title.id == TitleGenre.title_id)
        .where(IS_AVAILABLE)
        .group_by(Genre.id, Genre.name)
        .order_by(Genre.name)
    )
    return [GenreOut(id=key, name=name, count=count) for key, name, count in rows]


def person(person_id: int) -> Person:
    """Raises NotFound."""
    found = db.session.get(Person, person_id)
    if found is None:
        raise NotFound(f"There is no person {person_id}.")
    return found


def titles_with_person(person_id: int) -> list[tuple[int, str, str | None]]:
    """`(title_id, job, character)`, newest title first."""
    rows = db.session.execute(
        select(Credit.title_id, Credit.job, Credit.character)
        .join(Title, Title.id == Credit.title_id)
        .where(Credit.person_id == person_id, IS_AVAILABLE)
        .order_by(func.coalesce(Title.year, 0).desc(), Title.id.desc(), Credit.id)
    )
    return [(title_id, job, character) for title_id, job, character in rows]


def collections(*, offset: int, limit: int) -> tuple[list[CollectionOut], int]:
    """Collections that hold something playable, by name, and how many there are."""
    counted = (
        select(CollectionTitle.collection_id.label("id"), func.count().label("works"))
        .join(Title, Title.id == CollectionTitle.title_id)
        .where(IS_AVAILABLE)
        .group_by(CollectionTitle.collection_id)
        .subquery()
    )
    rows = db.session.execute(
        select(Collection.id, Collection.name, Collection.overview, counted.c.works)
        .join(counted, counted.c.id == Collection.id)
        .order_by(Collection.name, Collection.id)
        .offset(offset)
        .limit(limit)
    ).all()
    total = db.session.scalar(select(func.count()).select_from(counted)) or 0
    pictures = pictures_of("collection_id", [row.id for row in rows])
    shown = [
        CollectionOut(
            id=row.id, name=row.name, overview=row.overview, artwork=pictures.get(row.id, {}), count=row.works
        )
        for row in rows
    ]
    return shown, total


def collection(collection_id: int) -> Collection:
    """Raises NotFound."""
    found = db.session.get(Collection, collection_id)
    if found is None:
        raise NotFound(f"There is no collection {collection_id}.")
    return found


def titles_in_collection(collection_id: int) -> list[int]:
    """Playable titles by year."""
    return list(
        db.session.scalars(
            select(Title.id)
            .join(CollectionTitle, CollectionTitle.title_id == Title.id)
            .where(CollectionTitle.collection_id == collection_id, IS_AVAILABLE)
            .order_by(func.coalesce(Title.year, 0), Title.sort_name, Title.id)
        )
    )


def newest_titles(*, limit: int, kind: str | None = None, anime: bool | None = None) -> Sequence[str]:
    """Media ids of playable titles whose film or latest episode came last."""
    return remembered(
        ("newest", limit, kind, anime),
        lambda: [title_media_id(of, key) for of, key in read(_newest(limit, kind, anime))],
    )


@lru_cache(maxsize=64)
def _newest(limit: int, kind: str | None, anime: bool | None) -> Select[str, int]:
    found = select(Title.kind, Title.id).where(IS_AVAILABLE).order_by(Title.added_at.desc(), Title.id.desc())
    if kind is not None:
        found = found.where(Title.kind == kind)
    if anime is not None:
        found = found.where(Title.is_anime == anime)
    return found.limit(limit)


def localized_names(title: Title) -> dict[str, str]:
    """Names by language, `original` included where it differs."""
    names = {language: str(texts["name"]) for language, texts in (title.localized or {}).items() if texts.get("name")}
    return {**({"original": title.original_name} if title.original_name else {}), **names}


def _title_card(row: Any, pictures: Mapping[str, Picture], language: str | None) -> Card:
    name, overview = _in_language(row.name, row.overview, row.localized, language)
    return Card.model_construct(
        media_id=title_media_id(row.kind, row.id),
        kind=row.kind,
        title=name,
        original_title=row.original_name,
        year=row.year,
        anime=row.is_anime,
        overview=overview,
        rating=row.rating,
        popularity=row.popularity,
        runtime=row.runtime_s,
        artwork=dict(pictures),
        added_at=row.added_at,
        available=row.file_count > 0,
    )


def _episode_card(row: Any, pictures: Mapping[str, Picture], language: str | None) -> Card:
    show, _ = _in_language(row.t_name, None, row.t_localized, language)
    return Card.model_construct(
        media_id=f"e{row.id}",
        kind="episode",
        title=row.name or place(row.season, row.number),
        year=row.air_date.year if row.air_date else row.t_year,
        anime=row.t_is_anime,
        overview=row.overview,
        rating=row.t_rating,
        popularity=row.t_popularity,
        runtime=row.runtime_s,
        artwork=dict(pictures),
        added_at=row.added_at,
        available=row.file_count > 0,
        show=ShowOut(media_id=f"s{row.t_id}", title=show, year=row.t_year, anime=row.t_is_anime),
        season=row.season,
        number=row.number,
        absolute=row.absolute,
        air_date=row.air_date,
    )


def place(season: int, number: float) -> str:
    """`S02E05`, as every language of this field writes it; `S02E12.5` for a special between two."""
    whole = f"{int(number):02}" if number == int(number) else f"{number:04.1f}"
    return f"S{season:02}E{whole}"


def _in_language(
    name: str, overview: str | None, localized: Mapping[str, Any] | None, language: str | None
) -> tuple[str, str | None]:
    texts = (localized or {}).get(language or "") or {}
    return texts.get("name") or name, texts.get("overview") or overview


def _art_name(owner: str, owner_id: int, title_kind: str | None) -> str:
    match owner:
        case "title_id":
            return title_media_id(title_kind or "movie", owner_id)
        case "episode_id":
            return f"e{owner_id}"
        case "person_id":
            return f"p{owner_id}"
        case _:
            return f"c{owner_id}"
