"""The two ways in: `serve()` is what gunicorn loads, `create_app()` what the `flask` command finds."""

from __future__ import annotations

import click
from flask import Flask


def serve() -> Flask:
    """The whole web process."""
    from app.factory import web
    from app.web.logs import configure_logging
    from config import Config

    configure_logging("web")
    return web(Config.from_env())


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
