"""Candidates weighed by evidence: what is surely the work is chosen, and what could be another waits for a person."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.core.match import Candidate, Evidence, decide
from app.core.match.titles import BEGINS_ALIKE, MISSPELT, SAME, SAME_BARE, SAME_LOOSELY, SAME_OTHER, UNLIKE, likeness

HEAT = Candidate("tmdb", "949", "movie", ("Heat",), year=1995, runtimes=(170,), popularity=40, language="en")
OTHER_HEAT = Candidate("tmdb", "10", "movie", ("Heat",), year=1986, runtimes=(101,), popularity=5, language="en")
FILE = Evidence("movie", ("Heat",), year=1995, runtimes=(170 * 60,))

OFFICE_US = Candidate(
    "tmdb", "2316", "show", ("The Office",), year=2005, runtimes=(22,), countries=("US",), seasons={1: 6, 2: 22, 3: 25}
)
OFFICE_UK = Candidate(
    "tmdb", "2996", "show", ("The Office",), year=2001, runtimes=(30,), countries=("GB",), seasons={1: 6, 2: 6}
)


def chosen(evidence: Evidence, *candidates: Candidate) -> str | None:
    verdict = decide(evidence, candidates)
    return verdict.chosen.candidate.value if verdict.chosen else None


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ("Amelie", "Amélie", SAME),
        ("Fast & Furious", "Fast and Furious", SAME),
        ("The Matrix", "Matrix", SAME_LOOSELY),
        ("Rocky II", "Rocky 2", SAME_LOOSELY),
        ("Kaguya-sama 2nd Season", "Kaguya-sama", SAME_BARE),
        ("House of Cards (US)", "House of Cards", SAME_BARE),
        ("Interstelar", "Interstellar", MISSPELT),
        ("Borat", "Borat: Cultural Learnings", BEGINS_ALIKE),
        ("Alien", "Aliens", UNLIKE),
        ("District 9", "District 8", UNLIKE),
        ("Rocky II", "Rocky III", UNLIKE),
        ("Rocky", "Rocky II", UNLIKE),
    ],
)
def test_how_alike_two_names_are(ours: str, theirs: str, expected: object) -> None:
    assert likeness([ours], [theirs]) == expected
    assert likeness([theirs], [ours]) == expected


def test_another_name_that_the_provider_lists_counts_nearly_as_its_own() -> None:
    assert likeness(["Унесённые призраками"], ["Spirited Away"], ["Унесенные призраками"]) == SAME_OTHER


def test_the_year_tells_a_film_from_its_remake() -> None:
    assert chosen(FILE, OTHER_HEAT, HEAT) == "949"
    assert chosen(replace(FILE, year=1986, runtimes=()), OTHER_HEAT, HEAT) == "10"


def test_without_a_year_the_length_tells_them_apart_and_nothing_else_does() -> None:
    nameless = replace(FILE, year=None)
    assert chosen(nameless, OTHER_HEAT, HEAT) == "949"
    assert chosen(replace(nameless, runtimes=()), OTHER_HEAT, HEAT) is None
    assert chosen(replace(nameless, runtimes=(130 * 60,)), OTHER_HEAT, HEAT) is None


def test_a_remake_that_the_provider_does_not_know_is_left_alone() -> None:
    assert chosen(replace(FILE, year=2023, runtimes=(104 * 60,)), OTHER_HEAT, HEAT) is None
    assert chosen(replace(FILE, year=2023), HEAT) is None  # even where the length agrees by chance


def test_a_year_may_be_off_by_one_where_the_length_agrees() -> None:
    assert chosen(replace(FILE, year=1996), OTHER_HEAT, HEAT) == "949"
    assert chosen(replace(FILE, year=1996, runtimes=(60 * 60,)), OTHER_HEAT, HEAT) is None


def test_an_id_in_the_path_decides_whatever_the_names_say() -> None:
    evidence = replace(FILE, names=("Something else",), year=None, ids={"tmdb": "10"})
    assert chosen(evidence, OTHER_HEAT, HEAT) == "10"
    by_imdb = replace(HEAT, ids={"imdb": "tt0113277"})
    assert chosen(replace(evidence, ids={"imdb": "tt0113277"}), OTHER_HEAT, by_imdb) == "949"


def test_a_longer_cut_is_still_the_film() -> None:
    assert chosen(replace(FILE, runtimes=(188 * 60,)), OTHER_HEAT, HEAT) == "949"


def test_a_film_that_runs_at_the_pace_of_television_has_the_same_length() -> None:
    verdict = decide(replace(FILE, runtimes=(170 * 60 * 24 / 25,)), [HEAT])
    assert any("same length" in reason for reason in verdict.ranked[0].reasons)


def test_episodes_tell_two_shows_of_one_name_apart() -> None:
    early = Evidence("show", ("The Office",), episodes={(1, 1): None}, runtimes=(22 * 60,))
    assert chosen(early, OFFICE_US, OFFICE_UK) is None
    late = replace(early, episodes={(3, number): None for number in range(1, 24)})
    assert chosen(late, OFFICE_US, OFFICE_UK) == "2316"


def test_a_country_in_the_name_tells_them_apart() -> None:
    evidence = Evidence("show", ("The Office",), episodes={(1, 1): None}, country="UK")
    assert chosen(evidence, OFFICE_US, OFFICE_UK) == "2996"


def test_names_of_episodes_tell_them_apart() -> None:
    named = replace(OFFICE_UK, episode_names={(1, 1): "Downsize"})
    other = replace(OFFICE_US, episode_names={(1, 1): "Pilot"})
    evidence = Evidence("show", ("The Office",), episodes={(1, 1): "Downsize"})
    assert chosen(evidence, other, named) == "2996"


def test_an_anime_library_wants_anime() -> None:
    anime = Candidate("tmdb", "1", "show", ("Monster",), year=2004, seasons={1: 74}, is_anime=True)
    series = Candidate("tmdb", "2", "show", ("Monster",), year=2022, seasons={1: 10}, is_anime=False)
    evidence = Evidence("show", ("Monster",), is_anime=True, episodes={(1, 40): None}, absolute=(40,))
    assert chosen(evidence, series, anime) == "1"


def test_the_order_of_candidates_does_not_matter_and_one_is_counted_once() -> None:
    whole = replace(HEAT, is_whole=True)
    one = decide(FILE, [HEAT, OTHER_HEAT, whole])
    other = decide(FILE, [whole, HEAT, OTHER_HEAT])
    assert one == other
    assert [ranked.candidate.value for ranked in one.ranked] == ["949", "10"]
    assert one.ranked[0].candidate.is_whole


def test_what_was_found_is_told_with_reasons() -> None:
    verdict = decide(replace(FILE, year=2023), [HEAT])
    assert verdict.chosen is None
    assert verdict.reason == "nothing fits well enough"
    told = verdict.ranked[0].as_json()
    assert told["title"] == "Heat"
    assert "another year (1995, the files say 2023)" in told["reasons"]
    assert decide(FILE, []).reason == "nothing of that name was found"
