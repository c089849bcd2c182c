"""The one way out of the house: requests to other servers, with limits, patience and a memory.

A `Line` leads to one server (a provider of metadata, its pictures). What it does for each request:

- an answer that is fresh in the cache on disk costs nothing; a stale one is given when the server fails;
- the address is checked where the connection is made, redirects included: private ones are refused, unless the host is
  one that the administrator configured;
- a pace that holds over all processes, counted in Redis; retries with a growing wait, as long as `Retry-After` says;
- after some failures in a row nothing is asked for a while, so that an outage costs seconds, not hours;
- whole answers only, of bounded size, within a bounded time.

Keys are added when a request leaves: neither the cache nor a log ever holds one.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pybreaker
import requests
import stamina
import structlog
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, RedisStorage, Storage
from limits.strategies import MovingWindowRateLimiter
from redis import ConnectionPool, Redis, RedisError
from requests.adapters import HTTPAdapter
from requests_cache import CachedSession
from requests_cache.backends.sqlite import SQLiteCache
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

from app.core.errors import NotFound, Unavailable

log = structlog.get_logger(__name__)

CONNECT_S, SILENCE_S, WHOLE_S = 5.0, 10.0, 30.0
"""Until a connection stands, between two pieces of an answer, for all of it."""
MOST_BYTES = 8 << 20
ATTEMPTS = 4
WAIT_INITIAL_S, WAIT_MOST_S, WAIT_JITTER_S = 0.5, 8.0, 0.5
LONGEST_WAIT_S = 20.0
"""A `Retry-After` beyond this is not waited for: the request fails, and says when to come back."""
FAILURES, REST_S = 5, 60
CHUNK = 64 << 10
STALE_S = 90 * 86_400


class Outage(Unavailable):
    """The server does not answer now, or not with what it should; `retry_after` says when it may again."""

    code = "provider_unavailable"


class Rejected(Unavailable):
    """The server refuses us: a wrong key, or one that may not do this."""

    code = "provider_rejected"


class Missing(NotFound):
    """The server knows no such thing."""

    code = "provider_not_found"


class _Busy(Exception):
    """A failure that is worth another attempt, after `wait_s` where the server says so."""

    def __init__(self, what: str, wait_s: float | None = None) -> None:
        super().__init__(what)
        self.wait_s = wait_s


class _PrivateAddress(OSError):
    """The host's address is one of this house."""


@dataclass(frozen=True, slots=True)
class LineSettings:
    """Where a line leads. `pace` as in `40/second`; `trusted_hosts` may have private addresses (the administrator's
    own mirror); `secret` is added to each request's query, `headers` to each request."""

    name: str
    base_url: str
    pace: str
    fresh_for: timedelta = timedelta(days=7)
    trusted_hosts: frozenset[str] = frozenset()
    secret: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    most_bytes: int = MOST_BYTES


class Line:
    """Requests to one server. Safe for several threads."""

    def __init__(self, settings: LineSettings, *, cache: Path | None, redis: ConnectionPool | None) -> None:
        self.settings = settings
        self.session = _session(settings, cache)
        transport = _Transport(settings, redis)
        self.session.mount("http://", transport)
        self.session.mount("https://", transport)

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        """The JSON at a path below the base. Raises Outage, Rejected or Missing."""
        response = self.fetch(self.settings.base_url + path, params)
        try:
            return response.json()
        except ValueError:
            raise Outage(f"{self.settings.name} answered with something that is no JSON.", retry_after=REST_S) from None

    def fetch(self, url: str, params: Mapping[str, str | int] | None = None) -> requests.Response:
        """What stands at a URL; the answer is good (2xx) and whole."""
        name = self.settings.name
        try:
            response: requests.Response = self.session.get(url, params=dict(params or {}))
        except (Outage, Rejected, Missing):
            raise
        except _PrivateAddress:
            raise Rejected(f"{name} leads to an address of this network, which is not asked.") from None
        except (requests.RequestException, HTTPError, OSError) as error:
            raise Outage(f"{name} could not be asked ({type(error).__name__}).", retry_after=REST_S) from None
        if response.status_code in {401, 403}:
            raise Rejected(f"{name} refuses the key (HTTP {response.status_code}).")
        if response.status_code in {404, 410}:
            raise Missing(f"{name} knows no such thing.")
        if not response.ok:
            raise Outage(f"{name} answered with HTTP {response.status_code}.", retry_after=REST_S)
        return response


def _session(settings: LineSettings, cache: Path | None) -> CachedSession | requests.Session:
    session: CachedSession | requests.Session
    if cache is None:
        session = requests.Session()
    else:
        cache.parent.mkdir(parents=True, exist_ok=True)
        session = CachedSession(
            backend=SQLiteCache(str(cache), wal=True, busy_timeout=10_000),
            expire_after=settings.fresh_for,
            stale_if_error=STALE_S,
            allowable_codes=(200, 404),
            match_headers=["Accept-Language"],
        )
    session.trust_env = False  # a proxy of the environment would see addresses that nobody checked
    session.headers.update({"User-Agent": "Matinee", "Accept": "application/json, */*;q=0.5", **settings.headers})
    session.max_redirects = 5
    return session


class _Transport(HTTPAdapter):
    """Real requests only: the cache stands above it."""

    def __init__(self, settings: LineSettings, redis: ConnectionPool | None) -> None:
        self.settings = settings
        self.pace = _Pace(settings.name, parse(settings.pace), redis)
        self.breaker = pybreaker.CircuitBreaker(
            fail_max=FAILURES,
            reset_timeout=REST_S,
            exclude=[Rejected, Missing, _PrivateAddress],
            state_storage=_breaker_storage(settings.name, redis),
            throw_new_error_on_trip=False,
        )
        super().__init__(pool_connections=4, pool_maxsize=16, max_retries=0)

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        super().init_poolmanager(*arguments, **named)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _pool(HTTPConnectionPool, HTTPConnection, self.settings.trusted_hosts),
            "https": _pool(HTTPSConnectionPool, HTTPSConnection, self.settings.trusted_hosts),
        }

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        try:
            response: requests.Response = self.breaker.call(partial(self._patiently, request, options))
        except pybreaker.CircuitBreakerError:
            sentence = f"{self.settings.name} has failed several times and is left alone for a while."
            raise Outage(sentence, retry_after=REST_S) from None
        return response

    def _patiently(self, request: requests.PreparedRequest, options: Mapping[str, Any]) -> requests.Response:
        try:
            for attempt in stamina.retry_context(
                on=_backoff,
                attempts=ATTEMPTS,
                timeout=60.0,
                wait_initial=WAIT_INITIAL_S,
                wait_max=WAIT_MOST_S,
                wait_jitter=WAIT_JITTER_S,
            ):
                with attempt:
                    return self._once(request, options)
        except _Busy as busy:
            wait = REST_S if busy.wait_s is None else max(1, int(busy.wait_s))
            raise Outage(f"{self.settings.name} {busy}.", retry_after=wait) from None
        raise AssertionError("unreachable")

    def _once(self, request: requests.PreparedRequest, options: Mapping[str, Any]) -> requests.Response:
        self.pace.wait()
        sent = request.copy()
        if self.settings.secret and _is_below(sent.url or "", self.settings.base_url):
            sent.prepare_url(sent.url, dict(self.settings.secret))
        began = time.monotonic()
        try:
            response = super().send(
                sent, stream=True, timeout=(CONNECT_S, SILENCE_S), verify=options.get("verify", True), proxies={}
            )
            body = self._whole(response, began)
        except _PrivateAddress:
            raise
        except (requests.ConnectionError, requests.Timeout, HTTPError, OSError) as error:
            if _PrivateAddress.__name__ in repr(error):
                raise _PrivateAddress from None
            raise _Busy(f"could not be reached ({type(error).__name__})") from None
        response._content = body
        response._content_consumed = True  # type: ignore[attr-defined]
        response.request, response.url = request, request.url or ""
        if response.status_code == 429 or response.status_code >= 500:
            raise _Busy(f"answered with HTTP {response.status_code}", _retry_after(response))
        return response

    def _whole(self, response: requests.Response, began: float) -> bytes:
        parts: list[bytes] = []
        size = 0
        for part in response.iter_content(CHUNK):
            size += len(part)
            if size > self.settings.most_bytes:
                response.close()
                raise Rejected(f"{self.settings.name} sent more than {self.settings.most_bytes >> 20} MiB.")
            if time.monotonic() - began > WHOLE_S:
                response.close()
                raise _Busy(f"took more than {WHOLE_S:g} seconds")
            parts.append(part)
        response.close()
        return b"".join(parts)


class _Pace:
    """At most so many requests in a time, over all processes; for itself alone while Redis is away."""

    def __init__(self, name: str, item: RateLimitItem, redis: ConnectionPool | None) -> None:
        self.name, self.item = name, item
        self._alone = MovingWindowRateLimiter(MemoryStorage())
        self._together = None if redis is None else MovingWindowRateLimiter(_redis_storage(redis))

    def wait(self) -> None:
        while not self._hit():
            time.sleep(min(1.0, self.item.get_expiry() / max(1, self.item.amount)))

    def _hit(self) -> bool:
        if self._together is not None:
            try:
                return self._together.hit(self.item, "pace", self.name)
            except RedisError:
                log.info("the pace is kept by this process alone: Redis is away", line=self.name)
        return self._alone.hit(self.item, "pace", self.name)


def _redis_storage(pool: ConnectionPool) -> Storage:
    return RedisStorage("redis://", connection_pool=pool)


def _breaker_storage(name: str, pool: ConnectionPool | None) -> pybreaker.CircuitBreakerStorage:
    if pool is None:
        return pybreaker.CircuitMemoryStorage(pybreaker.STATE_CLOSED)
    return pybreaker.CircuitRedisStorage(
        pybreaker.STATE_CLOSED,
        Redis(connection_pool=pool),
        namespace=f"line:{name}",
        fallback_circuit_state=pybreaker.STATE_CLOSED,
    )


def _backoff(error: Exception) -> bool | float:
    if not isinstance(error, _Busy):
        return False
    if error.wait_s is None:
        return True
    return error.wait_s if error.wait_s <= LONGEST_WAIT_S else False


def _retry_after(response: requests.Response) -> float | None:
    said = response.headers.get("Retry-After", "").strip()
    if said.isdigit():
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time()) if said else None
    except ValueError:
        return None


def _is_below(url: str, base: str) -> bool:
    """Whether a URL is of the configured server: what redirects lead elsewhere must not carry the key."""
    one, other = urlsplit(url), urlsplit(base)
    return (one.scheme, one.netloc) == (other.scheme, other.netloc)


def _pool(pool: type, connection: type[HTTPConnection], trusted: frozenset[str]) -> type:
    """A pool whose connections lead to addresses that were checked."""

    def new_connection(self: HTTPConnection) -> socket.socket:
        return _connect(self, trusted)

    guarded = type(f"Guarded{connection.__name__}", (connection,), {"_new_conn": new_connection})
    return type(f"Guarded{pool.__name__}", (pool,), {"ConnectionCls": guarded})


def _connect(connection: HTTPConnection, trusted: frozenset[str]) -> socket.socket:
    """A socket to the very address that was checked."""
    host, port = connection._dns_host, connection.port or connection.default_port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise NameResolutionError(connection.host, connection, error) from error
    addresses = list(dict.fromkeys(str(where[0]) for *_, where in found))
    if host.lower().strip("[]") not in trusted:
        addresses = [address for address in addresses if is_public(address)]
        if not addresses:
            raise _PrivateAddress(f"{_PrivateAddress.__name__}: {host}")
    failure: OSError | None = None
    for address in addresses:
        try:
            return create_connection(
                (address, port), connection.timeout, connection.source_address, connection.socket_options
            )
        except OSError as error:
            failure = error
    if isinstance(failure, TimeoutError):
        raise ConnectTimeoutError(connection, f"no connection to {host} in time") from failure
    raise NewConnectionError(connection, f"no connection to {host}") from failure


def is_public(address: str) -> bool:
    """Whether an address is one of the open internet."""
    one = ip_address(address.partition("%")[0])
    mapped = getattr(one, "ipv4_mapped", None)
    one = mapped or one
    return one.is_global and not one.is_multicast


_lock = threading.Lock()
_lines: dict[Any, Line] = {}


def line(settings: LineSettings, *, cache: Path | None, redis: ConnectionPool | None) -> Line:
    """The line of these settings, one for each process."""
    key = (settings.name, settings.base_url, tuple(settings.secret.items()), tuple(settings.headers.items()), cache)
    with _lock:
        if key not in _lines:
            _lines[key] = Line(settings, cache=cache, redis=redis)
        return _lines[key]
