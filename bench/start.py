"""How long a second `make run` takes to its ready line, where the time goes, and whether Ctrl-C leaves anything.

    python -m bench.start [--rounds 5]

From the start of `make` to the line `Matinee is ready at …` in its terminal, with a data folder that a first start has
made; then Ctrl-C to the whole group, as a terminal sends it. Run it on a quiet machine.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import socket
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.house import ROOT

READY_S = 5.0
SETUP = "import sys; sys.argv=['setup','none']; sys.path.insert(0,'deploy'); import setup; setup.set_up('run')"


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds to the ready line, to the last process's end after Ctrl-C; what was left; processor seconds."""

    ready: float
    stopped: float
    left: list[str]
    status: int


def start(folder: Path, port: int) -> Start:
    """One `make run` and its end."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("MATINEE_")}
    settings = {"MATINEE_HOST": "127.0.0.1", "MATINEE_PORT": str(port), "MATINEE_DATA_DIR": str(folder / "data")}
    settings["MATINEE_TRANSCODES_DIR"] = str(folder / "transcodes")
    began = time.monotonic()
    with subprocess.Popen(
        ["make", "run"], cwd=ROOT, env={**own, **settings}, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as make:
        said = ""
        for line in make.stdout or ():
            said += line
            if re.search(r"Matinee is ready at http", line):
                break
        else:
            raise RuntimeError(f"no ready line: {said}")
        ready = time.monotonic() - began
        time.sleep(2)
        began = time.monotonic()
        os.killpg(make.pid, signal.SIGINT)
        status = make.wait(30)
    left = marked(settings["MATINEE_DATA_DIR"])
    stopped = time.monotonic() - began
    return Start(ready, stopped, left, status)


def marked(data: str) -> list[str]:
    """Processes that were started with this data folder and live."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"MATINEE_DATA_DIR={data}\0".encode() in (entry / "environ").read_bytes():
                found.append(f"{entry.name} {(entry / 'cmdline').read_text()}")
        except OSError:
            continue
    return found


def parts() -> dict[str, float]:
    """What the pieces of a start cost when each stands alone (s): they overlap in a real one."""
    python = str(ROOT / ".venv" / "bin" / "python")
    pieces = {
        "set-up is looked at (deploy/setup.py)": [python, "-I", "-c", SETUP],
        "configuration": [python, "-c", "import config; config.Config.from_env()"],
        "the web application is loaded": [python, "-c", "from config import Config; from app.factory import web; web"],
        "the workers are loaded": [python, "-c", "import workers.__main__, workers.transcode, app.factory"],
    }
    found = {}
    with tempfile.TemporaryDirectory(prefix="mt-") as folder:
        environment = {**os.environ, "MATINEE_DATA_DIR": folder}
        for name, command in pieces.items():
            began = time.monotonic()
            subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
            found[name] = time.monotonic() - began
    return found


def main() -> int:
    """Prints the figures; 1 when the median is over its limit or anything was left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    print(f"load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="mt-") as folder:
        first = start(Path(folder), port)
        starts = [start(Path(folder), port) for _ in range(options.rounds)]
    median = statistics.median(one.ready for one in starts)
    left = [one for each in (first, *starts) for one in each.left]
    print(f"first start with a new data folder: ready after {first.ready:.2f} s")
    print(f"second starts: {', '.join(f'{one.ready:.2f}' for one in starts)} s")
    print(f"median {median:.2f} s, limit {READY_S:g} s, ratio {median / READY_S:.2f}")
    print(f"Ctrl-C to the end: {max(one.stopped for one in starts):.2f} s at most, left over: {left or 'nothing'}")
    for name, seconds in parts().items():
        print(f"  {name}: {seconds:.2f} s")
    return 0 if median <= READY_S and not left else 1


if __name__ == "__main__":
    raise SystemExit(main())
