"""What providers tell of titles becomes rows: which work a title is, and what is known of it.

Everything runs inside the caller's write unit; asking is `finding`'s. A field that a person locked stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Select, and_, delete, func, insert, or_, select, update

from app.catalog import service
from app.catalog.models import (
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
    TitleMatch,
)
from app.core.match import Verdict
from app.core.metadata import EpisodeFacts, Part, WorkFacts
from app.core.query import NAME_LIMIT, compact, fold, storable
from app.extensions import db
from app.web.words import LANGUAGES

State = Literal["matched", "chosen", "doubtful", "unknown", "none"]
SETTLED: frozenset[str] = frozenset({"matched", "chosen", "none"})
MOST_OTHER_NAMES = 40
MOST_PICTURES = 12
SHOWN_CAST = 12
REFRESH = {"movie": timedelta(days=30), "show": timedelta(days=7)}
TRY_AGAIN = timedelta(days=7)
AFTER_AN_OUTAGE = timedelta(minutes=10)
NOBODY_TO_ASK = datetime(9999, 1, 1, tzinfo=UTC)
"""`next_at` of a title of which no provider was asked because none is set up: due as soon as there is one."""


def matches(title_ids: Sequence[int]) -> dict[int, TitleMatch]:
    """What is decided of these titles so far."""
    rows = db.session.scalars(select(TitleMatch).where(TitleMatch.title_id.in_(title_ids)))
    return {one.title_id: one for one in rows}


def due(*, now: datetime, has_provider: bool = True, after: int = 0, limit: int) -> list[int]:
    """Titles with files that nobody looked at yet, or that should be looked at again; by id, beyond `after`.

    `has_provider`: there is one to ask, so those are due too of which nobody could be asked so far.
    """
    return list(db.session.scalars(_due(now, has_provider).where(Title.id > after).order_by(Title.id).limit(limit)))


def count_due(*, now: datetime, has_provider: bool = True) -> int:
    return db.session.scalar(select(func.count()).select_from(_due(now, has_provider).subquery())) or 0


def _due(now: datetime, has_provider: bool) -> Select[int]:
    is_time = TitleMatch.next_at <= now
    if has_provider:
        is_time = or_(is_time, TitleMatch.next_at >= NOBODY_TO_ASK)
    is_due = or_(TitleMatch.title_id.is_(None), and_(is_time, TitleMatch.state != "none"))
    return select(Title.id).outerjoin(TitleMatch, TitleMatch.title_id == Title.id).where(Title.file_count > 0, is_due)


def ask_again(title_ids: Iterable[int], *, now: datetime) -> None:
    """What the files of these titles say is another now: the next run looks at them, whoever they were held to be."""
    ids = sorted(set(title_ids))
    if ids:
        db.session.execute(
            update(TitleMatch).where(TitleMatch.title_id.in_(ids)).values(next_at=now),
            execution_options={"synchronize_session": False},
        )


def record(
    title_id: int, state: State, verdict: Verdict, *, evidence_key: str, now: datetime, next_in: timedelta = TRY_AGAIN
) -> None:
    """Writes down that no work was chosen, what it may be, and when to ask again."""
    title = db.session.get(Title, title_id)
    if title is None:
        return
    row = _row(title, now)
    row.state = state
    row.provider = row.value = None
    row.confidence = verdict.ranked[0].confidence if verdict.ranked else 0.0
    row.reason = verdict.reason
    row.candidates = [one.as_json() for one in verdict.ranked]
    row.evidence_key = evidence_key
    row.tried_at, row.next_at = now, now + next_in


def postpone(title_id: int, *, now: datetime, by: timedelta = AFTER_AN_OUTAGE) -> None:
    """A provider that could not be asked is asked later; nothing else changes."""
    title = db.session.get(Title, title_id)
    if title is not None:
        row = _row(title, now)
        row.next_at = now + by


def nobody_to_ask(title_ids: Iterable[int], *, now: datetime) -> None:
    """No provider is set up and no file tells of these titles: they rest until there is one."""
    wanted = sorted(set(title_ids))
    there = set(db.session.scalars(select(TitleMatch.title_id).where(TitleMatch.title_id.in_(wanted))))
    titles = db.session.execute(select(Title.id, Title.name, Title.year).where(Title.id.in_(wanted)))
    rows = [
        {
            "title_id": title_id,
            "state": "unknown",
            "said_name": name,
            "said_year": year,
            "tried_at": now,
            "next_at": NOBODY_TO_ASK,
        }
        for title_id, name, year in titles
        if title_id not in there
    ]
    if rows:
        db.session.execute(insert(TitleMatch), rows)
    db.session.execute(
        update(TitleMatch).where(TitleMatch.title_id.in_(there)).values(next_at=NOBODY_TO_ASK),
        execution_options={"synchronize_session": False},
    )


def rest(title_id: int, *, until: datetime) -> None:
    """Nothing is to be asked of it before then."""
    db.session.execute(
        update(TitleMatch).where(TitleMatch.title_id == title_id).values(next_at=until),
        execution_options={"synchronize_session": "fetch"},
    )


def add(title_id: int, facts: WorkFacts, *, evidence_key: str, now: datetime) -> None:
    """What a file beside it tells of a title is added to what it is held to be, which stays."""
    title = db.session.get(Title, title_id)
    if title is None:
        return
    row = _row(title, now)
    service.also_called(title.id, row.said_name, title.kind, row.said_year)
    row.evidence_key = evidence_key
    kept = replace(facts, popularity=title.popularity, localized=title.localized, other_names=tuple(title.other_names))
    _fields(title, kept if title.rating is None else replace(kept, rating=title.rating))
    _ids(title, facts, forget=False)
    if facts.genres and "genres" not in title.locked_fields:
        set_genres(title, facts.genres)
    if facts.people and "people" not in title.locked_fields:
        _people(title, facts.people)
    if facts.collection is not None:
        _collection(title, facts)
    service.describe(title, now=now)


def tell_of_episodes(told: Mapping[int, EpisodeFacts]) -> None:
    """Names, texts and days of episodes by their id, whatever was known of them; what is not told stays."""
    for episode in db.session.scalars(select(Episode).where(Episode.id.in_(list(told)))):
        one = told[episode.id]
        if one.name and not (episode.name and _is_plain(one.name, int(episode.number))):
            episode.name = _name(one.name)
        episode.overview = one.overview or episode.overview
        episode.air_date = one.air_date or episode.air_date


def adopt(
    title_id: int,
    facts: WorkFacts,
    *,
    state: Literal["matched", "chosen"],
    verdict: Verdict,
    evidence_key: str,
    now: datetime,
) -> Title | None:
    """The title is this work: what the provider tells fills its fields, seasons, episodes, people and genres."""
    title = db.session.get(Title, title_id)
    if title is None:
        return None
    row = _row(title, now)
    service.also_called(title.id, row.said_name, title.kind, row.said_year)
    is_another = (row.provider, row.value) != (facts.provider, facts.value)
    row.state, row.provider, row.value = state, facts.provider, facts.value
    if is_another or verdict.ranked:  # else the same work was fetched again: why it is the one stays
        row.confidence = verdict.chosen.confidence if verdict.chosen else 1.0
        row.reason = verdict.reason
        row.candidates = [one.as_json() for one in verdict.ranked] or row.candidates
    row.evidence_key = evidence_key
    row.seasons = {str(season.number): season.episode_count for season in facts.seasons}
    row.pictures = [
        {"kind": one.kind, "url": one.url, "language": one.language, "votes": one.votes}
        for one in facts.pictures[: 3 * MOST_PICTURES]
    ]
    row.tried_at, row.next_at = now, now + REFRESH[facts.kind]
    _fields(title, facts)
    _ids(title, facts, forget=is_another)
    if "genres" not in title.locked_fields:
        set_genres(title, facts.genres)
    if "people" not in title.locked_fields:
        _people(title, facts.people)
    _collection(title, facts)
    if facts.kind == "show":
        _seasons(title, facts)
    service.describe(title, now=now)
    return title


def counted_through(title_id: int) -> list[tuple[int, int, float]]:
    """Episodes that files number through the whole show, and the place that the provider's seasons give them:
    `(episode_id, season, number)`, those alone that stand elsewhere."""
    row = db.session.get(TitleMatch, title_id)
    counts = {int(number): count for number, count in ((row.seasons if row else None) or {}).items()}
    rows = db.session.execute(
        select(Episode.id, Episode.number)
        .join(Season, Season.id == Episode.season_id)
        .where(Episode.title_id == title_id, Season.number == 1, Episode.absolute == Episode.number)
    )
    found = []
    for episode_id, number in rows:
        place = within(counts, number)
        if place is not None and place[0] != 1:
            found.append((episode_id, *place))
    return found


def within(counts: Mapping[int, int], absolute: float) -> tuple[int, float] | None:
    """Season and number of an episode counted through seasons of so many episodes; None beyond the last."""
    left = absolute
    for season, count in sorted(counts.items()):
        if season > 0 and left <= count:
            return season, left
        left -= count if season > 0 else 0
    return None


def tell_episodes(title_id: int, facts: WorkFacts) -> None:
    """Names, days and pictures of the episodes that are there, once they stand in their places."""
    title = db.session.get(Title, title_id)
    if title is not None:
        _seasons(title, facts)


def leave(title_id: int, *, state: Literal["none", "doubtful"], now: datetime) -> None:
    """Says that the work it was held to be is not it: its ids go, and so does whatever came with them."""
    title = db.session.get(Title, title_id)
    if title is None:
        return
    row = _row(title, now)
    row.state, row.provider, row.value, row.confidence = state, None, None, 0.0
    row.reason, row.seasons, row.pictures, row.next_at = "", {}, [], now + TRY_AGAIN
    title.name, title.year = row.said_name, row.said_year
    title.sort_as = title.original_name = title.original_language = title.overview = title.rating = None
    title.localized, title.other_names = {}, []
    for model in (ExternalId, Credit, TitleGenre, CollectionTitle):
        db.session.execute(
            delete(model).where(model.title_id == title_id), execution_options={"synchronize_session": False}
        )
    service.describe(title, now=now)


def _row(title: Title, now: datetime) -> TitleMatch:
    row = db.session.get(TitleMatch, title.id)
    if row is None:
        row = TitleMatch(
            title_id=title.id, state="unknown", said_name=title.name, said_year=title.year, tried_at=now, next_at=now
        )
        db.session.add(row)
    return row


def _fields(title: Title, facts: WorkFacts) -> None:
    kept = set(title.locked_fields)
    languages = {*LANGUAGES, facts.original_language or ""}
    told: dict[str, Any] = {
        "name": _name(facts.name),
        "original_name": _name(facts.original_name),
        "original_language": facts.original_language,
        "localized": {
            language: {key: storable(text) for key, text in texts.items()}
            for language, texts in facts.localized.items()
            if language in languages
        },
        "other_names": _others(facts),
        "year": facts.year,
        "overview": facts.overview,
        "rating": facts.rating,
        "popularity": facts.popularity,
    }
    for field, value in told.items():
        if field not in kept and value is not None:
            setattr(title, field, value)
    if "name" not in kept:
        title.sort_as = _name(facts.sort_name)
    title.is_anime = title.is_anime or facts.is_anime
    title.confidence = 1.0


def _name(text: str | None) -> str | None:
    return storable(text)[:NAME_LIMIT] if text else None


def _others(facts: WorkFacts) -> list[str]:
    seen = {compact(name) for name in (facts.name, facts.original_name or "") if name}
    found = []
    for name in facts.other_names:
        key = compact(name)
        if key and key not in seen:
            seen.add(key)
            found.append(storable(name)[:NAME_LIMIT])
    return found[:MOST_OTHER_NAMES]


def _ids(title: Title, facts: WorkFacts, *, forget: bool) -> None:
    """Learns the ids that are not known yet. `forget`: it was another work, so where one differs all of them go."""
    of_the_whole = ExternalId.title_id == title.id, ExternalId.season.is_(None)
    known = {
        one.provider: one.value
        for one in db.session.execute(select(ExternalId.provider, ExternalId.value).where(*of_the_whole))
    }
    if forget and any(known.get(provider, value) != value for provider, value in facts.ids.items()):
        db.session.execute(delete(ExternalId).where(*of_the_whole), execution_options={"synchronize_session": False})
        known = {}
    rows = [
        {"title_id": title.id, "provider": provider[:32], "value": value[:64], "season": None, "episode_offset": 0}
        for provider, value in facts.ids.items()
        if provider not in known
    ]
    if rows:
        db.session.execute(insert(ExternalId), rows)


def set_genres(title: Title, names: Iterable[str]) -> None:
    """These are its genres, and no others; new ones are made."""
    wanted = list(dict.fromkeys(storable(name)[:64] for name in names))
    known = {name: key for key, name in db.session.execute(select(Genre.id, Genre.name).where(Genre.name.in_(wanted)))}
    for name in wanted:
        if name not in known:
            genre = Genre(name=name)
            db.session.add(genre)
            db.session.flush()
            known[name] = genre.id
    db.session.execute(delete(TitleGenre).where(TitleGenre.title_id == title.id))
    if wanted:
        db.session.execute(insert(TitleGenre), [{"title_id": title.id, "genre_id": known[name]} for name in wanted])
    db.session.expire(title, ["genres"])


def _people(title: Title, parts: Sequence[Part]) -> None:
    named = {_person_key(part.name): part for part in reversed(parts)}
    people = {one.name_key: one for one in db.session.scalars(select(Person).where(Person.name_key.in_(named)))}
    for key, part in named.items():
        if key not in people:
            people[key] = Person(name=storable(part.name)[:200], name_key=key)
            db.session.add(people[key])
        if part.portrait:
            people[key].portrait_url = part.portrait[:400]
    db.session.flush()
    db.session.execute(delete(Credit).where(Credit.title_id == title.id))
    rows = [
        {
            "title_id": title.id,
            "person_id": people[_person_key(part.name)].id,
            "job": part.job[:32],
            "character": storable(part.character)[:200] if part.character else None,
            "order": part.order,
        }
        for part in parts
    ]
    if rows:
        db.session.execute(insert(Credit), rows)


def _person_key(name: str) -> str:
    return (fold(name) or name.casefold())[:200]


def _collection(title: Title, facts: WorkFacts) -> None:
    db.session.execute(delete(CollectionTitle).where(CollectionTitle.title_id == title.id))
    if facts.collection is None:
        return
    name = storable(facts.collection[1])[:200]
    collection = db.session.scalars(select(Collection).where(Collection.name == name)).first()
    if collection is None:
        collection = Collection(name=name)
        db.session.add(collection)
        db.session.flush()
    db.session.execute(insert(CollectionTitle), [{"collection_id": collection.id, "title_id": title.id}])


def _seasons(title: Title, facts: WorkFacts) -> None:
    """Fills the seasons and episodes that are there; an episode that has no file is not made."""
    known = {season.number: season for season in facts.seasons}
    places = {(one.season, one.number): one for season in facts.seasons for one in season.episodes}
    seasons = {one.id: one for one in db.session.scalars(select(Season).where(Season.title_id == title.id))}
    for season in seasons.values():
        told = known.get(season.number)
        if told is not None:
            season.name = None if told.name is None or _is_plain(told.name, season.number) else _name(told.name)
            season.overview = told.overview or season.overview
    for episode in db.session.scalars(select(Episode).where(Episode.title_id == title.id)):
        one = places.get((seasons[episode.season_id].number, episode.number))
        if one is None:
            continue
        if one.name and not (episode.name and _is_plain(one.name, int(one.number))):
            episode.name = _name(one.name)
        episode.overview = one.overview or episode.overview
        episode.air_date = one.air_date or episode.air_date
        episode.still_url = one.still[:400] if one.still else None


def _is_plain(name: str, number: int) -> bool:
    """`Season 2`, `Episode 7`: a name that says no more than the number."""
    return fold(name) in {f"{word} {number}" for word in ("season", "episode", "series", "сезон", "серия")}


def external_titles(provider: str, value: str, kind: str) -> list[int]:
    """The titles that are held to be this work of a provider, the oldest first."""
    rows = (
        select(TitleMatch.title_id)
        .join(Title, Title.id == TitleMatch.title_id)
        .where(TitleMatch.provider == provider, TitleMatch.value == value, Title.kind == kind)
    )
    return list(db.session.scalars(rows.order_by(TitleMatch.title_id)))


def stills(episode_ids: Sequence[int]) -> Mapping[int, str]:
    """What providers offer to fetch for these episodes."""
    rows = db.session.execute(
        select(Episode.id, Episode.still_url).where(Episode.id.in_(episode_ids), Episode.still_url.is_not(None))
    )
    return {episode_id: str(url) for episode_id, url in rows}


def portraits(title_ids: Sequence[int]) -> Mapping[int, str]:
    """What providers offer to fetch for the people who are shown first with these titles."""
    rows = db.session.execute(
        select(Person.id, Person.portrait_url)
        .join(Credit, Credit.person_id == Person.id)
        .where(Credit.title_id.in_(title_ids), Credit.order < SHOWN_CAST, Person.portrait_url.is_not(None))
    )
    return {person_id: str(url) for person_id, url in rows}


def known_pictures(title_ids: Sequence[int]) -> Mapping[int, list[dict[str, Any]]]:
    """What providers offer to fetch for these titles."""
    rows = db.session.execute(
        select(TitleMatch.title_id, TitleMatch.pictures).where(TitleMatch.title_id.in_(title_ids))
    )
    return {title_id: list(pictures or ()) for title_id, pictures in rows}


def remember(title: Title, *, now: datetime) -> None:
    """Keeps what its files call it, before somebody calls it otherwise."""
    _row(title, now)


def hold_apart(title: Title, *, now: datetime) -> None:
    """No provider is asked of this title until a person says which work it is."""
    row = _row(title, now)
    row.state, row.reason = "none", "a person split it off"
