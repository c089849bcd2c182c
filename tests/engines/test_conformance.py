"""The conformance bench, short: random cells of both ffmpegs under decoders, a strict parser and two players."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.conformance.__main__ import main


@pytest.mark.browser
@pytest.mark.slow
def test_players_switch_between_copied_and_encoded_rungs_without_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--seconds", "16", "--size", "426x240", "--switches", "15", "--keep", str(tmp_path)]
    status = main([*options, "--only", "irregular.mkv"])
    said = capsys.readouterr().out
    assert status == 0, said
    assert "mixed hls" in said
    assert "mixed shaka" in said


@pytest.mark.slow
def test_cells_of_every_kind_of_source_are_one_encode_to_decoders(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--seconds", "10", "--size", "426x240", "--no-players", "--keep", str(tmp_path), "--seed", "2"]
    status = main([*options, "--only", "irregular.mkv", "irregular.mp4", "ntsc.mkv", "hevc10.mkv", "holes.mkv"])
    assert status == 0, capsys.readouterr().out
