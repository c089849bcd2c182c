"""`python -m bench.scan`: how fast a library becomes browsable, against the same ffprobe run bare in the same minutes.

Prints one JSON line of ratios for each part: probe and upsert alone, the whole scan, a scan that finds nothing changed
(against `find -printf`), and how much memory a scan of ten times as many files takes.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis
import structlog
from flask import Flask
from sqlalchemy import insert, select

from app.adapters.clock import now
from app.extensions import db, writing
from app.factory import core
from app.library import service
from app.library.models import Library, Match, MediaFile
from config import Config
from tests.library.scanning import make_clip
from workers import runtime, scan
from workers.engines import ffprobe, walker
from workers.engines.redis_server import find_server

ASK = ["-v", "error", "-of", "json", "-show_format", "-show_streams", "-show_chapters", "-i"]


def make_files(root: Path, count: int, clips: list[bytes]) -> None:
    """Small real films whose bytes all differ, one folder each, as people keep them."""
    for number in range(count):
        name = f"Film {number} ({1950 + number % 70})"
        folder = root / f"{number % 50:02d}" / name
        folder.mkdir(parents=True)
        path = folder / f"{name}.mp4"
        path.write_bytes(clips[number % len(clips)] + b"\0\0\0\x10free" + number.to_bytes(8, "big"))
        os.utime(path, (1e9, 1e9))


def bare(root: Path, program: str) -> float:
    """Seconds of the same binary over the same files, two at a time, output thrown away."""
    found = subprocess.run(["find", str(root), "-name", "*.mp4", "-print0"], capture_output=True, check=True).stdout
    began = time.perf_counter()
    subprocess.run(
        ["xargs", "-0", "-P", "2", "-n", "1", program, *ASK], input=found, stdout=subprocess.DEVNULL, check=True
    )
    return time.perf_counter() - began


@contextmanager
def application(folder: Path) -> Iterator[Flask]:
    """A worker's application on a fresh database and a Redis of its own."""
    socket = folder / "redis.sock"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    argv = [find_server(), "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)]
    server = subprocess.Popen(argv, **quiet)  # type: ignore[call-overload]
    try:
        config = Config.from_env({"MATINEE_DATA_DIR": str(folder / "data"), "SECRET_KEY": "k" * 40})
        url = f"unix://{socket}?db=0"
        while True:
            try:
                redis.Redis.from_url(url).ping()
                break
            except redis.ConnectionError:
                time.sleep(0.05)
        app = core(dataclasses.replace(config, redis_url=url, redis_is_private=False))
        runtime.use(app)
        with app.app_context():
            db.create_all()
            yield app
            db.session.remove()
            db.engine.dispose()
    finally:
        server.terminate()
        server.wait()


def library(root: Path) -> int:
    with writing():
        return service.register(str(root), "mixed", now=now()).id


def run_scan(library_id: int) -> float:
    """Seconds of one scan job, claim and all."""
    with writing():
        job_id = service.request_scan(library_id=library_id, now=now())
    began = time.perf_counter()
    scan.run(job_id)
    return time.perf_counter() - began


def remembered(root: Path, library_id: int) -> int:
    """Rows as a scan would have left them, so that the next finds nothing to do."""
    rows = [
        {"library_id": library_id, "folder": folder.path, "name": name, "size": size, "mtime_ns": mtime_ns}
        for folder in walker.walk(str(root))
        for name, (size, mtime_ns) in folder.files.items()
    ]
    common = {"state": "ok", "role": "main", "tags": {}, "added_at": now(), "updated_at": now(), "signature": None}
    for start in range(0, len(rows), 5000):
        with writing() as session:
            session.execute(insert(MediaFile), [row | common for row in rows[start : start + 5000]])
    with writing() as session:
        ids = list(session.scalars(select(MediaFile.id).where(MediaFile.library_id == library_id)))
        session.execute(
            insert(Match), [{"file_id": one, "confidence": 1.0, "reasons": [], "locked": True} for one in ids]
        )
    return len(rows)


def forget(library_id: int) -> None:
    """Everything that a scan made, so that the next starts anew."""
    with writing():
        service.remove(library_id, now=now())


def first_scans(root: Path, program: str, turns: int) -> tuple[dict[str, float], dict[str, float]]:
    """Bare, store alone, whole; in turns, so that all three meet the same machine. Seconds and processor seconds."""
    seconds: dict[str, list[float]] = {}
    cpu: dict[str, list[float]] = {}
    place, leftovers = scan.Scan._place, scan.Scan._place_leftovers
    nothing: Callable[..., None] = lambda *_args: None  # noqa: E731
    for _ in range(turns):
        with timed(seconds, cpu, "bare"):
            bare(root, program)
        for name in ("store", "whole"):
            library_id = library(root)
            if name == "store":
                scan.Scan._place = scan.Scan._place_leftovers = nothing  # type: ignore[method-assign]
            try:
                with timed(seconds, cpu, name):
                    run_scan(library_id)
            finally:
                scan.Scan._place, scan.Scan._place_leftovers = place, leftovers  # type: ignore[method-assign]
            assert db.session.query(MediaFile).count() > 0
            forget(library_id)
    return medians(seconds), medians(cpu)


def rescans(root: Path, library_id: int, turns: int) -> dict[str, Any]:
    """A scan with nothing to do and `find`, in turns."""
    seconds: dict[str, list[float]] = {}
    cpu: dict[str, list[float]] = {}
    for _ in range(turns):
        with timed(seconds, cpu, "find"):
            subprocess.run(["find", str(root), "-printf", "%s %T@\\n"], stdout=subprocess.DEVNULL, check=True)
        with timed(seconds, cpu, "rescan"):
            run_scan(library_id)
    took, spent = medians(seconds), medians(cpu)
    return {
        "find_s": took["find"],
        "rescan_s": took["rescan"],
        "times_find": round(took["rescan"] / took["find"], 2),
        "times_find_cpu": round(spent["rescan"] / spent["find"], 2),
    }


def cpu_s() -> float:
    """Processor seconds of this process and of the children that have ended."""
    spent = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in spent)


@contextmanager
def timed(seconds: dict[str, list[float]], cpu: dict[str, list[float]], name: str) -> Iterator[None]:
    """Notes how long the block took, by the clock and in processor time (which a busy machine changes little)."""
    began, spent = time.perf_counter(), cpu_s()
    yield
    seconds.setdefault(name, []).append(time.perf_counter() - began)
    cpu.setdefault(name, []).append(cpu_s() - spent)


def medians(some: dict[str, list[float]]) -> dict[str, float]:
    return {name: round(statistics.median(all_of), 3) for name, all_of in some.items()}


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--files", type=int, default=1000, help="films in the first scan")
    options.add_argument("--known", type=int, default=50_000, help="files that have not changed")
    options.add_argument("--turns", type=int, default=3)
    wanted = options.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    program = ffprobe.find(os.environ.get("MATINEE_FFPROBE", ""))
    folder = Path(tempfile.mkdtemp(prefix="matinee-scan-"))
    try:
        clips = [make_clip(folder / f"{n}.mp4", title=f"clip {n}").read_bytes() for n in range(4)]
        make_files(folder / "few", max(50, wanted.files // 10), clips)
        make_files(folder / "films", wanted.files, clips)
        with application(folder):
            few = library(folder / "few")
            run_scan(few)
            before = peak_mib()
            took, spent = first_scans(folder / "films", program, wanted.turns)
            rates = {name: round(wanted.files / seconds, 1) for name, seconds in took.items()}
            print(
                json.dumps(
                    {
                        "files_per_s": rates,
                        "store_of_bare": round(took["bare"] / took["store"], 3),
                        "whole_of_bare": round(took["bare"] / took["whole"], 3),
                        "cpu_ms_per_file": {name: round(1000 * one / wanted.files, 2) for name, one in spent.items()},
                        "store_of_bare_cpu": round(spent["bare"] / spent["store"], 3),
                        "whole_of_bare_cpu": round(spent["bare"] / spent["whole"], 3),
                        "peak_mib_few": round(before, 1),
                        "peak_mib_many": round(peak_mib(), 1),
                    }
                )
            )
            make_files(folder / "known", wanted.known, [b"x"])
            known = library(folder / "known")
            count = remembered(folder / "known", known)
            print(json.dumps({"known_files": count, **rescans(folder / "known", known, wanted.turns)}))
            print(
                json.dumps({"peak_mib_after_all": round(peak_mib(), 1), "libraries": db.session.query(Library).count()})
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
