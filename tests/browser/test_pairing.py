"""A TV without a keyboard is let in by a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import House, Open
from tests.browser.test_pages import complaints_of_axe

pytestmark = [pytest.mark.browser, pytest.mark.media, pytest.mark.slow]

WEBOS = "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def television(house: House, visit: Open, address: str = "/pair") -> Page:
    visitor = visit(house, signed_in=False, viewport={"width": 1920, "height": 1080}, user_agent=WEBOS, locale="ru-RU")
    visitor.page.goto(address)
    return visitor.page


def code_on(page: Page) -> str:
    shown = page.locator("[data-code]")
    expect(shown).to_have_text(re.compile(r"^[A-Z2-9]{3} [A-Z2-9]{3}$"))
    return shown.inner_text()


def test_a_phone_types_the_code_of_a_tv_sees_which_it_is_and_lets_it_in(house: House, visit: Open) -> None:
    tv = television(house, visit, "/pair?next=/shows")
    code = code_on(tv)
    assert complaints_of_axe(tv) == []
    expect(tv.get_by_role("heading", name="Войти с помощью телефона")).to_be_visible()
    expect(tv.locator(".pair")).to_contain_text(f"{house.url.removeprefix('http://')}/pair")
    phone = visit(house, **PHONE).page
    phone.goto("/pair")
    phone.get_by_label("Code on the screen").fill(code.lower())
    phone.get_by_role("button", name="Go on").tap()

    expect(phone.get_by_role("heading", name="Let LG TV in?")).to_be_visible()
    expect(phone.get_by_role("button", name="Let it in")).to_be_focused()
    assert complaints_of_axe(phone) == []
    assert "/pair" in tv.url
    phone.get_by_role("button", name="Let it in").tap()

    expect(phone.get_by_role("heading", name="LG TV is signed in")).to_be_visible()
    tv.wait_for_url("**/shows")
    expect(tv.get_by_role("heading", name="Сериалы")).to_be_visible()


def test_a_wrong_code_is_refused_and_a_new_one_is_shown_on_demand(house: House, visit: Open) -> None:
    tv = television(house, visit)
    first = code_on(tv)
    tv.keyboard.press("Enter")  # the remote's first press: the button holds the focus
    expect(tv.locator("[data-code]")).not_to_have_text(first)
    visitor = visit(house)
    visitor.page.goto("/pair?code=ZZZZZZ")

    expect(visitor.page.get_by_role("alert")).to_contain_text("wrong or has expired")
    visitor.complaints.clear()  # the refused code is what this test is about


def test_a_stranger_with_a_code_in_his_address_signs_in_first(house: House, visit: Open) -> None:
    page = visit(house, signed_in=False).page
    page.goto("/pair?code=ABC234")

    assert page.url.endswith("/login?next=/pair?code=ABC234") or "next=%2Fpair%3Fcode%3DABC234" in page.url


def test_the_sign_in_of_a_tv_offers_the_phone_first(house: House, visit: Open) -> None:
    page = television(house, visit, "/login?next=/movies")

    offer = page.get_by_role("link", name="Войти с помощью телефона")
    expect(offer).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/pair?next=*")
    code_on(page)
