"""Time from navigation to `/watch/…` to the first painted frame, against bare ffmpeg in the same run.

    python -m bench.first_frame [--rounds 10]

Starts a whole Matinee on a free port over made films, one file for each round so that every opening finds nothing
prepared, signs in, lets the home page come to rest, and opens them in real Chromium in fresh contexts. A frame counts
when `requestVideoFrameCallback` reports it. What an encoded film may take beyond a copied one is 1.6 × the time that
bare ffmpeg needs for the same cell with the very command of the product. Run it on a quiet machine: the load is printed
with the figures.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import requests
from playwright.sync_api import Browser, Page, sync_playwright

from app.core.ladder import VideoSpec, ladder
from app.core.playback import START_LINES
from app.core.timeline import plan
from bench.house import CHROMIUM_ARGS, House, open_house
from bench.media import Film, another, copied_film, encoded_film
from workers.engines import commands
from workers.engines.ffmpeg import find, inspect
from workers.engines.slicer import read_index

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
SEEK_TO, FIRST = 62.0, "() => (window.__painted || [])[0]"
NEAR = "(to) => window.__painted.find((p) => Math.abs(p[1] - to) < 1.0)"
JUMP = (
    "(to) => { const t = performance.now(); window.__painted.length = 0;"
    " document.querySelector('video').currentTime = to; return t; }"
)
SUSTAINED = 1.3
LONG_S = 60.0


@contextmanager
def fresh_page(browser: Browser, house: House) -> Iterator[Page]:
    """A page of a signed-in browser that has been here before (warm HTTP cache of scripts, nothing of the film)."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies(house.cookies())  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{house.url}/", wait_until="networkidle")
    page.add_init_script(FIRST_FRAME)
    try:
        yield page
    finally:
        context.close()
        house.end_sessions()


def painted(page: Page, wanted: str, to: float | None = None) -> list[float]:
    """The first frame that this finds: page clock (ms), media time (s), height. Raises TimeoutError."""
    deadline = time.monotonic() + LONG_S
    while time.monotonic() < deadline:
        found = page.evaluate(wanted, to)
        if found:
            return [float(value) for value in found]
        time.sleep(0.03)
    raise TimeoutError("no frame was painted")


@dataclass(frozen=True, slots=True)
class Visit:
    """One opening: seconds to the first frame, then of a seek to an unprepared and to a prepared place."""

    opened: float
    unprepared: float
    prepared: float
    first_height: int


def visit(browser: Browser, house: House, media_id: str, *, seeks: bool = True) -> Visit:
    """Opens a film that nobody opened yet."""
    with fresh_page(browser, house) as page:
        page.goto(f"{house.url}/watch/{media_id}", wait_until="commit")
        opened, _, height = painted(page, FIRST)
        if not seeks:
            return Visit(opened / 1000, 0.0, 0.0, int(height))
        page.wait_for_timeout(1500)
        times = []
        for target in (SEEK_TO, 1.0, SEEK_TO):
            began = float(page.evaluate(JUMP, target))
            times.append((painted(page, NEAR, target)[0] - began) / 1000)
            page.wait_for_timeout(1500)
        return Visit(opened / 1000, times[0], times[2], int(height))


def heights_within(browser: Browser, house: House, media_id: str, seconds: float) -> list[tuple[float, int]]:
    """When each height was first painted (s since navigation), in order, until so long after navigation."""
    with fresh_page(browser, house) as page:
        page.goto(f"{house.url}/watch/{media_id}", wait_until="commit")
        painted(page, FIRST)
        page.wait_for_timeout(max(0.0, seconds * 1000 - float(page.evaluate("performance.now()"))))
        frames: list[list[float]] = page.evaluate("window.__painted")
    changes = [next(iter(same)) for _, same in itertools.groupby(frames, key=lambda frame: frame[2])]
    return [(frame[0] / 1000, int(frame[2])) for frame in changes]


class Bare:
    """ffmpeg alone, with the command that a run would give it."""

    def __init__(self, film: Film) -> None:
        self._ffmpeg = inspect(find())
        self._path = film.path
        self._index = read_index(film.path)
        timeline = plan(self._index).video
        if timeline is None:
            raise ValueError("the film has no picture")
        self._timeline = timeline
        self.rungs = ladder(self._index)

    def seconds(self, spec: VideoSpec, position: float, *, cells: int = 1, preset: str = "superfast") -> float:
        """Wall time of these cells."""
        first = self._timeline.segment_at(position)
        places = commands.video_places(self._index, self._index.zero + self._timeline.start(first))
        command = commands.video_command(
            self._ffmpeg.path, self._ffmpeg.filters, self._path, self._index, self._timeline, [spec],
            first=first, count=cells, preset=preset, threads=0, place=places[0], outputs=["pipe:1"],
        )  # fmt: skip
        began = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - began

    def first_rung(self) -> VideoSpec:
        """The rung that playing starts with."""
        return next(spec for spec in self.rungs if min(spec.width, spec.height) <= START_LINES)

    def cell(self, position: float, rounds: int) -> float:
        """Median wall time of the one cell that a player needs first at this place."""
        return statistics.median(self.seconds(self.first_rung(), position) for _ in range(rounds))

    def pace(self, spec: VideoSpec) -> float:
        """Seconds of film in a second, over four cells, with the least effort that the product may fall back to."""
        first = self._timeline.segment_at(20.0)
        length = float(self._timeline.start(first + 4) - self._timeline.start(first))
        return length / self.seconds(spec, 20.0, cells=4, preset="ultrafast")


@contextmanager
def encoding(house: House, titles: Sequence[str]) -> Iterator[None]:
    """As long as this lasts, a client each takes these films' largest encoded picture cell by cell."""
    stopped = threading.Event()
    clients = [threading.Thread(target=_take, args=(house, title, stopped.is_set)) for title in titles]
    for client in clients:
        client.start()
    try:
        yield
    finally:
        stopped.set()
        for client in clients:
            client.join()


def _take(house: House, title: str, stopped: Callable[[], bool]) -> None:
    body = {"media_id": house.media_id(title)}
    prepared = house.call("POST", "/api/v1/player/prepare", body)
    top = max(prepared["renditions"], key=lambda one: (one["method"] == "encode", one["height"]))
    base = f"{house.url}{prepared['hls_url'].rsplit('/', 1)[0]}"
    lines = requests.get(f"{base}/v-{top['name']}.m3u8", timeout=30).text.splitlines()
    for cell in [line for line in lines if line and not line.startswith("#")]:
        while not stopped() and requests.get(f"{base}/{cell}", timeout=60).status_code == 503:
            time.sleep(0.2)
        if stopped():
            return


def report(name: str, value: float, limit: float) -> bool:
    """Prints one line; True where the figure is within its limit."""
    good = value <= limit
    print(f"{name:58} {value:7.3f} s   limit {limit:6.3f}   ratio {value / limit:5.2f}   {'ok' if good else 'OVER'}")
    return good


def measure(browser: Browser, house: House, rounds: int) -> bool:
    """All figures of this bench; True when every one is within its limit."""
    median = statistics.median
    print(f"load before: {os.getloadavg()[0]:.1f}")
    bare = Bare(house.film("Encoded 0"))
    visit(browser, house, house.media_id("Copied Film"))  # the scripts come into the browser's caches
    copied = [visit(browser, house, house.media_id(f"Copied {n}")) for n in range(rounds)]
    first_cell, seek_cell = bare.cell(0.0, 5), bare.cell(SEEK_TO, 5)
    encoded = [visit(browser, house, house.media_id(f"Encoded {n}")) for n in range(rounds)]
    print(f"bare ffmpeg: first cell {first_cell:.3f} s, the cell at {SEEK_TO:.0f} s {seek_cell:.3f} s")
    quiet = median(one.opened for one in copied)
    good = [
        report("copied: navigation to first frame", quiet, 0.6),
        report("encoded: navigation to first frame", median(one.opened for one in encoded), quiet + 1.6 * first_cell),
        report("copied: seek, unprepared", median(one.unprepared for one in copied), quiet),
        report("encoded: seek, unprepared", median(one.unprepared for one in encoded), quiet + 1.6 * seek_cell),
        report("copied: seek, prepared", median(one.prepared for one in copied), 0.25),
        report("encoded: seek, prepared", median(one.prepared for one in encoded), 0.25),
        climbs(browser, house, bare),
    ]
    with encoding(house, ["Encoded 0", "Encoded 1"]):
        time.sleep(2)
        busy = median(visit_again(browser, house, f"Busy {n}") for n in range(rounds))
    good.append(report("copied: first frame while two films are encoded", busy, 1.3 * quiet))
    print(f"load after: {os.getloadavg()[0]:.1f}")
    return all(good)


def climbs(browser: Browser, house: House, bare: Bare) -> bool:
    """Whether the picture starts at 360 lines or more and reaches in ten seconds what bare ffmpeg sustains."""
    paces = {spec.height: bare.pace(spec) for spec in bare.rungs}
    wanted = max((height for height, pace in paces.items() if pace >= SUSTAINED), default=min(paces))
    heights = heights_within(browser, house, house.media_id("Encoded Film"), 10)
    print("bare pace: " + ", ".join(f"{height}p {pace:.2f} ×" for height, pace in paces.items()))
    print("painted: " + ", ".join(f"{height}p from {at:.1f} s" for at, height in heights))
    good = heights[0][1] >= START_LINES and max(height for _, height in heights) >= wanted
    print(f"first rung {heights[0][1]}p, highest within 10 s wanted {wanted}p   {'ok' if good else 'MISSED'}")
    return good


def visit_again(browser: Browser, house: House, title: str) -> float:
    """Seconds to the first frame of a film that nobody opened, without ending the others' sessions."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies(house.cookies())  # type: ignore[arg-type]
    page = context.new_page()
    try:
        page.goto(f"{house.url}/", wait_until="networkidle")
        page.add_init_script(FIRST_FRAME)
        page.goto(f"{house.url}/watch/{house.media_id(title)}", wait_until="commit")
        return painted(page, FIRST)[0] / 1000
    finally:
        context.close()


def films(rounds: int) -> list[Film]:
    """A film for every opening."""
    copied, encoded = copied_film("Copied Film (2019)"), encoded_film("Encoded Film (2020)")
    found = [copied, encoded]
    found += [another(copied, f"Copied {n} (2019)", n) for n in range(rounds)]
    found += [another(copied, f"Busy {n} (2019)", rounds + n) for n in range(rounds)]
    found += [another(encoded, f"Encoded {n} (2020)", n) for n in range(rounds)]
    return found


def main() -> int:
    """Prints the figures; 1 when one is over its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()
    with open_house(films(max(2, arguments.rounds))) as house, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_ARGS)
        good = measure(browser, house, arguments.rounds)
        browser.close()
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
