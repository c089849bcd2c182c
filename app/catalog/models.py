"""Works and what is known of them. User data hangs on titles and episodes, so these rows outlive files.

`media_id` strings are `m<Title.id>` for a film, `s<Title.id>` for a show and `e<Episode.id>` for an episode.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Float, ForeignKey, Index, String, Text, UniqueConstraint, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.adapters.database import Folded, Instant, Json, by_code_point
from app.extensions import Model


def _list_index(key: str) -> Index:
    """What one sorted list of films or shows reads, filters included, without touching the table."""
    rest = [name for name in ("is_anime", "year", "rating") if name != key]
    return Index(f"ix_title_list_{key}", "kind", key, "id", "file_count", *rest)


class Title(Model):
    """A film or a show.

    `identity_key` is what identification found (kind, folded title, year, explicit ids): two files that name the same
    work meet here; a match with a provider later adds `ExternalId` rows and never changes ids. `name_key` is its part
    that look-alikes share (kind, folded title). `sort_name` and `search_text` are folded (NFKD, casefold, ё→е, no
    punctuation). `file_count` counts playable files and `episode_count` a show's playable episodes: they keep lists
    free of joins. `added_at` is when its newest part came: the film, or a show's latest episode.
    """

    __tablename__ = "title"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))  # movie, show
    is_anime: Mapped[bool] = mapped_column(default=False)
    identity_key: Mapped[str] = mapped_column(String(400), unique=True)
    name_key: Mapped[str] = mapped_column(String(300), index=True)
    name: Mapped[str] = mapped_column(String(400))
    sort_as: Mapped[str | None] = mapped_column(String(400))  # the name to sort by, where a person gave another
    original_name: Mapped[str | None] = mapped_column(String(400))
    original_language: Mapped[str | None] = mapped_column(String(16))
    localized: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)  # {language: {"name", "overview"}}
    other_names: Mapped[list[str]] = mapped_column(Json, default=list)  # whatever else somebody may search for
    sort_name: Mapped[str] = mapped_column(Folded)
    search_text: Mapped[str] = mapped_column(Text, default="")
    year: Mapped[int | None]
    overview: Mapped[str | None] = mapped_column(Text)
    rating: Mapped[float | None] = mapped_column(Float)
    popularity: Mapped[float] = mapped_column(Float, default=0.0)
    runtime_s: Mapped[float | None] = mapped_column(Float)
    file_count: Mapped[int] = mapped_column(default=0)
    episode_count: Mapped[int] = mapped_column(default=0)
    confidence: Mapped[float] = mapped_column(Float, default=0.0)
    locked_fields: Mapped[list[str]] = mapped_column(Json, default=list)
    added_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)

    seasons: Mapped[list[Season]] = relationship(
        back_populates="title", order_by="Season.number", passive_deletes=True, cascade="all, delete-orphan"
    )
    genres: Mapped[list[Genre]] = relationship(secondary="title_genre", order_by="Genre.name", passive_deletes=True)

    __table_args__ = (
        *(_list_index(key) for key in ("sort_name", "added_at", "year", "rating", "runtime_s", "popularity")),
        Index("ix_title_added", "added_at", "id", "file_count"),
        Index("ix_title_popularity", "popularity", "id", "file_count"),
        Index("ix_title_count", "kind", "file_count", "is_anime", "year", "rating"),  # counts a narrowed list
    )

    @classmethod
    def has_genre(cls, name: str) -> ColumnElement[bool]:
        """Whether the genre of this name is among its genres; case as in `Genre.is_called`."""
        called = select(Genre.id).where(Genre.is_called(name))
        return cls.id.in_(select(TitleGenre.title_id).where(TitleGenre.genre_id.in_(called)))


class Season(Model):
    """One season of a show; number 0 holds specials."""

    __tablename__ = "season"

    id: Mapped[int] = mapped_column(primary_key=True)
    title_id: Mapped[int] = mapped_column(ForeignKey("title.id", ondelete="CASCADE"))
    number: Mapped[int]
    name: Mapped[str | None] = mapped_column(String(400))
    overview: Mapped[str | None] = mapped_column(Text)

    title: Mapped[Title] = relationship(back_populates="seasons")
    episodes: Mapped[list[Episode]] = relationship(
        back_populates="season", order_by="Episode.number", passive_deletes=True, cascade="all, delete-orphan"
    )

    __table_args__ = (UniqueConstraint("title_id", "number"),)


class Episode(Model):
    """One episode. `number` is its place in the season (decimal for `12.5`); `absolute` counts through the show."""

    __tablename__ = "episode"

    id: Mapped[int] = mapped_column(primary_key=True)
    title_id: Mapped[int] = mapped_column(ForeignKey("title.id", ondelete="CASCADE"))
    season_id: Mapped[int] = mapped_column(ForeignKey("season.id", ondelete="CASCADE"))
    number: Mapped[float] = mapped_column(Float)
    absolute: Mapped[float | None] = mapped_column(Float)
    name: Mapped[str | None] = mapped_column(String(400))
    overview: Mapped[str | None] = mapped_column(Text)
    air_date: Mapped[date | None]
    still_url: Mapped[str | None] = mapped_column(String(400))  # a provider's picture of it
    runtime_s: Mapped[float | None] = mapped_column(Float)
    file_count: Mapped[int] = mapped_column(default=0)
    added_at: Mapped[datetime] = mapped_column(Instant)

    season: Mapped[Season] = relationship(back_populates="episodes")

    __table_args__ = (
        UniqueConstraint("season_id", "number"),
        Index("ix_episode_title", "title_id", "season_id", "number"),
        Index("ix_episode_added", "added_at"),
    )


class ExternalId(Model):
    """What a provider calls this work. Anime databases have one work per season: hence `season`, `episode_offset`."""

    __tablename__ = "external_id"

    id: Mapped[int] = mapped_column(primary_key=True)
    title_id: Mapped[int] = mapped_column(ForeignKey("title.id", ondelete="CASCADE"), index=True)
    provider: Mapped[str] = mapped_column(String(32))
    value: Mapped[str] = mapped_column(String(64))
    season: Mapped[int | None]
    episode_offset: Mapped[int] = mapped_column(default=0)

    __table_args__ = (UniqueConstraint("provider", "value", "title_id", "season"),)


class TitleAlias(Model):
    """Another name and year under which files name a title: what their paths said before it was matched or merged."""

    __tablename__ = "title_alias"

    id: Mapped[int] = mapped_column(primary_key=True)
    title_id: Mapped[int] = mapped_column(ForeignKey("title.id", ondelete="CASCADE"), index=True)
    name_key: Mapped[str] = mapped_column(String(300), index=True)
    year: Mapped[int | None]


class TitleMatch(Model):
    """What a provider's works have to do with a title: the one that it is, or those that it may be.

    `state`: matched (sure by itself), chosen (a person said so), doubtful (candidates wait for a person), unknown (the
    provider has nothing of that name), none (a person said that no provider knows it). `said_name` and `said_year` are
    what the files' paths call it, whatever it is called now. `evidence_key` changes with the evidence: as long as it is
    the same nothing is asked again before `next_at`. `candidates` are ranked, as `core.match` tells them; `seasons`
    maps numbers (as text) to how many episodes the provider counts; `pictures` are what it offers to fetch.
    """

    __tablename__ = "title_match"

    title_id: Mapped[int] = mapped_column(ForeignKey("title.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[str] = mapped_column(String(10))
    provider: Mapped[str | None] = mapped_column(String(32))
    value: Mapped[str | None] = mapped_column(String(64))
    confidence: Mapped[float] = mapped_column(Float, default=0.0)
    reason: Mapped[str] = mapped_column(Text, default="")
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    said_name: Mapped[str] = mapped_column(String(400))
    said_year: Mapped[int | None]
    evidence_key: Mapped[str] = mapped_column(String(64), default="")
    seasons: Mapped[dict[str, int]] = mapped_column(Json, default=dict)
    pictures: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    tried_at: Mapped[datetime] = mapped_column(Instant)
    next_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (
        Index("ix_title_match_next", "next_at"),
        Index("ix_title_match_state", "state", "title_id"),
        Index("ix_title_match_value", "provider", "value"),
    )


class Genre(Model):
    __tablename__ = "genre"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(by_code_point(64), unique=True)

    @classmethod
    def is_called(cls, name: str) -> ColumnElement[bool]:
        """Whether it is the genre of this name; case does not matter (SQLite folds that of ASCII letters alone)."""
        return or_(cls.name == name, func.lower(cls.name) == name.lower())


class TitleGenre(Model):
    __tablename__ = "title_genre"

    title_id: Mapped[int] = mapped_column(ForeignKey("title.id", ondelete="CASCADE"), primary_key=True)
    genre_id: Mapped[int] = mapped_column(ForeignKey("genre.id", ondelete="CASCADE"), primary_key=True)

    __table_args__ = (Index("ix_title_genre_titles", "genre_id", "title_id"),)


class Person(Model):
    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(200), unique=True)
    portrait_url: Mapped[str | None] = mapped_column(String(400))  # a provider's picture


class Credit(Model):
    """Who did what in a title; `order` is the billing order."""

    __tablename__ = "credit"

    id: Mapped[int] = mapped_column(primary_key=True)
    title_id: Mapped[int] = mapped_column(ForeignKey("title.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    job: Mapped[str] = mapped_column(String(32))  # actor, director, writer
    character: Mapped[str | None] = mapped_column(String(200))
    order: Mapped[int] = mapped_column(default=0)


class Collection(Model):
    __tablename__ = "collection"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(by_code_point(200), unique=True)
    overview: Mapped[str | None] = mapped_column(Text)


class CollectionTitle(Model):
    __tablename__ = "collection_title"

    collection_id: Mapped[int] = mapped_column(ForeignKey("collection.id", ondelete="CASCADE"), primary_key=True)
    title_id: Mapped[int] = mapped_column(ForeignKey("title.id", ondelete="CASCADE"), primary_key=True, index=True)


class Artwork(Model):
    """One picture of a work: where its original lies and what a page needs before it arrives.

    Owner is a title, an episode, a person or a collection (exactly one). `origin` says where it came from (sidecar,
    provider, embedded, frame, composed); `path` is the original inside the data folder's `art/`; `thumbhash` is base64;
    `tint` is `"r,g,b"` at a luminance of at most 0.15.
    """

    __tablename__ = "artwork"

    id: Mapped[int] = mapped_column(primary_key=True)
    title_id: Mapped[int | None] = mapped_column(ForeignKey("title.id", ondelete="CASCADE"))
    episode_id: Mapped[int | None] = mapped_column(ForeignKey("episode.id", ondelete="CASCADE"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    collection_id: Mapped[int | None] = mapped_column(ForeignKey("collection.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(16))  # poster, backdrop, still, logo
    origin: Mapped[str] = mapped_column(String(16))
    source_key: Mapped[str | None] = mapped_column(String(200))  # what it was made from: unchanged means done
    path: Mapped[str] = mapped_column(String(400))
    width: Mapped[int]
    height: Mapped[int]
    thumbhash: Mapped[str | None] = mapped_column(String(64))
    tint: Mapped[str | None] = mapped_column(String(16))
    updated_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (
        UniqueConstraint("title_id", "kind"),
        UniqueConstraint("episode_id", "kind"),
        UniqueConstraint("person_id", "kind"),
        UniqueConstraint("collection_id", "kind"),
    )


class Generation(Model):
    """One row: a word that is another after every change of the catalog. See `catalog.memory`."""

    __tablename__ = "catalog_generation"

    id: Mapped[int] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(String(16))
