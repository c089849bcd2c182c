"""What matching and editing promise holds on PostgreSQL too: the same tests, another database."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from config import Config
from tests.databases import postgresql_server
from tests.fakes import tmdb
from tests.library.test_editing import (
    profile_id,
    test_a_show_is_split_by_its_files,
    test_files_that_are_another_film_are_split_off_and_stay_so,
    test_two_titles_are_joined_with_what_people_did,
    test_what_was_edited_is_locked_and_stays,
)
from tests.library.test_matching import (
    server,
    shelf,
    test_a_film_is_told_of_in_full,
    test_a_person_says_that_it_is_none_of_them,
    test_a_show_is_told_of_with_its_episodes,
    test_episodes_that_are_counted_through_go_to_their_seasons_with_what_people_did,
    test_films_are_found_by_who_made_them_and_by_their_collection,
    test_two_titles_that_are_one_film_become_one_with_the_newer_of_what_people_did,
)

__all__ = [
    "profile_id",
    "server",
    "shelf",
    "test_a_film_is_told_of_in_full",
    "test_a_person_says_that_it_is_none_of_them",
    "test_a_show_is_split_by_its_files",
    "test_a_show_is_told_of_with_its_episodes",
    "test_episodes_that_are_counted_through_go_to_their_seasons_with_what_people_did",
    "test_files_that_are_another_film_are_split_off_and_stay_so",
    "test_films_are_found_by_who_made_them_and_by_their_collection",
    "test_two_titles_are_joined_with_what_people_did",
    "test_two_titles_that_are_one_film_become_one_with_the_newer_of_what_people_did",
    "test_what_was_edited_is_locked_and_stays",
]

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    with postgresql_server() as url:
        yield url


@pytest.fixture
def config(config: Config, server: tmdb.Fake, postgresql_url: str) -> Config:
    return dataclasses.replace(config, tmdb_api_key=tmdb.KEY, tmdb_base_url=server.url, database_url=postgresql_url)
