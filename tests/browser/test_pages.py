"""Every page in a real browser: clean for axe, on a phone, in Russian, without a console error; and the set-up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import PASSWORD, ROOT, House, Open

pytestmark = [pytest.mark.browser, pytest.mark.media, pytest.mark.slow]

PAGES = [
    "/",
    "/movies",
    "/shows",
    "/anime",
    "/title/{film}",
    "/title/{show}",
    "/search?q=long",
    "/list",
    "/history",
    "/playlists",
    "/settings",
    "/admin/",
    "/admin/libraries",
    "/admin/problems",
    "/admin/people",
    "/watch/{film}",
]
AXE = Path(ROOT / "node_modules" / "axe-core" / "axe.min.js")


def address(house: House, path: str) -> str:
    return path.format(film=house.films["Direct Light"], show=house.films["Long Way"])


def complaints_of_axe(page: Page) -> list[str]:
    """What axe-core finds; it runs through the debugger, so the page's content policy stays as it is."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {json.dumps([node['html'][:160] for node in one['nodes'][:3]])}" for one in found["violations"]
    ]


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_and_a_phone_needs_no_sideways_scroll(house: House, visit: Open, path: str) -> None:
    page = visit(house).page
    page.goto(address(house, path))
    page.wait_for_load_state("load")

    assert complaints_of_axe(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    assert complaints_of_axe(page) == []


def test_axe_finds_nothing_in_the_light_theme_and_on_a_television(house: House, visit: Open) -> None:
    for options, cookie in (({"color_scheme": "light"}, ""), ({"viewport": {"width": 1920, "height": 1080}}, "1")):
        visitor = visit(house, **options)
        if cookie:
            visitor.context.add_cookies([{"name": "matinee_tv", "value": cookie, "url": house.url}])
        for path in ("/", "/movies", "/title/{show}", "/settings", "/admin/libraries"):
            visitor.page.goto(address(house, path))
            assert complaints_of_axe(visitor.page) == [], path


def test_a_russian_browser_reads_russian(house: House, visit: Open) -> None:
    page = visit(house, locale="ru-RU").page
    page.goto(f"/watch/{house.films['Direct Light']}")
    expect(page.get_by_role("button", name="Субтитры")).to_be_attached()
    page.goto("/movies")

    expect(page.get_by_role("heading", name="Фильмы")).to_be_visible()
    expect(page.get_by_role("navigation", name="Основное").first).to_contain_text("Мой список")


def test_a_stranger_signs_in_and_lands_where_he_wanted_to_go(house: House, visit: Open) -> None:
    visitor = visit(house, signed_in=False)
    page = visitor.page
    page.goto("/movies")
    page.wait_for_url("**/login?next=/movies")
    page.get_by_label("Name").fill("aya")
    page.get_by_label("Password").fill("not it, surely")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    visitor.complaints.clear()  # the refused sign-in is what this test is about

    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    page.wait_for_url("**/movies")
    expect(page.get_by_role("heading", name="Movies")).to_be_visible()


def test_search_answers_while_one_types(house: House, visit: Open) -> None:
    page = visit(house).page
    page.goto("/search")

    page.get_by_role("searchbox").fill("watr")  # forgiven
    expect(page.locator("[data-results]")).to_contain_text("Copied Water", timeout=10_000)


def test_a_title_goes_onto_the_list_and_stays_there(house: House, visit: Open) -> None:
    page = visit(house).page
    page.goto(f"/title/{house.films['Encoded Stone']}")
    button = page.get_by_role("button", name="My list")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    page.wait_for_timeout(300)

    page.goto("/list")

    expect(page.locator(".posters")).to_contain_text("Encoded Stone")


def test_a_new_server_is_set_up_in_the_browser(empty_house: House, visit: Open) -> None:
    visitor = visit(empty_house, signed_in=False)
    page = visitor.page
    page.goto("/")
    page.wait_for_url("**/setup")
    page.get_by_label("Name").fill("aya")
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_label("Password")).to_have_accessible_description("At least 8 characters.")
    visitor.complaints.clear()  # the refused password is part of this test
    page.get_by_label("Password").fill(PASSWORD)
    held: list[Route] = []
    page.route("**/folders?path=%2F", lambda route: held.append(route))
    page.get_by_role("button", name="Go on").click()

    expect(page.get_by_role("heading", name="Where are your films?")).to_be_visible()
    page.get_by_label("Folder on the server").fill(str(empty_house.stage.films))
    page.get_by_label("Folder on the server").press("Tab")
    expect(page.get_by_label("Call it")).to_have_value("films")
    with page.expect_response("**/folders?path=%2F"):
        for route in held:
            route.continue_()
    page.unroute_all(behavior="wait")
    page.wait_for_timeout(200)
    expect(page.get_by_label("Call it")).to_have_value("films")  # an answer that comes late changes nothing
    page.get_by_role("button", name="Use this folder").click()

    expect(page.get_by_role("heading", name="The library fills while you watch")).to_be_visible()
    expect(page.locator("[data-jobs]")).to_contain_text("Scanning", timeout=10_000)
    made = page.request.get("/api/v1/admin/libraries").json()["items"]
    assert [(one["name"], one["kind"]) for one in made] == [("films", "mixed")]

    page.goto("/setup")  # a folder that is known, by this page or by the start's, is not asked for again
    expect(page.get_by_role("heading", name="Are these all your films?")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text(str(empty_house.stage.films))
    expect(page.get_by_label("Folder on the server")).to_be_hidden()
    assert complaints_of_axe(page) == []
    page.get_by_role("button", name="Add a folder").click()
    expect(page.get_by_label("Folder on the server")).to_be_visible()
    page.get_by_role("link", name="Go on").click()
    expect(page.get_by_role("heading", name="The library fills while you watch")).to_be_visible()


def test_on_a_television_something_holds_the_focus_on_every_page(house: House, visit: Open) -> None:
    visitor = visit(house, viewport={"width": 1920, "height": 1080})
    visitor.context.add_cookies([{"name": "matinee_tv", "value": "1", "url": house.url}])
    page = visitor.page
    for path in PAGES[:-1]:
        page.goto(address(house, path))
        page.wait_for_function("() => document.activeElement !== document.body", timeout=10_000)


def test_a_search_after_the_sign_in_ended_leads_to_the_sign_in_and_back(house: House, visit: Open) -> None:
    visitor = visit(house)
    page = visitor.page
    page.goto("/search")
    token = page.locator("meta[name=csrf-token]").get_attribute("content") or ""
    page.request.post("/api/v1/auth/logout", headers={"X-CSRF-Token": token})

    page.get_by_role("searchbox").fill("water")

    page.wait_for_url("**/login?next=*q%3Dwater")
    visitor.complaints.clear()  # the refused search is what this test is about


def test_a_match_cannot_be_fixed_where_nobody_can_be_asked_and_the_dialog_says_so(house: House, visit: Open) -> None:
    visitor = visit(house)
    page = visitor.page
    page.goto(address(house, "/title/{film}"))
    page.get_by_role("button", name="Fix match").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_have_text("No provider is set up: the server needs a key for TMDB.")
    assert complaints_of_axe(page) == []
    visitor.complaints.clear()  # the refusal is what this test is about
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Fix match")).to_be_focused()


def test_a_title_is_kept_on_a_playlist_and_taken_off_again(house: House, visit: Open) -> None:
    page = visit(house).page
    page.goto(address(house, "/title/{film}"))
    opener = page.get_by_role("button", name="Playlists")
    opener.click()
    page.get_by_label("New playlist").fill("A winter evening")
    page.get_by_role("button", name="Keep it there").click()
    kept = page.get_by_role("dialog").get_by_role("button", name="A winter evening")
    expect(kept).to_have_attribute("aria-pressed", "true")
    assert complaints_of_axe(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(opener).to_be_focused()
    page.goto("/playlists")
    page.get_by_role("link", name="A winter evening").click()
    expect(page.locator(".posters")).to_contain_text("Direct Light")

    page.goto(address(house, "/title/{film}"))
    opener.click()
    expect(kept).to_be_focused()
    kept.click()
    expect(kept).to_have_attribute("aria-pressed", "false")
    page.wait_for_timeout(300)
    page.goto("/playlists")
    page.get_by_role("link", name="A winter evening").click()
    expect(page.locator(".posters")).not_to_contain_text("Direct Light")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Remove").click()
    page.wait_for_url("**/playlists")
    expect(page.get_by_role("main")).not_to_contain_text("A winter evening")
