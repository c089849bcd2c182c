"""A person says in the browser which work a title is: on its page, and where doubtful titles wait."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app import outbox
from app.extensions import writing
from app.jobs import METADATA
from tests.browser.conftest import House, Open, add_film
from tests.browser.test_pages import complaints_of_axe
from tests.fakes import tmdb
from workers import metadata, runtime

pytestmark = [pytest.mark.browser, pytest.mark.media, pytest.mark.slow]


def film(number: int, title: str, year: int) -> dict[str, Any]:
    return {
        "id": number, "kind": "movie", "anime": False, "title": title, "original_title": f"{title} ({year})",
        "alternative_titles": [title], "year": year, "runtime_min": 1, "language": "en", "popularity": year / 100,
        "overview": f"What happens in {title} of {year}. " * 6, "seasons": [],
    }  # fmt: skip


WORKS = [
    *(film(10, "Heat", 1986), film(949, "Heat", 1995), film(20, "Solaris", 1972), film(21, "Solaris", 2002)),
    *(film(30, "Gloria", 1980), film(31, "Gloria", 1999), film(32, "Gloria", 2013), film(40, "Amélie", 2001)),
    *(film(50, "Crossing", 1994), film(51, "Crossing", 2004)),
]


@pytest.fixture(scope="module")
def provider() -> Iterator[tmdb.Fake]:
    with tmdb.serving(WORKS) as fake:
        yield fake


def doubtful(house: House, films: Path, name: str) -> str:
    """A film of which the provider knows several; its media id."""
    path = house.stage.films / f"{name}.mp4"
    shutil.copy(films / "Direct Light (2021).mp4", path)
    with path.open("ab") as file:
        file.write(b"\0\0\0\x14free" + name.encode().ljust(12)[:12])  # a signature of its own
    add_film(house, path)
    runtime.use(house.stage.app)
    with house.stage.app.app_context():
        with writing():
            job_id = outbox.enqueue(METADATA, {}, now=datetime.now(UTC))
        metadata.run(job_id)
    return house.films[name]


def focused(page: Page) -> str:
    return str(page.evaluate("() => document.activeElement.getAttribute('aria-label') || ''"))


def test_a_wrong_match_is_corrected_in_two_presses(asking_house: House, visit: Open, made_films: Path) -> None:
    media_id = doubtful(asking_house, made_films, "Heat")
    page = visit(asking_house).page
    page.goto(f"/title/{media_id}")
    token = page.locator("meta[name=csrf-token]").get_attribute("content") or ""
    wrong = page.request.post(
        f"/api/v1/media/{media_id}/match", data={"provider": "tmdb", "id": "10"}, headers={"X-CSRF-Token": token}
    )
    assert wrong.ok
    page.goto(f"/title/{media_id}")
    expect(page.locator(".facts")).to_contain_text("1986")

    page.get_by_role("button", name="Fix match").click()
    page.get_by_role("dialog").get_by_role("button", name="Heat 1995").click()

    expect(page.locator(".facts")).to_contain_text("1995", timeout=10_000)
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert page.url.endswith(f"/title/{media_id}")


def test_the_dialog_says_what_the_files_say_and_is_clean_on_every_screen(
    asking_house: House, visit: Open, made_films: Path
) -> None:
    media_id = doubtful(asking_house, made_films, "Gloria")
    for width, height, tv in ((1280, 720, False), (390, 844, False), (1920, 1080, True)):
        visitor = visit(asking_house, viewport={"width": width, "height": height})
        if tv:
            visitor.context.add_cookies([{"name": "matinee_tv", "value": "1", "url": asking_house.url}])
        page = visitor.page
        page.goto(f"/title/{media_id}?match=1")
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("button", name="Gloria 2013")).to_be_focused()  # the first: more people know it
        expect(dialog).to_contain_text("Gloria.mp4")
        expect(dialog).to_contain_text("several works fit about as well")
        expect(dialog).to_contain_text("the same title; the same length (1 minutes; the file has 1)")
        assert complaints_of_axe(page) == []
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_arrows_and_enter_alone_lead_to_another_work(asking_house: House, visit: Open, made_films: Path) -> None:
    media_id = asking_house.films.get("Gloria") or doubtful(asking_house, made_films, "Gloria")
    visitor = visit(asking_house, viewport={"width": 1920, "height": 1080})
    visitor.context.add_cookies([{"name": "matinee_tv", "value": "1", "url": asking_house.url}])
    page = visitor.page
    page.goto(f"/title/{media_id}")
    expect(page.locator("[data-first]")).to_be_focused()
    for _ in range(8):
        if focused(page) == "Fix match":
            break
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Gloria 2013")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    assert dialog.locator(".choosing__said :focus").count() == 1
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert focused(page) == "Fix match"

    page.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name="Gloria 2013")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(dialog.get_by_role("button", name="Gloria 1999")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(dialog.get_by_role("button", name="None of these")).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")

    expect(page.locator(".facts")).to_contain_text("1999", timeout=10_000)


def test_another_name_is_searched_for_and_a_refusal_is_told_in_the_dialog(
    asking_house: House, visit: Open, made_films: Path, provider: tmdb.Fake
) -> None:
    media_id = doubtful(asking_house, made_films, "Solaris")
    visitor = visit(asking_house, locale="ru-RU")
    page = visitor.page
    page.goto(f"/title/{media_id}?match=1")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Solaris 2002")).to_be_focused()
    expect(dialog).to_contain_text("то же название")

    refusal = {"status_code": 7, "status_message": "Invalid API key.", "success": False}
    provider.answer = lambda handler: handler.send_json(401, refusal) or True
    dialog.get_by_label("Искать по названию").fill("amelie")
    dialog.get_by_label("Искать по названию").press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("TMDB не принимает ключ (HTTP 401).")
    visitor.complaints.clear()  # the refused search is part of this test
    provider.answer = None
    dialog.get_by_label("Искать по названию").press("Enter")
    expect(dialog.get_by_role("alert")).to_have_count(0)
    expect(dialog.get_by_role("button", name="Amélie 2001")).to_be_focused()

    dialog.get_by_role("button", name="Ничего из этого").click()
    page.wait_for_url(f"**/title/{media_id}")
    expect(page.get_by_role("heading", name="Solaris")).to_be_visible()


def test_a_doubtful_title_is_settled_where_problems_are_listed(
    asking_house: House, visit: Open, made_films: Path
) -> None:
    media_id = doubtful(asking_house, made_films, "Crossing")
    page = visit(asking_house).page
    page.goto("/admin/problems")
    place = page.locator("[data-doubt]", has_text="Crossing.mp4")
    expect(place).to_contain_text("The files say:")
    assert complaints_of_axe(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    assert complaints_of_axe(page) == []
    page.set_viewport_size({"width": 1280, "height": 720})
    place.get_by_role("link", name="Something else").click()
    expect(page.get_by_role("dialog").get_by_role("button", name="Crossing 2004")).to_be_focused()
    page.go_back()

    place.get_by_role("button", name="This one: Crossing (1994)").click()

    link = page.get_by_role("link", name="Crossing", exact=True)
    expect(link).to_be_focused(timeout=10_000)
    link.click()
    expect(page.locator(".facts")).to_contain_text("1994")
    assert page.url.endswith(f"/title/{media_id}")
