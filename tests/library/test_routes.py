"""Libraries, folders, scans, files, jobs and problems over HTTP."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.library.scanning import World, make_world
from workers import runtime, scan

ADMIN = "/api/v1/admin"


@pytest.fixture
def world(app: Flask, tmp_path: Path, clip: Path) -> World:
    runtime.use(app)
    with app.app_context():
        return make_world(tmp_path / "media", clip)


def run_scan(client: FlaskClient, **body: object) -> int:
    started = client.post(f"{ADMIN}/scan", json=body)
    assert started.status_code == 202
    job_id = started.json["job_id"]  # type: ignore[index]
    scan.run(job_id)
    return int(job_id)


def test_a_library_is_made_renamed_and_forgotten(admin_client: FlaskClient, tmp_path: Path) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    made = admin_client.post(f"{ADMIN}/libraries", json={"path": str(folder), "kind": "movies"})
    assert made.status_code == 201
    assert {key: made.json[key] for key in ("name", "path", "kind")} == {
        "name": "films",
        "path": str(folder),
        "kind": "movies",
    }
    where = f"{ADMIN}/libraries/{made.json['id']}"
    assert admin_client.patch(where, json={"name": "Films"}).json["name"] == "Films"
    assert admin_client.get(f"{ADMIN}/libraries").json["total"] == 1
    assert admin_client.delete(where).status_code == 204
    assert admin_client.get(where).status_code == 404


def test_a_folder_inside_another_library_is_refused(admin_client: FlaskClient, world: World) -> None:
    inner = world.root / "inner"
    inner.mkdir()
    for path in (inner, world.root.parent, world.root):
        answer = admin_client.post(f"{ADMIN}/libraries", json={"path": str(path), "kind": "mixed"})
        assert (answer.status_code, answer.json["code"]) == (409, "conflict")
    for path in ("/proc", "/", "relative", "/no/such/folder", "/etc/passwd"):
        assert admin_client.post(f"{ADMIN}/libraries", json={"path": path, "kind": "mixed"}).status_code in {400, 422}


def test_the_folder_picker_says_what_was_found(admin_client: FlaskClient, tmp_path: Path) -> None:
    (tmp_path / "pick" / "films").mkdir(parents=True)
    (tmp_path / "pick" / ".hidden").mkdir()
    (tmp_path / "pick" / "films" / "a.mkv").write_bytes(b"x")
    (tmp_path / "pick" / "b.mp4").write_bytes(b"x")
    (tmp_path / "pick" / "b.srt").write_bytes(b"x")
    found = admin_client.get(f"{ADMIN}/folders", query_string={"path": str(tmp_path / "pick")}).json
    assert (found["video_files"], found["subtitle_files"]) == (1, 1)
    assert [(one["name"], one["video_files"], one["readable"]) for one in found["folders"]] == [("films", 1, True)]
    assert admin_client.get(f"{ADMIN}/folders").json["path"] == "/"
    assert admin_client.get(f"{ADMIN}/folders?path=/no/such").status_code in {400, 422}


def test_a_scan_is_a_job_whose_files_are_listed(admin_client: FlaskClient, world: World) -> None:
    world.add("Heat (1995).mp4")
    world.add("broken.mkv", b"not a film" * 50)
    os.utime(world.root / "Heat (1995).mp4", (1e9, 1e9))
    os.utime(world.root / "broken.mkv", (1e9, 1e9))
    job_id = run_scan(admin_client, library_id=world.library_id)

    job = admin_client.get(f"{ADMIN}/jobs/{job_id}").json
    assert (job["state"], job["progress"], job["kind"]) == ("done", 1.0, "scan")
    assert job["detail"]["counts"]["added"] == 2
    assert admin_client.get(f"{ADMIN}/jobs").json["items"][0]["id"] > 0
    for prefix in ("/api/v1/library", "/api/library"):
        page = admin_client.get(f"{prefix}/media-files?state=ok").json
        assert page["total"] == 1
        (file,) = page["items"]
        assert file["path"] == str(world.root / "Heat (1995).mp4")
        assert file["media_ids"][0].startswith("m")
        assert [stream["kind"] for stream in file["streams"]] == ["video", "audio"]
        assert (file["part"], file["parts"], file["quality"]) == (1, 1, "144p")
    problems = admin_client.get(f"{ADMIN}/problems").json
    assert [(Path(one["path"]).name, one["kind"]) for one in problems["items"]] == [("broken.mkv", "broken")]
    assert "cannot be read" in problems["items"][0]["reason"]


def test_a_guarded_scan_is_among_the_problems(admin_client: FlaskClient, world: World) -> None:
    for letter in "AB":
        os.utime(world.add(f"Film {letter} (2001).mp4"), (1e9, 1e9))
    run_scan(admin_client, library_id=world.library_id)
    for path in world.root.iterdir():
        path.unlink()
    run_scan(admin_client)
    (told,) = admin_client.get(f"{ADMIN}/problems").json["scans"]
    assert (told["library_id"], told["outcome"]) == (world.library_id, "guarded")
    assert admin_client.get(f"{ADMIN}/libraries").json["items"][0]["last_outcome"] == "guarded"


def test_files_are_narrowed_and_paged(admin_client: FlaskClient, world: World) -> None:
    for number in range(3):
        os.utime(world.add(f"Film {number} (200{number}).mp4"), (1e9, 1e9))
    run_scan(admin_client, path=str(world.root))
    where = "/api/v1/library/media-files"
    assert admin_client.get(f"{where}?year=2001").json["total"] == 1
    assert admin_client.get(f"{where}?unmatched=true").json["total"] == 0
    assert admin_client.get(f"{where}?anime=true").json["total"] == 0
    page = admin_client.get(f"{where}?per_page=2&page=2&sort=path&order=asc").json
    assert ([Path(one["path"]).name for one in page["items"]], page["total"]) == (["Film 2 (2002).mp4"], 3)
    media_id = page["items"][0]["media_ids"][0]
    assert admin_client.get(f"{where}?media_id={media_id}").json["total"] == 1


def test_a_waiting_job_is_cancelled_at_once(admin_client: FlaskClient, world: World) -> None:
    job_id = admin_client.post(f"{ADMIN}/scan", json={}).json["job_id"]
    assert admin_client.delete(f"{ADMIN}/jobs/{job_id}").json["state"] == "cancelled"
    assert admin_client.delete(f"{ADMIN}/jobs/999999").status_code == 404


def test_only_an_administrator_sees_folders_and_scans(user_client: FlaskClient, client: FlaskClient) -> None:
    for path in ("libraries", "folders", "jobs", "problems"):
        assert user_client.get(f"{ADMIN}/{path}").status_code == 403
        assert client.get(f"{ADMIN}/{path}").status_code == 401
    assert user_client.post(f"{ADMIN}/scan", json={}).status_code == 403
    assert user_client.get("/api/v1/library/media-files").status_code == 200


def test_a_path_outside_every_library_is_not_scanned(admin_client: FlaskClient, world: World) -> None:
    answer = admin_client.post(f"{ADMIN}/scan", json={"path": "/etc"})
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert admin_client.post(f"{ADMIN}/scan", json={"library_id": 999}).status_code == 404
    escape = f"{world.root}/../../etc"
    assert admin_client.post(f"{ADMIN}/scan", json={"path": escape}).status_code == 404


def test_the_picker_counts_what_is_named_like_a_film(admin_client: FlaskClient, tmp_path: Path) -> None:
    for name in ("Heat (1995).mkv", "resolv.conf", "locale.gen", "notes", ".hidden.mkv", "Heat (1995).srt"):
        (tmp_path / "etc" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "etc" / name).write_bytes(b"x")

    found = admin_client.get(f"{ADMIN}/folders?path={tmp_path}/etc").json

    assert (found["video_files"], found["subtitle_files"]) == (1, 1)  # type: ignore[index]
