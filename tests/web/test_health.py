"""What a load balancer, a supervisor and Prometheus are told."""

from __future__ import annotations

import dataclasses
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import REGISTRY

from app.adapters.liveness import beat
from app.core.errors import Unavailable
from app.extensions import db, get_redis
from app.factory import web
from app.jobs import QUEUES
from config import ROOT, Config


def test_a_live_process_says_so(client: FlaskClient) -> None:
    assert client.get("/health/live").get_json() == {"status": "live"}


def test_it_is_ready_when_every_queue_has_a_worker(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        beat(get_redis(), QUEUES, "one", time.time())

    answer = client.get("/health/ready")

    assert answer.status_code == 200
    assert answer.get_json()["workers"] == dict.fromkeys(QUEUES, 1)


def test_a_queue_without_a_worker_is_named(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        beat(get_redis(), [queue for queue in QUEUES if queue != "copy"], "one", time.time())
        beat(get_redis(), ["copy"], "silent for long", time.time() - 30)

    answer = client.get("/health/ready")

    assert answer.status_code == 503
    assert [error["field"] for error in answer.get_json()["errors"]] == ["workers.copy"]


def test_a_redis_that_is_away_is_named(config: Config) -> None:
    away = dataclasses.replace(config, redis_url="unix:///nowhere/redis.sock?db=0")
    answer = web(away).test_client().get("/health/ready")

    assert answer.status_code == 503
    assert "redis" in [error["field"] for error in answer.get_json()["errors"]]


@pytest.mark.postgres
def test_a_database_that_is_away_is_named(config: Config) -> None:
    away = dataclasses.replace(config, database_url="postgresql+psycopg://nobody@127.0.0.1:1/none")
    app = web(away)
    answer = app.test_client().get("/health/ready")

    assert answer.status_code == 503
    assert "database" in [error["field"] for error in answer.get_json()["errors"]]
    with app.app_context():
        db.engine.dispose()


def test_measurements_are_for_administrators_and_listed_addresses(config: Config, client: FlaskClient) -> None:
    listed = web(dataclasses.replace(config, metrics_allowed=("127.0.0.0/8",))).test_client()
    listed.get("/health/live")

    assert client.get("/metrics").status_code == 401
    text = listed.get("/metrics").get_data(as_text=True)
    assert 'matinee_http_request_seconds_count{method="GET",route="/health/live",status="200"}' in text
    assert 'matinee_queue_depth{queue="scan"} 0.0' in text


def test_what_has_not_happened_yet_is_measured_as_nothing(tmp_path: Path) -> None:
    script = "from app.adapters import metrics; print(metrics.exposition().decode())"
    asked = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert 'matinee_playback_errors_total{code="rendition_failed"} 0.0' in asked.stdout
    assert 'matinee_transcode_segments_total{method="copy"} 0.0' in asked.stdout


def test_measurements_name_what_the_contract_names(app: Flask, config: Config) -> None:
    found = web(dataclasses.replace(config, metrics_allowed=("127.0.0.1",))).test_client().get("/metrics")
    assert found.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"  # Prometheus 3 is strict
    text = found.text

    for name in (
        "matinee_scan_files_total",
        "matinee_scan_seconds",
        "matinee_queue_depth",
        "matinee_transcode_segments_total",
        "matinee_transcode_seconds",
        "matinee_playback_errors_total",
        "matinee_http_request_seconds",
    ):
        assert f"# HELP {name} " in text


@pytest.mark.parametrize("code", ["busy", "file_missing", "not_ready"])
def test_an_answer_that_keeps_somebody_from_playing_is_counted(app: Flask, code: str) -> None:
    def refuse() -> None:
        raise Unavailable("Not now.", code=code)

    app.add_url_rule("/refused", view_func=refuse)
    before = REGISTRY.get_sample_value("matinee_playback_errors_total", {"code": code}) or 0.0

    assert app.test_client().get("/refused").status_code == 503

    assert REGISTRY.get_sample_value("matinee_playback_errors_total", {"code": code}) == before + 1


def test_the_web_server_ends_without_a_word_when_nothing_supervises_it(config: Config) -> None:
    env = {name: value for name, value in os.environ.items() if name != "PROMETHEUS_MULTIPROC_DIR"}
    env |= {"MATINEE_DATA_DIR": str(config.data_dir), "REDIS_URL": config.redis_url, "SECRET_KEY": config.secret_key}
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    env |= {"MATINEE_HOST": "127.0.0.1", "MATINEE_PORT": str(port), "MATINEE_WEB_PROCESSES": "1"}
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.py", "wsgi:serve()"],
        cwd=ROOT,
        env=env,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            with socket.socket() as caller:
                if caller.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert time.monotonic() < deadline
            time.sleep(0.1)
        time.sleep(0.5)
        server.terminate()
        _, said = server.communicate(timeout=20)
    finally:
        server.kill()
    assert "Traceback" not in said
