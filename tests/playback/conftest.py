"""A stage for a whole module: real workers and a real Redis."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis
from flask.testing import FlaskClient

from app.accounts import guards, service, sign_ins
from app.adapters import clock
from app.extensions import db, writing
from app.factory import web
from app.library.models import Library
from config import Config, PasswordCost
from tests.playback.stage import Stage


@contextmanager
def staged(folder: Path, redis_url: str, *, transcodes_dir: str | None = None) -> Iterator[Stage]:
    """An application with a library in this folder; its workers are stopped at the end."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    config = dataclasses.replace(
        Config.from_env({"MATINEE_DATA_DIR": str(folder / "data"), "SECRET_KEY": "k" * 40}),
        redis_url=redis_url,
        redis_is_private=False,
        transcodes_dir=transcodes_dir or str(folder / "transcodes"),
        password_cost=PasswordCost(rounds=1, memory_kib=8, lanes=1),
    )
    films = folder / "films"
    films.mkdir()
    app = web(config)
    stage = Stage(app, config, films)
    with app.app_context():
        db.create_all()
        with writing():
            library = Library(name="Films", path=str(films), kind="movies", created_at=datetime.now(UTC))
            db.session.add(library)
            db.session.flush()
            stage.library_id = library.id
    try:
        yield stage
    finally:
        stage.stop()
        app.extensions["matinee_playback"].transcoding.room.close()
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[Stage]:
    """The application and its library; a test starts the workers that it needs."""
    with staged(tmp_path_factory.mktemp("stage"), redis_url) as found:
        yield found


@pytest.fixture(scope="module")
def played(stage: Stage) -> Stage:
    """The stage with a worker for each lane, as the supervisor starts them."""
    stage.start("copy", light=True)
    stage.start("now")
    stage.start("now", "ahead")
    return stage


@pytest.fixture
def viewer_client(stage: Stage) -> FlaskClient:
    """Signed in as somebody new."""
    return sign_in(stage)


def sign_in(stage: Stage, name: str | None = None) -> FlaskClient:
    with stage.app.app_context():
        now = clock.now()
        with writing():
            who = service.create_user(
                username=name or f"viewer{now.timestamp():.6f}",
                password_hash=guards.passwords().hash("correct horse"),
                role="user",
                now=now,
            )
            granted = sign_ins.start(
                who, device=sign_ins.Device("test", "127.0.0.1"), with_cookie=False, signer=guards.signer(), now=now
            )
    client = stage.app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {granted.access_token}"
    return client
