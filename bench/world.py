"""A made catalog of any size: works with files, as a scan leaves them, and people who watch."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from app.core.query import name_key

ROOT = Path(__file__).resolve().parents[1]
GENERATOR = ROOT.parent / "shared" / "gen" / "titles.py"
BATCH = 200
GENRES = ("Action", "Comedy", "Crime", "Drama", "Fantasy", "Horror", "Mystery", "Romance", "Thriller", "War")


def works(count: int) -> list[dict[str, Any]]:
    """This many works: of the shared generator where it is there, else of simple names."""
    if not GENERATOR.exists():
        return list(_plain_works(count))
    with tempfile.TemporaryDirectory() as folder:
        made = str(int(count / 0.85) + 100)
        subprocess.run([sys.executable, str(GENERATOR), made, "10", "7", folder], check=True)
        lines = (Path(folder) / "works.jsonl").read_text(encoding="utf-8").splitlines()
    distinct: dict[Any, dict[str, Any]] = {}
    for line in lines:
        work = json.loads(line)
        work["seasons"] = work["seasons"][:1]
        distinct.setdefault((name_key(work["kind"], work["title"]), work["year"]), work)
    return list(distinct.values())[:count]


def fill(world: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Makes the tables of the configured database and puts the works in, each film and episode with a file."""
    from app.adapters.clock import now
    from app.catalog.models import Genre
    from app.extensions import db, writing
    from app.factory import core
    from app.library.models import Library
    from config import Config

    app, r = core(Config.from_env()), random.Random(7)
    with app.app_context():
        db.create_all()
        with writing() as session:
            library = Library(name="All", path="/media", kind="mixed", created_at=now())
            session.add(library)
            session.add_all(Genre(name=name) for name in GENRES)
            session.flush()
            library_id = library.id
        files = 0
        for start in range(0, len(world), BATCH):
            files += _fill_batch(world[start : start + BATCH], library_id, r)
        return {"works": len(world), "files": files}


def people(count: int) -> tuple[list[str], dict[str, Any]]:
    """Accounts with histories: their access tokens, and what a client may ask for."""
    from app.accounts import guards, service, sign_ins
    from app.accounts.models import Profile
    from app.adapters.clock import now
    from app.catalog.models import Episode, Title
    from app.extensions import db, writing
    from app.factory import web
    from config import Config

    app, r, tokens = web(Config.from_env()), random.Random(), []
    with app.app_context():
        titles = db.session.execute(select(Title.id, Title.kind, Title.name)).all()
        episodes = db.session.execute(select(Episode.id, Episode.title_id)).all()
        films = [row.id for row in titles if row.kind == "movie"]
        for number in range(count):
            with writing():
                user = service.create_user(
                    username=f"user{number}-{r.randrange(10**9)}", password_hash="x", role="user", now=now()
                )
                device = sign_ins.Device("bench", "127.0.0.1")
                granted = sign_ins.start(user, device=device, with_cookie=False, signer=guards.signer(), now=now())
                user_id = user.id
            tokens.append(granted.access_token)
            profile_id = db.session.scalars(select(Profile.id).where(Profile.user_id == user_id)).one()
            _watch(profile_id, r.sample(films, 300), r.sample(episodes, 300), r)
        pages = {kind: max(2, sum(row.kind == kind[:-1] for row in titles) // 50) for kind in ("movies", "shows")}
    return tokens, {
        "films": [f"m{key}" for key in films],
        "shows": [f"s{row.id}" for row in titles if row.kind == "show"],
        "episodes": [f"e{row.id}" for row in episodes],
        "names": [row.name for row in titles],
        "genres": GENRES,
        "pages": pages,
    }


def _watch(profile_id: int, films: Sequence[int], episodes: Sequence[Any], r: random.Random) -> None:
    from app.adapters.clock import now
    from app.extensions import writing
    from app.personal.service import record_progress

    seen = [(f"m{key}", key, None) for key in films] + [(f"e{row.id}", row.title_id, row.id) for row in episodes]
    with writing():
        for turn, (media_id, title_id, episode_id) in enumerate(seen):
            record_progress(
                profile_id=profile_id,
                media_id=media_id,
                title_id=title_id,
                episode_id=episode_id,
                position=r.choice([600.0, 3500.0]),
                duration=3600.0,
                signature=None,
                session_id=f"{profile_id}-{turn}",
                now=now() - timedelta(minutes=turn),
            )


def _fill_batch(batch: Sequence[dict[str, Any]], library_id: int, r: random.Random) -> int:
    from app.adapters.clock import now
    from app.catalog import service
    from app.catalog.models import Artwork, TitleGenre
    from app.core.identify import Identification
    from app.extensions import writing
    from app.library.counts import recount

    at, touched, holders, pictures = now(), set(), [], []
    named = [
        Identification(path=work["title"], kind=work["kind"], title=work["title"], year=work["year"], confidence=0.9)
        for work in batch
    ]
    with writing() as session:
        service.prefetch(named)
        for work, identification in zip(batch, named, strict=True):
            ensure = service.ensure_movie if work["kind"] == "movie" else service.ensure_show
            title = ensure(identification, anime=work["anime"], now=at)
            title.popularity, title.rating = work["popularity"], round(r.uniform(3, 9.5), 1)
            title.original_name, title.overview = work["original_title"], work["overview"]
            service.describe(title, now=at)
            pictures.append(_picture(title.id, at))
            session.execute(insert(TitleGenre), [{"title_id": title.id, "genre_id": key} for key in _genres(r)])
            touched.add(title.id)
            if work["kind"] == "movie":
                holders.append({"title_id": title.id, "episode_id": None})
            for season in work["seasons"]:
                for facts in season["episodes"]:
                    episode = service.ensure_episode(
                        title, season["season"], facts["number"], name=facts["name"], now=at
                    )
                    holders.append({"title_id": None, "episode_id": episode.id})
        _add_files(session, holders, library_id, r, at)
        session.execute(insert(Artwork), pictures)
        recount(touched)
    return len(holders)


def _genres(r: random.Random) -> list[int]:
    return r.sample(range(1, len(GENRES) + 1), 2)


def _picture(title_id: int, at: Any) -> dict[str, Any]:
    size = {"width": 400, "height": 600, "thumbhash": "1QcSHQRnh493V4dIh4eXh1h4kJUI", "tint": "20,30,40"}
    return {"title_id": title_id, "kind": "poster", "origin": "sidecar", "path": "x", "updated_at": at, **size}


def _add_files(session: Any, holders: Sequence[dict[str, Any]], library_id: int, r: random.Random, at: Any) -> None:
    from app.library.models import FilePart, MediaFile, MediaStream

    rows = [
        {
            "library_id": library_id,
            "folder": f"folder {r.randrange(10**9)}",
            "name": f"file {r.randrange(10**9)}.mkv",
            "size": 10**9,
            "mtime_ns": 10**18,
            "signature": f"{r.randrange(16**32):032x}",
            "container": "matroska",
            "duration": r.uniform(1200, 9000),
            "quality": "1080p",
            "added_at": at,
            "updated_at": at,
            "tags": {},
        }
        for _ in holders
    ]
    ids = list(session.scalars(insert(MediaFile).returning(MediaFile.id, sort_by_parameter_order=True), rows))
    session.execute(insert(FilePart), [{"file_id": key, **one} for key, one in zip(ids, holders, strict=True)])
    streams = [
        {"index": 0, "kind": "video", "codec": "h264", "width": 1920, "height": 1080, "channels": None},
        {"index": 1, "kind": "audio", "codec": "aac", "width": None, "height": None, "channels": 2},
        {"index": 2, "kind": "subtitle", "codec": "subrip", "width": None, "height": None, "channels": None},
    ]
    session.execute(insert(MediaStream), [{"file_id": key, "facts": {}, **one} for key in ids for one in streams])


def _plain_works(count: int) -> Iterator[dict[str, Any]]:
    r = random.Random(7)
    first = ["Silent", "Crimson", "Last", "Hidden", "Broken", "Golden", "Winter", "Electric", "Hollow", "Distant"]
    second = ["River", "Garden", "Station", "Letters", "Harbor", "Machine", "Mountain", "Promise", "Orchard", "Signal"]
    for number in range(count):
        name = f"{r.choice(first)} {r.choice(second)} {number}"
        episodes = [{"number": n, "name": f"{r.choice(first)} {r.choice(second)}"} for n in range(1, 11)]
        is_show = number % 4 == 0
        yield {
            "kind": "show" if is_show else "movie",
            "anime": number % 16 == 0,
            "title": name,
            "original_title": name,
            "overview": f"A story about {name}.",
            "year": r.randrange(1930, 2026),
            "popularity": r.paretovariate(1.1),
            "seasons": [{"season": 1, "episodes": episodes}] if is_show else [],
        }
