"""A scan: what lies in the folder is what the catalog shows, whatever lies there and whatever happens to it."""

from __future__ import annotations

import json
import os
import shutil
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from sqlalchemy import func, select, update

from app import cli, outbox
from app.adapters.clock import now
from app.catalog.models import Episode, Title
from app.core.media_id import MediaId
from app.extensions import db, writing
from app.library import queries, service
from app.library.files import files_with
from app.library.models import Chapter, FilePart, Match, MediaFile, MediaStream, ScanRun
from app.personal import service as personal
from app.signals import file_added, file_changed, file_removed
from app.transcoding.sources import require_unchanged, source_file
from app.web.inputs import answer
from tests.library.scanning import World, make_clip
from workers import runtime, scan


def titles() -> dict[str, Title]:
    db.session.rollback()
    found = db.session.scalars(select(Title).where(Title.file_count > 0).execution_options(populate_existing=True))
    return {title.name: title for title in found}


def test_a_film_and_an_episode_are_browsable_after_one_scan(world: World) -> None:
    world.add("Alien (1979)/Alien (1979).mp4")
    world.add("The Wire/Season 1/The Wire - S01E02 - The Detail.mp4")
    run = world.scan()

    assert run.outcome == "done"
    assert {(one.name, one.kind, one.year) for one in titles().values()} == {
        ("Alien", "movie", 1979),
        ("The Wire", "show", None),
    }
    row = world.files()["Alien (1979)/Alien (1979).mp4"]
    assert (row.state, row.role, row.quality) == ("ok", "main", "144p")
    assert row.duration == pytest.approx(1.0, abs=0.1)
    kinds = db.session.scalars(
        select(MediaStream.kind).where(MediaStream.file_id == row.id).order_by(MediaStream.index)
    )
    assert list(kinds) == ["video", "audio"]
    assert db.session.scalar(select(Match.confidence).where(Match.file_id == row.id)) > 0.5  # type: ignore[operator]
    assert db.session.scalar(select(Episode.number)) == 2


def test_a_second_scan_changes_nothing_and_examines_nothing(world: World) -> None:
    for number in range(5):
        world.add(f"Film {number} (200{number}).mp4")
    world.scan()
    before = {path: (row.id, row.updated_at) for path, row in world.files().items()}
    run = world.scan()

    assert {path: (row.id, row.updated_at) for path, row in world.files().items()} == before
    assert run.counts["unchanged"] == 5
    assert run.counts.get("examined", 0) == 0


def test_a_moved_file_keeps_its_row_and_what_people_did(world: World) -> None:
    old = world.add("Heat (1995).mp4")
    world.scan()
    file_id = world.files()["Heat (1995).mp4"].id
    (world.root / "Michael Mann").mkdir()
    old.rename(world.root / "Michael Mann" / "Heat (1995) 720p.mp4")
    run = world.scan()

    row = world.files()["Michael Mann/Heat (1995) 720p.mp4"]
    assert (row.id, row.missing_since, run.counts["moved"], run.counts["missing"]) == (file_id, None, 1, 0)
    assert titles()["Heat"].file_count == 1


def test_a_renamed_work_takes_its_progress_along(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    moved: list[tuple[str, str]] = []
    monkeypatch.setattr(personal, "rematch", lambda **work: moved.append((work["from_media_id"], work["to_media_id"])))
    old = world.add("Untitled Project.mp4")
    world.scan()
    before = next(iter(titles().values())).id
    old.rename(world.root / "Stalker (1979).mp4")
    world.scan()

    assert moved == [(str(MediaId("movie", before)), str(MediaId("movie", titles()["Stalker"].id)))]


def test_a_copy_is_another_version_of_the_same_film(world: World) -> None:
    first = world.add("Heat (1995)/Heat (1995).mp4")
    shutil.copy(first, world.root / "Heat (1995)" / "Heat (1995) - Director's Cut.mp4")
    world.scan()

    assert len(world.files()) == 2
    assert titles()["Heat"].file_count == 2


def test_changed_content_at_the_same_path_is_read_again(world: World, tmp_path: Path) -> None:
    path = world.add("Heat (1995).mp4")
    world.scan()
    row = world.files()["Heat (1995).mp4"]
    file_id, signature = row.id, row.signature
    told: list[int] = []
    receiver = lambda _sender, media_file_id: told.append(media_file_id)  # noqa: E731
    with file_changed.connected_to(receiver):
        make_clip(path, seconds=2, audio=False)
        world.scan()

    again = world.files()["Heat (1995).mp4"]
    assert (again.id, told) == (file_id, [file_id])
    assert again.duration == pytest.approx(2.0, abs=0.1)
    assert again.signature != signature
    assert db.session.scalar(select(func.count()).where(MediaStream.file_id == file_id)) == 1


def test_a_file_that_is_gone_is_missing_first_and_forgotten_after_the_grace_period(world: World) -> None:
    paths = [world.add(f"Film {letter} (2001).mp4") for letter in "ABCDEF"]
    world.scan()
    paths[0].unlink()
    run = world.scan()

    assert (run.outcome, run.counts["missing"]) == ("done", 1)
    gone = world.files()["Film A (2001).mp4"]
    assert gone.missing_since is not None
    assert "Film A" not in titles()

    told: list[int] = []
    receiver = lambda _sender, media_file_id: told.append(media_file_id)  # noqa: E731
    with writing() as session:
        long_ago = now() - scan.GRACE - timedelta(days=1)
        session.execute(update(MediaFile).where(MediaFile.id == gone.id).values(missing_since=long_ago))
    with file_removed.connected_to(receiver):
        world.scan()
    assert told == [gone.id]
    assert len(world.files()) == 5
    assert db.session.scalar(select(func.count()).select_from(Title)) == 6  # what people did hangs on works


def test_a_file_that_comes_back_is_what_it_was(world: World) -> None:
    paths = [world.add(f"Film {letter} (2001).mp4") for letter in "ABCDEF"]
    world.scan()
    before = world.files()["Film A (2001).mp4"].id
    aside = paths[0].rename(world.root.parent / "aside.mp4")
    world.scan()
    aside.rename(paths[0])
    run = world.scan()

    row = world.files()["Film A (2001).mp4"]
    assert (row.id, row.missing_since, run.counts["restored"]) == (before, None, 1)
    assert titles()["Film A"].file_count == 1


@pytest.mark.parametrize("how", ["empty", "gone", "third"])
def test_a_disk_that_is_away_makes_nothing_go_missing(world: World, how: str) -> None:
    paths = [world.add(f"Film {letter} (2001).mp4") for letter in "ABCDEF"]
    world.scan()
    aside = world.root.parent / "aside"
    if how == "gone":
        world.root.rename(aside)
    else:
        aside.mkdir()
        for path in paths if how == "empty" else paths[:2]:
            path.rename(aside / path.name)
    run = world.scan()

    assert run.outcome == "guarded"
    assert run.detail
    assert all(row.missing_since is None for row in world.files().values())
    assert len(titles()) == 6
    assert [one.id for one in queries.guarded_runs()] == [run.id]


def test_a_person_can_say_that_so_much_is_really_gone(world: World) -> None:
    paths = [world.add(f"Film {letter} (2001).mp4") for letter in "ABCD"]
    world.scan()
    for path in paths[:3]:
        path.unlink()
    assert world.scan().outcome == "guarded"
    assert world.scan(accept_missing=True).outcome == "done"
    assert len(titles()) == 1


def test_a_double_episode_is_both_episodes(world: World) -> None:
    world.add("Show/Season 1/Show S01E01-E02.mp4")
    world.scan()
    assert sorted(db.session.scalars(select(Episode.number))) == [1, 2]
    assert db.session.scalar(select(func.count()).select_from(FilePart)) == 2
    assert titles()["Show"].file_count == 1


def test_a_film_in_parts_is_one_film(world: World) -> None:
    world.add("Das Boot (1981)/Das Boot (1981) cd1.mp4")
    world.add("Das Boot (1981)/Das Boot (1981) cd2.mp4")
    world.scan()
    parts = db.session.execute(select(FilePart.order, FilePart.of).order_by(FilePart.order)).all()
    assert [tuple(part) for part in parts] == [(1, 2), (2, 2)]
    assert titles()["Das Boot"].runtime_s == pytest.approx(2.0, abs=0.2)


def test_extras_and_samples_are_kept_apart(world: World) -> None:
    world.add("Heat (1995)/Heat (1995).mp4")
    world.add("Heat (1995)/Featurettes/Making of.mp4")
    world.add("Heat (1995)/Heat (1995)-trailer.mp4")
    world.add("Heat (1995)/Sample/heat-sample.mp4")
    world.scan()

    roles = {path: row.role for path, row in world.files().items()}
    assert roles == {
        "Heat (1995)/Heat (1995).mp4": "main",
        "Heat (1995)/Featurettes/Making of.mp4": "extra",
        "Heat (1995)/Heat (1995)-trailer.mp4": "extra",
        "Heat (1995)/Sample/heat-sample.mp4": "sample",
    }
    assert [(title.name, title.file_count) for title in titles().values()] == [("Heat", 1)]


SRT = b"1\n00:00:00,000 --> 00:00:01,000\nHello\n"


def test_subtitles_beside_a_film_are_streams_of_it_and_follow_it(world: World) -> None:
    world.add("Heat (1995)/Heat (1995).mp4")
    one = world.add("Heat (1995)/Heat (1995).en.sdh.srt", SRT)
    world.add("Heat (1995)/Subs/2_Russian.srt", SRT + b"\n")
    world.scan()

    def external() -> list[tuple[str | None, str | None, bool]]:
        db.session.rollback()
        rows = db.session.scalars(select(MediaStream).where(MediaStream.index >= 1000).order_by(MediaStream.index))
        return [(Path(row.external_path or "").name, row.language, "hearing_impaired" in row.facts) for row in rows]

    assert external() == [("Heat (1995).en.sdh.srt", "en", True), ("2_Russian.srt", "ru", False)]
    one.unlink()
    world.add("Heat (1995)/Heat (1995).fr.forced.srt", SRT + b"\n\n")
    world.scan()
    assert external() == [("Heat (1995).fr.forced.srt", "fr", False), ("2_Russian.srt", "ru", False)]


def test_a_subtitle_without_a_film_is_told_of(world: World) -> None:
    world.add("lonely.srt", SRT)
    world.add("film.sub", b"#!/bin/sh\necho this is no subtitle\n")
    world.scan()
    found, total = queries.problems(library_id=None, kind=None, offset=0, limit=10)
    assert total == 2
    assert {Path(one.path).name: one.kind for one in found} == {"lonely.srt": "refused", "film.sub": "broken"}


def test_what_is_broken_or_dangerous_is_told_of_and_harms_nothing(world: World) -> None:
    world.add("Good (2000).mp4")
    world.add("broken.mkv", b"this is not a film" * 100)
    world.add("empty.mkv", b"")
    world.add("playlist.mkv", b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nGood (2000).mp4\n#EXT-X-ENDLIST\n")
    world.add("script.mkv", b"ffconcat version 1.0\nfile 'Good (2000).mp4'\n")
    os.mkfifo(world.root / "pipe.mkv")
    (world.root / "away.mkv").symlink_to("/etc/passwd")
    (world.root / "nowhere.mkv").symlink_to("gone.mkv")
    (world.root / "again.mkv").symlink_to("Good (2000).mp4")
    (world.root / "loop").symlink_to(world.root)
    world.add("packed.rar", b"Rar!")
    world.scan()

    found, _ = queries.problems(library_id=None, kind=None, offset=0, limit=50)
    reasons = {Path(one.path).name: one.reason for one in found}
    assert set(reasons) == {
        "broken.mkv", "empty.mkv", "playlist.mkv", "script.mkv", "pipe.mkv", "away.mkv", "nowhere.mkv", "packed.rar",
    }  # fmt: skip
    assert "out of the library" in reasons["away.mkv"]
    assert "pipe" in reasons["pipe.mkv"]
    assert list(titles()) == ["Good"]
    examined = world.scan().counts
    assert examined.get("examined", 0) == 0


HOSTILE = [
    b"new\nline (2001).mp4",
    b"quote'\"`$(reboot);&|<>*?[] (2002).mp4",
    b"not utf8 \xff\xfe\x80 (2003).mp4",
    "\u202egnp.elif rtl \u05d0\u05d1\u05d2 (2004).mp4".encode(),
    b"%d%s%n-%05d (2005).mp4",
    b"-i -dash (2006).mp4",
    b"a" * 240 + b".mp4",
    "private \uf7ff use (2008).mp4".encode(),
    b" leading and trailing .mp4",
    b"back\\slash (2009).mp4",
    b"c:colon:proto http:x (2010).mp4",
]


def test_hostile_names_enter_to_the_byte(world: World) -> None:
    content = world.clip.read_bytes()
    for number, name in enumerate(HOSTILE):
        Path(os.fsdecode(os.fsencode(world.root) + b"/" + name)).write_bytes(content + b"\0\0\0\x09free%c" % number)
    deep = world.root / "x" / ("deep" * 50) / ("er" * 100)
    deep.mkdir(parents=True)
    (deep / "Film (2011).mp4").write_bytes(content + b"\0\0\0\x0afreezz")
    run = world.scan()

    rows = world.files()
    assert {os.fsencode(row.name) for row in rows.values()} == {*HOSTILE, b"Film (2011).mp4"}
    assert {row.state for row in rows.values()} == {"ok"}
    assert run.counts["identified"] == len(rows)
    files, total = queries.media_files(queries.FileFilter(), sort="path", descending=False, offset=0, limit=50)
    assert total == len(rows)
    assert all(one.path.encode("utf-8") for one in files)
    assert world.scan().counts["unchanged"] == len(rows)


@pytest.mark.parametrize("seconds", [2**34 - 1, -(2**31), 253402300800, -62135596801])
def test_a_clock_gone_wrong_stops_no_scan(world: World, seconds: int) -> None:
    film = world.add("Far Away (2050).mp4")
    os.utime(film, (seconds, seconds))
    world.scan()

    found = files_with([world.files()["Far Away (2050).mp4"].id])[0]
    assert found.state == "ok"
    assert json.loads(answer(found).get_data())["mtime"]
    assert world.scan().counts["unchanged"] == 1
    require_unchanged(source_file(found.id))


def test_sound_alone_can_be_played_and_is_no_film(world: World) -> None:
    make_clip(world.root / "Radio Play (2001).mp3", video=False)
    world.scan()
    row = world.files()["Radio Play (2001).mp3"]
    assert (row.state, row.role) == ("ok", "main")
    assert not titles()
    found, _ = queries.problems(library_id=None, kind="doubtful", offset=0, limit=10)
    assert [one.reason for one in found] == ["it has sound only; a film needs a picture"]


def test_a_file_that_is_still_copied_is_waited_for(world: World) -> None:
    import threading

    content = world.clip.read_bytes()
    target = world.root / "Slow (2001).mp4"

    def copy() -> None:
        with target.open("wb") as file:
            for start in range(0, len(content), len(content) // 8 + 1):
                file.write(content[start : start + len(content) // 8 + 1])
                file.flush()
                time.sleep(0.15)

    thread = threading.Thread(target=copy)
    thread.start()
    time.sleep(0.05)
    run = world.scan(settled=False)
    thread.join()
    assert run.counts["examined"] == 1
    assert world.files()["Slow (2001).mp4"].state == "ok"


def test_a_part_of_a_library_can_be_scanned_alone(world: World) -> None:
    world.add("A/Film A (2001).mp4")
    world.scan()
    world.add("A/Film B (2001).mp4")
    world.add("B/Film C (2001).mp4")
    world.add("A b/Film D (2001).mp4")
    run = world.scan(path=str(world.root / "A"))

    assert run.counts["added"] == 1
    assert set(world.files()) == {"A/Film A (2001).mp4", "A/Film B (2001).mp4"}


def test_a_deleted_folder_is_noticed_by_a_scan_of_itself(world: World) -> None:
    for letter in "ABCDEFGH":
        world.add(f"{letter}/Film {letter} (2001).mp4")
    world.scan()
    shutil.rmtree(world.root / "C")
    run = world.scan(path=str(world.root / "C" / "Film C (2001).mp4"))
    assert run.counts["missing"] == 1
    assert world.files()["C/Film C (2001).mp4"].missing_since is not None


def test_a_folder_that_may_not_be_read_does_not_make_its_files_go_missing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add("locked/Film A (2001).mp4")
    for letter in "BCDEF":
        world.add(f"Film {letter} (2001).mp4")
    world.scan()
    real = os.access
    locked = str(world.root / "locked")
    monkeypatch.setattr(os, "access", lambda path, mode, **more: path != locked and real(path, mode, **more))
    run = world.scan()

    assert run.counts["missing"] == 0
    assert world.files()["locked/Film A (2001).mp4"].missing_since is None
    found, _ = queries.problems(library_id=None, kind="refused", offset=0, limit=10)
    assert [Path(one.path).name for one in found] == ["locked"]


def test_a_scan_that_was_killed_anywhere_is_completed_by_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        world.add(f"Film {number} (2001).mp4")

    class Killed(BaseException):
        pass

    def die(*_args: object, **_more: object) -> None:
        raise Killed

    world.rest()
    with writing():
        job_id = service.request_scan(library_id=world.library_id, is_settled=True, now=now())
    monkeypatch.setattr(scan, "place", die)  # after the files were stored, before they are films
    with pytest.raises(Killed):
        scan.run(job_id)
    monkeypatch.undo()
    assert len(world.files()) == 6
    assert not titles()
    with writing():
        assert outbox.requeue_expired(now=now() + timedelta(seconds=10)) == [job_id]
    scan.run(job_id)
    assert len(titles()) == 6
    assert db.session.scalar(select(func.count()).select_from(FilePart)) == 6


def scan_of_one_film(world: World) -> int:
    """The number of a scan that has not begun."""
    world.add("Film (2001).mp4")
    world.rest()
    with writing():
        return service.request_scan(library_id=world.library_id, is_settled=True, now=now())


def test_a_scan_that_was_killed_at_its_very_end_is_not_made_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = scan_of_one_film(world)

    class Killed(BaseException):
        pass

    def die(*_args: object, **_more: object) -> None:
        raise Killed

    monkeypatch.setattr(outbox, "finish", die)  # after the run's row says done, before the job's does
    with pytest.raises(Killed):
        scan.run(job_id)
    monkeypatch.undo()
    with writing():
        assert outbox.requeue_expired(now=now() + timedelta(seconds=10)) == [job_id]
    scan.run(job_id)
    db.session.rollback()
    assert db.session.get_one(outbox.Job, job_id, populate_existing=True).state == "done"
    assert db.session.scalars(select(ScanRun.outcome).where(ScanRun.job_id == job_id)).all() == ["done"]


def test_a_scan_whose_job_is_anothers_by_now_does_not_say_that_it_is_done(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = scan_of_one_film(world)
    real = scan.Scan.run

    def taken_over_at_the_end(one: scan.Scan) -> tuple[str, str | None]:
        ended = real(one)
        with writing():
            outbox.requeue_expired(now=now() + timedelta(seconds=10))
        monkeypatch.undo()
        scan.run(job_id)
        return ended

    monkeypatch.setattr(scan.Scan, "run", taken_over_at_the_end)
    scan.run(job_id)
    db.session.rollback()
    outcomes = db.session.scalars(select(ScanRun.outcome).where(ScanRun.job_id == job_id).order_by(ScanRun.id)).all()
    assert outcomes == ["failed", "done"]


def test_a_scan_can_be_cancelled(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.add("Film (2001).mp4")
    with writing():
        job_id = service.request_scan(library_id=world.library_id, now=now())
    real = runtime.Work.raise_if_cancelled

    def cancelled(work: runtime.Work) -> None:
        work._cancelled.set()
        real(work)

    monkeypatch.setattr(runtime.Work, "raise_if_cancelled", cancelled)
    scan.run(job_id)
    db.session.rollback()
    assert db.session.get_one(outbox.Job, job_id, populate_existing=True).state == "cancelled"


def test_news_of_a_new_file_leaves_once(world: World) -> None:
    told: list[int] = []
    receiver = lambda _sender, media_file_id: told.append(media_file_id)  # noqa: E731
    world.add("Film (2001).mp4")
    world.add("broken.mkv", b"x" * 1000)
    with file_added.connected_to(receiver):
        world.scan()
        world.scan()
    assert told == [world.files()["Film (2001).mp4"].id]


def test_artwork_is_asked_for_once_for_a_library(world: World) -> None:
    world.add("Film (2001).mp4")
    world.scan()
    world.add("Other (2001).mp4")
    world.scan()
    jobs = db.session.scalars(select(outbox.Job).where(outbox.Job.kind == "artwork")).all()
    assert [job.payload for job in jobs] == [{"library_id": world.library_id}]


def test_a_library_can_be_of_another_kind_and_is_identified_again(world: World) -> None:
    world.add("Bleach/Bleach - 05.mp4")
    world.scan()
    with writing():
        service.change(world.library_id, kind="anime", now=now())
    world.scan()
    (title,) = titles().values()
    assert (title.kind, title.is_anime) == ("show", True)


def test_a_library_that_is_removed_leaves_the_works_and_the_files(world: World) -> None:
    path = world.add("Film (2001).mp4")
    world.scan()
    with writing():
        service.remove(world.library_id, now=now())
    assert path.exists()
    assert not titles()
    assert db.session.scalar(select(func.count()).select_from(MediaFile)) == 0
    assert db.session.scalar(select(func.count()).select_from(Title)) == 1
    assert db.session.scalar(select(func.count()).select_from(ScanRun)) == 0
    assert db.session.scalar(select(func.count()).select_from(Chapter)) == 0


@pytest.mark.parametrize("successor", [False, True])
def test_a_library_that_is_removed_during_its_scan_ends_it(
    world: World, monkeypatch: pytest.MonkeyPatch, successor: bool
) -> None:
    world.add("Film (2001).mp4")
    world.rest()
    examine = scan.examine

    def removed_meanwhile(*asked: Any) -> Any:
        with runtime.application().app_context(), writing():
            service.remove(world.library_id, now=now())
            if successor:
                assert service.register(str(world.root.parent), "mixed", now=now()).id == world.library_id
        return examine(*asked)

    with writing():
        service.request_scan(library_id=world.library_id, accept_missing=True, now=now())
        job_id = service.request_scan(library_id=world.library_id, now=now())
    monkeypatch.setattr(scan, "examine", removed_meanwhile)
    scan.run(job_id)

    ended = db.session.scalars(select(outbox.Job).order_by(outbox.Job.id)).all()
    assert {(job.state, job.error) for job in ended} == {("cancelled", None)}
    assert db.session.scalar(select(func.count()).select_from(MediaFile)) == 0


@pytest.mark.slow
def test_every_bad_file_is_told_of_and_every_good_film_enters(world: World, shared: Path) -> None:
    for kind in ("good", "bad"):
        (world.root / kind).mkdir()
        for path in sorted((shared / "media" / kind).rglob("*")):
            if path.is_file():
                target = world.root / path.relative_to(shared / "media")
                target.parent.mkdir(parents=True, exist_ok=True)
                os.link(path, target) if path.stat().st_dev == world.root.stat().st_dev else shutil.copy(path, target)
    world.scan()

    rows = world.files()
    bad = {str(p.relative_to(shared / "media")) for p in (shared / "media" / "bad").rglob("*") if p.is_file()}
    told = {path for path, row in rows.items() if row.state != "ok" and row.problem}
    assert bad <= told
    for line in (shared / "media" / "MANIFEST.tsv").read_text().splitlines()[1:]:
        path, _, _, _, _, streams, duration, features, *_ = line.split("\t")
        if path.startswith("good/") and "v:" in streams and duration and "encrypted" not in features:
            assert path in rows, path
            row = rows[path]
            assert row.state == "ok" or "holds no pictures" in (row.problem or ""), (path, row.problem)


@pytest.mark.parametrize("where", ["Heat (1995)/Heat (1995).en.srt", "Heat (1995)/Subs/Heat (1995)/2_English.srt"])
def test_a_film_that_comes_after_its_subtitles_has_them(world: World, where: str) -> None:
    world.add(where, SRT)
    world.scan()
    world.add("Heat (1995)/Heat (1995).mp4")
    world.scan()
    languages = db.session.scalars(select(MediaStream.language).where(MediaStream.index >= 1000))
    assert list(languages) == ["en"]
    assert world.files()[where].state == "ok"


def test_a_folder_that_was_split_into_libraries_starts_the_server_all_the_same(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.add("films/Heat (1995).mkv")
    for media in (world.root.parent, world.root / "films"):
        cli._register(media)
        assert str(media) in capsys.readouterr().err

    db.session.rollback()
    assert list(queries.roots()) == [world.library_id]
    assert db.session.scalar(select(outbox.Job.payload).where(outbox.Job.kind == "scan"))["library_id"] is None
    with pytest.raises(click.ClickException):
        cli._register(world.root / "none")
