"""Waiting for a product of a run: one condition for each process, fed by one Redis subscription.

A request never polls. One thread listens to what was made and, twice a second, looks after all keys that anyone here
waits for: one that lies on the store already wakes its waiters (a message may get lost while Redis restarts), one that
nobody makes is sent for again, and who has hung up waits no longer.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import redis
import structlog

from app.core.errors import Unavailable
from app.transcoding import demand, runs
from app.transcoding.runs import Run
from app.transcoding.store import Store

log = structlog.get_logger(__name__)

LONGEST_S = 15.0
SWEEP_S = 0.5
MOVED = "matinee:moved"
HANGING_UP_S = 0.1
"""A player closes the request for the place it leaves as it asks for the next: the two may come in either order."""

HungUp = Callable[[float], bool]
"""Whether who asked has hung up; the argument says how long (s) to wait for that."""


class Faulty(Exception):
    """The run could not make it; the message says why. `code` is that of a failure that may pass by itself."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Place:
    """Whose wait it is: a newer place of the same session and kind (video, audio) releases older ones, unless whoever
    asked for them is seen to wait still."""

    session: str
    kind: str
    k: int
    serial: int
    recipe: str


@dataclass(slots=True)
class _Wait:
    key: str
    run: Run | None
    place: Place | None
    gone: HungUp | None = None
    number: str = field(default_factory=lambda: uuid.uuid4().hex)
    insists: bool = False
    outcome: str | None = None  # made, released, gone, fault
    fault: str = ""
    code: str = ""


@dataclass
class _Room:
    """What a process waits for. Rebuilt after a fork: threads do not survive one."""

    pid: int
    condition: threading.Condition = field(default_factory=threading.Condition)
    waits: dict[str, list[_Wait]] = field(default_factory=lambda: defaultdict(list))
    thread: threading.Thread | None = None
    count: int = 0


class WaitingRoom:
    """Where requests wait. `limit` bounds how many wait in this process at once."""

    def __init__(self, client: redis.Redis, store: Store, *, limit: int, longest_s: float = LONGEST_S) -> None:
        self._client = client
        self._store = store
        self._limit = limit
        self._longest_s = longest_s
        self._state = _Room(os.getpid())
        self._stop = threading.Event()

    @property
    def waiting(self) -> int:
        """How many requests wait here now."""
        return self._state.count

    def wait(
        self,
        key: str,
        run: Run | None,
        place: Place | None = None,
        *,
        longest_s: float | None = None,
        gone: HungUp | None = None,
    ) -> None:
        """Returns when `key` lies on the store; `run` is sent for where nobody makes it (None: others' runs do).

        Raises Unavailable (with `retry_after`) when too many wait already, when it took too long, when who asked is
        `gone`, or, where nobody can tell that, when the session asked for another place meanwhile; Faulty when it
        cannot be made.
        """
        room = self._room()
        wait = _Wait(key, run, place, gone)
        with room.condition:
            if room.count >= self._limit:
                raise Unavailable("The server is busy making other films. Try again.", code="busy", retry_after=1)
            room.count += 1
            room.waits[key].append(wait)
        try:
            self._await(room, wait, self._longest_s if longest_s is None else longest_s)
        finally:
            with room.condition:
                room.count -= 1
                room.waits[key].remove(wait)
                if not room.waits[key]:
                    del room.waits[key]
            if wait.insists and wait.place is not None:
                place = wait.place
                with contextlib.suppress(redis.RedisError):  # it ends by itself soon
                    demand.desist(
                        self._client, session=place.session, recipe=place.recipe, k=place.k, number=wait.number
                    )
        self._judge(wait)

    def _await(self, room: _Room, wait: _Wait, longest_s: float) -> None:
        if wait.place is not None:
            place = wait.place
            self._client.publish(MOVED, json.dumps([place.session, place.kind, place.k, place.serial, place.recipe]))
        if wait.run is not None:
            runs.send(self._client, wait.run)
        if self._store.stat(wait.key) is not None:
            wait.outcome = "made"
            return
        deadline = time.monotonic() + longest_s
        while True:
            with room.condition:
                room.condition.wait_for(lambda: wait.outcome is not None, max(0.0, deadline - time.monotonic()))
            if wait.outcome != "released" or not self._insists(wait, deadline - time.monotonic()):
                return

    def _insists(self, wait: _Wait, seconds: float) -> bool:
        """Whether who was left behind waits all the same: it fetches several places at once, and gets each of them."""
        place = wait.place
        if place is None or wait.gone is None or wait.gone(HANGING_UP_S):
            return False
        demand.insist(
            self._client, session=place.session, recipe=place.recipe, k=place.k, number=wait.number,
            seconds=max(1.0, seconds + SWEEP_S),
        )  # fmt: skip
        wait.insists, wait.outcome = True, None
        if wait.run is not None:
            runs.send(self._client, wait.run)
        if self._store.stat(wait.key) is not None:
            wait.outcome = "made"
        return True

    def _judge(self, wait: _Wait) -> None:
        if wait.outcome == "made":
            return
        if wait.outcome == "fault":
            raise Faulty(wait.fault, wait.code)
        if wait.outcome in {"released", "gone"}:
            if wait.place is not None and wait.gone is None:
                demand.sent_away(self._client, wait.place.session, wait.key)
            self._withdraw(wait.run)
            raise Unavailable("The player went on to another place.", code="superseded", retry_after=1)
        raise Unavailable("This part is not ready yet. Try again.", code="not_ready", retry_after=1)

    def _withdraw(self, run: Run | None) -> None:
        """Nobody waits here any more for what this run was to make: it need not begin, unless others need it."""
        if run is not None and run.product == "cells":
            runs.withdraw(self._client, run.recipe, [run.first])

    def close(self) -> None:
        """Ends the listening thread."""
        self._stop.set()
        thread = self._state.thread
        if thread is not None:
            thread.join(timeout=5)

    def _room(self) -> _Room:
        if self._state.pid != os.getpid():
            self._state = _Room(os.getpid())
        room = self._state
        with room.condition:
            if room.thread is None:
                room.thread = threading.Thread(target=self._listen, args=(room,), name="waiting", daemon=True)
                room.thread.start()
        return room

    def _listen(self, room: _Room) -> None:
        while not self._stop.is_set():
            try:
                with self._client.pubsub(ignore_subscribe_messages=True) as news:  # type: ignore[no-untyped-call]
                    news.subscribe(runs.CHANNEL, MOVED)
                    self._serve(room, news.get_message)
            except (redis.RedisError, OSError) as error:
                log.warning("waiting goes on without Redis", error=str(error))
                self._look_on_store(room)
                self._stop.wait(0.2)

    def _serve(self, room: _Room, next_message: Callable[..., dict[str, object] | None]) -> None:
        swept = 0.0
        while not self._stop.is_set():
            message = next_message(timeout=SWEEP_S / 2)
            if message is not None:
                self._hear(room, message)
            if time.monotonic() - swept >= SWEEP_S:
                self._sweep(room)
                swept = time.monotonic()

    def _hear(self, room: _Room, message: dict[str, object]) -> None:
        body = json.loads(str(message["data"], "utf-8"))  # type: ignore[call-overload]
        if message["channel"] == MOVED.encode():
            self._release(room, *body)
        elif body["state"] == "left":
            self._send_again(room, [body["key"]])
        else:
            self._settle(room, body["key"], body["state"], body["fault"] or "", body.get("code") or "")

    def _settle(self, room: _Room, key: str, outcome: str, fault: str = "", code: str = "") -> None:
        with room.condition:
            for wait in room.waits.get(key, ()):
                wait.outcome, wait.fault, wait.code = outcome, fault, code
            if key in room.waits:
                room.condition.notify_all()

    def _release(self, room: _Room, session: str, kind: str, k: int, serial: int, recipe: str) -> None:
        newer = Place(session, kind, k, serial, recipe)
        with room.condition:
            waits = [wait for waits in room.waits.values() for wait in waits if wait.outcome is None]
            gone = [wait for wait in waits if wait.place and not wait.insists and _is_left_behind(wait.place, newer)]
            for wait in gone:
                wait.outcome = "released"
            if gone:
                room.condition.notify_all()

    def _sweep(self, room: _Room) -> None:
        self._look_on_store(room)
        self._let_go(room)
        self._find_left_behind(room)
        with room.condition:
            keys = list(room.waits)
        self._send_again(room, keys)

    def _let_go(self, room: _Room) -> None:
        """Ends the waits of those who have hung up."""
        with room.condition:
            waits = [wait for waits in room.waits.values() for wait in waits if wait.outcome is None and wait.gone]
            hung_up = [wait for wait in waits if wait.gone is not None and wait.gone(0.0)]
            for wait in hung_up:
                wait.outcome = "gone"
            if hung_up:
                room.condition.notify_all()

    def _find_left_behind(self, room: _Room) -> None:
        """Releases those whose session went on in the instant before they began to wait."""
        with room.condition:
            waits = [
                wait for waits in room.waits.values() for wait in waits if wait.outcome is None and not wait.insists
            ]
        left = [
            wait for wait in waits if wait.place and not demand.is_needed(self._client, wait.place.recipe, wait.place.k)
        ]
        with room.condition:
            for wait in left:
                wait.outcome = wait.outcome or "released"
            if left:
                room.condition.notify_all()

    def _send_again(self, room: _Room, keys: Sequence[str]) -> None:
        """Sends for those of these keys that somebody here waits for and nobody makes."""
        with room.condition:
            waits = [wait for key in keys for wait in room.waits.get(key, ()) if wait.outcome is None]
        wanted = {wait.key: wait.run for wait in reversed(waits) if wait.run is not None}
        for key, run in wanted.items():
            if runs.send(self._client, run):
                log.info("a run was sent again", key=key, lane=run.lane)

    def _look_on_store(self, room: _Room) -> None:
        with room.condition:
            keys = [key for key, waits in room.waits.items() if any(wait.outcome is None for wait in waits)]
        for key in keys:
            if self._store.stat(key) is not None:
                self._settle(room, key, "made")


def _is_left_behind(place: Place, newer: Place) -> bool:
    if (place.session, place.kind) != (newer.session, newer.kind) or newer.serial <= place.serial:
        return False
    if place.recipe != newer.recipe:
        return True
    return not newer.k - demand.NEAR_BEHIND <= place.k <= newer.k + demand.NEAR_AHEAD
