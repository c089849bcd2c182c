"""Shows and anime: which episode, of which season, of what; a marker in the name first, then folders, then numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.core.identify import films, markers, names, numbers, tags
from app.core.identify.folders import BARE_SEASON, SPECIALS, Folder, read_folders
from app.core.identify.markers import Marker
from app.core.identify.names import Named
from app.core.identify.titles import title_of
from app.core.identify.values import Identification

_FANSUB = re.compile(r"^\[[^\[\]]+\].*(?:[\s_]-[\s_]\d{2,4}(?:v\d)?(?!\d)|\[\d{2,3}(?:v\d)?\])")
_SEASON_TAIL = re.compile(r"(?:[\s._\-(\[]+(?:series|season|s)[\s._]*\d{0,2})[\s._\-)\]]*$", re.IGNORECASE)
_COUNT_TAIL = re.compile(r"(?:[\s._]+[-–][\s._]+\d{1,4}(?:\.5)?(?:v\d)?|[\s._]+\d{1,4}-\d{1,4})[\s._\-(\[]*$")
_NUMBERED_EXTRA = re.compile(r"-x\d{2}-")
_DATE_TAIL = re.compile(r"[\s._\-]+(?:19|20)\d\d[\s._\-][01]\d[\s._\-][0-3]\d[\s._\-]*$")
_DATE_DIGITS = re.compile(r"\d")


def is_fansub(stem: str) -> bool:
    """`[Group] Title - 07 [1080p]`: the convention of anime groups."""
    return bool(_FANSUB.match(stem)) and not tags.YEAR.search(stem)


def is_certain(named: Named, stem: str) -> bool:
    """Whether a library of everything should read this as a show, by its own path alone."""
    if markers.certain(stem) or markers.numbered(stem):
        return True
    folder = read_folders(named)
    if folder.marker is not None and names.is_meaningless(stem):
        return True
    if folder.season is not None and (folder.is_specials or re.search(r"\d", stem)):
        return True
    season = next(markers.seasons(stem), None)
    return season is not None and (season.start > 0 or season.end == len(stem))


def _is_short_number(named: Named, stem: str) -> bool:
    """`12.avi` in a show's folder is its twelfth; as a whole path it is nothing."""
    return bool(named.folders) and re.fullmatch(r"\D{0,2}\d{1,4}\D{0,2}", stem) is not None


def has_numbered_neighbours(stem: str, neighbours: Sequence[str]) -> bool:
    """At least two more files of the same name with another number: episodes, not films."""
    shape = re.sub(r"\d+", "#", stem)
    if "#" not in shape:
        return False
    head = re.split(r"\d", stem, maxsplit=1)[0]
    alike = {n for n in neighbours if re.sub(r"\d+", "#", names.split(n).stem).startswith(shape[: len(head) + 1])}
    years = tags.YEAR.search(stem)
    return len(alike) >= 3 and years is None


def read(named: Named, stem: str, *, kind: str) -> Identification:
    """The episodes a path names, or the season, or `none`."""
    folder = read_folders(named)
    if _is_season_folder(named, stem):
        return _season_folder(stem, folder)
    marker, why = _marker(stem, folder, kind)
    if names.is_meaningless(stem) and not _is_short_number(named, stem):
        if marker is not None and marker.rule != "S01E02":
            marker = None
        if marker is None and folder.marker is None and (not folder.title or folder.season is None):
            return Identification(path="", kind="none", reasons=("nothing in the path reads like a title",))
    if marker is not None and marker.rule == "Part 1" and folder.is_specials and folder.title is None:
        marker = None  # a part of a special of no named show
    if folder.marker is not None and (marker is None or why != "certain"):
        return _from_folder(folder)
    if marker is None:
        return _without_episode(named, stem, folder, kind)
    return _answer(stem, marker, folder, kind, why)


def _marker(stem: str, folder: Folder, kind: str) -> tuple[Marker | None, str]:
    found = markers.certain(stem)
    if found is not None:
        return found, "certain"
    numbered = markers.numbered(stem)
    day = next((d for d in markers.dates(stem) if d.certain), None)
    if day is not None and (numbered is None or day.start < numbered.start):
        return day, "date"
    if numbered is None:
        numbered = numbers.after_season(stem) or numbers.special(stem)
    if numbered is not None:
        return numbered, "number"
    season = next(markers.seasons(stem), None)
    if season is not None:
        found = (
            numbers.fansub(stem[: season.start] + "\0" * (season.end - season.start) + stem[season.end :])
            if kind == "anime"
            else None
        )
        return found, "number"
    for rule in (
        numbers.six(stem) if kind != "anime" else None,
        numbers.pair(stem, folder.season) if kind != "anime" else None,
        numbers.leading(stem, folder.season, dash=True) if kind != "anime" else None,
        numbers.hashed(stem) if kind != "anime" else None,
        next((d for d in markers.dates(stem) if not d.certain), None) if kind != "anime" else None,
        numbers.fansub(stem) if kind == "anime" or stem.startswith("[") else None,
        numbers.after_folder_title(stem, folder.title, folder.season) if folder.title else None,
        numbers.leading(stem, folder.season) if folder.season is not None else None,
        numbers.split_number(stem, folder.season) if kind != "anime" else None,
        numbers.fansub(stem) if kind != "anime" else None,
        next((d for d in markers.dates(stem) if not d.certain), None),
        numbers.middle(stem) if kind == "anime" else None,
        markers.parts(stem),
        numbers.leading(stem, folder.season, in_show=folder.title is not None),
        numbers.middle(stem),
    ):
        if rule is not None:
            return rule, "number"
    return None, ""


def _answer(stem: str, marker: Marker, folder: Folder, kind: str, why: str) -> Identification:
    season = marker.season
    season_marker = next((s for s in markers.seasons(stem) if s.season is not None), None)
    if season is None and season_marker is not None and season_marker.start != marker.start:
        season = season_marker.season
    if season is None and marker.date is None:
        season = 0 if folder.is_specials else folder.season
    head = _head(stem, marker)
    if why == "certain" or marker.date:
        tail = _COUNT_TAIL.search(head)
        tail = tail or _DATE_TAIL.search(head)
        if tail and re.search(r"[^\W\d_]", head[: tail.start()]):
            head = head[: tail.start()]
    title, year, country = title_of(head, certain=marker.rule.startswith(("S01", "1x", "season")) and why == "certain")
    reasons = [f"the file's name says {_said(marker)}"]
    if title is None or _is_short_form(title, folder):
        if folder.title:
            title, year, country = folder.title, folder.year, folder.country
            reasons.append("the folder names the show")
        elif marker.title_after or marker.start == 0:
            title = _title_behind(stem, marker)
    elif folder.title and names.fold(folder.title) == names.fold(title):
        year, country = year or folder.year, country or folder.country
        reasons.append("the folder agrees")
    episodes, absolute, end = marker.episodes, marker.absolute, marker.end
    if why == "certain" and not absolute:
        absolute, end = numbers.counted_beside(stem, marker)
    in_season = numbers.by_season(str(episodes[0]), folder.season) if marker.counted and len(episodes) == 1 else None
    if in_season is not None and kind != "anime":
        season, episodes = in_season[0], (in_season[1],)
    if marker.counted and kind == "anime" and not absolute:
        absolute, episodes = (episodes, ()) if season is None or season == folder.season is None else ((), episodes)
    if (
        marker.season is None
        and season is None
        and marker.rule in {"E02", "1 of 6", "Part 1", "#1"}
        and kind != "anime"
        and not stem.startswith("[")
    ):
        season = 1
    day = marker.date
    if day is None:
        behind = next(
            (d for d in markers.dates(stem) if d.certain or len(_DATE_DIGITS.findall(stem[d.start : d.end])) == 8), None
        )
        day = behind.date if behind else None
    released = False
    if year is None and day is None:
        year = _year_in(stem[season_marker.end if season_marker else marker.end :]) or (
            season if season is not None and season >= 1900 else None
        )
        released = year is not None
    if year is None and season is not None and season >= 1900:
        year, released = season, True
    return Identification(
        path="",
        kind="episode",
        title=title,
        year=year,
        season=season,
        episodes=episodes,
        absolute=absolute,
        date=day,
        country=country,
        episode_title=None if marker.title_after and not folder.title else _episode_title(stem[end:]),
        year_of_release=released,
        confidence=(0.95 if why == "certain" else 0.85 if why == "date" else 0.75) - (0 if title else 0.35),
        reasons=tuple(reasons),
    )


def _head(name: str, marker: Marker) -> str:
    """What stands in front of the marker, and in front of a season that was named earlier."""
    head = _NUMBERED_EXTRA.split(name[: marker.start])[0]
    season = next(markers.seasons(name), None)
    if " / " in name[marker.end :] and not names.has_latin(head):
        last = name.rsplit(" / ", 1)[1]
        again = markers.certain(last)
        return last[: again.start] if again and again.start else head
    if season is None or season.start >= marker.start:
        return head
    if marker.season is not None and season.rule == "season by word" and season.season != marker.season:
        return head  # `Title 2nd Season S01E08`: there the words are the title's
    if name.startswith(("[", "【")) and name.rfind("[", 0, season.start) > name.rfind("]", 0, season.start):
        return head  # a season inside one of many brackets
    if " / " in name[season.end : marker.start]:
        last = name[: marker.start].rsplit(" / ", 1)[1]
        again = next(markers.seasons(last), None)
        return last[: again.start] if again else last
    return name[: season.start] if season.start > 0 else head[season.end :]


def _episode_title(rest: str) -> str | None:
    """What stands between the marker and the release's description: `… - Letters`, `….Letters.720p…`."""
    if re.fullmatch(r"[\])}]?-[^\W_]\S*", rest):
        return None  # `S01E01-GROUP`
    rest = re.split(r"[\[(【{]", rest, maxsplit=1)[0]
    hard = tags.first_hard(rest)
    if hard < len(rest):
        rest = tags.without_soft_tail(rest[:hard])
    title = names.readable(re.sub(r"^[\s._\-–—:\])}v\d]*?(?=[^\W_])", "", rest, count=1))
    whole = re.fullmatch(r"(?:v\d|end|final|fin|repack|proper|raw|(?:19|20)\d\d)?", title, re.IGNORECASE)
    return None if whole or not re.search(r"[^\W\d_]", title) or tags.SOFT.fullmatch(title) else title[:200]


def _said(marker: Marker) -> str:
    if marker.date:
        return f"the day {marker.date}"
    shown = ", ".join(str(n) for n in (marker.episodes or marker.absolute)[:3])
    more = "…" if len(marker.episodes or marker.absolute) > 3 else ""
    return f"episode {shown}{more}" if marker.season is None else f"season {marker.season}, episode {shown}{more}"


def _is_short_form(title: str, folder: Folder) -> bool:
    """`abc` in `A.Better.Channel.S01…/abc.103`: the folder's name is the whole one."""
    if not folder.title:
        return False
    own, whole = names.fold(title), names.fold(folder.title)
    return (len(own) <= 4 < len(whole) and own not in whole) or names.is_meaningless(title)


def _title_behind(stem: str, marker: Marker) -> str | None:
    rest = re.split(r"\s[-–]\s", stem[marker.end :].lstrip(" ._-"), maxsplit=1)[0]
    rest = rest[: tags.first_hard(rest)]
    return title_of(rest, certain=False)[0] if marker.title_after else None


def _from_folder(folder: Folder) -> Identification:
    assert folder.marker is not None  # noqa: S101 - the caller looked
    title, year, country = title_of(_head(folder.marker_name, folder.marker), certain=True)
    if title is None:
        title, year, country = folder.title, folder.year, folder.country
    return Identification(
        path="",
        kind="episode",
        title=title,
        year=year,
        season=folder.marker.season,
        episodes=folder.marker.episodes,
        date=folder.marker.date,
        country=country,
        confidence=0.9,
        reasons=(f"the folder says {_said(folder.marker)}", "the file's own name says nothing"),
    )


def _without_episode(named: Named, stem: str, folder: Folder, kind: str) -> Identification:
    season = next(markers.seasons(stem), None)
    if season is not None:
        head = stem[: season.start] if season.start else ""
        title, year, country = title_of(head, certain=False)
        if title is None:
            title, year, country = folder.title, folder.year, folder.country
        released = False
        if year is None:
            year = _year_in(stem[season.end :])
            released = year is not None
        return Identification(
            path="", kind="season", title=title, year=year, season=season.season, country=country,
            year_of_release=released,
            confidence=0.85 if title else 0.4, reasons=(f"the name says season {season.season} and no episode",),
        )  # fmt: skip
    if folder.is_specials and not folder.title:
        return Identification(path="", kind="none", reasons=("a special without a number, of no named show",))
    text = _NUMBERED_EXTRA.split(names.strip_group(stem))[0]
    title, year, country = title_of(text[: tags.first_hard(text)], certain=False)
    if folder.season is not None and folder.title:
        title, year, country = folder.title, folder.year, folder.country
    tagged = tags.first_hard(text) < len(text)
    if kind == "anime" and year is None and folder.season is None:
        year = films.read_name(stem).year
    if title is None or (names.is_shout(stem) and not (named.extension or named.folders or tagged)):
        return Identification(path="", kind="none", reasons=("no season, no episode, no day",))
    return Identification(
        path="",
        kind="movie"
        if kind == "anime" and folder.season is None
        else "episode"
        if folder.season is not None
        else "show",
        title=title,
        year=year,
        season=0 if folder.is_specials else folder.season,
        country=country,
        confidence=0.4,
        reasons=("no episode is named",),
    )


def _season_folder(stem: str, folder: Folder) -> Identification:
    number = int(stem) if stem.isdigit() else 0
    return Identification(
        path="", kind="season", title=folder.title, year=folder.year, season=number, confidence=0.6,
        reasons=("the folder is a season's",),
    )  # fmt: skip


def _is_season_folder(named: Named, stem: str) -> bool:
    if named.extension or not named.folders:
        return False
    if SPECIALS.match(stem) or names.fold(stem) == "extras":
        return True
    return bool(BARE_SEASON.match(stem)) and not re.search(r"collection|saga|trilogy", named.folders[-1], re.IGNORECASE)


def _year_in(text: str) -> int | None:
    match = re.search(
        r"[(\[](?:[^()\[\]]*[,\s])?(19[3-9]\d|20[0-4]\d)[)\]\s,\-–](?![\s\-–]*\d\d)|^[\s._]+(19[3-9]\d|20[0-4]\d)(?=$|[\s._]+(?:\d{3,4}p|web|blu|hdtv))",
        text,
        re.IGNORECASE,
    )
    return int(match[1] or match[2]) if match else None
