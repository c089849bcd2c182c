"""Fixtures for features that ask the catalog: both databases, and a world to fill."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from flask import Flask

from config import Config
from tests.catalog.world import World
from tests.databases import postgresql_server


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    with postgresql_server() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def config(request: pytest.FixtureRequest, config: Config) -> Config:
    """Settings of a fresh installation, on either database."""
    if request.param == "sqlite":
        return config
    return dataclasses.replace(config, database_url=request.getfixturevalue("postgresql_url"))


@pytest.fixture
def world(app: Flask) -> World:
    """An empty catalog."""
    return World(app)


@pytest.fixture
def inside(app: Flask) -> Iterator[None]:
    """An application context for the whole test: for those that ask without HTTP."""
    with app.app_context():
        yield
