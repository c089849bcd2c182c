"""The interface speaks Russian in full, scripts included."""

from __future__ import annotations

import re
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from app.web.words import FOLDER, script_words

ROOT = Path(__file__).resolve().parents[2]
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}")
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "t": None, "count": (1, 2)}


def texts_of_the_interface() -> set[str]:
    with (FOLDER / "extract.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    found = set()
    for top in ("app", "templates", "static/js"):
        relative = [(pattern, method) for pattern, method in methods if pattern.startswith(top)]
        for _file, _line, message, _comments, _context in extract_from_dir(
            ROOT,
            relative,
            options,
            keywords=KEYWORDS,
            directory_filter=lambda folder, top=top: str(Path(folder).relative_to(ROOT)).startswith(top.split("/")[0]),
        ):
            found.add(message[0] if isinstance(message, tuple) else message)
    return found


def test_every_text_of_the_interface_has_its_russian_words() -> None:
    texts = texts_of_the_interface()
    assert len(texts) > 200

    with (FOLDER / "ru" / "messages.po").open(encoding="utf-8") as file:
        catalog = read_po(file, locale="ru")
    translated = {
        (message.id[0] if isinstance(message.id, tuple) else message.id)
        for message in catalog
        if message.id and all(message.string if isinstance(message.string, tuple) else [message.string])
    }

    assert texts - translated == set()


def test_translations_keep_every_placeholder() -> None:
    with (FOLDER / "ru" / "messages.po").open(encoding="utf-8") as file:
        catalog = read_po(file, locale="ru")

    for message in catalog:
        if not message.id:
            continue
        source = message.id[-1] if isinstance(message.id, tuple) else message.id
        forms = message.string if isinstance(message.string, tuple) else [message.string]
        for form in forms:
            assert set(PLACEHOLDER.findall(form)) == set(PLACEHOLDER.findall(source)), source


def test_scripts_get_their_words_and_plural_forms() -> None:
    words = script_words("ru")

    assert words["locale"] == "ru"
    assert words["words"]["Subtitles"] == "Субтитры"
    assert words["words"]["{n} folder"] == ["{n} папка", "{n} папки", "{n} папок"]
