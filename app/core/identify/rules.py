"""From a path to an `Identification`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

import PTT

from app.core.identify.values import Identification


def identify(path: str, kind: str, *, neighbours: Sequence[str] = ()) -> Identification:
    """What work `path` names.

    `path` is relative to the library or absolute (`/` between folders; every folder is evidence), `kind` the library's
    (`movies`, `shows`, `anime`, `mixed`), `neighbours` the names of files in the same folder.
    """
    del neighbours
    found = PTT.parse_title(PurePosixPath(path).name)
    seasons, episodes = found.get("seasons") or [], tuple(found.get("episodes") or ())
    is_show = kind in {"shows", "anime"} or bool(seasons or episodes)
    shape = ("episode" if episodes else "season") if is_show else "movie"
    return Identification(
        path=path,
        kind=shape,
        title=found.get("title") or None,
        year=int(found["year"]) if found.get("year") else None,
        season=seasons[0] if seasons else None,
        episodes=episodes,
        date=found.get("date"),
        edition=found.get("edition"),
        confidence=0.6,
        reasons=("parsed from the file's name",),
    )
