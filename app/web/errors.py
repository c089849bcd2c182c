"""Every error that leaves the server, as RFC 9457 `application/problem+json`: one table, one place."""

from __future__ import annotations

import http
from typing import Any

import structlog
from flask import Flask, Response, current_app, json, request
from werkzeug.exceptions import HTTPException

from app.adapters import metrics
from app.core.errors import (
    Conflict,
    Failure,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from app.web.proxies import REQUEST_ID

log = structlog.get_logger(__name__)

STATUS: dict[type[Failure], int] = {
    Invalid: 422,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Gone: 410,
    TooMany: 429,
    Unavailable: 503,
}


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Any = None,
    retry_after: int | None = None,
) -> Response:
    """A problem answer. `errors` is a list of `{field, message}`. A browser that navigates gets a page instead."""
    make_page = current_app.extensions.get("matinee_error_page")
    shown: Response | None = make_page(status, code, detail) if make_page else None
    if shown is not None:
        return shown
    body: dict[str, Any] = {
        "type": f"/api/problems/{code}",
        "title": http.HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request.environ.get(REQUEST_ID),
    }
    if errors:
        body["errors"] = list(errors)
    response = Response(json.dumps(body), status=status, mimetype="application/problem+json")
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    response.headers["Cache-Control"] = "no-store"
    return response


def status_of(failure: Failure) -> int:
    """The HTTP status of a failure: that of its nearest listed class."""
    for kind in type(failure).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return 500


def init_app(app: Flask) -> None:
    """Registers the handlers."""

    @app.errorhandler(Failure)
    def on_failure(failure: Failure) -> Response:
        if failure.kind in metrics.REFUSALS:
            metrics.PLAYBACK_ERRORS.labels(failure.kind).inc()
        return problem(
            status_of(failure),
            failure.kind,
            failure.detail,
            errors=failure.errors,
            retry_after=failure.retry_after,
        )

    @app.errorhandler(HTTPException)
    def on_http_exception(error: HTTPException) -> Response:
        status = error.code or 500
        code = http.HTTPStatus(status).phrase.lower().replace(" ", "_").replace("-", "_")
        response = problem(status, code, error.description or "")
        for name, value in error.get_headers(request.environ):
            if name.lower() not in {"content-type", "content-length"}:
                response.headers[name] = value
        return response

    @app.errorhandler(500)
    def on_crash(error: HTTPException) -> Response:
        log.error("request failed", path=request.path, exc_info=getattr(error, "original_exception", error))
        return problem(500, "internal", "Something went wrong on the server. The log has the details.")
