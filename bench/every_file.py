"""Every file of a folder plays in real Chromium through Matinee from its first frame to its last.

    python -m bench.every_file ../shared/media/good [--only TEXT] [--pages N]

Starts a whole Matinee with each file of the folder as a film of its own (a hard link under a film's name, so that no
name decides what a file is) and opens each file that has a picture and a duration in the real player page, as a viewer
would. Files of at most 40 s are played whole, longer ones at their beginning, middle and end, at up to 16 times the
speed with the last moments at the ordinary one. A file counts when its first picture and its last one are painted at
the times that ffmpeg's own reading of it gives, nothing stalls for longer than `PATIENCE_S` and the end is reached.
Prints what failed and the share; exits with 1 when any file failed.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import queue
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

from bench.extent import Extent, extent
from bench.first_frame import FIRST_FRAME
from bench.house import CHROMIUM, CHROMIUM_ARGS, House, open_house

WHOLE_S = 40.0
PIECE_S = 4.0
PATIENCE_S = 40.0
PAGES = 4
FIRST_LATE_S = 0.25
LAST_EARLY_S = 0.1

PLAY = """
async ([wholeS, pieceS, patienceS, picture, lastS]) => {
  const video = document.querySelector('video');
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  const painted = window.__painted;
  const until = async (what, test) => {
    let since = performance.now(), at = video.currentTime;
    while (!test()) {
      const alert = document.querySelector('[role=alert]');
      if (alert) throw new Error(`${what}: the page says ${alert.innerText.replace(/\\s+/g, ' ')}`);
      if (video.currentTime !== at) { since = performance.now(); at = video.currentTime; }
      if (performance.now() - since > patienceS * 1000) {
        const error = video.error ? `, media error ${video.error.code} ${video.error.message}` : '';
        throw new Error(`${what}: still at ${at} of ${video.duration}, readyState ${video.readyState}${error}`);
      }
      await sleep(20);
    }
  };
  video.muted = true;
  await until('metadata', () => video.readyState >= 1 && video.duration > 0);
  if (picture) await until('first frame', () => painted.length > 0);
  const duration = video.duration;
  const first = picture ? painted[0][1] : 0;
  const playTo = async (what, to, rate) => {
    video.playbackRate = rate;
    if (video.paused && video.currentTime < to) await video.play().catch((error) => {
      if (error.name !== 'AbortError') throw error; // the page changes its way of playing, and plays by itself
    });
    await until(what, () => video.ended || video.currentTime >= to);
  };
  const slowly = Math.max(0, duration - 0.4);
  if (duration <= wholeS) {
    await playTo('playing', slowly, duration > 4 ? 16 : 4);
  } else {
    await playTo('playing the beginning', pieceS, 8);
    for (const [what, from] of [['the middle', duration / 2], ['the end', duration - pieceS]]) {
      painted.length = 0;
      video.currentTime = from;
      await until(`seeking to ${what}`, () => !picture || painted.some((frame) => Math.abs(frame[1] - from) < 2));
      await playTo(`playing ${what}`, Math.min(slowly, from + pieceS), 8);
    }
  }
  await playTo('the end', duration, 1);
  await until('the end', () => video.ended);
  const last = () => painted.length ? Math.max(...painted.map((frame) => frame[1])) : 0;
  if (picture && lastS !== null && last() < lastS) { // at many times the speed browsers skip pictures: once more
    video.currentTime = Math.max(0, lastS - 0.5);
    await until('seeking to the last moments', () => !video.seeking);
    await playTo('the last moments', duration, 1);
    await until('the end', () => video.ended);
    await sleep(100);
  }
  return {duration, first, last: last(),
          width: video.videoWidth, height: video.videoHeight, currentTime: video.currentTime};
}
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one file went. `trouble` is None where it played from the first frame to the last."""

    path: str
    took_s: float
    seen: Any
    trouble: str | None


def as_films(folder: Path, library: Path) -> dict[str, str]:
    """Links every file of `folder` into `library` as a film; the path in `folder` by the film's file name."""
    films = {}
    for number, path in enumerate(sorted(path for path in folder.rglob("*") if path.is_file()), 1):
        film = library / f"Film {number:03} (2000)" / f"Film {number:03} (2000){path.suffix}"
        film.parent.mkdir(parents=True)
        film.hardlink_to(path.resolve())
        films[film.name] = str(path.relative_to(folder))
    return films


def playable(house: House) -> Iterator[Any]:
    """The media files that have a picture (no cover) and a duration or a title, in the API's form."""
    page = 1
    while True:
        answer = house.call("GET", f"/api/v1/library/media-files?per_page=200&page={page}")
        for file in answer["items"]:
            if (file["duration"] or file["media_ids"]) and any(stream["kind"] == "video" for stream in file["streams"]):
                yield file
        if page * 200 >= answer["total"]:
            return
        page += 1


def play(page: Page, house: House, file: Any, *, beside: str = "m0") -> Outcome:
    """Opens the player page on this file and plays it; a file that is no film's plays on the page of `beside`."""
    started = time.monotonic()
    seen: Any = None
    trouble: str | None = None
    media_id = file["media_ids"][0] if file["media_ids"] else beside
    try:
        answer = page.goto(f"{house.url}/watch/{media_id}?file={file['id']}&t=0", wait_until="commit")
        if answer is not None and not answer.ok:
            return Outcome(file["path"], time.monotonic() - started, None, f"the page answers {answer.status}")
        page.wait_for_selector("video", state="attached", timeout=30_000)
        picture = any(stream["kind"] == "video" for stream in file["streams"])
        there = extent(Path(file["path"])) if picture else None
        last = there.last - LAST_EARLY_S if there is not None else None
        seen = page.evaluate(PLAY, [WHOLE_S, PIECE_S, PATIENCE_S, picture, last])
        seen["there"] = there and dataclasses.asdict(there)
        trouble = judge(seen, there, picture=picture)
        if trouble and there is not None:
            trouble = judge(seen, extent(Path(file["path"]), decoded=True), picture=picture)
    except Error as error:
        trouble = error.message.splitlines()[0][:400]
    return Outcome(file["path"], time.monotonic() - started, seen, trouble)


def judge(seen: Any, there: Extent | None, *, picture: bool = True) -> str | None:
    """What is wrong with what was seen, None where nothing is."""
    if seen["currentTime"] < seen["duration"] - 0.1:
        return f"ended at {seen['currentTime']} of {seen['duration']} s"
    if not picture:
        return None
    if not (seen["width"] and seen["height"]):
        return "no picture"
    first, last = (there.first, there.last) if there is not None else (0.0, 0.0)
    if seen["first"] > first + FIRST_LATE_S:
        return f"the first picture shown was that of {seen['first']} s, not {first} s"
    if seen["last"] < last - LAST_EARLY_S:
        return f"the last picture shown was that of {seen['last']} s, not {last} s"
    return None


def signed_in(browser: Browser, house: House) -> BrowserContext:
    """A signed-in browser whose pages note the frames that they paint."""
    context = browser.new_context(viewport={"width": 320, "height": 180}, screen={"width": 1280, "height": 720})
    context.add_cookies(house.cookies())  # type: ignore[arg-type]
    context.add_init_script(FIRST_FRAME)
    return context


def play_all(house: House, files: Iterable[Any], *, pages: int = PAGES) -> Iterator[Outcome]:
    """Plays these files, `pages` at a time, each in a browser of its own thread."""
    waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
    done: queue.SimpleQueue[Outcome | Exception | None] = queue.SimpleQueue()
    for file in files:
        waiting.put(file)
    threads = [threading.Thread(target=_viewer, args=(house, waiting, done)) for _ in range(pages)]
    for thread in threads:
        thread.start()
    left = len(threads)
    while left:
        outcome = done.get()
        if isinstance(outcome, Exception):
            raise outcome
        if outcome is None:
            left -= 1
        else:
            yield outcome
    for thread in threads:
        thread.join()


def _viewer(house: House, waiting: queue.SimpleQueue[Any], done: queue.SimpleQueue[Outcome | Exception | None]) -> None:
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
            page = signed_in(browser, house).new_page()
            while not waiting.empty():
                try:
                    file = waiting.get_nowait()
                except queue.Empty:
                    break
                done.put(play(page, house, file))
            browser.close()
    except (Error, OSError) as error:
        done.put(error)
    done.put(None)


def main() -> int:
    """Prints the outcomes; 1 when a file did not play."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--pages", type=int, default=PAGES)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    outcomes = []
    with open_house([]) as house:
        films = as_films(arguments.folder.resolve(), house.folder / "media")
        house.add_library(house.folder / "media")
        files = [file for file in playable(house) if arguments.only in films[Path(file["path"]).name]]
        began = time.monotonic()
        for outcome in play_all(house, files, pages=arguments.pages):
            outcomes.append(outcome)
            path = films[Path(outcome.path).name]
            if arguments.json:
                print(json.dumps({"path": path, "took": round(outcome.took_s, 2), **(outcome.seen or {})}), flush=True)
            if outcome.trouble:
                print(f"FAILED {outcome.took_s:5.1f} s  {path}: {outcome.trouble}", flush=True)
        took = time.monotonic() - began
    good = sum(outcome.trouble is None for outcome in outcomes)
    print(f"{good} of {len(outcomes)} files played ({100 * good / max(1, len(outcomes)):.1f} %) in {took:.0f} s")
    return 0 if good == len(outcomes) else 1


if __name__ == "__main__":
    raise SystemExit(main())
