"""Pictures over HTTP: who sees them, in which size and form, and what stands where there is none."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from app.adapters import picture_store, pictures
from app.adapters.clock import now
from app.catalog import artwork, service
from app.catalog.artwork import Found, Owner
from app.catalog.models import Person
from app.core.artwork import ArtKind
from app.core.identify import Identification
from app.extensions import db, writing
from config import Config

BROWSER = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"


@pytest.fixture
def film(app: Flask) -> str:
    with app.app_context(), writing():
        named = Identification("Harbour.mkv", "movie", "Harbour Lights", 1987)
        return f"m{service.ensure_movie(named, now=now()).id}"


@pytest.fixture
def episode(app: Flask) -> tuple[str, str]:
    with app.app_context(), writing():
        title = service.ensure_show(Identification("x.mkv", "episode", "Night Post"), now=now())
        made = service.ensure_episode(title, 1, 2, now=now())
        db.session.flush()
        return f"s{title.id}", f"e{made.id}"


def put(app: Flask, config: Config, owner: Owner, number: str, kind: ArtKind, colour: tuple[int, int, int]) -> Path:
    image = Image.new("RGB", (600, 900) if kind == "poster" else (1600, 900), colour)
    prepared = pictures.prepare(image, kind)
    path = picture_store.keep(config.data_dir / "art", prepared.data)
    found = Found("sidecar", "key", path, prepared.width, prepared.height, prepared.thumbhash, prepared.tint)
    with app.app_context(), writing():
        artwork.put(owner, int(number[1:]), kind, found, now=now())
    return config.data_dir / "art" / path


def test_nobody_sees_a_picture_without_signing_in(client: FlaskClient, film: str) -> None:
    for headers in ({}, {"Authorization": "Bearer forged"}, {"X-API-Key": "none"}):
        refused = client.get(f"/art/{film}/poster", headers=headers)
        assert refused.status_code == 401
        assert refused.mimetype == "application/problem+json"


def test_a_picture_comes_in_the_size_and_form_that_suit(
    app: Flask, config: Config, user_client: FlaskClient, film: str
) -> None:
    put(app, config, "title_id", film, "poster", (200, 0, 0))
    for accept, form in ((BROWSER, "WEBP"), ("image/jpeg", "JPEG"), ("*/*", "JPEG")):
        answer = user_client.get(f"/art/{film}/poster?w=230", headers={"Accept": accept})
        image = Image.open(io.BytesIO(answer.data))
        assert (answer.status_code, image.format, image.size) == (200, form, (240, 360))
        assert "Accept" in answer.headers["Vary"]


def test_a_picture_is_never_enlarged(app: Flask, config: Config, user_client: FlaskClient, film: str) -> None:
    put(app, config, "title_id", film, "poster", (200, 0, 0))
    image = Image.open(io.BytesIO(user_client.get(f"/art/{film}/poster?w=5000").data))
    assert image.size == (600, 900)


def test_a_picture_that_is_known_is_not_sent_again(
    app: Flask, config: Config, user_client: FlaskClient, film: str
) -> None:
    put(app, config, "title_id", film, "poster", (200, 0, 0))
    first = user_client.get(f"/art/{film}/poster")
    again = user_client.get(f"/art/{film}/poster", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    put(app, config, "title_id", film, "poster", (0, 0, 200))
    changed = user_client.get(f"/art/{film}/poster", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200


def test_a_versioned_address_may_be_kept_for_a_year(
    app: Flask, config: Config, user_client: FlaskClient, film: str
) -> None:
    put(app, config, "title_id", film, "poster", (200, 0, 0))
    version = user_client.get(f"/art/{film}/poster").headers["ETag"].strip('"').partition("-")[0]
    assert "immutable" in user_client.get(f"/art/{film}/poster?v={version}").headers["Cache-Control"]
    assert "immutable" not in user_client.get(f"/art/{film}/poster?v=old").headers["Cache-Control"]


def test_an_episode_without_a_poster_shows_its_shows(
    app: Flask, config: Config, user_client: FlaskClient, episode: tuple[str, str]
) -> None:
    show, one = episode
    put(app, config, "title_id", show, "poster", (200, 0, 0))
    image = Image.open(io.BytesIO(user_client.get(f"/art/{one}/poster").data)).convert("RGB")
    red, green, _ = image.resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
    assert red > 150 > green


@pytest.mark.parametrize("kind", ["poster", "backdrop", "still", "logo"])
def test_a_work_without_pictures_has_a_card_with_its_name(user_client: FlaskClient, film: str, kind: str) -> None:
    answer = user_client.get(f"/art/{film}/{kind}?w=240", headers={"Accept": "image/jpeg"})
    assert answer.status_code == 200
    assert Image.open(io.BytesIO(answer.data)).width in {240, 480}
    drawn = user_client.get(f"/art/{film}/{kind}", headers={"Accept": BROWSER})
    assert drawn.mimetype == "image/svg+xml"
    assert "Harbour Lights" in drawn.text


def test_a_name_on_a_card_is_text_and_never_markup(app: Flask, user_client: FlaskClient) -> None:
    with app.app_context(), writing():
        named = Identification("x.mkv", "movie", "<script>alert(1)</script>")
        title = service.ensure_movie(named, now=now()).id
    answer = user_client.get(f"/art/m{title}/poster", headers={"Accept": BROWSER})
    assert "<script" not in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_kept_picture_that_was_lost_is_drawn_instead(
    app: Flask, config: Config, user_client: FlaskClient, film: str
) -> None:
    put(app, config, "title_id", film, "poster", (200, 0, 0)).unlink()
    assert user_client.get(f"/art/{film}/poster").status_code == 200


def test_a_person_has_a_card_too(app: Flask, user_client: FlaskClient) -> None:
    with app.app_context(), writing() as session:
        person = Person(name="Ada Harbour", name_key="ada harbour")
        session.add(person)
        session.flush()
        number = person.id
    assert "Ada Harbour" in user_client.get(f"/art/p{number}/poster", headers={"Accept": BROWSER}).text


@pytest.mark.parametrize(
    ("address", "status"),
    [("m999/poster", 404), ("s{film}/poster", 404), ("x1/poster", 422), ("m1/secret", 422), ("m0/poster", 422),
     ("m1/poster?w=0", 422), ("m1/poster?w=abc", 422), ("m9999999999/poster", 404), ("..%2f..%2fetc/poster", 404)],
)  # fmt: skip
def test_an_address_that_names_nothing_is_answered_plainly(
    user_client: FlaskClient, film: str, address: str, status: int
) -> None:
    answer = user_client.get("/art/" + address.replace("{film}", film[1:]))
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
