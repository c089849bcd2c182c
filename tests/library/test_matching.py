"""Titles become a provider's works, against a server that speaks TMDB's language."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import outbox
from app.accounts.models import Profile
from app.adapters import http
from app.adapters.clock import now
from app.catalog.models import Credit, Episode, ExternalId, Genre, Person, Season, Title, TitleMatch
from app.core.media_id import MediaId
from app.extensions import db, writing
from app.jobs import ARTWORK, METADATA
from app.library.models import FilePart, Library, MediaFile
from app.library.placing import Placing, identify_file, place
from app.personal import queries
from app.personal import service as personal
from app.search import queries as search
from config import Config
from tests.conftest import Person as Account
from tests.fakes import tmdb
from workers import metadata, runtime


def film(number: int, title: str, year: int, minutes: int, **more: Any) -> dict[str, Any]:
    return {
        "id": number, "kind": "movie", "anime": False, "title": title, "original_title": title,
        "alternative_titles": [], "year": year, "runtime_min": minutes, "language": "en", "popularity": 5.0,
        "overview": f"What happens in {title}.", "seasons": [], **more,
    }  # fmt: skip


def show(number: int, title: str, year: int, seasons: Sequence[Sequence[str]], **more: Any) -> dict[str, Any]:
    told = [
        {
            "season": place,
            "episodes": [
                {"number": n, "absolute": n, "name": name, "air_date": f"{year + place}-01-{n:02}", "runtime_min": 24}
                for n, name in enumerate(names, 1)
            ],
        }
        for place, names in enumerate(seasons, 1)
    ]
    return {**film(number, title, year, 24), "kind": "show", "seasons": told, **more}


WORKS = [
    film(
        194, "Amélie", 2001, 122, original_title="Le Fabuleux Destin d'Amélie Poulain", language="fr",
        alternative_titles=["Die fabelhafte Welt der Amélie"], imdb_id="tt0211915",
        translations={"ru": {"name": "Амели", "overview": "Париж."}, "pl": {"name": "Amelia"}},
        cast=[{"id": 2405, "name": "Audrey Tautou", "character": "Amélie", "order": 0, "profile_path": "/a.jpg"}],
        crew=[{"id": 2419, "name": "Jean-Pierre Jeunet", "job": "Director"}],
        collection={"id": 9, "name": "Paris Films"},
    ),
    film(949, "Heat", 1995, 170),
    film(10, "Heat", 1986, 101),
    show(60, "Blue Journey", 2010, [[f"{name} {n}" for n in range(1, 13)] for name in ("Leaf", "Stone")], anime=True),
    show(61, "Harbor Lights", 2015, [["Arrival", "The Letter"], ["Return", "Episode 2"]]),
]  # fmt: skip


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[tmdb.Fake]:
    monkeypatch.setattr(http, "WAIT_INITIAL_S", 0.01)
    monkeypatch.setattr(http, "WAIT_JITTER_S", 0.0)
    with tmdb.serving(WORKS) as fake:
        yield fake


@pytest.fixture
def config(config: Config, server: tmdb.Fake) -> Config:
    return dataclasses.replace(config, tmdb_api_key=tmdb.KEY, tmdb_base_url=server.url)


@dataclasses.dataclass
class Shelf:
    """A library of rows, as scans leave them."""

    library_id: int
    kind: str

    def add(self, path: str, minutes: float = 0.0) -> int:
        """A file; the id of the title that it is held to be."""
        folder, _, name = path.rpartition("/")
        with writing() as session:
            row = MediaFile(
                library_id=self.library_id, folder=folder, name=name, size=1, mtime_ns=1, signature=path[-60:],
                duration=minutes * 60 or None, added_at=now(), updated_at=now(),
            )  # fmt: skip
            session.add(row)
            session.flush()
            found = identify_file("All", self.kind, folder, name, [name])
            touched = place([Placing(row.id, folder, found)], self.kind, now=now())
            return next(iter(touched))


@pytest.fixture
def shelf(app: Flask) -> Iterator[Shelf]:
    runtime.use(app)
    with app.app_context():
        yield make_shelf("mixed")


@pytest.fixture
def profile_id(user: Account) -> int:
    return db.session.scalars(select(Profile.id).where(Profile.user_id == user.user_id)).one()


def make_shelf(kind: str) -> Shelf:
    with writing() as session:
        library = Library(name=kind, path=f"/media/{kind}", kind=kind, created_at=now())
        session.add(library)
        session.flush()
        return Shelf(library.id, kind)


def match(**payload: Any) -> dict[str, int]:
    """Runs the job; what it counted."""
    with writing():
        job_id = outbox.enqueue(METADATA, payload, now=now())
    metadata.run(job_id)
    db.session.rollback()
    job = db.session.get_one(outbox.Job, job_id, populate_existing=True)
    assert job.state == "done", (job.state, job.error)
    counts: dict[str, int] = job.detail.get("counts", {})
    return counts


def state(title_id: int) -> TitleMatch:
    db.session.rollback()
    return db.session.get_one(TitleMatch, title_id, populate_existing=True)


def test_a_film_is_told_of_in_full(shelf: Shelf) -> None:
    title_id = shelf.add("Amelie (2001)/Amelie.2001.1080p.BluRay.x264-GRP.mkv", 122)

    assert match()["matched"] == 1

    title = db.session.get_one(Title, title_id)
    assert (title.name, title.year, title.original_language) == ("Amélie", 2001, "fr")
    assert title.original_name == "Le Fabuleux Destin d'Amélie Poulain"
    assert title.localized == {"ru": {"name": "Амели", "overview": "Париж."}}
    assert "Amelia" in title.other_names
    assert [genre.name for genre in title.genres] == ["Drama"]
    ids = dict(db.session.execute(select(ExternalId.provider, ExternalId.value)).all())
    assert ids == {"tmdb": "194", "imdb": "tt0211915"}
    credits = db.session.execute(select(Person.name, Credit.job, Credit.character).join(Credit).order_by(Credit.id))
    assert [tuple(row) for row in credits] == [
        ("Audrey Tautou", "actor", "Amélie"),
        ("Jean-Pierre Jeunet", "director", None),
    ]
    row = state(title_id)
    assert (row.state, row.value, row.said_name) == ("matched", "194", "Amelie")
    assert row.confidence > 0.95
    waiting = db.session.scalars(select(outbox.Job).where(outbox.Job.kind == ARTWORK.name)).all()
    assert [job.payload for job in waiting] == [{"title_ids": [title_id]}]


def test_one_job_makes_the_pictures_of_many_titles(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "PICTURED", 2)
    titles = [shelf.add(name, minutes) for name, minutes in (("Heat (1995).mkv", 170), ("Heat (1986).mkv", 101))]
    titles.append(shelf.add("Amelie (2001).mkv", 122))
    match()
    waiting = db.session.scalars(select(outbox.Job).where(outbox.Job.kind == ARTWORK.name).order_by(outbox.Job.id))
    assert [job.payload["title_ids"] for job in waiting] == [titles[:2], titles[2:]]


def test_it_is_found_by_any_of_its_names(shelf: Shelf) -> None:
    title_id = shelf.add("Amelie (2001)/Amelie (2001).mkv", 122)
    match()
    for asked in ("amelie", "амели", "fabelhafte welt", "Le Fabuleux Destin"):
        assert [hit.media_id for hit in search.search(asked, search.Narrowing())][:1] == [f"m{title_id}"]


def test_what_could_be_two_films_waits_for_a_person(shelf: Shelf) -> None:
    title_id = shelf.add("Heat.mkv", 130)

    assert match()["doubtful"] == 1

    row = state(title_id)
    assert (row.state, row.value) == ("doubtful", None)
    assert {one["id"] for one in row.candidates} == {"949", "10"}
    assert db.session.get_one(Title, title_id).name == "Heat"


def test_what_the_provider_does_not_know_is_left_alone(shelf: Shelf) -> None:
    title_id = shelf.add("Our Holiday (2019).mkv", 30)
    assert match()["unknown"] == 1
    assert state(title_id).state == "unknown"


def test_nothing_is_asked_again_before_its_time(shelf: Shelf, server: tmdb.Fake) -> None:
    shelf.add("Heat (1995).mkv", 170)
    match()
    asked = sum(server.asked.values())
    assert match() == dict.fromkeys(("matched", "doubtful", "unknown", "unchanged", "put_off"), 0)
    assert sum(server.asked.values()) == asked


def test_a_show_is_told_of_with_its_episodes(shelf: Shelf) -> None:
    title_id = shelf.add("Harbor Lights/Season 1/Harbor Lights - S01E02 - Whatever.mkv", 24)
    shelf.add("Harbor Lights/Season 2/Harbor Lights S02E02 My Own Name.mkv", 24)

    match()

    names = select(Season.number, Episode.number, Episode.name).join(Season).order_by(Season.number)
    told = [tuple(row) for row in db.session.execute(names.where(Episode.title_id == title_id))]
    assert told == [(1, 2.0, "The Letter"), (2, 2.0, "My Own Name")]  # `Episode 2` is no name


def test_episodes_that_are_counted_through_go_to_their_seasons_with_what_people_did(
    shelf: Shelf, profile_id: int
) -> None:
    anime = make_shelf("anime")
    title_id = anime.add("Blue Journey/[Group] Blue Journey - 14 (1080p).mkv", 24)
    episode = db.session.scalars(select(Episode)).one()
    work = MediaId("episode", episode.id)
    with writing():
        personal.mark_watched(profile_id=profile_id, work=work, title_id=title_id, watched=True, now=now())

    match()

    places = select(Season.number, Episode.number, Episode.absolute, Episode.name, Episode.id).join(Season)
    (season, number, absolute, name, episode_id) = db.session.execute(places).one()
    assert (season, number, absolute, name) == (2, 2.0, 14.0, "Stone 2")
    assert db.session.get_one(Title, title_id).is_anime
    assert queries.episode_progress(profile_id, title_id)[episode_id].watched


def test_a_later_file_that_is_counted_through_finds_its_place(shelf: Shelf) -> None:
    anime = make_shelf("anime")
    anime.add("Blue Journey/[Group] Blue Journey - 14 (1080p).mkv", 24)
    match()
    anime.add("Blue Journey/[Group] Blue Journey - 15 (1080p).mkv", 24)
    match(title_ids=list(db.session.scalars(select(Title.id))))
    places = select(Season.number, Episode.number, Episode.name).join(Season).order_by(Episode.number)
    assert [tuple(row) for row in db.session.execute(places)] == [(2, 2.0, "Stone 2"), (2, 3.0, "Stone 3")]


def test_two_titles_that_are_one_film_become_one_with_the_newer_of_what_people_did(
    shelf: Shelf, profile_id: int
) -> None:
    first = shelf.add("Amelie (2001)/Amelie (2001).mkv", 122)
    second = shelf.add("Die fabelhafte Welt der Amélie (2001)/Die fabelhafte Welt der Amélie (2001).mkv", 122)
    assert first != second
    with writing():
        personal.rate(profile_id=profile_id, media_id=f"m{second}", title_id=second, value=9, now=now())
        personal.put_on_list(profile_id=profile_id, media_id=f"m{second}", title_id=second, now=now())

    match()

    assert list(db.session.scalars(select(Title.id))) == [first]
    assert db.session.get_one(Title, first).file_count == 2
    assert queries.watchlist(profile_id)[0] == [f"m{first}"]
    third = shelf.add("Die fabelhafte Welt der Amélie (2001)/Die fabelhafte Welt der Amélie (2001) 720p.mkv", 122)
    assert third == first


def test_a_file_meets_its_title_again_though_the_provider_has_another_year(shelf: Shelf) -> None:
    first = shelf.add("Heat (1996)/Heat (1996).mkv", 170)
    match()
    assert db.session.get_one(Title, first).year == 1995
    assert shelf.add("Heat (1996)/Heat (1996) - 720p.mkv", 170) == first


def test_an_outage_puts_titles_off_and_fails_nothing(shelf: Shelf, server: tmdb.Fake) -> None:
    title_id = shelf.add("Heat (1995).mkv", 170)
    server.answer = tmdb.failing(503)

    assert match()["put_off"] == 1

    row = state(title_id)
    assert row.state == "unknown"
    assert row.next_at > now()
    server.answer = None
    assert match(title_ids=[title_id], force=True)["matched"] == 1


def test_a_wrong_key_is_told_in_the_job(shelf: Shelf, server: tmdb.Fake) -> None:
    shelf.add("Heat (1995).mkv", 170)
    refusal = {"status_code": 7, "status_message": "Invalid API key.", "success": False}
    server.answer = lambda handler: handler.send_json(401, refusal) or True
    match()
    job = db.session.scalars(select(outbox.Job).where(outbox.Job.kind == METADATA.name)).one()
    assert "refuses the key" in job.detail["problem"]


def test_a_locked_field_stays(shelf: Shelf) -> None:
    title_id = shelf.add("Heat (1995).mkv", 170)
    with writing() as session:
        session.get_one(Title, title_id).locked_fields = ["name", "overview"]
    match()
    title = db.session.get_one(Title, title_id, populate_existing=True)
    assert (title.name, title.overview, title.rating) == ("Heat", None, 7.1)


def test_a_person_chooses_among_what_it_may_be(shelf: Shelf, admin_client: FlaskClient) -> None:
    title_id = shelf.add("Heat.mkv", 130)
    match()

    found = admin_client.get(f"/api/v1/media/m{title_id}/matches").get_json()
    assert found["state"] == "doubtful"
    assert (found["id"], found["said_name"], found["path"]) == (None, "Heat", "/media/mixed/Heat.mkv")
    assert {one["year"] for one in found["items"]} == {1986, 1995}
    assert all(one["reasons"] for one in found["items"])

    answer = admin_client.post(f"/api/v1/media/m{title_id}/match", json={"provider": "tmdb", "id": "10"})
    assert (answer.status_code, answer.get_json()) == (200, {"media_id": f"m{title_id}"})
    assert state(title_id).state == "chosen"
    found = admin_client.get(f"/api/v1/media/m{title_id}/matches").get_json()
    assert (found["state"], found["provider"], found["id"]) == ("chosen", "tmdb", "10")
    assert {one["id"] for one in found["items"]} == {"949", "10"}  # what was chosen can be chosen anew
    assert db.session.get_one(Title, title_id).year == 1986

    match(title_ids=[title_id], force=True)
    assert state(title_id).value == "10"


def test_doubtful_titles_wait_in_a_list_with_what_they_may_be(shelf: Shelf, admin_client: FlaskClient) -> None:
    first = shelf.add("Heat.mkv", 130)
    second = shelf.add("Old Films/Heat (1990).mkv", 130)
    shelf.add("Amelie (2001)/Amelie (2001).mkv", 122)
    match()

    whole = admin_client.get("/api/v1/admin/doubtful").get_json()
    part = admin_client.get("/api/v1/admin/doubtful?per_page=1&page=2").get_json()

    assert (whole["total"], [one["media_id"] for one in whole["items"]]) == (2, [f"m{second}", f"m{first}"])
    assert (part["total"], part["page"], [one["media_id"] for one in part["items"]]) == (2, 2, [f"m{first}"])
    (told,) = part["items"]
    assert (told["title"], told["said_name"], told["said_year"]) == ("Heat", "Heat", None)
    assert (told["path"], told["reason"]) == ("/media/mixed/Heat.mkv", "several works fit about as well")
    assert {(one["id"], one["title"], one["year"]) for one in told["candidates"]} == {
        ("949", "Heat", 1995),
        ("10", "Heat", 1986),
    }
    sure = [one["confidence"] for one in told["candidates"]]
    assert sure == sorted(sure, reverse=True)


def test_a_show_in_doubt_names_one_of_its_files(shelf: Shelf, server: tmdb.Fake, admin_client: FlaskClient) -> None:
    for number in (70, 71):
        server.world.add(show(number, "Night Shift", 2001, [["One", "Two", "Three"]]))
    title_id = shelf.add("Night Shift/Season 1/Night Shift S01E01.mkv", 24)
    shelf.add("Night Shift/Season 1/Night Shift S01E02.mkv", 24)
    match()
    (told,) = admin_client.get("/api/v1/admin/doubtful").get_json()["items"]
    assert (told["media_id"], told["path"]) == (
        f"s{title_id}",
        "/media/mixed/Night Shift/Season 1/Night Shift S01E01.mkv",
    )


def test_a_title_leaves_the_doubtful_ones_with_its_files_and_with_a_choice(
    shelf: Shelf, admin_client: FlaskClient
) -> None:
    chosen, gone = shelf.add("Heat.mkv", 130), shelf.add("Old Films/Heat (1990).mkv", 130)
    match()
    admin_client.post(f"/api/v1/media/m{chosen}/match", json={"id": "949"})
    with writing() as session:
        session.get_one(Title, gone).file_count = 0
    assert admin_client.get("/api/v1/admin/doubtful").get_json()["total"] == 0


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("the same title; another length (101 minutes; the file has 130)", "several works fit about as well")),
        ("ru", ("то же название; другая длина (минут: 101; в файле 130)", "несколько произведений подходят почти")),
    ],
)
def test_the_page_of_problems_shows_what_a_title_may_be(
    shelf: Shelf, admin_client: FlaskClient, language: str, words: Sequence[str]
) -> None:
    title_id = shelf.add("Heat.mkv", 130)
    match()

    page = admin_client.get("/admin/problems", headers={"Accept": "text/html", "Accept-Language": language}).text

    assert f'href="/title/m{title_id}?match=1"' in page
    assert page.count(f'data-media="m{title_id}"') == 2
    assert all(one in page.partition("</main>")[0] for one in words)


def test_a_person_searches_for_another_name(shelf: Shelf, admin_client: FlaskClient) -> None:
    title_id = shelf.add("Film mit Audrey.mkv", 122)
    match()
    found = admin_client.get(f"/api/v1/media/m{title_id}/matches?q=amelie&year=2001").get_json()
    assert [one["id"] for one in found["items"]] == ["194"]
    assert found["items"][0]["title"] == "Amélie"


def test_a_person_says_that_it_is_none_of_them(shelf: Shelf, admin_client: FlaskClient) -> None:
    title_id = shelf.add("Heat (1995).mkv", 170)
    match()
    answer = admin_client.post(f"/api/v1/media/m{title_id}/match", json={"id": None})
    assert answer.status_code == 200
    title = db.session.get_one(Title, title_id, populate_existing=True)
    assert (title.name, title.overview, title.genres) == ("Heat", None, [])
    assert state(title_id).state == "none"
    assert match()["matched"] == 0
    assert list(db.session.scalars(select(ExternalId))) == []


def test_choosing_a_work_that_is_there_already_joins_the_two(shelf: Shelf, admin_client: FlaskClient) -> None:
    first = shelf.add("Heat (1995).mkv", 170)
    second = shelf.add("Something unreadable.mkv", 170)
    match()
    answer = admin_client.post(f"/api/v1/media/m{second}/match", json={"id": "949"})
    assert answer.get_json() == {"media_id": f"m{first}"}
    assert db.session.scalars(select(FilePart.title_id)).all() == [first, first]


def test_only_an_administrator_matches(shelf: Shelf, user_client: FlaskClient) -> None:
    title_id = shelf.add("Heat (1995).mkv", 170)
    assert user_client.get(f"/api/v1/media/m{title_id}/matches").status_code == 403
    assert user_client.post(f"/api/v1/media/m{title_id}/match", json={"id": "949"}).status_code == 403
    assert user_client.get("/api/v1/admin/doubtful").status_code == 403
    assert "Fix match" not in user_client.get(f"/title/m{title_id}", headers={"Accept": "text/html"}).text


def test_what_cannot_be_chosen_is_told(shelf: Shelf, admin_client: FlaskClient, server: tmdb.Fake) -> None:
    title_id = shelf.add("Heat (1995).mkv", 170)
    assert admin_client.post(f"/api/v1/media/m{title_id}/match", json={"id": "999999"}).status_code == 404
    assert admin_client.post(f"/api/v1/media/m{title_id}/match", json={"id": "nonsense"}).status_code == 422
    assert admin_client.get("/api/v1/media/m999/matches").status_code == 404
    server.answer = tmdb.failing(503)
    answer = admin_client.get(f"/api/v1/media/m{title_id}/matches?q=other")
    assert (answer.status_code, answer.get_json()["code"]) == (503, "provider_unavailable")
    assert answer.headers["Retry-After"]


def test_genres_are_there_to_narrow_lists_by(shelf: Shelf) -> None:
    shelf.add("Heat (1995).mkv", 170)
    shelf.add("Amelie (2001).mkv", 122)
    match()
    assert [genre.name for genre in db.session.scalars(select(Genre))] == ["Drama"]


def test_films_are_found_by_who_made_them_and_by_their_collection(shelf: Shelf) -> None:
    title_id = shelf.add("Amelie (2001).mkv", 122)
    match()
    for asked in ("audrey tautou", "Jean-Pierre Jeu", "paris films"):
        assert [hit.media_id for hit in search.search(asked, search.Narrowing())] == [f"m{title_id}"]
