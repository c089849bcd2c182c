"""A title made ahead of time: whole, once, behind those who play, and never more than there is room for."""

from __future__ import annotations

import dataclasses
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from flask.testing import FlaskClient

from app import outbox
from app.adapters import clock
from app.catalog import service
from app.core.identify import identify
from app.extensions import db, writing
from app.library.models import FilePart
from app.transcoding.eviction import KEPT
from app.transcoding.store import LocalStore
from app.transcoding.tallies import MADE
from config import ROOT
from tests.conftest import create_person
from tests.playback.conftest import staged
from tests.playback.stage import Stage, add_file, film, prepare
from tests.playback.test_parts import make_title
from tests.playback.test_runs import patient, segments
from tests.playback.test_whole_film import decoded_frames, fetch, uris
from workers import prepare as job
from workers import runtime, transcode

pytestmark = pytest.mark.media

FOREIGN = ("-c:v", "mpeg4", "-q:v", "4", "-g", "48")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[Stage]:
    """A library whose files a worker of the copy lane reads; nothing that encodes is started."""
    with staged(tmp_path_factory.mktemp("prepared"), redis_url) as found:
        found.start("copy", light=True)
        transcode._kitchen = None
        runtime.use(found.app)
        yield found
        transcode._kitchen = None


@pytest.fixture
def client(stage: Stage) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(stage.config.redis_url) as found:
        yield found


@pytest.fixture(scope="module")
def admin(stage: Stage) -> FlaskClient:
    return create_person(stage.app, "admin", role="admin").client


def ask(admin: FlaskClient, **body: Any) -> int:
    answer = admin.post("/api/v1/admin/prepare", json=body)
    assert answer.status_code == 202, answer.get_data(as_text=True)
    return int(answer.get_json()["job_id"])


def state(admin: FlaskClient, job_id: int) -> dict[str, Any]:
    found: dict[str, Any] = admin.get(f"/api/v1/admin/jobs/{job_id}").get_json()
    return found


def foreign(stage: Stage, name: str, seconds: int = 12, **facts: Any) -> Path:
    """A film that no device plays as it is, and a sound that has to be encoded."""
    return film(stage.films / name, seconds=seconds, video=FOREIGN, audio=("-c:a", "ac3", "-b:a", "96k"), **facts)


def stored(stage: Stage) -> dict[str, float]:
    return {stat.key: stat.modified for stat in LocalStore(stage.config.transcodes_dir).list("cells")}


def made(client: redis.Redis) -> dict[str, int]:
    return {lane.decode(): int(count) for lane, count in client.hgetall(MADE).items()}


def play(who: FlaskClient, answer: dict[str, object]) -> list[tuple[bytes, list[float]]]:
    return [fetch(who, url) for url in uris(who, str(answer["hls_url"]))]


def test_a_prepared_film_plays_in_every_rung_and_nothing_is_made_any_more(
    stage: Stage, admin: FlaskClient, client: redis.Redis, tmp_path: Path
) -> None:
    file_id = stage.add(foreign(stage, "whole.mkv"))
    job_id = ask(admin, media_file_id=file_id)
    job.run(job_id)

    ended = state(admin, job_id)
    assert (ended["state"], ended["progress"]) == ("done", 1.0)
    assert ended["detail"]["cells"] == ended["detail"]["of"] > 6
    assert ended["detail"]["seconds_left"] == 0
    before = made(client)
    answer = prepare(admin, media_file_id=file_id)
    assert answer["method"] == "transcode"
    *pictures, sound = play(admin, answer)
    assert len(pictures) == 2
    assert [decoded_frames(data, tmp_path) for data, _ in pictures] == [288, 288]
    assert len(sound[0]) > 50_000
    assert made(client) == before
    assert not client.llen("rq:queue:now") + client.llen("rq:queue:ahead")
    assert not list(client.scan_iter("matinee:asked:*"))
    assert not client.exists(KEPT)


def test_several_rungs_cost_one_decode(stage: Stage, admin: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    file_id = stage.add(foreign(stage, "decode.mkv", 24))
    asked: list[tuple[int, int]] = []
    genuine = job.engine.run_video

    def counted(*arguments: Any, **facts: Any) -> Any:
        asked.append((len(arguments[2]), facts["count"]))
        return genuine(*arguments, **facts)

    monkeypatch.setattr(job.engine, "run_video", counted)
    job.run(ask(admin, media_file_id=file_id))

    assert {specs for specs, _ in asked} == {2}
    assert all(4 <= count <= 6 for _, count in asked[:-1])


def test_only_what_is_missing_is_made(stage: Stage, admin: FlaskClient) -> None:
    file_id = stage.add(foreign(stage, "gaps.mkv", 16))
    before = set(stored(stage))
    job.run(ask(admin, media_file_id=file_id))
    whole = {key: at for key, at in stored(stage).items() if key not in before}
    gone = sorted(key for key in whole if re.search(r"/[14]\.m4s", key))
    for key in gone:
        LocalStore(stage.config.transcodes_dir).delete(key)

    job.run(ask(admin, media_file_id=file_id))

    again = {key: at for key, at in stored(stage).items() if key not in before}
    assert again.keys() == whole.keys()
    assert {key for key, at in again.items() if at != whole[key]} == set(gone)


def test_named_renditions_alone_are_made_and_unknown_ones_refused(stage: Stage, admin: FlaskClient) -> None:
    file_id = stage.add(foreign(stage, "named.mkv"))
    refused = admin.post("/api/v1/admin/prepare", json={"media_file_id": file_id, "renditions": ["240p", "9p"]})
    assert refused.status_code == 422
    assert refused.mimetype == "application/problem+json"
    assert "9p" in refused.get_json()["detail"]
    assert "360p, 240p" in refused.get_json()["detail"]

    before = set(stored(stage))
    job.run(ask(admin, media_file_id=file_id, renditions=["240p"]))

    recipes = {key.split("/")[2] for key in set(stored(stage)) - before}
    assert len(recipes) == 2


@pytest.mark.parametrize("body", [{"media_file_id": 99_999}, {"media_id": "m99999"}, {"media_id": "s99999"}])
def test_what_is_not_there_cannot_be_prepared(stage: Stage, admin: FlaskClient, body: dict[str, object]) -> None:
    assert admin.post("/api/v1/admin/prepare", json=body).status_code == 404


@pytest.mark.parametrize("body", [{}, {"media_file_id": 1, "media_id": "m1"}, {"media_file_id": 1, "renditions": []}])
def test_a_request_that_says_too_little_or_too_much_is_refused(
    stage: Stage, admin: FlaskClient, body: dict[str, object]
) -> None:
    assert admin.post("/api/v1/admin/prepare", json=body).status_code == 422


def test_only_an_administrator_prepares(stage: Stage) -> None:
    user = create_person(stage.app, "somebody").client
    assert user.post("/api/v1/admin/prepare", json={"media_file_id": 1}).status_code == 403
    assert stage.app.test_client().post("/api/v1/admin/prepare", json={"media_file_id": 1}).status_code == 401


def test_a_file_has_one_job_which_makes_all_that_was_asked_for(stage: Stage, admin: FlaskClient) -> None:
    file_id = stage.add(foreign(stage, "twice.mkv"))
    first = ask(admin, media_file_id=file_id, renditions=["240p"])

    assert ask(admin, media_file_id=file_id, renditions=["360p"]) == first
    assert state(admin, first)["payload"]["renditions"] == ["240p", "360p"]
    assert ask(admin, media_file_id=file_id) == first
    assert state(admin, first)["payload"]["renditions"] is None
    with stage.app.app_context(), writing():
        assert outbox.claim(first, now=clock.now()) is not None
    assert ask(admin, media_file_id=file_id, renditions=["360p"]) == first


def test_what_does_not_fit_the_budget_fails_before_anything_is_made(
    stage: Stage, admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_id = stage.add(foreign(stage, "large.mkv", 16))
    before = stored(stage)
    monkeypatch.setattr(transcode, "_kitchen", dataclasses.replace(transcode.warm(), budget=1 << 20))
    job_id = ask(admin, media_file_id=file_id)
    job.run(job_id)

    ended = state(admin, job_id)
    assert ended["state"] == "failed"
    assert re.search(r"needs about \d+\.\d\d GB", ended["error"])
    assert stored(stage) == before


def test_a_show_is_prepared_episode_by_episode(stage: Stage, admin: FlaskClient) -> None:
    with stage.app.app_context():
        show = 0
        for number in (2, 1):
            name = f"Night Post S01E0{number}.mkv"
            path = foreign(stage, name, 4, rate=str(24 + number))
            found = identify(name, "mixed")
            with writing():
                title = service.ensure_show(found, now=clock.now())
                episode = service.ensure_episode(title, 1, number, now=clock.now())
                db.session.flush()
                add_file(stage.library(), path, episode_id=episode.id)
                show = title.id
    before = set(stored(stage))
    job_id = ask(admin, media_id=f"s{show}")
    assert ask(admin, media_id=f"s{show}") == job_id
    job.run(job_id)

    assert state(admin, job_id)["state"] == "done", state(admin, job_id)
    assert state(admin, job_id)["detail"]["file"] == "Night Post S01E02.mkv"
    assert len({key.split("/")[2] for key in set(stored(stage)) - before}) == 6


def test_a_film_in_two_files_is_prepared_whole(stage: Stage, admin: FlaskClient) -> None:
    with stage.app.app_context(), writing() as session:
        title = make_title(session, "movie", "in two files")
        for order, rate in ((1, "23"), (2, "27")):
            path = foreign(stage, f"In Two Files cd{order}.mkv", 4, rate=rate)
            file_id = add_file(stage.library(), path)
            session.add(FilePart(file_id=file_id, title_id=title, order=order, of=2))
    before = set(stored(stage))
    first = ask(admin, media_id=f"m{title}")
    assert ask(admin, media_file_id=file_id) != first
    job.run(first)

    assert state(admin, first)["state"] == "done", state(admin, first)
    assert state(admin, first)["detail"]["file"] == "In Two Files cd2.mkv"
    assert len({key.split("/")[2] for key in set(stored(stage)) - before}) == 6


def test_a_cancelled_job_leaves_whole_cells_and_no_lease(stage: Stage, admin: FlaskClient, client: redis.Redis) -> None:
    file_id = stage.add(foreign(stage, "cancelled.mkv", 60, size="1280x720"))
    job_id = ask(admin, media_file_id=file_id)
    timer = threading.Timer(2.5, lambda: admin.delete(f"/api/v1/admin/jobs/{job_id}"))
    timer.start()
    began = time.monotonic()
    job.run(job_id)
    timer.join()

    assert time.monotonic() - began < 12
    assert state(admin, job_id)["state"] == "cancelled"
    assert not list(client.scan_iter("matinee:lease:*"))


def test_a_run_that_fails_at_one_place_makes_all_the_rest_and_says_so(
    stage: Stage, admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_id = stage.add(foreign(stage, "broken.mkv", 16))
    genuine = job.engine.run_video

    def broken(*arguments: Any, **facts: Any) -> Any:
        if facts["first"] <= 1 < facts["first"] + facts["count"] and any(one.name == "240p" for one in arguments[2]):
            raise job.engine.RunFailed("a broken place", 0)
        return genuine(*arguments, **facts)

    monkeypatch.setattr(job.engine, "run_video", broken)
    before = set(stored(stage))
    job_id = ask(admin, media_file_id=file_id)
    job.run(job_id)

    ended = state(admin, job_id)
    assert ended["state"] == "failed"
    assert ended["error"] == "Not everything could be prepared. 1 segments of broken.mkv could not be made."
    assert ended["detail"]["of"] - len([key for key in set(stored(stage)) - before if "init" not in key]) == 1


def test_the_job_makes_nothing_while_runs_for_players_wait_for_a_slot(
    stage: Stage, admin: FlaskClient, client: redis.Redis
) -> None:
    file_id = stage.add(foreign(stage, "patient.mkv", 4))
    before, meanwhile = set(stored(stage)), set[str]()
    client.rpush("rq:queue:ahead", "a run that no slot is free for")

    def take_it() -> None:
        meanwhile.update(set(stored(stage)) - before)
        client.delete("rq:queue:ahead")

    timer = threading.Timer(2.5, take_it)
    timer.start()
    job_id = ask(admin, media_file_id=file_id)
    job.run(job_id)
    timer.join()

    assert not meanwhile
    assert state(admin, job_id)["state"] == "done"


@pytest.fixture(scope="module")
def served(stage: Stage) -> Stage:
    """The stage with workers that encode for players; for the tests that stand last."""
    stage.start("now")
    stage.start("now", "ahead")
    return stage


def start(stage: Stage, job_id: int) -> subprocess.Popen[bytes]:
    """The job in a process of its own, as niced as its worker."""
    code = f"import os; os.nice(10); from workers import prepare; prepare.run({job_id})"
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=stage.environment())


def last_leased(client: redis.Redis) -> str:
    """The name of the last cell that the job holds, once it encodes pictures."""
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        names = [name.decode().split("/") for name in client.scan_iter("matinee:lease:cells/*")]
        if len({parts[-2] for parts in names}) > 1:
            return str(max((parts[-1] for parts in names), key=lambda one: int(one.split(".")[0])))
        time.sleep(0.02)
    raise AssertionError("the job holds nothing")


def test_a_viewer_gets_at_once_what_the_job_was_about_to_make(
    served: Stage, admin: FlaskClient, client: redis.Redis
) -> None:
    file_id = served.add(foreign(served, "beside.mkv", 60, size="1280x720"))
    job_id = ask(admin, media_file_id=file_id)
    process = start(served, job_id)
    try:
        leased = last_leased(client)
        answer = prepare(admin, media_file_id=file_id)
        playlist = next(one for one in uris(admin, str(answer["hls_url"])) if "v-360p" in one)
        wanted = next(url for url in segments(admin, playlist)[1] if url.split("/")[-1] == leased)
        began = time.monotonic()
        patient(admin, wanted)

        assert time.monotonic() - began < 10
        assert process.poll() is None
        deadline = time.monotonic() + 15
        while not made(client).get("now"):  # counted when the players' run has ended
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        admin.delete(f"/api/v1/admin/jobs/{job_id}")
        process.wait(timeout=30)
    assert state(admin, job_id)["state"] == "cancelled"


def test_a_job_that_is_killed_is_finished_by_its_next_run(
    served: Stage, admin: FlaskClient, client: redis.Redis, tmp_path: Path
) -> None:
    file_id = served.add(foreign(served, "killed.mkv", 40, size="1280x720"))
    job_id = ask(admin, media_file_id=file_id)
    process = start(served, job_id)
    last_leased(client)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    later = clock.now() + timedelta(seconds=10)
    with served.app.app_context(), writing():
        assert job_id in outbox.requeue_expired(now=later)

    job.run(job_id)

    ended = state(admin, job_id)
    assert (ended["state"], ended["attempt"]) == ("done", 2)
    answer = prepare(admin, media_file_id=file_id)
    data, _ = fetch(admin, next(url for url in uris(admin, str(answer["hls_url"])) if "v-720p" in url))
    assert decoded_frames(data, tmp_path) == 960
