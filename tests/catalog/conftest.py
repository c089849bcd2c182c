"""These tests run on both databases."""

from tests.catalog.fixtures import config, inside, postgresql_url, world

__all__ = ["config", "inside", "postgresql_url", "world"]
