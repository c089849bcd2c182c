"""Real Chromium with hls.js and Shaka Player over the bench's masters, through a small server of this process."""

from __future__ import annotations

import functools
import json
import sys
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from app.core.timeline import SourceIndex, plan
from bench.browser import playwright
from bench.conformance.masters import ROOT

CHROMIUM = "/usr/bin/chromium"
ARGS = [
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
TRIAL_S = 60
TYPES = {".m3u8": "application/vnd.apple.mpegurl", ".mp4": "video/mp4", ".m4s": "video/iso.segment"}


class Server(ThreadingHTTPServer):
    """Quiet about clients that go away: players abort what they no longer want."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        if not isinstance(error, ConnectionError):
            super().handle_error(request, client_address)


class Handler(SimpleHTTPRequestHandler):
    """The bench's folder first, then the project's (page, players)."""

    protocol_version = "HTTP/1.1"
    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, **TYPES, ".js": "text/javascript"}  # noqa: RUF012

    def translate_path(self, path: str) -> str:
        inside = path.split("?")[0].lstrip("/")
        own = Path(self.directory) / inside
        return str(own if own.exists() else ROOT / inside)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@contextmanager
def serving(root: Path) -> Iterator[str]:
    """A server over the bench's folder; its address."""
    server = Server(("127.0.0.1", 0), functools.partial(Handler, directory=str(root)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's Chromium, driven by Playwright."""
    browser = playwright().chromium.launch(executable_path=CHROMIUM, args=ARGS)
    try:
        yield browser
    finally:
        browser.close()


def watch(
    root: Path, indices: dict[str, SourceIndex], *, switches: int, seed: int, limit: int, trials: Collection[str] = ()
) -> list[str]:
    """Plays every master with both players, at most `limit` s each; what was wrong.

    What the product never does (`trials`: sources copied here only) is tried for a minute; it counts as nothing.
    """
    wrong: list[str] = []
    with serving(root) as address, chromium() as browser:
        for name, index in indices.items():
            for kind in ("mixed", "all_encoded"):
                path = root / "masters" / name / f"{kind}.m3u8"
                settled = _mixed_plays(root, name, index) and name not in trials
                if not path.exists() or (kind == "all_encoded" and settled):
                    continue
                if path.read_text(encoding="utf-8").count("#EXT-X-STREAM-INF") < 2:
                    print(f"  -      {name} {kind}: a single rung, nothing to switch")
                    continue
                if kind == "mixed" and not _decodes(index):
                    print(f"  -      {name} {kind}: Chromium here does not decode {index.video and index.video.codec}")
                    continue
                is_trial = name in trials and kind == "mixed"
                for player in ("hls", "shaka"):
                    url, most = f"{address}/masters/{name}/{kind}.m3u8", TRIAL_S if is_trial else limit
                    found = conform(browser, address, url, player, index, f"{name} {kind}", switches, seed, most)
                    wrong += [] if is_trial else found
    return wrong


def _decodes(index: SourceIndex) -> bool:
    return index.video is not None and index.video.codec != "hevc"


def _mixed_plays(root: Path, name: str, index: SourceIndex) -> bool:
    return (root / "masters" / name / "mixed.m3u8").exists() and _decodes(index)


def conform(
    browser: Browser,
    address: str,
    url: str,
    player: str,
    index: SourceIndex,
    subject: str,
    switches: int,
    seed: int,
    limit: int,
) -> list[str]:
    """One player over one master; what was wrong."""
    made = plan(index)
    page = browser.new_page()
    messages: list[str] = []
    page.on("pageerror", lambda error: messages.append(str(error)))
    try:
        page.goto(f"{address}/bench/conformance/players.html")
        page.wait_for_function("window.ready")
        cuts = [float(made.main.start(k)) for k in range(1, len(made.main))]
        options = {"kind": player, "url": url, "switches": switches, "seed": seed, "cuts": cuts, "limit": limit}
        report = page.evaluate("(options) => window.conform(options)", options)
    finally:
        page.close()
    wrong = [*report["wrong"], *messages, *(f"error {json.dumps(error)}" for error in report["errors"])]
    if len(report["buffered"]) != 1:
        wrong.append(f"buffered {report['buffered']}")
    kinds = " ".join(f"{count} {kind}" for kind, count in report["switches"].items())
    print(
        f"  {'WRONG' if wrong else 'right'}  {subject} {player}: {len(report['rungs'])} rungs, {kinds};"
        f" {len(report['errors'])} errors, buffered {_brief(report['buffered'])} of {report['length']:.3f};"
        f" {report['frozen']} frozen, {report['dropped']} of {report['pictures']} pictures dropped",
        *wrong[:4],
        flush=True,
    )
    return [f"{subject} {player}: {problem}" for problem in wrong]


def _brief(ranges: list[list[float]]) -> str:
    return " ".join(f"{start:.3f}-{end:.3f}" for start, end in ranges)
