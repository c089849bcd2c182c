"""What is made of a film ahead of time, and in which order."""

from __future__ import annotations

from app.core.preparation import Block, next_block, pictures, rendition_names, sounds
from tests.core.test_timeline import audio, source


def anything(row: int, k: int) -> bool:
    return True


def test_renditions_that_miss_the_same_cells_are_made_together() -> None:
    assert next_block([{3, 4, 5, 6, 7, 8}, {3, 4, 5, 6, 7, 8}], longest=5, free=anything) == Block(3, 5, (0, 1))


def test_a_run_ends_where_another_rendition_has_a_gap_too() -> None:
    assert next_block([{0, 1, 2, 3}, {2, 3}], longest=5, free=anything) == Block(0, 2, (0,))
    assert next_block([{2, 3}, {2, 3}], longest=5, free=anything) == Block(2, 2, (0, 1))


def test_what_a_player_needs_is_passed_over() -> None:
    assert next_block([{0, 1}, {0, 1}], longest=5, free=lambda row, k: (row, k) != (1, 0)) == Block(0, 1, (0,))
    assert next_block([{0, 1}], longest=5, free=lambda row, k: False) is None
    assert next_block([set(), set()], longest=5, free=anything) is None


def test_the_whole_ladder_is_every_rung_and_a_copy_only_by_name() -> None:
    index = source()
    assert [spec.name for spec in pictures(index)] == ["1080p", "720p", "480p", "360p", "240p"]
    assert [spec.name for spec in pictures(index, {"240p"})] == ["240p"]
    assert [spec.name for spec in pictures(index, {"copy"})] == ["copy"]
    assert rendition_names(index) == ("1080p", "720p", "480p", "360p", "240p", "copy")


def test_sound_is_made_in_each_form_that_a_device_is_sent() -> None:
    def names(channels: int, codec: str | None) -> list[str]:
        return [spec.name for spec in sounds(source(audio=(audio(channels=channels, copy_codec=codec),)))]

    assert names(2, "mp4a.40.2") == ["a1-copy"]
    assert names(6, "mp4a.40.2") == ["a1-copy", "a1-aac2", "a1-aac6"]
    assert names(6, None) == ["a1-aac2", "a1-aac6"]
    assert names(2, None) == ["a1-aac2"]
