"""How times are written: one rule on every page and in every script."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

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


@pytest.mark.parametrize(("cookie", "shown"), [("180", "01:30"), ("-300", "17:30"), ("", "22:30"), ("soon", "22:30")])
def test_moments_are_told_by_the_visitors_clock(app: Flask, cookie: str, shown: str) -> None:
    when = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
    with app.test_request_context(headers={"Cookie": f"matinee_zone={cookie}"}):
        assert phrases.moment(when).endswith(shown)
        assert phrases.day(when).startswith("Mar 2" if cookie == "180" else "Mar 1")
        assert phrases.day(date(2026, 3, 1)).startswith("Mar 1"), "a day is no moment: it is the same everywhere"


def test_today_ends_at_the_visitors_midnight(app: Flask) -> None:
    now = datetime.now(UTC)
    ahead = (24 - now.hour) * 60  # where it is tomorrow already
    with app.test_request_context(headers={"Cookie": f"matinee_zone={min(ahead, 840)}"}):
        here = now + timedelta(minutes=min(ahead, 840))
        assert phrases.day(now) == "today"
        assert phrases.day(now - timedelta(hours=here.hour, minutes=here.minute + 1)) == "yesterday"
