"""What every test may ask for: an application on a fresh SQLite database and a real Redis of its own."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser

from app.accounts import guards, service, sign_ins
from app.adapters import clock
from app.core.access import Role
from app.extensions import db, writing
from app.factory import core, web
from bench.browser import playwright
from bench.house import CHROMIUM, CHROMIUM_ARGS, House
from config import Config, PasswordCost
from tests.databases import redis_server
from tests.supervised import supervised

SHARED = Path(__file__).resolve().parents[1].parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real media and cases beside the project; tests that need it say so when it is not there."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared folder beside the project")
    return SHARED


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server on a Unix socket, one for each test process."""
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def config(tmp_path: Path, redis_url: str) -> Config:
    """Settings of a fresh installation. Redis is emptied: tests of one process run one after another."""
    return fresh_config(tmp_path, redis_url)


def fresh_config(folder: Path, redis_url: str) -> Config:
    """Settings of an installation in this folder; Redis is emptied."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    made = Config.from_env({"MATINEE_DATA_DIR": str(folder / "data"), "SECRET_KEY": "k" * 40})
    return dataclasses.replace(
        made,
        redis_url=redis_url,
        redis_is_private=False,
        transcodes_dir=str(folder / "transcodes"),
        password_cost=PasswordCost(rounds=1, memory_kib=8, lanes=1),
    )


@pytest.fixture
def core_app(config: Config) -> Iterator[Flask]:
    """What a worker sees."""
    yield from _with_tables(core(config))


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    """What a web process sees; no context is pushed."""
    yield from _with_tables(web(config))


def _with_tables(app: Flask) -> Iterator[Flask]:
    with app.app_context():
        db.create_all()
    yield app
    with app.app_context():
        db.session.remove()
        db.drop_all()
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """An anonymous HTTP client."""
    return app.test_client()


@dataclass(frozen=True)
class Person:
    """A user that a test made, with a signed-in client (bearer header on every request)."""

    user_id: int
    sign_in_id: int
    username: str
    password: str
    access_token: str
    refresh_token: str
    client: FlaskClient


MakeUser = Callable[..., Person]


@pytest.fixture
def make_user(app: Flask) -> MakeUser:
    """`make_user(username, role="user")` creates an account and signs it in."""
    return functools.partial(create_person, app)


def create_person(app: Flask, username: str, role: Role = "user", password: str = "correct horse") -> Person:
    """A new account and a client that is signed in with it."""
    with app.app_context():
        hashed, now = guards.passwords().hash(password), clock.now()
        with writing():
            user = service.create_user(username=username, password_hash=hashed, role=role, now=now)
            granted = sign_ins.start(
                user,
                device=sign_ins.Device("test", "127.0.0.1"),
                with_cookie=False,
                signer=guards.signer(),
                now=now,
            )
            user_id = user.id
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {granted.access_token}"
    return Person(user_id, granted.sign_in_id, username, password, granted.access_token, granted.refresh_token, client)


@pytest.fixture
def admin(make_user: MakeUser) -> Person:
    return make_user("admin", role="admin")


@pytest.fixture
def user(make_user: MakeUser) -> Person:
    return make_user("user")


@pytest.fixture
def admin_client(admin: Person) -> FlaskClient:
    """Signed in as an administrator."""
    return admin.client


@pytest.fixture
def user_client(user: Person) -> FlaskClient:
    """Signed in as an ordinary user."""
    return user.client


@pytest.fixture(scope="session")
def matinee(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The whole server under its supervisor, empty, with an administrator signed in; one for each test process."""
    folder = tmp_path_factory.mktemp("matinee")
    with supervised(folder) as running:
        house = House(running.url, folder, [])
        house.sign_in()
        yield house


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A real browser, one for each test process; tests open contexts of their own in it."""
    browser = playwright().chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
    yield browser
    browser.close()
