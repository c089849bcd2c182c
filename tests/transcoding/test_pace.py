"""How fast a picture is made at present, as players hear it."""

from __future__ import annotations

import pytest
import redis

from app.transcoding import pace


def test_nothing_is_known_of_what_was_never_made(client: redis.Redis) -> None:
    assert pace.read(client, "r") is None


def test_the_newest_cell_counts_as_much_as_all_before_it(client: redis.Redis) -> None:
    pace.note(client, "r", 2.0)
    pace.note(client, "r", 3.0)

    assert pace.read(client, "r") == pytest.approx(2.5)
    assert pace.read(client, "other") is None


def test_a_runs_beginning_says_nothing_unless_it_is_hopelessly_slow(client: redis.Redis) -> None:
    pace.note(client, "r", 0.9, is_first=True)
    assert pace.read(client, "r") is None

    pace.note(client, "r", 0.4, is_first=True)
    assert pace.read(client, "r") == pytest.approx(0.4)

    pace.note(client, "r", 2.0)
    assert pace.read(client, "r") == pytest.approx(1.2)
