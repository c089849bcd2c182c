"""Time from navigation to `/watch/…` to the first painted frame, against bare ffmpeg in the same run.

    python -m bench.first_frame [--rounds 10]

Starts a whole Matinee on a free port over a folder of made films, signs in, and opens each film in real Chromium in
fresh contexts. A frame counts when `requestVideoFrameCallback` reports it. What an encoded film may take beyond a
copied one is 1.6 × the time bare ffmpeg needs for the same first video cell. Run it on a quiet box.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bench.house import CHROMIUM_ARGS, House, open_house
from bench.media import Film, copied_film, encoded_film

FIRST_FRAME = """
(() => {
  window.__painted = [];
  const watch = (video) => {
    const note = (now, frame) => {
      window.__painted.push([performance.now(), frame.mediaTime, video.videoHeight]);
      video.requestVideoFrameCallback(note);
    };
    video.requestVideoFrameCallback(note);
  };
  new MutationObserver((_, observer) => {
    const video = document.querySelector('video');
    if (video) { observer.disconnect(); watch(video); }
  }).observe(document, {childList: true, subtree: true});
})();
"""


@contextmanager
def fresh_page(browser: Browser, house: House) -> Iterator[Page]:
    """A page of a signed-in browser that has been here before (warm HTTP cache of scripts, nothing of the film)."""
    context: BrowserContext = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies(house.cookies())
    page = context.new_page()
    page.goto(f"{house.url}/")
    page.add_init_script(FIRST_FRAME)
    try:
        yield page
    finally:
        context.close()


def painted_after(page: Page, since: float, timeout_s: float = 30) -> float:
    """Milliseconds (page clock) of the first frame painted after `since`."""
    page.wait_for_function(
        "(since) => (window.__painted || []).some((p) => p[0] > since)", arg=since, timeout=timeout_s * 1000
    )
    return float(page.evaluate("(since) => window.__painted.find((p) => p[0] > since)[0]", since))


def open_ms(browser: Browser, house: House, media_id: str) -> float:
    """Navigation to first painted frame, ms."""
    with fresh_page(browser, house) as page:
        page.goto(f"{house.url}/watch/{media_id}", wait_until="commit")
        return painted_after(page, 0)


def seek_ms(browser: Browser, house: House, media_id: str, position: float) -> tuple[float, float]:
    """Seek to an unprepared place, then away and back to the now prepared one: ms each, until a frame of it."""
    with fresh_page(browser, house) as page:
        page.goto(f"{house.url}/watch/{media_id}", wait_until="commit")
        painted_after(page, 0)
        times = []
        for target in (position, 1.0, position):
            started = page.evaluate(
                "(to) => { const v = document.querySelector('video'); const t = performance.now();"
                " window.__painted.length = 0; v.currentTime = to; return t; }",
                target,
            )
            page.wait_for_function(
                "(to) => window.__painted.some((p) => Math.abs(p[1] - to) < 1.0)", arg=target, timeout=30_000
            )
            at = page.evaluate("(to) => window.__painted.find((p) => Math.abs(p[1] - to) < 1.0)[0]", target)
            times.append(float(at) - float(started))
            page.wait_for_timeout(1500)
        return times[0], times[2]


def highest_rung_within(browser: Browser, house: House, media_id: str, seconds: float) -> tuple[int, int]:
    """(height of the first painted frame, greatest height painted within `seconds` of navigation)."""
    with fresh_page(browser, house) as page:
        page.goto(f"{house.url}/watch/{media_id}", wait_until="commit")
        painted_after(page, 0)
        page.wait_for_timeout(max(0.0, seconds * 1000 - float(page.evaluate("performance.now()"))))
        painted: list[list[float]] = page.evaluate("window.__painted")
        return int(painted[0][2]), int(max(p[2] for p in painted))


def bare_first_cell_s(film: Film, ffmpeg: str) -> float:
    """Wall time of bare ffmpeg for the film's first two seconds at 360 lines, as the first cell is made."""
    command = [ffmpeg, "-nostdin", "-v", "error", "-i", str(film.path), "-map", "0:v:0", "-an", "-t", "2"]
    command += ["-vf", "scale=-2:360,format=yuv420p", "-c:v", "libx264", "-preset", "superfast", "-f", "mp4"]
    command += ["-movflags", "+frag_keyframe+empty_moov", "pipe:1"]
    started = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


def report(name: str, value: float, limit: float, unit: str = "s") -> bool:
    """Prints one line; True where the figure is within its limit."""
    good = value <= limit
    print(
        f"{name:54} {value:7.3f} {unit}   limit {limit:6.3f}   ratio {value / limit:5.2f}   {'ok' if good else 'OVER'}"
    )
    return good


def measure(browser: Browser, house: House, rounds: int) -> bool:
    """All figures of this bench; True when every one is within its limit."""
    copied, encoded = house.media_id("Copied Film"), house.media_id("Encoded Film")
    bare = statistics.median(bare_first_cell_s(house.film("Encoded Film"), house.ffmpeg) for _ in range(5))
    quiet = statistics.median(open_ms(browser, house, copied) for _ in range(rounds)) / 1000
    opened = []
    for _ in range(rounds):
        house.forget_segments()
        opened.append(open_ms(browser, house, encoded) / 1000)
    good = [report("copied: navigation to first frame", quiet, 0.6)]
    good.append(report("encoded: navigation to first frame", statistics.median(opened), quiet + 1.6 * bare))
    for title, media_id, extra in (("copied", copied, 0.0), ("encoded", encoded, 1.6 * bare)):
        pairs = []
        for n in range(max(3, rounds // 2)):
            house.forget_segments()
            pairs.append(seek_ms(browser, house, media_id, 30.0 + 7 * n))
        good.append(report(f"{title}: seek, unprepared", statistics.median(p[0] for p in pairs) / 1000, quiet + extra))
        good.append(report(f"{title}: seek, prepared", statistics.median(p[1] for p in pairs) / 1000, 0.25))
    house.forget_segments()
    first, top = highest_rung_within(browser, house, encoded, 10)
    print(f"encoded: first painted height {first}, greatest within 10 s {top}")
    good.append(first >= 360)
    good.append(busy_open(browser, house, copied, quiet, rounds))
    return all(good)


def busy_open(browser: Browser, house: House, copied: str, quiet: float, rounds: int) -> bool:
    """The copied film's opening while two other films are being encoded."""
    house.forget_segments()
    contexts: list[Any] = []
    for name in ("Encoded Film", "Second Encoded Film"):
        context = browser.new_context()
        context.add_cookies(house.cookies())
        page = context.new_page()
        page.goto(f"{house.url}/watch/{house.media_id(name)}", wait_until="commit")
        contexts.append(context)
    time.sleep(2)
    busy = statistics.median(open_ms(browser, house, copied) for _ in range(rounds)) / 1000
    for context in contexts:
        context.close()
    return report("copied: first frame while two films are encoded", busy, 1.3 * quiet)


def main() -> int:
    """Prints the figures; 1 when one is over its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()
    films = [
        copied_film("Copied Film (2019)"),
        encoded_film("Encoded Film (2020)"),
        encoded_film("Second Encoded Film (2021)"),
    ]
    with open_house(films) as house, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_ARGS)
        good = measure(browser, house, arguments.rounds)
        browser.close()
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
