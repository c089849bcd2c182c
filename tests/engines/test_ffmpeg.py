"""ffmpeg is found, asked, and never outlives who started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workers.engines import ffmpeg


def test_a_configured_program_is_taken_or_named(tmp_path: Path) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert ffmpeg.find(str(program)) == str(program)
    with pytest.raises(FileNotFoundError, match="MATINEE_FFMPEG"):
        ffmpeg.find(str(tmp_path / "nothing"))


def test_what_an_ffmpeg_can_do_is_known() -> None:
    found = ffmpeg.inspect(ffmpeg.find())
    assert found.version.startswith("ffmpeg version")
    assert {"fps", "tpad", "scale", "aresample", "settb"} <= found.filters
    assert {"libx264", "aac"} <= found.encoders
    assert len(found.build) == 12


def test_a_child_ends_with_the_block_that_started_it() -> None:
    with ffmpeg.spawned(["sleep", "60"]) as child:
        assert child.poll() is None
    assert child.returncode == -signal.SIGKILL


def test_a_child_keeps_the_group_of_its_worker() -> None:
    with ffmpeg.spawned(["sleep", "60"]) as child:
        assert os.getpgid(child.pid) == os.getpgid(0)


def test_a_child_ends_with_a_worker_that_is_killed() -> None:
    code = (
        "import sys,time\nfrom workers.engines import ffmpeg\n"
        "with ffmpeg.spawned(['sleep','60']) as child:\n    print(child.pid, flush=True)\n    time.sleep(60)\n"
    )
    worker = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    child = int(worker.stdout.readline())
    while Path(f"/proc/{child}/comm").read_text() != "sleep\n":
        time.sleep(0.01)  # the leash is put on before the program begins
    worker.kill()
    worker.wait()
    worker.stdout.close()
    deadline = time.monotonic() + 5
    while _alive(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _alive(child)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_program_that_takes_too_long_is_ended() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        ffmpeg.run(["sleep", "60"], timeout=0.2)
