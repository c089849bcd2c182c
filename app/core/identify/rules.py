"""From a path to an `Identification`: the file's name, then its folders, then second readers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from app.core.identify import extras, films, names, second, shows, tags
from app.core.identify.names import Named
from app.core.identify.values import Identification

_ID = re.compile(
    r"[\[{(](?P<provider>tmdb|imdb|tvdb|anidb|anilist|mal|shikimori|"
    r"kp|kinopoisk|tvmaze|trakt)(?:id)?[\s]*[-=:_ ][\s]*(?P<value>tt\d+|[\w\-]+)[\]})]",
    re.IGNORECASE,
)
_BARE_IMDB = re.compile(r"(?<![A-Za-z0-9])tt\d{7,9}(?!\d)")


def identify(path: str, kind: str, *, neighbours: Sequence[str] = ()) -> Identification:
    """What work `path` names.

    `path` is relative to the library or absolute (`/` between folders; every folder is evidence), `kind` the library's
    (`movies`, `shows`, `anime`, `mixed`), `neighbours` the names of files in the same folder.
    """
    ids = explicit_ids(path)
    named = names.split(_ID.sub(" ", path))
    stem = names.straighten(named.stem)
    extra = extras.find(named.folders, stem, neighbours)
    if extra is not None and extra.stem != stem and _names_something(extra):
        named = Named(extra.folders, extra.stem, named.extension)
        stem = names.straighten(extra.stem)
    found = _first_reading(named, stem, kind, neighbours)
    if not names.is_meaningless(stem):
        found = second.weigh(found, stem, kind)
    text = "/".join((*named.folders[-1:], stem))
    edition = tags.edition(stem) or (tags.edition(named.folders[-1]) if named.folders else None)
    result = replace(
        found,
        path=path,
        ids=ids,
        edition=edition,
        format_3d=tags.format_3d(text) if found.kind == "movie" or extra else None,
        languages=tags.languages(stem),
    )
    if ids:
        result = replace(
            result,
            confidence=max(result.confidence, 0.95),
            reasons=(*result.reasons, "the path names the provider's id"),
        )
    if extra is not None:
        return replace(
            result,
            kind="extra",
            extra=extra.kind,
            is_sample=extra.kind == "sample",
            reasons=(*result.reasons, extra.reason),
        )
    return result


def _names_something(extra: extras.Extra) -> bool:
    return bool(extra.stem.strip(" ._-")) and names.fold(extra.stem) not in films.GENERIC


def _first_reading(named: Named, stem: str, kind: str, neighbours: Sequence[str]) -> Identification:
    if kind == "movies":
        show = films.show_kind(stem)
        return shows.read(named, stem, kind=show) if show else films.read(named, stem)
    if kind in {"shows", "anime"}:
        return shows.read(named, stem, kind=kind)
    if shows.is_certain(named, stem):
        return shows.read(named, stem, kind="shows")
    if shows.is_fansub(stem):
        return shows.read(named, stem, kind="anime")
    if shows.has_numbered_neighbours(stem, neighbours):
        return shows.read(named, stem, kind="shows")
    return films.read(named, stem)


def explicit_ids(path: str) -> dict[str, str]:
    """`{tmdb-123}`, `[imdbid-tt…]`, a bare `tt1234567`: the innermost folder or file that says it wins."""
    found: dict[str, str] = {}
    for match in _ID.finditer(path):
        value = match["value"]
        if match["provider"].lower() == "imdb" and not value.startswith("tt"):
            continue
        found[match["provider"].lower()] = value
    for match in _BARE_IMDB.finditer(path):
        found.setdefault("imdb", match[0])
    return found
