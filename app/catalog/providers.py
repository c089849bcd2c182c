"""The providers of metadata that the configuration turns on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.extensions import get_redis
from config import Config

if TYPE_CHECKING:
    from app.adapters.tmdb import Tmdb


def tmdb(config: Config) -> Tmdb | None:
    """TMDB; None where no key is set."""
    if not config.tmdb_api_key:
        return None
    from app.adapters.tmdb import Tmdb  # with all that a way out needs; most processes never ask

    return Tmdb(
        config.tmdb_api_key,
        config.tmdb_base_url,
        cache=config.data_dir / "cache" / "tmdb.sqlite",
        redis=get_redis().connection_pool,
    )
