"""Filters in words, and words typed in the other layout."""

from __future__ import annotations

import pytest

from app.core.asking import NONE, Filters, other_layout, read


@pytest.mark.parametrize(
    ("typed", "words", "filters"),
    [
        ("heat", "heat", NONE),
        ("heat year:1995", "heat", Filters(years=(1995, 1995))),
        ("year:1990-1999 genre:drama", "", Filters(years=(1990, 1999), genre="drama")),
        ("год:1972- солярис", "солярис", Filters(years=(1972, 9999))),
        ("year:1999..1990", "", Filters(years=(1990, 1999))),
        ('genre:"science fiction" 4k', "", Filters(genre="science fiction", min_height=2000)),
        ("unwatched 1080p matrix", "matrix", Filters(watched=False, min_height=1000)),
        ("просмотренные", "", Filters(watched=True)),
        ("rating:7.5 kind:film", "", Filters(min_rating=7.5, kind="movie")),
        ("rating:>=8,1", "", Filters(min_rating=8.1)),
        ("type:anime is:unwatched", "", Filters(anime=True, watched=False)),
        ("is:series quality:4k", "", Filters(kind="show", min_height=2000)),
        ("Mission: Impossible", "Mission: Impossible", NONE),
        ("year:soon", "year:soon", NONE),
        ("rating:eleven rating:11", "rating:eleven rating:11", NONE),
        ("2001:a space odyssey", "2001:a space odyssey", NONE),
        ("genre:", "genre:", NONE),
    ],
)
def test_what_narrows_is_taken_out_and_the_rest_stays(typed: str, words: str, filters: Filters) -> None:
    assert read(typed) == (words, filters)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ghbdtn", "привет"),
        ("Vfnhbwf", "Матрица"),
        ("руфе", "heat"),
        ("[jkjg", "холоп"),
        ("gjtpl 2", "поезд 2"),
        ("2012", None),
        ("", None),
    ],
)
def test_the_same_keys_in_the_other_layout(typed: str, meant: str | None) -> None:
    assert other_layout(typed) == meant
