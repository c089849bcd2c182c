"""A name says the same whatever stands between its words, and whether it shouts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.core.identify import Identification, identify, spellings
from app.core.query import compact

NAMES = [
    ("movies", "Quiet Orchard 2011 1080p BluRay x264-GRP"),
    ("movies", "Quiet Orchard (2011) [1080p]"),
    ("movies", "О мышах и людях (Of Mice and Men) 1992 BDRip 1080p"),
    ("shows", "Harbor Lights S02E03 The Letter 720p WEB-DL x264-GRP"),
    ("shows", "Harbor Lights S02E03-E05 720p"),
    ("shows", "Harbor Lights 1x02 1x03 1x04 The Letter"),
    ("shows", "Harbor Lights Season 3 - 11 [1080p]"),
    ("shows", "Harbor Lights Season 01-07 BluRay 1080p x264"),
    ("shows", "Harbor Lights S2 - 12 (720p)"),
    ("shows", "Harbor Lights 2014 05 18 720p HDTV x264-GRP"),
    ("anime", "[Group] Blue Journey! - 01 ~ 10 [1080p]"),
    ("anime", "[Group] Blue Journey 2nd Season - 07 [720p]"),
    ("anime", "[Group] Blue Journey (Black) #1-4 (1280x720 x264 AAC)"),
    ("anime", "Blue Journey (DVD) - 02 [grp]"),
    ("anime", "[Group] Blue Journey - 03v2 [720p]"),
]
WAYS: dict[str, Callable[[str], str]] = {
    "dots": lambda name: name.replace(" ", "."),
    "underscores": lambda name: name.replace(" ", "_"),
    "capitals": str.upper,
    "small letters": str.lower,
    "an extension": lambda name: f"{name}.mkv",
    "a site": lambda name: name if name.startswith("[") else f"www.example.org - {name}",
}


def said(found: Identification) -> tuple[object, ...]:
    title = compact(found.title or "")
    return (found.kind, title, found.year, found.season, found.episodes, found.absolute, found.date)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("kind", "name"), NAMES, ids=[name for _, name in NAMES])
def test_it_says_the_same(kind: str, name: str, way: str) -> None:
    assert said(identify(WAYS[way](name), kind)) == said(identify(name, kind))


@pytest.mark.parametrize(
    ("path", "title", "expected"),
    [
        (
            "千と千尋 Spirited Away (2001)/千と千尋 Spirited Away.mkv",
            "Spirited Away",
            ("千と千尋 Spirited Away", "千と千尋"),
        ),
        ("[Group] 夜の街 Blue Door - 02 [720p].mkv", "Blue Door", ("夜の街 Blue Door", "夜の街")),
        ("Амели Amelie (2001).mkv", "Amelie", ("Амели Amelie", "Амели")),
        ("Amelie (2001)/Amelie.mkv", "Amelie", ()),
        ("Amelie (2001)/file.mkv", "Nothing Like It", ()),
    ],
)
def test_other_scripts_beside_the_title_are_further_names(path: str, title: str, expected: tuple[str, ...]) -> None:
    assert spellings(path, title) == expected


@pytest.mark.parametrize(
    ("name", "episodes", "absolute", "episode_title"),
    [
        ("Show Name - s16e03-05 - 313-315", (3, 4, 5), (313, 314, 315), None),
        ("Show.Name.16x03-05.313-315", (3, 4, 5), (313, 314, 315), None),
        ("Show Name 313-315 s16e03-05", (3, 4, 5), (313, 314, 315), None),
        ("Show Name - S16E03 - 313 - The Letter", (3,), (313,), "The Letter"),
        ("Show Name - S16E03-E04 - 313 - The Letter", (3, 4), (), "313 - The Letter"),
        ("Show Name - S01E02 - 720", (2,), (), None),
        ("Show Name S01E02 2010", (2,), (), None),
    ],
)
def test_numbers_through_the_show_beside_those_of_the_season(
    name: str, episodes: tuple[int, ...], absolute: tuple[int, ...], episode_title: str | None
) -> None:
    found = identify(name, "shows")
    assert (found.title, found.episodes, found.absolute) == ("Show Name", episodes, absolute)
    assert found.episode_title == episode_title
