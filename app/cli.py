"""The commands of `.venv/bin/flask`. Each reads the configuration itself: a bad one is a list, not a traceback."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import click
from flask import Flask, current_app

from config import ROOT, Config, ConfigurationError

KINDS = ("movies", "shows", "anime", "mixed")
BAD_CONFIGURATION = 2


def command_line() -> Flask:
    """An application that holds the commands and nothing else."""
    app = Flask("matinee")
    for command in (check, identify, prepare, migration):
        app.cli.add_command(command)
    return app


def configured() -> Config:
    """The configuration. A bad one is listed on standard error and ends the program with status 2."""
    try:
        return Config.from_env()
    except ConfigurationError as error:
        click.echo(str(error), err=True)
        sys.exit(BAD_CONFIGURATION)


@click.command()
def check() -> None:
    """Check the configuration; list every bad setting by name."""
    configured()
    click.echo("The configuration is fine.")


@click.command()
@click.option("--kind", type=click.Choice(KINDS), required=True, help="What the library holds.")
def identify(kind: str) -> None:
    """Say what each path on standard input is, as one JSON line each."""
    from app.core.identify import identify as identification_of

    for line in sys.stdin.buffer:
        path = line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")
        if path:
            found = identification_of(path, kind).as_json()
            click.echo(json.dumps(found, ensure_ascii=not _is_text(path)))


@click.command()
@click.option("--media", type=click.Path(path_type=Path), help="A folder to register and scan.")
def prepare(media: Path | None) -> None:
    """Bring the database up to date; make the first administrator; register a folder of media."""
    from app.web.logs import configure_logging

    configure_logging("prepare", level=logging.ERROR)  # a scan decided before Redis is up is sent when it is
    app = _with_migrations()
    config: Config = app.config["MATINEE"]
    with app.app_context():
        _bring_up_to_date(config)
        _make_first_admin(config)
        if media is not None:
            _register(media)
        _say_setup_code(config)


@click.command()
@click.argument("name")
def migration(name: str) -> None:
    """Write the migration from the database as it is to the tables as the code has them."""
    import flask_migrate

    with _with_migrations().app_context():
        flask_migrate.upgrade()
        flask_migrate.migrate(message=name)


def _with_migrations() -> Flask:
    """The application without its web part, and with its database's history."""
    from flask_migrate import Migrate

    from app.extensions import db
    from app.factory import core

    app = core(configured())
    Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)
    return app


def _is_text(path: str) -> bool:
    """Whether a path is proper UTF-8; bytes that are not travel as escapes."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _bring_up_to_date(config: Config) -> None:
    """Migrates when the database is not at the newest revision (asking costs milliseconds)."""
    import flask_migrate
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from sqlalchemy.exc import OperationalError

    from app.extensions import db

    script = ScriptDirectory.from_config(current_app.extensions["migrate"].migrate.get_config())
    try:
        with db.engine.connect() as connection:
            there = set(MigrationContext.configure(connection).get_current_heads())
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        setting = "MATINEE_DATA_DIR" if config.database_url.startswith("sqlite") else "DATABASE_URL"
        click.echo(str(ConfigurationError({setting: f"the database does not answer: {reason}"})), err=True)
        sys.exit(BAD_CONFIGURATION)
    known = {revision.revision for revision in script.walk_revisions()}
    if there - known:
        raise click.ClickException("the database was made by a newer Matinee; start that one, or restore a backup")
    if there != set(script.get_heads()):
        flask_migrate.upgrade()


def _make_first_admin(config: Config) -> None:
    """Only while there is no user at all: later the settings change nobody's password."""
    if not (config.admin_user and config.admin_password):
        return
    from app.accounts import queries, service
    from app.accounts.passwords import Passwords
    from app.adapters.clock import now
    from app.core.errors import Failure
    from app.extensions import writing

    if queries.has_users():
        return
    password_hash = Passwords(config.password_cost).hash(config.admin_password)
    try:
        with writing():
            service.create_first_admin(username=config.admin_user, password_hash=password_hash, now=now())
    except Failure as failure:
        click.echo(str(ConfigurationError({"MATINEE_ADMIN_USER": failure.detail})), err=True)
        sys.exit(BAD_CONFIGURATION)


def _say_setup_code(config: Config) -> None:
    """Whoever sees the terminal may make the first administrator from another machine."""
    from app.accounts import queries, service

    if not queries.has_users():
        click.echo(f"No administrator yet. Set-up code: {service.setup_code(config.secret_key)}")


def _register(media: Path) -> None:
    """A folder becomes a library (kind `mixed`) unless it is one, and is scanned.

    One that an administrator has split into libraries since, or that lies in one, stays as it is: every library is
    scanned, and the server runs.
    """
    from app.adapters.clock import now
    from app.core.errors import Conflict, Failure
    from app.extensions import writing
    from app.library import service

    try:
        with writing():
            library = service.register(str(media.expanduser().resolve()), kind="mixed", now=now())
            service.request_scan(library_id=library.id, now=now())
    except Conflict as conflict:
        click.echo(f"MEDIA={media}: {conflict.detail} The libraries stay as they are.", err=True)
        with writing():
            service.request_scan(now=now())
    except Failure as failure:
        raise click.ClickException(f"MEDIA={media}: {failure.detail}") from failure
