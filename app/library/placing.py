"""Which work each file is: identification becomes links to titles and episodes, with the reasons kept.

Runs inside the caller's write unit; identifying itself is pure and done before it (`identify_file`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from app.catalog import service as catalog
from app.catalog.models import Title
from app.core.identify import Identification, identify
from app.core.media_id import MediaId
from app.core.query import storable
from app.extensions import db
from app.library.counts import recount
from app.library.models import FilePart, Match, MediaFile
from app.library.works import titles_of, works_of
from app.signals import file_rematched

DOUBTFUL = 0.5
"""Below this confidence a person should have a look."""


@dataclass(frozen=True, slots=True)
class Placing:
    """A file and what its path says. `note` is a reason against its being a film (`it has sound only`)."""

    file_id: int
    folder: str
    identification: Identification
    note: str | None = None


def identify_file(library_name: str, kind: str, folder: str, name: str, neighbours: Sequence[str]) -> Identification:
    """What a file's path says; where it names nothing, the library's own name is asked too."""
    path = storable(f"{folder}/{name}" if folder else name)
    others = tuple(storable(one) for one in neighbours)
    found = identify(path, kind, neighbours=others)
    if found.title or found.is_sample:
        return found
    wider = identify(f"{storable(library_name)}/{path}", kind, neighbours=others)
    return dataclasses.replace(wider, path=path) if wider.title else found


def place(placings: Sequence[Placing], kind: str, *, now: datetime) -> set[int]:
    """Links files to works, replacing what was; a locked match stays. Returns the titles concerned."""
    ids = [one.file_id for one in placings]
    locked = set(db.session.scalars(select(Match.file_id).where(Match.file_id.in_(ids), Match.locked.is_(True))))
    there = set(db.session.scalars(select(MediaFile.id).where(MediaFile.id.in_(ids))))
    wanted = [one for one in placings if one.file_id in there - locked]
    if not wanted:
        return set()
    ids = [one.file_id for one in wanted]
    before = works_of(ids)
    touched = titles_of(ids)
    for model in (FilePart, Match):
        db.session.execute(
            delete(model).where(model.file_id.in_(ids)), execution_options={"synchronize_session": False}
        )
    catalog.prefetch(one.identification for one in wanted)
    parts: list[dict[str, Any]] = []
    matches: list[dict[str, Any]] = []
    roles: list[dict[str, Any]] = []
    for one in wanted:
        new_parts, match = _place_one(one, kind, now)
        parts += new_parts
        matches.append(match)
        roles.append(_role(one))
    db.session.flush()
    if parts:
        db.session.execute(insert(FilePart), parts)
    db.session.execute(insert(Match), matches)
    db.session.execute(update(MediaFile), roles)
    _count_parts({part["title_id"] for part in parts if part["title_id"] and part["order"] > 1})
    touched |= titles_of(ids)
    recount(touched)
    _carry_over(before, works_of(ids))
    return touched


def _place_one(one: Placing, kind: str, now: datetime) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The parts that a file is, and the match row that says why."""
    found = one.identification
    reasons = [*found.reasons, *([one.note] if one.note else [])]
    if one.note is not None:
        return [], _match(one, None, 0.0, reasons)
    if found.is_sample:
        return [], _match(one, None, found.confidence, [*reasons, "a sample"])
    is_anime = kind == "anime" or (kind == "mixed" and bool(found.absolute) and not found.episodes)
    if found.kind == "extra" or found.extra:
        if not found.title:
            return [], _match(one, None, found.confidence, reasons)
        title = _owner_of_extra(found, kind, now)
        return [_part(one, title_id=title.id)], _match(one, title, found.confidence, reasons)
    places = catalog.places(found) if found.kind == "episode" else ()
    if places and found.title:
        show = catalog.ensure_show(found, anime=is_anime, now=now)
        parts = []
        for order, where in enumerate(places, 1):
            episode = catalog.ensure_episode(
                show,
                where.season,
                where.number,
                absolute=where.absolute,
                air_date=where.air_date,
                name=found.episode_title,
                now=now,
            )
            parts.append(_part(one, episode_id=episode.id, order=order))
        return parts, _match(one, show, found.confidence, reasons)
    return _place_film(one, found, reasons, anime=is_anime, now=now)


def _place_film(
    one: Placing, found: Identification, reasons: list[str], *, anime: bool, now: datetime
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A film; what names no work is listed under its own name, for a person to put right."""
    confidence = found.confidence
    if found.kind != "movie" or not found.title:
        stem = PurePosixPath(found.path).stem
        found = dataclasses.replace(found, kind="movie", title=stem, year=None, season=None, episodes=(), absolute=())
        confidence = min(confidence, 0.2)
        reasons = [*reasons, "no work is named: listed under the file's own name"]
    film = catalog.ensure_movie(found, anime=anime, now=now)
    part = _part(one, title_id=film.id, order=found.part or 1)
    return [part], _match(one, film, confidence, reasons)


def _owner_of_extra(found: Identification, kind: str, now: datetime) -> Title:
    """The film or show that an extra belongs to; in a mixed library the one that is known by that name."""
    is_show = kind in {"shows", "anime"} or found.season is not None or bool(found.episodes)
    if is_show:
        return catalog.ensure_show(found, anime=kind == "anime", now=now)
    return catalog.ensure_movie(found, now=now)


def _part(
    one: Placing, *, title_id: int | None = None, episode_id: int | None = None, order: int = 1
) -> dict[str, Any]:
    return {"file_id": one.file_id, "title_id": title_id, "episode_id": episode_id, "order": order, "of": 1}


def _match(one: Placing, title: Title | None, confidence: float, reasons: Sequence[str]) -> dict[str, Any]:
    return {
        "file_id": one.file_id,
        "title_id": None if title is None else title.id,
        "confidence": confidence,
        "reasons": list(reasons),
        "locked": False,
    }


def _role(one: Placing) -> dict[str, Any]:
    found = one.identification
    role = "sample" if found.is_sample else "extra" if found.kind == "extra" or found.extra else "main"
    return {
        "id": one.file_id,
        "role": role,
        "extra_kind": (found.extra or "extra")[:32] if role == "extra" else None,
        "edition": (found.edition or "")[:100] or None,
    }


def _count_parts(title_ids: Iterable[int]) -> None:
    """`of` of every file of a film that is cut in parts: as many as the highest part says (per folder and edition)."""
    for title_id in title_ids:
        rows = db.session.execute(
            select(FilePart.id, FilePart.order, MediaFile.library_id, MediaFile.folder, MediaFile.edition)
            .join(MediaFile, MediaFile.id == FilePart.file_id)
            .where(FilePart.title_id == title_id, MediaFile.role == "main")
        ).all()
        groups: dict[tuple[int, str, str | None], list[tuple[int, int]]] = {}
        for part_id, order, library_id, folder, edition in rows:
            groups.setdefault((library_id, folder, edition), []).append((part_id, order))
        counted = [
            {"id": part_id, "of": max(order for _, order in group)} for group in groups.values() for part_id, _ in group
        ]
        db.session.execute(update(FilePart), counted)


def _carry_over(
    before: Mapping[int, list[tuple[MediaId, int]]], after: Mapping[int, list[tuple[MediaId, int]]]
) -> None:
    """A file that is another work now takes with it what people did, when the old work has no file left."""
    for file_id, old in before.items():
        new = after.get(file_id, [])
        if len(old) != len(new):
            continue
        for (old_work, _), (new_work, title_id) in zip(old, new, strict=True):
            if old_work != new_work and not _has_files(old_work):
                file_rematched.send(
                    "library",
                    from_media_id=str(old_work),
                    to_media_id=str(new_work),
                    title_id=title_id,
                    episode_id=new_work.number if new_work.kind == "episode" else None,
                )


def _has_files(work: MediaId) -> bool:
    column = FilePart.episode_id if work.kind == "episode" else FilePart.title_id
    return bool(db.session.scalar(select(func.count()).where(column == work.number)))
