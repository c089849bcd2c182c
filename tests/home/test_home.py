"""Home: what one would most likely press next, each row with its reason."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from tests.catalog.world import World


def rows(client: FlaskClient) -> dict[str, Any]:
    return {row["id"]: row for row in client.get("/api/v1/home").get_json()["rows"]}


def test_an_empty_server_has_no_rows(world: World, user_client: FlaskClient) -> None:
    assert rows(user_client) == {}


def test_rows_hold_what_is_new_by_sort(world: World, user_client: FlaskClient) -> None:
    world.film("Old", 1990)
    world.film("New", 2020)
    world.film("Akira", 1988, anime=True)
    world.show("Lost", {1: 1})
    found = rows(user_client)
    assert list(found) == ["recent_movies", "recent_shows", "recent_anime"]
    assert [card["title"] for card in found["recent_movies"]["items"]] == ["New", "Old"]
    assert all(row["reason"] and row["title"] for row in found.values())


def test_my_own_rows_come_first(world: World, user_client: FlaskClient) -> None:
    film = world.film("Heat", 1995)
    _, first, second = world.show("Lost", {1: 2})
    user_client.put(f"/api/v1/user/watched/e{first}")
    user_client.put(f"/api/v1/user/watchlist/m{film}")
    found = rows(user_client)
    assert list(found)[:2] == ["next", "watchlist"]
    assert [card["media_id"] for card in found["next"]["items"]] == [f"e{second}"]
    assert [card["media_id"] for card in found["watchlist"]["items"]] == [f"m{film}"]
