"""What belongs to a work without being it: trailers, samples, scenes, interviews."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

FOLDERS = {
    "trailers": "trailer",
    "trailer": "trailer",
    "samples": "sample",
    "sample": "sample",
    "behind the scenes": "behind_the_scenes",
    "making of": "behind_the_scenes",
    "deleted scenes": "deleted_scene",
    "deleted": "deleted_scene",
    "interviews": "interview",
    "interview": "interview",
    "scenes": "scene",
    "scene": "scene",
    "featurettes": "featurette",
    "featurette": "featurette",
    "shorts": "short",
    "clips": "clip",
    "clip": "clip",
    "theme music": "theme_song",
    "backdrops": "theme_video",
    "theme videos": "theme_video",
    "extras": "extra",
    "extra": "extra",
    "other": "extra",
    "others": "extra",
    "bonus": "extra",
    "bonus features": "extra",
    "bonus material": "extra",
    "special features": "extra",
    "bonuses": "extra",
    "бонусы": "extra",
    "трейлеры": "trailer",
}
_SUFFIX = re.compile(
    r"[\s._\-–]+(?P<word>trailer|teaser|sample|scene|clip|interview|behind[\s._]?the[\s._]?scenes|deleted(?:[\s._]?scenes?)?|"
    r"featurette|short|extras?|other|bonus|making[\s._]?of)[\s._]*\d{0,2}$",
    re.IGNORECASE,
)
_DASHED_ONLY = frozenset({"scene", "clip", "interview", "short", "other", "deleted", "extra", "extras", "bonus"})
_TRAILER = re.compile(
    r"(?<![a-z0-9])(?:official|teaser|theatrical|final|international)[\s._\-]*trailer(?![a-z])|^(?:trailer|teaser)\d*$",
    re.IGNORECASE,
)
_SAMPLE = re.compile(r"^sample$|^sample[\s._\-]|[\s._\-(\[]sample[\s._\-)\]]*$", re.IGNORECASE)
_SAMPLE_FIX = re.compile(r"sample[\s._\-]*fix", re.IGNORECASE)
_NUMBERED = re.compile(r"(?:\(\d{4}\)|f\d{2}\b.*)[\s._]*-x\d{2}-|(?:^|[\s._])-?x\d{2}-", re.IGNORECASE)
_DISC = re.compile(r"-trailer\.(?:bluray|dvd|hddvd)$", re.IGNORECASE)
_CREDITLESS = re.compile(
    r"(?<![A-Za-z0-9])(?:NC(?:OP|ED)|(?:creditless|textless|clean)[\s._\-]*(?:op|ed|opening|ending))[\s._]*\d{0,2}[a-z]?(?:v\d)?(?![A-Za-z])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Extra:
    """`folders` and `stem` are what names the work it belongs to (`stem` empty: nothing does)."""

    kind: str
    reason: str
    folders: tuple[str, ...]
    stem: str


def find(folders: Sequence[str], stem: str, neighbours: Sequence[str]) -> Extra | None:
    """What sort of extra this is, or None for a work itself."""
    outer = tuple(folders)
    for depth, folder in enumerate(reversed(outer[-3:]), 1):
        kind = FOLDERS.get(re.sub(r"[\s._\-]+", " ", folder).strip().casefold())
        if kind is not None:
            owners = outer[:-depth]
            return Extra(kind, f"in a folder of extras ({folder})", owners[:-1], owners[-1] if owners else "")
    if _SAMPLE.search(stem) and not _SAMPLE_FIX.search(stem):
        return Extra("sample", "named as a sample", outer, _SAMPLE.sub(" ", stem))
    match = _SUFFIX.search(stem)
    if match and match.start() > 0:
        word = re.sub(r"[\s._]+", " ", match["word"].casefold())
        dashed = (
            "-" in stem[match.start() : match.start("word")] and " - " not in stem[match.start() : match.start("word")]
        )
        if dashed or (word not in _DASHED_ONLY and _beside_a_work(stem[: match.start()], neighbours)):
            return Extra(_kind(word), f"its name ends in “{match['word']}”", outer, stem[: match.start()])
    if _TRAILER.search(stem) or _DISC.search(stem):
        return Extra("trailer", "named as a trailer", outer, _TRAILER.sub(" ", stem))
    if _CREDITLESS.search(stem):
        return Extra("theme_video", "an opening or ending without credits", outer, stem)
    if _NUMBERED.search(stem) and not re.search(r"\dx\d", stem):
        return Extra("extra", "numbered as an extra (-x02-)", outer, stem)
    return None


def _beside_a_work(base: str, neighbours: Sequence[str]) -> bool:
    """`Film.2019.trailer` needs the film, or a year, beside it: `Trailer` is a word of titles too."""
    return bool(re.search(r"(?:19|20)\d\d", base)) or any(
        name.startswith(base) and not name.startswith(base + "trailer") for name in neighbours
    )


def _kind(word: str) -> str:
    for start, kind in (
        ("trailer", "trailer"),
        ("teaser", "trailer"),
        ("sample", "sample"),
        ("behind", "behind_the_scenes"),
        ("making", "behind_the_scenes"),
        ("deleted", "deleted_scene"),
        ("scene", "scene"),
        ("clip", "clip"),
        ("interview", "interview"),
        ("featurette", "featurette"),
        ("short", "short"),
    ):
        if word.startswith(start):
            return kind
    return "extra"
