"""How often one caller may ask: counted in Redis, so it holds over all processes.

A view takes `@limiter.limit(SEARCH, key_func=per_caller)`. Above a limit the answer is 429 with `Retry-After`.
While Redis is away each process counts for itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, current_app
from flask_limiter import Limiter, RateLimitExceeded
from flask_limiter.util import get_qualified_name

from app.extensions import get_redis
from app.web.errors import problem
from app.web.proxies import client_address
from app.web.security import viewer

SEARCH = "3000/minute"
PREPARE = "240/minute"

limiter = Limiter(
    client_address,
    strategy="moving-window",
    in_memory_fallback_enabled=True,
    swallow_errors=True,
    key_prefix="limit",
)


def per_caller() -> str:
    """One count for each account, wherever it asks from; strangers are counted by address."""
    caller = viewer()
    return f"user:{caller.user_id}" if caller.user_id is not None else client_address()


def is_limited(view: Callable[..., Any] | None) -> bool:
    """Whether a view carries a limit."""
    return view is not None and bool(limiter.limit_manager.decorated_limits(get_qualified_name(view)))


def init_app(app: Flask) -> None:
    with app.app_context():
        pool = get_redis().connection_pool
    app.config.update(
        RATELIMIT_STORAGE_URI="redis://",
        RATELIMIT_STORAGE_OPTIONS={"connection_pool": pool, "wrap_exceptions": True},
    )
    limiter.init_app(app)
    app.register_error_handler(RateLimitExceeded, _on_breach)


def _on_breach(_error: RateLimitExceeded) -> Response:
    limit = limiter.current_limit
    wait_s = max(1, int(limit.reset_at - time.time())) if limit else 60
    detail = f"Too many requests. Try again in {wait_s} seconds."
    response: Response = current_app.make_response(problem(429, "too_many", detail, retry_after=wait_s))
    return response
