"""Does a page that was paused for minutes go on? In real time, in real Chromium.

    python -m bench.pause [--minutes 6]

Two pages play a film each and are paused: one reports once a minute, as pages do; the other's reports never arrive, as
from a machine that slept, so that its token has run out when the viewer comes back. Then both play on, at a place of
which nothing was fetched. Costs next to no processor time while it waits.
"""

from __future__ import annotations

import argparse
import time

from playwright.sync_api import Browser, Page

from bench.browser import playwright
from bench.first_frame import FIRST_FRAME
from bench.house import CHROMIUM, CHROMIUM_ARGS, House, open_house
from bench.media import another, copied_film

BACK_AT = 90.0
PLAYS_ON = """
(at) => {
  const video = document.querySelector('video');
  window.__painted.length = 0;
  video.currentTime = at;
  return video.play();
}
"""
SINCE = "(at) => window.__painted.filter((one) => one[1] >= at - 0.5 && one[1] < at + 10).length"


def opened(browser: Browser, house: House, title: str, *, is_heard: bool) -> tuple[Page, list[int]]:
    """A page that has begun to play and was paused, and the statuses of refusals that it will see."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies(house.cookies())  # type: ignore[arg-type]
    page = context.new_page()
    page.add_init_script(FIRST_FRAME)
    refused: list[int] = []
    page.on("response", lambda answer: refused.append(answer.status) if answer.status == 403 else None)
    if not is_heard:
        page.route("**/api/v1/player/progress", lambda route: route.abort())
    page.goto(f"{house.url}/watch/{house.media_id(title)}", wait_until="commit")
    page.wait_for_function("() => (window.__painted || []).length > 24", timeout=60_000)
    page.evaluate("document.querySelector('video').pause()")
    return page, refused


def comes_back(page: Page) -> tuple[int, float]:
    """How many pictures were painted in the first seconds after the pause, and when the first came (s)."""
    began = time.monotonic()
    page.evaluate(PLAYS_ON, BACK_AT)
    page.wait_for_function(SINCE, arg=BACK_AT, timeout=30_000)
    first = time.monotonic() - began
    page.wait_for_timeout(4000)
    return int(page.evaluate(SINCE, BACK_AT)), first


def main() -> int:
    """Prints what each page saw; 1 when one did not play on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=6.0)
    options = parser.parse_args()
    first = copied_film("Paused Heard (2019)")
    good = True
    with open_house([first, another(first, "Paused Unheard (2019)", 0)]) as house:
        browser = playwright().chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        pages = [opened(browser, house, f"Paused {who}", is_heard=who == "Heard") for who in ("Heard", "Unheard")]
        pages[0][0].wait_for_timeout(options.minutes * 60_000)
        for name, (page, refused) in zip(("reports arrive", "no report arrives"), pages, strict=True):
            count, after = comes_back(page)
            good &= count >= 48
            print(f"{name}: first picture after {after:.2f} s, {count} in four seconds, {len(refused)} answers of 403")
        browser.close()
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
