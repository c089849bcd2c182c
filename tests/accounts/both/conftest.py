"""What depends on locks and on who commits first holds on both databases."""

from tests.catalog.fixtures import config, postgresql_url

__all__ = ["config", "postgresql_url"]
