"""What a session's playlists hold, by what its film is."""

from __future__ import annotations

import re

from app.core.media.values import StreamFacts
from app.core.playback import Device, Source
from app.core.timeline import plan
from app.playback.plans import SessionPlan, Wish, master, plan_session
from app.transcoding.renditions import Grid
from tests.core.test_timeline import source, video

BROWSER = Device(direct=(), hls=frozenset({"h264", "aac", "hevc"}), max_channels=2)


def planned(device: Device = BROWSER, **facts: object) -> SessionPlan:
    index = source(video=video(**facts))
    codec = str(facts.get("codec", "h264"))
    known = Source(
        "matroska,webm", ".mkv", 6_000_000,
        StreamFacts(0, "video", codec=codec, profile="High", width=1920, height=1080, bit_depth=8),
        (StreamFacts(1, "audio", codec="aac", profile="LC", channels=2, is_default=True),),
    )  # fmt: skip
    return plan_session(Grid("origin", index, plan(index), "build"), known, [], device, Wish())[1]


def names(playlist: str) -> list[str]:
    return re.findall(r'NAME="(\w+)",AUDIO', playlist)


def test_a_copied_h264_film_has_its_encoded_rungs_in_the_same_playlist_behind_it() -> None:
    made = planned()

    text = master(made, made.video)

    assert names(text) == ["copy", "720p", "480p", "360p", "240p"]
    assert text.count("TYPE=AUDIO") == 1
    assert text.count('AUDIO="audio"') == 5
    assert made.beside == ()
    assert names(master(made, made.encoded)) == ["360p", "1080p", "720p", "480p", "240p"]


def test_a_copied_film_of_another_codec_has_a_playlist_of_its_own() -> None:
    made = planned(codec="hevc", copy_codec="hvc1.1.6.L120.90")

    assert names(master(made, made.video)) == ["copy"]
    assert [spec.name for spec in made.beside] == ["360p", "1080p", "720p", "480p", "240p"]


def test_a_copied_film_that_costs_less_than_any_rung_is_alone_too() -> None:
    made = planned(bit_rate=200_000)

    assert names(master(made, made.video)) == ["copy"]
    assert made.beside


def test_a_film_that_cannot_be_copied_has_one_playlist_of_rungs() -> None:
    made = planned(copy_codec=None)

    assert (
        names(master(made, made.video))
        == names(master(made, made.encoded))
        == ["360p", "1080p", "720p", "480p", "240p"]
    )
    assert made.beside == ()


def test_a_device_with_a_slow_line_gets_no_rung_beyond_it() -> None:
    made = planned(Device(direct=(), hls=frozenset({"h264"}), max_bit_rate=6_500_000, max_height=1080))

    assert all(spec.bit_rate <= 6_500_000 for spec in made.video)


def test_a_plan_is_the_same_after_it_was_stored() -> None:
    made = planned()

    assert SessionPlan.from_json(made.to_json()) == made
