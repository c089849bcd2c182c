"""Is it alive, is it ready, and how much of everything: for supervisors, load balancers and Prometheus."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Mapping, Sequence
from typing import Any

import redis
import structlog
from flask import Flask, Response, current_app, g, request
from flask_openapi3 import APIBlueprint, OpenAPI, Tag
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.adapters import metrics
from app.adapters.liveness import served
from app.core.errors import Forbidden, Unauthenticated
from app.extensions import db, impatient_redis
from app.web.errors import problem
from app.web.security import viewer
from config import Config

log = structlog.get_logger(__name__)
api = APIBlueprint("health", __name__, url_prefix="", abp_tags=[Tag(name="health")])


class Live(BaseModel):
    status: str = "live"


class Ready(BaseModel):
    """`workers` counts the live ones of each queue."""

    status: str = "ready"
    database: str
    redis: str
    workers: dict[str, int]


@api.get("/health/live", summary="Whether the process answers", responses={200: Live})
def live() -> dict[str, Any]:
    return {"status": "live"}


@api.get("/health/ready", summary="Whether every part is up", responses={200: Ready, 503: None})
def ready() -> Response | dict[str, Any]:
    failing = {}
    counts: Mapping[str, int] = {}
    reason = _database_fault()
    if reason:
        failing["database"] = reason
    try:
        counts = served(impatient_redis(), current_app.extensions["matinee_queues"], time.time())
    except redis.RedisError as error:
        failing["redis"] = f"Redis does not answer: {error}"
    for queue, count in counts.items():
        if not count:
            failing[f"workers.{queue}"] = f"No worker serves the queue {queue!r}."
    if failing:
        errors = [{"field": part, "message": message} for part, message in failing.items()]
        return problem(503, "not_ready", " ".join(failing.values()), errors=errors, retry_after=2)
    return {"status": "ready", "database": "up", "redis": "up", "workers": dict(counts)}


@api.get("/metrics", summary="Measurements for Prometheus: by an admin's key, or from an allowed address")
def measurements() -> Response:
    _require_reader()
    return Response(metrics.exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")


def init_app(app: OpenAPI, queues: Sequence[str]) -> None:
    """`queues`: those that need a live worker."""
    app.extensions["matinee_queues"] = tuple(queues)
    app.register_api(api)
    _measure_requests(app)
    metrics.looked_up("matinee_queue_depth", "Jobs that wait, by queue.", lambda: _depths(queues), labels=("queue",))


def _database_fault() -> str | None:
    try:
        db.session.execute(text("SELECT 1"))
        db.session.rollback()
    except SQLAlchemyError as error:
        log.warning("the database does not answer", reason=str(error))
        return "The database does not answer."
    return None


def _depths(queues: Sequence[str]) -> dict[tuple[str, ...], float]:
    with impatient_redis().pipeline(transaction=False) as pipe:
        for queue in queues:
            pipe.llen(f"rq:queue:{queue}")
        return {(queue,): float(depth) for queue, depth in zip(queues, pipe.execute(), strict=True)}


def _require_reader() -> None:
    config: Config = current_app.config["MATINEE"]
    address = ipaddress.ip_address(request.remote_addr or "0.0.0.0")  # noqa: S104
    if any(address in ipaddress.ip_network(network) for network in config.metrics_allowed):
        return
    caller = viewer()
    if not caller.is_signed_in:
        raise Unauthenticated("Show an administrator's key, or list this address in MATINEE_METRICS_ALLOW.")
    if not caller.is_admin:
        raise Forbidden("Only an administrator may read the measurements.")


def _measure_requests(app: Flask) -> None:
    """By route, never by path: paths carry tokens and have no end."""

    @app.before_request
    def start() -> None:
        g.matinee_started = time.perf_counter()

    @app.after_request
    def stop(response: Response) -> Response:
        if "matinee_started" in g and request.environ.get("HTTP_UPGRADE", "").lower() != "websocket":
            route = request.url_rule.rule if request.url_rule is not None else "none"
            labels = (request.method, route, str(response.status_code))
            metrics.HTTP_SECONDS.labels(*labels).observe(time.perf_counter() - g.matinee_started)
        return response
