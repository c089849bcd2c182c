"""A subtitle file's name says its language and what it is for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.core.languages import normalise
from app.core.subtitle_names import belongs_to, parse_subtitle_name


@pytest.mark.parametrize(
    ("name", "stem", "language", "forced", "hearing", "title"),
    [
        ("Film (2020).en.srt", "Film (2020)", "en", False, False, None),
        ("Film (2020).pt-BR.forced.srt", "Film (2020)", "pt-BR", True, False, None),
        ("Film (2020).hi.srt", "Film (2020)", "hi", False, False, None),
        ("Film (2020).en.hi.srt", "Film (2020)", "en", False, True, None),
        ("Film (2020).Russian SDH.srt", "Film (2020)", "ru", False, True, None),
        ("Film (2020).Signs & Songs.eng.ass", "Film (2020)", "en", False, False, "Signs & Songs"),
        ("Film (2020).srt", "Film (2020)", None, False, False, None),
        ("2_English.srt", None, "en", False, False, None),
        ("The.It.Crowd.srt", None, None, False, False, None),
    ],
)  # fmt: skip
def test_a_name_says_language_and_purpose(
    name: str, stem: str | None, language: str | None, forced: bool, hearing: bool, title: str | None
) -> None:
    found = parse_subtitle_name(name, stem)
    assert (found.language, found.is_forced, found.is_hearing_impaired, found.title) == (
        language,
        forced,
        hearing,
        title,
    )


def test_a_subtitle_belongs_to_the_film_whose_whole_name_it_starts_with() -> None:
    assert belongs_to("Alien.en.srt", "Alien")
    assert belongs_to("alien.srt", "Alien")
    assert not belongs_to("Aliens.en.srt", "Alien")


def test_every_known_name_is_read_as_the_other_servers_read_it(shared: Path) -> None:
    wrong = []
    for line in (shared / "cases" / "subtitle_names.jsonl").read_text().splitlines():
        row = json.loads(line)
        want = row["args"]
        if want:
            found = parse_subtitle_name(row["path"], "My.Video")
            ok = (found.language, found.title, found.is_default, found.is_forced, found.is_hearing_impaired) == (
                normalise(want["language"]),
                want["title"],
                want.get("isDefault", False),
                want.get("isForced", False),
                want.get("isHearingImpaired", False),
            )
        else:
            ok = parse_subtitle_name(row["path"]).language == "en"
        wrong += [] if ok else [row["path"]]
    assert not wrong
