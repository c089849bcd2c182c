"""The interface speaks Russian in full, scripts included."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from flask import Flask

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


def test_every_reason_why_a_file_is_a_problem_has_its_russian_words() -> None:
    told = re.compile(
        r'"((?:it|its|not a|no|nothing|the folder|the title|the year|the path|a year|a sample|only words)\b[^"]*)"'
    )
    places = (
        "app/core/admission.py",
        *(f"app/core/identify/{name}.py" for name in ("films", "shows", "rules")),
        "workers/scan.py",
        "workers/engines/ffprobe.py",
        "workers/engines/walker.py",
        "app/library/placing.py",
    )
    sentences = {
        one.partition(": {")[0].partition(" {")[0]
        for place in places
        for line in (ROOT / place).read_text(encoding="utf-8").splitlines()
        if re.search(r"Admission\(|Unreadable\(|return f?\"|reasons|refused\[|_report\(|_match\(", line)
        for one in told.findall(line)
    }
    with (FOLDER / "ru" / "messages.po").open(encoding="utf-8") as file:
        known = {message.id for message in read_po(file, locale="ru") if message.string}

    assert len(sentences) > 25
    assert sentences - known == set()


def test_every_reason_for_and_against_a_work_has_its_russian_words() -> None:
    sentences = {
        sentence
        for name in ("__init__", "titles", "weigh")
        for sentence in told_by(ast.parse((ROOT / f"app/core/match/{name}.py").read_text(encoding="utf-8")))
    }

    assert len(sentences) > 30
    assert sentences - set(script_words("ru")["words"]) == set()


LENGTHS = "{a} minutes; the file has {b}"
"""What stands in the brackets of the sentences about a film's length."""


def told_by(module: ast.Module) -> Iterator[str]:
    """Sentences of `Likeness`, of verdicts, and of functions that say one, in the catalog's form."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"Likeness", "Verdict"}:
            yield from in_form(node.args[-1])
        elif isinstance(node, ast.FunctionDef) and node.name in {"_why_not", "_said"}:
            for one in ast.walk(node):
                if isinstance(one, ast.Return) and one.value:
                    yield from in_form(one.value)
        elif isinstance(node, ast.Tuple) and node.elts and isinstance(node.elts[0], ast.Constant):
            yield from (one for one in in_form(node.elts[0]) if " " in one)


def in_form(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from in_form(node.body)
        yield from in_form(node.orelse)
    elif isinstance(node, ast.JoinedStr):
        places = iter("abcdef")
        parts = (str(part.value) if isinstance(part, ast.Constant) else f"{{{next(places)}}}" for part in node.values)
        yield "".join(parts).replace("length ({a})", f"length ({LENGTHS})")


def test_a_reason_keeps_what_it_quotes(app: Flask) -> None:
    from app.admin.reasons import in_words

    with app.test_request_context(headers={"Accept-Language": "ru"}):
        assert in_words("it cannot be read: moov atom not found") == "файл не читается: moov atom not found"
        assert in_words("the folder says S01; no episode is named") == "в имени папки сказано S01; серия не названа"
        assert in_words("the same year (1995); made in GB") == "тот же год (1995); снято в стране: GB"
        assert in_words("the same length (95 minutes; the file has 96); no anime") == (
            "та же длина (минут: 95; в файле 96); не аниме"
        )
    with app.test_request_context():
        assert in_words("it is empty") == "it is empty"
        assert in_words("the same year (1995); made in GB") == "the same year (1995); made in GB"


def test_what_the_server_refuses_is_said_in_russian_too() -> None:
    refusals = re.compile(
        r'\b(?:Invalid|Unauthenticated|Forbidden|NotFound|Conflict|TooMany|Unavailable|Gone)\(\s*"([^"]+)"\s*[,)]'
    )
    sentences = {
        found for file in (ROOT / "app").rglob("*.py") for found in refusals.findall(file.read_text(encoding="utf-8"))
    }

    assert len(sentences) > 60
    assert sentences - set(script_words("ru")["words"]) == set()
