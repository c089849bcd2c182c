"""Subtitles reach the player as WebVTT, wherever they lay."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete

from app.catalog.models import Title
from app.extensions import writing
from app.library.models import FilePart, MediaStream
from tests.playback.stage import Stage, film, make, prepare
from tests.playback.test_whole_film import uris

pytestmark = pytest.mark.media

SRT = "1\n00:00:01,000 --> 00:00:02,000\nПривет\n\n2\n00:00:03,000 --> 00:00:04,000\nсвет & <i>тень</i>\n"
VTT = "WEBVTT\n\nSTYLE\n::cue { color: lime }\n\n00:01.000 --> 00:02.000 position:10%\nkept as it is\n"


@pytest.fixture(scope="module")
def file_id(played: Stage) -> int:
    """A film with an embedded track, a sidecar in an old Russian charset and a WebVTT file."""
    bare = film(played.films / "bare.mkv", seconds=8)
    text = played.films / "t.srt"
    text.write_text(SRT, encoding="utf-8")
    path = make(
        played.films / "spoken.mkv",
        *("-i", str(bare), "-i", str(text), "-map", "0", "-map", "1", "-c", "copy", "-c:s", "srt"),
        *("-metadata:s:s:0", "language=rus", "-metadata:s:s:0", "title=Надписи"),
    )
    old, vtt = Path(f"{path.with_suffix('')}.ru.srt"), Path(f"{path.with_suffix('')}.en.vtt")
    old.write_bytes((SRT * 1).encode("cp1251"))
    vtt.write_text(VTT, encoding="utf-8")
    return played.add(path, sidecars=[old, vtt])


def test_every_text_track_is_a_rendition_and_its_cues_are_all_there(
    played: Stage, viewer_client: FlaskClient, file_id: int
) -> None:
    answer = prepare(viewer_client, media_file_id=file_id)
    tracks = answer["subtitle_tracks"]
    assert [one["index"] for one in tracks] == [2, 1000, 1001]  # type: ignore[attr-defined]
    assert (tracks[0]["language"], tracks[0]["title"]) == ("ru", "Надписи")  # type: ignore[index]
    playlists = [url for url in uris(viewer_client, str(answer["hls_url"])) if "/s" in url]
    assert len(playlists) == 3

    for playlist in playlists[:2]:
        body = viewer_client.get(playlist).get_data(as_text=True)
        assert body.rstrip().endswith("#EXT-X-ENDLIST")
        base = playlist.rsplit("/", 1)[0]
        (segment,) = [line for line in body.splitlines() if not line.startswith("#")]
        found = viewer_client.get(f"{base}/{segment}")
        assert found.mimetype == "text/vtt"
        text = found.get_data(as_text=True)
        assert text.startswith("WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n")
        assert "00:00:01.000 --> 00:00:02.000\nПривет" in text
        assert "свет &amp; <i>тень</i>" in text


def test_a_webvtt_file_is_served_untouched(played: Stage, viewer_client: FlaskClient, file_id: int) -> None:
    tracks = prepare(viewer_client, media_file_id=file_id)["subtitle_tracks"]

    answer = viewer_client.get(tracks[2]["url"], buffered=True)  # type: ignore[index]

    assert answer.get_data(as_text=True) == VTT
    assert viewer_client.get("/play/none/subtitles/1001.vtt").status_code == 403


def test_the_tracks_of_a_file_are_listed(viewer_client: FlaskClient, file_id: int) -> None:
    items = viewer_client.get(f"/api/v1/player/subtitles?media_file_id={file_id}").get_json()["items"]

    assert [(one["index"], one["external"], one["image"]) for one in items] == [
        (2, False, False),
        (1000, True, False),
        (1001, True, False),
    ]


def test_subtitles_of_a_file_that_does_not_exist_are_not_found(viewer_client: FlaskClient) -> None:
    assert viewer_client.get("/api/v1/player/subtitles?media_file_id=999").status_code == 404


def test_tracks_that_are_kept_for_a_title_are_chosen_again(
    played: Stage, viewer_client: FlaskClient, file_id: int
) -> None:
    with played.app.app_context(), writing() as session:
        at = datetime.now(UTC)
        names = {"name": "Spoken", "sort_name": "spoken", "name_key": "movie:spoken", "identity_key": "movie:spoken"}
        title = Title(kind="movie", added_at=at, updated_at=at, **names)
        session.add(title)
        session.flush()
        session.add(FilePart(file_id=file_id, title_id=title.id))
        media_id = f"m{title.id}"
    viewer_client.put(f"/api/v1/user/tracks/{media_id}", json={"subtitle": "надписи"})
    kept = prepare(viewer_client, media_file_id=file_id)["subtitle_tracks"]
    assert [one["default"] for one in kept] == [True, False, False]  # type: ignore[attr-defined]

    asked = prepare(viewer_client, media_file_id=file_id, subtitle=1001)["subtitle_tracks"]
    assert [one["default"] for one in asked] == [False, False, True]  # type: ignore[attr-defined]
    for off in ("off", -1):
        asked = prepare(viewer_client, media_file_id=file_id, subtitle=off)["subtitle_tracks"]
        assert not any(one["default"] for one in asked)  # type: ignore[attr-defined]


@pytest.mark.parametrize("named", [1000, "1000", "en", "eng", "English", "EN-us"])
def test_a_track_can_be_asked_for_by_its_language(
    played: Stage, viewer_client: FlaskClient, file_id: int, named: object
) -> None:
    found = prepare(viewer_client, media_file_id=file_id, subtitle=named)["subtitle_tracks"]
    wanted = [False, named != "EN-us", False]  # a region that no track states is none of them
    assert [one["default"] for one in found] == wanted  # type: ignore[attr-defined]


def test_a_track_that_nothing_can_read_is_listed_and_not_promised(
    played: Stage, viewer_client: FlaskClient, file_id: int
) -> None:
    with played.app.app_context(), writing() as session:
        session.add(MediaStream(file_id=file_id, index=7, kind="subtitle", codec=None))
    try:
        answer = prepare(viewer_client, media_file_id=file_id)
        found = next(one for one in answer["subtitle_tracks"] if one["index"] == 7)  # type: ignore[attr-defined]
        assert (found["codec"], found["url"]) == ("unknown", None)
        assert "s7.m3u8" not in viewer_client.get(str(answer["hls_url"])).text
    finally:
        with played.app.app_context(), writing() as session:
            session.execute(delete(MediaStream).where(MediaStream.file_id == file_id, MediaStream.index == 7))
