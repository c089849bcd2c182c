"""The conformance bench, short: random cells of both ffmpegs under decoders, a strict parser and two players."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.conformance.__main__ import main

CELLS = ("irregular.mp4", "ntsc.mkv", "hevc10.mkv", "holes.mkv")


@pytest.mark.browser
@pytest.mark.media
@pytest.mark.slow
def test_players_switch_between_copied_and_encoded_rungs_without_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--seconds", "14", "--size", "640x360", "--switches", "9", "--limit", "120", "--one-build"]
    status = main([*options, "--keep", str(tmp_path), "--only", "irregular.mkv"])
    said = capsys.readouterr().out
    assert status == 0, said
    for player in ("hls", "shaka"):
        assert f"right  irregular.mkv mixed {player}: 3 rungs, 3 now 3 seek 3 seam; 0 errors" in said, said


@pytest.mark.media
@pytest.mark.slow
def test_cells_of_every_kind_of_source_are_one_encode_to_decoders(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--seconds", "8", "--size", "320x180", "--no-players", "--seed", "2"]
    status = main([*options, "--keep", str(tmp_path), "--only", *CELLS])
    said = capsys.readouterr().out
    assert status == 0, said
    for name in CELLS:
        assert f"right  {name} " in said, said


@pytest.mark.media
@pytest.mark.slow
def test_the_bench_sees_a_cell_that_is_not_the_sources(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--seconds", "6", "--size", "320x180", "--no-players", "--one-build", "--keep", str(tmp_path)]
    options += ["--only", "irregular.mkv"]
    assert main(options) == 0, capsys.readouterr().out
    cells = tmp_path / "cells" / "irregular.mkv" / "0" / "180p"
    (cells / "1.m4s").write_bytes((cells / "0.m4s").read_bytes())
    assert main(options) == 1
    assert "WRONG  irregular.mkv 180p" in capsys.readouterr().out
