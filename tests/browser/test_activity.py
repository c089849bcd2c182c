"""The list of jobs lives by the socket, and by asking where there is none."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Request, WebSocketRoute, expect

from app.web import activity
from tests.browser.conftest import House, Open

pytestmark = [pytest.mark.browser, pytest.mark.media, pytest.mark.slow]

JOBS = "/api/v1/admin/jobs?"


def asked(page: Page) -> list[Request]:
    """Every question for the list, from now on."""
    found: list[Request] = []
    page.on("request", lambda request: found.append(request) if JOBS in request.url else None)
    return found


def start_scan(page: Page) -> int:
    """A job that waits: nobody scans in this house."""
    with page.expect_response("**/api/v1/admin/scan") as answer:
        page.get_by_role("button", name="Scan all").click()
    return int(answer.value.json()["job_id"])


def announce(house: House, job_id: int, state: str, progress: float) -> None:
    with house.stage.app.app_context():
        body = {"id": job_id, "kind": "scan", "state": state, "progress": progress, "detail": {"library": "Films"}}
        activity.announce("job", {**body, "error": None})


def cancel(page: Page, job_id: int) -> None:
    token = page.locator("meta[name=csrf-token]").get_attribute("content") or ""
    page.request.delete(f"/api/v1/admin/jobs/{job_id}", headers={"X-CSRF-Token": token})


def test_a_job_moves_on_the_page_without_being_asked_for(house: House, visit: Open) -> None:
    page = visit(house).page
    page.goto("/admin/activity")
    expect(page.locator("[data-jobs]")).to_have_attribute("data-live", "true")
    job_id = start_scan(page)
    button = page.get_by_role("button", name="Cancel: ").first
    expect(button).to_be_visible()
    button.focus()
    page.wait_for_timeout(500)
    questions = asked(page)

    for percent in (21, 42, 63):
        announce(house, job_id, "running", percent / 100)
        expect(page.get_by_role("progressbar").first).to_have_attribute("aria-valuenow", str(percent), timeout=10_000)
    page.wait_for_timeout(1500)

    assert questions == []
    assert page.evaluate("document.activeElement.dataset.cancel") == str(job_id), "the focus stays while a bar moves"
    cancel(page, job_id)


@pytest.mark.parametrize("manner", ["lost", "full"])
def test_without_a_socket_the_page_asks(house: House, visit: Open, manner: str) -> None:
    visitor = visit(house)
    page = visitor.page

    def refuse(socket: WebSocketRoute) -> None:
        if manner == "lost":
            socket.close()
            return
        socket.on_message(lambda _word: socket.send('44/activity,{"message":"full","data":{"code":"full"}}'))
        socket.send('0{"sid":"x","upgrades":[],"pingInterval":5000,"pingTimeout":5000,"maxPayload":65536}')

    page.route_web_socket("**/socket.io/**", refuse)
    page.goto("/admin/activity")
    expect(page.locator("[data-jobs]")).to_have_attribute("data-live", "false")
    job_id = start_scan(page)
    expect(page.get_by_role("progressbar").first).to_be_visible()

    questions = asked(page)
    for _ in range(40):
        if len(questions) >= 2:
            break
        page.wait_for_timeout(500)

    assert len(questions) >= 2
    cancel(page, job_id)
    expect(page.get_by_role("progressbar")).to_have_count(0, timeout=20_000)


def test_a_page_that_shows_nothing_live_opens_no_socket(house: House, visit: Open) -> None:
    page = visit(house).page
    opened: list[str] = []
    page.on("websocket", lambda socket: opened.append(socket.url))
    for path in ("/", "/movies", f"/title/{house.films['Direct Light']}", "/settings", "/admin/libraries"):
        page.goto(path)
        page.wait_for_load_state("load")
        page.wait_for_timeout(300)

    assert opened == []
