"""What a scan promises holds on PostgreSQL too: the same tests, another database."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.extensions import db
from app.factory import core
from config import Config
from tests.databases import postgresql_server
from tests.library.scanning import World, make_world
from tests.library.test_scan import (  # noqa: F401 - collected here again
    test_a_disk_that_is_away_makes_nothing_go_missing,
    test_a_double_episode_is_both_episodes,
    test_a_file_that_is_gone_is_missing_first_and_forgotten_after_the_grace_period,
    test_a_film_and_an_episode_are_browsable_after_one_scan,
    test_a_moved_file_keeps_its_row_and_what_people_did,
    test_a_part_of_a_library_can_be_scanned_alone,
    test_changed_content_at_the_same_path_is_read_again,
    test_hostile_names_enter_to_the_byte,
    test_subtitles_beside_a_film_are_streams_of_it_and_follow_it,
    test_what_is_broken_or_dangerous_is_told_of_and_harms_nothing,
)
from workers import runtime

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    with postgresql_server() as url:
        yield url


@pytest.fixture
def world(postgresql_url: str, config: Config, tmp_path: Path, clip: Path) -> Iterator[World]:
    app = core(dataclasses.replace(config, database_url=postgresql_url))
    runtime.use(app)
    with app.app_context():
        db.create_all()
        yield make_world(tmp_path / "media", clip)
        db.session.remove()
        db.drop_all()
        db.engine.dispose()
