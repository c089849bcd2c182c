"""How the web process is served: threads, because every open socket and every waiting segment holds one.

The application is loaded once and forked, so that a web process that died is back in milliseconds.
"""

import gc
import signal
from typing import Any

from config import Config
from workers.engines.tether import tether

_config = Config.from_env()

tether(signal.SIGTERM)

bind = [f"[{_config.host}]:{_config.port}" if ":" in _config.host else f"{_config.host}:{_config.port}"]
workers = _config.web_processes
worker_class = "gthread"
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
proc_name = "matinee"
if _config.tls != "off":
    certfile, keyfile = str(_config.tls_cert), str(_config.tls_key)


def when_ready(_server: Any) -> None:
    """What is loaded by now stays for good: the collector would look through all of it again for every other answer,
    and touching it would copy the pages that the processes share."""
    gc.collect()
    gc.freeze()


def post_fork(server: Any, _worker: Any) -> None:
    """A web process does not outlive its master: its listening socket would keep the next one out."""
    tether(signal.SIGKILL, parent=server.pid)


def child_exit(_server: Any, worker: Any) -> None:
    """The measurements of a process that ended leave the sums of what is live."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid, str(_config.run_dir / "metrics"))
