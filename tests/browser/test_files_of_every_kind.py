"""Every real file plays in a real browser from its first frame to its last, and every broken one is reported.

The files lie beside the project in ../shared; where that folder is not there, the tests of them are skipped. Films of
the kinds that people own are made here.
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
import requests
from playwright.sync_api import Browser

from bench.every_file import Outcome, as_films, play, play_all, playable, signed_in
from bench.house import House, open_house
from bench.odd_sources import ODD, make_odd_sources

pytestmark = [
    pytest.mark.browser,
    pytest.mark.media,
    pytest.mark.slow,
]

MOST_EXCEPTIONS = 0.03
LENGTHS = {"Holes": 11.0, "Two Hours": 7202.2}
SHAPES = {"Rotated": 9 / 16, "Anamorphic": 16 / 9, "Interlaced": 4 / 3}
DEATHS = "Traceback|a worker ended|exited: |[Tt]erminated unexpectedly|WORKER TIMEOUT"
PLAIN = ("-i", "{}", "-map", "0:V:0", "-f", "null", "-")
STRICT = ("-xerror", "-err_detect", "explode", *PLAIN)
ANDROIDX = "androidx+media@2bc207851d/libraries/test_data/src/test/assets/media"
SHAKA = "shaka-project+shaka-player@35b290e419/test/test/assets"


@dataclass(frozen=True)
class Except:
    """Why a file does not play, and the ffmpeg command that gets no picture out of it either."""

    reason: str
    ffmpeg: tuple[str, ...] = PLAIN
    encrypted: bool = False


EXCEPTIONS = {
    f"{SHAKA}/sintel-video-init.mp4": Except("the beginning of a stream: it holds no picture"),
    "mozilla+mp4parse-rust@8a49a07697/mp4parse/tests/test_case_1185230.mp4": Except("made by a fuzzer: no H.264 in it"),
    "debian-src:gst-plugins-base-1.22.0/tests/files/623663.mts": Except("two packets, both damaged"),
    f"{ANDROIDX}/mp4/sample_fragmented_uuid.mp4": Except("its pictures are no H.264: their sizes cannot be"),
    f"{SHAKA}/hls-sample-aes/video.mp4": Except("encrypted: what comes out is noise", STRICT, encrypted=True),
    f"{ANDROIDX}/mp4/sample_fragmented_sgpd_v2.mp4": Except("encrypted", STRICT, encrypted=True),
    f"{ANDROIDX}/mkv/subsample_encrypted_altref.webm": Except("encrypted", encrypted=True),
    f"{ANDROIDX}/mkv/subsample_encrypted_noaltref.webm": Except("encrypted", encrypted=True),
}


@pytest.fixture(scope="module")
def house(assets: None) -> Iterator[House]:
    """A whole Matinee for this module."""
    with open_house([]) as made:
        yield made


def everything(house: House, path: str) -> list[Any]:
    """Every item of a list of the API."""
    found: list[Any] = []
    while True:
        answer = house.call("GET", f"{path}?per_page=200&page={len(found) // 200 + 1}")
        found += answer["items"]
        if len(found) >= answer["total"] or not answer["items"]:
            return found


def of_library(files: Iterable[Any], folder: Path) -> list[Any]:
    return [file for file in files if Path(file["path"]).is_relative_to(folder)]


def pictures_of(path: Path, arguments: tuple[str, ...]) -> int:
    """How many pictures this ffmpeg command gets out of a file before it ends or gives up."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-stats"]
    command += [str(path) if one == "{}" else one for one in arguments]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=60)
    return max((int(count) for count in re.findall(r"frame= *(\d+)", done.stderr)), default=0)


def test_every_good_file_plays_from_the_first_frame_to_the_last(house: House, shared: Path) -> None:
    library = house.folder / "good"
    films = as_films((shared / "media" / "good").resolve(), library)
    house.add_library(library)

    files = of_library(playable(house), library)
    outcomes = {one.path: one for one in play_all(house, files)}
    missed = [one for one in files if outcomes[one["path"]].trouble and films[Path(one["path"]).name] not in EXCEPTIONS]
    outcomes |= {one.path: one for one in play_all(house, missed, pages=1)}  # a busy browser drops pictures: once more

    failed = {films[Path(one.path).name]: one.trouble for one in outcomes.values() if one.trouble}
    assert len(outcomes) > 140
    assert {path: why for path, why in failed.items() if path not in EXCEPTIONS} == {}
    assert sorted(EXCEPTIONS) == sorted(failed), "what plays is no exception"
    plain = [one for one in outcomes.values() if not is_encrypted(films[Path(one.path).name])]
    assert len([one for one in plain if one.trouble]) <= MOST_EXCEPTIONS * len(plain)


def is_encrypted(path: str) -> bool:
    return path in EXCEPTIONS and EXCEPTIONS[path].encrypted


@pytest.mark.parametrize("path", EXCEPTIONS, ids=lambda path: Path(path).name)
def test_ffmpeg_gets_no_picture_out_of_a_file_that_is_excepted_either(shared: Path, path: str) -> None:
    assert pictures_of(shared / "media" / "good" / path, EXCEPTIONS[path].ffmpeg) == 0


@pytest.mark.parametrize("command", [PLAIN, STRICT], ids=["plain", "strict"])
def test_ffmpeg_gets_every_picture_out_of_a_sound_file(odd: dict[str, Any], command: tuple[str, ...]) -> None:
    assert pictures_of(Path(odd["No Sound"]["path"]), command) == 144


def test_every_bad_file_is_reported_and_harms_nothing(
    house: House, chromium: Browser, odd: dict[str, Any], shared: Path
) -> None:
    library = house.folder / "bad"
    films = as_films((shared / "media" / "bad").resolve(), library)
    house.add_library(library)

    problems = of_library(everything(house, "/api/v1/admin/problems"), library)
    reported = {films[Path(one["path"]).name]: one["reason"] for one in problems}
    assert len(films) > 60
    assert sorted(reported) == sorted(films.values())
    assert all(reported.values())
    for file in of_library(everything(house, "/api/v1/library/media-files"), library):
        assert not file["media_ids"], file["path"]
        refused = prepare(house, file)
        assert refused.status_code in {404, 409, 422}, (file["path"], refused.text[:300])
    assert [line for line in logged(house) if re.search(DEATHS, line)] == []
    assert watch(house, chromium, odd["No Sound"]).trouble is None


def logged(house: House) -> list[str]:
    """All that the server and its processes wrote down."""
    logs = [house.folder / "log", *(house.folder / "data" / "logs").glob("*.log")]
    return [line for log in logs for line in log.read_text(errors="replace").splitlines()]


def prepare(house: House, file: Any, **wishes: Any) -> requests.Response:
    return house.http.post(
        f"{house.url}/api/v1/player/prepare",
        json={"media_file_id": file["id"], **wishes},
        headers={"X-CSRF-Token": house.csrf},
        timeout=60,
    )


@pytest.fixture(scope="module")
def odd(house: House) -> dict[str, Any]:
    """The made films by name, in a library."""
    folder = house.folder / "odd"
    make_odd_sources(folder)
    house.add_library(folder)
    files = of_library(everything(house, "/api/v1/library/media-files"), folder)
    return {Path(file["path"]).stem.removesuffix(" (2001)"): file for file in files}


def watch(house: House, chromium: Browser, file: Any, *, beside: str = "m0") -> Outcome:
    context = signed_in(chromium, house)
    try:
        return play(context.new_page(), house, file, beside=beside)
    finally:
        context.close()


@pytest.mark.parametrize("name", [*(Path(name).stem for name in ODD), "Rotated", "Two Hours"])
def test_a_film_of_an_odd_kind_plays_to_its_end(
    house: House, chromium: Browser, odd: dict[str, Any], name: str
) -> None:
    outcome = watch(house, chromium, odd[name], beside=odd["No Sound"]["media_ids"][0])

    assert outcome.trouble is None
    seen = outcome.seen
    assert seen["duration"] == pytest.approx(LENGTHS.get(name, 6.0), abs=0.2)
    if name in SHAPES:
        assert seen["width"] / seen["height"] == pytest.approx(SHAPES[name], rel=0.02)


def test_both_languages_of_a_film_can_be_heard(house: House, odd: dict[str, Any]) -> None:
    file = odd["Two Languages"]
    prepared = prepare(house, file, device={"direct": [], "hls": ["h264", "aac"]}, audio=2).json()
    assert [one["language"] for one in prepared["audio_tracks"]] == ["en", "ru"]
    master = house.http.get(f"{house.url}{prepared['hls_url']}", timeout=60).text
    tracks = re.findall(r'TYPE=AUDIO.*?LANGUAGE="(\w+)".*?URI="([^"]+)"', master)
    assert [language for language, _ in tracks] == ["en", "ru"]
    for _, uri in tracks:
        playlist = f"{house.url}{prepared['hls_url'].rsplit('/', 1)[0]}/{uri}"
        cell = re.findall(r"^[^#\s].*$", house.http.get(playlist, timeout=60).text, re.M)[0]
        assert house.http.get(f"{playlist.rsplit('/', 1)[0]}/{cell}", timeout=60).content[4:8] in {b"moof", b"styp"}
