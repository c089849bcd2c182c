"""The history of migrations ends at the tables that the code has, on both databases."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import Migrate

from app.extensions import db
from app.factory import core
from app.search.models import is_made_by_hand
from config import ROOT, Config
from tests.databases import postgresql_server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, config: Config) -> Iterator[Flask]:
    """An application over an empty database, with migrations."""

    def made(found: Config) -> Flask:
        app = core(found)
        Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)
        return app

    if request.param == "sqlite":
        yield made(config)
        return
    with postgresql_server() as url:
        app = made(dataclasses.replace(config, database_url=url))
        yield app
        with app.app_context():
            db.engine.dispose()


def test_an_upgraded_database_has_the_tables_of_the_code(empty: Flask) -> None:
    with empty.app_context():
        flask_migrate.upgrade()
        with db.engine.connect() as connection:
            opts = {"compare_type": True, "include_object": lambda _found, name, *_: not is_made_by_hand(name or "")}
            context = MigrationContext.configure(connection, opts=opts)
            differences = compare_metadata(context, db.metadata)

    assert differences == []


def test_every_migration_can_be_taken_back(empty: Flask) -> None:
    with empty.app_context():
        flask_migrate.upgrade()
        flask_migrate.downgrade(revision="base")
        with db.engine.connect() as connection:
            left = set(db.inspect(connection).get_table_names()) - {"alembic_version"}

    assert left == set()
