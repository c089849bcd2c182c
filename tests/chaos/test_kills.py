"""Whatever is killed while the server scans and plays, it goes on, and nothing is lost, half done or left over."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.kills import run

PLAYS_ON_S = 15.0
"""Five seconds are promised on a quiet machine (`python -m tests.chaos.kills`); here others share its processors."""


@pytest.mark.slow
@pytest.mark.media
def test_playing_and_scanning_go_on_whatever_is_killed(tmp_path: Path) -> None:
    report = run(tmp_path, kills=7, films=20, seed=20, minutes=10)

    assert report.complaints == []
    assert report.films == 21
    assert {kill.kind for kill in report.kills} == {
        *("redis", "web", "nursery", "worker", "work-horse", "ffmpeg", "supervisor"),
    }
    assert report.worst < PLAYS_ON_S, report
