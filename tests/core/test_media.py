"""What ffprobe says becomes facts."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.languages import from_name, normalise
from app.core.media import parse_ffprobe, quality

VIDEO: dict[str, Any] = {
    "index": 0,
    "codec_type": "video",
    "codec_name": "hevc",
    "profile": "Main 10",
    "level": 153,
    "width": 3840,
    "height": 1600,
    "sample_aspect_ratio": "1:1",
    "pix_fmt": "yuv420p10le",
    "color_transfer": "smpte2084",
    "color_primaries": "bt2020",
    "avg_frame_rate": "24000/1001",
    "r_frame_rate": "24000/1001",
    "field_order": "progressive",
    "disposition": {"default": 1},
}


def video(**changes: Any) -> Any:
    return parse_ffprobe({"streams": [VIDEO | changes]}).streams[0]


def test_a_picture_keeps_its_exact_rate_its_depth_and_its_dynamic_range() -> None:
    found = video()
    assert found.frame_rate == Fraction(24000, 1001)
    assert (found.bit_depth, found.hdr, found.profile, found.level) == (10, "hdr10", "Main 10", 153)
    assert found.facts()["avg_rate"] == "24000/1001"
    assert quality(found) == "2160p HDR"


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        ({"width": 1920, "height": 800, "color_transfer": "bt709"}, "1080p"),
        ({"width": 720, "height": 576, "field_order": "tt", "color_transfer": "bt470bg"}, "576i"),
        ({"width": 1280, "height": 536, "color_transfer": "arib-std-b67"}, "720p HLG"),
        ({"side_data_list": [{"side_data_type": "DOVI configuration record", "dv_profile": 5}]}, "2160p DV"),
        ({"side_data_list": [{"side_data_type": "HDR Dynamic Metadata SMPTE2094-40 (HDR10+)"}]}, "2160p HDR10+"),
        ({"width": 0, "height": 0}, None),
    ],
)
def test_a_quality_label_says_lines_scan_and_dynamic_range(changes: dict[str, Any], label: str | None) -> None:
    assert quality(video(**changes)) == label


def test_a_picture_on_its_side_is_shown_upright_and_an_anamorphic_one_wide() -> None:
    turned = video(
        width=1920,
        height=1080,
        side_data_list=[{"side_data_type": "Display Matrix", "rotation": -90, "displaymatrix": ""}],
    )
    assert (turned.rotation, turned.display_width, turned.display_height) == (90, 1080, 1920)
    wide = video(width=720, height=576, sample_aspect_ratio="64:45")
    assert (wide.display_width, wide.display_height) == (1024, 576)


def test_a_cover_is_not_a_film() -> None:
    facts = parse_ffprobe({"streams": [VIDEO | {"codec_name": "mjpeg", "disposition": {"attached_pic": 1}}]})
    assert facts.streams[0].kind == "cover"
    assert facts.video is None
    assert facts.quality is None


def test_thousands_of_chapters_are_bounded_and_impossible_ones_dropped() -> None:
    chapters = [{"start_time": str(n / 10), "end_time": str(n / 10), "tags": {"title": f"{n}"}} for n in range(60_000)]
    kept = parse_ffprobe({"format": {"duration": "3000"}, "chapters": chapters}).chapters
    assert 0 < len(kept) <= 300
    assert all(0 <= one.start < one.end <= 3000 for one in kept)


def test_a_chapter_without_an_end_lasts_until_the_next() -> None:
    chapters = [{"start_time": "0", "tags": {"title": "One"}}, {"start_time": "60.5"}]
    kept = parse_ffprobe({"format": {"duration": "100"}, "chapters": chapters}).chapters
    assert [(one.start, one.end, one.title) for one in kept] == [(0.0, 60.5, "One"), (60.5, 100.0, None)]


def test_a_writers_own_name_is_no_title() -> None:
    assert video(tags={"handler_name": "VideoHandler"}).title is None
    assert video(tags={"handler_name": "Director's cut"}).title == "Director's cut"
    assert video(tags={"title": "A\x00b\ud800"}).title == "Ab"


@pytest.mark.parametrize(
    ("code", "tag"),
    [
        ("eng", "en"), ("ger", "de"), ("deu", "de"), ("pt_BR", "pt-BR"), ("zh-hans-cn", "zh-Hans-CN"), ("und", None),
        ("jpn", "ja"), ("fil", "fil"), ("Russian", "ru"), ("xyzzy", None), ("", None), ("chi", "zh"),
    ],
)  # fmt: skip
def test_language_codes_meet_in_one_form(code: str, tag: str | None) -> None:
    assert normalise(code) == tag


def test_languages_are_known_by_their_names() -> None:
    assert (from_name("Brazilian Portuguese"), from_name("Русский"), from_name("Title")) == ("pt-BR", "ru", None)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda x: st.lists(x) | st.dictionaries(st.text(), x),
)
NAMES = st.sampled_from([*VIDEO, "side_data_list", "tags", "start_time", "duration", "bit_rate", "codec_tag_string"])


@given(
    st.fixed_dictionaries(
        {
            "streams": st.lists(st.dictionaries(NAMES, JSON)) | JSON,
            "chapters": JSON,
            "format": st.dictionaries(NAMES, JSON),
        }
    )
)
def test_no_document_is_odd_enough_to_raise(document: dict[str, Any]) -> None:
    for stream in parse_ffprobe(document).streams:
        stream.facts()
        quality(stream)
