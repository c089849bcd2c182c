"""Where segments begin and end, from keyframes and rates alone."""

from __future__ import annotations

import dataclasses
import itertools
import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.timeline import (
    AudioTrack,
    SourceIndex,
    Timeline,
    VideoTrack,
    boundaries,
    copied_ticks,
    frame_scale,
    grid_rate,
    plan,
)

FILM = Fraction(24_000, 1001)


def video(**changes: object) -> VideoTrack:
    track = VideoTrack(
        index=0,
        codec="h264",
        profile="High",
        width=1920,
        height=1080,
        sar=Fraction(1),
        rotation=0,
        rate=Fraction(24),
        time_base=Fraction(1, 24_000),
        start=Fraction(0),
        end=Fraction(60),
        keyframes=tuple(range(0, 60 * 24_000, 2 * 24_000)),
        keyframe_gap_after=None,
        interlaced=False,
        bit_depth=8,
        transfer="sdr",
        matrix="bt709",
        copy_codec="avc1.640028",
        bit_rate=5_000_000,
    )
    return dataclasses.replace(track, **changes)


def audio(**changes: object) -> AudioTrack:
    track = AudioTrack(
        index=1,
        codec="aac",
        profile="LC",
        sample_rate=48_000,
        channels=2,
        start=Fraction(0),
        end=Fraction(60),
        copy_codec="mp4a.40.2",
        bit_rate=128_000,
    )
    return dataclasses.replace(track, **changes)


def source(**changes: object) -> SourceIndex:
    index = SourceIndex(
        container="matroska",
        zero=Fraction(0),
        duration=Fraction(60),
        seek="index",
        video=video(),
        audio=(audio(),),
    )
    return dataclasses.replace(index, **changes)


def seconds(frames: tuple[int, ...], rate: Fraction) -> list[float]:
    return [float(frame / rate) for frame in frames]


def test_segments_end_at_the_last_keyframe_within_four_seconds() -> None:
    keyframes = [second * 24 for second in range(60)]
    assert seconds(boundaries(Fraction(24), 60 * 24, keyframes), Fraction(24)) == [0, 2, 4, 6, 8, *range(12, 61, 4)]


def test_a_keyframe_up_to_six_seconds_away_ends_the_segment() -> None:
    cuts = seconds(boundaries(Fraction(24), 24 * 40, [f * 24 for f in (0, 2, 4, 6, 8, 13, 18, 24, 30)]), Fraction(24))
    assert cuts[:9] == [0, 2, 4, 6, 8, 13, 18, 24, 30]


def test_a_long_gop_is_split_evenly_into_at_most_four_seconds() -> None:
    cuts = boundaries(Fraction(24), 24 * 60, [0, 48, 96, 144, 192, 192 + 240])
    inside = [cut for cut in cuts if 192 <= cut <= 432]
    assert inside == [192, 272, 352, 432]


def test_the_first_segments_are_short_even_in_a_long_gop() -> None:
    cuts = boundaries(Fraction(24), 24 * 60, [])
    assert all(36 <= b - a <= 60 for a, b in itertools.pairwise(cuts[:5]))


@given(
    rate=st.sampled_from([Fraction(24), FILM, Fraction(25), Fraction(60), Fraction(5), Fraction(57_000, 3581)]),
    total=st.integers(1, 20_000),
    keyframes=st.lists(st.integers(-5, 20_100), max_size=200),
)
def test_every_grid_covers_its_film_exactly_in_segments_of_at_most_six_seconds(
    rate: Fraction, total: int, keyframes: list[int]
) -> None:
    cuts = boundaries(rate, total, keyframes)
    assert cuts[0] == 0
    assert cuts[-1] == total
    lengths = [(b - a) / rate for a, b in itertools.pairwise(cuts)]
    assert all(0 < length <= 6 for length in lengths)
    assert all(length >= 1 for length in lengths[:-1])


def test_a_film_of_one_frame_has_one_segment() -> None:
    assert boundaries(Fraction(24), 1, [0]) == (0, 1)


def test_positions_find_their_segment_and_clamp() -> None:
    line = Timeline(FILM, (0, 48, 144))
    assert [line.segment_at(t) for t in (-3, 0, 2.0, 2.0021, 5.9, 99)] == [0, 0, 0, 1, 1, 1]
    assert line.extinf(1) == 96 / FILM


def test_audio_segments_hold_whole_aac_frames_and_follow_the_picture() -> None:
    made = plan(source())
    line = made.audio[1]
    assert made.video is not None
    assert len(line) == len(made.video)
    assert all(sample % 1024 == 0 for sample in line.boundaries)
    for k in range(len(line)):
        assert 0 <= line.start(k) - made.video.start(k) < Fraction(1024, 48_000)
    assert line.duration >= made.video.duration


def test_copied_audio_keeps_the_phase_of_its_packets() -> None:
    made = plan(source(audio=(audio(start=Fraction(7, 1000)),)))
    line = made.copied_audio[1]
    assert line.boundaries[0] == 0
    assert {sample % 1024 for sample in line.boundaries[1:]} == {336}


def test_every_cut_of_the_copied_rendition_is_a_cut_of_the_encoded_ones() -> None:
    made = plan(source(video=video(keyframes=(0, 24_000 * 3, 24_000 * 14, 24_000 * 17))))
    assert made.copied is not None
    assert made.video is not None
    assert {made.copied.start(k) for k in range(len(made.copied))} <= {
        made.video.start(k) for k in range(len(made.video))
    }
    assert made.copied.duration == made.video.duration


def test_millisecond_timestamps_land_on_the_exact_frame() -> None:
    track = video(rate=FILM, time_base=Fraction(1, 1000), keyframes=(0, 2002, 4004))
    scale, frame = frame_scale(FILM)
    assert (scale, frame) == (24_000, 1001)
    assert copied_ticks(source(video=track), track, 2003) == 48 * 1001
    assert copied_ticks(source(video=track), track, 2010) == round(2.010 * 24_000)


def test_a_source_that_cannot_be_cut_is_not_copied() -> None:
    assert plan(source(video=video(copy_codec=None))).copied is None
    assert plan(source(seek="linear")).copied is None
    assert plan(source(video=video(keyframe_gap_after=9))).copied is None


def test_audio_alone_gets_a_grid_of_its_own() -> None:
    made = plan(source(video=None))
    assert made.video is None
    assert made.main is made.audio[1]
    assert 60 <= made.audio[1].duration < Fraction(60) + Fraction(1024, 48_000)


def test_a_source_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError):
        plan(source(video=None, audio=()))


def test_an_index_survives_being_stored() -> None:
    index = source(zero=Fraction(-1, 3), video=video(rate=FILM, keyframe_gap_after=5))
    assert SourceIndex.from_json(json.loads(json.dumps(index.to_json()))) == index
    with pytest.raises(ValueError):
        SourceIndex.from_json({**index.to_json(), "version": 0})


@pytest.mark.parametrize(
    ("average", "base", "expected"),
    [
        (FILM, FILM, FILM),
        (Fraction(2997, 125), FILM, FILM),
        (Fraction(24), Fraction(24), Fraction(24)),
        (Fraction(11), Fraction(24), Fraction(24)),  # frames left out: the base keeps them all
        (Fraction(30), Fraction(90_000), Fraction(30)),  # a container's tick is no rate
        (Fraction(120), Fraction(120), Fraction(60)),
        (Fraction(90), Fraction(90), Fraction(45)),
        (None, None, Fraction(25)),
        (Fraction(1, 100), Fraction(1, 100), Fraction(5)),
    ],
)
def test_a_source_gets_a_sane_exact_rate(average: Fraction | None, base: Fraction | None, expected: Fraction) -> None:
    assert grid_rate(average, base) == expected


def test_fields_counted_as_frames_are_not_a_rate() -> None:
    assert grid_rate(Fraction(25), Fraction(50), interlaced=True) == 25


def test_a_slow_slide_show_keeps_each_slide_on_a_frame() -> None:
    rate = grid_rate(Fraction(2, 5), Fraction(2, 5))
    assert rate >= 5
    assert (rate / Fraction(2, 5)).denominator == 1
