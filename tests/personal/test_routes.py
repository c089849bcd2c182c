"""What one did and wants, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.catalog.world import World
from tests.conftest import MakeUser


def items(client: FlaskClient, address: str) -> list[Any]:
    found = client.get(f"/api/v1/user/{address}")
    assert found.status_code == 200, found.get_json()
    listed: list[Any] = found.get_json()["items"]
    return listed


def test_the_watch_list_keeps_its_order_and_bears_repetition(world: World, user_client: FlaskClient) -> None:
    first, second = world.film("Heat", 1995), world.film("Ran", 1985)
    for title_id in (first, second, first):
        assert user_client.put(f"/api/v1/user/watchlist/m{title_id}").status_code == 200
    assert {card["media_id"] for card in items(user_client, "watchlist")} == {f"m{first}", f"m{second}"}
    assert user_client.delete(f"/api/v1/user/watchlist/m{first}").status_code == 200
    assert [card["media_id"] for card in items(user_client, "watchlist")] == [f"m{second}"]


def test_a_rating_is_the_callers_own(world: World, make_user: MakeUser) -> None:
    anna, boris = make_user("anna").client, make_user("boris").client
    title_id = world.film("Heat", 1995)
    assert anna.put(f"/api/v1/user/ratings/m{title_id}", json={"rating": 8.5}).get_json()["rating"] == 8.5
    assert anna.put(f"/api/v1/user/ratings/m{title_id}", json={"rating": 11}).status_code == 422
    assert anna.get(f"/api/v1/media/m{title_id}").get_json()["my_rating"] == 8.5
    assert boris.get(f"/api/v1/media/m{title_id}").get_json()["my_rating"] is None
    anna.delete(f"/api/v1/user/ratings/m{title_id}")
    assert anna.get(f"/api/v1/media/m{title_id}").get_json()["my_rating"] is None


def test_marking_works_for_films_episodes_seasons_and_shows(world: World, user_client: FlaskClient) -> None:
    film = world.film("Heat", 1995)
    show, *episodes = world.show("Lost", {1: 2, 2: 1})
    assert user_client.put(f"/api/v1/user/watched/m{film}").get_json() == {"media_id": f"m{film}", "watched": True}
    assert user_client.get(f"/api/v1/media/m{film}").get_json()["progress"]["watched"] is True
    user_client.put(f"/api/v1/user/watched/s{show}?season=1")
    assert user_client.get(f"/api/v1/media/s{show}").get_json()["seen"]["watched"] == 2
    user_client.put(f"/api/v1/user/watched/s{show}")
    user_client.delete(f"/api/v1/user/watched/e{episodes[0]}")
    assert user_client.get(f"/api/v1/media/s{show}").get_json()["seen"]["watched"] == 2
    assert user_client.put(f"/api/v1/user/watched/s{show}?season=7").status_code == 404


def test_the_next_episode_is_offered_after_a_mark(world: World, user_client: FlaskClient) -> None:
    _, first, second = world.show("Lost", {1: 2})
    user_client.put(f"/api/v1/user/watched/e{first}")
    assert [card["media_id"] for card in items(user_client, "next")] == [f"e{second}"]
    assert items(user_client, "continue") == []
    assert items(user_client, "history") == []


def test_a_playlist_has_a_name_that_can_be_read(user_client: FlaskClient) -> None:
    assert user_client.post("/api/v1/user/playlists", json={"name": " \t "}).status_code == 422
    made = user_client.post("/api/v1/user/playlists", json={"name": " Friday "})
    assert made.get_json()["name"] == "Friday"


def test_a_playlist_is_made_filled_arranged_and_removed(world: World, user_client: FlaskClient) -> None:
    film, (show, episode) = world.film("Heat", 1995), world.show("Lost", {1: 1})
    made = user_client.post("/api/v1/user/playlists", json={"name": "Friday"})
    assert made.status_code == 201
    address = f"/api/v1/user/playlists/{made.get_json()['id']}"
    wanted = {"media_ids": [f"m{film}", f"e{episode}", f"s{show}"]}
    filled = user_client.post(f"{address}/items", json=wanted).get_json()
    assert [one["media_id"] for one in filled["items"]] == wanted["media_ids"]
    turned = [one["id"] for one in reversed(filled["items"])]
    arranged = user_client.patch(address, json={"name": "Saturday", "items": turned}).get_json()
    assert (arranged["name"], [one["id"] for one in arranged["items"]]) == ("Saturday", turned)
    assert user_client.patch(address, json={"items": turned[:1]}).status_code == 422
    left = user_client.delete(f"{address}/items", json={"ids": turned[:1], "media_ids": [f"m{film}"]}).get_json()
    assert [one["media_id"] for one in left["items"]] == [f"e{episode}"]
    assert [one["count"] for one in items(user_client, "playlists")] == [1]
    assert user_client.delete(address).status_code == 200
    assert user_client.get(address).status_code == 404


def test_a_playlist_takes_only_what_exists(world: World, user_client: FlaskClient) -> None:
    made = user_client.post("/api/v1/user/playlists", json={"name": "Friday"}).get_json()
    found = user_client.post(f"/api/v1/user/playlists/{made['id']}/items", json={"media_id": "m999"})
    assert found.status_code == 404
    assert user_client.post(f"/api/v1/user/playlists/{made['id']}/items", json={}).status_code == 422


def test_somebody_elses_playlist_does_not_exist(world: World, make_user: MakeUser) -> None:
    anna, boris = make_user("anna").client, make_user("boris").client
    address = f"/api/v1/user/playlists/{anna.post('/api/v1/user/playlists', json={'name': 'Mine'}).get_json()['id']}"
    assert boris.get(address).status_code == 404
    assert boris.patch(address, json={"name": "Yours"}).status_code == 404
    assert boris.delete(address).status_code == 404
    assert items(boris, "playlists") == []


def test_preferences_are_kept_by_name(world: World, user_client: FlaskClient) -> None:
    address = "/api/v1/user/preferences"
    user_client.post(address, json={"preferences": {"theme": "dark", "player.speed": 1.5}})
    kept = user_client.post(address, json={"preferences": {"theme": "light", "player.speed": None}}).get_json()
    assert kept == {"preferences": {"theme": "light"}}
    assert user_client.get(address).get_json() == kept


@pytest.mark.parametrize(
    "body",
    [{}, {"preferences": {"Bad Name": 1}}, {"preferences": {"x": "y" * 20_000}}, {"preferences": []}],
)
def test_senseless_preferences_are_refused(world: World, user_client: FlaskClient, body: Any) -> None:
    assert user_client.post("/api/v1/user/preferences", json=body).status_code == 422


def test_nobody_who_is_not_signed_in_has_records(world: World, client: FlaskClient) -> None:
    for address in ("history", "continue", "next", "watchlist", "playlists", "preferences"):
        assert client.get(f"/api/v1/user/{address}").status_code == 401
