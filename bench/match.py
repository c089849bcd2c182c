"""How often files are held to be the right work, over a made world full of look-alikes.

    python -m bench.match [--works 20000] [--files 3000] [--seed 11] [--wrong FILE]

The world and the paths are of `../shared/gen/titles.py`; a server on loopback speaks TMDB's language over the works
that it knows (a part of the files are of works that it does not). The files are rows, as a scan leaves them, placed by
the product's own code and matched by its own job over real HTTP. Exits 1 when a promise is broken: of what is matched
99 % is right; of the decidable files whose work is known 95 % are matched; of the unknown ones 95 % are left alone.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bench.world import GENERATOR
from tests.databases import redis_server
from tests.fakes import tmdb

LIBRARIES = {"Movies": "movies", "Shows": "shows", "Anime": "anime"}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--works", type=int, default=20_000)
    options.add_argument("--files", type=int, default=3_000)
    options.add_argument("--seed", type=int, default=11)
    options.add_argument("--wrong", type=Path, help="write what was not right here, a JSON object a line")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = [str(chosen.works), str(chosen.files), str(chosen.seed), folder]
        subprocess.run([sys.executable, str(GENERATOR), *made], check=True)
        works = list(_lines(Path(folder, "works.jsonl")))
        files = list(_lines(Path(folder, "files.jsonl")))
        with tmdb.serving(works) as server, redis_server(Path(folder)) as redis_url:
            os.environ.update(
                MATINEE_DATA_DIR=str(Path(folder, "data")),
                REDIS_URL=redis_url,
                TMDB_API_KEY=tmdb.KEY,
                TMDB_BASE_URL=server.url,
            )
            answers, seconds = matched(files)
            asked = sum(server.asked.values())
    tally = judge(files, answers, chosen.wrong)
    print(f"{len(works)} works known, {len(files)} files, seed {chosen.seed}")
    print(f"{asked} questions, {asked / len(files):.1f} a file; {1000 * seconds / len(files):.1f} ms a file")
    shares = (
        ("right, of what is matched", tally["right"], tally["right"] + tally["wrong"], 0.99),
        ("matched rightly, of the decidable and known", tally["decidable right"], tally["decidable"], 0.95),
        ("left alone, of the unknown", tally["unknown left"], tally["unknown"], 0.95),
    )
    broken = False
    for name, count, of, least in shares:
        share = count / max(1, of)
        broken |= share < least
        said = f"{name:46} {count:6} of {of:6} = {100 * share:6.2f} %"
        print(f"{said}   at least {100 * least:.0f} %   {'ok' if share >= least else 'UNDER'}")
    print(f"episodes in their right place, of the rightly matched: {tally['placed']} of {tally['episodes']}")
    return 1 if broken else 0


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def matched(files: list[dict[str, Any]]) -> tuple[dict[str, dict[str, Any]], float]:
    """What each path is held to be, and how long matching took: `{path: {value, title, episodes}}`."""
    from app.adapters import tmdb as line
    from app.extensions import db
    from app.factory import core
    from config import Config
    from workers import runtime

    line.PACE = "100000/second"  # the real server's limit says nothing of us
    app = core(Config.from_env())
    runtime.use(app)
    with app.app_context():
        db.create_all()
        ids = placed(files)
        began = time.monotonic()
        matching()
        seconds = time.monotonic() - began
        return answers(ids), seconds


def placed(files: list[dict[str, Any]]) -> dict[str, int]:
    """The files as rows of three libraries, placed as a scan places them: `{path: id}`."""
    from app.extensions import db, writing
    from app.library.models import Library, MediaFile
    from app.library.placing import Placing, identify_file, place

    when, ids = datetime.now(UTC), {}
    by_folder: dict[tuple[str, str], list[tuple[str, float]]] = defaultdict(list)
    for file in files:
        top, _, rest = file["path"].partition("/")
        folder, _, name = rest.rpartition("/")
        by_folder[top, folder].append((name, file["duration_s"]))
    for top, kind in LIBRARIES.items():
        with writing() as session:
            library = Library(name=top, path=f"/media/{top}", kind=kind, created_at=when)
            session.add(library)
            session.flush()
            library_id = library.id
        mine = sorted((folder, names) for (one, folder), names in by_folder.items() if one == top)
        for start in range(0, len(mine), 50):
            with writing() as session:
                placings = []
                for folder, names in mine[start : start + 50]:
                    for name, duration in names:
                        row = MediaFile(
                            library_id=library_id,
                            folder=folder,
                            name=name,
                            size=1 << 30,
                            mtime_ns=1,
                            signature=f"{top}/{folder}/{name}"[-60:],
                            state="ok",
                            role="main",
                            duration=duration,
                            added_at=when,
                            updated_at=when,
                        )
                        session.add(row)
                        session.flush()
                        ids[f"{top}/{folder}/{name}" if folder else f"{top}/{name}"] = row.id
                        found = identify_file(top, kind, folder, name, [other for other, _ in names])
                        placings.append(Placing(row.id, folder, found))
                place(placings, kind, now=when)
        db.session.rollback()
    return ids


def matching() -> None:
    """The metadata job over everything, without a queue behind it."""
    from app.catalog import providers
    from config import Config
    from workers.metadata import Matching, batches

    work: Any = SimpleNamespace(
        id=1, payload={}, hold=lambda: None, report=lambda *_a, **_k: None, raise_if_cancelled=lambda: None
    )
    provider = providers.tmdb(Config.from_env())
    assert provider is not None
    run = Matching(work, provider)
    for some in batches(work, has_provider=True):
        run.batch(some, 0, 1)
    if run.problem:
        raise SystemExit(run.problem)


def answers(ids: dict[str, int]) -> dict[str, dict[str, Any]]:
    from sqlalchemy import func, select

    from app.catalog.models import Episode, Season, Title, TitleMatch
    from app.extensions import db
    from app.library.models import FilePart

    rows = db.session.execute(
        select(
            FilePart.file_id,
            Title.name,
            TitleMatch.value,
            TitleMatch.reason,
            TitleMatch.candidates,
            Season.number,
            Episode.number,
            TitleMatch.said_name,
            TitleMatch.said_year,
        )
        .outerjoin(Episode, Episode.id == FilePart.episode_id)
        .outerjoin(Season, Season.id == Episode.season_id)
        .join(Title, Title.id == func.coalesce(FilePart.title_id, Episode.title_id))
        .outerjoin(TitleMatch, TitleMatch.title_id == Title.id)
        .order_by(FilePart.file_id, FilePart.order)
    )
    found: dict[int, dict[str, Any]] = {}
    for file_id, name, value, reason, candidates, season, number, said, year in rows:
        one = found.setdefault(
            file_id,
            {
                "value": value,
                "title": name,
                "reason": reason,
                "candidates": candidates,
                "episodes": [],
                "said": said,
                "year": year,
            },
        )
        if season is not None:
            one["episodes"].append((season, number))
    return {path: found.get(file_id, {"value": None, "episodes": []}) for path, file_id in ids.items()}


def judge(files: list[dict[str, Any]], answers: dict[str, dict[str, Any]], wrong: Path | None) -> Counter[str]:
    tally: Counter[str] = Counter()
    told = []
    for file in files:
        got = answers.get(file["path"], {"value": None, "episodes": []})
        truth = None if file["work"] is None else str(file["work"])
        is_right = got["value"] is not None and got["value"] == truth
        verdict = "right" if is_right else "wrong" if got["value"] is not None else "left"
        tally[verdict] += 1
        if truth is None:
            tally["unknown"] += 1
            tally["unknown left"] += got["value"] is None
        elif file["decidable"]:
            tally["decidable"] += 1
            tally["decidable right"] += is_right
        if is_right and file["season"]:
            tally["episodes"] += 1
            wanted = [(file["season"], float(number)) for number in file["episodes"]]
            tally["placed"] += got["episodes"] == wanted
            verdict = verdict if got["episodes"] == wanted else "misplaced"
        if verdict != "right" and not (truth is None and verdict == "left"):
            told.append({"verdict": verdict, **file, "got": got})
    if wrong is not None:
        wrong.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in told), encoding="utf-8")
    return tally


if __name__ == "__main__":
    sys.exit(main())
