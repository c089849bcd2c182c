"""How many playable files each work has: counted from the library's rows, stored in the catalog's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from sqlalchemy import func, select

from app.catalog import service as catalog
from app.catalog.models import Episode, Title
from app.extensions import db
from app.library.models import FilePart, MediaFile

PLAYABLE = (MediaFile.state == "ok", MediaFile.role == "main", MediaFile.missing_since.is_(None))
"""What makes a file count: probed well, the work itself and not an extra, and there."""


def recount(title_ids: Iterable[int]) -> None:
    """Sets `file_count` of these titles and their episodes, and their lengths, in the caller's write unit.

    Call it once for a batch, with every title whose files were added, changed, moved away, went missing or came back.
    """
    wanted: Sequence[int] = sorted(set(title_ids))
    if not wanted:
        return
    db.session.flush()
    titles, runtimes = _films(wanted)
    episodes = _episodes(wanted)
    shows: dict[int, int] = {}
    for title_id, files, playable in _shows(wanted):
        titles[title_id] = titles.get(title_id, 0) + files
        shows[title_id] = playable
    known = set(db.session.scalars(select(Title.id).where(Title.id.in_(wanted))))
    catalog.set_file_counts(
        {title_id: titles.get(title_id, 0) for title_id in wanted if title_id in known},
        episodes,
        shows={title_id: shows.get(title_id, 0) for title_id in wanted if title_id in known},
        runtimes={title_id: runtime for title_id, runtime in runtimes.items() if title_id in known},
        episode_runtimes=_episode_lengths(wanted),
    )


def _films(title_ids: Sequence[int]) -> tuple[dict[int, int], dict[int, float]]:
    """Files of each film, and its duration."""
    rows = db.session.execute(
        select(Title.id, MediaFile.id, MediaFile.duration, FilePart.of, FilePart.order)
        .join(MediaFile, MediaFile.id == FilePart.file_id)
        .join(Title, Title.id == FilePart.title_id)
        .where(FilePart.title_id.in_(title_ids), Title.kind == "movie", *PLAYABLE)
    ).all()
    files: dict[int, set[int]] = {}
    for title_id, file_id, _, _, _ in rows:
        files.setdefault(title_id, set()).add(file_id)
    lengths = _lengths((title_id, duration, of, order) for title_id, _, duration, of, order in rows)
    return {key: len(ids) for key, ids in files.items()}, lengths


def _lengths(parts: Iterable[tuple[int, float | None, int, int]]) -> dict[int, float]:
    """How long each work is, from `(work, seconds, of how many parts, which)`: its longest version; parts add up."""
    whole: dict[int, float] = {}
    cut: dict[int, dict[int, float]] = {}
    for work, duration, of, order in parts:
        if of > 1:
            found = cut.setdefault(work, {})
            found[order] = max(found.get(order, 0.0), duration or 0.0)
        else:
            whole[work] = max(whole.get(work, 0.0), duration or 0.0)
    lengths = {key: max(whole.get(key, 0.0), sum(cut.get(key, {}).values())) for key in {*whole, *cut}}
    return {key: length for key, length in lengths.items() if length}


def _episode_lengths(title_ids: Sequence[int]) -> dict[int, float]:
    """How long the episodes of these shows are whose length is not known so. Episodes in one file share it equally,
    unless it is known where they begin and end."""
    rows = db.session.execute(
        select(
            FilePart.file_id,
            Episode.id,
            MediaFile.duration,
            FilePart.of,
            FilePart.order,
            FilePart.start,
            FilePart.end,
            Episode.runtime_s,
        )
        .join(MediaFile, MediaFile.id == FilePart.file_id)
        .join(Episode, Episode.id == FilePart.episode_id)
        .where(Episode.title_id.in_(title_ids), *PLAYABLE)
    ).all()
    sharing = Counter(row[0] for row in rows)
    parts = []
    for file_id, episode_id, duration, of, order, start, end, _ in rows:
        share = duration / sharing[file_id] if duration else None
        parts.append((episode_id, share if start is None or end is None else end - start, of, order))
    stored = {row[1]: row[-1] for row in rows}
    return {key: length for key, length in _lengths(parts).items() if length != stored[key]}


def _shows(title_ids: Sequence[int]) -> list[tuple[int, int, int]]:
    """`(title_id, files, episodes that have one)` of each show that has any."""
    rows = db.session.execute(
        select(Episode.title_id, func.count(func.distinct(FilePart.file_id)), func.count(func.distinct(Episode.id)))
        .join(FilePart, FilePart.episode_id == Episode.id)
        .join(MediaFile, MediaFile.id == FilePart.file_id)
        .where(Episode.title_id.in_(title_ids), *PLAYABLE)
        .group_by(Episode.title_id)
    )
    return [(title_id, files, playable) for title_id, files, playable in rows]


def _episodes(title_ids: Sequence[int]) -> dict[int, int]:
    counted = (
        select(FilePart.episode_id, func.count(func.distinct(FilePart.file_id)).label("files"))
        .join(MediaFile, MediaFile.id == FilePart.file_id)
        .join(Episode, Episode.id == FilePart.episode_id)
        .where(Episode.title_id.in_(title_ids), *PLAYABLE)
        .group_by(FilePart.episode_id)
        .subquery()
    )
    rows = db.session.execute(
        select(Episode.id, func.coalesce(counted.c.files, 0))
        .outerjoin(counted, counted.c.episode_id == Episode.id)
        .where(Episode.title_id.in_(title_ids), Episode.file_count != func.coalesce(counted.c.files, 0))
    )
    return dict(rows.all())
