"""No byte of media without a living session: what opens, how long, and what ends it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
import redis
from flask.testing import FlaskClient
from sqlalchemy import delete

from app.adapters import clock
from app.extensions import db, writing
from app.library.models import MediaFile
from app.playback import service
from app.playback.models import PlaySession
from app.playback.tokens import Signer
from app.transcoding.keys import index_key
from app.transcoding.renditions import Grid, index_document
from app.transcoding.sources import source_file
from app.transcoding.store import LocalStore
from tests.playback.conftest import sign_in
from tests.playback.stage import Stage, film, prepare
from workers.engines.slicer import read_index

pytestmark = pytest.mark.media


@pytest.fixture(scope="module")
def file_id(stage: Stage) -> int:
    """A film that plays directly, its index on the store: no worker is needed."""
    found = stage.add(film(stage.films / "direct.mp4", seconds=4))
    with stage.app.app_context():
        source = source_file(found)
    LocalStore(stage.config.transcodes_dir).put(
        index_key(source.origin), index_document(read_index(source.path), "build")
    )
    return found


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def now(self) -> datetime:
        return self.at

    def forward(self, **delta: float) -> None:
        self.at += timedelta(**delta)


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(clock, "now", found.now)
    return found


def opened(stage: Stage, url: object) -> tuple[int, str | None, bytes]:
    """Status, problem code and body of a request without any credential."""
    answer = stage.app.test_client().get(str(url), buffered=True)
    code = answer.get_json()["code"] if answer.mimetype == "application/problem+json" else None
    return answer.status_code, code, answer.get_data()


def refused(stage: Stage, url: object, code: str) -> bool:
    status, found, body = opened(stage, url)
    return status == 403 and found == code and b"ftyp" not in body and b"#EXTM3U" not in body


def token_of(answer: dict[str, object]) -> str:
    return str(answer["url"]).split("/")[2]


def test_the_path_alone_opens_the_file(stage: Stage, viewer_client: FlaskClient, file_id: int) -> None:
    answer = prepare(viewer_client, media_file_id=file_id)

    assert answer["method"] == "direct"
    assert answer["mime_type"] == "video/mp4"
    assert opened(stage, answer["url"])[0] == 200
    assert opened(stage, answer["hls_url"])[2].startswith(b"#EXTM3U")


def test_a_page_that_paused_for_six_minutes_and_reported_goes_on(
    stage: Stage, viewer_client: FlaskClient, file_id: int, hands: Clock
) -> None:
    answer = prepare(viewer_client, media_file_id=file_id)

    for _ in range(6):
        hands.forward(seconds=60)
        report = stage.app.test_client().post(
            "/api/v1/player/progress",
            data=json.dumps({"token": token_of(answer), "position": 1.5, "paused": True}),
            content_type="text/plain",
        )
        assert report.status_code == 200
        assert report.get_json()["expires_in"] == 300

    assert opened(stage, answer["url"])[0] == 200


def test_a_session_that_nobody_hears_of_for_five_minutes_expires_and_can_be_renewed(
    stage: Stage, viewer_client: FlaskClient, file_id: int, hands: Clock
) -> None:
    answer = prepare(viewer_client, media_file_id=file_id)
    hands.forward(minutes=5, seconds=1)

    assert refused(stage, answer["url"], "token_expired")
    assert refused(stage, answer["hls_url"], "token_expired")
    renewed = viewer_client.post(f"/api/v1/player/sessions/{answer['session_id']}/renew")
    assert renewed.status_code == 200
    assert opened(stage, renewed.get_json()["url"])[0] == 200


def test_requests_alone_keep_a_session_alive_but_no_token_outlives_a_day(
    stage: Stage, viewer_client: FlaskClient, file_id: int, hands: Clock
) -> None:
    answer = prepare(viewer_client, media_file_id=file_id)

    for _ in range(int(24 * 60 / 4.5) - 1):
        hands.forward(minutes=4.5)
        assert opened(stage, answer["hls_url"])[0] == 200
    hands.forward(minutes=4.5)
    hands.forward(minutes=4.5)

    assert refused(stage, answer["hls_url"], "token_expired")


def test_forged_and_foreign_tokens_open_nothing(stage: Stage, viewer_client: FlaskClient, file_id: int) -> None:
    answer = prepare(viewer_client, media_file_id=file_id)
    token, now = token_of(answer), datetime.now(UTC)
    session_id = str(answer["session_id"])
    forged = [
        "nonsense",
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        Signer("another key" * 4).token(session_id, file_id, now=now),
        Signer(stage.config.secret_key).token(session_id, file_id + 1, now=now),
        token.split(".")[0],
    ]

    for one in forged:
        assert refused(stage, str(answer["url"]).replace(token, one), "token_invalid"), one
        assert refused(stage, str(answer["hls_url"]).replace(token, one), "token_invalid"), one


def test_the_cells_of_another_film_are_not_opened_by_a_token(
    stage: Stage, viewer_client: FlaskClient, file_id: int
) -> None:
    answer = prepare(viewer_client, media_file_id=file_id)
    base = str(answer["hls_url"]).rsplit("/", 1)[0]

    assert refused(stage, f"{base}/{'0' * 32}/0.m4s", "token_invalid")
    assert refused(stage, f"{base}/{'0' * 32}/init.mp4", "token_invalid")


def test_what_a_key_plays_ends_with_the_key(stage: Stage, viewer_client: FlaskClient, file_id: int) -> None:
    key = viewer_client.post("/api/v1/auth/keys", json={"name": "a script"}).get_json()
    script = stage.app.test_client()
    script.environ_base["HTTP_X_API_KEY"] = key["key"]
    answer = prepare(script, media_file_id=file_id)
    assert opened(stage, answer["url"])[0] == 200
    assert script.post(f"/api/v1/player/sessions/{answer['session_id']}/renew").status_code == 200

    assert viewer_client.delete(f"/api/v1/auth/keys/{key['id']}").status_code == 204

    assert refused(stage, answer["url"], "session_ended")
    assert refused(stage, answer["hls_url"], "session_ended")


def test_deleting_a_session_ends_it_at_once_and_for_good(
    stage: Stage, viewer_client: FlaskClient, file_id: int
) -> None:
    answer = prepare(viewer_client, media_file_id=file_id)

    assert sign_in(stage).delete(f"/api/v1/player/sessions/{answer['session_id']}").status_code == 404
    assert viewer_client.delete(f"/api/v1/player/sessions/{answer['session_id']}").status_code == 204

    assert refused(stage, answer["url"], "session_ended")
    assert viewer_client.post(f"/api/v1/player/sessions/{answer['session_id']}/renew").status_code == 403


def test_logging_out_ends_what_was_begun_by_that_sign_in(
    stage: Stage, viewer_client: FlaskClient, file_id: int
) -> None:
    answer = prepare(viewer_client, media_file_id=file_id)
    assert opened(stage, answer["url"])[0] == 200

    assert viewer_client.post("/api/v1/auth/logout").status_code in {200, 204}

    assert refused(stage, answer["url"], "session_ended")
    assert refused(stage, answer["hls_url"], "session_ended")
    with stage.app.app_context():
        assert db.session.get_one(PlaySession, str(answer["session_id"])).ended_at is not None


def test_nobody_is_lost_when_redis_forgets_everything(
    stage: Stage, viewer_client: FlaskClient, file_id: int, hands: Clock
) -> None:
    living, ended = prepare(viewer_client, media_file_id=file_id), prepare(viewer_client, media_file_id=file_id)
    viewer_client.delete(f"/api/v1/player/sessions/{ended['session_id']}")
    for _ in range(4):
        hands.forward(minutes=4)
        assert opened(stage, living["hls_url"])[0] == 200

    with redis.Redis.from_url(stage.config.redis_url) as client:
        client.flushall()

    assert opened(stage, living["hls_url"])[0] == 200
    assert refused(stage, ended["hls_url"], "session_ended")


def test_progress_is_kept_and_play_goes_on_there(stage: Stage, viewer_client: FlaskClient, file_id: int) -> None:
    answer = prepare(viewer_client, media_file_id=file_id)

    body = {"session_id": answer["session_id"], "position": 2.0, "paused": False}
    assert viewer_client.post("/api/v1/player/progress", json=body).status_code == 200
    assert stage.app.test_client().post("/api/v1/player/progress", json=body).status_code == 401
    assert sign_in(stage).post("/api/v1/player/progress", json=body).status_code == 403

    found = viewer_client.get("/api/v1/player/sessions?per_page=200").get_json()
    assert (found["page"], found["per_page"], found["total"]) == (1, 200, len(found["items"]))
    assert viewer_client.get("/api/v1/player/sessions?per_page=201").status_code == 422
    sessions = found["items"]
    mine = next(one for one in sessions if one["id"] == answer["session_id"])
    assert (mine["position"], mine["method"], mine["paused"]) == (2.0, "direct", False)


@pytest.mark.parametrize("body", [b"", b"[", b"{}", b'{"position": -1, "token": "x"}', b'{"position": 1}', b"[" * 9000])
def test_a_report_that_makes_no_sense_is_refused(stage: Stage, body: bytes) -> None:
    answer = stage.app.test_client().post("/api/v1/player/progress", data=body)

    assert answer.status_code == 422


def test_the_file_is_served_in_ranges(stage: Stage, viewer_client: FlaskClient, file_id: int) -> None:
    url = str(prepare(viewer_client, media_file_id=file_id)["url"])
    client = stage.app.test_client()
    whole = client.get(url, buffered=True)
    data, etag = whole.get_data(), whole.headers["ETag"]

    part = client.get(url, headers={"Range": "bytes=100-199"}, buffered=True)
    assert (part.status_code, part.get_data()) == (206, data[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(data)}"
    tail = client.get(url, headers={"Range": "bytes=-10", "If-Range": etag}, buffered=True)
    assert (tail.status_code, tail.get_data()) == (206, data[-10:])
    longer = client.get(url, headers={"Range": f"bytes=-{len(data) * 2}"}, buffered=True)
    assert (longer.status_code, longer.get_data()) == (206, data)
    assert client.get(url, headers={"Range": "bytes=-0"}, buffered=True).status_code == 416
    stale = client.get(url, headers={"Range": "bytes=0-1", "If-Range": '"other"'}, buffered=True)
    assert (stale.status_code, stale.get_data()) == (200, data)
    assert client.get(url, headers={"Range": f"bytes={len(data)}-"}, buffered=True).status_code == 416
    for ignored in (
        {"Range": "seconds=1-2"},
        {"Range": "bytes=0-0,5-6"},
        {"Range": "bytes=0-1", "If-Range": f"W/{etag}"},
    ):
        whole = client.get(url, headers=ignored, buffered=True)
        assert (whole.status_code, whole.data) == (200, data), ignored
    head = client.head(url, buffered=True)
    assert (head.status_code, head.headers["Content-Length"], head.get_data()) == (200, str(len(data)), b"")
    assert head.headers["Accept-Ranges"] == "bytes"
    assert head.headers["Referrer-Policy"] == "no-referrer"
    assert client.get(url, headers={"If-None-Match": etag}, buffered=True).status_code == 304


def test_strangers_prepare_nothing(stage: Stage, file_id: int) -> None:
    assert stage.app.test_client().post("/api/v1/player/prepare", json={"media_file_id": file_id}).status_code == 401


def test_what_is_not_there_cannot_be_played(viewer_client: FlaskClient) -> None:
    assert viewer_client.post("/api/v1/player/prepare", json={"media_file_id": 9999}).status_code == 404
    assert viewer_client.post("/api/v1/player/prepare", json={"media_id": "m9999"}).status_code == 404
    assert viewer_client.post("/api/v1/player/prepare", json={}).status_code == 422


def test_a_film_that_goes_while_it_is_prepared_is_not_found(
    stage: Stage, viewer_client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = stage.add(film(stage.films / "going.mp4", seconds=3))
    grid = service.Transcoding.grid

    def slow(self: service.Transcoding, file_id: int, origin: str, **more: float | None) -> Grid:
        with writing() as session:
            session.execute(delete(MediaFile).where(MediaFile.id == file_id))
        return grid(self, file_id, origin, **more)

    with stage.app.app_context():
        source = source_file(found)
    LocalStore(stage.config.transcodes_dir).put(
        index_key(source.origin), index_document(read_index(source.path), "build")
    )
    monkeypatch.setattr(service.Transcoding, "grid", slow)

    assert viewer_client.post("/api/v1/player/prepare", json={"media_file_id": found}).status_code == 404


def test_a_session_that_nobody_heard_of_for_long_is_forgotten_and_a_living_one_is_not(
    stage: Stage, viewer_client: FlaskClient, file_id: int, hands: Clock
) -> None:
    old = prepare(viewer_client, media_file_id=file_id)
    hands.forward(minutes=10)
    living = prepare(viewer_client, media_file_id=file_id)

    with stage.app.app_context(), writing():
        service.forget_old(before=clock.now() - timedelta(minutes=5))

    assert viewer_client.post(f"/api/v1/player/sessions/{old['session_id']}/renew").status_code in {403, 404}
    assert opened(stage, living["url"])[0] == 200


def _addresses(stage: Stage, token: str, answer: dict[str, object]) -> list[str]:
    """Every address below a token, from the table of routes: one that is added is asked as well."""
    words = {"token": token, "name": "master", "index": "1", "k": "0", "recipe": "0" * 32, "suffix": "mp4"}
    rules = [rule for rule in stage.app.url_map.iter_rules() if rule.endpoint.startswith("play.")]
    made = [re.sub(r"<(?:[^:<>]+:)?(\w+)>", lambda found: words[found[1]], rule.rule) for rule in rules]
    return [*made, str(answer["url"]), str(answer["hls_url"])]


@pytest.mark.parametrize("how", ["forged", "foreign", "ended", "over-age", "silent"])
def test_no_address_below_a_bad_token_gives_a_byte(
    stage: Stage, viewer_client: FlaskClient, file_id: int, hands: Clock, how: str
) -> None:
    answer = prepare(viewer_client, media_file_id=file_id)
    token, session_id = token_of(answer), str(answer["session_id"])
    client = stage.app.test_client()
    codes = {"forged": "token_invalid", "foreign": "token_invalid", "ended": "session_ended"}
    if how == "forged":
        token = Signer("another key" * 4).token(session_id, file_id, now=hands.at)
    if how == "foreign":
        token = Signer(stage.config.secret_key).token(session_id, file_id + 1, now=hands.at)
    if how == "ended":
        viewer_client.delete(f"/api/v1/player/sessions/{session_id}")
    if how == "over-age":
        for _ in range(24 * 15):
            hands.forward(minutes=4)
            client.get(str(answer["hls_url"]))
    if how == "silent":
        hands.forward(minutes=5, seconds=1)

    for address in _addresses(stage, token, answer):
        for method, headers in (("GET", {}), ("GET", {"Range": "bytes=0-99"}), ("HEAD", {})):
            url = address.replace(token_of(answer), token)
            refusal = client.open(url, method=method, headers=headers, buffered=True)
            assert refusal.status_code == 403, (method, url)
            assert refusal.mimetype == "application/problem+json"
            if method == "GET":
                assert refusal.get_json()["code"] == codes.get(how, "token_expired"), url
