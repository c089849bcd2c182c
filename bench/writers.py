"""One process of writers: mixed write units against the configured database, every one of which must succeed."""

from __future__ import annotations

import json
import random
import threading
import time
from typing import Any

from sqlalchemy import select


def write(process: int, *, threads: int, units: int) -> int:
    """Runs the writers and prints one JSON line: how long each unit took, and every error."""
    from app.accounts.models import Profile
    from app.catalog.models import Title
    from app.extensions import db
    from app.factory import core
    from config import Config

    app = core(Config.from_env())
    with app.app_context():
        profiles = list(db.session.scalars(select(Profile.id)))
        films = list(db.session.scalars(select(Title.id).where(Title.kind == "movie").limit(500)))
    times: list[float] = []
    errors: list[str] = []

    def work(number: int) -> None:
        r = random.Random(process * 100 + number)
        with app.app_context():
            for turn in range(units):
                started = time.perf_counter()
                try:
                    _unit(r, f"{process}-{number}-{turn}", profiles, films)
                except Exception as error:  # noqa: BLE001 - every kind of failure is what is counted here
                    errors.append(repr(error)[:300])
                times.append(round((time.perf_counter() - started) * 1000, 2))
                db.session.remove()

    writers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    print(json.dumps({"ms": times, "errors": errors}))
    return 0


def _unit(r: random.Random, name: str, profiles: list[int], films: list[int]) -> None:
    """What a player, a person or a scan does in one write unit; each reads first, as a request does."""
    from app.adapters.clock import now
    from app.catalog import service as catalog
    from app.catalog.models import Title
    from app.core.identify import Identification
    from app.extensions import db, writing
    from app.personal import playlists, service

    profile_id, title_id = r.choice(profiles), r.choice(films)
    media_id, at = f"m{title_id}", now()
    db.session.get_one(Title, title_id)
    with writing():
        match r.randrange(6):
            case 0 | 1 | 2:
                facts: dict[str, Any] = {"title_id": title_id, "episode_id": None, "signature": "abc"}
                service.record_progress(
                    profile_id=profile_id,
                    media_id=media_id,
                    position=r.uniform(0, 3600),
                    duration=3600.0,
                    session_id=f"{profile_id}-{r.randrange(50)}",
                    now=at,
                    **facts,
                )
            case 3:
                service.put_on_list(profile_id=profile_id, media_id=media_id, title_id=title_id, now=at)
                service.rate(profile_id=profile_id, media_id=media_id, title_id=title_id, value=7.0, now=at)
            case 4:
                made = playlists.create(profile_id=profile_id, name=name, description=None, now=at)
                playlists.append(made, [(media_id, title_id)], now=at)
            case _:
                found = Identification(path=f"{name}.mkv", kind="movie", title=f"Written {name}", year=2020)
                catalog.ensure_movie(found, now=at)
