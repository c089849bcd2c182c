"""Every real file plays in a real browser from its first frame to its last, and every broken one is reported.

The files lie beside the project in ../shared; where that folder is not there, these tests are skipped.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest
from playwright.sync_api import Browser

from bench.every_file import Outcome, as_films, play, play_all, playable, signed_in
from bench.house import House, open_house
from bench.odd_sources import ODD, make_odd_sources

pytestmark = [
    pytest.mark.browser,
    pytest.mark.media,
    pytest.mark.slow,
    pytest.mark.xdist_group("files of every kind"),
]

MOST_EXCEPTIONS = 0.03
NULL = ("-f", "null", "-")
FIRST_PICTURE = ("-map", "0:v:0", "-frames:v", "1", *NULL)
EVERY_PICTURE = ("-map", "0:v:0", *NULL)
ANDROIDX = "androidx+media@2bc207851d/libraries/test_data/src/test/assets/media"
SHAKA = "shaka-project+shaka-player@35b290e419/test/test/assets"


@dataclass(frozen=True)
class Except:
    """Why a file does not play, and what ffmpeg is asked to do with it: it complains, or has no frame to give."""

    reason: str
    ffmpeg: tuple[str, ...]
    encrypted: bool = False


EXCEPTIONS = {
    f"{SHAKA}/sintel-video-init.mp4": Except("headers only: it holds no picture", FIRST_PICTURE),
    "mozilla+mp4parse-rust@8a49a07697/mp4parse/tests/test_case_1185230.mp4": Except(
        "a fuzzer's file: none of its pictures can be decoded", FIRST_PICTURE
    ),
    "debian-src:gst-plugins-base-1.22.0/tests/files/623663.mts": Except(
        "two damaged packets: none of its pictures can be decoded", EVERY_PICTURE
    ),
    f"{SHAKA}/hls-sample-aes/video.mp4": Except("encrypted without saying so", EVERY_PICTURE, encrypted=True),
    f"{ANDROIDX}/mp4/sample_fragmented_sgpd_v2.mp4": Except(
        "encrypted without saying so", EVERY_PICTURE, encrypted=True
    ),
    f"{ANDROIDX}/mkv/subsample_encrypted_altref.webm": Except("encrypted", FIRST_PICTURE, encrypted=True),
    f"{ANDROIDX}/mkv/subsample_encrypted_noaltref.webm": Except("encrypted", FIRST_PICTURE, encrypted=True),
}


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """A whole Matinee for this module."""
    with open_house([]) as made:
        yield made


def of_library(files: Iterable[Any], folder: Path) -> list[Any]:
    return [file for file in files if Path(file["path"]).is_relative_to(folder)]


def troubles(outcomes: list[Outcome]) -> dict[str, str]:
    return {Path(outcome.path).name: outcome.trouble for outcome in outcomes if outcome.trouble}


def attempt(path: Path, arguments: tuple[str, ...]) -> tuple[bool, str]:
    """Whether ffmpeg got any picture out of a file, and what it said against it."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-stats", "-i", str(path), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=60)
    said = done.stderr.replace("\r", "\n").splitlines()
    errors = [line for line in said if "frame=" not in line]
    return any(int(n) > 0 for n in re.findall(r"frame= *(\d+)", done.stderr)), "\n".join(errors)


def test_every_good_file_plays_from_the_first_frame_to_the_last(house: House, shared: Path) -> None:
    good = (shared / "media" / "good").resolve()
    library = house.folder / "good"
    films = as_films(good, library)
    house.add_library(library)
    files = of_library(playable(house), library)

    outcomes = list(play_all(house, files))

    failed = {films[name]: trouble for name, trouble in troubles(outcomes).items()}
    assert len(outcomes) == len(files) > 140
    assert {path: why for path, why in failed.items() if path not in EXCEPTIONS} == {}
    own = [path for path in failed if not EXCEPTIONS[path].encrypted]
    assert len(own) <= MOST_EXCEPTIONS * len(outcomes)


@pytest.mark.parametrize("path", EXCEPTIONS, ids=lambda path: Path(path).name)
def test_ffmpeg_cannot_show_a_file_that_is_excepted_either(shared: Path, path: str) -> None:
    file = shared / "media" / "good" / path
    assert file.is_file()

    has_picture, errors = attempt(file, EXCEPTIONS[path].ffmpeg)

    assert errors if EXCEPTIONS[path].encrypted else not has_picture


def test_every_bad_file_is_reported_and_harms_nothing(house: House, shared: Path) -> None:
    library = house.folder / "bad"
    films = as_films((shared / "media" / "bad").resolve(), library)
    processes = house.call("GET", "/health/ready")
    house.add_library(library)

    reported = {Path(one["path"]).name: one["reason"] for one in _all(house, "/api/v1/admin/problems")}
    listed = {Path(one["path"]).name: one for one in _all(house, "/api/v1/library/media-files")}
    unheard = {films[name] for name in films if name not in reported and name not in listed} - NO_MEDIA
    assert unheard == set()
    assert all(reported[name] for name in reported)
    for name in set(listed) & set(films):
        answer = house.http.post(
            f"{house.url}/api/v1/player/prepare",
            json={"media_file_id": listed[name]["id"]},
            headers={"X-CSRF-Token": house.csrf},
            timeout=60,
        )
        assert answer.status_code < 500, (films[name], answer.text[:300])
    assert house.call("GET", "/health/ready").keys() == processes.keys()
    assert "Traceback" not in "".join(log.read_text() for log in (house.folder / "data" / "logs").glob("*.log"))


def _all(house: House, path: str) -> list[Any]:
    found: list[Any] = []
    while True:
        answer = house.call("GET", f"{path}?per_page=200&page={len(found) // 200 + 1}")
        found += answer["items"]
        if len(found) >= answer["total"] or not answer["items"]:
            return found


@pytest.fixture(scope="module")
def odd(house: House) -> dict[str, Any]:
    """The made sources by name, in a library."""
    folder = house.folder / "odd"
    make_odd_sources(folder)
    house.add_library(folder)
    found = _all(house, "/api/v1/library/media-files")
    return {
        Path(one["path"]).name.removesuffix(Path(one["path"]).suffix)[:-7]: one for one in of_library(found, folder)
    }


@pytest.mark.parametrize("name", [*(Path(name).stem for name in ODD), "Rotated", "Two Hours"])
def test_a_film_of_an_odd_kind_plays_to_its_end(
    house: House, chromium: Browser, odd: dict[str, Any], name: str
) -> None:
    context = signed_in(chromium, house)
    outcome = play(context, house, odd[name])
    context.close()

    assert outcome.trouble is None
    seen = outcome.seen
    assert seen["duration"] == pytest.approx(LENGTHS.get(name, 6.0), abs=0.2)
    if name in SHAPES:
        assert seen["width"] / seen["height"] == pytest.approx(SHAPES[name], rel=0.02)


LENGTHS = {"Holes": 11.0, "Two Hours": 7202.0}
SHAPES = {"Rotated": 9 / 16, "Anamorphic": 16 / 9, "Interlaced": 4 / 3}
NO_MEDIA: set[str] = set()
