"""What a profile does to its own records. Every function runs inside the caller's write unit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import case, delete, func, or_, select, update

from app.adapters.database import upsert
from app.catalog.models import Episode
from app.core.media_id import MediaId
from app.core.watching import is_watched, resume_at
from app.extensions import db
from app.personal.models import HistoryEntry, ListItem, Preference, Progress, Rating

ROWS_AT_ONCE = 200


def record_progress(
    *,
    profile_id: int,
    media_id: str,
    title_id: int,
    episode_id: int | None,
    position: float,
    duration: float | None,
    signature: str | None,
    session_id: str | None,
    now: datetime,
    credits_at: float | None = None,
) -> None:
    """Stores where a profile is (seconds), and its sitting in the history: one upsert each.

    Watched from 90 % or from the credits on, and once watched it stays so. A report that is older than what is stored
    changes nothing, so late and repeated reports are harmless.
    """
    position = max(0.0, min(position, duration) if duration else position)
    seen = is_watched(position, duration, credits_at=credits_at)
    row = {
        "profile_id": profile_id,
        "media_id": media_id,
        "title_id": title_id,
        "episode_id": episode_id,
        "position": position,
        "duration": duration,
        "watched": seen,
        "watched_at": now if seen else None,
        "resumable": resume_at(position, duration, credits_at=credits_at) > 0,
        "signature": signature,
        "updated_at": now,
    }
    insert = upsert(db.session(), Progress).values(row)
    new = insert.excluded
    db.session.execute(
        insert.on_conflict_do_update(
            index_elements=["profile_id", "media_id"],
            set_={
                **{name: new[name] for name in ("position", "duration", "resumable", "signature", "updated_at")},
                "watched": or_(Progress.watched, new.watched),
                "watched_at": func.coalesce(new.watched_at, Progress.watched_at),
            },
            where=Progress.updated_at <= new.updated_at,
        )
    )
    if session_id is not None:
        _record_sitting(profile_id, media_id, title_id, episode_id, session_id, position, now)


def mark_watched(*, profile_id: int, work: MediaId, title_id: int, watched: bool, now: datetime) -> None:
    """Marks a film or an episode, or every episode of a show, as seen or not seen; the place in it is let go."""
    if work.kind == "show":
        _mark_episodes(profile_id, title_id, select(Episode.id).where(Episode.title_id == title_id), watched, now)
        return
    _mark(profile_id, title_id, [(str(work), work.number if work.kind == "episode" else None)], watched, now)


def mark_season_watched(*, profile_id: int, season_id: int, title_id: int, watched: bool, now: datetime) -> None:
    """Marks every episode of one season."""
    _mark_episodes(profile_id, title_id, select(Episode.id).where(Episode.season_id == season_id), watched, now)


def rate(*, profile_id: int, media_id: str, title_id: int, value: float, now: datetime) -> None:
    """Sets a profile's own rating, 0 to 10."""
    insert = upsert(db.session(), Rating).values(
        profile_id=profile_id, media_id=media_id, title_id=title_id, value=value, updated_at=now
    )
    db.session.execute(
        insert.on_conflict_do_update(
            index_elements=["profile_id", "media_id"],
            set_={"value": insert.excluded.value, "updated_at": insert.excluded.updated_at},
        )
    )


def unrate(*, profile_id: int, media_id: str) -> None:
    db.session.execute(delete(Rating).where(Rating.profile_id == profile_id, Rating.media_id == media_id))


def put_on_list(*, profile_id: int, media_id: str, title_id: int, now: datetime) -> None:
    """Puts a work on the watch list; being there already is fine and keeps its place."""
    insert = upsert(db.session(), ListItem).values(
        profile_id=profile_id, media_id=media_id, title_id=title_id, added_at=now
    )
    db.session.execute(insert.on_conflict_do_nothing(index_elements=["profile_id", "media_id"]))


def take_off_list(*, profile_id: int, media_id: str) -> None:
    db.session.execute(delete(ListItem).where(ListItem.profile_id == profile_id, ListItem.media_id == media_id))


def set_preferences(*, profile_id: int, values: dict[str, Any], now: datetime) -> None:
    """Stores settings by name; None takes one back to its default."""
    gone = sorted(name for name, value in values.items() if value is None)
    if gone:
        db.session.execute(delete(Preference).where(Preference.profile_id == profile_id, Preference.name.in_(gone)))
    rows = [
        {"profile_id": profile_id, "name": name, "value": {"value": value}, "updated_at": now}
        for name, value in sorted(values.items())
        if value is not None
    ]
    if rows:
        insert = upsert(db.session(), Preference).values(rows)
        db.session.execute(
            insert.on_conflict_do_update(
                index_elements=["profile_id", "name"],
                set_={"value": insert.excluded.value, "updated_at": insert.excluded.updated_at},
            )
        )


def forget_history(*, profile_id: int, entry_id: int | None = None) -> None:
    """Removes one sitting from the history, or all of it; what is watched stays so."""
    gone = delete(HistoryEntry).where(HistoryEntry.profile_id == profile_id)
    db.session.execute(gone if entry_id is None else gone.where(HistoryEntry.id == entry_id))


def rematch(*, from_media_id: str, to_media_id: str, title_id: int, episode_id: int | None) -> None:
    """Moves everything personal from one work to another (a corrected match); where two meet, the newer stays."""
    for model, instant in (
        (Progress, Progress.updated_at),
        (Rating, Rating.updated_at),
        (ListItem, ListItem.added_at),
    ):
        _drop_the_older(model, instant, from_media_id, to_media_id)
        values: dict[str, Any] = {"media_id": to_media_id, "title_id": title_id}
        if model is Progress:
            values["episode_id"] = episode_id
        db.session.execute(update(model).where(model.media_id == from_media_id).values(values))
    db.session.execute(
        update(HistoryEntry)
        .where(HistoryEntry.media_id == from_media_id)
        .values(media_id=to_media_id, title_id=title_id, episode_id=episode_id)
    )


def _drop_the_older(model: Any, instant: Any, from_media_id: str, to_media_id: str) -> None:
    """Of two rows of one profile, deletes the one that was changed earlier."""
    rows = db.session.execute(
        select(model.profile_id, model.media_id, instant).where(model.media_id.in_([from_media_id, to_media_id]))
    )
    newest: dict[int, tuple[datetime, str]] = {}
    older: dict[str, list[int]] = {from_media_id: [], to_media_id: []}
    for profile_id, media_id, changed in rows:
        if profile_id in newest:
            loser = media_id if newest[profile_id][0] >= changed else newest[profile_id][1]
            older[loser].append(profile_id)
        newest[profile_id] = max(newest.get(profile_id, (changed, media_id)), (changed, media_id))
    for media_id, profiles in older.items():
        if profiles:
            db.session.execute(delete(model).where(model.media_id == media_id, model.profile_id.in_(profiles)))


def _record_sitting(
    profile_id: int,
    media_id: str,
    title_id: int,
    episode_id: int | None,
    session_id: str,
    position: float,
    now: datetime,
) -> None:
    insert = upsert(db.session(), HistoryEntry).values(
        profile_id=profile_id,
        media_id=media_id,
        title_id=title_id,
        episode_id=episode_id,
        session_id=f"{session_id}:{media_id}"[:64],
        started_at=now,
        ended_at=now,
        position=position,
    )
    db.session.execute(
        insert.on_conflict_do_update(
            index_elements=["session_id"],
            set_={"ended_at": insert.excluded.ended_at, "position": insert.excluded.position},
            where=HistoryEntry.ended_at <= insert.excluded.ended_at,
        )
    )


def _mark_episodes(profile_id: int, title_id: int, episodes: Any, watched: bool, now: datetime) -> None:
    ids = db.session.scalars(episodes).all()
    _mark(profile_id, title_id, [(f"e{episode_id}", episode_id) for episode_id in ids], watched, now)


def _mark(
    profile_id: int, title_id: int, works: Sequence[tuple[str, int | None]], watched: bool, now: datetime
) -> None:
    for some in _slices(works):
        insert = upsert(db.session(), Progress).values(
            [
                {
                    "profile_id": profile_id,
                    "media_id": media_id,
                    "title_id": title_id,
                    "episode_id": episode_id,
                    "position": 0.0,
                    "watched": watched,
                    "watched_at": now if watched else None,
                    "resumable": False,
                    "updated_at": now,
                }
                for media_id, episode_id in some
            ]
        )
        db.session.execute(
            insert.on_conflict_do_update(
                index_elements=["profile_id", "media_id"],
                set_={
                    "position": 0.0,
                    "watched": insert.excluded.watched,
                    "watched_at": case(
                        (Progress.watched & insert.excluded.watched, Progress.watched_at),
                        else_=insert.excluded.watched_at,
                    ),
                    "resumable": False,
                    "updated_at": insert.excluded.updated_at,
                },
            )
        )


def _slices(works: Sequence[tuple[str, int | None]]) -> Iterable[Sequence[tuple[str, int | None]]]:
    return (works[start : start + ROWS_AT_ONCE] for start in range(0, len(works), ROWS_AT_ONCE))
