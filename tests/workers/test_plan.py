"""Films are planned before they are opened: once each, whatever one of them is like."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app import outbox
from app.adapters import clock
from app.extensions import db, writing
from app.jobs import PLAN
from app.transcoding.keys import index_key
from app.transcoding.sources import source_file
from app.transcoding.store import LocalStore
from tests.playback.conftest import staged
from tests.playback.stage import Stage, film
from workers import plan as job
from workers import runtime, transcode

pytestmark = pytest.mark.media


@pytest.fixture
def stage(tmp_path: Path, redis_url: str) -> Iterator[Stage]:
    with staged(tmp_path, redis_url) as found:
        transcode._kitchen = None
        runtime.use(found.app)
        yield found
        transcode._kitchen = None


def plan(stage: Stage) -> dict[str, Any]:
    with stage.app.app_context():
        with writing():
            job_id = outbox.enqueue(PLAN, {"library_id": stage.library_id}, now=clock.now())
        job.run(job_id)
        found = db.session.get_one(outbox.Job, job_id, populate_existing=True)
        assert (found.state, found.error) == ("done", None)
        return dict(found.detail)


def index_of(stage: Stage, file_id: int) -> str:
    with stage.app.app_context():
        return index_key(source_file(file_id).origin)


def planned(stage: Stage) -> set[str]:
    return {stat.key for stat in LocalStore(stage.config.transcodes_dir).list("index")}


def test_every_film_is_planned_once(stage: Stage) -> None:
    first, second = (stage.add(film(stage.films / f"{name}.mkv", seconds=2)) for name in ("one", "two"))

    assert plan(stage) == {"read": 2, "skipped": 0}
    assert planned(stage) == {index_of(stage, first), index_of(stage, second)}
    third = stage.add(film(stage.films / "three.mkv", seconds=3))
    assert plan(stage) == {"read": 1, "skipped": 0}
    assert index_of(stage, third) in planned(stage)


def test_a_film_that_cannot_be_read_holds_up_none(stage: Stage) -> None:
    good = stage.add(film(stage.films / "good.mkv", seconds=2))
    gone = film(stage.films / "gone.mkv", seconds=3)
    stage.add(gone)
    gone.unlink()

    assert plan(stage) == {"read": 1, "skipped": 1}
    assert planned(stage) == {index_of(stage, good)}


def test_a_film_on_which_a_run_died_is_left_to_whoever_opens_it(stage: Stage) -> None:
    deadly = stage.add(film(stage.films / "deadly.mkv", seconds=2))
    other = stage.add(film(stage.films / "other.mkv", seconds=3))
    with stage.app.app_context():
        transcode.warm().client.set(f"matinee:planning:{source_file(deadly).origin}", 1)

    assert plan(stage) == {"read": 1, "skipped": 1}
    assert planned(stage) == {index_of(stage, other)}
