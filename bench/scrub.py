"""Two hundred scrubs in ten seconds by three players: does the server stay awake, and does playing go on?

    python -m bench.scrub [--scrubs 200] [--seconds 10] [--only browser|script]

Starts a whole Matinee over films of ten minutes, two that must be encoded (1080p HEVC 10-bit) and one that is copied,
and has three players throw themselves from one unprepared place to the next: first scripts that drop each request for
the next, then real Chromium pages. `/health/live` is asked fifty times a second throughout, each time over a new
connection. Afterwards every player must play on at its last place, nothing that was begun for a place they left may
live on, and the store must come back under its budget. Run it on a quiet machine: the load is printed.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from playwright.sync_api import Browser, Page

from bench.browser import playwright
from bench.first_frame import FIRST_FRAME
from bench.house import CHROMIUM, CHROMIUM_ARGS, House, open_house
from bench.media import SECONDS, Film, copied_film, encoded_film, make
from bench.witness import Answers, Inside, asking

PLAYERS = ("Encoded Hill", "Encoded Lake", "Copied Wood")
TURNS = 5
LENGTH_S = float(SECONDS * TURNS)
BUDGET_GB = 0.25
LIVE_S = 0.2
GOES_ON_S = 5.0
FORGOTTEN_S = 5.0
PLAYS_S = 4.0
APART_S = 45.0
LAST = {"script": (400.0, 215.0, 305.0), "browser": (150.0, 485.0, 95.0)}
"""Where the players of a round end, one each: places that nobody came near before."""
GOLDEN = 0.6180339887
AWAKE_ARGS = [
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
]
SCRUB = """
([places, every]) => {
  const video = document.querySelector('video');
  window.__scrubs = 0;
  const began = performance.now();
  const timer = setInterval(() => {
    const due = Math.min(places.length, Math.floor((performance.now() - began) / every) + 1);
    if (due === window.__scrubs) return;
    window.__scrubs += 1;
    const to = places[window.__scrubs - 1];
    const {buffered} = video;
    window.__ready = false;
    for (let i = 0; i < buffered.length; i += 1) {
      if (buffered.start(i) <= to && to < buffered.end(i)) window.__ready = true;
    }
    video.currentTime = to;
    if (window.__scrubs < places.length) return;
    clearInterval(timer);
    window.__painted.length = 0;
    window.__ended = performance.now();
  }, 5);
}
"""
HERE = """
(to) => {
  const near = (one) => one[0] > window.__ended && one[1] > to - 0.6 && one[1] < to + 12;
  const shown = (window.__painted || []).filter(near);
  const last = shown[shown.length - 1];
  return {done: window.__scrubs, ready: window.__ready, waited: (performance.now() - window.__ended) / 1000,
    first: shown.length ? (shown[0][0] - window.__ended) / 1000 : null,
    played: last ? last[1] - shown[0][1] : 0, since: last ? (performance.now() - last[0]) / 1000 : null};
}
"""


@dataclass
class Judge:
    """Prints each figure beside its limit and remembers whether all were within."""

    good: bool = True

    def limit(self, name: str, value: float, limit: float, unit: str = "s") -> None:
        within = value <= limit
        self.good &= within
        ratio = f"ratio {value / limit:5.2f}" if limit else "           "
        print(f"  {name:52} {value:8.3f} {unit:3} limit {limit:7.3f}   {ratio}   {'ok' if within else 'OVER'}")

    def true(self, name: str, found: bool, more: str = "") -> None:
        self.good &= found
        print(f"  {name:52} {'yes' if found else 'NO'} {more}")


@dataclass
class Outcome:
    """What the players saw: when each had a picture at its last place (s after its last scrub), and played on."""

    scrubs: int = 0
    began: float = 0.0
    """The first scrub, on the monotonic clock."""
    took_s: float = 0.0
    pictures: dict[str, float] = field(default_factory=dict)
    plays_on: dict[str, bool] = field(default_factory=dict)


def places(player: int, count: int, last: float) -> list[float]:
    """So many places all over the film, no two near each other in a row; none but the last is near that one."""
    everywhere = (LENGTH_S * 0.95 * ((number * GOLDEN + player * 0.29) % 1) for number in itertools.count(1))
    ends = [one[player] for one in LAST.values()]
    apart = (place for place in everywhere if all(abs(place - end) > APART_S for end in ends))
    return [*itertools.islice(apart, count - 1), last]


class Script:
    """A player over HTTP: for each place it asks for the cells of picture and sound and drops what it asked before."""

    def __init__(self, house: House, title: str) -> None:
        self.title = title
        self._where = urlsplit(house.url)
        body = {"media_id": house.media_id(title), "device": {"direct": [], "hls": ["h264", "aac"]}}
        prepared = house.call("POST", "/api/v1/player/prepare", body)
        self.session = prepared["session_id"]
        self._base = prepared["hls_url"].rsplit("/", 1)[0]
        master = requests.get(f"{house.url}{prepared['hls_url']}", timeout=30).text.splitlines()
        picture = next(line for line in master if line and not line.startswith("#"))
        sound = next(line.partition('URI="')[2].partition('"')[0] for line in master if "TYPE=AUDIO" in line)
        self._cells = [self._list(house, name) for name in (picture, sound)]
        self._open: list[http.client.HTTPConnection] = []

    def _list(self, house: House, name: str) -> list[tuple[float, str]]:
        lines = requests.get(f"{house.url}{self._base}/{name}", timeout=30).text.splitlines()
        found, at, length = [], 0.0, 0.0
        for line in lines:
            if line.startswith("#EXTINF:"):
                length = float(line[8:].rstrip(","))
            elif line and not line.startswith("#"):
                found.append((at, f"{self._base}/{line}"))
                at += length
        return found

    def scrub(self, to: float) -> None:
        """Asks for this place and hangs up on the last one."""
        self.drop()
        for cells in self._cells:
            door = http.client.HTTPConnection(self._where.hostname or "", self._where.port, timeout=30)
            door.request("GET", self._at(cells, to))
            self._open.append(door)

    def drop(self) -> None:
        for door in self._open:
            door.close()
        self._open.clear()

    def plays_from(self, house: House, to: float) -> bool:
        """Whether both cells of this place and the picture that follows are got, as a patient player gets them."""
        wanted = [self._at(cells, at) for cells in self._cells for at in (to, to + 8)]
        return all(self._got(f"{house.url}{path}") for path in wanted)

    def picture_at(self, house: House, to: float) -> None:
        """Returns when the picture of this place has come."""
        self.drop()
        if not self._got(f"{house.url}{self._at(self._cells[0], to)}"):
            raise RuntimeError(f"{self.title}: no picture at {to} s")

    @staticmethod
    def _at(cells: Sequence[tuple[float, str]], to: float) -> str:
        return next(path for at, path in reversed(cells) if at <= to)

    @staticmethod
    def _got(url: str) -> bool:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            answer = requests.get(url, timeout=30)
            if answer.ok:
                return answer.content[4:8] in {b"styp", b"moof"}
            if answer.status_code != 503:
                return False
            time.sleep(0.2)
        return False


def scripts(house: House, options: argparse.Namespace) -> Outcome:
    """The scrubs by scripts."""
    from concurrent.futures import ThreadPoolExecutor

    players = [Script(house, title) for title in PLAYERS]
    count = options.scrubs // 3 + 1
    last = LAST["script"]
    tracks = [places(number, count, last[number]) for number in range(3)]
    began = time.monotonic()
    found = Outcome(began=began)
    for number in range(options.scrubs):
        time.sleep(max(0.0, began + number * options.seconds / options.scrubs - time.monotonic()))
        players[number % 3].scrub(tracks[number % 3][number // 3])
        found.scrubs += 1
    found.took_s = time.monotonic() - began
    with ThreadPoolExecutor(3) as pool:

        def arrive(number: int) -> None:
            at = time.monotonic()
            players[number].picture_at(house, last[number])
            found.pictures[PLAYERS[number]] = time.monotonic() - at

        list(pool.map(arrive, range(3)))
        list(pool.map(lambda n: found.plays_on.update({PLAYERS[n]: players[n].plays_from(house, last[n])}), range(3)))
    return found


def pages(browser: Browser, house: House, options: argparse.Namespace) -> Outcome:
    """The scrubs by real players, which stay open."""
    opened = [_opened(browser, house, title) for title in PLAYERS]
    count, last = (options.scrubs + 2) // 3, LAST["browser"]
    began = time.monotonic()
    found = Outcome(began=began)
    for number, page in enumerate(opened):
        page.evaluate(SCRUB, [places(number, count, last[number]), options.seconds * 1000 / count])
    deadline = began + options.seconds + 60
    states: list[dict[str, Any]] = []
    while time.monotonic() < deadline:
        states = [page.evaluate(HERE, last[number]) for number, page in enumerate(opened)]
        if not found.took_s and all(state["done"] >= count for state in states):
            found.took_s = time.monotonic() - began
        if all(state["first"] is not None and state["played"] >= PLAYS_S for state in states):
            break
        time.sleep(0.1)
    found.scrubs = sum(state["done"] for state in states)
    for title, state in zip(PLAYERS, states, strict=True):
        found.pictures[title] = state["first"] if state["first"] is not None else state["waited"]
        found.plays_on[title] = state["played"] >= PLAYS_S and not state["ready"]
    return found


def _opened(browser: Browser, house: House, title: str) -> Page:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies(house.cookies())  # type: ignore[arg-type]
    page = context.new_page()
    page.add_init_script(FIRST_FRAME)
    page.goto(f"{house.url}/watch/{house.media_id(title)}", wait_until="commit")
    page.wait_for_function("() => (window.__painted || []).length > 0", timeout=60_000)
    return page


def judge(judged: Judge, inside: Inside, outcome: Outcome, live: Answers, spent: dict[str, float]) -> None:
    """Prints what was seen of one round of scrubs."""
    print(f"  {outcome.scrubs} scrubs in {outcome.took_s:.1f} s; cells made so far: {inside.made()}")
    print("  processor time meanwhile: " + ", ".join(f"{name} {value:.1f} s" for name, value in spent.items()))
    print(f"  /health/live: {len(live.took)} answers, median {live.median * 1000:.1f} ms, p99 {live.p99 * 1000:.1f} ms")
    scrubbed = outcome.began + outcome.took_s
    judged.limit("/health/live, slowest while scrubbing", live.worst_between(outcome.began, scrubbed), LIVE_S)
    print(f"  /health/live, slowest before (films open) {live.worst_between(0, outcome.began) * 1000:.0f} ms, "
          f"afterwards (until all play) {live.worst_between(scrubbed, math.inf) * 1000:.0f} ms")  # fmt: skip
    judged.true("/health/live, never refused", not live.refused, f"{live.refused} refusals")
    for title, seconds in outcome.pictures.items():
        judged.limit(f"{title}: a picture at its last place", seconds, GOES_ON_S)
        judged.true(f"{title}: plays on from there", outcome.plays_on[title])


def after(found: Callable[[], bool], limit_s: float) -> float:
    """How long until this is true and still is half a second later (s); a little over the limit where it never is."""
    began = time.monotonic()
    while time.monotonic() - began <= limit_s:
        at = time.monotonic() - began
        if found():
            time.sleep(0.5)
            if found():
                return at
        time.sleep(0.05)
    return time.monotonic() - began


def leftovers(judged: Judge, house: House, inside: Inside, leave: Callable[[], None]) -> None:
    """While the players play: nothing for places they left. When they have gone: nothing at all."""
    judged.limit(
        "nothing is made for places that were left, after", after(lambda: not inside.held().abandoned, 10), 2.0
    )
    if not judged.good:
        print(f"  {inside.held()}")
    leave()
    house.end_sessions()
    judged.limit("sessions ended: nothing is held or made, after", after(lambda: not inside.held(), 10), FORGOTTEN_S)
    if inside.held():
        print(f"  {inside.held()}")


def round_of(
    name: str, house: House, inside: Inside, judged: Judge, play: Callable[[], Outcome], leave: Callable[[], None]
) -> None:
    """One kind of players, with the server watched."""
    print(f"{name} (load {os.getloadavg()[0]:.1f})")
    words = {"web": "gunicorn", "workers": "workers"}
    before = {word: inside.processor_s(word) for word in words.values()}
    with asking(house.url) as live:
        outcome = play()
    spent = {who: inside.processor_s(word) - before[word] for who, word in words.items()}
    judge(judged, inside, outcome, live, spent)
    leftovers(judged, house, inside, leave)


def disk(judged: Judge, house: House, inside: Inside) -> None:
    """What was made is counted in time: one more minute of playing brings the store under its budget."""
    budget = BUDGET_GB * (1 << 30)
    print(f"  stored after the scrubs: {inside.stored_bytes() / 1e6:.0f} MB of {budget / 1e6:.0f} MB")
    time.sleep(31)  # what was used half a minute ago may go
    player = Script(house, PLAYERS[2])
    judged.true("another film plays", player.plays_from(house, 500.0))
    seconds = after(lambda: inside.stored_bytes() <= budget, 10)
    house.end_sessions()
    judged.limit("the store is within its budget, after", seconds, 10)


def films() -> list[Film]:
    """Ten minutes each: there is always a place that nobody prepared."""
    encoded, copied = encoded_film("x").path, copied_film("x").path
    sources = (encoded, encoded, copied)
    return [
        Film(
            f"{title} (2011)",
            make(
                f"scrub-{number}.mkv",
                *("-stream_loop", str(TURNS - 1), "-i", str(source), "-c", "copy"),
                *("-metadata", f"title=Scrub {number}"),
            ),
        )
        for number, (title, source) in enumerate(zip(PLAYERS, sources, strict=True))
    ]


def idle(house: House) -> Answers:
    with asking(house.url) as live:
        time.sleep(5)
    return live


def main() -> int:
    """Prints the figures; 1 when one is over its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scrubs", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--only", choices=("browser", "script"))
    options = parser.parse_args()
    judged = Judge()
    with open_house(films(), MATINEE_TRANSCODES_MAX_GB=str(BUDGET_GB)) as house:
        inside = Inside(house.folder)
        time.sleep(3)
        quiet = idle(house)
        print(f"idle: /health/live median {quiet.median * 1000:.1f} ms, p99 {quiet.p99 * 1000:.1f} ms, "
              f"slowest {quiet.worst * 1000:.1f} ms")  # fmt: skip
        if options.only != "browser":
            round_of("scripts", house, inside, judged, lambda: scripts(house, options), lambda: None)
        if options.only != "script":
            browser = playwright().chromium.launch(executable_path=CHROMIUM, args=[*CHROMIUM_ARGS, *AWAKE_ARGS])
            round_of("Chromium", house, inside, judged, lambda: pages(browser, house, options), browser.close)
        disk(judged, house, inside)
    return 0 if judged.good else 1


if __name__ == "__main__":
    raise SystemExit(main())
