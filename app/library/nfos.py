"""The NFO files of a library: which titles and episodes they tell of, and what they say.

Scans make rows of them (`MediaFile.role` is `nfo`); here the rows are found, in few queries for many titles, and the
files read. What their content means is `core.nfo`'s and `adapters.nfo`'s.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, func, or_, select

from app.adapters import nfo as reader
from app.catalog import metadata
from app.catalog.models import Episode, Season, Title, TitleMatch
from app.core import nfo
from app.core.metadata import EpisodeFacts
from app.core.nfo import BrokenNfo, Nfo
from app.core.query import storable
from app.extensions import db
from app.library.models import FilePart, Library, MediaFile

AT_ONCE = 100
Place = tuple[int, str, str]
"""Library, folder and name."""


@dataclass(frozen=True, slots=True)
class NfoFile:
    """One file, where it lies and as it was when it was scanned."""

    library_path: str
    folder: str
    name: str
    size: int
    mtime_ns: int

    @property
    def path(self) -> str:
        return os.path.join(self.library_path, self.folder, self.name)  # noqa: PTH118 - names are not always UTF-8


@dataclass(slots=True)
class Beside:
    """The files that tell of one title: of itself, and of the episodes in these media files (by their ids)."""

    kind: str
    work: NfoFile | None = None
    episodes: dict[int, NfoFile] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Another text whenever one of them is another, or written anew."""
        files = [*([self.work] if self.work else []), *(one for _, one in sorted(self.episodes.items()))]
        said = [(one.folder, one.name, one.size, one.mtime_ns) for one in files]
        return hashlib.sha256(repr(said).encode("utf-8", "backslashreplace")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Told:
    """What the files of a title say. `episodes` by media file; `problems` are paths and reasons."""

    work: Nfo = nfo.NOTHING
    episodes: Mapping[int, tuple[EpisodeFacts, ...]] = field(default_factory=dict)
    problems: tuple[tuple[str, str], ...] = ()


NOTHING_TOLD = Told()


def of_titles(title_ids: Sequence[int]) -> dict[int, Beside]:
    """The NFO files of those titles that have any."""
    wanted = _candidates(title_ids)
    known = _known({place for places in wanted.values() for place, _ in places})
    crowded = _crowded({(library, folder) for library, folder, name in known if nfo.tells_of_a_folder(name)})
    found: dict[int, Beside] = {}
    for (title_id, kind), places in wanted.items():
        for place, file_id in places:
            file = known.get(place)
            if file is None or (nfo.tells_of_a_folder(place[2]) and place[:2] in crowded):
                continue
            beside = found.setdefault(title_id, Beside(kind))
            if file_id is not None:
                beside.episodes.setdefault(file_id, file)
            elif beside.work is None:
                beside.work = file
    return found


def read(beside: Beside | None) -> Told:
    """What the files say. Reads files: no transaction should be open. A broken one is told of, and says nothing."""
    if beside is None:
        return NOTHING_TOLD
    problems: list[tuple[str, str]] = []
    work = nfo.NOTHING if beside.work is None else _read(beside.work, problems)
    episodes = {key: told for key, file in beside.episodes.items() if (told := _read(file, problems).episodes)}
    return Told(work if work.kind in {None, beside.kind} else nfo.NOTHING, episodes, tuple(problems))


def tell_episodes(told: Told) -> None:
    """Writes what the files say of episodes, inside a write unit, to the episodes that their media files hold now."""
    if not told.episodes:
        return
    rows = db.session.execute(
        select(FilePart.file_id, Episode.id, Season.number, Episode.number)
        .join(Episode, Episode.id == FilePart.episode_id)
        .join(Season, Season.id == Episode.season_id)
        .where(FilePart.file_id.in_(list(told.episodes)))
        .order_by(FilePart.file_id, FilePart.order, FilePart.id)
    )
    places: dict[int, list[tuple[int, int, float]]] = defaultdict(list)
    for file_id, episode_id, season, number in rows:
        places[file_id].append((episode_id, season, number))
    facts: dict[int, EpisodeFacts] = {}
    for file_id, some in places.items():
        facts = {**nfo.episodes_in_order(told.episodes[file_id], some), **facts}
    metadata.tell_of_episodes(facts)


def concerned(library_id: int, files: Iterable[tuple[str, str]]) -> set[int]:
    """Titles that were looked at before and of which files at these places (folder, name) may tell."""
    wanted = sorted(set(files))
    found: set[int] = set()
    for start in range(0, len(wanted), 25):
        some = wanted[start : start + 25]
        owner = func.coalesce(FilePart.title_id, Episode.title_id)
        rows = db.session.execute(
            select(owner, MediaFile.folder, MediaFile.name)
            .join(FilePart, FilePart.file_id == MediaFile.id)
            .outerjoin(Episode, Episode.id == FilePart.episode_id)
            .join(TitleMatch, TitleMatch.title_id == owner)
            .where(
                MediaFile.library_id == library_id,
                MediaFile.role == "main",
                or_(*(_near(folder, name) for folder, name in some)),
            )
        )
        names: dict[str, list[str]] = defaultdict(list)
        below: list[str] = []
        for folder, name in some:
            names[folder].append(name)
            if nfo.tells_of_a_show(name):
                below.append(f"{folder}/")
        for title_id, folder, media in rows:
            is_below = any(folder.startswith(one) for one in below)
            if is_below or any(nfo.tells_of(name, media) for name in names[folder]):
                found.add(title_id)
    return found


def _near(folder: str, name: str) -> Any:
    """Media files that the file of this place may tell of, and some more."""
    here = MediaFile.folder == folder
    if nfo.tells_of_a_show(name):
        return or_(here, and_(MediaFile.folder >= f"{folder}/", MediaFile.folder < f"{folder}0"))
    if nfo.tells_of_a_folder(name):
        return here
    stem = name.rpartition(".")[0]
    return and_(here, MediaFile.name >= stem, MediaFile.name < f"{stem}\U0010ffff")


def _candidates(title_ids: Sequence[int]) -> dict[tuple[int, str], list[tuple[Place, int | None]]]:
    """Where the NFO files of these titles (id, kind) would lie, the best first; each with the media file whose episodes
    it tells of."""
    about = MediaFile.id, MediaFile.library_id, MediaFile.folder, MediaFile.name
    is_playable = MediaFile.state == "ok", MediaFile.role == "main", MediaFile.missing_since.is_(None)
    kinds: dict[int | None, str] = {
        one.id: one.kind for one in db.session.execute(select(Title.id, Title.kind).where(Title.id.in_(title_ids)))
    }
    films = (
        select(FilePart.title_id, FilePart.episode_id, *about)
        .join(MediaFile, MediaFile.id == FilePart.file_id)
        .where(FilePart.title_id.in_([key for key, kind in kinds.items() if kind == "movie"]), *is_playable)
    )
    episodes = (
        select(Episode.title_id, FilePart.episode_id, *about)
        .join(FilePart, FilePart.episode_id == Episode.id)
        .join(MediaFile, MediaFile.id == FilePart.file_id)
        .where(Episode.title_id.in_([key for key, kind in kinds.items() if kind == "show"]), *is_playable)
    )
    asked = [films] if "show" not in kinds.values() else [films, episodes]
    rows = sorted((row for one in asked for row in db.session.execute(one)), key=lambda row: int(row[2]))
    found: dict[int, dict[tuple[Place, int | None], None]] = {key: {} for key in kinds if key is not None}
    for title_id, episode_id, file_id, library_id, folder, name in rows:
        places: list[tuple[Place, int | None]] = []
        if kinds[title_id] == "show":
            places += [((library_id, *place), None) for place in nfo.of_show(folder)]
        elif episode_id is None:
            is_somewhere = bool(folder)  # in the library's own folder `movie.nfo` would be anybody's
            places += [((library_id, folder, one), None) for one in nfo.of_film(name, is_alone=is_somewhere)]
        if episode_id is not None:
            places += [((library_id, folder, one), file_id) for one in nfo.beside(name)]
        found[int(title_id or 0)].update(dict.fromkeys(places))
    return {(title_id, kinds[title_id]): list(places) for title_id, places in found.items()}


def _known(places: set[Place]) -> dict[Place, NfoFile]:
    """Those of the places where there is a file that could be read when it was scanned."""
    found: dict[Place, NfoFile] = {}
    wanted = sorted(places)
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        libraries, folders, names = zip(*some, strict=True)
        # each column by itself: SQLite looks pairs up in no index, and the few more that this finds are left out below
        rows = db.session.execute(
            select(
                MediaFile.library_id, Library.path, MediaFile.folder, MediaFile.name, MediaFile.size, MediaFile.mtime_ns
            )
            .join(Library, Library.id == MediaFile.library_id)
            .where(
                MediaFile.library_id.in_(set(libraries)),
                MediaFile.folder.in_(set(folders)),
                MediaFile.name.in_(set(names)),
                MediaFile.role == "nfo",
                MediaFile.state == "ok",
                MediaFile.missing_since.is_(None),
            )
        )
        for library_id, path, folder, name, size, mtime_ns in rows:
            if (library_id, folder, name) in places:
                found[library_id, folder, name] = NfoFile(path, folder, name, size, mtime_ns)
    return found


def _crowded(folders: set[tuple[int, str]]) -> set[tuple[int, str]]:
    """Those of the folders that hold files of several titles."""
    some = sorted(folders)
    found: set[tuple[int, str]] = set()
    for start in range(0, len(some), AT_ONCE):
        libraries, names = zip(*some[start : start + AT_ONCE], strict=True)
        rows = db.session.execute(
            select(MediaFile.library_id, MediaFile.folder)
            .join(FilePart, FilePart.file_id == MediaFile.id)
            .outerjoin(Episode, Episode.id == FilePart.episode_id)
            .where(
                MediaFile.library_id.in_(set(libraries)),
                MediaFile.folder.in_(set(names)),
                MediaFile.role == "main",
                MediaFile.missing_since.is_(None),
            )
            .group_by(MediaFile.library_id, MediaFile.folder)
            .having(func.count(func.distinct(func.coalesce(FilePart.title_id, Episode.title_id))) > 1)
        )
        found |= {(library_id, folder) for library_id, folder in rows}
    return found & folders


def _read(file: NfoFile, problems: list[tuple[str, str]]) -> Nfo:
    try:
        return reader.parse(reader.read(file.path, file.library_path)[0])
    except (BrokenNfo, OSError) as problem:
        problems.append((storable(file.path), storable(str(problem))))
        return nfo.NOTHING
