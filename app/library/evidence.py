"""What the files of titles say of the works they are: read for matching, in few queries for many titles."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from app.catalog.models import Episode, ExternalId, Season, Title, TitleMatch
from app.core.identify import spellings
from app.core.languages import normalise
from app.core.match import Evidence
from app.core.match.titles import split_country
from app.core.query import storable
from app.extensions import db
from app.library.models import FilePart, MediaFile, MediaStream


def of_titles(title_ids: Sequence[int]) -> dict[int, Evidence]:
    """The evidence for each title that has a playable file."""
    ids = list(title_ids)
    films, shows = _films(ids), _shows(ids)
    languages = _languages({file for files in (*films.values(), *shows.values()) for file in files.ids})
    stated: dict[int, dict[str, str]] = defaultdict(dict)
    for title_id, provider, value in db.session.execute(
        select(ExternalId.title_id, ExternalId.provider, ExternalId.value).where(
            ExternalId.title_id.in_(ids), ExternalId.season.is_(None)
        )
    ):
        stated[title_id][provider] = value
    rows = db.session.execute(
        select(Title.id, Title.kind, Title.name, Title.year, Title.is_anime, TitleMatch.said_name, TitleMatch.said_year)
        .outerjoin(TitleMatch, TitleMatch.title_id == Title.id)
        .where(Title.id.in_(ids))
    )
    found: dict[int, Evidence] = {}
    for title_id, kind, name, year, is_anime, said_name, said_year in rows:
        files = (shows if kind == "show" else films).get(title_id)
        if files is None:
            continue
        said = said_name if said_name is not None else name
        plain, country = split_country(said)
        further = [form for path in files.paths for form in spellings(storable(path), plain)]
        found[title_id] = Evidence(
            kind="show" if kind == "show" else "movie",
            names=tuple(dict.fromkeys((plain, *further)))[:MOST_NAMES],
            year=said_year if said_name is not None else year,
            is_anime=is_anime,
            runtimes=tuple(sorted(files.runtimes)),
            episodes=dict(sorted(files.episodes.items())),
            absolute=tuple(sorted(files.absolute)),
            languages=tuple(sorted({language for file in files.ids for language in languages.get(file, ())})),
            country=country,
            ids=dict(sorted(stated.get(title_id, {}).items())),
        )
    return found


def key_of(evidence: Evidence, beside: str = "") -> str:
    """Another text whenever the files say something else; what a provider told (ids, names) does not count. `beside`
    is the fingerprint of the NFO files, where there are any."""
    said: tuple[Any, ...] = (
        evidence.names,
        evidence.year,
        evidence.runtimes,
        sorted(evidence.episodes),
        evidence.absolute,
        evidence.languages,
        evidence.country,
    )
    said += (beside,) if beside else ()
    return hashlib.sha256(repr(said).encode("utf-8", "backslashreplace")).hexdigest()[:32]


READ_AGAIN, MOST_NAMES = 3, 6


class _Files:
    def __init__(self) -> None:
        self.ids: set[int] = set()
        self.runtimes: list[float] = []
        self.episodes: dict[tuple[int, float], str | None] = {}
        self.absolute: set[float] = set()
        self.paths: list[str] = []

    def add(self, file_id: int, folder: str, name: str) -> None:
        """A file of it; the paths of the first few are read again for further names."""
        if file_id not in self.ids and len(self.paths) < READ_AGAIN:
            self.paths.append(f"{folder}/{name}" if folder else name)
        self.ids.add(file_id)


_IS_PLAYABLE = (MediaFile.state == "ok", MediaFile.role == "main", MediaFile.missing_since.is_(None))


def _films(ids: Sequence[int]) -> dict[int, _Files]:
    """Films: the length of each version, which is the sum of its parts."""
    rows = db.session.execute(
        select(
            FilePart.title_id,
            FilePart.of,
            MediaFile.id,
            MediaFile.duration,
            MediaFile.folder,
            MediaFile.name,
            MediaFile.edition,
        )
        .join(MediaFile, MediaFile.id == FilePart.file_id)
        .where(FilePart.title_id.in_(ids), *_IS_PLAYABLE)
        .order_by(MediaFile.id)
    )
    found: dict[int, _Files] = defaultdict(_Files)
    cut: dict[tuple[int, str, str | None], list[Any]] = defaultdict(list)
    for owner, of, file_id, duration, folder, name, edition in rows:
        title_id = int(owner or 0)
        found[title_id].add(file_id, folder, name)
        if of > 1:
            cut[title_id, folder, edition].append((of, duration))
        elif duration:
            found[title_id].runtimes.append(round(duration, 1))
    for (title_id, _, _), parts in cut.items():
        if len(parts) == parts[0][0] and all(duration for _, duration in parts):
            found[title_id].runtimes.append(round(sum(duration for _, duration in parts), 1))
    return found


def _shows(ids: Sequence[int]) -> dict[int, _Files]:
    """Shows: the episodes that are there, and the lengths of files that hold one."""
    rows = db.session.execute(
        select(
            Episode.title_id,
            Season.number,
            Episode.number,
            Episode.absolute,
            Episode.name,
            MediaFile.id,
            MediaFile.duration,
            MediaFile.folder,
            MediaFile.name,
        )
        .join(Season, Season.id == Episode.season_id)
        .join(FilePart, FilePart.episode_id == Episode.id)
        .join(MediaFile, MediaFile.id == FilePart.file_id)
        .where(Episode.title_id.in_(ids), *_IS_PLAYABLE)
        .order_by(MediaFile.id)
    ).all()
    held = Counter(row[5] for row in rows)
    found: dict[int, _Files] = defaultdict(_Files)
    for title_id, season, number, absolute, name, file_id, duration, folder, file_name in rows:
        files = found[title_id]
        files.add(file_id, folder, file_name)
        if absolute is not None:
            files.absolute.add(absolute)
        files.episodes[season, number] = name
        if duration and held[file_id] == 1:
            files.runtimes.append(round(duration, 1))
    return found


def _languages(file_ids: set[int]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    some = sorted(file_ids)
    for start in range(0, len(some), 500):
        rows = db.session.execute(
            select(MediaStream.file_id, func.lower(MediaStream.language)).where(
                MediaStream.file_id.in_(some[start : start + 500]),
                MediaStream.kind == "audio",
                MediaStream.language.is_not(None),
            )
        )
        for file_id, language in rows:
            if (code := normalise(language)) is not None:
                found[file_id].add(code.partition("-")[0])
    return found
