"""The front door: who the peer is, by which address we are called, and the id of the request.

Forwarding headers count only when the connection comes from a proxy named in `MATINEE_TRUSTED_PROXIES`; from anybody
else they are taken away before any code can read them. "Local" means a loopback peer that shows no forwarding header.
"""

from __future__ import annotations

import ipaddress
import json
import re
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import current_app, request

from config import Config

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FORWARDING_HEADERS = (
    "HTTP_FORWARDED",
    "HTTP_VIA",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_SCHEME",
    "HTTP_X_FORWARDED_SSL",
    "HTTP_X_REAL_IP",
    "HTTP_X_CLIENT_IP",
    "HTTP_TRUE_CLIENT_IP",
    "HTTP_CF_CONNECTING_IP",
)
REQUEST_ID = "matinee.request_id"
_LOCAL = "matinee.local"
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9.\-_]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?", re.ASCII)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class FrontDoor:
    """WSGI middleware around everything, Socket.IO included. Every answer carries `X-Request-ID`."""

    def __init__(self, app: WSGIApplication, *, trusted: Sequence[str], scheme: str) -> None:
        self._app = app
        self._trusted = [ipaddress.ip_network(network) for network in trusted]
        self._scheme = scheme

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request_id = environ[REQUEST_ID] = _request_id(environ.get("HTTP_X_REQUEST_ID", ""))
        self._place_caller(environ)

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            kept = [pair for pair in headers if pair[0].lower() != "x-request-id"]
            return start_response(status, [*kept, ("X-Request-ID", request_id)], exc_info)

        if not _HOST.fullmatch(environ.get("HTTP_HOST", "localhost")):
            start("400 Bad Request", [("Content-Type", "application/problem+json"), ("Cache-Control", "no-store")])
            return [_no_such_host(request_id)]
        return self._app(environ, start)

    def _place_caller(self, environ: WSGIEnvironment) -> None:
        peer = _address(environ.get("REMOTE_ADDR", ""))
        shown = {name: environ.pop(name) for name in FORWARDING_HEADERS if name in environ}
        environ["SCRIPT_NAME"] = ""  # we are always at the root; gunicorn takes this from a header of that name
        environ["wsgi.url_scheme"] = self._scheme
        environ[_LOCAL] = peer is not None and peer.is_loopback and not shown and _is_local_name(environ)
        if not shown or not self._is_trusted(peer):
            return
        environ["REMOTE_ADDR"] = str(self._origin_of(shown.get("HTTP_X_FORWARDED_FOR", ""), peer))
        if (scheme := _last(shown.get("HTTP_X_FORWARDED_PROTO", ""))) in {"http", "https"}:
            environ["wsgi.url_scheme"] = scheme
        host = _last(shown.get("HTTP_X_FORWARDED_HOST", ""))
        if _HOST.fullmatch(host):
            environ["HTTP_HOST"] = host

    def _is_trusted(self, address: Address | None) -> bool:
        return address is not None and any(
            address.version == network.version and address in network for network in self._trusted
        )

    def _origin_of(self, forwarded_for: str, peer: Address | None) -> Address | None:
        """The last address of the chain that no trusted proxy vouches for: all before it may be invented."""
        caller = peer
        for text in reversed(forwarded_for.split(",")):
            if not self._is_trusted(caller) or (found := _address(text.strip())) is None:
                break
            caller = found
        return caller


def is_local() -> bool:
    """Whether this request comes from this machine itself: loopback peer, no forwarding header, asked for by a
    loopback name (a foreign page whose name was pointed at 127.0.0.1 is not local)."""
    return bool(request.environ.get(_LOCAL))


def client_address() -> str:
    """The caller's address, as far as trusted proxies vouch for it."""
    return request.remote_addr or "unknown"


def own_origins() -> set[str]:
    """The origins that are this server for the present caller."""
    found = {normal_origin(f"{request.scheme}://{request.host}")}
    config: Config = current_app.config["MATINEE"]
    if config.public_url:
        found.add(normal_origin(config.public_url))
    return found


def shown_address() -> str:
    """This server's address as a person types it on another device: browsers add `http://` themselves."""
    config: Config = current_app.config["MATINEE"]
    return (config.public_url or f"{request.scheme}://{request.host}").rstrip("/").removeprefix("http://")


def normal_origin(url: str) -> str:
    """Scheme, host and port in one form, default ports left out (RFC 6454); empty for what is no origin."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != default else "")


def _no_such_host(request_id: str) -> bytes:
    body = {
        "type": "/api/problems/bad_host",
        "title": "Bad Request",
        "status": 400,
        "detail": "The Host header names no host.",
        "code": "bad_host",
        "request_id": request_id,
    }
    return json.dumps(body).encode()


def _request_id(shown: str) -> str:
    return shown if _SANE_ID.fullmatch(shown) else uuid.uuid4().hex


def _address(text: str) -> Address | None:
    """An address, with or without port and brackets; IPv4 inside IPv6 counts as IPv4."""
    text = text.removeprefix("[").partition("]")[0] if text.startswith("[") else text
    if text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _last(header: str) -> str:
    return header.rpartition(",")[2].strip().lower()


def _is_local_name(environ: WSGIEnvironment) -> bool:
    host = environ.get("HTTP_HOST", "").lower()
    name = host.removeprefix("[").partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _address(name)
    return address is not None and address.is_loopback
