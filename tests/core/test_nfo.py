"""Which NFO file tells of what, and how its word stands against a provider's."""

from __future__ import annotations

from app.core import nfo
from app.core.match import Evidence
from app.core.metadata import EpisodeFacts, Part, SeasonFacts, WorkFacts
from app.core.nfo import Nfo

HEAT = WorkFacts(
    provider="tmdb",
    value="949",
    kind="movie",
    name="Heat",
    localized={"ru": {"name": "Схватка", "overview": "Грабители."}},
    other_names=("Fuego contra fuego",),
    year=1995,
    overview="Robbers.",
    rating=7.9,
    genres=("Crime",),
    people=(Part("Al Pacino", "actor", "1158", "Hanna", portrait="https://example.org/p.jpg"),),
    ids={"tmdb": "949", "imdb": "tt0113277"},
)


def told(**more: object) -> Nfo:
    ids = more.pop("ids", {})
    is_locked = more.pop("is_locked", False)
    work = WorkFacts(**{"provider": "nfo", "value": "", "kind": "movie", "name": "", **more})  # type: ignore[arg-type]
    return Nfo("movie", work, ids=ids, is_locked=bool(is_locked))  # type: ignore[arg-type]


def test_a_films_own_file_stands_before_its_folders() -> None:
    names = list(nfo.of_film("Heat (1995) - cd1.mkv", is_alone=True))
    assert names[0] == "Heat (1995) - cd1.nfo"
    assert "Heat (1995).nfo" in names
    assert names[-2:] == ["movie.nfo", "movie.NFO"]
    assert not any(nfo.tells_of_a_folder(name) for name in nfo.of_film("Heat.mkv", is_alone=False))


def test_a_show_is_told_of_in_its_folder_or_above_its_seasons() -> None:
    def folders(folder: str) -> list[str]:
        return list(dict.fromkeys(place for place, _ in nfo.of_show(folder)))

    assert folders("Show/Season 1") == ["Show/Season 1", "Show"]
    assert folders("Show/Season 1/Show S01E01") == ["Show/Season 1/Show S01E01", "Show/Season 1", "Show"]
    assert folders("TV/Show") == ["TV/Show"]
    assert folders("Season 1") == ["Season 1"]
    assert folders("") == []


def test_which_media_files_a_file_tells_of() -> None:
    assert nfo.tells_of("Heat.nfo", "Heat.mkv")
    assert nfo.tells_of("heat.NFO", "Heat.cd2.avi")
    assert nfo.tells_of("movie.nfo", "Heat.mkv")
    assert not nfo.tells_of("Heat.nfo", "Heat 2.mkv")


def test_episodes_are_found_by_their_place_or_their_turn() -> None:
    pilot, second = EpisodeFacts(1, 1.0, "Pilot"), EpisodeFacts(1, 2.0, "Second")
    assert nfo.episodes_in_order((pilot, second), [(7, 1, 2.0)]) == {7: second}
    assert nfo.episodes_in_order((pilot, second), [(7, 2, 13.0), (8, 2, 14.0)]) == {7: pilot, 8: second}
    assert nfo.episodes_in_order((pilot, second), [(7, 2, 13.0)]) == {}


def test_its_word_is_evidence() -> None:
    path = Evidence(kind="movie", names=("heat",), ids={"imdb": "tt0113277"})
    wider = nfo.widen(path, told(name="Heat", year=1995, ids={"tmdb": "949"}))
    assert (wider.names, wider.year, wider.ids) == (("Heat", "heat"), 1995, {"imdb": "tt0113277", "tmdb": "949"})


def test_where_its_ids_are_others_its_own_count_alone() -> None:
    path = Evidence(kind="movie", names=("heat",), ids={"imdb": "tt1", "tmdb": "10"})
    assert nfo.widen(path, told(ids={"tmdb": "949"})).ids == {"tmdb": "949"}


def test_the_strongest_id_that_both_have_says_whether_it_is_the_same_work() -> None:
    known = {"tmdb": "61", "tvdb": "7"}
    assert not nfo.contradicts(told(ids={"tmdb": "61", "tvdb": "8"}), known)
    assert nfo.contradicts(told(ids={"imdb": "tt1", "tvdb": "8"}), known)
    assert not nfo.contradicts(told(ids={"imdb": "tt1"}), known)
    assert not nfo.agrees(told(ids={"imdb": "tt1"}), known)
    assert nfo.agrees(told(ids={"tmdb": "61", "tvdb": "8"}), known)


def test_its_texts_win_and_what_ages_is_the_providers() -> None:
    joined = nfo.joined(told(name="Heat", overview="Mine.", rating=3.0, genres=("Drama",)), HEAT, wins=True)
    assert (joined.name, joined.overview, joined.rating, joined.genres) == ("Heat", "Mine.", 7.9, ("Drama",))
    assert joined.localized == HEAT.localized
    assert (joined.provider, joined.value, joined.year) == ("tmdb", "949", 1995)


def test_a_name_that_no_provider_knows_counts_in_every_language() -> None:
    joined = nfo.joined(told(name="Heat, my own cut"), HEAT, wins=True)
    assert (joined.name, joined.localized) == ("Heat, my own cut", {})
    assert {"Heat", "Схватка"} <= set(joined.other_names)


def test_against_a_persons_choice_it_fills_gaps_only() -> None:
    joined = nfo.joined(told(name="Other", overview="Other.", sort_name="Heat 1"), HEAT, wins=False)
    assert (joined.name, joined.overview, joined.sort_name) == ("Heat", "Robbers.", "Heat 1")
    assert joined.localized == HEAT.localized


def test_people_keep_the_portraits_that_a_provider_has() -> None:
    joined = nfo.joined(told(people=(Part("Al Pacino", "actor", "", "Vincent"),)), HEAT, wins=True)
    assert [(one.character, one.portrait) for one in joined.people] == [("Vincent", "https://example.org/p.jpg")]


def test_a_locked_file_leaves_no_texts_to_the_provider() -> None:
    joined = nfo.joined(told(name="Heat", is_locked=True), HEAT, wins=True)
    assert (joined.name, joined.overview, joined.genres, joined.people) == ("Heat", None, (), ())
    assert joined.ids == HEAT.ids


def test_named_seasons_keep_the_providers_count() -> None:
    show = WorkFacts("tmdb", "61", "show", "Harbor", seasons=(SeasonFacts(1, "Season 1", episode_count=8),))
    own = WorkFacts("nfo", "", "show", "", seasons=(SeasonFacts(1, "The Letters"),))
    joined = nfo.joined(Nfo("show", own), show, wins=True)
    assert joined.seasons == (SeasonFacts(1, "The Letters", episode_count=8),)


def test_alone_it_stands_for_the_work_under_its_strongest_id() -> None:
    alone = nfo.alone(told(name="Heat", ids={"imdb": "tt0113277"}), "movie", 5)
    assert alone is not None
    assert (alone.provider, alone.value) == ("nfo", "imdb:tt0113277")
    nameless = nfo.alone(told(name="Heat"), "movie", 5)
    assert nameless is not None
    assert nameless.value == "#5"
    assert nfo.alone(nfo.NOTHING, "movie", 5) is None
