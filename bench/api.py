"""How fast the catalog answers when it is large, and whether many writers ever fail.

    python -m bench.api [--titles 20000] [--requests 4000] [--units 1000] [--data FOLDER]

Fills a fresh SQLite database with a made world (`../shared/gen/titles.py`, else names of its own), starts the real web
server (two processes), and lets eight signed-in clients ask at once and without pause: lists, title pages, search. Then
eight writers in two processes do mixed write units as scans, players and people do. Prints tables; exits 1 when a
promise is broken: p95 of any list, title or search answer at most 60 ms, and no error of any writer.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bench.world import fill, people, works

ROOT = Path(__file__).resolve().parents[1]
CLIENTS = 8
P95_MS = 60.0
JUDGED = ("list", "title", "search", "suggest")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--titles", type=int, default=20_000)
    options.add_argument("--requests", type=int, default=4_000)
    options.add_argument("--units", type=int, default=1_000)
    options.add_argument("--data", type=Path, help="keep the filled database here, and use it again")
    options.add_argument("--writer", type=int, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.writer is not None:
        from bench.writers import write

        return write(chosen.writer, threads=CLIENTS // 2, units=chosen.units)
    with ExitStack() as stack:
        folder = chosen.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="matinee-api-")))
        folder.mkdir(parents=True, exist_ok=True)
        environment = stack.enter_context(settings(folder))
        os.environ.update(environment)
        filled = folder / "filled"
        if not filled.exists():
            started = time.perf_counter()
            counts = fill(works(chosen.titles))
            print(f"filled in {time.perf_counter() - started:.0f} s: {counts}", flush=True)
            filled.touch()
        tokens, known = people(CLIENTS)
        print(f"load before: {os.getloadavg()[0]:.1f}")
        port = int(environment["MATINEE_PORT"])
        master = stack.enter_context(server(environment, port))
        broken = read(port, tokens, known, chosen.requests, master)
        broken += written(environment, chosen.units)
    for one in broken:
        print(f"BROKEN: {one}")
    return 1 if broken else 0


@contextmanager
def settings(folder: Path) -> Iterator[dict[str, str]]:
    """A fresh installation's environment, with a Redis of its own."""
    from workers.engines.redis_server import find_server

    socket = folder / "redis"
    redis = subprocess.Popen(
        [find_server(), "--unixsocket", str(socket), "--port", "0", "--dir", str(folder), "--save", ""],
        stdout=subprocess.DEVNULL,
    )
    try:
        yield {
            **os.environ,
            "MATINEE_DATA_DIR": str(folder / "data"),
            "MATINEE_TRANSCODES_DIR": str(folder / "transcodes"),
            "MATINEE_HOST": "127.0.0.1",
            "MATINEE_PORT": str(_free_port()),
            "MATINEE_WEB_PROCESSES": "2",
            "REDIS_URL": f"unix://{socket}?db=0",
            "SECRET_KEY": "k" * 40,
        }
    finally:
        redis.terminate()
        redis.wait()


@contextmanager
def server(environment: dict[str, str], port: int) -> Iterator[int]:
    """The web server as the supervisor starts it; gives its process id."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.py", "wsgi:serve()"], env=environment, cwd=ROOT
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/health/live")
                connection.getresponse().read()
                break
            except OSError:
                if time.monotonic() > deadline or process.poll() is not None:
                    raise
                time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def read(port: int, tokens: list[str], known: dict[str, Any], requests: int, master: int) -> list[str]:
    """Lets every client ask its share; prints a table and returns what broke."""
    for token in tokens:  # every process has opened its connections and compiled its statements
        _ask(port, token, random.Random(0), known, 40, defaultdict(list), [])
    time.sleep(1)  # their connections are closed and counted out
    took: dict[str, list[float]] = defaultdict(list)
    failures: list[str] = []
    clients = [
        threading.Thread(
            target=_ask, args=(port, token, random.Random(number), known, requests // len(tokens), took, failures)
        )
        for number, token in enumerate(tokens)
    ]
    started, worked, own = time.perf_counter(), _cpu_seconds(master), time.process_time()
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    seconds = time.perf_counter() - started
    answers = sum(map(len, took.values()))
    cost, clients_cost = (
        1000 * spent / answers for spent in (_cpu_seconds(master) - worked, time.process_time() - own)
    )
    print(
        f"\n{answers} answers in {seconds:.1f} s to {len(tokens)} clients; processor for each: server {cost:.1f} ms,"
        f" client {clients_cost:.1f} ms (on the same cores); waited, ms:"
    )
    print(f"{'what':22} {'n':>6} {'p50':>7} {'p95':>7} {'max':>7}")
    broken = list(failures)
    groups: dict[str, list[float]] = defaultdict(list)
    for name in sorted(took):
        _line(name, took[name])
        groups[name.split(" ")[0]] += took[name]
    for name in JUDGED:
        p95 = _line(f"any {name}", groups[name])
        if p95 > P95_MS:
            broken.append(f"{name}: p95 {p95:.0f} ms > {P95_MS:.0f} ms")
    return broken


def written(environment: dict[str, str], units: int) -> list[str]:
    """Two processes of four writers each; prints what they did and returns what broke."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "bench.api", "--units", str(units), "--writer"]
    processes = [
        subprocess.Popen([*command, str(number)], env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for number in range(2)
    ]
    reports = [json.loads(process.communicate()[0].splitlines()[-1]) for process in processes]
    seconds = time.perf_counter() - started
    times = sorted(one for report in reports for one in report["ms"])
    errors = [error for report in reports for error in report["errors"]]
    print(
        f"\n{CLIENTS} writers x {units} mixed write units over two processes: {len(times)} units, {len(errors)} errors,"
        f" {seconds:.1f} s, p50 {_share(times, 0.5):.1f} ms, p95 {_share(times, 0.95):.1f} ms, max {times[-1]:.0f} ms"
    )
    return [f"a writer failed: {error}" for error in errors[:5]]


def _ask(
    port: int,
    token: str,
    r: random.Random,
    known: dict[str, Any],
    times: int,
    took: dict[str, list[float]],
    failures: list[str],
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip"}
    for _ in range(times):
        name, address = _question(r, known)
        started = time.perf_counter()
        connection.request("GET", address, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        took[name].append((time.perf_counter() - started) * 1000)
        if answer.status != 200:
            failures.append(f"{address}: {answer.status} {body[:200]!r}")


def _question(r: random.Random, known: dict[str, Any]) -> tuple[str, str]:
    kind = r.choice(["movies", "movies", "shows"])
    match r.randrange(12):
        case 0 | 1:
            page = r.randrange(1, known["pages"][kind])
            return "list by name", f"/api/v1/library/{kind}?page={page}"
        case 2:
            sort = r.choice(["added", "year", "rating", "runtime", "popularity"])
            order = r.choice(["asc", "desc"])
            return "list by sort", f"/api/v1/library/{kind}?sort={sort}&order={order}&page={r.randrange(1, 20)}"
        case 3:
            narrowed = r.choice(["anime=true", "year=1999", "min_rating=7", f"genre={r.choice(known['genres'])}"])
            return "list narrowed", f"/api/v1/library/{kind}?{narrowed}"
        case 4:
            return "list unwatched", f"/api/v1/library/{kind}?watched=false&page={r.randrange(1, 20)}"
        case 5:
            row = r.choice(["media/popular", "media/recent", "user/continue", "user/next", "user/history"])
            return "list of mine", f"/api/v1/{row}"
        case 6:
            return "list of home rows", "/api/v1/home"
        case 7 | 8:
            media_id = r.choice(known[r.choice(["films", "shows", "episodes"])])
            return {"m": "title film", "s": "title show", "e": "title episode"}[
                media_id[0]
            ], f"/api/v1/media/{media_id}"
        case 9 | 10:
            return "search", f"/api/v1/media/search?q={quote(_typed(r, r.choice(known['names'])))}"
        case _:
            name = r.choice(known["names"])
            return "suggest", f"/api/v1/media/suggest?q={quote(name[: r.randrange(1, 1 + len(name))])}"


def _typed(r: random.Random, name: str) -> str:
    """A name as people type it: some of its words, now and then with a mistake."""
    words = name.split()
    words = words[: r.randrange(1, len(words) + 1)]
    text = " ".join(words).lower()
    if r.random() < 0.4 and len(text) > 4:
        place = r.randrange(1, len(text) - 1)
        text = r.choice([text[:place] + text[place + 1 :], text[:place] + "x" + text[place + 1 :]])
    return text


def _line(name: str, times: list[float]) -> float:
    times = sorted(times)
    p95 = _share(times, 0.95)
    print(f"{name:22} {len(times):6} {_share(times, 0.5):7.1f} {p95:7.1f} {times[-1] if times else 0:7.1f}")
    return p95


def _share(times: list[float], share: float) -> float:
    return times[min(len(times) - 1, int(share * len(times)))] if times else 0.0


def _cpu_seconds(master: int) -> float:
    """What a process and its children have used of the processor (Linux)."""
    total = 0.0
    for pid in [master, *map(int, Path(f"/proc/{master}/task/{master}/children").read_text().split())]:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def _free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
