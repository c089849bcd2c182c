"""Processes of a running server are killed at random while it scans and plays; the short form runs in the suite.

By hand, longer: `python -m tests.chaos.kills --kills 50 [--films 300] [--seed 7] [--only KIND]`.

Films arrive all the time and a scan is asked for after every kill, so that there is always work to lose; somebody
watches a film of which nothing is prepared. After each kill a picture asked for then must come, and everything be up
again; at the end the catalog, the jobs, the cells and the processes are looked at (`tests/chaos/evidence.py`).
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.chaos import evidence
from tests.chaos.viewer import Viewer
from tests.supervised import Supervised, birth, command, parent, supervised, until
from workers.engines import ffmpeg

LONG_ONE = "Quiet River"
ADMIN = {"MATINEE_ADMIN_USER": "chaos", "MATINEE_ADMIN_PASSWORD": "a long enough one"}
GOES_ON_S = 5.0
SETTLES_S = 90.0
SETTLES_EACH_S = 0.6
"""Each film takes a frame grabbed from it."""
LOOK_FOR_S = 3.0
"""A work-horse or an encoder lives for moments: so long is looked for one."""


@dataclass(slots=True)
class Kill:
    """One kill: of what kind, when a picture asked for after it came, when everything was up (s)."""

    kind: str
    picture_after: float
    ready_after: float


@dataclass(slots=True)
class Report:
    """What happened. `complaints`: whatever a server must not have or do after kills."""

    seed: int
    kills: list[Kill] = field(default_factory=list)
    undisturbed: float = 0.0
    films: int = 0
    pictures: int = 0
    prepared: int = 0
    scans: int = 0
    complaints: list[str] = field(default_factory=list)

    @property
    def worst(self) -> float:
        return max(kill.picture_after for kill in self.kills)


def make_films(folder: Path, count: int) -> list[Path]:
    """Small films with names and bytes of their own."""
    folder.mkdir(parents=True)
    first = folder / "first.mkv"
    source = ["-f", "lavfi", "-i", "testsrc2=s=160x90:r=24:d=2"]
    _run(*source, "-c:v", "libx264", "-preset", "ultrafast", "-g", "48", "-pix_fmt", "yuv420p", str(first))
    made = []
    for number in range(count):
        path = folder / f"{_name(number)} ({1950 + number % 70}).mkv"
        data = first.read_bytes()
        path.write_bytes(
            data + b"\xec\x84" + number.to_bytes(4, "big")
        )  # an element that says nothing (Void, RFC 8794)
        made.append(path)
    first.unlink()
    return made


def make_long_one(folder: Path, *, minutes: int) -> Path:
    """A film of which somebody who asks for a new picture each time does not see the end."""
    minute, long_one = folder / "minute.mkv", folder / f"{LONG_ONE} (2001).mkv"
    source = ["-f", "lavfi", "-i", "testsrc2=s=640x360:r=24:d=60"]
    _run(*source, "-c:v", "libx264", "-preset", "ultrafast", "-g", "48", "-pix_fmt", "yuv420p", str(minute))
    _run("-stream_loop", str(minutes - 1), "-i", str(minute), "-c", "copy", str(long_one))
    minute.unlink()
    return long_one


def _run(*words: str) -> None:
    subprocess.run([ffmpeg.find(), "-v", "error", "-y", *words], check=True)


def _name(number: int) -> str:
    """A name that no rule of identification takes for anything but a film's."""
    syllables = ("ba", "de", "fi", "go", "lu", "ma", "ne", "ri", "so", "tu")
    return "".join(syllables[int(digit)] for digit in f"{number:03d}").capitalize()


def _victims(server: Supervised) -> dict[str, list[int]]:
    """Who could be killed now, by kind: the nursery's children are workers, theirs are work-horses."""
    below = dict(server.remember())
    mothers = {pid: parent(pid) for pid, line in below.items() if "workers --tethered" in line}
    nursery = {pid for pid, mother in mothers.items() if mother not in mothers}
    workers = {pid for pid, mother in mothers.items() if mother in nursery}
    horses = {pid for pid, mother in mothers.items() if mother in workers}
    return {
        "redis": [pid for pid, line in below.items() if "unixsocket" in line],
        "web": [pid for pid, line in below.items() if "gunicorn" in line],
        "nursery": sorted(nursery),
        "worker": sorted(workers),
        "work-horse": sorted(horses),
        "ffmpeg": [pid for pid, line in below.items() if _is_ffmpeg(line)],
        "supervisor": [pid for pid, line in below.items() if "workers.engines.supervisor" in line],
    }


def _is_ffmpeg(line: str) -> bool:
    return Path(line.partition(" ")[0]).name.startswith(("ffmpeg", "ffprobe"))


def kill_one(server: Supervised, dice: random.Random, kinds: list[str], only: str | None = None) -> str:
    """Kills one of the next kind of the list (which is dealt anew when it is empty). Returns its kind."""
    if not kinds:
        kinds += [only] if only else dice.sample(sorted(_victims(server)), 7)
    kind = kinds.pop()
    deadline = time.monotonic() + LOOK_FOR_S
    while time.monotonic() < deadline:
        pids = _victims(server)[kind]
        if pids:
            try:
                os.kill(dice.choice(pids), signal.SIGKILL)
            except ProcessLookupError:
                continue  # it ended by itself: another will do
            return kind
    return kill_one(server, dice, kinds, only)


def orphans(server: Supervised) -> list[str]:
    """Processes of this server that hang on none of its own."""
    below = {pid for pid, _ in server.remember()} | {server.process.pid}
    return [f"{pid} {command(pid)[:80]}" for pid in server.marked() if pid not in below and birth(pid)]


class Household:
    """Films that come in while the server runs, and scans that somebody asks for."""

    def __init__(self, url: str, session: requests.Session, library: Path, films: list[Path]) -> None:
        self._url, self._http, self._library = url, session, library
        self._waiting = list(films)
        self.accepted: list[int] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)

    @contextmanager
    def living(self, *, every_s: float, at_once: int) -> Iterator[None]:
        """Some films more every so often, and a scan each time. All are there at the end."""
        self._every_s, self._at_once = every_s, at_once
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._thread.join(30)
            self._bring(len(self._waiting))

    def _live(self) -> None:
        while not self._stop.wait(self._every_s):
            self._bring(self._at_once)
            self.ask_for_a_scan()

    def _bring(self, count: int) -> None:
        for path in self._waiting[:count]:
            path.rename(self._library / path.name)
        del self._waiting[:count]

    def ask_for_a_scan(self) -> bool:
        """True where the server took the order: from then on it must not be lost."""
        try:
            answer = self._http.post(f"{self._url}/api/v1/admin/scan", json={}, timeout=20)
            if answer.status_code == 202:
                self.accepted.append(int(answer.json()["job_id"]))
            return answer.status_code == 202
        except requests.RequestException:
            return False


def sign_in(url: str) -> requests.Session | None:
    """A script's session, by token: it outlives whatever is killed."""
    body = {"username": ADMIN["MATINEE_ADMIN_USER"], "password": ADMIN["MATINEE_ADMIN_PASSWORD"]}
    try:
        answer = requests.post(f"{url}/api/v1/auth/login", json=body, timeout=20)
        answer.raise_for_status()
    except requests.RequestException:
        return None
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return session


def run(folder: Path, *, kills: int, films: int, seed: int, minutes: int = 40, only: str | None = None) -> Report:
    """The whole story on a fresh server."""
    dice, report = random.Random(seed), Report(seed)
    media, database = folder / "media", folder / "server" / "data" / "matinee.db"
    waiting = make_films(folder / "waiting", films)
    media.mkdir()
    make_long_one(media, minutes=minutes)
    with supervised(folder / "server", "--media", str(media), **ADMIN) as server:
        session = until(lambda: sign_in(server.url), 30)
        until(lambda: database.is_file() and evidence.films(database) > 0, 60)
        viewer = Viewer(server.url, session, LONG_ONE, seed=seed)
        household = Household(server.url, session, media, waiting)
        with viewer.watching():
            until(lambda: len(viewer.pictures) >= 5, 60)
            report.undisturbed = viewer.undisturbed()
            with household.living(every_s=1.0, at_once=max(1, films // (2 * kills))):
                _kill_all(server, viewer, dice, report, kills, only)
        until(household.ask_for_a_scan, SETTLES_S)
        settles = max(SETTLES_S, SETTLES_EACH_S * films)
        _settle(lambda: not evidence.open_jobs(database) and evidence.films(database) == films + 1, settles, report)
        report.films, report.scans = evidence.films(database), len(household.accepted)
        server.stop()
        time.sleep(1)
        report.complaints += [f"left over: {pid}" for pid in server.left() if birth(pid)] + orphans(server)
    report.pictures, report.prepared = len(viewer.pictures), viewer.prepared
    report.complaints += viewer.broken
    report.complaints += evidence.complaints_of_database(database, accepted=household.accepted)
    report.complaints += evidence.complaints_of_store(folder / "server" / "transcodes")
    return report


def _kill_all(
    server: Supervised, viewer: Viewer, dice: random.Random, report: Report, kills: int, only: str | None
) -> None:
    kinds: list[str] = []
    for _ in range(kills):
        time.sleep(dice.uniform(0.2, 1.5))
        kind = kill_one(server, dice, kinds, only)
        at = time.monotonic()
        picture = until(lambda at=at: viewer.picture_after(at), 60)  # type: ignore[misc]
        until(server.is_ready, 60)
        report.kills.append(Kill(kind, picture, time.monotonic() - at))
        print(f"{kind:11} next picture after {picture:5.2f} s, all up after {time.monotonic() - at:5.2f} s", flush=True)
        try:
            until(lambda: not orphans(server), 3)
        except AssertionError:
            report.complaints += [f"after {kind}: orphan {one}" for one in orphans(server)]


def _settle(is_settled: Callable[[], bool], seconds: float, report: Report) -> None:
    try:
        until(is_settled, seconds)
    except AssertionError:
        report.complaints.append(f"work was not done {seconds:g} s after the last kill")


def main() -> int:
    """Prints every kind's recovery; 1 when anything is wrong or a picture took longer than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--films", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 20))
    parser.add_argument("--only", help="kill processes of this kind alone: web, worker, work-horse, supervisor…")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="matinee-chaos-") as folder:
        report = run(Path(folder), kills=options.kills, films=options.films, seed=options.seed, only=options.only)
    for kind in sorted({kill.kind for kill in report.kills}):
        pictures = [kill.picture_after for kill in report.kills if kill.kind == kind]
        ready = [kill.ready_after for kill in report.kills if kill.kind == kind]
        print(
            f"{kind:11} {len(pictures):3} kills; next picture: median {statistics.median(pictures):5.2f} s, "
            f"worst {max(pictures):5.2f} s; all up: median {statistics.median(ready):5.2f} s, worst {max(ready):5.2f} s"
        )
    print(
        f"seed {report.seed}: {len(report.kills)} kills, {report.pictures} pictures (undisturbed: at most "
        f"{report.undisturbed:.2f} s), prepared {report.prepared} times, {report.films} films, {report.scans} scans"
    )
    good = not report.complaints and report.worst <= GOES_ON_S
    print(f"worst picture {report.worst:.2f} s, limit {GOES_ON_S:g} s, ratio {report.worst / GOES_ON_S:.2f}")
    print("\n".join(report.complaints) or "nothing lost, half done, done twice or left over")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
