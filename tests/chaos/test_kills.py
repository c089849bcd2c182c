"""Whatever is killed while the server scans and plays, it goes on, and nothing is lost or left over."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.kills import run


@pytest.mark.slow
@pytest.mark.media
@pytest.mark.xdist_group("supervised")
def test_playing_and_scanning_go_on_whatever_is_killed(tmp_path: Path) -> None:
    report = run(tmp_path, kills=8, films=40, seed=20)

    assert report.films == 41
    assert report.left == []
    assert len(report.killed) == 8
    assert max(report.ready_after) < 30, report  # a loaded machine; quiet figures come from `tests.chaos.kills`
