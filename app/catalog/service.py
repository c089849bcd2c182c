"""Turns what a path names into rows of the catalog, so that two files of one work meet.

Everything here runs inside the caller's write unit and is made for batches: `prefetch` reads once for a whole batch and
the `ensure_…` functions then look up in memory (the memory ends with the unit). What changed is told once, at the
unit's end and in its transaction, through `title_changed`. Which files exist is the library's knowledge: it counts
(`app/library/counts.py: recount`) and hands the counts to `set_file_counts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import PurePosixPath

from sqlalchemy import delete, event, func, select, tuple_, update
from sqlalchemy.orm import Session, SessionTransaction

from app.catalog.models import Episode, ExternalId, Season, Title, TitleAlias
from app.core.identify import Identification
from app.core.query import NAME_LIMIT, index_words, name_key, sort_name, storable
from app.extensions import db
from app.signals import title_changed, title_removed

MEMORY = "catalog_memory"
ADVISORY_LOCK = 0x6D6174  # any number that nothing else in this database uses


@dataclass(frozen=True, slots=True)
class EpisodePlace:
    """Where in a show an episode stands; `number` is decimal for `12.5`."""

    season: int
    number: float
    absolute: float | None = None
    air_date: date | None = None


@dataclass(slots=True)
class _Memory:
    """What this write unit has read and made; forgotten at its end."""

    names: dict[str, list[Title]] = field(default_factory=dict)
    names_read: set[str] = field(default_factory=set)
    aliases: dict[tuple[str, int | None], Title] = field(default_factory=dict)
    by_external_id: dict[tuple[str, str, str], Title] = field(default_factory=dict)
    external_ids: dict[int, dict[str, str]] = field(default_factory=dict)
    titles: dict[int, Title] = field(default_factory=dict)
    seasons: dict[tuple[int, int], Season] = field(default_factory=dict)
    episodes: dict[tuple[int, int, float], Episode] = field(default_factory=dict)
    shows_read: set[int] = field(default_factory=set)
    changed: set[int] = field(default_factory=set)
    is_alone: bool = False


def prefetch(identifications: Iterable[Identification]) -> None:
    """Reads at once what the following `ensure_movie` and `ensure_show` calls of this unit will look up."""
    wanted: set[str] = set()
    ids: set[tuple[str, str]] = set()
    for identification in identifications:
        wanted.update(name_key(kind, title_name(identification)) for kind in ("movie", "show"))
        ids.update(identification.ids.items())
    _read_titles(_memory(), wanted, ids)


def ensure_movie(identification: Identification, *, anime: bool = False, now: datetime) -> Title:
    """The film that `identification` names, made if it is new."""
    return _ensure("movie", identification, anime=anime, now=now)


def ensure_show(identification: Identification, *, anime: bool = False, now: datetime) -> Title:
    """The show that `identification` names, made if it is new.

    A name without a year means the only known show of that name; the first year that is seen for it completes it.
    """
    return _ensure("show", identification, anime=anime, now=now)


def ensure_episode(
    title: Title,
    season_number: int,
    number: float,
    *,
    absolute: float | None = None,
    name: str | None = None,
    air_date: date | None = None,
    now: datetime,
) -> Episode:
    """The episode at that place of the show, made with its season if new. Facts fill gaps and never overwrite."""
    memory = _memory()
    memory.titles.setdefault(title.id, title)
    if title.id not in memory.shows_read:
        _read_episodes(memory)
    place = (title.id, season_number, float(number))
    episode = memory.episodes.get(place)
    if episode is None:
        season = memory.seasons.get(place[:2]) or _new_season(memory, title, season_number)
        episode = Episode(
            title_id=title.id, season_id=season.id, number=float(number), added_at=now, file_count=0, season=season
        )
        db.session.add(episode)
        memory.episodes[place] = episode
        title.added_at = now
        memory.changed.add(title.id)
    if absolute is not None and episode.absolute is None:
        episode.absolute = float(absolute)
    if air_date is not None and episode.air_date is None:
        episode.air_date = air_date
    if name and not episode.name:
        episode.name = storable(name)[:NAME_LIMIT]
        memory.changed.add(title.id)
    if episode in db.session.new:
        db.session.flush()
    return episode


def places(identification: Identification) -> tuple[EpisodePlace, ...]:
    """Where the episodes that a path names stand; empty when it names none.

    Numbers within a season win; a season that is not named is 1. Absolute numbers alone count as season 1 (what a
    provider knows of seasons comes later, with matching). A date alone stands in the season of its year at
    month × 100 + day.
    """
    season = identification.season if identification.season is not None else 1
    aired = date.fromisoformat(identification.date) if identification.date else None
    absolute: Sequence[float | None] = identification.absolute
    if identification.episodes:
        if len(absolute) != len(identification.episodes):
            absolute = [None] * len(identification.episodes)
        return tuple(
            EpisodePlace(season, float(number), None if whole is None else float(whole), aired)
            for number, whole in zip(identification.episodes, absolute, strict=True)
        )
    if identification.absolute:
        return tuple(EpisodePlace(season, float(number), float(number), aired) for number in identification.absolute)
    if aired is not None:
        return (EpisodePlace(aired.year, float(aired.month * 100 + aired.day), None, aired),)
    return ()


def set_file_counts(
    titles: Mapping[int, int],
    episodes: Mapping[int, int],
    *,
    shows: Mapping[int, int] | None = None,
    runtimes: Mapping[int, float] | None = None,
    episode_runtimes: Mapping[int, float] | None = None,
) -> None:
    """Stores how many playable files each title and episode has now, how many playable episodes each show of `shows`,
    and each film's and episode's duration in seconds.

    The caller counts (`app/library/counts.py`) and names every id whose count may have changed, zero included.
    """
    session = db.session()
    session.flush()
    facts: dict[str, Mapping[int, float]] = {
        "file_count": titles,
        "episode_count": shows or {},
        "runtime_s": runtimes or {},
    }
    for name, values in facts.items():
        if values:
            session.execute(update(Title), [{"id": key, name: value} for key, value in values.items()])
    of_episodes: dict[str, Mapping[int, float]] = {"file_count": episodes, "runtime_s": episode_runtimes or {}}
    for name, values in of_episodes.items():
        if values:
            session.execute(update(Episode), [{"id": key, name: value} for key, value in values.items()])


def describe(title: Title, *, now: datetime) -> None:
    """Call after changing a title's names or year: what is computed from them follows, and the news goes out.

    What identification keys it by stays: its files still meet it.
    """
    title.updated_at = now
    _describe(title)
    _memory().changed.add(title.id)


def also_called(title_id: int, name: str, kind: str, year: int | None) -> None:
    """Files that call it this meet it from now on, whatever it is called itself."""
    key = name_key(kind, name)
    there = select(TitleAlias.id).where(
        TitleAlias.title_id == title_id, TitleAlias.name_key == key, TitleAlias.year.is_not_distinct_from(year)
    )
    if db.session.scalar(there.limit(1)) is None:
        db.session.add(TitleAlias(title_id=title_id, name_key=key, year=year))
        _memory().aliases[key, year] = db.session.get_one(Title, title_id)


def split_off(title: Title, file_id: int, *, now: datetime) -> Title:
    """A new title of the same name, which files do not meet by their paths: who puts them there says so."""
    made = Title(
        kind=title.kind,
        is_anime=title.is_anime,
        identity_key=f"{title.name_key}:{title.year or ''}:file-{file_id}"[:NAME_LIMIT],
        name_key=f"{title.kind}:~{file_id}",
        name=title.name,
        year=title.year,
        popularity=0.0,
        file_count=0,
        episode_count=0,
        confidence=1.0,
        localized={},
        other_names=[],
        locked_fields=[],
        added_at=now,
        updated_at=now,
    )
    _describe(made)
    db.session.add(made)
    db.session.flush()
    _memory().changed.add(made.id)
    return made


def touched(title_ids: Iterable[int]) -> None:
    """Says that what a person would search for of these titles changed (`title_changed` leaves at the unit's end)."""
    _memory().changed.update(title_ids)


def forget(title_ids: Iterable[int]) -> None:
    """Removes titles for good, with their seasons, episodes and whatever hangs on them."""
    going = sorted(set(title_ids))
    if not going:
        return
    title_removed.send("catalog", title_ids=going)
    session = db.session()
    session.flush()
    session.execute(delete(Title).where(Title.id.in_(going)), execution_options={"synchronize_session": False})
    session.info.pop(MEMORY, None)
    session.expire_all()


def forget_episodes(episode_ids: Iterable[int], title_ids: Iterable[int]) -> None:
    """Removes episodes (of the shows `title_ids`) for good, and seasons that are left without any."""
    going, shows = sorted(set(episode_ids)), sorted(set(title_ids))
    if not going:
        return
    session = db.session()
    session.flush()
    session.execute(delete(Episode).where(Episode.id.in_(going)), execution_options={"synchronize_session": False})
    kept = select(Episode.season_id).where(Episode.title_id.in_(shows))
    session.execute(
        delete(Season).where(Season.title_id.in_(shows), Season.id.not_in(kept)),
        execution_options={"synchronize_session": False},
    )
    session.info.pop(MEMORY, None)
    session.expire_all()
    touched(shows)


def title_name(identification: Identification) -> str:
    """The name to show for what a path names: its title, with the country that tells it apart, else the file's name."""
    name = storable((identification.title or "").strip() or PurePosixPath(identification.path).stem or "?")
    return f"{name} ({identification.country})" if identification.country else name


def _ensure(kind: str, identification: Identification, *, anime: bool, now: datetime) -> Title:
    if kind == "show" and identification.year_of_release:
        identification = replace(identification, year=None)  # a later season's year makes no second show
    memory = _memory()
    _be_alone(memory)
    name = title_name(identification)
    key = name_key(kind, name)
    _read_titles(memory, {key}, set(identification.ids.items()))
    title = _named_outright(memory, kind, identification) or _alike(memory, kind, key, identification)
    if title is None:
        title = _new_title(memory, kind, key, name, identification, anime=anime, now=now)
    elif title.year is None and identification.year is not None:
        title.year = identification.year
        title.updated_at = now
        _describe(title)
        _rekey(memory, title)
    title.is_anime = title.is_anime or anime
    title.confidence = max(title.confidence or 0.0, identification.confidence)
    _learn_ids(memory, title, identification.ids)
    return title


def _named_outright(memory: _Memory, kind: str, identification: Identification) -> Title | None:
    for provider, value in identification.ids.items():
        title = memory.by_external_id.get((kind, provider, value))
        if title is not None:
            return title
    return None


def _alike(memory: _Memory, kind: str, key: str, identification: Identification) -> Title | None:
    """The one known title of that name that this may be: same year, or a year that one side does not state."""
    known = memory.aliases.get((key, identification.year))
    if known is not None and _ids_agree(memory, known, identification.ids):
        return known
    alike = [title for title in memory.names.get(key, ()) if _ids_agree(memory, title, identification.ids)]
    same_year = [title for title in alike if title.year == identification.year]
    if same_year:
        return same_year[0]
    if kind == "movie":
        return None  # a film and its remake differ by the year alone: an unknown one is not guessed
    if identification.year is None:
        return alike[0] if len(alike) == 1 else None
    unknown = [title for title in alike if title.year is None]
    return unknown[0] if len(unknown) == 1 else None


def _ids_agree(memory: _Memory, title: Title, ids: Mapping[str, str]) -> bool:
    known = memory.external_ids.get(title.id, {})
    return all(known.get(provider, value) == value for provider, value in ids.items())


def _new_title(
    memory: _Memory, kind: str, key: str, name: str, identification: Identification, *, anime: bool, now: datetime
) -> Title:
    title = Title(
        kind=kind,
        is_anime=anime,
        name_key=key,
        name=name[:NAME_LIMIT],
        year=identification.year,
        popularity=0.0,
        file_count=0,
        episode_count=0,
        confidence=identification.confidence,
        localized={},
        other_names=[],
        locked_fields=[],
        added_at=now,
        updated_at=now,
    )
    _describe(title)
    title.identity_key = _identity_key(memory, title, identification.ids)
    db.session.add(title)
    db.session.flush()
    memory.names.setdefault(key, []).append(title)
    memory.titles[title.id] = title
    memory.shows_read.add(title.id)
    memory.changed.add(title.id)
    return title


def _identity_key(memory: _Memory, title: Title, ids: Mapping[str, str]) -> str:
    """Kind, name and year; where a look-alike with other explicit ids holds that key, the ids too."""
    plain = f"{title.name_key}:{title.year or ''}"
    held = {other.identity_key for other in memory.names.get(title.name_key, ()) if other is not title}
    if plain not in held:
        return plain
    stated = ",".join(f"{provider}-{value}" for provider, value in sorted(ids.items()))
    return f"{plain}:{stated}"[:NAME_LIMIT]


def _rekey(memory: _Memory, title: Title) -> None:
    _read_titles(memory, {title.name_key}, set())
    title.identity_key = _identity_key(memory, title, memory.external_ids.get(title.id, {}))
    memory.changed.add(title.id)


def _describe(title: Title) -> None:
    """Sets what is computed from the names."""
    title.sort_name = sort_name(title.sort_as or title.name)
    localized = [str(texts["name"]) for texts in (title.localized or {}).values() if texts.get("name")]
    other = [*localized, *(title.other_names or ())]
    title.search_text = " ".join(index_words([title.name, title.original_name or "", *other]))


def _learn_ids(memory: _Memory, title: Title, ids: Mapping[str, str]) -> None:
    known = memory.external_ids.setdefault(title.id, {})
    for provider, value in ids.items():
        if provider not in known:
            known[provider] = value
            memory.by_external_id[title.kind, provider, value] = title
            db.session.add(ExternalId(title_id=title.id, provider=provider[:32], value=value[:64]))


def _new_season(memory: _Memory, title: Title, number: int) -> Season:
    season = Season(title_id=title.id, number=number)
    db.session.add(season)
    db.session.flush()
    memory.seasons[title.id, number] = season
    return season


def _memory() -> _Memory:
    memory: _Memory = db.session().info.setdefault(MEMORY, _Memory())
    return memory


def _be_alone(memory: _Memory) -> None:
    """One unit at a time gives works their identity. SQLite's write lock sees to it; PostgreSQL is asked for a lock."""
    if not memory.is_alone and db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(select(func.pg_advisory_xact_lock(ADVISORY_LOCK)))
    memory.is_alone = True


def _read_titles(memory: _Memory, keys: set[str], ids: set[tuple[str, str]]) -> None:
    """Brings titles of these names and explicit ids into memory; what is there already costs nothing."""
    keys = keys - memory.names_read
    memory.names_read |= keys
    ids = {pair for pair in ids if not any((kind, *pair) in memory.by_external_id for kind in ("movie", "show"))}
    found: list[Title] = []
    aliases: list[tuple[str, int | None, int]] = []
    if keys:
        found += db.session.scalars(select(Title).where(Title.name_key.in_(keys)).order_by(Title.id))
        rows = select(TitleAlias.name_key, TitleAlias.year, Title).join(Title, Title.id == TitleAlias.title_id)
        for key, year, title in db.session.execute(rows.where(TitleAlias.name_key.in_(keys)).order_by(TitleAlias.id)):
            found.append(title)
            aliases.append((key, year, title.id))
    if ids:
        stated = select(ExternalId.title_id).where(
            tuple_(ExternalId.provider, ExternalId.value).in_(sorted(ids)), ExternalId.season.is_(None)
        )
        found += db.session.scalars(select(Title).where(Title.id.in_(stated)))
    new = {title.id: title for title in found if title.id not in memory.titles}
    memory.titles.update(new)
    for title in new.values():
        memory.names.setdefault(title.name_key, []).append(title)
    for key, year, title_id in aliases:
        memory.aliases[key, year] = memory.titles[title_id]
    if new:
        _read_external_ids(memory, new)


def _read_external_ids(memory: _Memory, titles: Mapping[int, Title]) -> None:
    rows = db.session.execute(
        select(ExternalId.title_id, ExternalId.provider, ExternalId.value).where(
            ExternalId.title_id.in_(list(titles)), ExternalId.season.is_(None)
        )
    )
    for title_id, provider, value in rows:
        memory.external_ids.setdefault(title_id, {})[provider] = value
        memory.by_external_id[titles[title_id].kind, provider, value] = titles[title_id]


def _read_episodes(memory: _Memory) -> None:
    """Brings the seasons and episodes of every show that this unit touched so far into memory, in two queries."""
    unread = [key for key, title in memory.titles.items() if title.kind == "show" and key not in memory.shows_read]
    memory.shows_read.update(unread)
    numbers: dict[int, int] = {}
    for season in db.session.scalars(select(Season).where(Season.title_id.in_(unread))):
        memory.seasons[season.title_id, season.number] = season
        numbers[season.id] = season.number
    for episode in db.session.scalars(select(Episode).where(Episode.title_id.in_(unread))):
        memory.episodes[episode.title_id, numbers[episode.season_id], episode.number] = episode


@event.listens_for(Session, "before_commit")
def _tell(session: Session) -> None:
    """The unit's news, once, inside its transaction."""
    memory: _Memory | None = session.info.get(MEMORY)
    if memory is None or not memory.changed:
        return
    session.flush()
    changed, memory.changed = sorted(memory.changed), set()
    title_changed.send("catalog", title_ids=changed)


@event.listens_for(Session, "after_commit")
def _forget(session: Session) -> None:
    session.info.pop(MEMORY, None)


@event.listens_for(Session, "after_soft_rollback")
def _forget_what_was_undone(session: Session, undone: SessionTransaction) -> None:
    """After a savepoint's end the outer unit goes on: it reads again, and still tells what it changed before."""
    memory: _Memory | None = session.info.pop(MEMORY, None)
    if memory is not None and undone.nested:
        session.info[MEMORY] = _Memory(changed=memory.changed, is_alone=memory.is_alone)
