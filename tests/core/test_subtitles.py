"""Text subtitles become cues, and cues WebVTT, whoever wrote them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from app.core.subtitles import Cue, NotSubtitles, from_json, parse, segments, to_json, webvtt, webvtt_segment

SRT = (
    "1\n00:00:01,000 --> 00:00:02,500\nHello <i>there</i>\nsecond line\n\n"
    "2\n00:01:05,000 --> 00:01:07,000\n5 < 6 & 7 > 3\n"
)


def test_srt_keeps_lines_and_italics_and_escapes_the_rest() -> None:
    first, second = parse(SRT)

    assert first == Cue(1000, 2500, "Hello <i>there</i>\nsecond line")
    assert second.text == "5 &lt; 6 &amp; 7 &gt; 3"


def test_ass_loses_its_effects_and_keeps_its_place() -> None:
    text = (
        "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize, Alignment\n"
        "Style: Default,Arial,20,2\n\n[Events]\n"
        "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
        "Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\an8\\pos(1,2)\\b1}Up{\\b0}\\Nhere\n"
        "Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\p1}m 0 0 l 1 1{\\p0}\n"
        "Comment: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,unseen\n"
    )

    assert parse(text) == [Cue(1000, 2000, "<b>Up</b>\nhere", "line:5%")]


def test_webvtt_is_read_with_its_settings_and_without_its_styles() -> None:
    text = (
        "WEBVTT - title\n\nSTYLE\n::cue { color: red }\n\nNOTE no\n\nid\n00:01.000 --> 00:02.000 line:0 evil:x\n"
        "<v Bob>Hi &amp; <c.x>bye</c> <b>now</b></v>\n"
    )

    assert parse(text) == [Cue(1000, 2000, "Hi &amp; bye <b>now</b>", "line:0")]


def test_frames_count_at_the_films_rate() -> None:
    assert parse("{24}{48}Hello|there", frame_rate=24.0)[0] == Cue(1000, 2000, "Hello\nthere")


def test_times_start_where_the_film_does() -> None:
    shifted = parse(SRT, offset=Fraction(3, 2))

    assert [(cue.start, cue.end) for cue in shifted] == [(0, 1000), (63500, 65500)]


@pytest.mark.parametrize(
    "text", ["", "nothing of the kind", '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><tt/>', "x" * 20_000_001]
)
def test_what_is_no_subtitle_is_refused(text: str) -> None:
    with pytest.raises(NotSubtitles):
        parse(text)


def test_no_script_and_no_arrow_reaches_a_cue() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\n<script>alert(1)</script> a --> b\n\n"

    found = webvtt(parse(text))

    assert "<script" not in found
    assert found.count("-->") == 1


def test_segments_hold_every_cue_that_is_on_screen_within() -> None:
    cues = [Cue(0, 1000, "a"), Cue(59_000, 61_000, "b"), Cue(120_000, 121_000, "c")]
    timeline = segments(Fraction(150))

    assert timeline.boundaries == (0, 60_000, 120_000, 150_000)
    second = webvtt_segment(cues, 60_000, 120_000)
    assert second.startswith("WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n")
    assert "00:00:59.000 --> 00:01:01.000\nb" in second
    assert "\na\n" not in second
    assert "\nc\n" not in second


def test_cues_survive_being_stored() -> None:
    cues = parse(SRT)

    assert from_json(to_json(cues)) == cues
    with pytest.raises(ValueError, match="version"):
        from_json({"version": 0, "cues": []})


REAL = {
    "example2.srt": 2,
    "example.ssa": 1,
    "pysubs2/ttml_example.ttml": 1,
    "webvtt-py/one_caption.srt": 1,
    "webvtt-py/sample.vtt": 16,
    "webvtt-py/netflix_chicas_del_cable.vtt": 100,
    "webvtt-py/non_padded_timestamps.vtt": 1,
    "subtitleedit/tests/seconv/Fixtures/test.ssa": 1,
    "subtitleedit/tests/seconv/Fixtures/test.ass": 1,
    "subtitleedit/tests/seconv/Fixtures/test.srt": 1,
}


@pytest.mark.parametrize("name", REAL)
def test_real_files_give_their_cues(shared: Path, name: str) -> None:
    data = (shared / "cases/subtitles" / name).read_bytes()

    assert len(parse(data.decode("utf-8-sig"))) >= REAL[name]
