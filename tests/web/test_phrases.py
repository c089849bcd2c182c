"""How times are written: one rule on every page and in every script."""

from __future__ import annotations

import pytest
from flask import Flask

from app.web import phrases


@pytest.mark.parametrize(
    ("seconds", "on_a_clock", "in_words"),
    [
        (119.99, "2:00", "2 min"),  # what `tests/js/core.test.js` says too
        (89.6, "1:30", "2 min"),
        (59.7, "1:00", "1 min"),
        (3599.99, "1:00:00", "1 h"),
        (2.5, "0:03", "3 s"),
        (0.2, "0:00", "1 s"),
    ],
)
def test_a_film_is_as_long_on_a_clock_as_in_words(app: Flask, seconds: float, on_a_clock: str, in_words: str) -> None:
    with app.test_request_context():
        assert phrases.clock(seconds) == on_a_clock
        assert phrases.length(seconds) == in_words
