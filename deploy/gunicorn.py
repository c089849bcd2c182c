"""How the web process is served: threads, because every open socket and every waiting segment holds one.

The application is loaded once and forked, so that a web process that died is back in milliseconds.
"""

import contextlib
import gc
import http
import json
import logging
import os
import re
import signal
import socket
import sys
import uuid
from typing import Any

import gunicorn.util

from app.web.balance import BalancedWorker
from app.web.logs import masked
from app.web.punctuality import close_beside
from config import Config
from workers.engines.tether import tether

SWITCH_S = 0.001
URGENT = -5
"""Niceness of what answers people, where the system allows one below zero: other work of the machine can wait."""

_config = Config.from_env()

with contextlib.suppress(PermissionError):
    os.setpriority(os.PRIO_PROCESS, 0, URGENT)
tether()  # the supervisor was killed: what takes leave politely keeps the next one from the port

bind = [f"[{_config.host}]:{_config.port}" if ":" in _config.host else f"{_config.host}:{_config.port}"]
workers = _config.web_processes
worker_class = "app.web.balance.BalancedWorker"
threads = _config.web_threads
preload_app = True
control_socket_disable = True
graceful_timeout = 5
timeout = 60
keepalive = 75
worker_tmp_dir = str(_config.run_dir)
accesslog = None  # requests are counted in /metrics; the addresses of players carry tokens
errorlog = "-"
loglevel = "warning"
limit_request_line = 8190  # a search of 500 letters, each of them escaped, fits
proc_name = "matinee"
if _config.tls != "off":
    certfile, keyfile = str(_config.tls_cert), str(_config.tls_key)


def refuse(sock: socket.socket, status: int, reason: str, message: str) -> None:  # noqa: ARG001
    """What is no request at all, or too long for one, is answered as every other error is; what was sent is not told
    back."""
    known = next((one for one in http.HTTPStatus if one == status), http.HTTPStatus.BAD_REQUEST)
    code = re.sub("[^a-z]+", "_", known.phrase.lower())
    request_id = uuid.uuid4().hex
    problem = {
        "type": f"/api/problems/{code}",
        "title": known.phrase,
        "status": status,
        "detail": known.description or f"The server cannot read this request: {reason}.",
        "code": code,
        "request_id": request_id,
    }
    body = json.dumps(problem).encode()
    head = (
        f"HTTP/1.1 {status} {known.phrase}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\nX-Request-ID: {request_id}\r\n\r\n"
    )
    gunicorn.util.write_nonblock(sock, head.encode() + body)


gunicorn.util.write_error = refuse
gunicorn.util.close_graceful = close_beside


class Discretion(logging.Filter):
    """What a stranger sent as a request is not told in the log: it may hold a token, or anything else."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if said.startswith("Invalid request"):
            said = said.partition("'")[0].rstrip(": ")
        record.msg, record.args = masked(said), ()
        return True


def on_starting(server: Any) -> None:
    server.log.error_log.addFilter(Discretion())


def when_ready(_server: Any) -> None:
    """What is loaded by now stays for good: the collector would look through all of it again for every other answer,
    and touching it would copy the pages that the processes share."""
    gc.collect()
    gc.freeze()


def pre_fork(server: Any, worker: BalancedWorker) -> None:
    worker.sit(server.WORKERS.values())


def post_fork(server: Any, _worker: Any) -> None:
    """A web process does not outlive its master: its listening socket would keep the next one out.

    A thread that only has to take a request in, or to hand a segment on, has the interpreter within a millisecond,
    while another one computes.
    """
    tether(signal.SIGKILL, parent=server.pid)
    sys.setswitchinterval(SWITCH_S)


def child_exit(_server: Any, worker: BalancedWorker) -> None:
    """The measurements of a process that ended leave the sums of what is live."""
    from prometheus_client.multiprocess import mark_process_dead

    worker.leave()
    mark_process_dead(worker.pid, str(_config.run_dir / "metrics"))
