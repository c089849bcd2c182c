"""What a process remembers of the catalog is right after every change, whoever made it, and is nobody's own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, delete, event, select, update

from app.accounts.models import Profile
from app.adapters.database import upsert
from app.browse import queries as browse
from app.browse.queries import Filter
from app.catalog import queries as catalog
from app.catalog.memory import TABLES, Kept, memory
from app.catalog.models import Artwork, Episode, Genre, Title, TitleGenre
from app.extensions import db, writing
from app.personal import queries as personal
from app.personal.service import record_progress
from tests.catalog.world import NOW, World
from tests.conftest import Person

ROOT = Path(__file__).resolve().parents[2]
FILMS = Filter("movie")


@contextmanager
def asked(*tables: str) -> Iterator[list[str]]:
    """The SELECTs of these tables that reach the database meanwhile."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.lstrip().startswith("SELECT") and any(f"FROM {table}" in statement for table in tables):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture
def profile_id(user: Person, inside: None) -> int:
    return db.session.scalars(select(Profile.id).where(Profile.user_id == user.user_id)).one()


def watch(film: int, profile_id: int) -> None:
    with writing():
        record_progress(
            profile_id=profile_id,
            media_id=f"m{film}",
            title_id=film,
            episode_id=None,
            position=600.0,
            duration=3600.0,
            signature=None,
            session_id="s",
            now=NOW,
        )


def word() -> str | None:
    db.session.rollback()
    held = memory()
    return held.word if held else None


def card_title(title_id: int) -> str:
    db.session.rollback()  # a new transaction, as another request has
    return catalog.title_cards([title_id])[0].title


def test_a_card_and_a_list_are_read_once(world: World, inside: None) -> None:
    film = world.film("Solaris", 1972)
    show, *episodes = world.show("Twin Peaks", {1: 2}, 1990)

    def everything() -> object:
        db.session.rollback()
        page = browse.page(FILMS, sort="name", descending=False, offset=0, limit=5)
        cards = catalog.cards([f"m{film}", f"s{show}", f"e{episodes[0]}"])
        return page, cards, catalog.newest_titles(limit=5), browse.popular(limit=5, offset=0), browse.how_many()

    with asked("title", "episode", "artwork") as first:
        before = everything()
    with asked("title", "episode", "artwork") as second:
        assert everything() == before

    assert len(first) >= 8
    assert second == []


def test_a_list_is_remembered_once_for_everybody(world: World, inside: None) -> None:
    world.film("Solaris", 1972)

    def page(profile_id: int) -> object:
        db.session.rollback()
        return browse.page(Filter("movie", profile_id=profile_id), sort="name", descending=False, offset=0, limit=5)

    first = page(1)
    with asked("title") as again:
        assert page(2) == first
    assert again == []


def test_every_table_of_the_catalog_counts_but_the_word_itself() -> None:
    assert {"title", "episode", "season", "artwork", "title_genre", "external_id"} <= TABLES
    assert not {"catalog_generation", "progress", "media_file"} & TABLES


def test_every_kind_of_write_is_seen_at_once(world: World, inside: None) -> None:
    film = world.film("Solaris", 1972)
    assert card_title(film) == "Solaris"

    with writing() as session:
        session.get_one(Title, film).name = "Solyaris"
    assert card_title(film) == "Solyaris"

    with writing() as session:
        session.execute(update(Title).where(Title.id == film).values(name="Soliaris"))
    assert card_title(film) == "Soliaris"

    picture = {"title_id": film, "kind": "poster", "origin": "sidecar", "path": "x", "width": 2, "height": 3}
    with writing() as session:
        session.execute(upsert(session, Artwork).values(**picture, updated_at=NOW))
    db.session.rollback()
    assert catalog.title_cards([film])[0].artwork["poster"].height == 3

    with writing() as session:
        session.execute(delete(Artwork).where(Artwork.title_id == film))
    db.session.rollback()
    assert catalog.title_cards([film])[0].artwork == {}

    with writing() as session:
        session.delete(session.get_one(Title, film))
    db.session.rollback()
    assert catalog.title_cards([film]) == []


def test_lists_follow_what_they_are_made_of(world: World, inside: None) -> None:
    film = world.film("Solaris", 1972)
    crime = Filter("movie", genre="Crime")

    def titles(wanted: Filter) -> list[int]:
        db.session.rollback()
        ids, total = browse.page(wanted, sort="name", descending=False, offset=0, limit=10)
        assert len(ids) == total
        return list(ids)

    assert (titles(FILMS), titles(crime)) == ([film], [])
    other = world.film("Heat", 1995)
    with writing() as session:
        session.add(Genre(id=7, name="Crime"))
        session.flush()
        session.add(TitleGenre(title_id=other, genre_id=7))

    assert (titles(FILMS), titles(crime)) == ([other, film], [other])
    assert catalog.newest_titles(limit=5, kind="movie") == [f"m{other}", f"m{film}"]


def test_another_process_is_heard_of(world: World, inside: None, app: Flask) -> None:
    film = world.film("Solaris", 1972)
    assert card_title(film) == "Solaris"
    db.session.rollback()
    config = app.config["MATINEE"]
    program = (
        "import sys; from app.factory import core; from config import Config; from app.extensions import writing\n"
        "from app.catalog.models import Title\n"
        "app = core(Config.from_env({'DATABASE_URL': sys.argv[1], 'MATINEE_DATA_DIR': sys.argv[2]}))\n"
        "with app.app_context(), writing() as session:\n"
        "    session.get_one(Title, int(sys.argv[3])).name = 'Told elsewhere'\n"
    )
    argv = [sys.executable, "-c", program, config.database_url, str(config.data_dir), str(film)]
    subprocess.run(argv, check=True, cwd=ROOT)

    assert card_title(film) == "Told elsewhere"


def test_what_is_taken_back_is_not_remembered(world: World, inside: None) -> None:
    film = world.film("Solaris", 1972)
    before = word()

    def change_and_fail() -> None:
        with writing() as session:
            session.get_one(Title, film).name = "Never"
            session.flush()
            assert catalog.title_cards([film])[0].title == "Never"  # whoever writes sees what they wrote
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change_and_fail()

    assert card_title(film) == "Solaris"
    assert word() == before


def test_a_unit_names_one_generation_and_what_is_no_catalog_names_none(
    world: World, inside: None, profile_id: int
) -> None:
    film = world.film("Solaris", 1972)
    before = word()
    assert before is not None

    watch(film, profile_id)
    assert word() == before

    with writing() as session, session.begin_nested():
        session.get_one(Title, film).year = 1973
    assert word() != before


def test_a_card_is_dressed_for_one_only(world: World, inside: None, profile_id: int) -> None:
    film = world.film("Solaris", 1972)
    watch(film, profile_id)
    db.session.rollback()
    (mine,) = personal.dress(profile_id, catalog.title_cards([film]))
    (bare,) = catalog.title_cards([film])

    assert mine.progress is not None
    assert bare.progress is None


def test_languages_are_remembered_apart(world: World, inside: None) -> None:
    film = world.film("Solaris", 1972, localized={"ru": {"name": "Солярис"}})
    for _ in range(2):
        assert catalog.title_cards([film], language="ru")[0].title == "Солярис"
        assert catalog.title_cards([film], language="en")[0].title == "Solaris"


def test_an_episode_takes_its_show_along(world: World, inside: None) -> None:
    show, episode = world.show("Twin Peaks", {1: 1}, 1990)
    assert catalog.episode_cards([episode])[0].title == "S01E01"
    with writing() as session:
        session.get_one(Title, show).name = "Твин Пикс"
        session.get_one(Episode, episode).name = "Pilot"
    db.session.rollback()
    (card,) = catalog.episode_cards([episode])

    assert card.show is not None
    assert (card.title, card.show.title) == ("Pilot", "Твин Пикс")


def test_what_is_kept_is_bounded() -> None:
    kept: Kept[int, str] = Kept(2)
    for number in range(4):
        kept.put(number, str(number))

    assert [kept.get(number) for number in range(4)] == [None, None, "2", "3"]
