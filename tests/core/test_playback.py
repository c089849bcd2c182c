"""How a device gets a film, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.core.media.values import StreamFacts
from app.core.playback import (
    TELEVISION,
    Decision,
    Device,
    Source,
    codec_name,
    container_of,
    decide,
    device_of,
    mime_type,
)

H264 = StreamFacts(0, "video", codec="h264", profile="High", width=1920, height=1080, bit_depth=8)
HEVC10 = replace(H264, codec="hevc", profile="Main 10", bit_depth=10)
AAC = StreamFacts(1, "audio", codec="aac", profile="LC", channels=2, is_default=True)
AC3 = StreamFacts(2, "audio", codec="ac3", channels=6)
MP4 = Source("mov,mp4,m4a,3gp,3g2,mj2", ".mp4", 6_000_000, H264, (AAC,))
MKV = replace(MP4, container="matroska,webm", suffix=".mkv")
BROWSER = Device(
    direct=("mp4/h264/aac", "webm/vp9/opus"), hls=frozenset({"h264", "aac", "hevc", "hevc-10"}), max_channels=6
)


def asked(source: Source, device: Device = TELEVISION, **more: object) -> Decision:
    options: dict[str, object] = {"copyable_video": True, "copyable_audio": frozenset({1}), **more}
    return decide(source, device, **options)  # type: ignore[arg-type]


def codes(decision: Decision) -> list[tuple[str, str]]:
    return [(reason.stream, reason.code) for reason in decision.reasons]


def test_a_file_that_the_device_knows_is_sent_as_it_is() -> None:
    made = asked(MP4)

    assert (made.method, made.video, dict(made.audio), codes(made)) == ("direct", "direct", {1: "direct"}, [])


def test_another_container_needs_no_encoding() -> None:
    made = asked(MKV)

    assert (made.method, made.video, dict(made.audio)) == ("remux", "copy", {1: "copy"})
    assert codes(made) == [("file", "container")]


def test_a_foreign_sound_is_encoded_beside_the_copied_picture() -> None:
    made = asked(replace(MKV, audio=(AC3,)))

    assert (made.method, made.video, dict(made.audio)) == ("remux", "copy", {2: "encode"})
    assert ("audio", "codec") in codes(made)


def test_a_foreign_picture_is_encoded() -> None:
    made = asked(replace(MKV, video=HEVC10))

    assert (made.method, made.video) == ("transcode", "encode")
    assert ("video", "codec") in codes(made)
    assert "hevc-10" in made.reasons[-1].detail


def test_a_device_that_plays_ten_bit_hevc_gets_it_copied() -> None:
    assert asked(replace(MKV, video=HEVC10), BROWSER).method == "remux"


def test_a_device_may_refuse_files_altogether() -> None:
    made = asked(MP4, device_of({"direct": []}))

    assert made.method == "remux"
    assert codes(made) == [("file", "direct_refused")]


def test_a_file_that_begins_late_on_its_own_clock_is_sent_in_segments_that_begin_at_once() -> None:
    made = asked(replace(MP4, lead_s=10.0))

    assert made.method == "remux"
    assert codes(made) == [("file", "late_start")]


def test_a_file_that_begins_before_its_own_zero_is_not_left_to_players_that_would_refuse_it() -> None:
    made = asked(replace(MP4, lead_s=-1.0))

    assert made.method == "remux"
    assert codes(made) == [("file", "early_start")]


def test_a_file_whose_clock_is_broken_is_never_played_by_it() -> None:
    made = asked(replace(MP4, has_clock=False))

    assert made.method != "direct"
    assert codes(made) == [("file", "broken_clock")]


def test_stars_in_patterns_match_anything() -> None:
    assert asked(MKV, device_of({"direct": ["mkv/*/*"]})).method == "direct"
    assert asked(replace(MKV, video=None), device_of({"direct": ["mkv/vp9/aac"]})).method == "direct"


@pytest.mark.parametrize(
    ("limit", "code"), [({"max_height": 720}, "height"), ({"max_bit_rate": 2_000_000}, "bit_rate")]
)
def test_limits_of_the_device_lead_to_an_encode(limit: dict[str, int], code: str) -> None:
    made = asked(MP4, device_of({"direct": ["*/*/*"], **limit}))

    assert made.method == "transcode"
    assert codes(made) == [("video", code)]


def test_hdr_goes_to_those_who_show_it() -> None:
    film = replace(MKV, video=replace(HEVC10, hdr="hdr10"))

    assert asked(film, replace(BROWSER, hdr=frozenset({"hdr10"}))).method == "remux"
    assert ("video", "hdr") in codes(asked(film, BROWSER))


@pytest.mark.parametrize(
    ("change", "code"),
    [({"field_order": "tt"}, "interlaced"), ({"rotation": 90}, "rotated"), ({"is_mirrored": True}, "mirrored")],
)
def test_a_picture_that_would_look_wrong_is_encoded(change: dict[str, object], code: str) -> None:
    made = asked(replace(MKV, video=replace(H264, **change)))  # type: ignore[arg-type]

    assert made.method == "transcode"
    assert ("video", code) in codes(made)


def test_more_channels_than_the_device_has_are_mixed_down() -> None:
    made = asked(replace(MP4, audio=(replace(AAC, channels=6),)))

    assert (made.method, dict(made.audio)) == ("remux", {1: "encode"})
    assert codes(made) == [("audio", "channels")]


def test_another_track_than_the_first_needs_segments() -> None:
    made = asked(replace(MP4, audio=(AAC, replace(AAC, index=3, is_default=False))), audio=3)

    assert made.method == "remux"
    assert ("audio", "other_track") in codes(made)


def test_a_track_that_the_file_does_not_have_changes_nothing() -> None:
    made = asked(MP4, audio=77)

    assert (made.method, made.reasons) == ("direct", ())


def test_a_picture_that_cannot_be_cut_is_encoded() -> None:
    assert ("video", "not_cuttable") in codes(asked(MKV, copyable_video=False))


def test_sound_alone_is_remuxed_or_encoded() -> None:
    song = Source("flac", ".flac", None, None, (replace(AAC, codec="flac"),))

    assert asked(song, copyable_audio=frozenset()).method == "transcode"
    assert asked(replace(song, container="matroska,webm", audio=(AAC,))).method == "remux"


def test_families_of_containers_get_one_name() -> None:
    vp9 = replace(H264, codec="vp9")
    opus = replace(AAC, codec="opus")

    assert container_of(MP4) == "mp4"
    assert container_of(replace(MP4, suffix=".mov")) == "mov"
    assert container_of(MKV) == "mkv"
    assert container_of(replace(MKV, video=vp9, audio=(opus,))) == "webm"
    assert container_of(Source("mpegts", ".ts", None, H264, ())) == "ts"
    assert mime_type(MP4) == "video/mp4"
    assert mime_type(replace(MP4, video=None)) == "audio/mp4"


def test_codecs_are_named_with_depth_and_chroma() -> None:
    assert codec_name(HEVC10) == "hevc-10"
    assert codec_name(replace(H264, pixel_format="yuv422p10le", bit_depth=10)) == "h264-10-422"
