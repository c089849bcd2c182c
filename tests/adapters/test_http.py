"""The way out: remembered answers, retries, a breaker, limits, and addresses that are not asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from structlog.testing import capture_logs

from app.adapters import http
from app.adapters.http import Line, LineSettings, Missing, Outage, Rejected
from tests.fakes import tmdb

WORK = {
    "id": 7, "kind": "movie", "anime": False, "title": "Heat", "original_title": "Heat", "alternative_titles": [],
    "year": 1995, "runtime_min": 170, "language": "en", "popularity": 3.0, "overview": "", "seasons": [],
}  # fmt: skip


@pytest.fixture
def server() -> Iterator[tmdb.Fake]:
    with tmdb.serving([WORK]) as fake:
        yield fake


@pytest.fixture(autouse=True)
def _without_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "WAIT_INITIAL_S", 0.01)
    monkeypatch.setattr(http, "WAIT_JITTER_S", 0.0)


def line_to(server: tmdb.Fake, cache: Path | None = None, **changes: object) -> Line:
    settings = LineSettings(
        **{  # type: ignore[arg-type]
            "name": f"test{id(server)}",
            "base_url": f"{server.url}/3",
            "pace": "1000/second",
            "trusted_hosts": frozenset({"127.0.0.1"}),
            "secret": {"api_key": tmdb.KEY},
            **changes,
        }
    )
    return Line(settings, cache=cache, redis=None)


def test_an_answer_is_remembered_by_every_line_to_the_server(server: tmdb.Fake, tmp_path: Path) -> None:
    cache = tmp_path / "cache" / "http.sqlite"
    assert line_to(server, cache).get("/movie/7")["title"] == "Heat"
    assert line_to(server, cache).get("/movie/7")["title"] == "Heat"
    assert server.asked["/movie/7"] == 1


def test_the_key_is_sent_and_kept_nowhere(server: tmdb.Fake, tmp_path: Path) -> None:
    cache = tmp_path / "http.sqlite"
    with capture_logs() as logs:
        line_to(server, cache).get("/movie/7")
        server.answer = tmdb.failing(503)
        with pytest.raises(Outage) as failure:
            line_to(server, cache).get("/movie/8")
    assert any(tmdb.KEY in path for path in server.paths)
    assert not any(tmdb.KEY.encode() in path.read_bytes() for path in tmp_path.iterdir())
    assert tmdb.KEY not in str(failure.value) + repr(failure.value.__cause__) + repr(logs)


def test_a_stale_answer_is_given_when_the_server_fails(server: tmdb.Fake, tmp_path: Path) -> None:
    line = line_to(server, tmp_path / "http.sqlite", fresh_for=timedelta(milliseconds=1))
    line.get("/movie/7")
    time.sleep(0.01)
    server.answer = tmdb.failing(500)
    assert line.get("/movie/7")["title"] == "Heat"
    assert server.asked["/movie/7"] > 1


def test_a_failure_is_not_remembered(server: tmdb.Fake, tmp_path: Path) -> None:
    line = line_to(server, tmp_path / "http.sqlite")
    server.answer = tmdb.failing(503)
    with pytest.raises(Outage):
        line.get("/movie/7")
    server.answer = None
    assert line.get("/movie/7")["title"] == "Heat"


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_busy_server_is_asked_again(server: tmdb.Fake, status: int) -> None:
    server.answer = tmdb.failing(status, times=2)
    assert line_to(server).get("/movie/7")["title"] == "Heat"
    assert server.asked["/movie/7"] == 3


def test_it_waits_as_long_as_the_server_says(server: tmdb.Fake) -> None:
    server.answer = tmdb.failing(429, times=1, Retry_After="1")
    began = time.monotonic()
    line_to(server).get("/movie/7")
    assert time.monotonic() - began >= 1.0


def test_a_wait_that_is_too_long_is_told_instead(server: tmdb.Fake) -> None:
    server.answer = tmdb.failing(429, Retry_After="300")
    with pytest.raises(Outage) as failure:
        line_to(server).get("/movie/7")
    assert failure.value.retry_after == 300
    assert server.asked["/movie/7"] == 1


def test_a_wrong_key_is_no_outage_and_not_tried_again(server: tmdb.Fake) -> None:
    with pytest.raises(Rejected):
        line_to(server, secret={"api_key": "wrong"}).get("/movie/7")
    assert server.asked["/movie/7"] == 1


def test_what_is_not_there_is_missing(server: tmdb.Fake) -> None:
    with pytest.raises(Missing):
        line_to(server).get("/movie/8")


def test_something_that_is_no_json_is_an_outage(server: tmdb.Fake) -> None:
    server.answer = tmdb.failing(200, b"<html>maintenance</html>")
    with pytest.raises(Outage, match="no JSON"):
        line_to(server).get("/movie/7")


def test_after_failures_in_a_row_nothing_is_asked_for_a_while(server: tmdb.Fake) -> None:
    line = line_to(server)
    server.answer = tmdb.failing(500)
    for _ in range(http.FAILURES):
        with pytest.raises(Outage):
            line.get("/movie/7")
    asked = server.asked["/movie/7"]
    with pytest.raises(Outage, match="left alone"):
        line.get("/movie/7")
    assert server.asked["/movie/7"] == asked


def test_the_breaker_holds_for_every_process_that_shares_redis(server: tmdb.Fake, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    pool = redis.ConnectionPool.from_url(redis_url)
    settings = line_to(server).settings
    server.answer = tmdb.failing(500)
    for _ in range(http.FAILURES):
        with pytest.raises(Outage):
            Line(settings, cache=None, redis=pool).get("/movie/7")
    with pytest.raises(Outage, match="left alone"):
        Line(settings, cache=None, redis=pool).get("/movie/7")
    pool.disconnect()


def test_the_pace_holds_over_lines_that_share_redis(server: tmdb.Fake, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    pool = redis.ConnectionPool.from_url(redis_url)
    settings = line_to(server, pace="4/second").settings
    began = time.monotonic()
    for _ in range(3):
        for line in (Line(settings, cache=None, redis=pool), Line(settings, cache=None, redis=pool)):
            line.get("/movie/7")
    assert time.monotonic() - began >= 1.0
    pool.disconnect()


def test_a_server_that_says_nothing_is_given_up(server: tmdb.Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "SILENCE_S", 0.2)
    monkeypatch.setattr(http, "ATTEMPTS", 2)
    server.answer = tmdb.slow(1.0)
    with pytest.raises(Outage):
        line_to(server).get("/movie/7")


def test_an_answer_without_end_is_cut_off(server: tmdb.Fake) -> None:
    server.answer = tmdb.failing(200, b"x" * 5000)
    with pytest.raises(Rejected, match="more than"):
        line_to(server, most_bytes=1000).fetch(f"{server.url}/3/movie/7")


def test_an_address_of_this_house_is_not_asked(server: tmdb.Fake) -> None:
    with pytest.raises(Rejected, match="address of this network"):
        line_to(server, trusted_hosts=frozenset()).get("/movie/7")
    assert not server.asked


def test_a_redirect_into_this_house_is_not_followed(server: tmdb.Fake) -> None:
    port = server.url.rpartition(":")[2]
    server.answer = tmdb.failing(302, times=1, Location=f"http://localhost:{port}/3/movie/7")
    with pytest.raises(Rejected, match="address of this network"):
        line_to(server).get("/movie/7")
    assert sum(server.asked.values()) == 1


def test_a_redirect_elsewhere_does_not_carry_the_key(server: tmdb.Fake) -> None:
    with tmdb.serving([WORK]) as other:
        server.answer = tmdb.failing(302, times=1, Location=f"{other.url}/3/movie/7")
        with pytest.raises(Rejected):
            line_to(server).get("/movie/7")
        assert other.paths == ["/3/movie/7"]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:8.8.8.8", True),
    ],
)
def test_which_addresses_are_public(address: str, expected: bool) -> None:
    assert http.is_public(address) is expected
