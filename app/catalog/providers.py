"""The providers of metadata that the configuration turns on."""

from __future__ import annotations

from app.adapters.tmdb import Tmdb
from app.extensions import get_redis
from config import Config


def tmdb(config: Config) -> Tmdb | None:
    """TMDB; None where no key is set."""
    if not config.tmdb_api_key:
        return None
    return Tmdb(
        config.tmdb_api_key,
        config.tmdb_base_url,
        cache=config.data_dir / "cache" / "tmdb.sqlite",
        redis=get_redis().connection_pool,
    )
