"""Socket.IO as every feature uses it: who may connect, what a command is, how an ended sign-in closes its sockets.

A feature opens a namespace and registers commands in the `init_app` of its `events.py`:

    sockets.open_namespace("/activity", entered=join_rooms)
    sockets.on_command("/activity", "seen", Seen, mark_seen)

A command handler gets the viewer and a checked model and returns what the acknowledgement adds to `{"ok": true}`; a
`Failure` becomes `{"ok": false, "code", "message"}`. Each command asks anew whether its sign-in is alive. Live state
is in `app/web/connections.py`; sending is `app/web/activity.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from flask import Flask, current_app, request
from flask_socketio import ConnectionRefusedError as Refused
from flask_socketio import join_room
from pydantic import BaseModel, ValidationError

from app.core.access import Viewer
from app.core.errors import Failure, Unauthenticated
from app.extensions import message_queue, socketio
from app.web import csrf
from app.web.connections import Connections
from app.web.errors import problem
from app.web.proxies import normal_origin
from app.web.security import SESSION_COOKIE, Credential, resolver
from config import Config

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SHARE_OF_THREADS = 0.6
"""A socket holds a thread for as long as it is open; the rest must stay free for plain HTTP."""
MARGIN_OF_THREADS = 0.1
"""Above the share, so that a refusal can still be spoken before the connection is closed."""
LARGEST_MESSAGE_BYTES = 64 << 10
PING_S = 5

log = structlog.get_logger(__name__)
Body = TypeVar("Body", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Admission:
    """Who enters a namespace, and how to ask again whether they still may (None when they may not)."""

    viewer: Viewer
    again: Callable[[], Viewer | None]
    client_id: str = ""


Admit = Callable[[Mapping[str, Any]], Admission]


def init_app(app: Flask) -> None:
    """Attaches the server; features open their namespaces afterwards."""
    config: Config = app.config["MATINEE"]
    socketio.init_app(
        app,
        client_manager=message_queue(config.redis_url),
        async_mode="threading",
        transports=["websocket"],
        async_handlers=False,
        ping_interval=PING_S,
        ping_timeout=PING_S,
        max_http_buffer_size=LARGEST_MESSAGE_BYTES,
        manage_session=False,
        cors_allowed_origins=lambda _origin, environ: _is_welcome_page(app, environ),
        cors_credentials=False,
    )
    share = int(config.web_threads * SHARE_OF_THREADS)
    app.extensions["matinee_connections"] = Connections(app, socketio.server, limit=share)
    most = share + max(1, int(config.web_threads * MARGIN_OF_THREADS))
    app.wsgi_app = _Bounded(app, app.wsgi_app, most=most)  # type: ignore[method-assign]


def connections() -> Connections:
    """The open connections of this process."""
    found: Connections = current_app.extensions["matinee_connections"]
    return found


def admit_signed_in(auth: Mapping[str, Any]) -> Admission:
    """By access token in `auth.token`, else by the web session's cookie from one of our own pages.

    Raises Unauthenticated. Bound to the sign-in, not to the token's minutes.
    """
    viewer = resolver().resolve(_credential(auth)).viewer
    sign_in_id = viewer.sign_in_id
    if sign_in_id is None:
        raise Unauthenticated("Sockets need a sign-in; an API key is not enough.")
    return Admission(viewer, lambda: resolver().standing(sign_in_id), str(auth.get("client_id") or "")[:64])


def open_namespace(
    namespace: str,
    *,
    admit: Admit = admit_signed_in,
    entered: Callable[[Viewer], Iterable[str]] = lambda _viewer: (),
    left: Callable[[Viewer], None] = lambda _viewer: None,
) -> None:
    """`entered` names the rooms that a viewer joins; `left` hears of every end of a connection."""

    def connect(auth: Any = None) -> None:
        if connections().is_full():
            connections().close_soon(_engine_id())
            raise Refused("full", {"code": "full", "retry_after": PING_S})
        try:
            admission = admit(auth if isinstance(auth, dict) else {})
        except Failure as failure:
            connections().close_soon(_engine_id())
            raise Refused(failure.kind, {"code": failure.kind, "message": failure.detail}) from failure
        connections().bind(namespace, _socket_id(), _engine_id(), admission.viewer, admission.again)
        for room in entered(admission.viewer):
            join_room(room)

    def disconnect(*_reason: Any) -> None:
        viewer = connections().release(namespace, _socket_id())
        if viewer is not None:
            left(viewer)

    socketio.on_event("connect", connect, namespace=namespace)
    socketio.on_event("disconnect", disconnect, namespace=namespace)


def on_command(namespace: str, event: str, model: type[Body], handler: Callable[[Viewer, Body], Any]) -> None:
    """Registers a command; `handler` returns a dict (or None) for the acknowledgement."""

    def command(*received: Any) -> dict[str, Any]:
        try:
            viewer = connections().viewer_of(namespace, _socket_id())
            if viewer is None:
                connections().close(namespace, _socket_id())
                raise Unauthenticated("This sign-in has ended.", code="signed_out")
            body = model.model_validate(received[0] if received else {})
            return {"ok": True, **(handler(viewer, body) or {})}
        except Failure as failure:
            return {"ok": False, "code": failure.kind, "message": failure.detail}
        except ValidationError as error:
            return {"ok": False, "code": "invalid", "message": _sentence(error)}
        except Exception:  # the top of every socket command: the client hears of it, the log has it all
            log.exception("socket command failed", namespace=namespace, command=event)
            return {"ok": False, "code": "internal", "message": "Something went wrong on the server."}

    socketio.on_event(event, command, namespace=namespace)


def _credential(auth: Mapping[str, Any]) -> Credential:
    token = auth.get("token")
    if token is not None:
        return Credential("bearer", str(token))
    cookie = request.cookies.get(SESSION_COOKIE)
    if cookie is None:
        raise Unauthenticated("Sign in first.")
    if not csrf.origin_is_own():
        raise Unauthenticated("The session's cookie counts on this server's own pages only.", code="foreign_origin")
    return Credential("cookie", cookie)


def _is_welcome_page(app: Flask, environ: WSGIEnvironment) -> bool:
    """A page of ours, or of an origin the administrator listed (which then has to show a token)."""
    with app.request_context(environ):
        return csrf.origin_is_own() or normal_origin(environ.get("HTTP_ORIGIN", "")) in csrf.listed_origins()


def _socket_id() -> str:
    found: str = request.sid  # type: ignore[attr-defined]
    return found


def _engine_id() -> str:
    namespace: str = request.namespace  # type: ignore[attr-defined]
    found: str = socketio.server.manager.eio_sid_from_sid(_socket_id(), namespace)
    return found


def _sentence(error: ValidationError) -> str:
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(str(part) for part in one['loc']) or 'payload'}: {one['msg']}" for one in found)


class _Bounded:
    """WSGI middleware: a socket more than the threads can bear is refused before it holds one."""

    def __init__(self, app: Flask, inner: WSGIApplication, *, most: int) -> None:
        self._app, self._inner, self._most = app, inner, most

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not environ.get("PATH_INFO", "").startswith("/socket.io") or self._has_room():
            return self._inner(environ, start_response)
        with self._app.request_context(environ):
            answer = problem(503, "full", "All places for live connections are taken.", retry_after=PING_S)
            return answer(environ, start_response)

    def _has_room(self) -> bool:
        open_connections: Connections = self._app.extensions["matinee_connections"]
        return open_connections.count() < self._most
