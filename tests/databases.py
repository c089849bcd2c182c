"""Servers for tests, started once for each test process: PostgreSQL and Redis."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis


def find_binaries() -> Path | None:
    """The folder with `initdb` and `postgres`, or None."""
    found = shutil.which("postgres")
    folders = [Path(found).parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """A throw-away server on a Unix socket in this folder; gives its URL."""
    from workers.engines.redis_server import find_server

    socket = folder / "s"
    server = subprocess.Popen(
        [find_server(), "--unixsocket", str(socket), "--port", "0", "--dir", str(folder), "--save", ""],
        stdout=subprocess.DEVNULL,
    )
    url = f"unix://{socket}?db=0"
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                with redis.Redis.from_url(url) as client:
                    client.ping()
                break
            except redis.ConnectionError:
                if time.monotonic() > deadline or server.poll() is not None:
                    raise
                time.sleep(0.02)
        yield url
    finally:
        server.terminate()
        server.wait()


@contextmanager
def postgresql_server() -> Iterator[str]:
    """A throw-away server on a Unix socket; gives the URL of its first database. Root starts it as `postgres`."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server is installed here")
    folder = Path(tempfile.mkdtemp(prefix="matinee-pg-"))
    user = None
    if os.getuid() == 0:
        user = "postgres"
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    made = ["-U", "matinee", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
    subprocess.run(
        [binaries / "initdb", "-D", folder / "data", *made],
        check=True,
        stdout=subprocess.DEVNULL,
        user=user,
        cwd=folder,
    )
    server = subprocess.Popen(
        [binaries / "postgres", "-D", folder / "data", "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=user,
        cwd=folder,
    )
    try:
        _wait_until_it_answers(f"host={folder} user=matinee dbname=postgres")
        yield f"postgresql+psycopg://matinee@/postgres?host={folder}"
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_it_answers(where: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            psycopg.connect(where).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
