"""Plays every file of a folder in real Chromium through Matinee, from the first frame to the last.

    python -m bench.every_file FOLDER [--only TEXT] [--json]

For each file with a picture and a duration: opens the player page, waits for the first painted frame, plays on (short
files whole, long ones their first seconds, a jump to the middle, and their last seconds) and expects the end. Prints a
line for each file that did not, and the share that did. The suite runs the same over the shared folder.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Error, Page, sync_playwright

from bench.first_frame import FIRST_FRAME
from bench.house import CHROMIUM, CHROMIUM_ARGS, House, open_house

WHOLE_S = 40.0
PIECE_S = 4.0
PATIENCE_S = 25.0

PLAY = """
async ([wholeS, pieceS, patienceS]) => {
  const video = document.querySelector('video');
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  const until = async (what, test) => {
    const deadline = performance.now() + patienceS * 1000;
    while (!test()) {
      if (video.error) throw new Error(`${what}: media error ${video.error.code} ${video.error.message}`);
      if (performance.now() > deadline) {
        throw new Error(`${what}: still at ${video.currentTime} of ${video.duration}, readyState ${video.readyState}`);
      }
      await sleep(20);
    }
  };
  await until('metadata', () => video.readyState >= 1 && video.duration > 0);
  await until('first frame', () => window.__painted.length > 0 || video.ended);
  const duration = video.duration;
  const first = window.__painted.length ? window.__painted[0][1] : null;
  video.muted = true;
  const playOn = async (what, to) => {
    if (video.paused && !video.ended) await video.play();
    video.playbackRate = 4;
    const steps = Math.max(1, Math.ceil(to / 20));
    for (let n = 0; n < steps; n += 1) {
      const goal = Math.min(to, video.currentTime + 20);
      await until(what, () => video.ended || video.currentTime >= goal - 0.05);
    }
  };
  if (duration <= wholeS) {
    await playOn('playing', duration);
  } else {
    await playOn('playing the beginning', pieceS);
    for (const [what, from] of [['the middle', duration / 2], ['the end', duration - pieceS]]) {
      window.__painted.length = 0;
      video.currentTime = from;
      await until(`seeking to ${what}`, () => window.__painted.some((frame) => Math.abs(frame[1] - from) < 2));
      await playOn(`playing ${what}`, Math.min(duration, from + pieceS));
    }
  }
  await until('the end', () => video.ended || video.currentTime >= duration - 0.1);
  const last = window.__painted.length ? window.__painted[window.__painted.length - 1][1] : null;
  return {duration, first, last, width: video.videoWidth, height: video.videoHeight,
          currentTime: video.currentTime};
}
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one file went. `trouble` is None where it played from the first frame to the last."""

    path: str
    took_s: float
    seen: Any
    trouble: str | None


def playable(house: House) -> Iterator[Any]:
    """The media files that have a picture (no cover) and a duration, in the API's form."""
    page = 1
    while True:
        answer = house.call("GET", f"/api/v1/library/media-files?per_page=200&page={page}")
        for file in answer["items"]:
            if file["duration"] and any(stream["kind"] == "video" for stream in file["streams"]):
                yield file
        if page * 200 >= answer["total"]:
            return
        page += 1


def play(page: Page, house: House, file: Any) -> Outcome:
    """Opens the player page on this file and plays it."""
    started = time.monotonic()
    seen: Any = None
    trouble: str | None = None
    media_id = file["media_ids"][0] if file["media_ids"] else "m0"
    try:
        page.goto(f"{house.url}/watch/{media_id}?file={file['id']}&t=0", wait_until="commit")
        page.wait_for_selector("video", state="attached", timeout=10_000)
        seen = page.evaluate(PLAY, [WHOLE_S, PIECE_S, PATIENCE_S])
        trouble = judge(seen)
    except Error as error:
        said = page.evaluate("(document.querySelector('[role=alert]') || {}).innerText || ''")
        trouble = f"{error.message.splitlines()[0][:200]} {said!r}"
    return Outcome(file["path"], time.monotonic() - started, seen, trouble)


def judge(seen: Any) -> str | None:
    """What is wrong with what was seen, None where nothing is."""
    if not seen["width"] or not seen["height"]:
        return "no picture"
    if seen["duration"] > 1 and (seen["first"] is None or seen["first"] > 0.5):
        return f"the first frame shown was that of {seen['first']} s"
    if seen["currentTime"] < seen["duration"] - 0.35:
        return f"ended at {seen['currentTime']} of {seen['duration']} s"
    return None


def play_all(browser: Browser, house: House, *, only: str = "") -> Iterator[Outcome]:
    """Plays every playable file whose path holds `only`, each in the same signed-in browser."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    context.add_cookies(house.cookies())
    context.add_init_script(FIRST_FRAME)
    for file in playable(house):
        if only in file["path"]:
            page = context.new_page()
            yield play(page, house, file)
            page.close()
    context.close()


def main() -> int:
    """Prints the outcomes; 1 when a file did not play."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    outcomes = []
    with open_house([]) as house, sync_playwright() as playwright:
        house.add_library(arguments.folder.resolve(), "mixed")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        for outcome in play_all(browser, house, only=arguments.only):
            outcomes.append(outcome)
            if arguments.json:
                print(json.dumps(outcome.seen | {"path": outcome.path} if outcome.seen else {"path": outcome.path}))
            if outcome.trouble:
                print(f"FAILED {outcome.took_s:5.1f} s  {outcome.path}: {outcome.trouble}", flush=True)
        browser.close()
    good = sum(outcome.trouble is None for outcome in outcomes)
    total_s = sum(outcome.took_s for outcome in outcomes)
    print(f"{good} of {len(outcomes)} files played ({100 * good / max(1, len(outcomes)):.1f} %) in {total_s:.0f} s")
    return 0 if good == len(outcomes) else 1


if __name__ == "__main__":
    raise SystemExit(main())
