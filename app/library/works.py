"""Which titles and works files belong to: small reads that the writing parts of this feature share."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from app.catalog.models import Episode, Title
from app.core.media_id import MediaId
from app.extensions import db
from app.library.models import FilePart


def titles_of(file_ids: Sequence[int]) -> set[int]:
    """The titles that these files are (parts, episodes or extras) of."""
    rows = db.session.execute(
        select(func.coalesce(FilePart.title_id, Episode.title_id))
        .outerjoin(Episode, Episode.id == FilePart.episode_id)
        .where(FilePart.file_id.in_(file_ids))
        .distinct()
    )
    return {title_id for (title_id,) in rows if title_id is not None}


def works_of(file_ids: Sequence[int]) -> dict[int, list[tuple[MediaId, int]]]:
    """For each file the works it holds, each with its title's id."""
    rows = db.session.execute(
        select(FilePart.file_id, FilePart.episode_id, FilePart.title_id, Episode.title_id, Title.kind)
        .outerjoin(Episode, Episode.id == FilePart.episode_id)
        .outerjoin(Title, Title.id == FilePart.title_id)
        .where(FilePart.file_id.in_(file_ids))
        .order_by(FilePart.file_id, FilePart.order, FilePart.id)
    )
    found: dict[int, list[tuple[MediaId, int]]] = {}
    for file_id, episode_id, title_id, show_id, kind in rows:
        if episode_id is not None and show_id is not None:
            found.setdefault(file_id, []).append((MediaId("episode", episode_id), show_id))
        elif title_id is not None:
            found.setdefault(file_id, []).append((MediaId("show" if kind == "show" else "movie", title_id), title_id))
    return found
