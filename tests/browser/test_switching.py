"""A copied film and its encoded rungs are one playlist: chosen by hand, by the line, and by what decodes."""

from __future__ import annotations

import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from playwright.sync_api import Page, Request, Route, expect

from tests.browser.conftest import PASSWORD, House, Open, add_film
from tests.browser.test_watching import at, plays
from tests.playback.stage import film

pytestmark = [pytest.mark.browser, pytest.mark.media, pytest.mark.slow]

WIDTH = "(width) => document.querySelector('video').videoWidth === width"
NARROWER = "(width) => { const w = document.querySelector('video').videoWidth; return w > 0 && w < width; }"
ONE_RANGE = "() => document.querySelector('video').buffered.length === 1"
ERROR = "(document.querySelector('video').error || {}).message || null"
MANY = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "48", "-qp", "10")
"""A picture of about 10 Mb/s."""


@pytest.fixture(scope="module")
def heavy(house: House) -> str:
    """A film that browsers play as it is and that takes much of a line."""
    add_film(house, film(house.stage.films / "Heavy Water (2024).mkv", seconds=80, size="1280x720", video=MANY))
    return house.films["Heavy Water"]


class Watched:
    """What a page asks for below `/play/`: playlists by name, cells by rendition."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.playlists: Counter[str] = Counter()
        self.recipes: list[str] = []
        self._base = ""
        page.on("request", self._on_request)

    def _on_request(self, request: Request) -> None:
        found = re.match(r"(.*/play/[^/]+)/(?:([^/]+[.]m3u8)|(\w+)/\d+[.]m4s)", request.url)
        if found is None:
            return
        self._base = found[1]
        if found[2]:
            self.playlists[found[2]] += 1
        else:
            self.recipes.append(found[3])

    def cells(self, rendition: str) -> int:
        """How many cells of a rendition were asked for."""
        return self.recipes.count(self.recipe(rendition))

    def wait_for(self, rendition: str, count: int, within_s: float = 60) -> None:
        deadline = time.monotonic() + within_s
        while self.cells(rendition) < count:
            assert time.monotonic() < deadline, f"{count} cells of {rendition} were not asked for"
            self.page.wait_for_timeout(200)

    def encoded(self) -> int:
        """How many encoded pictures' cells were asked for."""
        return sum(self.cells(name) for name in ("v-720p", "v-480p", "v-360p", "v-240p"))

    def recipe(self, rendition: str) -> str:
        text = self.page.request.get(f"{self._base}/{rendition}.m3u8").text()
        return re.findall(r'URI="(\w+)/init', text)[0]


def qualities(page: Page) -> None:
    """Opens the menu."""
    page.mouse.move(300, 300)
    page.mouse.move(320, 310)
    page.get_by_role("button", name="Quality").click()


def choose(page: Page, name: str) -> None:
    qualities(page)
    page.get_by_role("menuitemradio", name=re.compile(name)).click()


class Line:
    """The page's line: carries so many bits a second; -1: what the machine can."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("Network.enable")

    def carries(self, bits: int) -> None:
        rate = bits // 8 if bits > 0 else -1
        conditions = {"offline": False, "latency": 10, "downloadThroughput": rate, "uploadThroughput": rate}
        self._session.send("Network.emulateNetworkConditions", conditions)


@pytest.mark.parametrize("bits", [-1, 18_000_000])
def test_a_line_that_carries_the_film_has_nothing_encoded(house: House, visit: Open, heavy: str, bits: int) -> None:
    page = visit(house).page
    watched = Watched(page)
    Line(page).carries(bits)
    page.goto(f"/watch/{heavy}?from=0")
    plays(page, beyond=6)

    page.keyboard.press("5")

    plays(page, beyond=42)
    assert watched.encoded() == 0
    assert set(watched.playlists) == {"master.m3u8", "v-copy.m3u8", "a1-copy.m3u8"}


def test_a_quality_is_chosen_and_left_again_within_one_playlist(house: House, visit: Open, heavy: str) -> None:
    page = visit(house).page
    watched = Watched(page)
    page.goto(f"/watch/{heavy}?from=0")
    plays(page, beyond=1)
    source, masters = page.evaluate("document.querySelector('video').src"), watched.playlists["master.m3u8"]
    assert page.evaluate(WIDTH, 1280)

    for name, width in (("360p", 640), ("Original", 1280), ("240p", 426), ("Original", 1280)):
        choose(page, name)
        page.wait_for_function(WIDTH, arg=width, timeout=30_000)
        plays(page, beyond=at(page) + 1)
        page.wait_for_function(ONE_RANGE)
        assert page.evaluate(ERROR) is None

    assert page.evaluate("document.querySelector('video').src") == source
    assert watched.playlists["master.m3u8"] == masters
    assert watched.playlists["ladder.m3u8"] == 0
    qualities(page)
    expect(page.get_by_role("menuitemradio", name=re.compile("Original"))).to_be_checked()


def test_a_program_that_fetches_several_renditions_and_segments_at_once_gets_all_of_them(
    house: House, heavy: str
) -> None:
    signed_in = requests.post(
        f"{house.url}/api/v1/auth/login", json={"username": "aya", "password": PASSWORD}, timeout=9
    )
    bearer = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    asked = requests.post(
        f"{house.url}/api/v1/player/prepare", json={"media_id": heavy, "position": 0}, headers=bearer, timeout=30
    )
    base = house.url + asked.json()["hls_url"].rpartition("/")[0]

    def uris(name: str) -> list[str]:
        text = requests.get(f"{base}/{name}.m3u8", timeout=30).text
        return re.findall(r'URI="([^"]+)"', text) + re.findall(r"^[^#].*", text, re.MULTILINE)

    rungs = [uris(name) for name in ("v-480p", "v-360p", "v-240p")]
    wanted = [rung[0] for rung in rungs] + [rung[-3] for rung in rungs] + rungs[0][-9:-5:2]
    with ThreadPoolExecutor(len(wanted)) as threads:
        answers = list(threads.map(lambda uri: requests.get(f"{base}/{uri}", timeout=60), wanted))

    assert [answer.status_code for answer in answers] == [200] * len(wanted)
    assert all(answer.elapsed.total_seconds() < 15 for answer in answers)


def test_a_line_that_cannot_carry_the_film_gets_a_smaller_picture_until_it_can(
    house: House, visit: Open, heavy: str
) -> None:
    page = visit(house).page
    watched, line = Watched(page), Line(page)
    line.carries(4_000_000)
    page.goto(f"/watch/{heavy}?from=0")
    page.wait_for_function(WIDTH, arg=1280, timeout=30_000)  # it begins with the film as it is

    page.wait_for_function(NARROWER, arg=1280, timeout=30_000)
    plays(page, beyond=at(page) + 4)
    copied = watched.cells("v-copy")
    assert copied <= 2
    line.carries(-1)

    watched.wait_for("v-copy", copied + 2)
    plays(page, beyond=at(page) + 2)
    page.wait_for_function(WIDTH, arg=1280, timeout=60_000)
    page.wait_for_function(ONE_RANGE)
    assert page.evaluate(ERROR) is None


def test_a_picture_that_does_not_decode_gives_way_to_an_encoded_one(house: House, visit: Open, heavy: str) -> None:
    visitor = visit(house)
    page, watched = visitor.page, Watched(visitor.page)
    page.goto(f"/watch/{heavy}?from=0")
    plays(page, beyond=1)
    copied = watched.recipe("v-copy")

    def broken(route: Route) -> None:
        data = route.fetch().body()
        head = data.index(b"mdat") + 4
        route.fulfill(body=data[:head] + b"\xff" * (len(data) - head), content_type="video/mp4")

    page.route(re.compile(f"/{copied}/[0-9]+[.]m4s"), broken)
    page.goto(f"/watch/{heavy}?from=30")

    plays(page, beyond=33, within_s=60)
    assert at(page) < 50
    assert watched.encoded() > 0
    visitor.complaints.clear()  # what the browser says of such a picture
