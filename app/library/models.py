"""Libraries, files and their streams, and the link from files to works."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Float, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.adapters.database import FilePath, Instant, Json
from app.extensions import Model

BESIDE = ("sidecar", "nfo")
"""Roles of files that lie beside films and are none."""


class Library(Model):
    """A folder that is watched. `path` is absolute and resolved."""

    __tablename__ = "library"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    path: Mapped[str] = mapped_column(FilePath, unique=True)
    kind: Mapped[str] = mapped_column(String(8))  # movies, shows, anime, mixed
    created_at: Mapped[datetime] = mapped_column(Instant)
    scanned_at: Mapped[datetime | None] = mapped_column(Instant)


class MediaFile(Model):
    """A file that was probed. `folder`/`name` are relative to the library, byte-exact (surrogate escapes kept).

    `signature` is a hash of size and first, middle and last 64 KiB. `state`: ok, broken, refused. `missing_since` is
    set when it disappeared and kept through the grace period. `role`: main, extra, sample; those of BESIDE are nobody's
    film: sidecar is a subtitle file (what it means stands in the streams of the films beside it), nfo one that tells
    of a film, a show or an episode.
    """

    __tablename__ = "media_file"

    id: Mapped[int] = mapped_column(primary_key=True)
    library_id: Mapped[int] = mapped_column(ForeignKey("library.id", ondelete="CASCADE"))
    folder: Mapped[str] = mapped_column(FilePath)
    name: Mapped[str] = mapped_column(FilePath)
    size: Mapped[int] = mapped_column(BigInteger)
    mtime_ns: Mapped[int] = mapped_column(BigInteger)
    signature: Mapped[str | None] = mapped_column(String(64), index=True)
    state: Mapped[str] = mapped_column(String(8), default="ok")
    problem: Mapped[str | None] = mapped_column(Text)
    role: Mapped[str] = mapped_column(String(8), default="main")
    extra_kind: Mapped[str | None] = mapped_column(String(32))
    container: Mapped[str | None] = mapped_column(String(64))
    duration: Mapped[float | None] = mapped_column(Float)
    start_time: Mapped[float | None] = mapped_column(Float)
    bit_rate: Mapped[int | None] = mapped_column(BigInteger)
    edition: Mapped[str | None] = mapped_column(String(100))
    quality: Mapped[str | None] = mapped_column(String(32))
    tags: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    added_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    missing_since: Mapped[datetime | None] = mapped_column(Instant)

    streams: Mapped[list[MediaStream]] = relationship(
        back_populates="file", order_by="MediaStream.index", passive_deletes=True, cascade="all, delete-orphan"
    )
    chapters: Mapped[list[Chapter]] = relationship(
        order_by="Chapter.start", passive_deletes=True, cascade="all, delete-orphan"
    )
    parts: Mapped[list[FilePart]] = relationship(
        back_populates="file", order_by="FilePart.order", passive_deletes=True, cascade="all, delete-orphan"
    )

    __table_args__ = (
        UniqueConstraint("library_id", "folder", "name"),
        Index("ix_media_file_walk", "library_id", "folder", "name", "size", "mtime_ns", "id", "missing_since"),
        Index("ix_media_file_problem", "state", "id"),
        Index("ix_media_file_added", "added_at", "id"),
    )


class MediaStream(Model):
    """One stream of a file, or a sidecar subtitle (`external_path`, then `index` starts at 1000).

    `facts` holds what no query needs: pixel format, field order, sample aspect ratio (`"4:3"`), rotation, colour
    description, start time, time base, average and real frame rate as `"24000/1001"`, channel layout, disposition.
    """

    __tablename__ = "media_stream"

    id: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("media_file.id", ondelete="CASCADE"))
    index: Mapped[int]
    kind: Mapped[str] = mapped_column(String(10))  # video, audio, subtitle, data, attachment, cover
    codec: Mapped[str | None] = mapped_column(String(32))
    profile: Mapped[str | None] = mapped_column(String(64))
    level: Mapped[int | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    fps: Mapped[float | None] = mapped_column(Float)
    bit_depth: Mapped[int | None]
    hdr: Mapped[str | None] = mapped_column(String(16))  # hdr10, hdr10+, hlg, dv
    bit_rate: Mapped[int | None] = mapped_column(BigInteger)
    channels: Mapped[int | None]
    sample_rate: Mapped[int | None]
    language: Mapped[str | None] = mapped_column(String(16))
    title: Mapped[str | None] = mapped_column(String(400))
    is_default: Mapped[bool] = mapped_column(default=False)
    is_forced: Mapped[bool] = mapped_column(default=False)
    external_path: Mapped[str | None] = mapped_column(FilePath)
    facts: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)

    file: Mapped[MediaFile] = relationship(back_populates="streams")

    __table_args__ = (UniqueConstraint("file_id", "index"),)


class Chapter(Model):
    """A named span, in seconds."""

    __tablename__ = "chapter"

    id: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("media_file.id", ondelete="CASCADE"), index=True)
    start: Mapped[float] = mapped_column(Float)
    end: Mapped[float] = mapped_column(Float)
    title: Mapped[str | None] = mapped_column(String(400))


class FilePart(Model):
    """This file holds this film or episode: alone, as one part of several, or for a span of it (seconds).

    Exactly one of `title_id` (a film, or an extra of any title) and `episode_id` is set.
    """

    __tablename__ = "file_part"

    id: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("media_file.id", ondelete="CASCADE"), index=True)
    title_id: Mapped[int | None] = mapped_column(ForeignKey("title.id", ondelete="CASCADE"), index=True)
    episode_id: Mapped[int | None] = mapped_column(ForeignKey("episode.id", ondelete="CASCADE"), index=True)
    order: Mapped[int] = mapped_column(default=1)
    of: Mapped[int] = mapped_column(default=1)
    start: Mapped[float | None] = mapped_column(Float)
    end: Mapped[float | None] = mapped_column(Float)

    file: Mapped[MediaFile] = relationship(back_populates="parts")


class Match(Model):
    """Why this file is held to be this work."""

    __tablename__ = "match"

    file_id: Mapped[int] = mapped_column(ForeignKey("media_file.id", ondelete="CASCADE"), primary_key=True)
    title_id: Mapped[int | None] = mapped_column(ForeignKey("title.id", ondelete="SET NULL"), index=True)
    confidence: Mapped[float] = mapped_column(Float, default=0.0)
    reasons: Mapped[list[str]] = mapped_column(Json, default=list)
    locked: Mapped[bool] = mapped_column(default=False)


class ScanRun(Model):
    """One scan of one library: what it counted, how long each stage took, how it ended."""

    __tablename__ = "scan_run"

    id: Mapped[int] = mapped_column(primary_key=True)
    library_id: Mapped[int] = mapped_column(ForeignKey("library.id", ondelete="CASCADE"), index=True)
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id", ondelete="SET NULL"))
    started_at: Mapped[datetime] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    outcome: Mapped[str | None] = mapped_column(String(16))  # done, failed, cancelled, guarded
    counts: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    detail: Mapped[str | None] = mapped_column(Text)
