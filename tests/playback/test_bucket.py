"""Cells may lie in a bucket: everything plays as from a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from moto.server import ThreadedMotoServer

from tests.playback.conftest import sign_in, staged
from tests.playback.stage import Stage, film, prepare
from tests.playback.test_whole_film import decoded_frames, fetch, uris

pytestmark = pytest.mark.media


@pytest.fixture
def in_a_bucket(tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
    }
    requests.put(f"http://{host}:{port}/films", timeout=10)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    try:
        with staged(tmp_path, redis_url, transcodes_dir="s3://films/cells-of-matinee") as stage:
            stage.settings = settings
            yield stage
    finally:
        server.stop()


def test_a_film_plays_from_a_bucket(in_a_bucket: Stage, tmp_path: Path) -> None:
    in_a_bucket.start("copy", light=True)
    client = sign_in(in_a_bucket)
    file_id = in_a_bucket.add(film(in_a_bucket.films / "film.mkv", seconds=8))

    video, *_, audio = uris(client, str(prepare(client, media_file_id=file_id)["hls_url"]))

    data, lengths = fetch(client, video)
    assert decoded_frames(data, tmp_path) == 192
    assert sum(lengths) == pytest.approx(8, abs=0.05)
    assert len(fetch(client, audio)[0]) > 40_000
    part = client.get(video.rsplit("/", 1)[0] + "/nothing.m3u8")
    assert part.status_code == 404
