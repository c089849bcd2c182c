"""What a server that was killed again and again must still hold: a whole catalog, every job once, whole cells."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from app.core.fmp4 import Malformed, boxes, sample_count
from workers.engines import ffmpeg

ONCE = {
    "files that stand twice": "SELECT folder, name FROM media_file GROUP BY 1, 2 HAVING count(*) > 1",
    "files that are missing": "SELECT name FROM media_file WHERE missing_since IS NOT NULL",
    "files without one picture stream": (
        "SELECT f.name FROM media_file f LEFT JOIN media_stream s ON s.file_id = f.id"
        " GROUP BY f.id HAVING count(s.id) != 1"
    ),
    "files that do not hold one film": (
        "SELECT f.name FROM media_file f LEFT JOIN file_part p ON p.file_id = f.id"
        " GROUP BY f.id HAVING count(p.id) != 1"
    ),
    "films that not one file holds": (
        "SELECT t.name FROM title t LEFT JOIN file_part p ON p.title_id = t.id GROUP BY t.id HAVING count(p.id) != 1"
    ),
    "films that search does not know": (
        "SELECT t.name FROM title t LEFT JOIN search_entry e ON e.title_id = t.id GROUP BY t.id HAVING count(e.id) != 1"
    ),
    "films without a picture": (
        "SELECT t.name FROM title t LEFT JOIN artwork a ON a.title_id = t.id GROUP BY t.id HAVING count(a.id) = 0"
    ),
    "jobs that did not end well": "SELECT id, kind, state, error FROM job WHERE state != 'done'",
    "scans with effect twice": (
        "SELECT job_id FROM scan_run WHERE outcome = 'done' GROUP BY job_id, library_id HAVING count(*) > 1"
    ),
    "rows that lead nowhere": "PRAGMA foreign_key_check",
    "damage": "SELECT * FROM pragma_integrity_check WHERE integrity_check != 'ok'",
}
"""Questions to which a sound database answers with no row."""


def open_jobs(database: Path) -> int:
    """How many jobs wait or run now."""
    return _ask(database, "SELECT count(*) FROM job WHERE state IN ('queued', 'running')")[0][0]


def films(database: Path) -> int:
    return _ask(database, "SELECT count(*) FROM title WHERE kind = 'movie'")[0][0]


def complaints_of_database(database: Path, *, accepted: Iterable[int]) -> list[str]:
    """What is wrong with catalog and jobs. `accepted`: the jobs that the server said it would do."""
    found = [f"{what}: {rows[:5]}" for what, question in ONCE.items() if (rows := _ask(database, question))]
    done = {row[0] for row in _ask(database, "SELECT id FROM job WHERE state = 'done'")}
    lost = sorted(set(accepted) - done)
    return [*found, f"jobs lost: {lost}"] if lost else found


def _ask(database: Path, question: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=20)) as connection:
        return connection.execute(question).fetchall()


def complaints_of_store(store: Path) -> list[str]:
    """What is wrong with the visible cells: every one is whole, and all of a rendition decode to their pictures."""
    found = []
    for init in sorted(store.glob("cells/*/*/init.mp4")):
        cells = sorted(init.parent.glob("*.m4s"), key=lambda path: int(path.stem))
        counts = [_pictures(cell, found) for cell in cells]
        if None not in counts and counts:
            found += _decoded(init, cells, sum(count or 0 for count in counts))
    found += [f"{path}: a cell without its init" for path in store.glob("cells/*/*/*.m4s") if not _has_init(path)]
    for index in store.glob("index/*.json"):
        try:
            json.loads(index.read_bytes())
        except ValueError as error:
            found.append(f"{index.name}: {error}")
    return found


def _has_init(cell: Path) -> bool:
    return (cell.parent / "init.mp4").is_file()


def _pictures(cell: Path, complaints: list[str]) -> int | None:
    """How many samples a cell says it holds; None for a half one."""
    data = cell.read_bytes()
    try:
        return sum(sample_count(data[box.start : box.end]) for box in boxes(data) if box.kind == b"moof")
    except Malformed as error:
        complaints.append(f"{cell}: {error}")
        return None


def _decoded(init: Path, cells: list[Path], wanted: int) -> list[str]:
    with tempfile.NamedTemporaryFile(suffix=".mp4") as whole:
        whole.write(b"".join(path.read_bytes() for path in (init, *cells)))
        whole.flush()
        command = [ffmpeg.find(), "-v", "error", "-i", whole.name, "-map", "0:0", "-fps_mode", "passthrough"]
        done = subprocess.run([*command, "-f", "framecrc", "-"], capture_output=True, text=True, check=False)
    came = sum(1 for line in done.stdout.splitlines() if line and not line.startswith("#"))
    if done.stderr or came != wanted:
        return [f"{init.parent.name}: {came} of {wanted} samples decode; {done.stderr[:300]}"]
    return []
