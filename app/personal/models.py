"""What a person did and wants. Everything hangs on works (`media_id`), so files may come and go."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.adapters.database import Instant, Json
from app.extensions import Model


class Progress(Model):
    """Where a profile is in a film or an episode; one row, upserted. `signature` names the file it was made on.

    `resumable` says whether to offer going on at `position` (`core.watching.resume_at`); `watched` stays once it is
    set, so a film that is seen again may be both. `watched_at` is when it was seen to its end last.
    """

    __tablename__ = "progress"

    id: Mapped[int] = mapped_column(primary_key=True)
    profile_id: Mapped[int] = mapped_column(ForeignKey("profile.id", ondelete="CASCADE"))
    title_id: Mapped[int] = mapped_column(ForeignKey("title.id", ondelete="CASCADE"), index=True)
    episode_id: Mapped[int | None] = mapped_column(ForeignKey("episode.id", ondelete="CASCADE"), index=True)
    media_id: Mapped[str] = mapped_column(String(24))
    position: Mapped[float] = mapped_column(Float, default=0.0)
    duration: Mapped[float | None] = mapped_column(Float)
    watched: Mapped[bool] = mapped_column(default=False)
    watched_at: Mapped[datetime | None] = mapped_column(Instant)
    resumable: Mapped[bool] = mapped_column(default=False)
    signature: Mapped[str | None] = mapped_column(String(64))
    updated_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (
        UniqueConstraint("profile_id", "media_id"),
        Index("ix_progress_resumable", "profile_id", "resumable", "updated_at", "title_id", "media_id"),
        Index("ix_progress_watched", "profile_id", "watched", "watched_at", "title_id", "episode_id"),
        Index("ix_progress_title", "profile_id", "title_id"),
    )


class HistoryEntry(Model):
    """One sitting: started, how far it went."""

    __tablename__ = "history_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    profile_id: Mapped[int] = mapped_column(ForeignKey("profile.id", ondelete="CASCADE"))
    media_id: Mapped[str] = mapped_column(String(24))
    title_id: Mapped[int] = mapped_column(ForeignKey("title.id", ondelete="CASCADE"), index=True)
    episode_id: Mapped[int | None] = mapped_column(ForeignKey("episode.id", ondelete="CASCADE"), index=True)
    session_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    started_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime] = mapped_column(Instant)
    position: Mapped[float] = mapped_column(Float, default=0.0)

    __table_args__ = (
        Index("ix_history_recent", "profile_id", "ended_at", "id"),
        Index("ix_history_ended", "ended_at", "title_id", "profile_id"),
    )


class ListItem(Model):
    """One entry of the watch list."""

    __tablename__ = "list_item"

    profile_id: Mapped[int] = mapped_column(ForeignKey("profile.id", ondelete="CASCADE"), primary_key=True)
    media_id: Mapped[str] = mapped_column(String(24), primary_key=True)
    title_id: Mapped[int] = mapped_column(ForeignKey("title.id", ondelete="CASCADE"), index=True)
    added_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (Index("ix_list_item_recent", "profile_id", "added_at", "media_id"),)


class Rating(Model):
    """A profile's own rating, 0 to 10."""

    __tablename__ = "rating"

    profile_id: Mapped[int] = mapped_column(ForeignKey("profile.id", ondelete="CASCADE"), primary_key=True)
    media_id: Mapped[str] = mapped_column(String(24), primary_key=True)
    title_id: Mapped[int] = mapped_column(ForeignKey("title.id", ondelete="CASCADE"), index=True)
    value: Mapped[float] = mapped_column(Float)
    updated_at: Mapped[datetime] = mapped_column(Instant)


class Playlist(Model):
    __tablename__ = "playlist"

    id: Mapped[int] = mapped_column(primary_key=True)
    profile_id: Mapped[int] = mapped_column(ForeignKey("profile.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)

    items: Mapped[list[PlaylistItem]] = relationship(
        order_by="PlaylistItem.order", passive_deletes=True, cascade="all, delete-orphan"
    )


class PlaylistItem(Model):
    __tablename__ = "playlist_item"

    id: Mapped[int] = mapped_column(primary_key=True)
    playlist_id: Mapped[int] = mapped_column(ForeignKey("playlist.id", ondelete="CASCADE"), index=True)
    media_id: Mapped[str] = mapped_column(String(24))
    title_id: Mapped[int] = mapped_column(ForeignKey("title.id", ondelete="CASCADE"), index=True)
    order: Mapped[int]


class Preference(Model):
    """One setting of one profile (interface, player, captions, or `tracks:<media_id>`)."""

    __tablename__ = "preference"

    profile_id: Mapped[int] = mapped_column(ForeignKey("profile.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[dict[str, Any]] = mapped_column(Json)
    updated_at: Mapped[datetime] = mapped_column(Instant)
