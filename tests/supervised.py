"""A whole Matinee as a person starts it, seen from outside: its terminal, its processes, its address."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[1]


class Supervised:
    """The process that stands for `make run`, and everything below it."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, terminal: Path, data: str) -> None:
        self.process = process
        self.url = url
        self._terminal = terminal
        self._mark = f"MATINEE_DATA_DIR={data}\0"
        self._known: set[tuple[int, str]] = set()

    def said(self) -> str:
        """What stands in the terminal."""
        return self._terminal.read_text(errors="replace")

    def is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/health/ready", timeout=2, verify=self._trust()).ok
        except (requests.RequestException, OSError):
            return False

    def _trust(self) -> str | bool:
        authority = self._terminal.parent / "data" / "tls" / "authority.pem"
        return str(authority) if authority.is_file() else True

    def wait_until_ready(self, seconds: float = 60) -> float:
        """Returns how long it took."""
        began = time.monotonic()
        until(lambda: self.is_ready() or self.process.poll() is not None, seconds)
        assert self.process.poll() is None, self.said()
        self.remember()
        return time.monotonic() - began

    def remember(self) -> list[tuple[int, str]]:
        """All processes below, as (pid, command); the past ones are kept in mind for `left`."""
        found = descendants(self.process.pid)
        self._known |= {(pid, birth(pid)) for pid, _ in found}
        return found

    def pids(self, word: str) -> list[int]:
        """Processes whose command holds a word, oldest first."""
        return [pid for pid, command in self.remember() if word in command]

    def standing(self, word: str) -> list[int]:
        """The same without those below a child of theirs: work-horses, and programs that are being started."""
        found = self.pids(word)
        return [pid for pid in found if parent(parent(pid)) not in found]

    def settled(self, word: str) -> list[int]:
        """Those once they have been the same for half a second: nobody is being started."""
        last: list[int] = []

        def is_same() -> bool:
            nonlocal last
            before, last = last, self.standing(word)
            if before == last:
                return True
            time.sleep(0.5)
            return False

        until(is_same, 20)
        return last

    def left(self) -> list[int]:
        """Those once seen that still live."""
        return [pid for pid, born in self._known if born and birth(pid) == born]

    def marked(self) -> list[int]:
        """Every process that was started with this server's data folder, wherever it hangs now."""
        pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return [pid for pid in pids if self._mark in _read(pid, "environ")]

    def stop(self, how: signal.Signals = signal.SIGINT, seconds: float = 20) -> int:
        self.remember()
        self.process.send_signal(how)
        return self.process.wait(seconds)


@contextmanager
def supervised(folder: Path, *arguments: str, wait: bool = True, **settings: str) -> Iterator[Supervised]:
    """Starts one on a free port with its data in a folder. Whatever a test did, nothing of it is left."""
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("MATINEE_", "PROMETHEUS"))},
        "MATINEE_HOST": "127.0.0.1",
        "MATINEE_PORT": str(port),
        "MATINEE_DATA_DIR": str(folder / "data"),
        "MATINEE_TRANSCODES_DIR": str(folder / "transcodes"),
        "MATINEE_WEB_THREADS": "40",
        **settings,
    }
    scheme = "https" if settings.get("MATINEE_TLS") else "http"
    with (folder / "terminal").open("wb") as terminal:
        process = subprocess.Popen(
            [sys.executable, "-m", "workers.supervise", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=terminal,
            stderr=subprocess.STDOUT,
        )
    running = Supervised(process, f"{scheme}://127.0.0.1:{port}", folder / "terminal", environment["MATINEE_DATA_DIR"])
    try:
        if wait:
            running.wait_until_ready()
        yield running
    finally:
        if process.poll() is None:
            running.stop()
        until(lambda: not running.left(), 15)


def descendants(pid: int) -> list[tuple[int, str]]:
    """Every process below another, as (pid, command line)."""
    found = []
    for child in _children(pid):
        found.append((child, command(child)))
        found.extend(descendants(child))
    return found


def command(pid: int) -> str:
    return _read(pid, "cmdline").replace("\0", " ")


def parent(pid: int) -> int:
    """0 for a process that is gone."""
    fields = _read(pid, "stat").rpartition(")")[2].split()
    return int(fields[1]) if fields else 0


def birth(pid: int) -> str:
    """When a process began, in the kernel's ticks; empty for one that is gone (or only waits to be buried)."""
    fields = _read(pid, "stat").rpartition(")")[2].split()
    return fields[19] if fields and fields[0] not in {"Z", "X"} else ""


def until(condition: Callable[[], Any], seconds: float) -> Any:
    """Waits for something to be true; returns it."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"nothing happened in {seconds:g} s"
        time.sleep(0.05)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found.extend(int(child) for child in (task / "children").read_text().split())
    except OSError:
        pass  # gone in the meantime
    return found


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(errors="replace")
    except OSError:
        return ""
