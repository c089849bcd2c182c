"""NFO files beside films and episodes tell what they are: real folders, both databases, with TMDB and without."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import outbox
from app.adapters import http
from app.adapters.clock import now
from app.catalog import metadata as decided
from app.catalog.models import (
    Collection,
    CollectionTitle,
    Credit,
    Episode,
    ExternalId,
    Person,
    Season,
    Title,
    TitleMatch,
)
from app.extensions import db, writing
from app.jobs import METADATA
from app.library import nfos, queries
from config import Config
from tests.catalog.fixtures import config as both_databases
from tests.catalog.fixtures import postgresql_url
from tests.fakes import tmdb
from tests.library.scanning import World, make_world
from tests.library.test_matching import film, show
from workers import metadata, runtime, scheduler

__all__ = ["both_databases", "postgresql_url"]

WORKS = [
    # lengths are not told: the clips here last a second
    film(949, "Heat", 1995, 0, imdb_id="tt0113277", translations={"ru": {"name": "Схватка", "overview": "Да."}}),
    film(10, "Heat", 1986, 0),
    show(61, "Harbor Lights", 2015, [["Arrival", "The Letter"], ["Return", "Episode 2"]]),
]


@pytest.fixture
def config(both_databases: Config) -> Config:
    return both_databases


@pytest.fixture
def world(app: Flask, tmp_path: Path, clip: Path) -> Iterator[World]:
    runtime.use(app)
    with app.app_context():
        yield make_world(tmp_path / "media", clip)


@pytest.fixture
def server(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[tmdb.Fake]:
    """TMDB, with a key for it, from here on."""
    monkeypatch.setattr(http, "WAIT_INITIAL_S", 0.01)
    monkeypatch.setattr(http, "WAIT_JITTER_S", 0.0)
    with tmdb.serving(WORKS) as fake:
        set_key(app, fake)
        yield fake


def set_key(app: Flask, fake: tmdb.Fake) -> None:
    app.config["MATINEE"] = dataclasses.replace(app.config["MATINEE"], tmdb_api_key=tmdb.KEY, tmdb_base_url=fake.url)


def nfo(tag: str, **fields: Any) -> bytes:
    """An NFO file; `ids` are written as `uniqueid`."""
    ids: Mapping[str, str] = fields.pop("ids", {})
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    inner += "".join(f'<uniqueid type="{name}">{value}</uniqueid>' for name, value in ids.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{tag}>{inner}</{tag}>\n'.encode()


def look(world: World, **payload: Any) -> dict[str, int]:
    """Scans, and runs the metadata job that the scan asked for, or one of this payload; what that counted."""
    assert world.scan().outcome == "done"
    if payload:
        with writing():
            outbox.enqueue(METADATA, payload, now=now())
    counts: dict[str, int] = {}
    for job in waiting():
        metadata.run(job)
        db.session.rollback()
        done = db.session.get_one(outbox.Job, job, populate_existing=True)
        assert done.state == "done", (done.state, done.error)
        counts = done.detail.get("counts", {})
    db.session.rollback()
    return counts


def waiting() -> list[int]:
    rows = select(outbox.Job.id).where(outbox.Job.kind == METADATA.name, outbox.Job.state == "queued")
    found = list(db.session.scalars(rows.order_by(outbox.Job.id)))
    db.session.rollback()
    return found


def only_title() -> Title:
    db.session.rollback()
    return db.session.scalars(select(Title).execution_options(populate_existing=True)).one()


def match_of(title: Title) -> TitleMatch:
    return db.session.get_one(TitleMatch, title.id, populate_existing=True)


def ids() -> dict[str, str]:
    return {one.provider: one.value for one in db.session.scalars(select(ExternalId))}


FULL = nfo(
    "movie",
    title="Our Holiday",
    originaltitle="Unser Urlaub",
    sorttitle="Holiday 3",
    year="2019",
    plot="Sun &amp; sea.",
    genre="Family",
    rating="9.5",
    set="<name>Holidays</name>",
    director="Me Myself",
    actor="<name>Grandma</name><role>Herself</role>",
    ids={"imdb": "tt7000001"},
)


def test_without_a_provider_the_file_alone_tells_of_a_film(world: World) -> None:
    world.add("VID_2019/VID_2019.mp4")
    world.add("VID_2019/VID_2019.nfo", FULL)

    assert look(world)["matched"] == 1

    title = only_title()
    assert (title.name, title.original_name, title.year) == ("Our Holiday", "Unser Urlaub", 2019)
    assert (title.overview, title.rating, title.sort_name) == ("Sun & sea.", 9.5, "holiday 000003")
    assert [genre.name for genre in title.genres] == ["Family"]
    credits = db.session.execute(select(Person.name, Credit.job, Credit.character).join(Credit).order_by(Credit.id))
    assert [tuple(row) for row in credits] == [("Grandma", "actor", "Herself"), ("Me Myself", "director", None)]
    assert db.session.scalars(select(Collection.name).join(CollectionTitle)).all() == ["Holidays"]
    assert ids() == {"imdb": "tt7000001"}
    row = match_of(title)
    assert (row.state, row.provider, row.value) == ("matched", "nfo", "imdb:tt7000001")
    assert row.reason == "its NFO file says so"
    assert row.next_at == decided.NOBODY_TO_ASK


def test_without_a_provider_files_tell_of_a_show_and_its_episodes(world: World) -> None:
    world.add("Harbour/Season 1/Harbour S01E01-E02.mp4")
    world.add("Harbour/Season 1/Harbour S01E03.mp4")
    world.add("Harbour/tvshow.nfo", nfo("tvshow", title="The Harbour", plot="Ships.", ids={"tvdb": "290001"}))
    one = nfo("episodedetails", title="First", season="1", episode="1", plot="One.", aired="2015-01-01")
    two = nfo("episodedetails", title="Second", season="1", episode="2", plot="Two.", aired="2015-01-08")
    world.add("Harbour/Season 1/Harbour S01E01-E02.nfo", one + two)
    world.add("Harbour/Season 1/Harbour S01E03.nfo", b"<episodedetails><title>Third</title></episodedetails>")

    look(world)

    title = only_title()
    assert (title.kind, title.name, title.overview) == ("show", "The Harbour", "Ships.")
    assert ids() == {"tvdb": "290001"}
    told = select(Episode.number, Episode.name, Episode.overview, Episode.air_date).order_by(Episode.number)
    rows = [(number, name, text, str(day)) for number, name, text, day in db.session.execute(told)]
    assert rows == [
        (1.0, "First", "One.", "2015-01-01"),
        (2.0, "Second", "Two.", "2015-01-08"),
        (3.0, "Third", None, "None"),
    ]


def test_a_title_that_nothing_tells_of_is_settled_and_not_asked_for_again(world: World) -> None:
    world.add("Heat (1995).mp4")
    assert look(world)["matched"] == 0
    row = match_of(only_title())
    assert (row.state, row.next_at, row.said_name) == ("unknown", decided.NOBODY_TO_ASK, "Heat")

    assert look(world) == {}
    scheduler.refresh_metadata()
    assert waiting() == []


def test_once_there_is_a_key_what_nobody_could_be_asked_of_is_asked(
    world: World, app: Flask, request: pytest.FixtureRequest
) -> None:
    world.add("Heat (1995)/Heat (1995).mp4")
    world.add("Ours/Ours.mp4")
    world.add("Ours/movie.nfo", FULL)
    look(world)

    request.getfixturevalue("server")
    scheduler.refresh_metadata()
    counts = look(world)

    assert counts["matched"] == 2
    states = db.session.execute(select(TitleMatch.said_name, TitleMatch.provider).order_by(TitleMatch.said_name))
    assert [tuple(row) for row in states] == [("Heat", "tmdb"), ("Ours", "nfo")]


def test_an_id_in_the_file_makes_it_sure_and_its_texts_win(world: World, server: tmdb.Fake) -> None:
    world.add("Heat/Heat.mp4")
    world.add("Heat/movie.nfo", nfo("movie", title="Heat", plot="My own words.", ids={"tmdb": "949"}))

    assert look(world)["matched"] == 1

    title = only_title()
    assert (title.name, title.year, title.overview, title.rating) == ("Heat", 1995, "My own words.", 7.1)
    assert title.localized["ru"]["name"] == "Схватка"
    row = match_of(title)
    assert (row.state, row.provider, row.value, row.reason) == (
        "matched",
        "tmdb",
        "949",
        "its NFO file names it by its id",
    )
    assert not [path for path in server.asked if path.startswith("/search")]


def test_a_file_that_is_only_an_address_is_enough(world: World, server: tmdb.Fake) -> None:
    world.add("Film/whatever.mp4")
    world.add("Film/whatever.nfo", b"https://www.imdb.com/title/tt0113277/\n")
    look(world)
    assert (only_title().name, match_of(only_title()).value) == ("Heat", "949")


def test_its_name_and_year_are_evidence_where_it_has_no_id(world: World, server: tmdb.Fake) -> None:
    world.add("abc/abc.mp4")
    world.add("abc/abc.nfo", nfo("movie", title="Heat", year="1986"))
    look(world)
    assert (match_of(only_title()).value, only_title().rating) == ("10", 7.1)


def test_episodes_keep_their_files_words_over_the_providers(world: World, server: tmdb.Fake) -> None:
    world.add("Harbor Lights/Season 1/Harbor Lights S01E01.mp4")
    world.add("Harbor Lights/Season 1/Harbor Lights S01E02.mp4")
    world.add("Harbor Lights/tvshow.nfo", nfo("tvshow", title="Harbor Lights", ids={"tmdb": "61"}))
    world.add("Harbor Lights/Season 1/Harbor Lights S01E02.nfo", nfo("episodedetails", title="Mine", plot="Own."))
    look(world)
    rows = db.session.execute(select(Season.number, Episode.name, Episode.overview).join(Season).order_by(Episode.id))
    (_, first, _), second = [tuple(row) for row in rows]
    assert (first, second) == ("Arrival", (1, "Mine", "Own."))


def test_a_changed_file_is_read_again_by_the_next_scan_and_an_unchanged_one_is_not(
    world: World, server: tmdb.Fake
) -> None:
    world.add("Heat/Heat.mp4")
    world.add("Heat/Heat.nfo", nfo("movie", title="Heat", plot="Once.", ids={"tmdb": "10"}))
    look(world)
    assert match_of(only_title()).value == "10"
    assert look(world) == {}

    world.add("Heat/Heat.nfo", nfo("movie", title="Heat", plot="Twice.", ids={"tmdb": "949"}))
    assert look(world)["matched"] == 1

    title = only_title()
    assert (title.overview, title.year, match_of(title).value) == ("Twice.", 1995, "949")
    assert ids()["tmdb"] == "949"


def test_a_file_that_changes_while_it_is_looked_at_is_looked_at_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add("Heat/Heat.mp4")
    world.add("Heat/Heat.nfo", nfo("movie", title="Old words"))
    read = nfos.read

    def changing(*asked: Any) -> nfos.Told:
        monkeypatch.setattr(nfos, "read", read)
        told = read(*asked)
        world.add("Heat/Heat.nfo", nfo("movie", title="New, longer words"))
        world.scan()
        return told

    monkeypatch.setattr(nfos, "read", changing)
    assert look(world)["put_off"] == 1
    assert look(world, force=True)["matched"] == 1
    assert only_title().name == "New, longer words"


def test_a_file_that_comes_later_is_heard_too(world: World) -> None:
    world.add("Show/Season 1/Show S01E01.mp4")
    look(world)
    world.add("Show/tvshow.nfo", nfo("tvshow", title="The Show"))
    assert look(world)["matched"] == 1
    world.add("Show/Season 1/Show S01E01.nfo", nfo("episodedetails", title="Start"))
    look(world)
    assert only_title().name == "The Show"
    assert db.session.scalars(select(Episode.name)).one() == "Start"


def test_files_that_are_taken_away_are_no_disk_that_is_away(world: World) -> None:
    world.add("Heat (1995).mp4")
    gone = [world.add("Heat (1995).nfo", FULL), world.add("a.nfo", FULL), world.add("b.nfo", FULL)]
    look(world)
    for path in gone:
        path.unlink()
    look(world)
    assert set(world.files()) == {"Heat (1995).mp4"}


def test_movie_nfo_tells_of_the_one_film_in_a_folder_and_of_none_among_several(world: World) -> None:
    world.add("Both/Heat (1995).mp4")
    world.add("Both/Ronin (1998).mp4")
    world.add("Both/movie.nfo", FULL)
    world.add("Alien (1979).mp4")
    world.add("movie.nfo", FULL)
    look(world)
    assert set(db.session.scalars(select(Title.name))) == {"Heat", "Ronin", "Alien"}


def test_a_file_that_tells_of_another_kind_of_work_is_passed_over(world: World) -> None:
    world.add("Heat (1995)/Heat (1995).mp4")
    world.add("Heat (1995)/Heat (1995).nfo", nfo("tvshow", title="Cold", ids={"tvdb": "7"}))
    look(world)
    assert (only_title().name, ids()) == ("Heat", {})


def test_a_broken_file_is_told_of_and_harms_nothing(world: World, server: tmdb.Fake) -> None:
    world.add("Heat (1995)/Heat (1995).mp4")
    world.add("Heat (1995)/Heat (1995).nfo", b"<movie><title>Heat & more</title></movie>")
    world.add("Heat (1995)/movie.nfo", b'<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]><movie>&x;</movie>')
    assert look(world)["matched"] == 1
    found, total = queries.problems(library_id=None, kind="broken", offset=0, limit=10)
    reasons = {Path(one.path).name: one.reason for one in found}
    assert total == 2
    assert reasons["Heat (1995).nfo"].startswith("it cannot be read: not well-formed (invalid token): line 1")
    assert reasons["movie.nfo"] == "it declares entities, which are not followed"


def test_a_release_groups_poster_is_no_problem(world: World) -> None:
    world.add("Heat (1995)/Heat (1995).mp4")
    world.add("Heat (1995)/Heat (1995).nfo", "▄▄▄ GRP ▄▄▄ <presents>".encode("cp437", "replace"))
    look(world)
    assert queries.problems(library_id=None, kind="broken", offset=0, limit=10)[1] == 0
    assert only_title().name == "Heat"


def test_a_link_that_leads_out_of_the_library_is_not_followed(world: World, tmp_path: Path) -> None:
    outside = tmp_path / "outside.nfo"
    outside.write_bytes(FULL)
    world.add("Heat (1995)/Heat (1995).mp4")
    (world.root / "Heat (1995)/Heat (1995).nfo").symlink_to(outside)
    look(world)
    assert only_title().name == "Heat"


def test_a_locked_field_stays_whatever_the_file_says(world: World) -> None:
    world.add("Heat (1995)/Heat (1995).mp4")
    look(world)
    with writing() as session:
        session.scalars(select(Title)).one().locked_fields = ["name"]
    world.add("Heat (1995)/Heat (1995).nfo", nfo("movie", title="Warm", plot="Cosy."))
    look(world)
    assert (only_title().name, only_title().overview) == ("Heat", "Cosy.")


def test_while_the_provider_is_away_the_file_tells(world: World, server: tmdb.Fake) -> None:
    world.add("Ours/Ours.mp4")
    world.add("Ours/Ours.nfo", nfo("movie", title="Heat", plot="Own.", ids={"tmdb": "949"}))
    server.answer = tmdb.failing(503)
    assert look(world)["put_off"] == 1
    title = only_title()
    assert (title.overview, match_of(title).provider) == ("Own.", "nfo")
    assert match_of(title).next_at < decided.NOBODY_TO_ASK

    server.answer = None
    look(world, title_ids=[title.id], force=True)
    assert (only_title().overview, match_of(only_title()).provider) == ("Own.", "tmdb")


def test_when_the_key_is_taken_away_what_a_provider_said_stays(world: World, app: Flask, server: tmdb.Fake) -> None:
    world.add("Heat (1995)/Heat (1995).mp4")
    look(world)
    app.config["MATINEE"] = dataclasses.replace(app.config["MATINEE"], tmdb_api_key=None)
    world.add("Heat (1995)/Heat (1995).nfo", nfo("movie", title="Heat", plot="Own."))
    look(world)
    title = only_title()
    assert (title.overview, title.rating, match_of(title).provider) == ("Own.", 7.1, "tmdb")
    assert title.localized["ru"]["name"] == "Схватка"


def test_what_a_person_chose_is_stronger_than_a_file_that_names_another(
    world: World, server: tmdb.Fake, admin_client: FlaskClient
) -> None:
    world.add("Heat/Heat.mp4")
    world.add("Heat/Heat.nfo", nfo("movie", title="Heat, wrongly", ids={"tmdb": "10"}))
    look(world)
    title_id = only_title().id
    assert only_title().name == "Heat, wrongly"
    answer = admin_client.post(f"/api/v1/media/m{title_id}/match", json={"provider": "tmdb", "id": "949"})
    assert answer.status_code == 200
    look(world, title_ids=[title_id], force=True)
    assert (only_title().name, only_title().year, match_of(only_title()).state) == ("Heat", 1995, "chosen")


def test_two_titles_with_the_same_id_in_their_files_become_one(world: World) -> None:
    world.add("Heat (1995)/Heat (1995).mp4")
    world.add("Heat (1995)/Heat (1995).nfo", nfo("movie", title="Heat", ids={"imdb": "tt0113277"}))
    world.add("Schwatka/Schwatka.mp4")
    world.add("Schwatka/Schwatka.nfo", nfo("movie", title="Heat", ids={"imdb": "tt0113277"}))
    look(world)
    assert only_title().file_count == 2


def test_nfo_files_are_no_films_anywhere(world: World) -> None:
    world.add("Heat (1995)/Heat (1995).mp4")
    world.add("Heat (1995)/Heat (1995).nfo", FULL)
    look(world)
    assert [row.file_count for row in queries.libraries()] == [1]
    assert list(queries.unplaced(world.library_id, 0, 10)) == []
    assert only_title().file_count == 1
