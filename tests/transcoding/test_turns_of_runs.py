"""When a run ends early because another player waits for a slot."""

from __future__ import annotations

from fractions import Fraction
from typing import cast

import pytest
import redis

from app.core.ladder import AudioSpec, VideoSpec
from app.core.timeline import Timeline
from app.transcoding import demand, leases
from app.transcoding.renditions import Rendition
from app.transcoding.store import LocalStore
from workers.engines.ffmpeg import Ffmpeg
from workers.transcode import Kitchen, _Sink

PICTURE = VideoSpec("360p", "encode", 640, 360, Fraction(24), 500_000, 700_000, 700_000, 23, 30, "avc1.64001e")
SOUND = AudioSpec("a1-aac2", "encode", 1, 2, 48_000, 128_000, "mp4a.40.2")
SHORT = Timeline(Fraction(1), (0, 2, 4, 6, 8))
"""Cells of two seconds, as a film begins with them."""


def cells_made(client: redis.Redis, store: LocalStore, spec: VideoSpec | AudioSpec, *, is_ahead: bool = False) -> int:
    """How many cells a run of four makes."""
    rendition = Rendition("r" * 32, spec, SHORT)
    demand.follow(
        client, session="s", kind=rendition.kind, recipe=rendition.recipe, k=0, until=3, key=rendition.cell_key(0)
    )
    lease = leases.take(client, [rendition.cell_key(k) for k in range(4)])
    assert lease is not None
    kitchen = Kitchen(client, store, cast(Ffmpeg, None), cores=2, budget=1 << 30)
    with lease:
        sink = _Sink(kitchen, rendition, 0, lease, is_ahead=is_ahead)
        return next((k for k in range(4) if not sink.wanted(k)), 4)


def test_a_run_goes_on_while_nobody_else_waits(client: redis.Redis, store: LocalStore) -> None:
    assert cells_made(client, store, PICTURE) == 4


def test_a_run_of_pictures_makes_some_film_before_it_ends_for_another(client: redis.Redis, store: LocalStore) -> None:
    client.rpush("rq:queue:now", "a run that no slot is free for")

    assert cells_made(client, store, PICTURE) == 2


def test_a_run_of_sound_is_sooner_done_than_begun_again(client: redis.Redis, store: LocalStore) -> None:
    client.rpush("rq:queue:now", "a run that no slot is free for")

    assert cells_made(client, store, SOUND) == 4


@pytest.mark.parametrize("spec", [PICTURE, SOUND], ids=["picture", "sound"])
def test_work_ahead_ends_for_whoever_waits(client: redis.Redis, store: LocalStore, spec: VideoSpec | AudioSpec) -> None:
    client.rpush("rq:queue:now", "a run that no slot is free for")

    assert cells_made(client, store, spec, is_ahead=True) == 1
