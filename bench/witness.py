"""What a bench watches beside its players: how fast the server says that it lives, and what it holds for whom."""

from __future__ import annotations

import contextlib
import http.client
import json
import multiprocessing
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import quote, urlsplit

import redis

from app.transcoding import demand
from app.transcoding.keys import cell_of, recipe_of

EVERY_S = 0.02


@dataclass
class Answers:
    """How long `/health/live` took (s), each time over a connection of its own. A refusal counts as `refused`.

    `asked` says when, on the monotonic clock, which all processes of a machine share.
    """

    took: list[float] = field(default_factory=list)
    asked: list[float] = field(default_factory=list)
    refused: int = 0

    @property
    def worst(self) -> float:
        return max(self.took)

    def worst_between(self, since: float, until: float) -> float:
        """The slowest of the answers that were under way at any moment of this time; 0 where none was."""
        each = zip(self.asked, self.took, strict=True)
        return max((took for asked, took in each if asked <= until and asked + took >= since), default=0.0)

    @property
    def p99(self) -> float:
        return statistics.quantiles(self.took, n=100)[98]

    @property
    def median(self) -> float:
        return statistics.median(self.took)


def _ask(host: str, port: int, end: Connection) -> None:
    with contextlib.suppress(PermissionError):  # an asker that has to wait for a processor would count its own wait
        os.setpriority(os.PRIO_PROCESS, 0, -10)
    found = Answers()
    while not end.poll(EVERY_S):
        began = time.monotonic()
        door = http.client.HTTPConnection(host, port, timeout=20)
        try:
            door.request("GET", "/health/live")
            found.refused += door.getresponse().status != 200
        except (OSError, http.client.HTTPException):
            found.refused += 1
        finally:
            door.close()
        found.asked.append(began)
        found.took.append(time.monotonic() - began)
    end.send(found)


@contextmanager
def asking(url: str) -> Iterator[Answers]:
    """Asks from a process of its own, fifty times a second, as long as the block lasts; then the answers are there."""
    where = urlsplit(url)
    ours, theirs = multiprocessing.Pipe()
    asker = multiprocessing.get_context("spawn").Process(target=_ask, args=(where.hostname, where.port, theirs))
    asker.start()
    found = Answers()
    try:
        time.sleep(1.0)  # it loads its program
        yield found
    finally:
        ours.send("enough")
        heard: Answers = ours.recv()
        asker.join()
        found.took, found.asked, found.refused = heard.took, heard.asked, heard.refused


@dataclass(frozen=True, slots=True)
class Held:
    """What the server is busy with at one moment. `abandoned`: of what is at work, what no player needs.

    A run that nobody needs any more and that still waits for a slot (`forgotten`) ends as its turn comes.
    """

    leases: list[str]
    runs: list[str]
    places: int
    programs: int
    abandoned: list[str]
    forgotten: list[str]

    def __str__(self) -> str:
        return (
            f"{len(self.leases)} leases, {len(self.runs)} runs on their way, {self.places} places, "
            f"{self.programs} encoders; nobody needs {len(self.abandoned)} at work {sorted(self.abandoned)[:3]} and "
            f"{len(self.forgotten)} that wait for a slot"
        )

    def __bool__(self) -> bool:
        return bool(self.leases or self.runs or self.places or self.programs)


class Inside:
    """A look behind the public interface: Redis, processes and the store of a bench's server."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._client = redis.Redis.from_url(f"unix://{quote(str(folder / 'data' / 'run' / 'redis.sock'))}?db=0")

    def held(self) -> Held:
        """Leases, runs on their way, places of players, encoders."""
        leases = self._names("matinee:lease:*", "matinee:lease:")
        asked = self._names("matinee:asked:*", "matinee:asked:")
        runs = [*asked, *self._queued()]
        places = len(self._names("matinee:heads:*", ""))
        abandoned = [key for key in leases if not self._is_needed(key)]
        forgotten = [key for key in {*runs} if not self._is_needed(key)]
        return Held(leases, runs, places, len(self.encoders()), abandoned, forgotten)

    def _names(self, pattern: str, prefix: str) -> list[str]:
        return [name.decode().removeprefix(prefix) for name in self._client.scan_iter(pattern, count=1000)]

    def _queued(self) -> list[str]:
        """What the runs in the queues begin with. A run whose record ran out of time is worth nothing any more."""
        names = [name for lane in ("copy", "now", "ahead") for name in self._client.lrange(f"rq:queue:{lane}", 0, -1)]
        records = [self._client.hget(f"rq:job:{name.decode()}", "data") for name in names]
        return [_key_of(record) for record in records if record is not None]

    def _is_needed(self, key: str) -> bool:
        cell = cell_of(key)
        if cell is not None:
            return demand.is_needed(self._client, *cell)
        recipe = recipe_of(key)
        return recipe is None or bool(demand.needs(self._client, recipe))

    def encoders(self) -> list[int]:
        """Processes of ffmpeg that belong to this server, whoever their parent is now."""
        return [pid for pid, command in self.programs() if "ffmpeg" in command.partition("\0")[0]]

    def programs(self) -> list[tuple[int, str]]:
        """Every process that was started with this server's data folder."""
        mark = f"MATINEE_DATA_DIR={self._folder / 'data'}\0".encode()
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and mark in (entry / "environ").read_bytes():
                    found.append((int(entry.name), (entry / "cmdline").read_text(errors="replace")))
            except OSError:
                continue  # it has ended
        return found

    def processor_s(self, word: str) -> float:
        """Seconds of processor that the server's living processes with this word in their command have used."""
        spent = 0.0
        for pid, command in self.programs():
            if word in command:
                try:
                    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                spent += (int(fields[11]) + int(fields[12])) / 100
        return spent

    def made(self) -> dict[str, int]:
        """Cells made so far, by lane."""
        return {name.decode(): int(count) for name, count in self._client.hgetall("matinee:made-cells").items()}

    def stored_bytes(self) -> int:
        """What lies on the store, half-written files too."""
        total = 0
        for path in (self._folder / "transcodes").rglob("*"):
            try:
                total += path.stat().st_size if path.is_file() else 0
            except FileNotFoundError:
                continue
        return total


def _key_of(record: bytes) -> str:
    """The first product of a run, from RQ's record of it: `[function, instance, arguments, options]`, compressed."""
    import zlib

    try:
        record = zlib.decompress(record)
    except zlib.error:
        pass  # RQ compresses what was enqueued through it; a plain one is read as it is
    return str(json.loads(record)[2][0]["key"])
