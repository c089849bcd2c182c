"""A profile's playlists. Every function runs inside the caller's write unit and may raise NotFound."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update

from app.core.errors import Conflict, Invalid
from app.extensions import db
from app.personal import queries
from app.personal.models import Playlist, PlaylistItem

LONGEST = 5_000


def create(*, profile_id: int, name: str, description: str | None, now: datetime) -> Playlist:
    """An empty playlist."""
    made = Playlist(profile_id=profile_id, name=name, description=description, created_at=now, updated_at=now)
    db.session.add(made)
    db.session.flush()
    return made


def change(found: Playlist, *, name: str | None, description: str | None, now: datetime) -> None:
    """Renames or describes; None leaves a field as it is."""
    if name is not None:
        found.name = name
    if description is not None:
        found.description = description or None
    found.updated_at = now


def remove(found: Playlist) -> None:
    db.session.delete(found)


def append(found: Playlist, works: Sequence[tuple[str, int]], *, now: datetime) -> None:
    """Puts works, as `(media_id, title_id)`, at the end. Raises Conflict when the list would grow beyond its limit."""
    last, count = db.session.execute(
        select(func.coalesce(func.max(PlaylistItem.order), 0), func.count()).where(PlaylistItem.playlist_id == found.id)
    ).one()
    if count + len(works) > LONGEST:
        raise Conflict(f"A playlist holds at most {LONGEST} entries. Start another one.", code="playlist_full")
    db.session.add_all(
        PlaylistItem(playlist_id=found.id, media_id=media_id, title_id=title_id, order=last + place)
        for place, (media_id, title_id) in enumerate(works, 1)
    )
    found.updated_at = now
    db.session.flush()


def take_out(found: Playlist, *, item_ids: Sequence[int], media_ids: Sequence[str], now: datetime) -> None:
    """Takes out entries by their ids, and every entry of these works."""
    db.session.execute(
        delete(PlaylistItem).where(
            PlaylistItem.playlist_id == found.id,
            PlaylistItem.id.in_(item_ids) | PlaylistItem.media_id.in_(media_ids),
        )
    )
    found.updated_at = now


def arrange(found: Playlist, item_ids: Sequence[int], *, now: datetime) -> None:
    """Puts the entries in this order. Raises Invalid unless it names every entry exactly once."""
    present = [item_id for item_id, _ in queries.playlist_items(found.id)]
    if sorted(present) != sorted(item_ids):
        raise Invalid("Name every entry of the playlist exactly once.", errors=[{"field": "items", "message": "order"}])
    if item_ids:
        db.session.execute(
            update(PlaylistItem), [{"id": item_id, "order": place} for place, item_id in enumerate(item_ids, 1)]
        )
    found.updated_at = now
