"""Which renditions a source gets."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.ladder import (
    aac_config,
    beside_copy,
    copied_audio,
    copied_video,
    encoded_audio,
    h264_level,
    ladder,
    recipe,
    spec_from_json,
    spec_to_json,
)
from tests.core.test_timeline import audio, source, video


def sizes(**facts: object) -> list[tuple[str, int, int]]:
    return [(spec.name, spec.width, spec.height) for spec in ladder(source(video=video(**facts)))]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (
            {"width": 1920, "height": 1080},
            [("1080p", 1920, 1080), ("720p", 1280, 720), ("480p", 854, 480), ("360p", 640, 360), ("240p", 426, 240)],
        ),
        ({"width": 7680, "height": 4320}, "1080p 1920x1080"),
        ({"width": 1920, "height": 800}, "1080p 1920x800"),
        ({"width": 720, "height": 576, "sar": Fraction(64, 45)}, "576p 1024x576"),
        ({"width": 1920, "height": 1080, "rotation": 90}, "1080p 1080x1920"),
        ({"width": 10, "height": 12}, "10p 10x12"),
        ({"width": 641, "height": 361}, "360p 640x360"),
        ({"width": 1, "height": 1}, "2p 2x2"),
    ],
)
def test_the_top_rung_is_the_picture_as_seen_and_never_larger(facts: dict[str, object], expected: object) -> None:
    found = sizes(**facts)
    if isinstance(expected, list):
        assert found == expected
    else:
        name, width, height = found[0]
        assert f"{name} {width}x{height}" == expected


@given(width=st.integers(4, 8192), height=st.integers(4, 8192), rotation=st.sampled_from([0, 90, 180, 270]))
def test_the_ladder_never_upsizes_and_never_repeats_itself(width: int, height: int, rotation: int) -> None:
    track = video(width=width, height=height, rotation=rotation)
    specs = ladder(source(video=track))
    seen_width, seen_height = track.display_size
    assert all(spec.width <= seen_width + 1 and spec.height <= seen_height + 1 for spec in specs)
    assert all(spec.width % 2 == spec.height % 2 == 0 for spec in specs)
    assert len({spec.name for spec in specs}) == len({(s.width, s.height) for s in specs}) == len(specs)
    rates = [spec.bit_rate for spec in specs]
    assert rates == sorted(rates, reverse=True)
    assert all(spec.bit_rate < spec.max_rate < spec.bandwidth for spec in specs)


def test_a_capped_ladder_starts_lower() -> None:
    assert ladder(source(), max_height=500)[0].name == "480p"


def test_levels_follow_the_size_the_pace_and_the_rate() -> None:
    assert h264_level(1920, 1080, Fraction(30), 8_000_000) == 40
    assert h264_level(1920, 1080, Fraction(60), 8_000_000) == 42
    assert h264_level(1280, 720, Fraction(30), 4_000_000) == 31
    assert ladder(source())[0].codecs == "avc1.640028"


def test_audio_keeps_what_a_browser_plays_and_encodes_the_rest() -> None:
    index = source(audio=(audio(), audio(index=2, codec="ac3", copy_codec=None, channels=6)))
    assert copied_audio(index, 1) is not None
    assert copied_audio(index, 2) is None
    assert encoded_audio(index, 2).channels == 2
    assert encoded_audio(index, 2, max_channels=8).channels == 6
    assert encoded_audio(index, 1).name != encoded_audio(index, 2).name


def test_a_source_without_a_picture_has_no_rungs() -> None:
    assert ladder(source(video=None)) == ()
    assert copied_video(source(video=None)) is None


def test_a_recipe_changes_with_anything_that_changes_a_cell() -> None:
    index, spec = source(), ladder(source())[1]
    same = recipe("signature", index, spec, "build")
    assert same == recipe("signature", index, spec, "build")
    others = {
        recipe("other", index, spec, "build"),
        recipe("signature", source(duration=Fraction(61)), spec, "build"),
        recipe("signature", index, dataclasses.replace(spec, crf=20), "build"),
        recipe("signature", index, spec, "another build"),
    }
    assert len(others | {same}) == 5


def test_specs_survive_being_stored() -> None:
    index = source()
    for spec in (*ladder(index), encoded_audio(index, 1), copied_video(index)):
        assert spec is not None
        assert spec_from_json(spec_to_json(spec)) == spec


def test_the_decoder_configuration_of_aac_is_known_beforehand() -> None:
    assert aac_config(48_000, 2).hex() == "1190"
    assert aac_config(44_100, 2).hex() == "1210"


def beside(bit_rate: int, **facts: object) -> list[str]:
    index = source(video=video(bit_rate=bit_rate, **facts))
    copied = copied_video(index)
    assert copied is not None
    return [spec.name for spec in beside_copy(copied, ladder(index))]


def test_smaller_pictures_stand_beside_a_copied_one_and_its_own_size_where_that_is_much_cheaper() -> None:
    assert beside(5_000_000) == ["720p", "480p", "360p", "240p"]
    assert beside(20_000_000) == ["1080p", "720p", "480p", "360p", "240p"]
    assert beside(30_000_000, width=3840, height=2160) == ["1080p", "720p", "480p", "360p", "240p"]


def test_no_rung_that_costs_the_line_more_stands_beside_a_copied_picture() -> None:
    assert beside(1_500_000) == ["480p", "360p", "240p"]
    assert beside(200_000) == []


@pytest.mark.parametrize("codec", ["hvc1.1.6.L120.90", "av01.0.08M.08", "vp09.00.40.08"])
def test_only_h264_shares_its_playlist_with_encoded_pictures(codec: str) -> None:
    assert beside(20_000_000, copy_codec=codec) == []


@given(
    width=st.integers(16, 8192), height=st.integers(16, 8192), bit_rate=st.integers(1, 100_000_000),
    sar=st.fractions(Fraction(1, 2), 2),
)  # fmt: skip
def test_the_copied_picture_is_the_highest_and_dearest_of_its_playlist(
    width: int, height: int, bit_rate: int, sar: Fraction
) -> None:
    index = source(video=video(width=width, height=height, bit_rate=bit_rate, sar=sar))
    copied = copied_video(index)
    assert copied is not None
    for spec in beside_copy(copied, ladder(index)):
        assert spec.height <= copied.height
        assert spec.bit_rate < copied.bit_rate
        assert spec.bandwidth < copied.bandwidth
