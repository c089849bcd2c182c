"""A server that speaks TMDB's language over a made world: search, details, seasons, ids, configuration, pictures.

Shapes of answers are those of the real service, mistakes included: it can be told to refuse keys, to be busy, slow or
broken (`behave`). It counts what it was asked.
"""

from __future__ import annotations

import io
import json
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from PIL import Image

from app.core.query import fold

PER_PAGE = 20
KEY = "a-key-for-tests"
ANSWER = Callable[["Handler"], bool]
"""Answers a request in place of the server; False leaves it to the server."""


class World:
    """The works a server knows, by kind and number, found by words as TMDB finds them: every word must be there."""

    def __init__(self, works: Iterable[Mapping[str, Any]]) -> None:
        self.works: dict[tuple[str, int], Mapping[str, Any]] = {}
        self._words: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
        for work in works:
            self.add(work)

    def add(self, work: Mapping[str, Any]) -> None:
        kind, number = work["kind"], int(work["id"])
        self.works[kind, number] = work
        for name in names_of(work):
            for word in fold(name).split():
                self._words[kind, word].add(number)

    def search(self, kind: str, query: str, year: int | None) -> list[Mapping[str, Any]]:
        words = fold(query).split()
        if not words:
            return []
        numbers = set.intersection(*(self._words.get((kind, word), set()) for word in words))
        found = [self.works[kind, number] for number in numbers]
        found = [work for work in found if any(set(words) <= set(fold(name).split()) for name in names_of(work))]
        if year is not None:
            found = [work for work in found if work["year"] == year]
        asked = " ".join(words)
        return sorted(found, key=lambda work: (fold(work["title"]) != asked, -work["popularity"], work["id"]))

    def by_other_id(self, source: str, value: str) -> Iterator[Mapping[str, Any]]:
        for work in self.works.values():
            if work.get(source) == value:
                yield work


def names_of(work: Mapping[str, Any]) -> list[str]:
    return [work["title"], work["original_title"], *work["alternative_titles"]]


class Handler(BaseHTTPRequestHandler):
    """One request. `server` carries the world."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Fake
    quiet: ClassVar[bool] = True

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.place = parts.path.removeprefix("/3")
        self.server.asked[self.place] += 1
        self.server.paths.append(self.path)
        if self.server.answer is not None and self.server.answer(self):
            return
        if self.place.startswith("/t/p/"):
            self.send(200, picture(self.place), "image/jpeg")
        elif self.query.get("api_key") != KEY:
            self.send_json(401, {"status_code": 7, "status_message": "Invalid API key.", "success": False})
        else:
            found = self.server.find(self.place, self.query)
            if found is None:
                found = {"success": False, "status_code": 34, "status_message": "The resource could not be found."}
                self.send_json(404, found)
            else:
                self.send_json(200, found)

    def send_json(self, status: int, body: Any, **headers: str) -> None:
        self.send(status, json.dumps(body).encode(), "application/json;charset=utf-8", **headers)

    def send(self, status: int, body: bytes, kind: str, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        pass


class Fake(ThreadingHTTPServer):
    """The server. `answer` may answer in its place; `asked` counts paths."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, world: World) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.world = world
        self.answer: ANSWER | None = None
        self.asked: Counter[str] = Counter()
        self.paths: list[str] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what some tests are about."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def find(self, place: str, query: Mapping[str, str]) -> Any:
        pieces = place.strip("/").split("/")
        if pieces == ["configuration"]:
            return {"images": {"base_url": f"{self.url}/t/p/", "secure_base_url": f"{self.url}/t/p/"}}
        if pieces[0] == "search" and len(pieces) == 2:
            return self._search("movie" if pieces[1] == "movie" else "show", query)
        if pieces[0] == "find" and len(pieces) == 2:
            found = list(self.world.by_other_id(query.get("external_source", ""), pieces[1]))
            return {
                "movie_results": [line(work) for work in found if work["kind"] == "movie"],
                "tv_results": [line(work) for work in found if work["kind"] == "show"],
                "person_results": [],
            }
        if pieces[0] in {"movie", "tv"} and len(pieces) == 2 and pieces[1].isdigit():
            work = self.world.works.get(("movie" if pieces[0] == "movie" else "show", int(pieces[1])))
            return None if work is None else whole(work, query.get("append_to_response", "").split(","))
        return None

    def _search(self, kind: str, query: Mapping[str, str]) -> Any:
        year = query.get("year") or query.get("primary_release_year") or query.get("first_air_date_year")
        found = self.world.search(kind, query.get("query", ""), int(year) if year else None)
        page = int(query.get("page", "1"))
        shown = found[(page - 1) * PER_PAGE : page * PER_PAGE]
        return {
            "page": page,
            "results": [line(work) for work in shown],
            "total_pages": -(-len(found) // PER_PAGE),
            "total_results": len(found),
        }


def line(work: Mapping[str, Any]) -> dict[str, Any]:
    """What a search says of a work."""
    day = f"{work['year']}-06-15" if work["year"] else ""
    common = {
        "id": work["id"],
        "genre_ids": [16, 18] if work["anime"] else [18],
        "original_language": work["language"],
        "overview": work["overview"],
        "popularity": work["popularity"],
        "poster_path": f"/poster-{work['id']}.jpg",
        "backdrop_path": f"/backdrop-{work['id']}.jpg",
        "vote_average": 7.1,
        "vote_count": 120,
    }
    if work["kind"] == "movie":
        return {
            **common,
            "title": work["title"],
            "original_title": work["original_title"],
            "release_date": day,
            "adult": False,
            "video": False,
        }
    return {
        **common,
        "name": work["title"],
        "original_name": work["original_title"],
        "first_air_date": day,
        "origin_country": ["JP"] if work["anime"] else ["US"],
    }


def whole(work: Mapping[str, Any], parts: Iterable[str]) -> dict[str, Any]:
    """What the details say of it, with what was asked to be appended."""
    found: dict[str, Any] = {key: value for key, value in line(work).items() if key != "genre_ids"}
    found["genres"] = [{"id": 18, "name": "Drama"}, *([{"id": 16, "name": "Animation"}] if work["anime"] else [])]
    is_movie = work["kind"] == "movie"
    if is_movie:
        found |= {
            "runtime": work["runtime_min"],
            "imdb_id": work.get("imdb_id"),
            "belongs_to_collection": work.get("collection"),
        }
    else:
        found |= {
            "episode_run_time": [work["runtime_min"]],
            "number_of_seasons": len(work["seasons"]),
            "created_by": [],
            "seasons": [
                {
                    "id": season["season"],
                    "air_date": season["episodes"][0]["air_date"],
                    "episode_count": len(season["episodes"]),
                    "name": f"Season {season['season']}",
                    "overview": "",
                    "season_number": season["season"],
                }
                for season in work["seasons"]
            ],
        }
    for part in parts:
        found |= _appended(work, part, is_movie=is_movie)
    return found


def _appended(work: Mapping[str, Any], part: str, *, is_movie: bool) -> dict[str, Any]:
    if part == "alternative_titles":
        told = [{"iso_3166_1": "XX", "title": title, "type": ""} for title in work["alternative_titles"]]
        return {part: {"titles" if is_movie else "results": told}}
    if part == "translations":
        told = [
            {
                "iso_639_1": language,
                "iso_3166_1": language.upper(),
                "name": language,
                "english_name": language,
                "data": {"title" if is_movie else "name": texts["name"], "overview": texts.get("overview", "")},
            }
            for language, texts in work.get("translations", {}).items()
        ]
        return {part: {"translations": told}}
    if part in {"credits", "aggregate_credits"}:
        return {part: {"cast": work.get("cast", []), "crew": work.get("crew", [])}}
    if part == "external_ids":
        return {part: {"imdb_id": work.get("imdb_id"), "tvdb_id": work.get("tvdb_id")}}
    if part == "images":
        return {part: {"posters": [], "backdrops": [], "logos": []}}
    for season in work["seasons"]:
        if part == f"season/{season['season']}":
            return {
                part: {
                    "season_number": season["season"],
                    "name": f"Season {season['season']}",
                    "overview": "",
                    "episodes": [_episode(season["season"], one) for one in season["episodes"]],
                }
            }
    return {}


def _episode(season: int, one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": season * 1000 + one["number"],
        "season_number": season,
        "episode_number": one["number"],
        "name": one["name"],
        "overview": "",
        "air_date": one["air_date"],
        "runtime": one["runtime_min"],
        "still_path": None,
    }


def picture(name: str) -> bytes:
    """A small JPEG whose colour follows from its name."""
    tone = sum(name.encode()) % 200
    out = io.BytesIO()
    Image.new("RGB", (400, 600), (tone, 90, 200 - tone)).save(out, "JPEG")
    return out.getvalue()


@contextmanager
def serving(works: Iterable[Mapping[str, Any]]) -> Iterator[Fake]:
    """A server over these works while the block runs."""
    server = Fake(World(works))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


def failing(status: int, body: bytes = b"<html>busy</html>", *, times: int | None = None, **headers: str) -> ANSWER:
    """Answers with a failure: always, or this many times."""
    left = [times]

    def answer(handler: Handler) -> bool:
        if left[0] is not None:
            if left[0] <= 0:
                return False
            left[0] -= 1
        handler.send(status, body, "text/html", **headers)
        return True

    return answer


def slow(seconds: float) -> ANSWER:
    """Says nothing for so long."""

    def answer(_handler: Handler) -> bool:
        time.sleep(seconds)
        return False

    return answer
