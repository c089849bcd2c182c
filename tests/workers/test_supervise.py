"""One command starts everything, what dies comes back, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from config import ROOT
from tests.supervised import Supervised, supervised, until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervised]:
    with supervised(tmp_path_factory.mktemp("server")) as running:
        yield running


def test_the_terminal_says_where_it_is_and_how_to_set_it_up(server: Supervised) -> None:
    assert "SECRET_KEY" not in server.said()
    until(lambda: "Set-up code: " in server.said(), 10)
    until(lambda: f"Matinee is ready at {server.url}\n" in server.said(), 10)


@pytest.mark.parametrize(
    ("who", "which"),
    [
        ("redis", "unixsocket"),
        ("the web master", "gunicorn"),
        ("a web process", "gunicorn"),
        ("the workers' nursery", "workers --tethered"),
        ("a worker", "workers --tethered"),
        ("the supervisor", "workers.engines.supervisor"),
    ],
)
def test_what_is_killed_is_back_within_seconds(server: Supervised, who: str, which: str) -> None:
    pids = server.settled(which) or server.pids("redis-server") or server.pids("valkey-server")
    victim = pids[-1] if who.startswith("a ") else pids[0]
    os.kill(victim, signal.SIGKILL)
    time.sleep(0.2)

    until(lambda: victim not in server.left() and (who == "redis" or len(server.standing(which)) == len(pids)), 20)
    until(server.is_ready, 20)


def test_a_second_start_with_the_same_data_says_who_is_there(server: Supervised, tmp_path: Path) -> None:
    data = server._terminal.parent / "data"
    with supervised(tmp_path, wait=False, MATINEE_DATA_DIR=str(data)) as second:
        assert second.process.wait(20) == 2
        assert "MATINEE_DATA_DIR: another Matinee runs with this folder" in second.said()


def test_a_taken_port_is_named(server: Supervised, tmp_path: Path) -> None:
    with supervised(tmp_path, wait=False, MATINEE_PORT=server.url.rpartition(":")[2]) as second:
        assert second.process.wait(20) == 2
        assert "MATINEE_PORT: cannot listen on" in second.said()
        assert "Traceback" not in second.said()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_however_it_ends(tmp_path: Path, how: signal.Signals) -> None:
    with supervised(tmp_path) as running:
        below = running.remember()
        running.stop(how)
        until(lambda: not running.left(), 15)

    assert len(below) > 8


def test_ctrl_c_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    with supervised(tmp_path, wait=False) as running:
        until(lambda: len(running.remember()) > 3, 30)
        assert running.stop() == 0
        until(lambda: not running.left(), 10)


def test_a_start_that_waits_says_for_what_and_one_with_a_weak_key_says_so(tmp_path: Path) -> None:
    nobody = f"unix://{tmp_path / 'nobody'}?db=0"
    with supervised(tmp_path, wait=False, REDIS_URL=nobody, SECRET_KEY="changeme") as running:
        until(lambda: "Not ready yet, waiting for: " in running.said(), 40)
        until(lambda: "redis" in running.said().partition("waiting for: ")[2], 40)
        assert "SECRET_KEY can be guessed" in running.said()


def test_every_bad_setting_is_listed_at_once_and_nothing_starts(tmp_path: Path) -> None:
    bad = {"MATINEE_WEB_PROCESSES": "many", "DATABASE_URL": "mysql://x", "REDIS_URL": "http://x"}
    with supervised(tmp_path, wait=False, **bad) as running:
        assert running.process.wait(20) == 2
        said = running.said()

    assert said.startswith("configuration:\n")
    assert [name for name in bad if f"  {name}: " in said] == list(bad)
    assert "Traceback" not in said


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.7"])
def test_an_address_that_is_not_ours_is_named_and_so_is_everything_else(tmp_path: Path, host: str) -> None:
    with supervised(tmp_path, "--media", "/no/such/folder", wait=False, MATINEE_HOST=host) as running:
        assert running.process.wait(20) == 2
        said = running.said()

    assert [line.split(":")[0] for line in said.splitlines()] == ["configuration", "  MATINEE_HOST", "  MEDIA"]


def test_a_folder_that_is_not_there_is_listed_with_the_settings(tmp_path: Path) -> None:
    with supervised(tmp_path, "--media", "/no/such/folder", wait=False, MATINEE_WEB_THREADS="many") as running:
        assert running.process.wait(20) == 2
        said = running.said()

    assert [line.split(":")[0] for line in said.splitlines()] == ["configuration", "  MATINEE_WEB_THREADS", "  MEDIA"]


def test_a_database_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    nobody = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    with supervised(tmp_path, wait=False, DATABASE_URL=nobody) as running:
        assert running.process.wait(30) == 2
        said = running.said()

    assert "DATABASE_URL: the database does not answer" in said
    assert "Traceback" not in said


def test_a_folder_with_a_long_and_odd_path_serves_as_well(tmp_path: Path) -> None:
    with supervised(tmp_path / ("long name " * 12) / "100 d'oh; #1") as running:
        assert running.is_ready()


def test_https_with_an_authority_of_its_own_is_trusted_by_who_trusts_that(tmp_path: Path) -> None:
    with supervised(tmp_path, MATINEE_TLS="local") as running:
        trust = ssl.create_default_context(cafile=str(tmp_path / "data" / "tls" / "authority.pem"))
        with urlopen(f"{running.url}/health/live", context=trust, timeout=5) as answer:
            assert answer.status == 200


def test_an_administrator_from_the_settings_can_sign_in(tmp_path: Path) -> None:
    import requests

    admin = {"MATINEE_ADMIN_USER": "ada", "MATINEE_ADMIN_PASSWORD": "a long enough one"}
    with supervised(tmp_path, **admin) as running:
        until(lambda: "Set-up code" in running.said() or not _needs_set_up(running), 10)
        body = {"username": "ada", "password": "a long enough one"}
        assert requests.post(f"{running.url}/api/v1/auth/login", json=body, timeout=10).ok


def _needs_set_up(running: Supervised) -> bool:
    import requests

    return bool(requests.get(f"{running.url}/api/v1/setup", timeout=10).json()["needed"])


@pytest.mark.postgres
def test_it_runs_on_postgresql_and_an_outside_redis(tmp_path: Path, redis_url: str) -> None:
    from tests.databases import postgresql_server

    with (
        postgresql_server() as database,
        supervised(tmp_path, DATABASE_URL=database, REDIS_URL=redis_url) as running,
    ):
        commands = [command for _, command in running.remember()]

    assert not [command for command in commands if "unixsocket" in command and str(tmp_path) in command]


def test_the_commands_list_bad_settings_and_speak_without_a_server(tmp_path: Path) -> None:
    environment = {**os.environ, "MATINEE_DATA_DIR": str(tmp_path / "data")}
    flask = [sys.executable, "-m", "flask"]
    good = subprocess.run([*flask, "check"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    bad = subprocess.run(
        [*flask, "check"],
        cwd=ROOT,
        env={**environment, "MATINEE_PORT": "x", "MATINEE_TLS": "maybe"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (good.returncode, bad.returncode) == (0, 2)
    assert [line.split(":")[0].strip() for line in bad.stderr.splitlines()] == [
        "configuration",
        "MATINEE_PORT",
        "MATINEE_TLS",
    ]
