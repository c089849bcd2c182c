"""Somebody who watches while processes die: asks for cell after cell all over a film, patiently, with one token."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urljoin

import requests

from app.core.fmp4 import Malformed, boxes

DEVICE = {"direct": [], "hls": ["h264", "aac"], "max_height": 240}


class Viewer:
    """Plays one film by its multivariant playlist. Every cell is a picture; no cell is asked for twice.

    `pictures`: when each was asked for and when it came, on the monotonic clock. `broken`: what no player should see.
    `prepared`: how often playing had to begin anew because a rendition was given up.
    """

    def __init__(self, url: str, session: requests.Session, title: str, *, seed: int) -> None:
        self._url, self._http, self._title = url, session, title
        self._dice = random.Random(seed)
        self._stop = threading.Event()
        self._cells: list[str] = []
        self.pictures: list[tuple[float, float]] = []
        self.broken: list[str] = []
        self.prepared = 0
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @contextmanager
    def watching(self) -> Iterator[Viewer]:
        self._thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            self._thread.join(30)

    def picture_after(self, instant: float) -> float | None:
        """How long after this instant the first picture came that was asked for after it (s); None: not yet."""
        return next((came - instant for asked, came in list(self.pictures) if asked > instant), None)

    def undisturbed(self) -> float:
        """Seconds that a picture has taken so far, the slowest."""
        return max(came - asked for asked, came in self.pictures)

    def _watch(self) -> None:
        while not self._stop.is_set():
            try:
                self._play()
            except requests.RequestException:
                self._stop.wait(0.1)  # a server that is being killed answers badly; a player tries again

    def _play(self) -> None:
        films = self._answer("/api/v1/library/movies?per_page=200").json()["items"]
        film = next(item for item in films if item["title"] == self._title)
        body = {"media_id": film["media_id"], "device": DEVICE}
        prepared = self._http.post(f"{self._url}/api/v1/player/prepare", json=body, timeout=20)
        prepared.raise_for_status()
        self.prepared += 1
        master = urljoin(f"{self._url}/", prepared.json()["hls_url"])
        media = urljoin(master, _entries(self._answer(master).text)[-1])
        cells = _entries(self._answer(media).text)
        if not self._cells:
            self._cells = self._dice.sample(cells, len(cells))
        while self._cells and not self._stop.is_set():
            if not self._picture(urljoin(media, self._cells[-1])):
                return
            self._cells.pop()

    def _picture(self, address: str) -> bool:
        """One cell, however often it must be asked for. False when the rendition is given up."""
        asked = time.monotonic()
        while not self._stop.is_set():
            try:
                answer = self._answer(address)
            except requests.HTTPError as error:
                if error.response.status_code == 410:
                    return False
                if error.response.status_code < 500:
                    self.broken.append(f"{error.response.status_code} {error.response.text[:200]}")
                    return False
            except requests.RequestException:
                pass
            else:
                self._look_at(answer.content)
                self.pictures.append((asked, time.monotonic()))
                return True
            self._stop.wait(0.1)
        return True

    def _look_at(self, cell: bytes) -> None:
        try:
            kinds = [box.kind for box in boxes(cell)]
        except Malformed as error:
            kinds = []
            self.broken.append(f"{len(cell)} bytes: {error}")
        if kinds and not {b"moof", b"mdat"} <= set(kinds):
            self.broken.append(f"{len(cell)} bytes of {kinds}")

    def _answer(self, address: str) -> requests.Response:
        answer = self._http.get(urljoin(f"{self._url}/", address), timeout=20)
        answer.raise_for_status()
        declared = answer.headers.get("Content-Length")
        if declared is not None and "Content-Encoding" not in answer.headers and len(answer.content) != int(declared):
            raise requests.ConnectionError("the answer broke off")
        return answer


def _entries(playlist: str) -> list[str]:
    return [line for line in playlist.splitlines() if line and not line.startswith("#")]
