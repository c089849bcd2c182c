"""The open Socket.IO connections of one process, each bound to whoever opened it.

One thread per process hears from Redis which sign-ins ended or changed and closes what hung on them; it also asks again
for all now and then, after every reconnection to Redis, and closes connections that never entered a namespace.

A connection holds one of the server's threads until TCP has ended. A client that was told to go and does not answer
(asleep, out of the network's reach, or malicious) would hold it for as long as it likes, so its line is cut.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import redis
import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.adapters import clock
from app.core.access import Viewer
from app.extensions import get_redis
from app.web.hanging_up import cut

SIGN_IN_NEWS = "matinee:sign-in-news"
"""Redis channel: ids of sign-ins that ended or changed, as decimal text separated by spaces."""
ENTER_WITHIN_S = 10.0
SPEAK_S = 1.0
"""How long a refused client has to read why, and one that was told to go has to do so."""
ASK_AGAIN_S = 20.0
TICK_S = 1.0

log = structlog.get_logger(__name__)
Again = Callable[[], Viewer | None]


@dataclass(frozen=True, slots=True)
class Bound:
    namespace: str
    socket_id: str
    engine_id: str
    viewer: Viewer
    again: Again


@dataclass(slots=True)
class Wire:
    """What a connection runs over. The server closes `tcp` when it has the connection's thread back."""

    tcp: socket.socket
    seen_at: float
    ended_at: float | None = None

    def is_held(self) -> bool:
        return self.tcp.fileno() != -1


class Connections:
    """Who is connected to this process. `limit` is how many connections may be open."""

    def __init__(self, app: Flask, server: Any, *, limit: int) -> None:
        self._app, self._server, self._limit = app, server, limit
        self._lock = threading.Lock()
        self._bound: dict[tuple[str, str], Bound] = {}
        self._wires: dict[str, Wire] = {}
        self._close_at: dict[str, float] = {}
        self._asked_at = clock.monotonic()
        self._listener: threading.Thread | None = None
        server.eio.on("connect", self._engine_connected)

    def count(self) -> int:
        """How many connections hold a thread of this process, those on their way out among them."""
        with self._lock:
            return sum(wire.is_held() for wire in self._wires.values())

    def is_full(self) -> bool:
        return self.count() > self._limit

    def bind(self, namespace: str, socket_id: str, engine_id: str, viewer: Viewer, again: Again) -> None:
        with self._lock:
            self._bound[namespace, socket_id] = Bound(namespace, socket_id, engine_id, viewer, again)

    def release(self, namespace: str, socket_id: str) -> Viewer | None:
        """The connection is gone; whose it was."""
        with self._lock:
            found = self._bound.pop((namespace, socket_id), None)
        return found.viewer if found else None

    def viewer_of(self, namespace: str, socket_id: str) -> Viewer | None:
        """Who is behind a socket at this moment; None when the sign-in has ended."""
        with self._lock:
            found = self._bound.get((namespace, socket_id))
        return found.again() if found else None

    def close(self, namespace: str, socket_id: str) -> None:
        with self._lock:
            found = self._bound.get((namespace, socket_id))
        if found is not None:
            self._close(found)

    def close_soon(self, engine_id: str) -> None:
        """Closes a refused connection once it had time to read the refusal."""
        with self._lock:
            self._close_at[engine_id] = clock.monotonic() + SPEAK_S

    def _engine_connected(self, engine_id: str, environ: dict[str, Any]) -> Any:
        with self._lock:
            self._wires[engine_id] = Wire(environ["gunicorn.socket"], clock.monotonic())
            if self._listener is None:
                self._listener = threading.Thread(target=self._listen, name="sign-ins", daemon=True)
                self._listener.start()
        return self._server._handle_eio_connect(engine_id, environ)

    def _listen(self) -> None:
        with self._app.app_context():
            client = get_redis()
        while True:
            try:
                with client.pubsub(ignore_subscribe_messages=True) as subscription:  # type: ignore[no-untyped-call]
                    subscription.subscribe(SIGN_IN_NEWS)
                    self._ask_all_again()
                    while True:
                        self._hear(subscription.get_message(timeout=TICK_S))
                        self._sweep(clock.monotonic())
            except (redis.RedisError, SQLAlchemyError) as error:
                log.warning("ended sign-ins are not heard of for a moment", error=str(error))
            except Exception:  # the top of this thread, without which no revocation would reach a socket any more
                log.exception("looking after the connections failed")
            threading.Event().wait(TICK_S)

    def _hear(self, message: dict[str, Any] | None) -> None:
        if message is None or message["type"] != "message":
            return
        concerned = {int(one) for one in message["data"].split()}
        with self._lock:
            bound = [one for one in self._bound.values() if one.viewer.sign_in_id in concerned]
        self._ask_again(bound)

    def _sweep(self, now: float) -> None:
        if now - self._asked_at >= ASK_AGAIN_S:
            self._ask_all_again()
        with self._lock:
            self._wires = {one: wire for one, wire in self._wires.items() if wire.is_held()}
            wires = dict(self._wires)
            entered = {one.engine_id for one in self._bound.values()}
            refused = {one for one, at in self._close_at.items() if now >= at}
            self._close_at = {one: at for one, at in self._close_at.items() if one in wires and one not in refused}
        idle = {one for one, wire in wires.items() if now - wire.seen_at > ENTER_WITHIN_S}
        for engine_id in (idle | refused) - entered:
            self._hang_up(engine_id)
        for engine_id, wire in wires.items():
            connection = self._server.eio.sockets.get(engine_id)
            if connection is not None and not connection.closed:
                continue
            if wire.ended_at is None:
                wire.ended_at = now
            elif now - wire.ended_at >= SPEAK_S:
                cut(wire.tcp)

    def _ask_all_again(self) -> None:
        self._asked_at = clock.monotonic()
        with self._lock:
            bound = list(self._bound.values())
        self._ask_again(bound)

    def _ask_again(self, bound: Iterable[Bound]) -> None:
        """Closes those whose sign-in ended, or whose role is another now: their rooms were given to the old one."""
        for one in bound:
            with self._app.app_context():
                now = one.again()
            if now is None or now.role != one.viewer.role:
                self._close(one)

    def _close(self, one: Bound) -> None:
        try:
            self._server.disconnect(one.socket_id, namespace=one.namespace)
        finally:  # it fails when the client leaves in the same instant
            self.release(one.namespace, one.socket_id)
            with self._lock:
                still = any(other.engine_id == one.engine_id for other in self._bound.values())
            if not still:
                self._hang_up(one.engine_id)

    def _hang_up(self, engine_id: str) -> None:
        """Without waiting for the last words to be read: `eio.disconnect` waits for ever on a client that just went."""
        connection = self._server.eio.sockets.get(engine_id)
        if connection is not None:
            connection.close(wait=False, reason=self._server.reason.SERVER_DISCONNECT)
