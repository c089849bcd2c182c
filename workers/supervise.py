"""`python -m workers.supervise`: the whole server in the foreground, under one supervisor (the library of that name).

Checks the configuration, brings the database up to date, starts everything, says when it is ready, and ends all of it
on Ctrl-C or SIGTERM. If the supervisor itself is killed, its programs end with it and it is started again.
"""

from __future__ import annotations

import argparse
import errno
import fcntl
import functools
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from config import ROOT, Config, ConfigurationError
from workers.engines.tether import tether
from workers.programs import PYTHON, supervisor_file

BAD_CONFIGURATION = 2
PATIENCE_S = 20.0
SAFE_KEY = 32
"""Characters of a key that signs with SHA-256 (RFC 7518, 3.2)."""
SETTLED_S = 10.0
TELLS_AFTER_S = 10.0
"""How long the terminal is silent about a start that takes its time."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 10.0
"""Before a killed supervisor is started again; twice as long each time that it did not live to settle."""


class Supervised:
    """The running server: the supervisor's process, and what this one must know to watch it."""

    def __init__(self, config: Config, *, media: str | None, make: int | None) -> None:
        self.config = config
        self.media = media
        self.make = make
        self.stopping = False
        self.is_ready = False
        self.told = time.monotonic()
        self.supervisor: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self.pause_s = FIRST_PAUSE_S
        self.preparing: subprocess.Popen[bytes] | None = None
        self.is_prepared = False

    def run(self) -> int:
        """Serves until told to stop. Returns the exit status."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        self._write_files()
        stamp = self.config.run_dir / "schema"
        if not (stamp.is_file() and stamp.read_text() == self._schema_stamp()):
            self.preparing = self._start_preparing()
            status = self._wait_for_preparation(self.preparing)
            if status:
                return status
        try:
            status = self._watch()
        finally:
            self._end()
        if not status and not self.stopping:
            return 1
        return status

    def _watch(self) -> int:
        """Until told to stop, or until there is nothing to serve: the status of what failed."""
        while not self.stopping:
            ended = None if self.supervisor is None else self.supervisor.poll()
            if ended is not None and ended >= 0:  # by itself, not by a signal: it could not start
                print(f"The supervisor ended with status {ended}.", file=sys.stderr, flush=True)
                return 1
            if self.supervisor is None or ended is not None:
                self._start_supervisor()
            if self.preparing is not None and self.preparing.poll() is not None:
                status = self._wait_for_preparation(self.preparing)
                if status:
                    return status
            if not self.is_ready and self._is_up():
                self.is_ready = True
                print(f"Matinee is ready at {self.config.web_url}", flush=True)
                if not self.is_prepared:  # a database known to be up to date: a look at it can wait
                    self.preparing = self._start_preparing()
            if self.make is not None and not _minds_ctrl_c(self.make):
                self.stopping = True
            time.sleep(0.3 if self.is_ready else 0.05)
        return 0

    def _write_files(self) -> None:
        run = self.config.run_dir
        self.config.logs_dir.mkdir(mode=0o700, exist_ok=True)
        (run / "supervisord.conf").write_text(supervisor_file(self.config, _python()), encoding="utf-8")
        if len(self.config.secret_key) < SAFE_KEY:
            print(f"SECRET_KEY can be guessed. Take at least {SAFE_KEY} characters, or leave it unset.", flush=True)
        if self.config.tls == "local":
            from app.adapters.clock import now
            from workers.engines.certificates import ensure, own_names

            ensure(self.config.data_dir / "tls", own_names(), now=now())
            print(f"Trust {self.config.data_dir / 'tls' / 'authority.pem'} on each device, once.", flush=True)

    def _start_preparing(self) -> subprocess.Popen[bytes]:
        """Database, first administrator, folder of media: in a process that takes its memory along."""
        command = [sys.executable, "-c", "from app.cli import prepare; prepare()"]
        if self.media is not None:
            command += ["--media", self.media]
        return _child(command)

    def _wait_for_preparation(self, preparing: subprocess.Popen[bytes]) -> int:
        while preparing.poll() is None and not self.stopping:
            time.sleep(0.02)
        if preparing.poll() is None:
            preparing.terminate()
        status = preparing.wait()
        self.preparing = None
        if status == 0:
            self.is_prepared = True
            (self.config.run_dir / "schema").write_text(self._schema_stamp())
        return status

    def _schema_stamp(self) -> str:
        """Changes when migrations arrive or another database is meant: then nothing starts before it is up to date."""
        names = sorted(path.name for path in (ROOT / "migrations" / "versions").glob("*.py"))
        url = self.config.database_url
        database = Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None
        there = database.stat().st_ino if database is not None and database.exists() else 0
        return hashlib.sha256("\n".join([url, str(there), *names]).encode()).hexdigest()

    def _start_supervisor(self) -> None:
        if self.supervisor is not None:
            print("The supervisor was killed; everything is started again.", file=sys.stderr, flush=True)
            is_settled = time.monotonic() - self.started > SETTLED_S
            self.pause_s = FIRST_PAUSE_S if is_settled else min(LONGEST_PAUSE_S, self.pause_s * 2)
            time.sleep(self.pause_s)
        self.started = time.monotonic()
        run = self.config.run_dir
        shutil.rmtree(run / "metrics", ignore_errors=True)  # of processes that are no more
        (run / "metrics").mkdir(mode=0o700)
        own = [f"PROMETHEUS_MULTIPROC_DIR={run / 'metrics'}", "PYTHONUNBUFFERED=1"]  # before any of them is loaded
        python = [sys.executable, "-m", "workers.engines.supervisor", "-n", "-c", str(run / "supervisord.conf")]
        self.supervisor = _child(["env", *own, *python])

    def _is_up(self) -> bool:
        """Whether `/health/ready` says so. What is waited for is told now and then: a terminal is never silent."""
        missing = self._missing()
        if missing and time.monotonic() > self.told + TELLS_AFTER_S:
            self.told = time.monotonic()
            print(f"Not ready yet, waiting for: {missing}. Logs: {self.config.logs_dir}", file=sys.stderr, flush=True)
        return not missing

    def _missing(self) -> str:
        """What `/health/ready` says is not up yet; nothing when everything is."""
        where = urlsplit(self.config.web_url)
        host, port = where.hostname or "127.0.0.1", self.config.port
        door: http.client.HTTPConnection
        if where.scheme == "https":
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it is ourselves that we ask
            door = http.client.HTTPSConnection(host, port, timeout=2, context=context)
        else:
            door = http.client.HTTPConnection(host, port, timeout=2)
        try:
            door.request("GET", "/health/ready")
            answer = door.getresponse()
            if answer.status == 200:
                return ""
            told = json.loads(answer.read())
            return ", ".join(str(error["field"]) for error in told["errors"])
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            return "web"
        finally:
            door.close()

    def _end(self) -> None:
        for child in (self.preparing, self.supervisor):
            if child is None or child.poll() is not None:
                continue
            child.terminate()
            try:
                child.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def _stop(self, _signum: int, _frame: FrameType | None) -> None:
        self.stopping = True


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status: 0 after a stop, 2 for a configuration that cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m workers.supervise")
    parser.add_argument("--media", help="a folder to register as a library and scan")
    parser.add_argument("--under-make", action="store_true", help="end together with the make that started this")
    options = parser.parse_args(arguments)
    try:
        config = _configured(options.media)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return BAD_CONFIGURATION
    if options.under_make:
        tether(signal.SIGTERM)
    with (config.run_dir / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            problem = f"another Matinee runs with this folder: {config.data_dir}"
            print(ConfigurationError({"MATINEE_DATA_DIR": problem}), file=sys.stderr)
            return BAD_CONFIGURATION
        make = os.getppid() if options.under_make and _minds_ctrl_c(os.getppid()) else None
        return Supervised(config, media=options.media or None, make=make).run()


def _configured(media: str | None) -> Config:
    """The settings, and what they ask of this machine. Raises ConfigurationError with every mistake."""
    problems = {}
    if media and not Path(media).expanduser().is_dir():
        problems["MEDIA"] = f"is not a folder: {media}"
    try:
        config = Config.from_env()
    except ConfigurationError as error:
        raise ConfigurationError({**error.problems, **problems}) from None
    problems |= _door_problem(config.host, config.port)
    if problems:
        raise ConfigurationError(problems)
    return config


def _door_problem(host: str, port: int) -> dict[str, str]:
    """Why nothing can listen there, under the name of the setting that is wrong."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((host, port))
        except (socket.gaierror, UnicodeError) as error:
            return {"MATINEE_HOST": f"is not an address of this machine: {host} ({error})"}
        except OSError as error:
            name = "MATINEE_HOST" if error.errno == errno.EADDRNOTAVAIL else "MATINEE_PORT"
            return {name: f"cannot listen on {host} port {port}: {error}"}
    return {}


def _child(command: list[str]) -> subprocess.Popen[bytes]:
    """A child in a group of its own (Ctrl-C is ours to pass on) that ends with this process."""
    leash = functools.partial(tether, signal.SIGTERM, parent=os.getpid())
    return subprocess.Popen(command, cwd=ROOT, process_group=0, preexec_fn=leash)


def _python() -> str:
    """This interpreter, relative to the root where possible: a path may hold what the supervisor's file cannot."""
    return PYTHON if (ROOT / PYTHON).exists() and Path(sys.prefix) == ROOT / ".venv" else sys.executable


def _minds_ctrl_c(make: int) -> bool:
    """Whether a process has a handler for SIGINT (the kernel shows them as a mask: proc(5), SigCgt).

    GNU make has one until it gets that signal; then it waits for its children to end, without telling them. A process
    that ended counts as minding: the tether sees to that.
    """
    try:
        status = Path(f"/proc/{make}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return True
    caught = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")), "0")
    return bool(int(caught, 16) >> (signal.SIGINT - 1) & 1)


if __name__ == "__main__":
    sys.exit(main())
