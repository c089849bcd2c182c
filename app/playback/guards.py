"""The door to every byte of media: a token in the path, a living session, the right to play."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request
from sqlalchemy import func, select
from werkzeug.wsgi import FileWrapper

from app.adapters import clock, metrics
from app.core.errors import Forbidden, NotFound, Unavailable
from app.extensions import db
from app.playback.live import Pulses
from app.playback.models import PlaySession
from app.playback.service import Playback, Playing, Session
from app.playback.tokens import IDLE, Signer
from app.transcoding.service import Transcoding
from app.transcoding.store import Missing, open_store
from app.web.security import resolver, viewer
from config import Config

CHUNK = 256 * 1024
_SUFFIX = re.compile(r"\s*-([0-9]{1,18})\s*")


def init_app(app: Flask) -> None:
    """Gives the process its one `Playback`."""
    config: Config = app.config["MATINEE"]
    client = app.extensions["matinee_redis"]
    transcoding = Transcoding(client, open_store(config.transcodes_dir), waits=max(1, config.web_threads // 4))
    pulses = Pulses(app.extensions["matinee_impatient_redis"])
    metrics.looked_up("matinee_playback_sessions", "Sessions that play now.", _living)
    app.extensions["matinee_playback"] = Playback(transcoding, pulses, Signer(config.secret_key))


def _living() -> dict[tuple[str, ...], float]:
    alive = PlaySession.ended_at.is_(None) & (PlaySession.seen_at > clock.now() - IDLE)
    return {(): float(db.session.scalar(select(func.count()).select_from(PlaySession).where(alive)) or 0)}


def playback() -> Playback:
    found: Playback = current_app.extensions["matinee_playback"]
    return found


def admit(token: str, *, position: float | None = None) -> Playing:
    """Raises Forbidden for a token that opens nothing (any more)."""
    return playback().admit(token, may_play=may_play, now=clock.now(), position=position)


def may_play(session: Session) -> bool:
    """Whether whoever began this session still may: the sign-in or the key lives, and its account is open."""
    if session.sign_in_id is not None:
        return resolver().standing(session.sign_in_id) is not None
    return session.key_id is not None and resolver().standing_of_key(session.key_id) is not None


def own_session(session_id: str) -> Session:
    """The session, for its own user or an administrator. Raises NotFound for anyone else."""
    session, caller = playback().session(session_id), viewer()
    if session.user_id != caller.user_id and not caller.is_admin:
        raise NotFound("There is no such session.")
    return session


def require_own(session: Session) -> None:
    """Raises Forbidden unless the caller began this session."""
    if session.user_id is None or session.user_id != viewer().user_id:
        raise Forbidden("This is somebody else's session.")


def stored(key: str, *, mimetype: str, etag: str, waited: float = 0.0, pace: float | None = None) -> Response:
    """An object of the store, with ranges and conditions. A cell that went missing meanwhile is 503: ask again.

    `waited` (s) and `pace` (seconds of film made in a second lately) are told in Server-Timing.
    """
    store = playback().transcoding.store
    path = store.local_path(key)
    try:
        response = file_response(path, mimetype=mimetype, etag=etag) if path else _bytes(store.get(key), mimetype, etag)
    except (FileNotFoundError, Missing):
        playback().transcoding.forget_known(key)
        raise Unavailable("This part is being made again.", code="not_ready", retry_after=1) from None
    response.headers["Cache-Control"] = "private, max-age=600"
    response.headers["Server-Timing"] = f"made;dur={waited * 1000:.1f}" + (f", pace;dur={pace:.2f}" if pace else "")
    return response


def _bytes(data: bytes, mimetype: str, etag: str) -> Response:
    response = Response(data, mimetype=mimetype)
    response.set_etag(etag)
    response.make_conditional(_asked(len(data)), accept_ranges=True, complete_length=len(data))
    return _private(response)


def file_response(path: Path, *, mimetype: str, etag: str, modified: float | None = None) -> Response:
    """A file with Range, If-Range, HEAD, 206 and 416 (RFC 9110). Raises FileNotFoundError."""
    file = path.open("rb")
    try:
        size = file.seek(0, 2)
        file.seek(0)
        response = Response(FileWrapper(file, CHUNK), mimetype=mimetype, direct_passthrough=True)
        response.call_on_close(file.close)
        response.content_length = size
        response.set_etag(etag)
        if modified is not None:
            response.last_modified = time.gmtime(modified)  # type: ignore[assignment]
        response.make_conditional(_asked(size), accept_ranges=True, complete_length=size)
    except BaseException:
        file.close()
        raise
    return _private(response)


def _asked(size: int) -> dict[str, Any]:
    """The request for something of `size` bytes, without a Range that does not count: another unit, several ranges
    at once (nothing is sent in parts), or an If-Range with a weak validator (RFC 9110, 13.1.5 and 14.2). The whole
    file answers such a one. The last so many bytes of something shorter are all of it (14.1.2).
    """
    asked = dict(request.environ)
    unit, _, ranges = asked.get("HTTP_RANGE", "").partition("=")
    is_weak = asked.get("HTTP_IF_RANGE", "").startswith("W/")
    if unit.strip().lower() != "bytes" or "," in ranges or is_weak:
        asked.pop("HTTP_RANGE", None)
    elif (last := _SUFFIX.fullmatch(ranges)) and int(last[1]) > size:
        asked["HTTP_RANGE"] = "bytes=0-"
    return asked


def text(body: str, mimetype: str) -> Response:
    """A playlist or a subtitle: small, and never kept by anyone between."""
    response = Response(body, mimetype=mimetype)
    response.headers["Cache-Control"] = "no-store"
    return _private(response)


def _private(response: Response) -> Response:
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
