"""Playlists say exactly what the timelines do."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from app.core import hls
from app.core.ladder import copied_video, encoded_audio, ladder
from app.core.timeline import Timeline, plan
from tests.core.test_timeline import FILM, source


def test_segment_lengths_never_drift_from_the_timeline() -> None:
    line = Timeline(FILM, (*range(0, 100_001, 97), 100_001))
    text = hls.media_playlist(line, segment_uri=lambda k: f"{k}.m4s", init_uri="init.mp4")
    lengths = [float(found) for found in re.findall(r"#EXTINF:([\d.]+),", text)]
    assert len(lengths) == len(line)
    total = 0.0
    for k, length in enumerate(lengths):
        total += length
        assert abs(total - float(line.start(k + 1))) < 1e-6


def test_a_media_playlist_is_complete_from_the_first_answer() -> None:
    line = plan(source()).main
    text = hls.media_playlist(line, segment_uri=lambda k: f"v/{k}.m4s", init_uri="v/init.mp4")
    assert text.startswith("#EXTM3U\n")
    assert text.endswith("#EXT-X-ENDLIST\n")
    assert text.count("v/") == len(line) + 1
    (target,) = re.findall(r"TARGETDURATION:(\d+)", text)
    assert all(line.extinf(k) <= int(target) for k in range(len(line)))


def test_playlists_of_one_film_have_one_target_duration() -> None:
    short, long = Timeline(Fraction(1), (0, 4, 8)), Timeline(Fraction(10), (0, 94, 120))
    texts = [hls.media_playlist(line, segment_uri=str, beside=[short, long]) for line in (short, long)]
    assert [re.findall(r"TARGETDURATION:(\d+)", text) for text in texts] == [["10"], ["10"]]


def test_subtitles_have_no_init() -> None:
    assert "EXT-X-MAP" not in hls.media_playlist(Timeline(Fraction(1), (0, 4)), segment_uri=str)


def test_a_multivariant_playlist_tells_sizes_rates_and_codecs() -> None:
    index = source()
    sound = encoded_audio(index, 1)
    specs = [copied_video(index), *ladder(index)]
    variants = [hls.Variant(spec, f"{spec.name}.m3u8", (sound,), "sound", "text") for spec in specs if spec]
    text = hls.multivariant(
        variants,
        [hls.AudioMedia("sound", 'The "first"', "a.m3u8", sound, "en", default=True)] * 2,
        [hls.SubtitleMedia("text", "English", "s.m3u8", "en", forced=True)],
    )
    assert 'CODECS="avc1.640028,mp4a.40.2",RESOLUTION=1920x1080,FRAME-RATE=24.000' in text
    assert "NAME=\"The 'first'\"" in text
    assert "NAME=\"The 'first' 2\"" in text
    assert "FORCED=YES" in text
    assert text.count("#EXT-X-STREAM-INF") == len(variants)
    for spec, peak in zip(specs, re.findall(r"[:,]BANDWIDTH=(\d+)", text), strict=True):
        assert spec is not None
        assert int(peak) >= spec.max_rate + sound.bit_rate


def test_sound_alone_is_a_variant_of_its_own() -> None:
    sound = encoded_audio(source(), 1)
    text = hls.audio_only_multivariant([hls.AudioMedia("sound", "Sound", "a.m3u8", sound)])
    assert 'CODECS="mp4a.40.2"\na.m3u8\n' in text


def test_a_playlist_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError):
        hls.multivariant([])
    with pytest.raises(ValueError):
        hls.audio_only_multivariant([])
