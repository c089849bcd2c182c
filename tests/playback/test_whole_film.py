"""A film on the disk is played from its first frame to its last."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.playback.stage import FFMPEG, Stage, film, prepare

pytestmark = pytest.mark.media


def _lines(client: FlaskClient, url: str) -> list[str]:
    answer = client.get(url)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return str(answer.get_data(as_text=True)).splitlines()


def fetch(client: FlaskClient, url: str) -> tuple[bytes, list[float]]:
    """All of a rendition as one fragmented MP4, and its EXTINF list."""
    base, lines = url.rsplit("/", 1)[0], _lines(client, url)
    init = next(re.search(r'URI="([^"]+)"', line)[1] for line in lines if line.startswith("#EXT-X-MAP"))  # type: ignore[index]
    parts = [init, *(line for line in lines if not line.startswith("#"))]
    assert lines[-1] == "#EXT-X-ENDLIST"
    data = b""
    for part in parts:
        answer = client.get(f"{base}/{part}", buffered=True)
        assert answer.status_code == 200, (part, answer.get_data(as_text=True))
        data += answer.get_data()
    return data, [float(line[8:-1]) for line in lines if line.startswith("#EXTINF")]


def decoded_frames(data: bytes, tmp_path: Path) -> int:
    path = tmp_path / "fetched.mp4"
    path.write_bytes(data)
    done = subprocess.run(
        [FFMPEG, "-v", "error", "-xerror", "-i", str(path), "-map", "0:v:0", "-f", "framemd5", "-"],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return sum(1 for line in done.stdout.splitlines() if line and not line.startswith(b"#"))


def uris(client: FlaskClient, master: str) -> list[str]:
    base, lines = master.rsplit("/", 1)[0], _lines(client, master)
    media = [found[1] for line in lines if (found := re.search(r'URI="([^"]+)"', line))]
    return [f"{base}/{one}" for one in [*(line for line in lines if not line.startswith("#")), *media]]


def test_an_h264_film_in_mkv_is_copied_and_complete(played: Stage, viewer_client: FlaskClient, tmp_path: Path) -> None:
    file_id = played.add(film(played.films / "copied.mkv", seconds=20))

    answer = prepare(viewer_client, media_file_id=file_id)

    assert answer["method"] == "remux"
    assert [one["code"] for one in answer["reasons"]] == ["container"]  # type: ignore[attr-defined]
    video, *_, audio = uris(viewer_client, str(answer["hls_url"]))
    data, lengths = fetch(viewer_client, video)
    assert decoded_frames(data, tmp_path) == 480
    assert sum(lengths) == pytest.approx(20, abs=0.05)
    sound, _ = fetch(viewer_client, audio)
    assert len(sound) > 100_000


def test_an_hevc_film_is_encoded_and_complete_in_every_rung(
    played: Stage, viewer_client: FlaskClient, tmp_path: Path
) -> None:
    path = film(
        played.films / "hevc.mkv",
        seconds=12,
        video=("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=72"),
    )
    file_id = played.add(path)

    answer = prepare(viewer_client, media_file_id=file_id)

    assert answer["method"] == "transcode"
    *videos, _audio = uris(viewer_client, str(answer["hls_url"]))
    assert len(videos) == 2
    for video in videos:
        data, lengths = fetch(viewer_client, video)
        assert decoded_frames(data, tmp_path) == 288
        assert sum(lengths) == pytest.approx(12, abs=0.05)
