"""Processes of a running server are killed at random while it scans and plays; the short form runs in the suite.

By hand, longer: `python -m tests.chaos.kills --kills 50 [--seed 7]`.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests

from tests.supervised import Supervised, birth, supervised, until
from workers.engines import ffmpeg

VICTIMS = {
    "redis": ("unixsocket", "redis-server", "valkey-server"),
    "web": ("gunicorn",),
    "worker": ("workers --tethered",),
    "ffmpeg": ("ffmpeg-", "/ffmpeg "),
    "supervisor": ("workers.engines.supervisor",),
}
LONG_ONE = "Quiet River"
ADMIN = {"MATINEE_ADMIN_USER": "chaos", "MATINEE_ADMIN_PASSWORD": "a long enough one"}


@dataclass(slots=True)
class Report:
    """What happened: who was killed, how long until everything was up, and until a picture came, in seconds."""

    seed: int
    killed: list[str] = field(default_factory=list)
    ready_after: list[float] = field(default_factory=list)
    picture_after: list[float] = field(default_factory=list)
    films: int = 0
    left: list[int] = field(default_factory=list)


def make_films(folder: Path, count: int, *, long_s: int = 120) -> Path:
    """Small films with names of their own, and one long one to play. Returns the long one."""
    folder.mkdir(parents=True)
    program = ffmpeg.find()
    common = [program, "-v", "error", "-y", "-f", "lavfi", "-i"]
    coded = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "48", "-pix_fmt", "yuv420p"]
    played = folder / f"{LONG_ONE} (2001).mkv"
    source = f"testsrc2=s=640x360:r=24:d={long_s}"
    subprocess.run([*common, source, *coded, str(played)], check=True)
    for number in range(count):
        source = f"testsrc2=s=160x90:r=24:d=2,drawbox=x={number % 150}:w=4:color=red"
        subprocess.run(
            [*common, source, *coded, str(folder / f"Film {number:03d} ({1950 + number % 70}).mkv")], check=True
        )
    return played


def _name(number: int) -> str:
    """A name that no rule of identification takes for anything but a film's."""
    syllables = ("ba", "de", "fi", "go", "lu", "ma", "ne", "ri", "so", "tu")
    return "".join(syllables[int(digit)] for digit in f"{number:03d}").capitalize()


class Viewer:
    """Plays one film by its multivariant playlist, segment after segment, as a patient player does."""

    def __init__(self, url: str, session: requests.Session) -> None:
        self._url, self._http = url, session
        self._stop = threading.Event()
        self.last_picture = time.monotonic()
        self.pictures = 0
        self.broken: list[str] = []
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @contextmanager
    def watching(self) -> Iterator[Viewer]:
        self._thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            self._thread.join(30)

    def _watch(self) -> None:
        while not self._stop.is_set():
            try:
                self._play()
            except (requests.RequestException, KeyError, IndexError, StopIteration):
                self._stop.wait(0.1)  # a server that is being killed answers badly; a player tries again

    def _play(self) -> None:
        films = self._get("/api/v1/library/movies?per_page=200").json()["items"]
        film = next(item for item in films if item["title"] == LONG_ONE)
        device = {"direct": [], "hls": ["h264", "aac"], "max_height": 240}
        asked = {"media_id": film["media_id"], "device": device}
        prepared = self._http.post(f"{self._url}/api/v1/player/prepare", json=asked, timeout=20)
        prepared.raise_for_status()
        master = urljoin(f"{self._url}/", prepared.json()["hls_url"])
        media = urljoin(master, _entries(self._get(master).text)[-1])
        segments = _entries(self._get(media).text)
        for segment in random.sample(segments, len(segments)):
            if self._stop.is_set():
                return
            self._picture(urljoin(media, segment))

    def _picture(self, address: str) -> None:
        answer = self._get(address)
        if answer.content[4:8] not in {b"styp", b"moof", b"sidx", b"prft"}:
            self.broken.append(f"{len(answer.content)} bytes that begin with {answer.content[:8]!r}")
        self.last_picture = time.monotonic()
        self.pictures += 1

    def _get(self, address: str) -> requests.Response:
        answer = self._http.get(urljoin(f"{self._url}/", address), timeout=20)
        answer.raise_for_status()
        declared = answer.headers.get("Content-Length")
        if declared is not None and "Content-Encoding" not in answer.headers and len(answer.content) != int(declared):
            raise requests.ConnectionError("the answer broke off")
        return answer


def _entries(playlist: str) -> list[str]:
    return [line for line in playlist.splitlines() if line and not line.startswith("#")]


def sign_in(url: str) -> requests.Session:
    """A script's session, by token: it outlives whatever is killed."""
    body = {"username": ADMIN["MATINEE_ADMIN_USER"], "password": ADMIN["MATINEE_ADMIN_PASSWORD"]}
    answer = requests.post(f"{url}/api/v1/auth/login", json=body, timeout=20)
    answer.raise_for_status()
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return session


def listed(server: Supervised, session: requests.Session) -> int:
    """How many films the catalog has; -1 while nobody answers."""
    try:
        answer: Any = session.get(f"{server.url}/api/v1/library/movies?per_page=1", timeout=5).json()
        return int(answer["total"])
    except (requests.RequestException, KeyError):
        return -1


def kill_one(server: Supervised, dice: random.Random) -> str:
    """Kills a process of a random kind. Returns which."""
    kinds = list(VICTIMS)
    while True:
        kind = dice.choice(kinds)
        pids = [pid for word in VICTIMS[kind] for pid in server.pids(word)]
        if pids:
            os.kill(dice.choice(pids), signal.SIGKILL)
            return kind
        kinds = [other for other in kinds if other != kind] or list(VICTIMS)


def run(folder: Path, *, kills: int, films: int, seed: int) -> Report:
    """The whole story on a fresh server. The report holds what a test asserts."""
    dice, report = random.Random(seed), Report(seed)
    media = folder / "media"
    make_films(media, films)
    with supervised(folder / "server", "--media", str(media), **ADMIN) as server:
        session = until(lambda: _signed_in(server), 30)
        until(lambda: listed(server, session) > 0, 60)
        with Viewer(server.url, session).watching() as viewer:
            until(lambda: viewer.pictures > 0, 60)
            for _ in range(kills):
                time.sleep(dice.uniform(0.2, 2.0))
                began = time.monotonic()
                report.killed.append(kill_one(server, dice))
                time.sleep(0.05)
                until(server.is_ready, 60)
                report.ready_after.append(time.monotonic() - began)
                until(lambda began=began: viewer.last_picture > began + 0.05, 60)  # type: ignore[misc]
                report.picture_after.append(viewer.last_picture - began)
        until(lambda: listed(server, session) == films + 1, 120)
        report.films = listed(server, session)
        server.stop()
        time.sleep(1)
        report.left = [pid for pid in server.left() if birth(pid)]
    assert not viewer.broken, viewer.broken
    return report


def _signed_in(server: Supervised) -> requests.Session | None:
    try:
        return sign_in(server.url)
    except requests.RequestException:
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--films", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 20))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="matinee-chaos-") as folder:
        report = run(Path(folder), kills=options.kills, films=options.films, seed=options.seed)
    for who, ready, picture in zip(report.killed, report.ready_after, report.picture_after, strict=True):
        print(f"{who:10} ready after {ready:5.2f} s, next picture after {picture:5.2f} s")
    print(f"seed {report.seed}: {report.films} films, left over: {report.left or 'nothing'}")


if __name__ == "__main__":
    main()
