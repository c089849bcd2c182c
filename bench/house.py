"""A whole Matinee for one bench: the real supervisor on a free port, a fresh data folder, a library of given films.

Speaks the public interface only, as a script of a user would.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import requests

from bench.media import Film

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
PASSWORD = "a-long-enough-password"


class House:
    """A running server and a signed-in administrator."""

    def __init__(self, url: str, folder: Path, films: Sequence[Film]) -> None:
        self.url = url
        self.folder = folder
        self.films = list(films)
        self.ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
        self.http = requests.Session()
        self.csrf = ""
        self._ids: dict[str, str] = {}

    def sign_in(self) -> None:
        """Makes the administrator and signs in with a cookie."""
        account = {"username": "bench", "password": PASSWORD}
        self.call("POST", "/api/v1/setup", account)
        signed_in = self.call("POST", "/api/v1/auth/login", {**account, "cookie": True})
        self.csrf = signed_in["csrf_token"]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One call of the API; raises requests.HTTPError with the answer's text on a refusal."""
        headers = {"X-CSRF-Token": self.csrf} if self.csrf else {}
        answer = self.http.request(method, f"{self.url}{path}", json=body, headers=headers, timeout=60)
        if not answer.ok:
            raise requests.HTTPError(f"{method} {path}: {answer.status_code} {answer.text[:400]}", response=answer)
        return answer.json() if answer.content else None

    def cookies(self) -> list[dict[str, Any]]:
        """The session's cookies in Playwright's form."""
        return [{"name": c.name, "value": c.value or "", "url": self.url} for c in self.http.cookies]

    def add_library(self, path: Path, kind: str = "movies") -> None:
        """Registers a folder, scans it and waits for the end."""
        library = self.call("POST", "/api/v1/admin/libraries", {"name": path.name, "path": str(path), "kind": kind})
        job = self.call("POST", "/api/v1/admin/scan", {"library_id": library["id"]})["job_id"]
        self.wait_for_job(job)

    def wait_for_job(self, job_id: int, timeout_s: float = 600) -> Any:
        """The finished job; raises RuntimeError when it failed or takes too long."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            job = self.call("GET", f"/api/v1/admin/jobs/{job_id}")
            if job["state"] in {"done", "failed", "cancelled"}:
                if job["state"] != "done":
                    raise RuntimeError(f"job {job_id}: {job}")
                return job
            time.sleep(0.2)
        raise RuntimeError(f"job {job_id} did not end in {timeout_s} s")

    def wait_until_idle(self, timeout_s: float = 600) -> None:
        """Returns when no job is left: pictures are made and films are planned. Raises RuntimeError."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            jobs = self.call("GET", "/api/v1/admin/jobs?per_page=50")["items"]
            if not any(job["state"] in {"queued", "running"} for job in jobs):
                return
            time.sleep(0.3)
        raise RuntimeError(f"jobs did not end in {timeout_s} s")

    def media_id(self, title: str) -> str:
        """The media id of a film by its title."""
        if title not in self._ids:
            items = self.call("GET", "/api/v1/library/movies?per_page=200")["items"]
            self._ids = {self._name(item): item["media_id"] for item in items}
        return self._ids[title]

    @staticmethod
    def _name(item: Any) -> str:
        return str(item.get("title") or item.get("name"))

    def film(self, title: str) -> Film:
        """The film whose library name begins with this title."""
        return next(film for film in self.films if film.name.startswith(title))

    def end_sessions(self) -> None:
        """Ends whatever is played, and waits until nothing is made for it any more."""
        for session in self.call("GET", "/api/v1/player/sessions")["items"]:
            self.call("DELETE", f"/api/v1/player/sessions/{session['id']}")
        time.sleep(1.0)


@contextmanager
def open_house(films: Sequence[Film], *, kind: str = "movies", **settings: str) -> Iterator[House]:
    """Starts a server with these films in its library; stops it and removes its folders at the end."""
    folder = Path(tempfile.mkdtemp(prefix="mt-"))
    media = folder / "media"
    (folder / "transcodes").mkdir()
    for film in films:
        target = media / film.name / f"{film.name}{film.path.suffix}"
        target.parent.mkdir(parents=True)
        target.hardlink_to(film.path)
    try:
        with running(folder, **settings) as url:
            house = House(url, folder, films)
            house.sign_in()
            if films:
                house.add_library(media, kind)
                house.wait_until_idle()
            yield house
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[str]:
    """The real supervisor on a free port; yields its address once it is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {name: value for name, value in os.environ.items() if not name.startswith("MATINEE_")}
    environment = {
        **own,
        "MATINEE_HOST": "127.0.0.1",
        "MATINEE_PORT": str(port),
        "MATINEE_DATA_DIR": str(folder / "data"),
        "MATINEE_TRANSCODES_DIR": str(folder / "transcodes"),
        **settings,
    }
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "workers.supervise"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
        try:
            _wait_until_ready(f"http://127.0.0.1:{port}", server, folder / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.send_signal(signal.SIGINT)
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                server.kill()
                raise


def _wait_until_ready(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if requests.get(f"{url}/health/ready", timeout=2).ok:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"the server did not get ready:\n{log.read_text(errors='replace')[-3000:]}")
