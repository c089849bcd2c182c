"""Where a work's pictures come from, on films that ffmpeg makes for the test."""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image, ImageStat
from sqlalchemy import select

from app import outbox
from app.adapters.clock import now
from app.catalog import service
from app.catalog.models import Artwork
from app.core.identify import identify
from app.extensions import db, writing
from app.jobs import ARTWORK
from app.library.counts import recount
from app.library.models import FilePart, Library, MediaFile, MediaStream
from config import Config
from workers import artwork, runtime
from workers.engines import ffmpeg, frames

SCENE = "mandelbrot=s=480x270:r=12:start_scale=1:end_scale=0.3"


@pytest.fixture(autouse=True)
def _application(core_app: Flask) -> Iterator[None]:
    runtime.use(core_app)
    with core_app.app_context():
        yield


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film that begins black, one that is black, one with a cover, an anamorphic one."""
    folder = tmp_path_factory.mktemp("clips")
    poster(folder / "cover.png", (0, 200, 0))
    black = "color=black:s=480x270:r=12:d=1"
    scene = ("-f", "lavfi", "-i", black, "-f", "lavfi", "-t", "4", "-i", SCENE, "-filter_complex", "[0][1]concat")
    make(folder / "film.mkv", *scene, "-g", "12")
    make(folder / "black.mkv", "-f", "lavfi", "-i", "color=black:s=320x180:r=12:d=3")
    make(folder / "wide.mkv", "-f", "lavfi", "-t", "3", "-i", "mandelbrot=s=360x288:r=12", "-vf", "setsar=16/9")
    both = ("-i", str(folder / "film.mkv"), "-i", str(folder / "cover.png"), "-map", "0", "-map", "1", "-c", "copy")
    attached = ("-disposition:v:1", "attached_pic", str(folder / "covered.mp4"))
    subprocess.run([program(), "-v", "error", *both, *attached], check=True)
    return folder


def program() -> str:
    return ffmpeg.find()


def make(target: Path, *inputs: str) -> None:
    encoder = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
    subprocess.run([program(), "-v", "error", *inputs, *encoder, str(target)], check=True)


def poster(target: Path, colour: tuple[int, int, int], size: tuple[int, int] = (200, 300)) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(target)


class Shelf:
    """A library folder and its rows, as a scan leaves them."""

    def __init__(self, root: Path, config: Config) -> None:
        self.root = root
        self.art = config.data_dir / "art"
        with writing() as session:
            library = Library(name="All", path=str(root), kind="mixed", created_at=now())
            session.add(library)
            session.flush()
            self.library_id = library.id

    def add(self, clip: Path, place: str, *, covers: int = 0) -> tuple[int, int | None]:
        """Puts a copy of the clip there; the title's id, and the episode's."""
        path = self.root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(clip.read_bytes())
        found = identify(place, "mixed")
        with writing() as session:
            if found.kind == "episode":
                title = service.ensure_show(found, now=now())
                episode = service.ensure_episode(title, found.season or 1, found.episodes[0], now=now())
            else:
                title, episode = service.ensure_movie(found, now=now()), None
            folder = str(Path(place).parent)
            file = MediaFile(
                library_id=self.library_id, folder="" if folder == "." else folder, name=path.name,
                size=path.stat().st_size, mtime_ns=1, signature=f"s{place}"[:60], duration=4.0,
                added_at=now(), updated_at=now(),
            )  # fmt: skip
            file.streams = [MediaStream(index=0, kind="video", codec="h264")]
            file.streams += [MediaStream(index=1 + n, kind="cover", codec="png") for n in range(covers)]
            part = {"episode_id": episode.id} if episode else {"title_id": title.id}
            file.parts = [FilePart(**part)]
            session.add(file)
            session.flush()
            recount([title.id])
            return title.id, episode.id if episode else None

    def make_pictures(self, **payload: object) -> dict[str, int]:
        with writing():
            job_id = outbox.enqueue(ARTWORK, payload, now=now())
        artwork.run(job_id)
        db.session.rollback()
        job = db.session.get_one(outbox.Job, job_id, populate_existing=True)
        assert (job.state, job.error) == ("done", None)
        return dict(job.detail)

    def row(self, kind: str, **owner: int | None) -> Artwork | None:
        db.session.expire_all()
        return db.session.scalar(select(Artwork).filter_by(kind=kind, **owner))

    def picture(self, kind: str, **owner: int | None) -> Image.Image:
        row = self.row(kind, **owner)
        assert row is not None
        return Image.open(io.BytesIO((self.art / row.path).read_bytes()))


@pytest.fixture
def shelf(tmp_path: Path, config: Config) -> Shelf:
    return Shelf(tmp_path / "films", config)


def mean(image: Image.Image) -> list[float]:
    return ImageStat.Stat(image.convert("RGB")).mean


@pytest.mark.media
class TestFrames:
    def test_a_film_without_pictures_shows_a_frame_that_is_not_black(self, shelf: Shelf, clips: Path) -> None:
        title, _ = shelf.add(clips / "film.mkv", "Harbour (1987)/Harbour (1987).mkv")
        shelf.make_pictures()
        backdrop, made = shelf.row("backdrop", title_id=title), shelf.row("poster", title_id=title)
        assert backdrop is not None
        assert made is not None
        assert (backdrop.origin, made.origin) == ("frame", "composed")
        assert (backdrop.width, backdrop.height) == (480, 270)
        assert (made.width, made.height) == (720, 1080)
        assert ImageStat.Stat(shelf.picture("backdrop", title_id=title).convert("L")).stddev[0] > 12
        assert backdrop.thumbhash
        assert backdrop.tint

    def test_a_film_that_is_black_throughout_has_no_picture_rather_than_a_black_one(
        self, shelf: Shelf, clips: Path
    ) -> None:
        title, _ = shelf.add(clips / "black.mkv", "Night (1999)/Night (1999).mkv")
        assert shelf.make_pictures()["without"] == 2
        assert shelf.row("backdrop", title_id=title) is None

    def test_an_anamorphic_film_is_shown_in_its_true_shape(self, shelf: Shelf, clips: Path) -> None:
        title, _ = shelf.add(clips / "wide.mkv", "Wide (1990)/Wide (1990).mkv")
        shelf.make_pictures()
        width, height = shelf.picture("backdrop", title_id=title).size
        assert width / height == pytest.approx(640 / 288, rel=0.02)

    def test_a_film_that_is_called_hdr_and_does_not_say_how_still_gives_a_frame(self, clips: Path) -> None:
        found = ffmpeg.inspect(program())
        assert frames.frame(found, str(clips / "film.mkv"), at=2.0, stream=0, width=320, hdr=True) is not None

    def test_a_broken_file_harms_nothing(self, shelf: Shelf, clips: Path, tmp_path: Path) -> None:
        (tmp_path / "rubbish.mkv").write_bytes(b"no film" * 999)
        shelf.add(tmp_path / "rubbish.mkv", "Broken (2001)/Broken (2001).mkv")
        good, _ = shelf.add(clips / "film.mkv", "Good (2002)/Good (2002).mkv")
        shelf.make_pictures()
        assert shelf.row("poster", title_id=good) is not None


@pytest.mark.media
class TestSources:
    def test_a_picture_beside_the_film_comes_first(self, shelf: Shelf, clips: Path) -> None:
        title, _ = shelf.add(clips / "covered.mp4", "Harbour (1987)/Harbour (1987).mp4", covers=1)
        poster(shelf.root / "Harbour (1987)/POSTER.JPG", (200, 0, 0))
        shelf.make_pictures()
        row = shelf.row("poster", title_id=title)
        assert row is not None
        assert row.origin == "sidecar"
        assert mean(shelf.picture("poster", title_id=title))[0] > 150

    def test_an_embedded_cover_comes_before_a_frame(self, shelf: Shelf, clips: Path) -> None:
        title, _ = shelf.add(clips / "covered.mp4", "Harbour (1987)/Harbour (1987).mp4", covers=1)
        shelf.make_pictures()
        row = shelf.row("poster", title_id=title)
        assert row is not None
        assert (row.origin, row.width, row.height) == ("embedded", 200, 300)

    def test_a_second_run_does_nothing_until_something_changes(self, shelf: Shelf, clips: Path) -> None:
        title, _ = shelf.add(clips / "film.mkv", "Harbour (1987)/Harbour (1987).mkv")
        assert shelf.make_pictures()["made"] == 2
        assert shelf.make_pictures() | {"made": 0} == shelf.make_pictures()
        poster(shelf.root / "Harbour (1987)/poster.png", (0, 0, 200))
        assert shelf.make_pictures(title_ids=[title])["made"] == 1
        row = shelf.row("poster", title_id=title)
        assert row is not None
        assert row.origin == "sidecar"

    def test_an_original_that_no_work_names_is_forgotten_after_a_while(self, shelf: Shelf, clips: Path) -> None:
        title, _ = shelf.add(clips / "film.mkv", "Harbour (1987)/Harbour (1987).mkv")
        shelf.make_pictures()
        old, young = shelf.art / "kept/aa/old.webp", shelf.art / "kept/aa/young.webp"
        old.parent.mkdir(parents=True, exist_ok=True)
        for path in (old, young):
            path.write_bytes(b"nobody's")
        for path in (old, *shelf.art.glob("kept/*/*.webp")):
            if path != young:
                os.utime(path, (1, 1))
        shelf.make_pictures()
        assert not old.exists()
        assert young.exists()
        assert shelf.picture("poster", title_id=title).size == (720, 1080)

    @pytest.mark.parametrize("data", [b"", b"GIF89a", b"<svg onload=alert(1)>"])
    def test_a_broken_picture_is_passed_over(self, shelf: Shelf, clips: Path, data: bytes) -> None:
        title, _ = shelf.add(clips / "film.mkv", "Harbour (1987)/Harbour (1987).mkv")
        (shelf.root / "Harbour (1987)/poster.jpg").write_bytes(data)
        shelf.make_pictures()
        row = shelf.row("poster", title_id=title)
        assert row is not None
        assert row.origin == "composed"

    def test_a_film_that_gave_no_picture_is_not_searched_again_until_it_changes(
        self, shelf: Shelf, clips: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shelf.add(clips / "black.mkv", "Night (1999)/Night (1999).mkv")
        shelf.make_pictures()
        searched: list[object] = []
        monkeypatch.setattr(frames, "telling_frame", lambda *args, **facts: searched.append(args))
        assert shelf.make_pictures(library_id=shelf.library_id)["without"] == 2
        assert not searched

    def test_only_the_librarys_titles_are_looked_at(self, shelf: Shelf, clips: Path) -> None:
        shelf.add(clips / "film.mkv", "Harbour (1987)/Harbour (1987).mkv")
        assert shelf.make_pictures(library_id=shelf.library_id + 1)["made"] == 0
        assert shelf.make_pictures(library_id=shelf.library_id)["made"] == 2

    def test_a_link_out_of_the_library_is_not_followed(self, shelf: Shelf, clips: Path, tmp_path: Path) -> None:
        poster(tmp_path / "secret.png", (255, 255, 255))
        title, _ = shelf.add(clips / "film.mkv", "Harbour (1987)/Harbour (1987).mkv")
        (shelf.root / "Harbour (1987)/poster.png").symlink_to(tmp_path / "secret.png")
        shelf.make_pictures()
        row = shelf.row("poster", title_id=title)
        assert row is not None
        assert row.origin == "composed"

    def test_a_folders_poster_is_not_given_to_each_film_in_it(self, shelf: Shelf, clips: Path) -> None:
        one, _ = shelf.add(clips / "film.mkv", "Films/One (1987).mkv")
        two, _ = shelf.add(clips / "film.mkv", "Films/Two (1988).mkv")
        poster(shelf.root / "Films/folder.jpg", (0, 0, 200))
        poster(shelf.root / "Films/Two (1988)-poster.jpg", (200, 0, 0))
        shelf.make_pictures(title_ids=[one])
        shelf.make_pictures(title_ids=[two])
        origins = [row.origin if (row := shelf.row("poster", title_id=title)) else None for title in (one, two)]
        assert origins == ["composed", "sidecar"]


@pytest.mark.media
def test_a_show_has_its_folders_pictures_and_each_episode_its_own(shelf: Shelf, clips: Path) -> None:
    title, first = shelf.add(clips / "film.mkv", "Night Post/Season 1/Night Post S01E01.mkv")
    _, second = shelf.add(clips / "film.mkv", "Night Post/Season 1/Night Post S01E02.mkv")
    poster(shelf.root / "Night Post/poster.png", (200, 0, 0))
    poster(shelf.root / "Night Post/Season 1/poster.png", (0, 200, 0))
    poster(shelf.root / "Night Post/Season 1/Night Post S01E02-thumb.jpg", (0, 0, 200), (320, 180))
    shelf.make_pictures()
    assert mean(shelf.picture("poster", title_id=title))[0] > 150
    stills = [row.origin if (row := shelf.row("still", episode_id=one)) else None for one in (first, second)]
    assert stills == ["frame", "sidecar"]


@pytest.mark.media
@pytest.mark.slow
def test_real_films_of_every_kind_give_pictures_or_none_and_never_an_error(shelf: Shelf, shared: Path) -> None:
    clips = sorted((shared / "media").rglob("*"))
    for number, clip in enumerate(path for path in clips if path.suffix in {".mkv", ".mp4", ".webm", ".avi"}):
        if number % 15 == 0 and clip.stat().st_size < 3_000_000:
            shelf.add(clip, f"Film {number} (2000)/Film {number} (2000){clip.suffix}")
    counted = shelf.make_pictures()
    assert counted["made"] > 0
