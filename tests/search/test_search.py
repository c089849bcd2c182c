"""People find what they mean, however they type it. On both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text

from app.catalog import service
from app.catalog.models import Title
from app.extensions import db, writing
from app.search.models import SearchEntry, SearchWord
from app.search.queries import Narrowing, search
from tests.catalog.world import NOW, World

ANYTHING = Narrowing()
pytestmark = pytest.mark.usefixtures("inside")


@pytest.fixture
def library(world: World) -> dict[str, str]:
    made = {
        name: f"m{world.film(name, year, **facts)}"
        for name, year, facts in (
            ("The Silent River", 1999, {"popularity": 5.0}),
            ("Silent River II", 2003, {}),
            ("Spider-Man", 2002, {"popularity": 50.0, "genres": ["Action"]}),
            ("Starwars", 1977, {}),
            ("Heat", 1995, {"rating": 8.2, "genres": ["Crime"]}),
            ("Heat", 1986, {"rating": 5.0}),
            ("Heather's Garden", 2010, {}),
            ("Amélie & Björn", 2001, {}),
            ("Чёрный поезд", 2015, {}),
            ("Midnight Lantern", 2020, {"original_name": "夜の街"}),
            ("Terminator", 1984, {"popularity": 90.0}),
            ("2012", 2009, {}),
        )
    }
    made["Heat 1995"], made["Heat 1986"] = sorted(
        (f"m{key}" for key in db.session.scalars(select(Title.id).where(Title.name == "Heat"))),
        key=lambda media_id: int(media_id[1:]),
    )
    show, first, second = world.show(
        "Breaking Ground", {1: 2}, 2008, names={(1, 1): "Pilot", (1, 2): "Ozymandias Falls"}
    )
    made.update({"Breaking Ground": f"s{show}", "Pilot": f"e{first}", "Ozymandias": f"e{second}"})
    return made


def best(query: str, narrowing: Narrowing = ANYTHING) -> str | None:
    hits = search(query, narrowing)
    return hits[0].media_id if hits else None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("silent river", "The Silent River"),
        ("SILENT   river!", "The Silent River"),
        ("the silent rive", "The Silent River"),
        ("slient river", "The Silent River"),
        ("silent rver", "The Silent River"),
        ("silent river 2", "Silent River II"),
        ("spider man", "Spider-Man"),
        ("spiderman", "Spider-Man"),
        ("spider-man", "Spider-Man"),
        ("spidr man", "Spider-Man"),
        ("star wars", "Starwars"),
        ("heat 1986", "Heat 1986"),
        ("heathers garden", "Heather's Garden"),
        ("heather's garden", "Heather's Garden"),
        ("amelie and bjorn", "Amélie & Björn"),
        ("amélie bjorn", "Amélie & Björn"),
        ("черный поезд", "Чёрный поезд"),
        ("чёрный поезт", "Чёрный поезд"),
        ("夜の街", "Midnight Lantern"),
        ("夜の", "Midnight Lantern"),
        ("termi", "Terminator"),
        ("terminatro", "Terminator"),
        ("termna", "Terminator"),
        ("2012", "2012"),
        ("a silent river of gold", "The Silent River"),
        ("breaking", "Breaking Ground"),
        ("ozymandias", "Ozymandias"),
        ("breaking ground ozymandias", "Ozymandias"),
        ("ozymandais", "Ozymandias"),
    ],
)
def test_what_is_typed_finds_what_is_meant(library: dict[str, str], typed: str, meant: str) -> None:
    assert best(typed) == library[meant]


def test_the_whole_name_comes_before_longer_and_better_known_ones(library: dict[str, str]) -> None:
    hits = [hit.media_id for hit in search("heat", ANYTHING)]
    assert set(hits[:2]) == {library["Heat 1995"], library["Heat 1986"]}
    assert hits[2] == library["Heather's Garden"]


def test_an_article_alone_finds_no_crowd_before_the_name(library: dict[str, str]) -> None:
    assert best("the") == library["The Silent River"]


@pytest.mark.parametrize("nothing", ["", "   ", "!!!", "\t", "qqqqqqqqq zzzzzzzz", '"*()', "' OR 1=1 --", "NEAR(a b)"])
def test_nothing_is_found_for_nothing_and_nothing_breaks(library: dict[str, str], nothing: str) -> None:
    assert [hit for hit in search(nothing, ANYTHING) if hit.score > 1] == []


def test_a_search_can_be_narrowed(library: dict[str, str]) -> None:
    assert best("heat", Narrowing(year=1986)) == library["Heat 1986"]
    assert best("heat", Narrowing(min_rating=8)) == library["Heat 1995"]
    assert best("heat", Narrowing(genre="Crime")) == library["Heat 1995"]
    assert best("heat", Narrowing(kind="show")) is None
    assert best("pilot", Narrowing(kind="episode")) == library["Pilot"]
    assert best("heat", Narrowing(anime=True)) is None


def test_episodes_do_not_bury_their_show(world: World) -> None:
    show, *_ = world.show("Harbor Lights", {1: 9}, names={(1, n): f"Part {n}" for n in range(1, 10)})
    assert [hit.media_id for hit in search("harbor lights", ANYTHING)] == [f"s{show}"]


def test_a_renamed_title_is_found_by_its_new_name_only(library: dict[str, str]) -> None:
    with writing():
        title = db.session.get_one(Title, int(library["Terminator"][1:]))
        title.name = "Judgement Machine"
        service.describe(title, now=NOW)
    assert best("judgement") == library["Terminator"]
    assert library["Terminator"] not in {hit.media_id for hit in search("terminator", ANYTHING)}


def test_a_title_that_is_forgotten_leaves_no_trace(library: dict[str, str]) -> None:
    with writing():
        service.forget(db.session.scalars(select(Title.id)).all())
    assert db.session.scalar(select(func.count()).select_from(SearchEntry)) == 0
    assert db.session.scalars(select(SearchWord.word).where(SearchWord.count != 0)).all() == []
    assert search("terminator", ANYTHING) == []


def test_the_index_is_in_step_even_when_the_database_deletes_by_itself(library: dict[str, str]) -> None:
    with writing() as session:
        session.execute(text("DELETE FROM title WHERE name = 'Terminator'"))
    assert search("terminator", ANYTHING) == []
    assert best("spider") == library["Spider-Man"]


def test_a_change_that_is_rolled_back_is_not_found(world: World) -> None:
    try:
        with writing():
            service.ensure_movie(world._names("Phantom Carriage", 1921), now=NOW)
            raise RuntimeError("on purpose")
    except RuntimeError:
        pass
    assert search("phantom", ANYTHING) == []


def test_a_title_without_files_is_not_offered(world: World) -> None:
    world.film("Nowhere Now", 2001, files=0)
    assert search("nowhere now", ANYTHING) == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("xthysq gjtpl", "Чёрный поезд"),
        ("xthysq", "Чёрный поезд"),
        ("руфе 1995", "Heat 1995"),
        ("ызшвукьфт", "Spider-Man"),
        ("руферукэы", "Heather's Garden"),
    ],
)
def test_words_in_the_other_layout_find_what_was_meant(library: dict[str, str], typed: str, meant: str) -> None:
    assert best(typed) == library[meant]


def test_words_that_are_there_are_never_read_in_the_other_layout(library: dict[str, str]) -> None:
    assert best("heat 1986") == library["Heat 1986"]
    assert best("qqqq") is None


def test_filters_in_words_narrow(library: dict[str, str]) -> None:
    assert best("heat year:1986") == library["Heat 1986"]
    assert best("heat rating:8") == library["Heat 1995"]
    assert best("genre:crime") == library["Heat 1995"]
    assert best("year:1980-1989") == library["Terminator"]
    assert best("kind:series") == library["Breaking Ground"]
    assert best("kind:episode pilot") == library["Pilot"]
    assert best("heat year:1920") is None


def test_a_word_that_could_narrow_may_be_a_title(library: dict[str, str], world: World) -> None:
    film = f"m{world.film('Unwatched', 2019)}"
    assert best("4k unwatched") == film
    assert best("unwatched year:1800") is None
