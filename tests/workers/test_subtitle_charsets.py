"""Old subtitle files are read in the charset they were written in."""

from __future__ import annotations

from pathlib import Path

import pytest

from workers.engines.subtitles import decode

RUSSIAN = "Привет, как дела?\nВсё хорошо, спасибо"
FRENCH = "Où êtes-vous allé hier soir ? Je ne sais pas, peut-être à l'hôtel près de la forêt.\n" * 4
CHINESE = "你好，我们今天晚上去看电影吧。\n他说他不知道那里有什么人。\n" * 6


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        (RUSSIAN, "utf-8"),
        (RUSSIAN, "utf-8-sig"),
        (RUSSIAN, "utf-16"),
        (RUSSIAN, "utf-16-le"),
        (RUSSIAN, "cp1251"),
        (FRENCH, "cp1252"),
        (CHINESE, "gb18030"),
    ],
)
def test_text_comes_back_as_it_was_written(text: str, charset: str) -> None:
    assert decode(text.encode(charset)) == text


def test_a_real_file_of_windows_1251_is_read(shared: Path) -> None:
    path = shared / "cases/subtitles/subtitleedit/tests/libse/Files/auto_detect_windows-1251.srt"

    assert decode(path.read_bytes()) == path.read_bytes().decode("cp1251")
