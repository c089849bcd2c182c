"""These tests run on both databases, in an application context."""

from tests.catalog.fixtures import config, postgresql_url, world

__all__ = ["config", "postgresql_url", "world"]
