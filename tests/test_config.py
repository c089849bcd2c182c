"""The configuration: what is wrong is told all at once, each mistake under its setting's name."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from config import Config, ConfigurationError
from workers.engines.certificates import ensure


def problems(folder: Path, **env: str) -> dict[str, str]:
    try:
        Config.from_env({"MATINEE_DATA_DIR": str(folder / "data")} | env)
    except ConfigurationError as error:
        return error.problems
    return {}


def test_every_mistake_is_listed_at_once(tmp_path: Path) -> None:
    wrong = {
        "MATINEE_PORT": "99999",
        "MATINEE_WEB_PROCESSES": "0",
        "DATABASE_URL": "mysql://x",
        "REDIS_URL": "http://x",
        "MATINEE_TLS": "maybe",
        "MATINEE_PUBLIC_URL": "foo",
        "MATINEE_TRUSTED_PROXIES": "abc",
    }
    (tmp_path / "file").write_text("not a folder")
    found = problems(
        tmp_path, **wrong, SECRET_KEY_FILE=str(tmp_path / "none"), MATINEE_DATA_DIR=str(tmp_path / "file" / "data")
    )
    assert set(found) == {*wrong, "SECRET_KEY_FILE", "MATINEE_DATA_DIR"}


@pytest.mark.parametrize("port", ["notaport", "0", "65536", "-1", "１"])
def test_a_port_that_is_none_is_named(tmp_path: Path, port: str) -> None:
    wrong = {
        "DATABASE_URL": f"postgresql+psycopg://me:p@ss:w/rd@host:{port}/films",
        "REDIS_URL": f"redis://:secret@host:{port}/0",
    }
    assert set(problems(tmp_path, **wrong)) == set(wrong)


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg:///films", "postgresql://me:a:b@host/films?x=1:2", "postgresql://[::1]:5432/films"]
)
def test_an_address_without_a_mistake_is_taken(tmp_path: Path, url: str) -> None:
    assert problems(tmp_path, DATABASE_URL=url, REDIS_URL="unix:///run/redis.sock?db=1") == {}


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k" * 40 + "\n")
    found = Config.from_env({"MATINEE_DATA_DIR": str(tmp_path / "data"), "SECRET_KEY_FILE": str(tmp_path / "key")})
    assert found.secret_key == "k" * 40


def test_a_certificate_that_is_none_is_named(tmp_path: Path) -> None:
    for name in ("cert", "key"):
        (tmp_path / name).write_text("not one\n")
    wrong = {"MATINEE_TLS_CERT": str(tmp_path / "cert"), "MATINEE_TLS_KEY": str(tmp_path / "key")}
    assert set(problems(tmp_path, **wrong)) == {"MATINEE_TLS_CERT"}


def test_a_certificate_and_its_key_are_taken(tmp_path: Path) -> None:
    own = tmp_path / "tls"
    ensure(own, ["localhost"], now=datetime.now(UTC))
    good = {"MATINEE_TLS_CERT": str(own / "server.pem"), "MATINEE_TLS_KEY": str(own / "server.key")}
    assert problems(tmp_path, **good) == {}
