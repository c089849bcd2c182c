"""Search and suggestions over HTTP."""

from __future__ import annotations

from flask.testing import FlaskClient

from tests.catalog.world import World


def test_a_search_answers_a_page_of_cards(world: World, user_client: FlaskClient) -> None:
    film = world.film("Silent River", 1999)
    world.film("Silent Garden", 2001)
    found = user_client.get("/api/v1/media/search?q=slient+river").get_json()
    assert found["items"][0]["media_id"] == f"m{film}"
    assert (found["page"], found["total"] >= 1) == (1, True)
    paged = user_client.get("/api/v1/media/search?q=silent&per_page=1&page=2").get_json()
    assert (len(paged["items"]), paged["total"]) == (1, 2)


def test_an_empty_search_finds_nothing(world: World, user_client: FlaskClient) -> None:
    world.film("Silent River", 1999)
    for query in ("", "?q=", "?q=%00", "?q=!!!"):
        found = user_client.get(f"/api/v1/media/search{query}")
        assert found.status_code in {200, 422}
        assert found.get_json().get("items", []) == []


def test_suggestions_complete_what_is_typed(world: World, user_client: FlaskClient) -> None:
    film = world.film("Silent River", 1999)
    found = user_client.get("/api/v1/media/suggest?q=sil").get_json()["items"]
    assert found == [{"text": "Silent River", "media_id": f"m{film}", "kind": "movie", "year": 1999, "poster": None}]
