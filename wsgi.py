"""The two ways in: `serve()` is what gunicorn loads, `create_app()` what the `flask` command finds."""

from __future__ import annotations

import click
from flask import Flask, Response


def serve() -> Flask:
    """The whole web process."""
    from gunicorn.http.errors import NoMoreData, ParseException

    from app.factory import web
    from app.web.logs import configure_logging
    from config import Config

    configure_logging("web")
    app = web(Config.from_env())
    for broken in (ParseException, NoMoreData):
        app.register_error_handler(broken, _on_broken_body)
    return app


def _on_broken_body(_error: Exception) -> Response:
    """A body that is broken off, or whose chunks cannot be told apart: what comes next on this line means nothing."""
    from app.web.errors import problem

    response = problem(400, "malformed_body", "The body is broken off, or its chunks are not well-formed.")
    response.headers["Connection"] = "close"
    return response


def create_app() -> Flask:
    """Commands only, so that they start fast and speak clearly even with a bad configuration.

    Flask's own commands (`routes`, `shell`) ask again from inside, and mean the whole application.
    """
    from app.cli import command_line, configured

    asking = click.get_current_context(silent=True)
    if asking is not None and asking.parent is not None:
        from app.factory import web

        return web(configured())
    return command_line()
