"""The Movie Database, through `tmdbv3api`, which knows its addresses and parameters.

That library has no time limits, keeps failures, looks at no status and holds language and key in the process'
environment; so its requests are made by our `Line` and its answers are read as plain JSON. Everything here returns the
core's values, and raises what `Line` raises.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from redis import ConnectionPool
from tmdbv3api import TV, Configuration, Find, Movie, Search, TMDb

from app.adapters.http import Line, LineSettings, Missing, line
from app.core.match.values import Candidate, Kind
from app.core.metadata import EpisodeFacts, Part, PictureKind, RemotePicture, SeasonFacts, WorkFacts

PACE = "40/second"
LANGUAGE = "en-US"
ANIMATION = 16
MOST_SEASONS = 14
"""Twenty things can be appended to an answer; the others are names, people and pictures."""
PICTURE_SIZES = {"poster": "w780", "backdrop": "w1280", "logo": "w500", "still": "w300", "portrait": "h632"}
PUBLIC_PICTURES = "https://image.tmdb.org/t/p/"
MOST_CAST, MOST_PICTURES = 30, 12
MOST_PICTURE_BYTES = 24 << 20
OTHER_PROVIDERS = {"imdb": "imdb_id", "tvdb": "tvdb_id"}
_JOBS = {"Director": "director", "Writer": "writer", "Screenplay": "writer", "Story": "writer"}
_MOVIE_PARTS = "alternative_titles,translations,credits,external_ids,images"
_SHOW_PARTS = "alternative_titles,translations,aggregate_credits,external_ids,images"


class _Call(TMDb):  # type: ignore[misc]
    """What the library's classes inherit instead of its own way to ask."""

    line: Line

    def __init__(self, line: Line) -> None:
        super().__init__()
        self.line = line

    def _request_obj(self, action: str, params: str = "", *_unused: Any, **_ignored: Any) -> Any:
        return self.line.get(f"{action}?{params}&language={LANGUAGE}&include_image_language=en,ru,null")


class _Search(_Call, Search):  # type: ignore[misc]
    pass


class _Movie(_Call, Movie):  # type: ignore[misc]
    pass


class _Show(_Call, TV):  # type: ignore[misc]
    pass


class _Find(_Call, Find):  # type: ignore[misc]
    pass


class _Configuration(_Call, Configuration):  # type: ignore[misc]
    pass


class Tmdb:
    """Questions about films and shows. `value`s are TMDB's numbers as text."""

    name = "tmdb"

    def __init__(self, key: str, base_url: str, *, cache: Path | None, redis: ConnectionPool | None) -> None:
        host = (urlsplit(base_url).hostname or "").lower()
        base = base_url.rstrip("/") if urlsplit(base_url).path.strip("/") else f"{base_url.rstrip('/')}/3"
        is_token = key.count(".") == 2
        self.line = line(
            LineSettings(
                name="TMDB",
                base_url=base,
                pace=PACE,
                fresh_for=timedelta(days=7),
                trusted_hosts=frozenset({host}),
                secret={} if is_token else {"api_key": key},
                headers={"Authorization": f"Bearer {key}"} if is_token else {},
            ),
            cache=cache,
            redis=redis,
        )
        self.picture_line = line(
            LineSettings(
                name="TMDB's pictures",
                base_url=PUBLIC_PICTURES,
                pace=PACE,
                trusted_hosts=frozenset({host}),
                most_bytes=MOST_PICTURE_BYTES,
            ),
            cache=None,
            redis=redis,
        )
        self._pictures: str | None = None

    def search(self, kind: Kind, name: str, *, year: int | None = None, page: int = 1) -> list[Candidate]:
        """One page (twenty) of what bears the name, as TMDB ranks it; `year` narrows it down."""
        asked = _Search(self.line)
        if kind == "movie":
            found = asked.movies(name, year=year, page=page)
        else:
            found = asked.tv_shows(name, release_year=year, page=page)
        return [_from_line(kind, one) for one in _list(found, "results")]

    def candidate(self, kind: Kind, value: str, *, seasons: Sequence[int] = ()) -> Candidate | None:
        """A work with its other names, lengths and, of these seasons of a show, the episodes' names."""
        found = self._whole(kind, value, seasons)
        return None if found is None else _whole_candidate(kind, found)

    def work(self, kind: Kind, value: str, *, seasons: Sequence[int] = ()) -> WorkFacts | None:
        """Everything worth keeping of a work; None where TMDB has it no more."""
        found = self._whole(kind, value, seasons)
        if found is None:
            return None
        for number in [number for number in seasons if f"season/{number}" not in found]:
            further = self._further_seasons(value, [number])
            found = {**found, **further}
        return _work(kind, found, self.pictures_base())

    def by_other_id(self, provider: str, value: str) -> list[Candidate]:
        """What TMDB knows under another provider's id (`imdb`, `tvdb`)."""
        source = OTHER_PROVIDERS.get(provider)
        if source is None:
            return []
        found = _Find(self.line).find(value, source)
        movies = [_from_line("movie", one) for one in _list(found, "movie_results")]
        return movies + [_from_line("show", one) for one in _list(found, "tv_results")]

    def picture(self, url: str) -> bytes:
        """The bytes of a picture that TMDB offered."""
        return self.picture_line.fetch(url).content

    def pictures_base(self) -> str:
        """Where pictures lie, as the server's configuration says."""
        if self._pictures is None:
            try:
                said = _Configuration(self.line).api_configuration()
            except Missing:
                said = {}
            images = said.get("images") if isinstance(said, dict) else None
            base = str((images or {}).get("secure_base_url") or (images or {}).get("base_url") or PUBLIC_PICTURES)
            self._pictures = base if base.endswith("/") else f"{base}/"
        return self._pictures

    def _whole(self, kind: Kind, value: str, seasons: Sequence[int]) -> dict[str, Any] | None:
        if not value.isdigit():
            return None
        try:
            if kind == "movie":
                found = _Movie(self.line).details(value, append_to_response=_MOVIE_PARTS)
            else:
                asked = [f"season/{number}" for number in sorted(set(seasons))[:MOST_SEASONS]]
                found = _Show(self.line).details(value, append_to_response=",".join([_SHOW_PARTS, *asked]))
        except Missing:
            return None
        return found if isinstance(found, dict) and found.get("id") is not None else None

    def _further_seasons(self, value: str, numbers: Sequence[int]) -> dict[str, Any]:
        try:
            asked = ",".join(f"season/{number}" for number in numbers)
            found = _Show(self.line).details(value, append_to_response=asked)
        except Missing:
            return {}
        return {key: part for key, part in found.items() if key.startswith("season/")}


def _list(found: Any, key: str) -> list[dict[str, Any]]:
    some = found.get(key) if isinstance(found, dict) else None
    return [one for one in some if isinstance(one, dict) and one.get("id")] if isinstance(some, list) else []


def _from_line(kind: Kind, one: Mapping[str, Any]) -> Candidate:
    names = _texts(one.get("title") or one.get("name"), one.get("original_title") or one.get("original_name"))
    genres = one.get("genre_ids")
    return Candidate(
        provider="tmdb",
        value=str(one["id"]),
        kind=kind,
        names=names,
        year=_year(one.get("release_date") or one.get("first_air_date")),
        language=_text(one.get("original_language")),
        countries=_texts(*(one.get("origin_country") or ())),
        popularity=_number(one.get("popularity")) or 0.0,
        is_anime=None if not isinstance(genres, list) else _is_anime(genres, one),
        overview=_text(one.get("overview")),
        poster=_text(one.get("poster_path")),
        ids={"tmdb": str(one["id"])},
    )


def _whole_candidate(kind: Kind, found: Mapping[str, Any]) -> Candidate:
    seasons = [one for one in found.get("seasons") or () if isinstance(one, dict)]
    episodes = [one for season in _seasons(found, "") for one in season.episodes]
    genres = [one.get("id") for one in found.get("genres") or () if isinstance(one, dict)]
    names = _texts(found.get("title") or found.get("name"), found.get("original_title") or found.get("original_name"))
    countries = found.get("origin_country") or [
        one.get("iso_3166_1") for one in found.get("production_countries") or () if isinstance(one, dict)
    ]
    return Candidate(
        provider="tmdb",
        value=str(found["id"]),
        kind=kind,
        names=names,
        other_names=_other_names(found, names),
        year=_year(found.get("release_date") or found.get("first_air_date")),
        years=frozenset(year for one in seasons if (year := _year(one.get("air_date"))) is not None),
        runtimes=_runtimes(kind, found, episodes),
        language=_text(found.get("original_language")),
        countries=_texts(*countries),
        popularity=_number(found.get("popularity")) or 0.0,
        is_anime=_is_anime(genres, found),
        seasons={int(one["season_number"]): int(one.get("episode_count") or 0) for one in seasons if _is_count(one)},
        episode_names={(one.season, one.number): one.name for one in episodes if one.name},
        ids=_ids(found),
        overview=_text(found.get("overview")),
        poster=_text(found.get("poster_path")),
        is_whole=True,
    )


def _work(kind: Kind, found: Mapping[str, Any], pictures: str) -> WorkFacts:
    names = _texts(found.get("title") or found.get("name"), found.get("original_title") or found.get("original_name"))
    runtimes = _runtimes(kind, found, [one for season in _seasons(found, pictures) for one in season.episodes])
    collection = found.get("belongs_to_collection")
    genres = [one.get("id") for one in found.get("genres") or () if isinstance(one, dict)]
    votes = _number(found.get("vote_count")) or 0.0
    return WorkFacts(
        provider="tmdb",
        value=str(found["id"]),
        kind=kind,
        name=names[0] if names else str(found["id"]),
        original_name=names[1] if len(names) > 1 else None,
        original_language=_text(found.get("original_language")),
        localized=_localized(found),
        other_names=_other_names(found, names),
        year=_year(found.get("release_date") or found.get("first_air_date")),
        overview=_text(found.get("overview")),
        rating=_number(found.get("vote_average")) if votes else None,
        popularity=_number(found.get("popularity")) or 0.0,
        runtime_min=runtimes[0] if runtimes else None,
        genres=_texts(*(one.get("name") for one in found.get("genres") or () if isinstance(one, dict))),
        people=tuple(_people(found, pictures)),
        collection=(str(collection["id"]), str(collection["name"]))
        if isinstance(collection, dict) and collection.get("id") and collection.get("name")
        else None,
        ids=_ids(found),
        pictures=tuple(_pictures(found, pictures)),
        seasons=tuple(_seasons(found, pictures)),
        is_anime=_is_anime(genres, found),
    )


def _seasons(found: Mapping[str, Any], pictures: str) -> Iterator[SeasonFacts]:
    for one in found.get("seasons") or ():
        if not isinstance(one, dict) or not _is_count(one):
            continue
        number = int(one["season_number"])
        whole = found.get(f"season/{number}")
        episodes = whole.get("episodes") if isinstance(whole, dict) else None
        yield SeasonFacts(
            number=number,
            name=_text(one.get("name")),
            overview=_text(one.get("overview")),
            episode_count=int(one.get("episode_count") or 0),
            episodes=tuple(_episodes(episodes or (), number, pictures)),
        )


def _episodes(rows: Iterable[Any], season: int, pictures: str) -> Iterator[EpisodeFacts]:
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("episode_number"), int):
            continue
        still = _text(row.get("still_path"))
        yield EpisodeFacts(
            season=season,
            number=float(row["episode_number"]),
            name=_text(row.get("name")),
            overview=_text(row.get("overview")),
            air_date=_date(row.get("air_date")),
            runtime_min=_number(row.get("runtime")),
            still=_picture_url(pictures, "still", still) if still else None,
        )


def _runtimes(kind: Kind, found: Mapping[str, Any], episodes: Sequence[EpisodeFacts]) -> tuple[float, ...]:
    if kind == "movie":
        length = _number(found.get("runtime"))
        return (length,) if length else ()
    said = [one for one in map(_number, found.get("episode_run_time") or ()) if one]
    known = sorted({one.runtime_min for one in episodes if one.runtime_min})
    return tuple(dict.fromkeys((*said, *known)))


def _other_names(found: Mapping[str, Any], names: Sequence[str]) -> tuple[str, ...]:
    other = found.get("alternative_titles")
    rows: list[Any] = []
    if isinstance(other, dict):
        rows = [*(other.get("titles") or ()), *(other.get("results") or ())]
    told = [one.get("title") for one in rows if isinstance(one, dict)]
    told += [_translated(one)[1] for one in _translations(found)]
    return tuple(name for name in _texts(*told) if name not in names)


def _localized(found: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    texts: dict[str, dict[str, str]] = {}
    for one in _translations(found):
        language, name, overview = _translated(one)
        told = {key: text for key, text in (("name", name), ("overview", overview)) if text}
        if language and told:
            texts.setdefault(language, told)
    return texts


def _translations(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    whole = found.get("translations")
    rows = whole.get("translations") if isinstance(whole, dict) else None
    return [one for one in rows or () if isinstance(one, dict) and isinstance(one.get("data"), dict)]


def _translated(one: Mapping[str, Any]) -> tuple[str | None, str | None, str | None]:
    language, country = _text(one.get("iso_639_1")), _text(one.get("iso_3166_1"))
    if (language, country) in {("pt", "BR"), ("zh", "TW")}:
        language = f"{language}-{country}"
    data = one["data"]
    return language, _text(data.get("title") or data.get("name")), _text(data.get("overview"))


def _people(found: Mapping[str, Any], pictures: str) -> Iterator[Part]:
    credit = found.get("credits") or found.get("aggregate_credits") or {}
    cast = [one for one in credit.get("cast") or () if isinstance(one, dict) and one.get("name") and one.get("id")]
    for place, one in enumerate(sorted(cast, key=lambda row: row.get("order") or 0)[:MOST_CAST]):
        roles = [role for role in one.get("roles") or () if isinstance(role, dict)]
        character = _text(one.get("character")) or (_text(roles[0].get("character")) if roles else None)
        yield Part(str(one["name"]), "actor", str(one["id"]), character, place, _portrait(one, pictures))
    seen: set[tuple[str, str]] = set()
    for one in [*(found.get("created_by") or ()), *(credit.get("crew") or ())]:
        if not isinstance(one, dict) or not one.get("name") or not one.get("id"):
            continue
        jobs = [one.get("job"), *(job.get("job") for job in one.get("jobs") or () if isinstance(job, dict))]
        named = ["creator"] if "job" not in one and "jobs" not in one else [_JOBS[job] for job in jobs if job in _JOBS]
        for job in named:
            if (str(one["id"]), job) not in seen:
                seen.add((str(one["id"]), job))
                yield Part(str(one["name"]), job, str(one["id"]), None, len(seen), _portrait(one, pictures))


def _portrait(one: Mapping[str, Any], pictures: str) -> str | None:
    path = _text(one.get("profile_path"))
    return _picture_url(pictures, "portrait", path) if path else None


def _pictures(found: Mapping[str, Any], base: str) -> Iterator[RemotePicture]:
    images = found.get("images") if isinstance(found.get("images"), dict) else {}
    kinds: tuple[tuple[PictureKind, str, str], ...] = (
        ("poster", "poster_path", "posters"),
        ("backdrop", "backdrop_path", "backdrops"),
        ("logo", "logo_path", "logos"),
    )
    for kind, first, rest in kinds:
        chosen = _text(found.get(first))
        rows = [one for one in (images or {}).get(rest) or () if isinstance(one, dict) and _text(one.get("file_path"))]
        if chosen and all(one.get("file_path") != chosen for one in rows):
            yield RemotePicture(kind, _picture_url(base, kind, chosen), votes=10.0)
        for one in rows[:MOST_PICTURES]:
            yield RemotePicture(
                kind,
                _picture_url(base, kind, str(one["file_path"])),
                width=one.get("width") if isinstance(one.get("width"), int) else None,
                height=one.get("height") if isinstance(one.get("height"), int) else None,
                language=_text(one.get("iso_639_1")),
                votes=10.0 if one["file_path"] == chosen else _number(one.get("vote_average")) or 0.0,
            )


def _picture_url(base: str, kind: str, path: str) -> str:
    return f"{base}{PICTURE_SIZES[kind]}{path if path.startswith('/') else f'/{path}'}"


def _ids(found: Mapping[str, Any]) -> dict[str, str]:
    outside = found.get("external_ids") if isinstance(found.get("external_ids"), dict) else {}
    ids = {"tmdb": str(found["id"])}
    for provider, key in OTHER_PROVIDERS.items():
        value = (outside or {}).get(key) or found.get(key)
        if value:
            ids[provider] = str(value)
    return ids


def _is_anime(genres: Sequence[Any], found: Mapping[str, Any]) -> bool:
    is_japanese = found.get("original_language") == "ja" or "JP" in (found.get("origin_country") or ())
    return ANIMATION in genres and is_japanese


def _is_count(season: Mapping[str, Any]) -> bool:
    return isinstance(season.get("season_number"), int)


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _texts(*values: Any) -> tuple[str, ...]:
    """The texts among values, each once, in order."""
    return tuple(dict.fromkeys(text for text in map(_text, values) if text))


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _date(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10]) if value else None
    except ValueError:
        return None


def _year(value: Any) -> int | None:
    found = _date(value)
    if found is not None:
        return found.year
    text = str(value or "")[:4]
    return int(text) if text.isdigit() and len(text) == 4 else None
