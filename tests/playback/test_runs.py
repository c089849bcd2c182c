"""Runs in real workers: shared, killed, cancelled; and a server that stays awake."""

from __future__ import annotations

import itertools
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from app.transcoding.store import LocalStore
from app.transcoding.tallies import MADE
from tests.playback.conftest import sign_in
from tests.playback.stage import FFMPEG, Stage, film, prepare
from tests.playback.test_whole_film import decoded_frames, uris

pytestmark = pytest.mark.media

FOREIGN = ("-c:v", "mpeg4", "-q:v", "4", "-g", "48")
"""A codec that no browser plays and that is made quickly: it has to be encoded."""
HEAVY = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "48", "-qp", "10")
"""A picture that browsers play and that takes much of a line."""


@pytest.fixture
def client(played: Stage) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(played.config.redis_url) as found:
        yield found


@pytest.fixture(scope="module")
def address(played: Stage) -> Iterator[str]:
    """The application behind a real HTTP server."""
    server = make_server("127.0.0.1", 0, played.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def made(client: redis.Redis) -> int:
    return sum(int(client.hget(MADE, lane) or 0) for lane in ("now", "ahead"))


def segments(client: FlaskClient, playlist: str) -> tuple[str, list[str]]:
    """The init's address and every cell's."""
    base, text = playlist.rsplit("/", 1)[0], client.get(playlist).get_data(as_text=True)
    init = re.search(r'URI="([^"]+)"', text)
    assert init is not None
    return f"{base}/{init[1]}", [f"{base}/{line}" for line in text.splitlines() if not line.startswith("#")]


def patient(client: FlaskClient, url: str, *, seconds: float = 30) -> bytes:
    """As a player: 503 means wait."""
    deadline = time.monotonic() + seconds
    while True:
        answer = client.get(url, buffered=True)
        if answer.status_code == 200:
            return answer.get_data()
        assert answer.status_code == 503, answer.get_data(as_text=True)
        assert answer.headers["Retry-After"] == "1"
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_ffmpeg_plays_a_whole_film_and_reports_nothing(played: Stage, address: str, viewer_client: FlaskClient) -> None:
    file_id = played.add(film(played.films / "client.mkv", seconds=16, video=FOREIGN))
    answer = prepare(viewer_client, media_file_id=file_id)

    done = subprocess.run(
        [FFMPEG, "-v", "error", "-i", f"{address}{answer['hls_url']}", "-map", "0:v:0", "-map", "0:a:0",
         "-f", "framecrc", "-"],
        capture_output=True,
        check=False,
        timeout=120,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr.decode()
    lines = [line.split(b",") for line in done.stdout.splitlines() if not line.startswith(b"#")]
    assert sum(1 for line in lines if line[0].strip() == b"0") == 384
    assert sum(int(line[3]) for line in lines if line[0].strip() == b"1") == pytest.approx(16 * 48_000, abs=2048)


def test_a_copied_film_starts_no_encoder_unless_a_rung_is_asked_for(
    played: Stage, client: redis.Redis, viewer_client: FlaskClient, tmp_path: Path
) -> None:
    file_id = played.add(film(played.films / "one_playlist.mkv", seconds=16, video=HEAVY, size="1280x720"))
    before = made(client)
    answer = prepare(viewer_client, media_file_id=file_id)
    playlists = uris(viewer_client, str(answer["hls_url"]))
    assert answer["source"] == {"codec": "h264", "width": 1280, "height": 720}
    names = [url.rsplit("/", 1)[1] for url in playlists]
    assert names == ["v-copy.m3u8", "v-720p.m3u8", "v-480p.m3u8", "v-360p.m3u8", "v-240p.m3u8", "a1-copy.m3u8"]
    assert [(one["name"], one["master"]) for one in answer["renditions"]] == [  # type: ignore[attr-defined]
        (name, "master.m3u8") for name in ("copy", "720p", "480p", "360p", "240p")
    ]

    for playlist in (playlists[0], playlists[-1]):
        init, cells = segments(viewer_client, playlist)
        data = b"".join(patient(viewer_client, url) for url in (init, *cells))
        assert playlist == playlists[-1] or decoded_frames(data, tmp_path) == 384
    time.sleep(0.5)
    assert made(client) == before

    patient(viewer_client, segments(viewer_client, playlists[3])[1][2])
    deadline = time.monotonic() + 10
    while made(client) == before:
        assert time.monotonic() < deadline, "nothing was encoded"
        time.sleep(0.1)


def test_ffmpeg_plays_a_copied_film_through_the_playlist_that_encoded_rungs_share(
    played: Stage, address: str, viewer_client: FlaskClient
) -> None:
    path = film(played.films / "shared_client.mkv", seconds=16, video=HEAVY, size="1280x720")
    answer = prepare(viewer_client, media_file_id=played.add(path))

    done = subprocess.run(
        [FFMPEG, "-v", "error", "-i", f"{address}{answer['hls_url']}", "-map", "0:v:0", "-map", "0:a:0", "-c", "copy",
         "-f", "framecrc", "-"],
        capture_output=True,
        check=False,
        timeout=120,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr.decode()
    lines = [line.split(b",") for line in done.stdout.splitlines() if not line.startswith(b"#")]
    sizes = [int(line[4]) for line in lines if line[0].strip() == b"0"]
    assert len(sizes) == 384
    assert sum(sizes) == pytest.approx(_picture_bytes(path), rel=0.01)  # the copied picture, not an encoded one


def _picture_bytes(path: Path) -> int:
    done = subprocess.run(
        [FFMPEG, "-v", "error", "-i", str(path), "-map", "0:v:0", "-c", "copy", "-f", "framecrc", "-"],
        capture_output=True,
        check=True,
    )
    return sum(int(line.split(b",")[4]) for line in done.stdout.splitlines() if not line.startswith(b"#"))


def test_two_viewers_of_one_rendition_cost_one_transcode(
    played: Stage, client: redis.Redis, viewer_client: FlaskClient, tmp_path: Path
) -> None:
    file_id = played.add(film(played.films / "shared.mkv", seconds=12, video=FOREIGN, audio=("-an",)))
    before = made(client)
    plays = [(one, prepare(one, media_file_id=file_id)) for one in (viewer_client, sign_in(played))]
    found: list[bytes] = []

    def watch(who: FlaskClient, answer: dict[str, object]) -> None:
        init, cells = segments(who, uris(who, str(answer["hls_url"]))[0])
        found.append(b"".join(patient(who, url) for url in (init, *cells)))

    viewers = [threading.Thread(target=watch, args=play) for play in plays]
    for viewer in viewers:
        viewer.start()
    for viewer in viewers:
        viewer.join()

    assert found[0] == found[1]
    assert decoded_frames(found[0], tmp_path) == 288
    cells = len(segments(viewer_client, uris(viewer_client, str(plays[0][1]["hls_url"]))[0])[1])
    time.sleep(0.5)
    assert made(client) - before == cells


def test_a_run_that_is_killed_is_taken_over_and_no_half_cell_is_seen(
    played: Stage, client: redis.Redis, viewer_client: FlaskClient, tmp_path: Path
) -> None:
    file_id = played.add(film(played.films / "killed.mkv", seconds=16, video=FOREIGN, audio=("-an",)))
    answer = prepare(viewer_client, media_file_id=file_id)
    playlist = next(url for url in uris(viewer_client, str(answer["hls_url"])) if "v-360p" in url)
    init, cells = segments(viewer_client, playlist)
    stop, kills = threading.Event(), []

    def kill_encoders() -> None:
        while not stop.wait(0.7):
            for pid in _children(played, "ffmpeg" if len(kills) % 2 else "python"):
                os.kill(pid, signal.SIGKILL)
                kills.append(pid)
                break
            if len(kills) >= 4:
                return

    killer = threading.Thread(target=kill_encoders)
    killer.start()
    try:
        data = b"".join(patient(viewer_client, url, seconds=60) for url in (init, *cells))
    finally:
        stop.set()
        killer.join()

    assert kills
    assert decoded_frames(data, tmp_path) == 384


def _children(played: Stage, name: str) -> list[int]:
    """Processes of this name below the workers (work-horses, and the ffmpeg of each)."""
    parents = {int(p.stem): _parent(p) for p in Path("/proc").iterdir() if p.name.isdigit()}
    roots = {worker.pid for worker in played.workers[1:]}
    found = []
    for pid in parents:
        ancestors, at = set(), parents.get(pid)
        while at:
            ancestors.add(at)
            at = parents.get(at)
        if ancestors & roots and name in _command(pid):
            found.append(pid)
    return found


def _parent(process: Path) -> int | None:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().partition(b"\0")[0].decode()
    except OSError:
        return ""


def test_a_seek_away_cancels_what_nobody_waits_for(
    played: Stage, client: redis.Redis, viewer_client: FlaskClient
) -> None:
    slow = film(played.films / "seek.mkv", seconds=90, video=FOREIGN, audio=("-an",))
    answer = prepare(viewer_client, media_file_id=played.add(slow))
    playlist = next(url for url in uris(viewer_client, str(answer["hls_url"])) if "v-360p" in url)
    init, cells = segments(viewer_client, playlist)
    patient(viewer_client, init)
    patient(viewer_client, cells[0])

    patient(viewer_client, cells[-2])
    recipe = init.split("/")[-2]
    time.sleep(1.0)
    leased = [int(key.rsplit(b"/", 1)[1].split(b".")[0]) for key in client.keys(f"matinee:lease:*{recipe}/*.m4s")]

    assert all(k > len(cells) // 2 for k in leased)
    store = LocalStore(played.config.transcodes_dir)
    there = {stat.key for stat in store.list(f"cells/{recipe[:2]}/{recipe}")}
    assert len(there) < len(cells) // 2


def test_a_seek_brings_the_sound_along_with_the_picture(played: Stage, viewer_client: FlaskClient) -> None:
    sounding = film(played.films / "along.mkv", seconds=90, video=FOREIGN, audio=("-c:a", "ac3", "-b:a", "96k"))
    answer = prepare(viewer_client, media_file_id=played.add(sounding))
    playlists = uris(viewer_client, str(answer["hls_url"]))
    pictures = segments(viewer_client, next(url for url in playlists if "v-360p" in url))[1]
    init, sounds = segments(viewer_client, next(url for url in playlists if "/a" in url.rsplit("/play/", 1)[1]))
    patient(viewer_client, pictures[0])
    store, recipe = LocalStore(played.config.transcodes_dir), init.split("/")[-2]
    last = len(sounds) - 3
    assert store.stat(f"cells/{recipe[:2]}/{recipe}/{last}.m4s") is None

    patient(viewer_client, pictures[-3])

    deadline = time.monotonic() + 10
    while store.stat(f"cells/{recipe[:2]}/{recipe}/{last}.m4s") is None:
        assert time.monotonic() < deadline, "nobody made the sound"
        time.sleep(0.1)


def test_a_report_is_answered_with_what_is_made_already(played: Stage, viewer_client: FlaskClient) -> None:
    answer = prepare(viewer_client, media_file_id=played.add(film(played.films / "made.mkv", seconds=60)))
    playlists = uris(viewer_client, str(answer["hls_url"]))
    cells = segments(viewer_client, next(url for url in playlists if "v-" in url))[1]
    report = {"session_id": answer["session_id"], "position": 1.0, "paused": True}
    patient(viewer_client, cells[0])
    patient(viewer_client, cells[-1])

    made = viewer_client.post("/api/v1/player/progress", json=report).get_json()["prepared"]

    assert made[0][0] == 0
    assert 0 < made[0][1] < made[-1][0]
    assert made[-1][1] == pytest.approx(60, abs=0.1)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(made))


def test_scrubbing_leaves_the_server_awake_and_play_goes_on(played: Stage, viewer_client: FlaskClient) -> None:
    file_id = played.add(film(played.films / "scrub.mkv", seconds=90, video=FOREIGN, audio=("-an",)))
    players = []
    for who in (viewer_client, sign_in(played), sign_in(played)):
        answer = prepare(who, media_file_id=file_id)
        players.append((who, segments(who, uris(who, str(answer["hls_url"]))[0])[1]))
    slowest = 0.0
    stop = threading.Event()
    scrubs: list[threading.Thread] = []

    def scrub(who: FlaskClient, url: str) -> None:
        answer = who.application.test_client().get(url, buffered=True)
        assert answer.status_code in {200, 503}

    def look() -> None:
        nonlocal slowest
        while not stop.wait(0.05):
            began = time.monotonic()
            assert played.app.test_client().get("/api/v1/setup").status_code == 200
            slowest = max(slowest, time.monotonic() - began)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for number in range(60):
            who, cells = players[number % 3]
            scrubs.append(threading.Thread(target=scrub, args=(who, cells[(number * 7) % len(cells)])))
            scrubs[-1].start()
            time.sleep(0.05)
        for who, cells in players:
            assert patient(who, cells[3], seconds=20)
    finally:
        stop.set()
        looking.join()
        for thread in scrubs:
            thread.join()

    # A server that waited with the players would answer when their waits end, after 15 s. How fast it answers is a
    # bench's question: here the players and the encoders share the processor with the server.
    assert slowest < 5.0


@pytest.mark.parametrize("codec", [FOREIGN, ("-c:v", "libx264", "-preset", "ultrafast", "-g", "48")])
def test_a_film_that_is_away_is_waited_for_and_not_given_up(
    played: Stage, viewer_client: FlaskClient, codec: tuple[str, ...]
) -> None:
    here = film(played.films / f"away {codec[1]}.mkv", seconds=60, video=codec)
    answer = prepare(viewer_client, media_file_id=played.add(here))
    playlists = uris(viewer_client, str(answer["hls_url"]))
    _init, cells = segments(viewer_client, next(url for url in playlists if "v-" in url))
    patient(viewer_client, cells[0])
    away = here.rename(here.with_suffix(".away"))

    refused = viewer_client.get(cells[-2], buffered=True)
    assert (refused.status_code, refused.get_json()["code"]) == (503, "file_missing")
    assert int(refused.headers["Retry-After"]) > 0

    away.rename(here)
    assert patient(viewer_client, cells[-2])
