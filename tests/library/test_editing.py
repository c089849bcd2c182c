"""A person edits, locks, joins and splits; scans and providers keep what was said."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import Profile
from app.adapters.clock import now
from app.catalog.models import Episode, Title, TitleMatch
from app.extensions import db, writing
from app.library.models import FilePart, MediaFile
from app.library.placing import Placing, identify_file, place
from app.personal import queries
from app.personal import service as personal
from app.search.queries import Narrowing, search
from tests.conftest import Person as Account
from tests.fakes import tmdb
from tests.library.test_matching import Shelf, config, match, server, shelf

__all__ = ["config", "server", "shelf"]


@pytest.fixture
def profile_id(user: Account) -> int:
    return db.session.scalars(select(Profile.id).where(Profile.user_id == user.user_id)).one()


def title(title_id: int) -> Title:
    db.session.rollback()
    return db.session.get_one(Title, title_id, populate_existing=True)


def scan_again(shelf: Shelf, path: str) -> set[int]:
    """What a scan does with a file that it reads anew."""
    folder, _, name = path.rpartition("/")
    with writing():
        file_id = db.session.scalars(select(MediaFile.id).where(MediaFile.name == name)).one()
        found = identify_file("All", shelf.kind, folder, name, [name])
        place([Placing(file_id, folder, found)], shelf.kind, now=now())
        return set(db.session.scalars(select(FilePart.title_id).where(FilePart.file_id == file_id)))


def test_what_was_edited_is_locked_and_stays(shelf: Shelf, admin_client: FlaskClient) -> None:
    title_id = shelf.add("Heat (1995).mkv", 170)
    answer = admin_client.patch(
        f"/api/v1/media/m{title_id}/details",
        json={"title": "Heat, the long one", "year": 1996, "genres": ["Crime", "Drama"]},
    )
    assert answer.status_code == 200
    match()
    found = title(title_id)
    assert (found.name, found.year, found.overview) == ("Heat, the long one", 1996, "What happens in Heat.")
    assert [genre.name for genre in found.genres] == ["Crime", "Drama"]
    assert found.locked_fields == ["name", "year", "genres"]
    assert [hit.media_id for hit in search("the long one", Narrowing())] == [f"m{title_id}"]


def test_a_lock_can_be_taken_off(shelf: Shelf, admin_client: FlaskClient) -> None:
    title_id = shelf.add("Heat (1995).mkv", 170)
    admin_client.patch(f"/api/v1/media/m{title_id}/details", json={"overview": "Mine."})
    admin_client.patch(f"/api/v1/media/m{title_id}/details", json={"locked": []})
    match()
    assert title(title_id).overview == "What happens in Heat."


@pytest.mark.parametrize("body", [{"title": " "}, {"year": 1500}, {"rating": 11}, {"locked": ["path"]}])
def test_nonsense_is_refused(shelf: Shelf, admin_client: FlaskClient, body: dict[str, object]) -> None:
    title_id = shelf.add("Heat (1995).mkv", 170)
    assert admin_client.patch(f"/api/v1/media/m{title_id}/details", json=body).status_code == 422
    assert title(title_id).locked_fields == []


def test_two_titles_are_joined_with_what_people_did(shelf: Shelf, admin_client: FlaskClient, profile_id: int) -> None:
    first, second = shelf.add("Our Holiday (2019).mkv", 30), shelf.add("Holiday, our (2019).mkv", 30)
    with writing():
        personal.put_on_list(profile_id=profile_id, media_id=f"m{second}", title_id=second, now=now())
    answer = admin_client.post(f"/api/v1/media/m{first}/join", json={"media_id": f"m{second}"})
    assert answer.get_json() == {"media_id": f"m{first}"}
    assert list(db.session.scalars(select(Title.id))) == [first]
    assert queries.watchlist(profile_id)[0] == [f"m{first}"]
    assert scan_again(shelf, "Holiday, our (2019).mkv") == {first}


def test_what_cannot_be_joined_is_told(shelf: Shelf, admin_client: FlaskClient) -> None:
    film = shelf.add("Heat (1995).mkv", 170)
    show = shelf.add("Harbor Lights/Season 1/Harbor Lights S01E01.mkv", 24)
    for other in (f"m{film}", f"s{show}"):
        assert admin_client.post(f"/api/v1/media/m{film}/join", json={"media_id": other}).status_code == 422
    assert admin_client.post(f"/api/v1/media/m{film}/join", json={"media_id": "m999"}).status_code == 404


def test_files_that_are_another_film_are_split_off_and_stay_so(
    shelf: Shelf, admin_client: FlaskClient, server: tmdb.Fake
) -> None:
    first = shelf.add("Heat (1995)/Heat (1995).mkv", 170)
    assert shelf.add("Heat (1995)/Heat (1995) - 720p.mkv", 170) == first
    match()
    files = sorted(db.session.scalars(select(FilePart.file_id).where(FilePart.title_id == first)))
    answer = admin_client.post(f"/api/v1/media/m{first}/split", json={"media_file_ids": files[1:]})
    assert answer.status_code == 200
    second = int(answer.get_json()["media_id"][1:])
    assert second != first
    match()
    assert db.session.get_one(TitleMatch, second).state == "none"
    assert (title(first).file_count, title(second).file_count) == (1, 1)

    chosen = admin_client.post(f"/api/v1/media/m{second}/match", json={"id": "10"})
    assert chosen.get_json() == {"media_id": f"m{second}"}
    assert title(second).year == 1986


def test_a_show_is_split_by_its_files(shelf: Shelf, admin_client: FlaskClient) -> None:
    show = shelf.add("Harbor Lights/Season 1/Harbor Lights S01E01.mkv", 24)
    shelf.add("Harbor Lights/Season 1/Harbor Lights S01E02.mkv", 24)
    files = sorted(db.session.scalars(select(FilePart.file_id)))
    answer = admin_client.post(f"/api/v1/media/s{show}/split", json={"media_file_ids": [files[1]]})
    other = int(answer.get_json()["media_id"][1:])
    rows = db.session.execute(select(Episode.title_id, Episode.number).where(Episode.file_count > 0))
    assert {tuple(row) for row in rows} == {(show, 1.0), (other, 2.0)}
    assert scan_again(shelf, "Harbor Lights/Season 1/Harbor Lights S01E02.mkv") == {None}
    assert title(other).episode_count == 1


def test_what_cannot_be_split_is_told(shelf: Shelf, admin_client: FlaskClient) -> None:
    film = shelf.add("Heat (1995).mkv", 170)
    (only,) = db.session.scalars(select(FilePart.file_id))
    for ids in ([only], [only + 99], []):
        assert admin_client.post(f"/api/v1/media/m{film}/split", json={"media_file_ids": ids}).status_code == 422


def test_only_an_administrator_edits(shelf: Shelf, user_client: FlaskClient) -> None:
    film = shelf.add("Heat (1995).mkv", 170)
    assert user_client.patch(f"/api/v1/media/m{film}/details", json={"title": "Mine"}).status_code == 403
    assert user_client.post(f"/api/v1/media/m{film}/join", json={"media_id": "m1"}).status_code == 403
    assert user_client.post(f"/api/v1/media/m{film}/split", json={"media_file_ids": [1]}).status_code == 403
