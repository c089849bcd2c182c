"""Cells for players: found on the store, or sent for and waited for; and what comes next, sent ahead."""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

import redis

from app.adapters import metrics
from app.core.errors import Gone, Invalid, NotFound, Unavailable
from app.transcoding import demand, pace, runs
from app.transcoding.eviction import USED
from app.transcoding.keys import cell_of, cues_key, folder_key, index_key
from app.transcoding.renditions import AHEAD_S, Grid, Rendition
from app.transcoding.runs import Run
from app.transcoding.sources import PASSING, RETRY_S
from app.transcoding.store import Missing, Store
from app.transcoding.waiting import Faulty, HungUp, Place, WaitingRoom

BUILD = "matinee:ffmpeg"
"""The Redis key of the ffmpeg build that workers encode with now."""
KEPT_GRIDS = 64
KNOWN_S = 20.0
CELL_FOLLOWS_S = 0.25
BESIDE_S = 10.0


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for a cell, of which file. `position` is where the session said it is, if it did.

    `gone` tells whether the request was hung up meanwhile.
    """

    session: str
    file_id: int
    origin: str
    position: float | None = None
    gone: HungUp | None = None


def _raise_passing(fault: Faulty) -> None:
    """Raises Unavailable where the file is away for now: on its way to another folder, or with its disk."""
    if fault.code in PASSING:
        raise Unavailable(str(fault), code=fault.code, retry_after=RETRY_S) from fault


class Transcoding:
    """One for each process. Knows no viewer: sessions are words that tell wants apart."""

    def __init__(self, client: redis.Redis, store: Store, *, waits: int) -> None:
        self.client = client
        self.store = store
        self.room = WaitingRoom(client, store, limit=waits)
        self._grids: OrderedDict[tuple[str, str], Grid] = OrderedDict()
        self._known: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def grid(self, file_id: int, origin: str, *, longest_s: float | None = None) -> Grid:
        """The grid of a source, planned by a worker if nobody did yet.

        Raises Unavailable when that takes too long, Invalid when the file cannot be read.
        """
        build = self._build()
        kept = self._kept_grid(origin, build)
        if kept is not None:
            return kept
        grid = self._stored_grid(origin, build) if build else None
        if grid is None:
            run = Run("index", "copy", index_key(origin), file_id, origin)
            try:
                self.room.wait(run.key, run, longest_s=longest_s)
            except Faulty as fault:
                _raise_passing(fault)
                raise Invalid(f"This file cannot be played: {fault}", code="unreadable") from fault
            grid = self._stored_grid(origin, self._build())
        if grid is None:
            raise Invalid("This file cannot be played: its index was made by another version.", code="unreadable")
        with self._lock:
            self._grids[origin, grid.build] = grid
            while len(self._grids) > KEPT_GRIDS:
                self._grids.popitem(last=False)
        return grid

    def init(self, rendition: Rendition, asked: Asked) -> str:
        """The key of a rendition's init segment, on the store when this returns. Raises as `cell` does."""
        key = rendition.init_key
        if not self._has(key) and not self._comes_with_a_cell(rendition, key, asked):
            k, serial = self._place(rendition, asked), 0
            if k is None:
                k = rendition.timeline.segment_at(asked.position or 0.0)
                serial = self._follow(rendition, k, k, asked).serial
            self._wait(rendition, k, key, asked, Place(asked.session, rendition.kind, k, serial, rendition.recipe))
        self._use(key)
        return key

    def _comes_with_a_cell(self, rendition: Rendition, key: str, asked: Asked) -> bool:
        """Whether a run that the session's cell asks for makes the init as well, within a moment.

        Players ask for an init and the first cell they want in one breath. A run sent for the init alone would guess
        the place, and the guess would end the session's need of the cell.
        """
        if self._place(rendition, asked) is not None:
            return False
        try:
            self.room.wait(key, None, longest_s=CELL_FOLLOWS_S)
        except Unavailable:
            return False
        except Faulty as fault:
            raise self._gone(fault) from fault
        self._know(key)
        return True

    def _place(self, rendition: Rendition, asked: Asked) -> int | None:
        return demand.place_in(self.client, session=asked.session, recipe=rendition.recipe)

    def cell(self, rendition: Rendition, k: int, asked: Asked) -> tuple[str, float]:
        """The key of cell `k`, on the store when this returns, and how long it was waited for (s).

        Raises NotFound for a cell that the timeline does not have, Unavailable (with `retry_after`) when it is not
        ready in time, Gone when this rendition cannot be made any more and the player must prepare again.
        """
        if not 0 <= k < len(rendition.timeline):
            raise NotFound("There is no such segment.")
        key = rendition.cell_key(k)
        until = rendition.needed_until(k, position=asked.position)
        followed = self._follow(rendition, k, until, asked)
        waited = 0.0
        if not self._has(key):
            began = time.monotonic()
            place = (
                None
                if followed.parallel
                else Place(asked.session, rendition.kind, k, followed.serial, rendition.recipe)
            )
            self._wait(rendition, k, key, asked, place)
            waited = time.monotonic() - began
        self._use(key)
        self.send_ahead(rendition, k + 1, until, asked)
        return key, waited

    def cues(self, file_id: int, origin: str, stream: int, *, lane: runs.Lane) -> bytes:
        """The cues of a text subtitle as JSON. Raises Unavailable while they are read, Invalid when they cannot be."""
        key = cues_key(origin, stream)
        run = Run("cues", lane, key, file_id, origin, first=stream)
        try:
            return self.store.get(key)
        except Missing:
            pass
        try:
            self.room.wait(key, run)
        except Faulty as fault:
            _raise_passing(fault)
            raise Invalid(f"This subtitle cannot be read: {fault}", code="unreadable") from fault
        self._use(key)
        return self.store.get(key)

    def send_ahead(self, rendition: Rendition, first: int, until: int, asked: Asked) -> None:
        """Sends for the first cell in this range that nobody made yet; the run goes on from there by itself."""
        for k in range(first, min(until + 1, len(rendition.timeline))):
            if not self._has(rendition.cell_key(k)):
                runs.send(self.client, rendition.run(asked.file_id, asked.origin, k, waited_for=False))
                return

    def begin(self, rendition: Rendition, position: float, asked: Asked) -> None:
        """A player is about to ask for this place: the first cell is sent for before it does."""
        k = rendition.timeline.segment_at(position)
        until = rendition.needed_until(k)
        key = rendition.cell_key(k)
        self._follow(rendition, k, until, asked)
        if not (self._has(key) and self._has(rendition.init_key)):
            runs.send(self.client, rendition.run(asked.file_id, asked.origin, k, waited_for=True))

    def made(self, rendition: Rendition) -> list[tuple[float, float]]:
        """The times (s) of a rendition whose cells are on the store, from begin to end; nothing for a bucket, where
        looking is not free.
        """
        if self.store.local_path(rendition.init_key) is None:
            return []
        cells = (cell_of(stat.key) for stat in self.store.list(folder_key(rendition.recipe)))
        return rendition.spans(k for _, k in filter(None, cells))

    def has_cell(self, rendition: Rendition, k: int) -> bool:
        """Whether cell `k` is on the store."""
        return self._has(rendition.cell_key(k))

    def bring_along(self, sound: Rendition, picture: Rendition, k: int, asked: Asked) -> None:
        """The sound of the picture's cell `k` is sent for where the session's place in the sound is another one: after
        a seek, players ask for the sound only once they have the picture.
        """
        at = float(picture.timeline.start(k))
        place = self._place(sound, asked)
        if place is None or not -BESIDE_S <= float(sound.timeline.start(place)) - at <= AHEAD_S["audio"] + BESIDE_S:
            self.begin(sound, at, asked)

    def _follow(self, rendition: Rendition, k: int, until: int, asked: Asked) -> demand.Followed:
        """The session is at cell `k` now. Runs for the place it left that did not begin yet never will."""
        followed = demand.follow(
            self.client,
            session=asked.session,
            kind=rendition.kind,
            recipe=rendition.recipe,
            k=k,
            until=until,
            key=rendition.cell_key(k),
        )
        if followed.left is not None and not followed.parallel:
            recipe, first, last = followed.left
            if recipe != rendition.recipe or not first <= k <= last + 1:
                runs.withdraw(self.client, recipe, range(first, last + 1))
        return followed

    def _wait(self, rendition: Rendition, k: int, key: str, asked: Asked, place: Place | None) -> None:
        run = rendition.run(asked.file_id, asked.origin, k, waited_for=True)
        try:
            self.room.wait(key, run, place, gone=asked.gone)
        except Faulty as fault:
            raise self._gone(fault) from fault
        self._know(key)

    @staticmethod
    def _gone(fault: Faulty) -> Gone:
        _raise_passing(fault)
        metrics.PLAYBACK_ERRORS.labels("rendition_failed").inc()
        return Gone(f"This rendition cannot be made: {fault}", code="rendition_failed")

    def pace(self, rendition: Rendition) -> float | None:
        """How many seconds of this encoded picture a run made in a second lately; None where none did."""
        if rendition.kind != "video" or rendition.spec.method != "encode":
            return None
        return pace.read(self.client, rendition.recipe)

    def _has(self, key: str) -> bool:
        """Whether it lies on the store; a yes is remembered for some seconds (cells in use are never evicted)."""
        at = time.monotonic()
        with self._lock:
            if self._known.get(key, 0.0) > at:
                return True
        if self.store.stat(key) is None:
            return False
        self._know(key)
        return True

    def forget_known(self, key: str) -> None:
        """It was on the store and is not any more."""
        with self._lock:
            self._known.pop(key, None)

    def _know(self, key: str) -> None:
        with self._lock:
            self._known[key] = time.monotonic() + KNOWN_S
            self._known.move_to_end(key)
            while len(self._known) > 20_000:
                self._known.popitem(last=False)

    def _use(self, key: str) -> None:
        self.client.zadd(USED, {key: time.time()})

    def _build(self) -> str | None:
        found = self.client.get(BUILD)
        return found.decode() if isinstance(found, bytes) else None

    def _kept_grid(self, origin: str, build: str | None) -> Grid | None:
        with self._lock:
            return self._grids.get((origin, build)) if build else None

    def _stored_grid(self, origin: str, build: str | None) -> Grid | None:
        try:
            return Grid.of(origin, json.loads(self.store.get(index_key(origin))), build=build)
        except Missing:
            return None
        except (ValueError, KeyError):  # of another version: it is read again
            self.store.delete(index_key(origin))
            return None
