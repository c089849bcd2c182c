"""Makes the pictures of works: a sidecar file, else a provider's, an embedded cover, or a telling frame of the film.

Payload `{title_ids?: [...], library_id?}`; without both every title with a file. What a picture was made from is
remembered, so a second run does only what changed; each picture is complete before its row names it; a broken one is
passed over.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from PIL import Image

from app.adapters import clock, picture_store, pictures
from app.adapters.http import Missing, Outage, Rejected
from app.adapters.pictures import BrokenPicture, Prepared
from app.adapters.tmdb import Tmdb
from app.catalog import artwork, metadata, providers
from app.catalog.artwork import Found, Owner
from app.core.artwork import ArtKind, sidecars
from app.core.identify.folders import is_season
from app.extensions import db, writing
from app.library import pictured
from app.library.pictured import PicturedFile
from config import Config
from workers.engines import ffmpeg, frames
from workers.runtime import Work, application, job

log = structlog.get_logger(__name__)

BATCH = 40
TITLE_KINDS: tuple[ArtKind, ...] = ("poster", "backdrop", "logo")
FRAME_VERSION = 1
FORGET_AFTER = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Source:
    """One place that a picture may come from: what it is remembered by, and how it is opened (None: not there)."""

    origin: str
    key: str
    open: Callable[[], Image.Image | None]


def run(job_id: int) -> None:
    with job(job_id) as work:
        asked = work.payload.get("title_ids")
        title_ids = asked if asked is not None else pictured.titles_with_files(work.payload.get("library_id"))
        db.session.rollback()
        maker = Maker(application().config["MATINEE"])
        for start in range(0, len(title_ids), BATCH):
            maker.titles(title_ids[start : start + BATCH], work, done=start, of=2 * len(title_ids))
        for start in range(0, len(title_ids), BATCH):
            maker.episodes(title_ids[start : start + BATCH], work, done=len(title_ids) + start, of=2 * len(title_ids))
            maker.people(title_ids[start : start + BATCH], work)
        if asked is None:
            maker.tidy()
        work.report(1.0, made=maker.made, kept=maker.unchanged, without=maker.without)


class Maker:
    """One run over any number of titles; counts what it did."""

    def __init__(self, config: Config) -> None:
        self.root: Path = config.data_dir / "art"
        self.ffmpeg = ffmpeg.inspect(ffmpeg.find(config.ffmpeg))
        self.tmdb: Tmdb | None = providers.tmdb(config)
        self.made = self.unchanged = self.without = 0
        self._frame: tuple[str, Image.Image | None] = ("", None)
        self._names: dict[Path, list[str]] = {}

    def titles(self, title_ids: Sequence[int], work: Work, *, done: int, of: int) -> None:
        """Posters, backdrops and logos."""
        files = pictured.files_of(title_ids)
        known = artwork.source_keys("title_id", list(title_ids))
        shared = pictured.shared_folders([file for found in files.values() for file in found])
        named = pictured.kinds_and_names(title_ids)
        offered = metadata.known_pictures(title_ids)
        shared |= self._several(files)
        db.session.rollback()
        for number, title_id in enumerate(title_ids):
            work.raise_if_cancelled()
            work.report((done + number) / of, made=self.made)
            found = files.get(title_id)
            if not found or title_id not in named:
                continue
            kind, name = named[title_id]
            for art in TITLE_KINDS:
                remote = self._offered(offered.get(title_id, []), art)
                sources = self._of_title(found, art, is_show=kind == "show", name=name, common=shared, remote=remote)
                self._settle(work, "title_id", title_id, art, sources, known.get((title_id, art)))
            self._names.clear()

    def episodes(self, title_ids: Sequence[int], work: Work, *, done: int, of: int) -> None:
        """Stills."""
        files = [file for found in pictured.files_of(title_ids).values() for file in found if file.episode_id]
        ids = [file.episode_id for file in files if file.episode_id]
        known = artwork.source_keys("episode_id", ids)
        offered = metadata.stills(ids) if self.tmdb is not None else {}
        db.session.rollback()
        seen: set[int] = set()
        for number, file in enumerate(files):
            work.raise_if_cancelled()
            work.report((done + len(title_ids) * number / len(files)) / of, made=self.made)
            if file.episode_id is None or file.episode_id in seen:
                continue
            seen.add(file.episode_id)
            sources = self._of_episode(file, offered.get(file.episode_id))
            self._settle(work, "episode_id", file.episode_id, "still", sources, known.get((file.episode_id, "still")))
            self._names.clear()

    def people(self, title_ids: Sequence[int], work: Work) -> None:
        """Portraits of those who are shown with the titles."""
        wanted = metadata.portraits(title_ids) if self.tmdb is not None else {}
        known = artwork.source_keys("person_id", list(wanted))
        db.session.rollback()
        for person_id, url in wanted.items():
            work.raise_if_cancelled()
            sources = iter([self._remote(url)])
            self._settle(work, "person_id", person_id, "poster", sources, known.get((person_id, "poster")))

    def tidy(self) -> None:
        """Originals that no work names any more go after a while; what gave no picture is tried again after longer."""
        used = artwork.kept_paths()
        db.session.rollback()
        picture_store.forget_unused(self.root, used, before=(clock.now() - FORGET_AFTER).timestamp())

    def _settle(
        self, work: Work, owner: Owner, number: int, kind: ArtKind, sources: Iterator[Source], known: str | None
    ) -> None:
        """Takes the first source that gives a picture; one that was taken before stays without a look inside."""
        for source in sources:
            if source.key == known:
                self.unchanged += 1
                return
            prepared = self._prepared(source, kind)
            if prepared is None:
                continue
            path = picture_store.keep(self.root, prepared.data)
            found = Found(
                origin=source.origin,  # type: ignore[arg-type]
                source_key=source.key,
                path=path,
                width=prepared.width,
                height=prepared.height,
                thumbhash=prepared.thumbhash,
                tint=prepared.tint,
            )
            with writing():
                work.hold()
                artwork.put(owner, number, kind, found, now=clock.now())
            self.made += 1
            return
        self.without += kind != "logo"

    def _prepared(self, source: Source, kind: ArtKind) -> Prepared | None:
        """The picture of a source, or None; one that gave none is remembered and not opened again until it changes."""
        barren = self.root / "barren" / _short(source.key)
        if barren.exists():
            return None
        try:
            image = source.open()
            if image is not None:
                return pictures.prepare(image, kind)
        except (Outage, Rejected):
            return None  # the server of the picture: next time may be better
        except (BrokenPicture, Missing) as problem:
            log.info("a picture was passed over", source=source.key, problem=str(problem))
        except (subprocess.TimeoutExpired, ffmpeg.Killed):
            return None  # the machine was busy, or somebody ended ffmpeg: next time may be better
        picture_store.write_atomically(barren, b"")
        return None

    def _of_title(
        self,
        files: list[PicturedFile],
        kind: ArtKind,
        *,
        is_show: bool,
        name: str,
        common: set[tuple[str, str]],
        remote: Sequence[Source],
    ) -> Iterator[Source]:
        first = files[0]
        if is_show:
            for folder in _show_folders(files):
                yield from self._beside(first, folder, kind, stem=None, shared=(first.library_path, folder) in common)
        else:
            stem = first.name.rpartition(".")[0]
            shared = not first.folder or (first.library_path, first.folder) in common
            yield from self._beside(first, first.folder, kind, stem=stem, shared=shared)
        yield from remote
        if kind == "logo":
            return
        if kind == "poster" and not is_show:
            yield from self._covers(first)
        if first.video is not None:
            frame = self._framed(first)
            if kind == "poster":
                yield Source("composed", f"poster:{frame.key}:{_short(name)}", lambda: _poster(frame.open(), name))
            else:
                yield frame

    def _offered(self, pictures: Sequence[dict[str, Any]], kind: ArtKind) -> list[Source]:
        """The best two of what a provider offers: posters and logos in words people read, backdrops without words."""
        if self.tmdb is None:
            return []
        spoken = {None: 1, "en": 0} if kind != "backdrop" else {None: 0, "en": 1}
        mine = [one for one in pictures if one["kind"] == kind]
        mine.sort(key=lambda one: (spoken.get(one.get("language"), 2), -(one.get("votes") or 0)))
        return [self._remote(one["url"]) for one in mine[:2]]

    def _remote(self, url: str) -> Source:
        return Source("provider", f"provider:{_short(url)}", lambda: pictures.read(self._fetched(url)))

    def _fetched(self, url: str) -> bytes:
        assert self.tmdb is not None  # noqa: S101 - sources of it are made only where it is there
        return self.tmdb.picture(url)

    def _of_episode(self, file: PicturedFile, still: str | None) -> Iterator[Source]:
        yield from self._beside(file, file.folder, "still", stem=file.name.rpartition(".")[0], shared=True)
        if still is not None:
            yield self._remote(still)
        yield from self._covers(file)
        if file.video is not None:
            yield self._framed(file)

    def _beside(
        self, file: PicturedFile, folder: str, kind: ArtKind, *, stem: str | None, shared: bool
    ) -> Iterator[Source]:
        place = Path(file.library_path, folder)
        for name in sidecars(self._listed(place), kind, stem=stem, shared=shared):
            path = place / name
            try:
                facts = path.lstat()
            except OSError:
                continue
            key = f"sidecar:{_short(str(path))}:{facts.st_size}:{facts.st_mtime_ns}"
            yield Source("sidecar", key, lambda path=path: _read_inside(path, file.library_path))  # type: ignore[misc]

    def _listed(self, place: Path) -> list[str]:
        if place not in self._names:
            try:
                self._names[place] = sorted(os.listdir(place))  # noqa: PTH208 - names only
            except OSError:
                self._names[place] = []
        return self._names[place]

    def _covers(self, file: PicturedFile) -> Iterator[Source]:
        for index in file.covers:

            def opened(index: int = index) -> Image.Image | None:
                data = frames.cover(self.ffmpeg, file.path, index)
                return pictures.read(data) if data else None

            yield Source("embedded", f"embedded:{file.signature}:{index}", opened)

    def _framed(self, file: PicturedFile) -> Source:
        key = f"frame:{FRAME_VERSION}:{file.signature}:{file.start:g}"

        def opened() -> Image.Image | None:
            if self._frame[0] != key:
                picture = frames.telling_frame(
                    self.ffmpeg,
                    file.path,
                    duration=file.duration,
                    start=file.start,
                    stream=file.video or 0,
                    hdr=bool(file.hdr),
                )
                self._frame = (key, picture)
            return self._frame[1]

        return Source("frame", key, opened)

    @staticmethod
    def _several(files: dict[int, list[PicturedFile]]) -> set[tuple[str, str]]:
        """Folders that hold files of two titles of this batch."""
        owners: dict[tuple[str, str], set[int]] = {}
        for title_id, found in files.items():
            for file in found:
                owners.setdefault((file.library_path, file.folder), set()).add(title_id)
        return {place for place, titles in owners.items() if len(titles) > 1}


def _show_folders(files: list[PicturedFile]) -> list[str]:
    """The show's own folders, then its seasons': never the library's root."""
    seasons = [file.folder for file in files if is_season(os.path.basename(file.folder))]  # noqa: PTH119
    own = [os.path.dirname(folder) for folder in seasons]  # noqa: PTH120
    own += [file.folder for file in files if file.folder not in seasons]
    return [folder for folder in dict.fromkeys((*own, *seasons)) if folder]


def _read_inside(path: Path, library_path: str) -> Image.Image:
    """A picture of the library; a link that leads out of it is refused."""
    if not path.resolve().is_relative_to(Path(library_path).resolve()):
        raise BrokenPicture("it leads out of the library")
    return pictures.read(frames.sidecar(path))


def _poster(frame: Image.Image | None, name: str) -> Image.Image | None:
    return None if frame is None else pictures.poster_from(frame, name)


def _short(text: str) -> str:
    return hashlib.sha256(os.fsencode(text)).hexdigest()[:16]
