"""New connections are shared out evenly between the web processes, also after one of them was killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest

from app.web.balance import VACANT, Loads
from config import Config
from tests.supervised import until

ROOT = Path(__file__).resolve().parents[2]
PATIENT = """
from pathlib import Path
from app.web import balance
balance.PATIENCE_S = 10  # a machine that is busy with other tests wakes nobody within 50 ms
exec(Path("deploy/gunicorn.py").read_text())
"""


def test_seats_are_compared_with_the_others() -> None:
    loads = Loads(3)
    assert loads.least(beside=0) == VACANT

    loads.tell(0, 4)
    loads.tell(2, 1)
    assert [loads.least(beside=seat) for seat in range(3)] == [1, 1, 4]

    loads.tell(2, VACANT)
    assert loads.least(beside=0) == VACANT
    assert loads.free_seat([0, 2]) == 1


@dataclass
class Server:
    port: int
    master: int

    def answers(self) -> bool:
        with socket.socket() as caller:
            return caller.connect_ex(("127.0.0.1", self.port)) == 0 and len(self.processes()) == 2

    def processes(self) -> list[int]:
        listed = Path(f"/proc/{self.master}/task/{self.master}/children").read_text().split()
        return [int(pid) for pid in listed]

    def held(self) -> list[int]:
        """How many connections of clients each process has, most first."""
        ours = f":{self.port:04X}"
        lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        sockets = {f"socket:[{line[9]}]" for line in lines if line[1].endswith(ours) and line[3] == "01"}
        return sorted((sum(one in sockets for one in _open_files(pid)) for pid in self.processes()), reverse=True)

    def open(self) -> HTTPConnection:
        """A client that keeps its connection."""
        client = HTTPConnection("127.0.0.1", self.port, timeout=10)
        client.request("GET", "/health/live")
        assert client.getresponse().read()
        return client


def _open_files(pid: int) -> Iterator[str]:
    for one in Path(f"/proc/{pid}/fd").iterdir():
        try:
            yield str(one.readlink())
        except FileNotFoundError:
            continue


@pytest.fixture
def server(config: Config) -> Iterator[Server]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    env = {
        **os.environ,
        "MATINEE_DATA_DIR": str(config.data_dir),
        "MATINEE_HOST": "127.0.0.1",
        "MATINEE_PORT": str(port),
        "MATINEE_WEB_PROCESSES": "2",
        "REDIS_URL": config.redis_url,
        "SECRET_KEY": config.secret_key,
    }
    env.pop("PROMETHEUS_MULTIPROC_DIR", None)
    patient = config.data_dir / "gunicorn.py"
    patient.write_text(PATIENT)
    argv = [sys.executable, "-m", "gunicorn", "-c", str(patient), "wsgi:serve()"]
    with (config.data_dir / "web.log").open("wb") as said:
        process = subprocess.Popen(argv, cwd=ROOT, env=env, stderr=said)
    made = Server(port, process.pid)
    try:
        until(made.answers, 30)
        yield made
    finally:
        process.terminate()
        process.wait(30)


def test_clients_are_shared_out_evenly(server: Server) -> None:
    with ExitStack() as stack:
        clients = [server.open() for _ in range(10)]
        for client in clients:
            stack.callback(client.close)
        until(lambda: server.held() == [5, 5], 30)

        victim = server.processes()[0]
        os.kill(victim, signal.SIGKILL)
        until(lambda: victim not in server.processes() and len(server.processes()) == 2, 30)
        until(lambda: server.held() == [5, 0], 30)
        until(lambda: _newcomer_goes_to_the_new_process(server), 30)
        started = time.monotonic()
        for _ in range(4):
            stack.callback(server.open().close)
        assert time.monotonic() - started < 10  # no door stayed closed until its patience ended

        assert server.held() == [5, 4]


def _newcomer_goes_to_the_new_process(server: Server) -> bool:
    """Not at once: until it is ready the other one takes everybody, and nobody waits."""
    client = server.open()
    shared = server.held()
    client.close()
    until(lambda: server.held() == [5, 0], 30)
    return shared == [5, 1]
