"""What tests of scans share: small real clips, a library, a scan that runs to its end."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app import outbox
from app.adapters.clock import now
from app.extensions import db, writing
from app.library import service
from app.library.models import MediaFile, ScanRun
from workers import scan
from workers.engines import ffmpeg


def make_clip(path: Path, *, seconds: float = 1.0, video: bool = True, audio: bool = True, title: str = "") -> Path:
    """A small real film (or sound). `title` makes its content differ from another's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    argv = [ffmpeg.find(), "-v", "error", "-y"]
    if video:
        argv += ["-f", "lavfi", "-i", f"testsrc=size=128x72:rate=25:duration={seconds}"]
    if audio:
        argv += ["-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}"]
    if video:
        argv += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
    argv += ["-metadata", f"title={title or path.name}", str(path)]
    subprocess.run(argv, check=True)
    return path


@dataclass
class World:
    """One library in a folder of its own."""

    root: Path
    library_id: int
    clip: Path
    made: int = field(default=0)

    def add(self, path: str, content: bytes | None = None) -> Path:
        """Puts a film at this path (a clip whose bytes are its own), or a file with this content."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            self.made += 1
            content = self.clip.read_bytes() + b"\0\0\0\x10free" + self.made.to_bytes(8, "big")
        target.write_bytes(content)
        return target

    def scan(self, **payload: Any) -> ScanRun:
        """Scans to the end, as when a watcher has seen the files rest, unless the payload says otherwise."""
        settled = payload.pop("settled", True)
        if settled:
            self.rest()
        with writing():
            job_id = service.request_scan(library_id=self.library_id, is_settled=settled, now=now(), **payload)
        scan.run(job_id)
        db.session.rollback()
        job = db.session.get_one(outbox.Job, job_id, populate_existing=True)
        assert job.state == "done", (job.state, job.error, job.detail)
        return db.session.scalars(select(ScanRun).order_by(ScanRun.id.desc())).first()  # type: ignore[return-value]

    def rest(self) -> None:
        """Makes files that were just written look as if some time had passed."""
        if not self.root.is_dir():
            return
        recent = time.time_ns() - 5_000_000_000
        for folder, _, names in os.walk(self.root):
            for name in names:
                path = f"{folder}/{name}"
                about = os.lstat(path)
                if about.st_mtime_ns > recent:
                    os.utime(path, ns=(about.st_mtime_ns, about.st_mtime_ns - 10_000_000_000), follow_symlinks=False)

    def files(self) -> dict[str, MediaFile]:
        """Every row, by its path in the library."""
        db.session.rollback()
        rows = db.session.scalars(select(MediaFile).execution_options(populate_existing=True))
        return {"/".join(part for part in (row.folder, row.name) if part): row for row in rows}


def make_world(root: Path, clip: Path, kind: str = "mixed") -> World:
    root.mkdir(parents=True, exist_ok=True)
    with writing():
        library = service.register(str(root), kind, now=now())  # type: ignore[arg-type]
        return World(root, library.id, clip)
