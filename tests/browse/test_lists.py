"""Lists of films and shows: filtered, sorted, paged, alike on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.catalog.world import World


@pytest.fixture
def shelf(world: World) -> World:
    world.film("The Zebra", 1990, rating=6.0, genres=["Drama"], runtime_s=100.0)
    world.film("Apple 10", 2001, rating=9.0, genres=["Comedy", "Drama"], popularity=3.0)
    world.film("Apple 2", rating=7.0, popularity=9.0)
    world.film("Ёлки", 2010)
    world.film("12 Men", 1957, rating=8.9)
    world.film("Akira", 1988, anime=True, rating=8.0)
    world.film("Lost Files", 2020, files=0)
    world.show("Lost", {1: 2}, 2004, rating=8.3)
    return world


def titles(client: FlaskClient, address: str, **query: Any) -> list[str]:
    found = client.get(f"/api/v1/library/{address}", query_string=query)
    assert found.status_code == 200, found.get_json()
    return [item["title"] for item in found.get_json()["items"]]


def test_films_are_sorted_by_name_and_what_has_no_file_is_not_there(shelf: World, user_client: FlaskClient) -> None:
    assert titles(user_client, "movies") == ["12 Men", "Akira", "Apple 2", "Apple 10", "The Zebra", "Ёлки"]
    assert titles(user_client, "shows") == ["Lost"]


def test_both_addresses_answer_the_same(shelf: World, user_client: FlaskClient) -> None:
    one, other = (user_client.get(f"{base}/library/movies").get_json() for base in ("/api/v1", "/api"))
    assert one == other


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"genre": "Drama"}, ["Apple 10", "The Zebra"]),
        ({"genre": "drama"}, ["Apple 10", "The Zebra"]),
        ({"genre": "Nothing"}, []),
        ({"year": 2001}, ["Apple 10"]),
        ({"min_rating": 8}, ["12 Men", "Akira", "Apple 10"]),
        ({"anime": "true"}, ["Akira"]),
        ({"anime": "false", "min_rating": 8}, ["12 Men", "Apple 10"]),
        ({"unmatched": "true"}, []),
        ({"sort": "added"}, ["Akira", "12 Men", "Ёлки", "Apple 2", "Apple 10", "The Zebra"]),
        ({"sort": "added", "order": "asc"}, ["The Zebra", "Apple 10", "Apple 2", "Ёлки", "12 Men", "Akira"]),
        ({"sort": "added_at"}, ["Akira", "12 Men", "Ёлки", "Apple 2", "Apple 10", "The Zebra"]),
        ({"sort": "title", "per_page": 2}, ["12 Men", "Akira"]),
        ({"sort": "year"}, ["12 Men", "Akira", "The Zebra", "Apple 10", "Ёлки", "Apple 2"]),
        ({"sort": "year", "order": "desc"}, ["Ёлки", "Apple 10", "The Zebra", "Akira", "12 Men", "Apple 2"]),
        ({"sort": "rating"}, ["Apple 10", "12 Men", "Akira", "Apple 2", "The Zebra", "Ёлки"]),
        ({"sort": "popularity", "per_page": 2}, ["Apple 2", "Apple 10"]),
        ({"page": 2, "per_page": 4}, ["The Zebra", "Ёлки"]),
        ({"page": 9}, []),
    ],
)
def test_a_list_can_be_filtered_sorted_and_paged(
    shelf: World, user_client: FlaskClient, query: dict[str, Any], expected: list[str]
) -> None:
    assert titles(user_client, "movies", **query) == expected


def test_a_page_says_how_many_there_are(shelf: World, user_client: FlaskClient) -> None:
    found = user_client.get("/api/v1/library/movies?page=2&per_page=4").get_json()
    assert (found["page"], found["per_page"], found["total"]) == (2, 4, 6)


@pytest.mark.parametrize("query", ["page=0", "per_page=201", "sort=size", "order=up", "year=x", "anime=perhaps"])
def test_a_senseless_question_is_refused_by_name(shelf: World, user_client: FlaskClient, query: str) -> None:
    found = user_client.get(f"/api/v1/library/movies?{query}")
    assert found.status_code == 422
    assert found.get_json()["errors"][0]["field"] == query.split("=")[0]


def test_nobody_who_is_not_signed_in_sees_a_list(shelf: World, client: FlaskClient) -> None:
    for address in ("library/movies", "library/shows", "media/m1", "media/search?q=a", "home", "genres"):
        assert client.get(f"/api/v1/{address}").status_code == 401


def test_the_letter_jump_says_where_each_letter_begins(shelf: World, user_client: FlaskClient) -> None:
    found = user_client.get("/api/v1/library/movies/letters").get_json()["items"]
    assert [(one["letter"], one["count"], one["offset"]) for one in found] == [
        ("#", 1, 0),
        ("A", 3, 1),
        ("Z", 1, 4),
        ("Е", 1, 5),
    ]


def test_what_is_watched_can_be_left_out(shelf: World, user_client: FlaskClient) -> None:
    films = user_client.get("/api/v1/library/movies").get_json()["items"]
    show = user_client.get("/api/v1/library/shows").get_json()["items"][0]
    for media_id in (films[0]["media_id"], show["media_id"]):
        assert user_client.put(f"/api/v1/user/watched/{media_id}").status_code == 200
    assert titles(user_client, "movies", watched="true") == ["12 Men"]
    assert "12 Men" not in titles(user_client, "movies", watched="false")
    assert titles(user_client, "shows", watched="true") == ["Lost"]
    assert titles(user_client, "shows", watched="false") == []


def test_files_of_what_is_watched_can_be_left_out(shelf: World, user_client: FlaskClient) -> None:
    def files(**query: str) -> set[str]:
        found = user_client.get("/api/v1/library/media-files", query_string={"per_page": 200, **query}).get_json()
        assert found["total"] == len(found["items"])
        return {one["path"].rpartition("/")[2].partition(".")[0] for one in found["items"]}

    everything = files()
    film = user_client.get("/api/v1/library/movies").get_json()["items"][0]["media_id"]
    show = user_client.get("/api/v1/library/shows").get_json()["items"][0]["media_id"]
    first = user_client.get(f"/api/v1/media/{show}").get_json()["seasons"][0]["episodes"][0]["media_id"]
    for media_id in (film, first):
        assert user_client.put(f"/api/v1/user/watched/{media_id}").status_code == 200
    seen = files(watched="true")

    assert {name.rstrip("0123456789 ") for name in seen} == {"12 Men (1957)", "Lost S01E"}
    assert "Lost S01E01" in seen
    assert files(watched="false") == everything - seen
    assert files(watched="true", anime="true") == set()


def test_a_list_of_one_library_holds_only_its_titles(shelf: World, user_client: FlaskClient) -> None:
    assert len(titles(user_client, "movies", library_id=shelf.library_id)) == 6
    assert titles(user_client, "shows", library_id=shelf.library_id) == ["Lost"]
    assert titles(user_client, "movies", library_id=999) == []


def test_cards_show_pictures_and_what_one_has_seen(world: World, user_client: FlaskClient) -> None:
    world.poster(world.film("Heat", 1995))
    _show, first, _ = world.show("Lost", {1: 2})
    user_client.put(f"/api/v1/user/watched/e{first}")
    film = user_client.get("/api/v1/library/movies").get_json()["items"][0]
    lost = user_client.get("/api/v1/library/shows").get_json()["items"][0]
    assert film["artwork"]["poster"] == {
        "url": f"/art/{film['media_id']}/poster",
        "width": 400,
        "height": 600,
        "thumbhash": "abc",
        "tint": "1,2,3",
    }
    assert lost["seen"] == {"episodes": 2, "watched": 1}


def test_popular_recent_trending_and_genres(shelf: World, user_client: FlaskClient) -> None:
    def names(address: str) -> list[str]:
        return [item["title"] for item in user_client.get(f"/api/v1/media/{address}").get_json()["items"]]

    assert names("popular")[:2] == ["Apple 2", "Apple 10"]
    assert names("recent")[:2] == ["Lost", "Akira"]
    assert names("trending") == []
    second = user_client.get("/api/v1/genres?page=2&per_page=1").get_json()
    assert (second["total"], [one["name"] for one in second["items"]]) == (2, ["Drama"])
    assert user_client.get("/api/v1/genres").get_json()["items"] == [
        {"id": 2, "name": "Comedy", "count": 1},
        {"id": 1, "name": "Drama", "count": 2},
    ]
