"""A small catalog for tests: films and shows with files, as a scan leaves them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask, has_app_context
from sqlalchemy.orm import Session

from app.catalog import service
from app.catalog.models import Artwork, Credit, Episode, Genre, Person, Title, TitleGenre
from app.core.identify import Identification
from app.extensions import db, writing
from app.library.counts import recount
from app.library.models import Chapter, FilePart, Library, MediaFile, MediaStream

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class World:
    """Makes works and files; every call is a write unit of its own and a second later than the one before.

    No context stays pushed between calls: requests of one test must not share theirs.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.now = NOW
        self.files = 0
        with self.unit() as session:
            library = Library(name="Films", path="/media", kind="mixed", created_at=NOW)
            session.add(library)
            session.flush()
            self.library_id = library.id

    @contextmanager
    def unit(self) -> Iterator[Session]:
        """A write unit, in the test's context where it has one."""
        with nullcontext() if has_app_context() else self.app.app_context(), writing() as session:
            yield session

    def film(self, name: str, year: int | None = None, *, anime: bool = False, files: int = 1, **facts: Any) -> int:
        """A film's title id. `genres` and fields of Title may be given."""
        genres, cast = facts.pop("genres", ()), facts.pop("cast", ())
        with self.unit():
            title = service.ensure_movie(self._names(name, year), anime=anime, now=self._later())
            self._set(title, facts)
            for _ in range(files):
                self._file(title_id=title.id, name=f"{name} ({year}) {self.files}.mkv")
            self._surround(title, genres, cast)
            recount([title.id])
            return title.id

    def show(self, name: str, seasons: dict[int, int], year: int | None = None, **facts: Any) -> list[int]:
        """The title id, then every episode's id in order; `seasons` maps a number to how many episodes it has."""
        genres, anime = facts.pop("genres", ()), facts.pop("anime", False)
        names = facts.pop("names", {})
        with self.unit():
            title = service.ensure_show(self._names(name, year), anime=anime, now=self._later())
            self._set(title, facts)
            made: list[Episode] = []
            for season, length in seasons.items():
                for number in range(1, length + 1):
                    episode = service.ensure_episode(
                        title, season, number, name=names.get((season, number)), now=self.now
                    )
                    self._file(episode_id=episode.id, name=f"{name} S{season:02}E{number:02}.mkv")
                    made.append(episode)
            self._surround(title, genres, ())
            recount([title.id])
            return [title.id, *(episode.id for episode in made)]

    def poster(self, title_id: int) -> None:
        with self.unit() as session:
            session.add(
                Artwork(
                    title_id=title_id,
                    kind="poster",
                    origin="sidecar",
                    path="x.jpg",
                    width=400,
                    height=600,
                    thumbhash="abc",
                    tint="1,2,3",
                    updated_at=self.now,
                )
            )

    def _file(self, *, name: str, title_id: int | None = None, episode_id: int | None = None) -> None:
        self.files += 1
        media_file = MediaFile(
            library_id=self.library_id,
            folder="some folder",
            name=name,
            size=1_000_000,
            mtime_ns=1_700_000_000_000_000_000,
            signature=f"signature-{self.files}",
            container="matroska",
            duration=3600.0,
            bit_rate=4_000_000,
            quality="1080p",
            added_at=self.now,
            updated_at=self.now,
        )
        media_file.streams = [
            MediaStream(index=0, kind="video", codec="h264", width=1920, height=1080, fps=24.0, is_default=True),
            MediaStream(index=1, kind="audio", codec="aac", channels=2, sample_rate=48000, language="en"),
            MediaStream(index=2, kind="cover", codec="mjpeg"),
        ]
        media_file.chapters = [Chapter(start=0.0, end=60.0, title="One")]
        media_file.parts = [FilePart(title_id=title_id, episode_id=episode_id)]
        db.session.add(media_file)
        db.session.flush()

    def _surround(self, title: Title, genres: Any, cast: Any) -> None:
        for name in genres:
            genre = db.session.query(Genre).filter_by(name=name).one_or_none() or Genre(name=name)
            db.session.add(genre)
            db.session.flush()
            db.session.add(TitleGenre(title_id=title.id, genre_id=genre.id))
        for order, name in enumerate(cast):
            person = db.session.query(Person).filter_by(name_key=name).one_or_none() or Person(name=name, name_key=name)
            db.session.add(person)
            db.session.flush()
            db.session.add(Credit(title_id=title.id, person_id=person.id, job="actor", order=order))
        db.session.flush()

    def _set(self, title: Title, facts: dict[str, Any]) -> None:
        for name, value in facts.items():
            setattr(title, name, value)
        service.describe(title, now=self.now)
        db.session.flush()

    def _names(self, name: str, year: int | None) -> Identification:
        return Identification(path=f"{name}.mkv", kind="movie", title=name, year=year, confidence=0.9)

    def _later(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now
