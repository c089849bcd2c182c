"""What the folders of a path say of a show, from the innermost out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.core.identify import markers, names, tags
from app.core.identify.films import GENERIC
from app.core.identify.markers import Marker
from app.core.identify.names import Named
from app.core.identify.titles import title_of

SPECIALS = re.compile(r"^(?:specials?|season 0+|s0+|спецвыпуски|спешлы)$", re.IGNORECASE)
BARE_SEASON = re.compile(r"^\d{1,2}$")


@dataclass(frozen=True, slots=True)
class Folder:
    """What the folders say: the show's name and year, the season, or outright the episode."""

    title: str | None = None
    year: int | None = None
    country: str | None = None
    season: int | None = None
    marker: Marker | None = None
    marker_name: str = ""
    is_specials: bool = False


def read_folders(named: Named) -> Folder:
    """What the folders of a path say, from the innermost out."""
    season: int | None = None
    specials = False
    marker, marker_name = None, ""
    for depth, raw in enumerate(reversed(named.folders)):
        name = names.straighten(raw)
        if depth == 0 or marker is None:
            found = markers.certain(name)
            if found is not None and depth < 3:
                if marker is None:
                    marker, marker_name = found, name
                continue
        if SPECIALS.match(name.strip()):
            specials, season = True, 0
            continue
        said = next(markers.seasons(name), None)
        if season is None and said is not None:
            season = said.season
        if said is not None and _only_season(name, said):
            continue
        outer = named.folders[-depth - 2] if depth + 2 <= len(named.folders) else ""
        in_show = bool(outer) and names.fold(outer) not in GENERIC
        if BARE_SEASON.match(name) and depth == 0 and in_show:
            season = int(name)
            continue
        meaningless = names.is_meaningless(name) and not (name.isdigit() and len(name) < 5)
        if names.fold(name) in GENERIC or meaningless or names.fold(name) in {"extras", "season"}:
            continue
        head = name[: said.start] if said is not None and said.start > 0 else name
        head = head[: tags.first_hard(head)] if tags.first_hard(head) > 0 else head
        title, year, country = title_of(head, certain=False)
        if title:
            return Folder(title, year, country, season, marker, marker_name, specials)
    return Folder(None, None, None, season, marker, marker_name, specials)


def is_season(name: str) -> bool:
    """Whether a folder's name is a season's and names no show: `Season 02`, `S1`, `Specials`."""
    said = next(markers.seasons(name), None)
    return bool(SPECIALS.match(name.strip())) or (said is not None and _only_season(name, said))


def _only_season(name: str, said: Marker) -> bool:
    """`Season 02 (2016) [1080p]` names no show."""
    rest = names.readable(re.sub(r"[\[(][^\[\]()]*[\])]", "", name[: said.start] + " " + name[said.end :]))
    rest = rest[: tags.first_hard(rest)]
    return said.start <= 1 and not re.search(r"[^\W\d_]{3}", rest)
