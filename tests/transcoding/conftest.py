"""A Redis and a folder, and nothing that makes anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from app.extensions import redis_client
from app.transcoding.store import LocalStore


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    found = redis_client(redis_url)
    found.flushall()
    yield found
    found.close()


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "cells")
