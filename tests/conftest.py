"""What every test may ask for: an application on a fresh SQLite database and a real Redis of its own."""

from __future__ import annotations

import dataclasses
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from app.factory import core, web
from config import Config

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
    from workers.engines.redis_server import find_server

    folder = tmp_path_factory.mktemp("redis")
    socket = folder / "s"
    server = subprocess.Popen(
        [find_server(), "--unixsocket", str(socket), "--port", "0", "--dir", str(folder), "--save", ""],
        stdout=subprocess.DEVNULL,
    )
    url = f"unix://{socket}?db=0"
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                with redis.Redis.from_url(url) as client:
                    client.ping()
                break
            except redis.ConnectionError:
                if time.monotonic() > deadline or server.poll() is not None:
                    raise
                time.sleep(0.02)
        yield url
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def config(tmp_path: Path, redis_url: str) -> Config:
    """Settings of a fresh installation. Redis is emptied: tests of one process run one after another."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    made = Config.from_env({"MATINEE_DATA_DIR": str(tmp_path / "data"), "SECRET_KEY": "k" * 40})
    return dataclasses.replace(
        made, redis_url=redis_url, redis_is_private=False, transcodes_dir=str(tmp_path / "transcodes")
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
