"""A title's page: everything about one work in one answer."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, select, update

from app.catalog.models import Artwork, Collection, CollectionTitle, Episode, ExternalId, Person
from app.extensions import db
from app.library.counts import recount
from app.library.models import MediaFile
from tests.catalog.world import NOW, World


def test_a_film_tells_everything(world: World, user_client: FlaskClient) -> None:
    title_id = world.film("Heat", 1995, genres=["Crime"], cast=["Al", "Bob"], original_name="Жара", overview="Two men.")
    with world.unit() as session:
        session.add(ExternalId(title_id=title_id, provider="tmdb", value="949"))
    found = user_client.get(f"/api/v1/media/m{title_id}").get_json()
    assert (found["media_id"], found["kind"], found["title"], found["year"]) == (f"m{title_id}", "movie", "Heat", 1995)
    assert found["ids"] == {"tmdb": "949"}
    assert found["titles"] == {"original": "Жара"}
    assert found["genres"] == ["Crime"]
    assert [person["name"] for person in found["cast"]] == ["Al", "Bob"]
    assert found["seasons"] == []
    assert found["play"] == f"m{title_id}"
    (file,) = found["files"]
    assert file["path"] == "/media/some folder/Heat (1995) 0.mkv"
    assert file["media_ids"] == [f"m{title_id}"]
    assert [stream["kind"] for stream in file["streams"]] == ["video", "audio"]
    assert file["streams"][0]["default"] is True
    assert file["chapters"] == [{"start": 0.0, "end": 60.0, "title": "One"}]
    assert file["mtime"] == "2023-11-14T22:13:20.000Z"


def test_the_page_of_a_film_shows_portraits_where_there_are_some(world: World, user_client: FlaskClient) -> None:
    title_id = world.film("Heat", 1995, cast=["Al Pacino", "Bob"])
    with world.unit() as session:
        al = session.scalars(select(Person.id).where(Person.name == "Al Pacino")).one()
        portrait = Artwork(person_id=al, kind="poster", origin="provider", path="al.jpg", updated_at=NOW)
        portrait.width, portrait.height, portrait.thumbhash = 400, 600, "AAAA"
        session.add(portrait)
    page = user_client.get(f"/title/m{title_id}", headers={"Accept": "text/html"}).text
    cast = page.partition(">Cast<")[2].partition("</section>")[0]
    assert cast.count("<img") == 1
    assert f'data-hash="AAAA"><img src="/art/p{al}/poster?w=' in cast
    assert ">B</span>" in cast


def test_a_show_tells_its_seasons_episodes_and_files(world: World, user_client: FlaskClient) -> None:
    show, s1e1, s1e2, s2e1 = world.show("Lost", {1: 2, 2: 1}, 2004, names={(1, 1): "Pilot"})
    user_client.put(f"/api/v1/user/watched/e{s1e1}")
    found = user_client.get(f"/api/v1/media/s{show}").get_json()
    assert [
        (season["number"], [(e["media_id"], e["title"]) for e in season["episodes"]]) for season in found["seasons"]
    ] == [(1, [(f"e{s1e1}", "Pilot"), (f"e{s1e2}", "S01E02")]), (2, [(f"e{s2e1}", "S02E01")])]
    first = found["seasons"][0]["episodes"][0]
    assert first["progress"]["watched"] is True
    assert first["file_ids"] == [found["files"][0]["id"]]
    assert len(found["files"]) == 3
    assert found["seen"] == {"episodes": 3, "watched": 1}
    assert found["play"] == f"e{s1e2}"


def test_an_episode_tells_its_show_and_its_neighbours(world: World, user_client: FlaskClient) -> None:
    show, first, second, third = world.show("Lost", {1: 2, 2: 1}, 2004)
    found = user_client.get(f"/api/v1/media/e{second}").get_json()
    assert found["show"] == {"media_id": f"s{show}", "title": "Lost", "year": 2004, "anime": False}
    assert (found["season"], found["number"]) == (1, 2)
    assert (found["previous"], found["next"]) == (f"e{first}", f"e{third}")
    assert len(found["files"]) == 1


@pytest.mark.parametrize("address", ["m999", "s1", "e999"])
def test_what_does_not_exist_is_not_found(world: World, user_client: FlaskClient, address: str) -> None:
    world.film("Heat", 1995)
    for path in (address, f"{address}/sources"):
        assert user_client.get(f"/api/v1/media/{path}").status_code == 404


def test_sources_come_best_first_with_the_parts_of_their_score(world: World, user_client: FlaskClient) -> None:
    title_id = world.film("Heat", 1995, files=2)
    with world.unit() as session:
        session.execute(update(MediaFile).where(MediaFile.id == 1).values(missing_since=NOW))
    found = user_client.get(f"/api/v1/media/m{title_id}/sources").get_json()["items"]
    assert [one["media_file_id"] for one in found] == [2, 1]
    assert [one["parts"]["availability"] for one in found] == [1.0, 0.0]
    best = found[0]
    weights = {"quality": 0.3, "speed": 0.25, "availability": 0.2, "subtitles": 0.15, "audio": 0.1}
    assert best["score"] == pytest.approx(sum(weights[name] * part for name, part in best["parts"].items()), abs=0.001)


def test_a_page_asks_as_often_for_a_long_show_as_for_a_short_one(world: World, user_client: FlaskClient) -> None:
    short, *_ = world.show("Short", {1: 1})
    long, *_ = world.show("Long", {1: 30, 2: 30})
    assert _queries(world, user_client, f"/api/v1/media/s{long}") == _queries(
        world, user_client, f"/api/v1/media/s{short}"
    )


def test_a_list_asks_as_often_for_many_as_for_few(world: World, user_client: FlaskClient) -> None:
    for number in range(30):
        world.film(f"Film {number}", 2000)
    few = _queries(world, user_client, "/api/v1/library/movies?per_page=2")
    assert _queries(world, user_client, "/api/v1/library/movies?per_page=30") == few
    assert few <= 8


def test_people_and_collections_lead_to_titles(world: World, user_client: FlaskClient) -> None:
    old, new = world.film("Heat", 1995, cast=["Al"]), world.film("Ronin", 1998, cast=["Al"])
    with world.unit() as session:
        session.add(Collection(id=1, name="Michael"))
        session.add(Collection(id=2, name="Empty"))
        session.flush()
        session.add_all(CollectionTitle(collection_id=1, title_id=title_id) for title_id in (new, old))
    person_id = user_client.get(f"/api/v1/media/m{old}").get_json()["cast"][0]["person_id"]
    person = user_client.get(f"/api/v1/people/{person_id}").get_json()
    assert [work["media"]["title"] for work in person["works"]] == ["Ronin", "Heat"]
    listed = user_client.get("/api/v1/collections").get_json()
    assert [(one["name"], one["count"]) for one in listed["items"]] == [("Michael", 2)]
    assert [one["title"] for one in user_client.get("/api/v1/collections/1").get_json()["items"]] == ["Heat", "Ronin"]
    for missing in ("people/99", "collections/99"):
        assert user_client.get(f"/api/v1/{missing}").status_code == 404


def _queries(world: World, client: FlaskClient, address: str) -> int:
    """How many statements a repeated request takes."""
    seen: list[str] = []
    client.get(address)

    def listen(*args: Any) -> None:
        seen.append(args[2])

    with world.app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", listen)
    try:
        assert client.get(address).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", listen)
    return len(seen)


def test_an_address_that_is_no_work_does_not_exist(user_client: FlaskClient) -> None:
    for address in ("recommended", "nothing", "m", "12"):
        assert user_client.get(f"/api/v1/media/{address}").status_code == 404
    assert user_client.get("/api/v1/media/m0").status_code == 422


def test_an_episode_is_as_long_as_its_file(world: World, user_client: FlaskClient) -> None:
    _, first, *_ = world.show("Dark", {1: 2})
    with world.unit() as session:
        (show,) = session.scalars(select(Episode.title_id).where(Episode.id == first))
        session.execute(update(MediaFile).values(duration=2700.0))
        recount([show])
    assert user_client.get(f"/api/v1/media/e{first}").get_json()["runtime"] == 2700.0
