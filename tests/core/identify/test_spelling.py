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
