"""A file copied in is browsable within seconds; what is deleted or renamed follows by itself."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app import outbox
from app.catalog.models import Title
from app.extensions import db
from tests.library.conftest import clip as clip
from tests.library.scanning import World, make_world
from workers import runtime, scan, watcher


@pytest.fixture
def world(core_app: Flask, tmp_path: Path, clip: Path) -> Iterator[World]:
    """A library that is watched, and a worker that scans what is asked for."""
    runtime.use(core_app)
    with core_app.app_context():
        made = make_world(tmp_path / "media", clip)
    stopped = threading.Event()

    def work() -> None:
        while not stopped.wait(0.05):
            with core_app.app_context():
                waiting = select(outbox.Job.id).where(outbox.Job.kind == "scan", outbox.Job.state == "queued")
                ids = list(db.session.scalars(waiting.order_by(outbox.Job.id)))
                db.session.remove()
            for job_id in ids:
                scan.run(job_id)

    worker = threading.Thread(target=work)
    worker.start()
    handle = watcher.start(core_app)
    try:
        wait_for(lambda: handle.is_watching(str(made.root)), 5)
        with core_app.app_context():
            yield made
    finally:
        handle.stop()
        stopped.set()
        worker.join()


def wait_for(condition: Callable[[], object], seconds: float) -> float:
    """How long it took until the condition held."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "it did not happen in time"
        time.sleep(0.05)
    return time.monotonic() - began


def names() -> set[str]:
    db.session.rollback()
    return set(db.session.scalars(select(Title.name).where(Title.file_count > 0)))


def test_a_file_copied_in_is_browsable_within_five_seconds_after_it_stops_growing(world: World) -> None:
    content = world.clip.read_bytes()
    with (world.root / "Slow (2001).mp4").open("wb") as file:
        for start in range(0, len(content), len(content) // 6 + 1):
            file.write(content[start : start + len(content) // 6 + 1])
            file.flush()
            time.sleep(0.3)
    took = wait_for(lambda: "Slow" in names(), 5)
    assert took < 5
    assert {row.state for row in world.files().values()} == {"ok"}


def test_a_folder_moved_in_a_deletion_and_a_rename_follow_by_themselves(world: World) -> None:
    outside = world.root.parent / "Season"
    for number in range(1, 6):
        target = outside / "Season 1" / f"Show S01E0{number}.mp4"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(world.clip.read_bytes() + bytes(8) + bytes([number]))
    shutil.move(outside, world.root / "Show")
    wait_for(lambda: len(world.files()) == 5, 6)
    wait_for(lambda: "Show" in names(), 5)

    old = world.root / "Show" / "Season 1" / "Show S01E01.mp4"
    before = {row.id for row in world.files().values()}
    old.rename(old.with_name("Show S01E09.mp4"))
    wait_for(lambda: "Show/Season 1/Show S01E09.mp4" in world.files(), 6)
    assert {row.id for row in world.files().values()} == before

    (world.root / "Show" / "Season 1" / "Show S01E02.mp4").unlink()
    wait_for(lambda: world.files()["Show/Season 1/Show S01E02.mp4"].missing_since is not None, 6)


def test_a_burst_of_news_is_few_scans(world: World) -> None:
    for number in range(40):
        (world.root / f"Film {number} (2001).mp4").write_bytes(world.clip.read_bytes() + bytes([0] * 8 + [number]))
    wait_for(lambda: len(names()) == 40, 10)
    db.session.rollback()
    assert len(db.session.scalars(select(outbox.Job.id).where(outbox.Job.kind == "scan")).all()) <= 5


def test_pictures_hidden_files_and_unfinished_downloads_are_no_news(world: World) -> None:
    for name in (".hidden.mkv", "poster.jpg", "film.mkv.part", "info.txt"):
        (world.root / name).write_bytes(b"x")
    time.sleep(2)
    db.session.rollback()
    assert db.session.scalar(select(outbox.Job.id)) is None


def test_folders_inside_others_and_crowds_become_one() -> None:
    assert watcher.topmost(["/a/b", "/a", "/a b", "/a/b/c"]) == ["/a", "/a b"]
    assert watcher.topmost([f"/m/{number}/x" for number in range(200)]) == ["/m"]


def test_network_mounts_are_polled(monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = (
        "/dev/sda1 / ext4 rw 0 0\nnas:/films /mnt/my\\040films nfs4 rw 0 0\nrclone: /mnt/cloud fuse.rclone rw 0 0\n"
    )
    monkeypatch.setattr(Path, "read_text", lambda *_args, **_more: mounts)
    assert watcher.needs_polling("/mnt/my films/a")
    assert watcher.needs_polling("/mnt/cloud")
    assert not watcher.needs_polling("/media")
