"""A film in two files is one film, and two episodes in one file are seen together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete

from app.catalog.models import Episode, Season, Title
from app.extensions import db, writing
from app.library.models import FilePart
from app.personal.models import Progress
from app.transcoding.keys import index_key
from app.transcoding.renditions import index_document
from app.transcoding.sources import source_file
from app.transcoding.store import LocalStore
from tests.playback.stage import Stage, film, prepare
from workers.engines.slicer import read_index

pytestmark = pytest.mark.media


def add(stage: Stage, name: str, seconds: int) -> int:
    """A film that plays directly, its index on the store: no worker is needed."""
    found = stage.add(film(stage.films / name, seconds=seconds))
    with stage.app.app_context():
        source = source_file(found)
    LocalStore(stage.config.transcodes_dir).put(
        index_key(source.origin), index_document(read_index(source.path), "build")
    )
    return found


@pytest.fixture(scope="module")
def parts(stage: Stage) -> tuple[str, int, int]:
    """A film of 14 s: 6 s in one file, 8 s in the next."""
    first, second = add(stage, "Long Film cd1.mp4", 6), add(stage, "Long Film cd2.mp4", 8)
    with stage.app.app_context(), writing() as session:
        title = make_title(session, "movie", "long film")
        for order, file_id in enumerate((first, second), 1):
            session.add(FilePart(file_id=file_id, title_id=title, order=order, of=2))
    return f"m{title}", first, second


@pytest.fixture(scope="module")
def double(stage: Stage) -> tuple[str, str]:
    """Two episodes in one file."""
    file_id = add(stage, "Show S01E01E02.mp4", 5)
    with stage.app.app_context(), writing() as session:
        title = make_title(session, "show", "some show")
        season = Season(title_id=title, number=1)
        session.add(season)
        session.flush()
        for number in (1, 2):
            episode = Episode(
                title_id=title, season_id=season.id, number=number, added_at=datetime.now(UTC), file_count=1
            )
            session.add(episode)
            session.flush()
            session.add(FilePart(file_id=file_id, episode_id=episode.id, order=number))
        found = session.scalars(db.select(Episode.id).where(Episode.title_id == title).order_by(Episode.number)).all()
    return f"e{found[0]}", f"e{found[1]}"


def make_title(session: Any, kind: str, name: str) -> int:
    at, key = datetime.now(UTC), f"{kind}:{name}"
    title = Title(
        kind=kind, name=name, sort_name=name, name_key=key, identity_key=key, file_count=1, added_at=at, updated_at=at
    )
    session.add(title)
    session.flush()
    return int(title.id)


@pytest.fixture(autouse=True)
def afresh(stage: Stage) -> Iterator[None]:
    yield
    with stage.app.app_context(), writing() as session:
        session.execute(delete(Progress))


def report(client: FlaskClient, session: dict[str, object], position: float) -> None:
    body = {"session_id": session["session_id"], "position": position, "paused": False}
    assert client.post("/api/v1/player/progress", json=body).status_code == 200


def progress(client: FlaskClient, media_id: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = client.get(f"/api/v1/media/{media_id}").get_json()["progress"]
    return found


def test_the_end_of_the_first_part_is_not_the_end_of_the_film(
    viewer_client: FlaskClient, parts: tuple[str, int, int]
) -> None:
    media_id, first, second = parts
    session = prepare(viewer_client, media_id=media_id)
    assert (session["media_file_id"], session["part"], session["parts"]) == (first, 1, 2)
    assert session["next_media_file_id"] == second

    report(viewer_client, session, 5.9)
    after = progress(viewer_client, media_id)
    assert after is not None
    assert (after["watched"], after["position"]) == (False, 5.9)
    assert after["duration"] == pytest.approx(14, abs=0.3)


def test_a_film_in_parts_goes_on_in_the_part_where_it_was_left(
    viewer_client: FlaskClient, parts: tuple[str, int, int]
) -> None:
    media_id, first, second = parts
    session = prepare(viewer_client, media_file_id=second)
    assert (session["part"], session["next_media_file_id"], session["position"]) == (2, None, 0.0)
    report(viewer_client, session, 3.0)

    again = prepare(viewer_client, media_id=media_id)
    assert again["media_file_id"] == second
    assert again["position"] == pytest.approx(3.0, abs=0.1)
    assert prepare(viewer_client, media_file_id=first)["position"] == 0.0
    there = prepare(viewer_client, media_id=media_id, position=2.5)
    assert (there["media_file_id"], there["position"]) == (first, 2.5)
    assert prepare(viewer_client, media_file_id=second, position=2.5)["position"] == 2.5

    report(viewer_client, again, 7.9)
    after = progress(viewer_client, media_id)
    assert after is not None
    assert after["watched"]


def test_who_saw_a_double_episode_saw_both(viewer_client: FlaskClient, double: tuple[str, str]) -> None:
    one, other = double
    session = prepare(viewer_client, media_id=one)
    report(viewer_client, session, 2.0)
    assert progress(viewer_client, other) is None

    report(viewer_client, session, 4.9)
    for media_id in double:
        after = progress(viewer_client, media_id)
        assert after is not None
        assert after["watched"]
