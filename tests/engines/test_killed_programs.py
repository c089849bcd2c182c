"""A program that somebody ends says nothing about the file: it is asked again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.playback.stage import film
from workers.engines import ffmpeg, ffprobe

pytestmark = pytest.mark.media


def dying(folder: Path, program: str, *, times: int, signum: int = 9) -> str:
    """A program that ends by a signal so many times before it is the real one."""
    path = folder / f"dying-{times}-{signum}"
    died = folder / f"died-{times}-{signum}"
    path.write_text(
        f"#!/bin/sh\nprintf x >> '{died}'\n"
        f"[ $(wc -c < '{died}') -gt {times} ] || kill -{signum} $$\nexec '{program}' \"$@\"\n"
    )
    path.chmod(0o755)
    return str(path)


def test_an_ffmpeg_that_was_killed_is_started_again(tmp_path: Path) -> None:
    done = ffmpeg.run([dying(tmp_path, ffmpeg.find(), times=2), "-version"], timeout=20)

    assert (done.returncode, done.stdout[:6]) == (0, b"ffmpeg")


def test_an_ffmpeg_that_is_killed_each_time_is_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(ffmpeg.Killed):
        ffmpeg.run([dying(tmp_path, ffmpeg.find(), times=9), "-version"], timeout=20)


def test_an_ffmpeg_that_crashes_by_itself_is_not_started_again(tmp_path: Path) -> None:
    program = dying(tmp_path, ffmpeg.find(), times=9, signum=11)

    assert ffmpeg.run([program, "-version"], timeout=20).returncode == -11
    assert (tmp_path / "died-9-11").read_text() == "x"


def test_a_film_whose_ffprobe_was_killed_is_not_called_broken(tmp_path: Path) -> None:
    path = film(tmp_path / "good.mkv", seconds=1)

    found = ffprobe.examine(dying(tmp_path, ffprobe.find(), times=2), os.fsencode(path))

    assert found.problem is None
    assert found.facts is not None
