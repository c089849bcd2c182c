"""A library with nothing in it, and a clip to fill it with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.library.scanning import World, make_clip, make_world
from workers import runtime


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clips") / "clip.mp4")


@pytest.fixture
def world(core_app: Flask, tmp_path: Path, clip: Path) -> Iterator[World]:
    """A mixed library; the application's context is pushed."""
    runtime.use(core_app)
    with core_app.app_context():
        yield make_world(tmp_path / "media", clip)
