"""Files that name one work meet in one title; look-alikes stay apart."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from app.catalog import service
from app.catalog.models import Episode, ExternalId, Season, Title
from app.core.identify import Identification
from app.extensions import db, writing
from app.signals import title_changed

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def names(title: str, year: int | None = None, **facts: Any) -> Identification:
    return Identification(path=f"{title}.mkv", kind="movie", title=title, year=year, confidence=0.9, **facts)


@pytest.fixture
def catalog(core_app: Flask) -> Iterator[None]:
    with core_app.app_context():
        yield


def film(*found: Identification) -> list[int]:
    with writing():
        return [service.ensure_movie(one, now=NOW).id for one in found]


def show(*found: Identification) -> list[int]:
    with writing():
        return [service.ensure_show(one, now=NOW).id for one in found]


@pytest.mark.usefixtures("catalog")
class TestFilms:
    def test_two_spellings_of_one_film_meet(self) -> None:
        one, other = film(names("Spider-Man", 2002), names("spider man", 2002))
        assert one == other

    def test_a_remake_is_another_film(self) -> None:
        one, other = film(names("Heat", 1986), names("Heat", 1995))
        assert one != other

    def test_a_film_without_a_year_is_not_guessed_to_be_one_with(self) -> None:
        one, other = film(names("Heat", 1995), names("Heat"))
        assert one != other

    def test_a_film_and_a_show_of_one_name_are_two_works(self) -> None:
        assert film(names("Fargo", 1996)) != show(names("Fargo", 1996))

    def test_an_explicit_id_names_the_film_whatever_the_spelling(self) -> None:
        first = film(names("The Matrix", 1999, ids={"tmdb": "603"}))
        assert film(names("Matrix", ids={"tmdb": "603"})) == first

    def test_one_name_and_year_with_different_ids_are_two_films(self) -> None:
        one, other = film(names("Aladdin", 1992, ids={"tmdb": "1"}), names("Aladdin", 1992, ids={"tmdb": "2"}))
        assert one != other

    def test_an_id_that_is_learnt_later_is_kept(self) -> None:
        film(names("Heat", 1995), names("Heat", 1995, ids={"imdb": "tt0113277"}))
        assert db.session.execute(select(ExternalId.provider, ExternalId.value)).all() == [("imdb", "tt0113277")]

    def test_a_name_of_a_thousand_letters_is_kept_short_and_apart(self) -> None:
        one, other = film(names("x" * 1000 + "a"), names("x" * 1000 + "b"))
        assert one != other

    def test_the_same_film_in_a_later_unit_is_the_same_row(self) -> None:
        assert film(names("Heat", 1995)) == film(names("Heat", 1995))


@pytest.mark.usefixtures("catalog")
class TestShows:
    @pytest.mark.parametrize("order", [(None, 2004), (2004, None)])
    def test_a_show_with_and_without_its_year_is_one(self, order: tuple[int | None, int | None]) -> None:
        one, other = show(names("Lost", order[0]), names("Lost", order[1]))
        assert one == other
        assert db.session.get_one(Title, one).year == 2004

    def test_a_remake_is_another_show(self) -> None:
        one, other = show(names("Battlestar", 1978), names("Battlestar", 2004))
        assert one != other

    def test_a_name_that_could_be_either_remake_is_neither(self) -> None:
        ids = show(names("Battlestar", 1978), names("Battlestar", 2004), names("Battlestar"), names("Battlestar"))
        assert len(set(ids)) == 3
        assert ids[2] == ids[3]

    def test_once_anime_it_stays_anime(self) -> None:
        with writing():
            service.ensure_show(names("Frieren"), anime=True, now=NOW)
            again = service.ensure_show(names("Frieren"), now=NOW)
        assert again.is_anime

    def test_episodes_and_seasons_are_made_once(self) -> None:
        with writing():
            title = service.ensure_show(names("Lost"), now=NOW)
            first = service.ensure_episode(title, 1, 1, name="Pilot", now=NOW)
        with writing():
            title = service.ensure_show(names("Lost"), now=NOW)
            again = service.ensure_episode(title, 1, 1, name="Another", absolute=1, now=NOW)
            service.ensure_episode(title, 0, 1, now=NOW)
        assert first.id == again.id
        assert (again.name, again.absolute) == ("Pilot", 1)
        assert db.session.scalars(select(Season.number).order_by(Season.number)).all() == [0, 1]

    def test_a_batch_of_two_hundred_known_episodes_costs_few_queries(self) -> None:
        found = [names(f"Show {n % 10}") for n in range(200)]
        with writing():
            for n, one in enumerate(found):
                service.ensure_episode(service.ensure_show(one, now=NOW), 1, n, now=NOW)
        queries: list[str] = []
        with writing():
            event.listen(db.engine, "before_cursor_execute", listener := lambda *args: queries.append(args[2]))
            service.prefetch(found)
            for n, one in enumerate(found):
                service.ensure_episode(service.ensure_show(one, now=NOW), 1, n, now=NOW)
            event.remove(db.engine, "before_cursor_execute", listener)
        assert len(queries) <= 6  # PostgreSQL is also asked for the lock
        assert db.session.scalar(select(func.count(Episode.id))) == 200


@pytest.mark.usefixtures("catalog")
class TestPlaces:
    def test_a_double_episode_has_two(self) -> None:
        found = service.places(names("Lost", season=2, episodes=(1, 2)))
        assert [(place.season, place.number) for place in found] == [(2, 1), (2, 2)]

    def test_absolute_numbers_alone_count_in_the_first_season(self) -> None:
        (place,) = service.places(names("Naruto", absolute=(145,)))
        assert (place.season, place.number, place.absolute) == (1, 145, 145)

    def test_a_day_is_a_place(self) -> None:
        (place,) = service.places(names("The Daily Show", date="2024-03-15"))
        assert (place.season, place.number, place.air_date) == (2024, 315, date(2024, 3, 15))

    def test_a_whole_season_names_no_episode(self) -> None:
        assert service.places(names("Lost", season=2)) == ()


@pytest.mark.usefixtures("catalog")
def test_a_unit_tells_once_what_it_changed() -> None:
    told: list[list[int]] = []

    def listen(_sender: Any, title_ids: list[int]) -> None:
        told.append(title_ids)

    title_changed.connect(listen)
    try:
        ids = film(names("Heat", 1995), names("Ran", 1985))
        film(names("Heat", 1995))
    finally:
        title_changed.disconnect(listen)
    assert told == [sorted(ids)]


@pytest.mark.usefixtures("catalog")
def test_a_savepoint_that_is_undone_leaves_no_ghost_in_memory() -> None:
    with writing() as session:
        try:
            with session.begin_nested():
                service.ensure_movie(names("Ghost", 1990), now=NOW)
                raise RuntimeError("on purpose")
        except RuntimeError:
            pass
        kept = service.ensure_movie(names("Ghost", 1990), now=NOW).id
    assert db.session.scalars(select(Title.id)).all() == [kept]


@pytest.mark.usefixtures("catalog")
class TestShowsOfOneName:
    def test_a_country_tells_two_shows_apart(self) -> None:
        one, other = show(names("Night Post"), names("Night Post", country="US"))
        assert one != other

    def test_the_year_of_a_later_season_makes_no_second_show(self) -> None:
        one, other = show(names("Night Post", 2010), names("Night Post", 2014, year_of_release=True))
        assert one == other
