"""Films play in a real browser: directly, copied, encoded; with seeking, captions, keys and memory."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import House, Open, add_film
from tests.playback.stage import film

pytestmark = [pytest.mark.browser, pytest.mark.media, pytest.mark.slow]

MOVING = "(from) => { const v = document.querySelector('video'); return v.currentTime > from && v.videoWidth > 0; }"

THREE_TAPS_AT_THE_RIGHT = """() => {
  const video = document.querySelector('video');
  for (let tap = 0; tap < 3; tap += 1) {
    video.dispatchEvent(new Event('touchstart', { bubbles: true }));
    video.dispatchEvent(new MouseEvent('click', { bubbles: true, clientX: 800, clientY: 150 }));
  }
}"""
"""At once: a busy machine would part them."""


def at(page: Page) -> float:
    return float(page.evaluate("document.querySelector('video').currentTime"))


def plays(page: Page, beyond: float = 0.5, within_s: float = 30) -> None:
    page.wait_for_function(MOVING, arg=beyond, timeout=within_s * 1000)


@pytest.mark.parametrize("name", ["Direct Light", "Copied Water", "Encoded Stone"])
def test_a_film_plays_and_a_seek_is_followed_by_more_film(house: House, visit: Open, name: str) -> None:
    page = visit(house).page
    page.goto(f"/watch/{house.films[name]}?from=0")
    plays(page)

    page.keyboard.press("5")  # half way

    plays(page, beyond=20.3)
    assert at(page) < 32


def test_the_place_is_kept_and_found_again(house: House, visit: Open) -> None:
    page = visit(house).page
    media_id = house.films["Copied Water"]
    page.goto(f"/watch/{media_id}?from=16")
    plays(page, beyond=17)
    page.keyboard.press("k")
    page.wait_for_timeout(300)
    left_at = at(page)
    page.goto(f"/title/{media_id}")

    page.get_by_role("link", name="Resume").click()
    plays(page, beyond=left_at - 3)

    assert at(page) < left_at + 8


def test_a_quality_is_chosen_and_shown(house: House, visit: Open) -> None:
    page = visit(house).page
    page.goto(f"/watch/{house.films['Encoded Stone']}?from=0")
    plays(page)
    page.get_by_role("button", name="Quality").click()
    choices = page.get_by_role("menu", name="Quality").get_by_role("menuitemradio")
    expect(choices.first).to_contain_text("Auto")
    wanted = choices.last
    height = int(wanted.inner_text().split("p")[0])

    wanted.click()

    page.wait_for_function(
        "(height) => Math.abs(document.querySelector('video').videoHeight - height) < 20", arg=height, timeout=30_000
    )
    plays(page, beyond=at(page) + 0.5)


def test_subtitles_are_shown_in_the_size_and_at_the_time_one_wants(house: House, visit: Open) -> None:
    page = visit(house).page
    page.goto(f"/watch/{house.films['Copied Water']}?from=2")
    plays(page, beyond=2.2)
    page.get_by_role("button", name="Subtitles").click()
    page.get_by_role("menuitemradio", name="Russian").click()

    expect(page.locator("[data-caption]")).to_have_text("Свет не гаснет.", timeout=15_000)
    expect(page.locator("[data-caption] i")).to_have_text("не гаснет")
    page.get_by_role("menuitemradio", name="XL").click()
    expect(page.locator("[data-caption]")).to_have_class("caption caption--xl caption--white caption--soft")
    page.get_by_role("menuitem", name="Later by 0.1 s").click()
    expect(page.get_by_role("menu")).to_contain_text("+0.1 s")


def test_the_sound_one_chose_is_heard_the_next_time_too(house: House, visit: Open) -> None:
    two = ("-map", "0:v", "-map", "1:a", "-map", "1:a", "-c:a", "aac")
    named = ("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=rus")
    add_film(house, film(house.stage.films / "Two Tongues (2021).mkv", seconds=20, audio=(*two, *named)))
    page = visit(house).page
    page.goto(f"/watch/{house.films['Two Tongues']}?from=0")
    plays(page)
    page.get_by_role("button", name="Sound").click()
    expect(page.get_by_role("menuitemradio", name="English")).to_be_checked()
    with page.expect_response(lambda answer: "/api/v1/user/tracks/" in answer.url):
        page.get_by_role("menuitemradio", name="Russian").click()

    page.reload()
    plays(page)
    page.get_by_role("button", name="Sound").click()
    expect(page.get_by_role("menuitemradio", name="Russian")).to_be_checked()


def test_the_keys_are_those_people_know(house: House, visit: Open) -> None:
    page = visit(house).page
    page.goto(f"/watch/{house.films['Direct Light']}?from=0")
    plays(page)
    press = page.keyboard.press

    press("k")
    assert page.evaluate("document.querySelector('video').paused")
    press("3")
    before = at(page)
    press("l")
    assert at(page) == pytest.approx(before + 10, abs=0.5)
    press("j")
    press("ArrowLeft")
    assert at(page) == pytest.approx(before - 5, abs=0.5)
    press("m")
    assert page.evaluate("document.querySelector('video').muted")
    press(">")
    assert page.evaluate("document.querySelector('video').playbackRate") == 1.25
    press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    press("Space")
    assert not page.evaluate("document.querySelector('video').paused")


def test_escape_leaves_to_the_title_and_the_player_is_not_left_in_the_history(house: House, visit: Open) -> None:
    page = visit(house).page
    title = f"/title/{house.films['Direct Light']}"
    page.goto("/movies")
    page.goto(title)
    page.get_by_role("link", name="Play").or_(page.get_by_role("link", name="Resume")).first.click()
    plays(page, beyond=0.1)
    page.get_by_role("button", name="Quality").click()

    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_be_hidden()
    assert "/watch/" in page.url
    page.keyboard.press("Escape")
    page.wait_for_url(f"**{title}")
    page.go_back()

    page.wait_for_url("**/movies")


def test_escape_leaves_an_address_that_was_opened_by_itself_to_its_title(house: House, visit: Open) -> None:
    page = visit(house).page
    page.goto(f"/watch/{house.films['Direct Light']}?from=0")
    plays(page, beyond=0.1)

    page.get_by_role("slider", name="Volume").focus()
    page.keyboard.press("Escape")

    page.wait_for_url(f"**/title/{house.films['Direct Light']}")


def test_when_the_browser_refuses_to_begin_the_arrows_reach_every_control(
    house: House, visit: Open, strict_chromium: Browser
) -> None:
    page = visit(house, browser=strict_chromium).page
    page.goto(f"/watch/{house.films['Copied Water']}?from=0")
    page.wait_for_timeout(5000)  # whatever a test asks of a page counts as a press, after which it may play
    expect(page.locator("[data-trouble]").get_by_role("button", name="Play")).to_be_focused()
    expect(page.get_by_role("status").filter(has_text="wants a press")).to_be_visible()
    reached = set()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", *["ArrowLeft"] * 8, *["ArrowRight"] * 12):
        page.keyboard.press(key)
        reached.add(
            page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.innerText")
        )

    assert {"Position", "Back 10 seconds", "Subtitles", "Sound", "Full screen"} <= reached
    page.keyboard.press("k")
    plays(page, beyond=0.1)
    expect(page.get_by_role("status").filter(has_text="wants a press")).to_be_hidden()


def test_the_controls_leave_after_three_seconds_and_come_back(house: House, visit: Open) -> None:
    page = visit(house).page
    page.goto(f"/watch/{house.films['Direct Light']}?from=0")
    plays(page)

    page.wait_for_function("() => document.querySelector('[data-player]').classList.contains('is-idle')", timeout=8000)
    page.mouse.move(300, 300)
    page.mouse.move(320, 310)

    assert not page.evaluate("document.querySelector('[data-player]').classList.contains('is-idle')")


def test_from_the_films_to_playing_with_a_remote_alone(house: House, visit: Open) -> None:
    visitor = visit(house)
    visitor.context.add_cookies([{"name": "matinee_tv", "value": "1", "url": house.url}])
    page = visitor.page
    page.goto("/movies")
    for _ in range(12):
        if page.evaluate("!!document.activeElement.closest('.posters')"):
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/title/**")
    page.wait_for_function("() => document.activeElement.matches('.btn--strong')")

    page.keyboard.press("Enter")
    page.wait_for_url("**/watch/**")
    plays(page)


def test_the_next_episode_is_offered_when_one_ends(house: House, visit: Open) -> None:
    page = visit(house).page
    page.goto(f"/watch/{house.films['Long Way 1']}?from=38")

    card = page.get_by_role("region", name="Next episode")
    expect(card).to_be_visible(timeout=20_000)
    card.get_by_role("button", name="Play next").click()

    page.wait_for_url(f"**/watch/{house.films['Long Way 2']}")
    plays(page, beyond=0.2)


def test_full_screen_and_speed_outlive_an_episode(house: House, visit: Open) -> None:
    page = visit(house).page
    title = f"/title/{house.films['Long Way']}"
    page.goto(title)
    page.goto(f"/watch/{house.films['Long Way 1']}?from=0")
    plays(page)
    page.keyboard.press("f")
    page.keyboard.press(">")
    page.wait_for_function("() => !!document.fullscreenElement")

    page.keyboard.press("Shift+N")

    page.wait_for_url(f"**/watch/{house.films['Long Way 2']}")
    plays(page, beyond=0.2)
    assert page.evaluate("[!!document.fullscreenElement, document.querySelector('video').playbackRate]") == [True, 1.25]
    expect(page.locator("[data-chapter]")).to_have_text("S1 E2")
    page.keyboard.press("f")
    page.wait_for_function("() => !document.fullscreenElement")
    page.keyboard.press("Escape")
    page.wait_for_url(f"**{title}")


def test_who_begins_again_during_the_countdown_is_not_taken_to_the_next_episode(house: House, visit: Open) -> None:
    page = visit(house).page
    page.goto(f"/watch/{house.films['Long Way 1']}?from=38")
    button = page.get_by_role("button", name="Play next")
    expect(page.get_by_text("Starts in")).to_be_visible(timeout=20_000)
    expect(button).to_be_focused()

    page.keyboard.press("k")

    page.wait_for_timeout(11_500)
    assert page.url.partition("?")[0].endswith(house.films["Long Way 1"])
    expect(page.get_by_text("Starts in")).to_be_hidden()


def test_a_telephone_on_its_side_shows_every_control_and_fingers_jump(house: House, visit: Open) -> None:
    page = visit(house, viewport={"width": 844, "height": 390}, has_touch=True, is_mobile=True).page
    page.goto(f"/watch/{house.films['Direct Light']}?from=0")
    plays(page)
    page.wait_for_function("() => document.querySelector('[data-player]').classList.contains('is-idle')", timeout=8000)
    tap = page.touchscreen.tap

    tap(420, 150)
    assert not page.evaluate("document.querySelector('[data-player]').classList.contains('is-idle')")
    expect(page.get_by_role("button", name="Full screen")).to_be_in_viewport(ratio=1)
    page.wait_for_timeout(600)
    before = at(page)
    page.evaluate(THREE_TAPS_AT_THE_RIGHT)

    assert at(page) == pytest.approx(before + 20, abs=3)


def test_speed_is_in_reach_of_a_telephone(house: House, visit: Open) -> None:
    page = visit(house, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True).page
    page.goto(f"/watch/{house.films['Direct Light']}?from=0")
    plays(page)
    page.get_by_role("button", name="Quality").tap()
    page.get_by_role("menuitem", name="Speed").tap()
    page.get_by_role("menuitemradio", name="1.5×").tap()

    assert page.evaluate("document.querySelector('video').playbackRate") == 1.5


def test_who_is_signed_out_elsewhere_is_told_and_comes_back_to_the_same_place(house: House, visit: Open) -> None:
    visitor = visit(house)
    page = visitor.page
    page.goto(f"/watch/{house.films['Encoded Stone']}?from=0")
    plays(page)
    token = page.locator("meta[name=csrf-token]").get_attribute("content") or ""
    page.request.post("/api/v1/auth/logout", headers={"X-CSRF-Token": token})
    page.keyboard.press("6")

    expect(page.get_by_role("alert")).to_contain_text("You were signed out", timeout=15_000)
    assert page.evaluate("document.querySelector('video').paused")
    page.get_by_role("button", name="Sign in").click()
    visitor.complaints.clear()  # the refusals are what this test is about

    page.wait_for_url("**/login?next=*from%3D24*")


def test_a_line_that_is_gone_for_a_while_is_told_and_the_film_goes_on_by_itself(house: House, visit: Open) -> None:
    visitor = visit(house)
    page = visitor.page
    gone = ("**/play/**", "**/health/live")
    for address in gone:
        page.route(address, lambda route: route.abort())
    page.goto(f"/watch/{house.films['Copied Water']}?from=0")
    expect(page.locator("[data-player]")).to_contain_text("The server does not answer", timeout=20_000)

    for address in gone:
        page.unroute(address)

    plays(page, within_s=60)
    expect(page.locator("[data-player]")).not_to_contain_text("The server does not answer")
    visitor.complaints.clear()  # the lost line is what this test is about


def test_a_page_that_is_shown_again_knows_what_was_watched_meanwhile(
    house: House, visit: Open, keeping_chromium: Browser
) -> None:
    page = visit(house, browser=keeping_chromium).page
    media_id = house.films["Direct Light"]
    page.request.delete(f"/api/v1/user/watched/{media_id}")
    page.goto(f"/title/{media_id}")
    page.evaluate("window.kept = true")
    page.locator(".hero__acts .btn--strong").click()
    plays(page, beyond=0.2)
    page.keyboard.press("5")
    plays(page, beyond=20.5)
    page.keyboard.press("Escape")
    page.wait_for_url(f"**/title/{media_id}", wait_until="commit")  # a kept page is not loaded again

    assert page.evaluate("window.kept"), "the browser kept the page: nothing else is shown by this test"
    expect(page.locator(".hero__bar")).to_contain_text("s left")
    expect(page.get_by_role("link", name="Resume")).to_be_visible()


def test_a_film_that_is_gone_says_so_and_offers_the_next_step(house: House, visit: Open) -> None:
    visitor = visit(house)
    page = visitor.page
    there = house.stage.films / "Direct Light (2021).mp4"
    away = there.with_suffix(".away")
    there.rename(away)
    try:
        page.goto(f"/watch/{house.films['Direct Light']}")
        expect(page.get_by_role("alert")).to_contain_text("cannot be played now", timeout=15_000)
        expect(page.get_by_role("button", name="Try again")).to_be_focused()
    finally:
        away.rename(there)
    visitor.complaints.clear()  # the refused request is what this test is about

    page.get_by_role("button", name="Try again").click()
    plays(page, beyond=0.1)
