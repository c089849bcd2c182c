"""A server to play from: an application, its database, real workers, and films that the tests make."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import redis
from flask import Flask
from flask.testing import FlaskClient

from app.core.media import parse_ffprobe
from app.extensions import db, writing
from app.library.models import Chapter, FilePart, Library, MediaFile, MediaStream
from config import Config
from workers.engines import ffmpeg as engine

ROOT = Path(__file__).resolve().parents[2]
FFMPEG = engine.find()


def ffprobe() -> str:
    """The static ffprobe of the lock file."""
    found = ROOT / "node_modules/@ffprobe-installer/linux-x64/ffprobe"
    return str(found) if found.is_file() else "ffprobe"


def make(path: Path, *argv: str) -> Path:
    """A film made with ffmpeg."""
    done = subprocess.run([FFMPEG, "-nostdin", "-v", "error", "-y", *argv, str(path)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return path


def film(
    path: Path,
    *,
    seconds: int = 20,
    video: Sequence[str] = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "48"),
    audio: Sequence[str] = ("-c:a", "aac", "-b:a", "96k"),
    size: str = "640x360",
    rate: str = "24",
) -> Path:
    """A film with a picture that changes and a tone that rises. One of a name is made once and copied afterwards."""
    argv = (
        *("-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds}"),
        *("-f", "lavfi", "-i", f"aevalsrc=sin(2*PI*t*(300+20*t)):s=48000:d={seconds}"),
        *video, *("-pix_fmt", "yuv420p10le" if "libx265" in video else "yuv420p"), *audio, "-ac", "2", "-shortest",
    )  # fmt: skip
    kept = Path(_films().name) / hashlib.sha256("\0".join(argv).encode()).hexdigest() / path.name
    if not kept.exists():
        kept.parent.mkdir(exist_ok=True)
        make(kept, *argv)
    shutil.copyfile(kept, path)
    return path


@cache
def _films() -> TemporaryDirectory[str]:
    """What this test process has made; gone with it."""
    return TemporaryDirectory(prefix="matinee-films-")


def add_file(
    library: Library,
    path: Path,
    *,
    title_id: int | None = None,
    episode_id: int | None = None,
    order: int = 1,
    sidecars: Sequence[Path] = (),
) -> int:
    """A row for a file on the disk, with the streams that ffprobe finds. Inside a write unit."""
    asked = ("-v", "error", "-of", "json", "-show_format", "-show_streams", "-show_chapters")
    done = subprocess.run([ffprobe(), *asked, str(path)], capture_output=True, check=True)
    facts = parse_ffprobe(json.loads(done.stdout))
    stat, now = path.stat(), datetime.now(UTC)
    relative = path.relative_to(library.path)
    row = MediaFile(
        library_id=library.id,
        folder="" if relative.parent == Path() else relative.parent.as_posix(),
        name=relative.name,
        size=stat.st_size,
        mtime_ns=stat.st_mtime_ns,
        signature=hashlib.sha256(path.read_bytes()).hexdigest()[:40],
        container=facts.container,
        duration=facts.duration,
        bit_rate=facts.bit_rate,
        added_at=now,
        updated_at=now,
    )
    db.session.add(row)
    db.session.flush()
    for one in facts.streams:
        db.session.add(
            MediaStream(
                file_id=row.id, index=one.index, kind=one.kind, codec=one.codec, profile=one.profile, level=one.level,
                width=one.width, height=one.height, bit_depth=one.bit_depth, hdr=one.hdr, bit_rate=one.bit_rate,
                channels=one.channels, sample_rate=one.sample_rate, language=one.language, title=one.title,
                is_default=one.is_default, is_forced=one.is_forced, facts=one.facts(),
            )
        )  # fmt: skip
    for number, sidecar in enumerate(sidecars):
        codec = {".vtt": "webvtt", ".srt": "subrip"}.get(sidecar.suffix, "ass")
        db.session.add(
            MediaStream(
                file_id=row.id,
                index=1000 + number,
                kind="subtitle",
                codec=codec,
                language="en",
                external_path=sidecar.relative_to(library.path).as_posix(),
            )
        )
    for chapter in facts.chapters:
        db.session.add(Chapter(file_id=row.id, start=chapter.start, end=chapter.end, title=chapter.title))
    if title_id or episode_id:
        db.session.add(FilePart(file_id=row.id, title_id=title_id, episode_id=episode_id, order=order))
    return row.id


@dataclass
class Stage:
    """The application with its workers. `films` is the library's folder."""

    app: Flask
    config: Config
    films: Path
    library_id: int = 0
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)

    def library(self) -> Library:
        return db.session.get_one(Library, self.library_id)

    def add(self, path: Path, *, sidecars: Sequence[Path] = ()) -> int:
        with self.app.app_context(), writing():
            return add_file(self.library(), path, sidecars=sidecars)

    def start(self, *queues: str, light: bool = False) -> subprocess.Popen[bytes]:
        """A real worker process for these lanes, in a group of its own; returns once it serves."""
        argv = [sys.executable, "-m", "workers", *(["--light"] if light else []), *queues]
        process = subprocess.Popen(argv, cwd=ROOT, env=self.environment(), start_new_session=True)
        self.workers.append(process)
        self._await(queues, len(self.workers))
        return process

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "MATINEE_DATA_DIR": str(self.config.data_dir),
            "MATINEE_TRANSCODES_DIR": self.config.transcodes_dir,
            "DATABASE_URL": self.config.database_url,
            "REDIS_URL": self.config.redis_url,
            "SECRET_KEY": self.config.secret_key,
            **self.settings,
        }

    def _await(self, queues: Sequence[str], count: int) -> None:
        deadline = time.monotonic() + 20
        with redis.Redis.from_url(self.config.redis_url) as client:
            while time.monotonic() < deadline:
                if client.scard("rq:workers") >= count:
                    return
                time.sleep(0.05)
        raise AssertionError(f"no worker serves {queues}")

    def stop(self) -> None:
        for process in self.workers:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.workers:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.workers.clear()


def prepare(client: FlaskClient, **body: object) -> dict[str, object]:
    answer = client.post("/api/v1/player/prepare", json=body)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    found: dict[str, object] = answer.get_json()
    return found
