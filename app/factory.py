"""Builds the application: `core` for workers and commands, `web` for what answers HTTP."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType
from typing import Any

from flask import Flask
from redis import Redis

from app import wiring
from app.extensions import db, redis_client
from app.jobs import QUEUES
from config import ROOT, Config

FEATURES = (
    "accounts",
    "catalog",
    "library",
    "personal",
    "search",
    "transcoding",
    "playback",
    "browse",
    "admin",
    "home",
)
"""In import order, lowest shelf first."""


def core(config: Config) -> Flask:
    """Database, Redis, signals: everything but routes. Workers, commands and migrations start here."""
    app = Flask("app", root_path=str(ROOT), static_folder=None, template_folder=str(ROOT / "templates"))
    _configure(app, config)
    return app


def web(config: Config) -> Flask:
    """The whole web process: `core` plus routes, pages and socket events."""
    from app.web import delivery, errors, headers, health, limits, security, sockets, templating, turns
    from app.web.openapi import create_app
    from app.web.proxies import FrontDoor

    app = create_app(str(ROOT))
    _configure(app, config)
    for shared in (templating, errors, delivery, headers, security, turns, limits, sockets):
        shared.init_app(app)
    health.init_app(app, QUEUES)
    for feature in FEATURES:
        for edge in ("routes", "pages", "events"):
            _attach(app, f"app.{feature}.{edge}")
    scheme = "http" if config.tls == "off" else "https"
    app.wsgi_app = FrontDoor(app.wsgi_app, trusted=config.trusted_proxies, scheme=scheme)  # type: ignore[method-assign]
    return app


def _configure(app: Flask, config: Config) -> None:
    app.config.update(
        MATINEE=config,
        SECRET_KEY=config.secret_key,
        SQLALCHEMY_DATABASE_URI=config.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(config.database_url),
    )
    importlib.import_module("app.outbox")
    for feature in FEATURES:
        _import_if_there(f"app.{feature}.models")
    db.init_app(app)
    app.extensions["matinee_redis"] = redis_client(config.redis_url)
    app.extensions["matinee_impatient_redis"] = Redis.from_url(
        config.redis_url, socket_connect_timeout=0.5, socket_timeout=1
    )
    wiring.connect()


def _engine_options(url: str) -> dict[str, Any]:
    """A pool that checks connections to a server, which may be started again at any time; a file stays open."""
    options: dict[str, Any] = {"pool_size": 20, "max_overflow": 10}
    if url.startswith("postgresql"):
        options |= {"pool_pre_ping": True, "connect_args": {"connect_timeout": 5}}
    return options


def _attach(app: Flask, name: str) -> None:
    """Calls `init_app(app)` of an edge module where the feature has one."""
    module = _import_if_there(name)
    if module is not None:
        module.init_app(app)


def _import_if_there(name: str) -> ModuleType | None:
    if importlib.util.find_spec(name) is None:
        return None
    return importlib.import_module(name)
