"""What holds for every answer: problems, ids, headers, sizes."""

import gzip
import io

import pytest
from flask import Flask, Response, jsonify, render_template_string
from flask.testing import FlaskClient

from tests.conftest import Person

LOGIN = "/api/v1/auth/login"
BIG = {"items": ["film"] * 2000}


@pytest.fixture(autouse=True)
def _views(app: Flask) -> None:
    def crash() -> str:
        raise RuntimeError("a secret of the house")

    app.add_url_rule("/api/v1/t/crash", "t_crash", crash)
    app.add_url_rule("/api/v1/t/list", "t_list", lambda: jsonify(BIG))
    app.add_url_rule("/api/v1/t/film", "t_film", lambda: Response(b"0" * 5000, mimetype="video/mp4"))
    app.add_url_rule("/t/page", "t_page", lambda: render_template_string("<p>{{ 'x' * 3000 }}</p>"))


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "code"),
    [
        ("GET", "/api/v1/nothing", {}, 404, "not_found"),
        ("PUT", LOGIN, {}, 405, "method_not_allowed"),
        ("POST", LOGIN, {"data": "{", "content_type": "application/json"}, 400, "malformed_json"),
        ("POST", LOGIN, {"data": "[]", "content_type": "application/json"}, 422, "invalid"),
        ("POST", LOGIN, {"data": "{}", "content_type": "text/plain"}, 415, "unsupported_media_type"),
        ("POST", LOGIN, {"data": "{}", "content_type": "application/json"}, 422, "invalid"),
        ("POST", LOGIN, {"data": "x" * 2_000_000, "content_type": "application/json"}, 413, "request_entity_too_large"),
        ("POST", LOGIN, {"data": "[" * 100_000, "content_type": "application/json"}, 400, "malformed_json"),
        ("GET", "/api/v1/t/crash", {}, 500, "internal"),
        ("GET", "/api/v1/auth/profile", {}, 401, "unauthenticated"),
    ],
)
def test_every_error_is_a_problem_with_a_code_and_an_id(
    client: FlaskClient, method: str, path: str, sent: dict[str, str], status: int, code: str
) -> None:
    answer = client.open(path, method=method, **sent)  # type: ignore[arg-type]
    problem = answer.get_json()

    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert answer.mimetype == "application/problem+json"
    assert {"type", "title", "detail"} <= set(problem)
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    assert "secret of the house" not in answer.text


def test_a_body_that_does_not_say_how_long_it_is_is_bounded_too(client: FlaskClient) -> None:
    answer = client.post(
        LOGIN,
        input_stream=io.BytesIO(b"[" + b" " * 2_000_000 + b"]"),
        content_type="application/json",
        environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
    )

    assert answer.status_code == 413


def test_an_error_names_the_fields(client: FlaskClient) -> None:
    errors = client.post("/api/v1/setup", json={"username": "x", "password": "short"}).get_json()["errors"]

    assert [one["field"] for one in errors] == ["password"]


def test_a_refused_method_names_the_allowed_ones(client: FlaskClient) -> None:
    assert "POST" in client.put(LOGIN).headers["Allow"]


def test_a_sane_request_id_is_kept_and_any_other_replaced(client: FlaskClient) -> None:
    kept = client.get("/api/v1/setup", headers={"X-Request-ID": "proxy-1.2_3"})
    replaced = [client.get("/api/v1/setup", headers={"X-Request-ID": bad}) for bad in ("a b", "x" * 65, "<b>", "")]

    assert kept.headers.getlist("X-Request-ID") == ["proxy-1.2_3"]
    assert all(len(one.headers["X-Request-ID"]) == 32 for one in replaced)


def test_pages_may_run_our_scripts_only(client: FlaskClient) -> None:
    headers = client.get("/api/v1/setup").headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))

    assert policy["script-src"] == "'self'"
    assert policy["media-src"] == policy["worker-src"] == "'self' blob:"
    assert policy["img-src"] == "'self' data: blob:"
    assert policy["connect-src"] == "'self' ws://localhost"
    assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/api/v1/t/list", "/t/page"])
def test_lists_and_pages_are_sent_again_only_when_they_changed(client: FlaskClient, path: str) -> None:
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    other = client.get(path, headers={"If-None-Match": 'W/"other"'})

    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert other.status_code == 200
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert {"Cookie", "Authorization"} <= {one.strip() for one in first.headers["Vary"].split(",")}


def test_answers_travel_compressed_where_the_caller_understands(client: FlaskClient) -> None:
    packed = client.get("/api/v1/t/list", headers={"Accept-Encoding": "gzip, br"})
    plain = client.get("/api/v1/t/list", headers={"Accept-Encoding": "gzip;q=0"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) == packed.content_length < len(plain.data) / 10
    tag = packed.headers["ETag"]
    again = client.get("/api/v1/t/list", headers={"Accept-Encoding": "gzip", "If-None-Match": tag})
    assert again.status_code == 304


def test_films_and_small_answers_travel_as_they_are(client: FlaskClient) -> None:
    for path in ("/api/v1/t/film", "/api/v1/setup"):
        assert "Content-Encoding" not in client.get(path, headers={"Accept-Encoding": "gzip"}).headers


def test_tokens_are_never_kept_by_a_cache(client: FlaskClient, user: Person) -> None:
    answer = client.post(LOGIN, json={"username": "user", "password": user.password})

    assert answer.headers["Cache-Control"] == "no-store"


def test_a_host_that_is_none_is_refused_cleanly(client: FlaskClient) -> None:
    for host in ("a b", "<script>", 'x"y', "a/b"):
        answer = client.get("/api/v1/setup", headers={"Host": host})
        assert answer.status_code == 400, host
        assert "script" not in answer.headers.get("Content-Security-Policy", "").replace("script-src", "")
