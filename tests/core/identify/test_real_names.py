"""Real names of other projects' suites, where the folder of cases stands beside the project."""

from __future__ import annotations

import importlib.util
import json
import time
from collections import defaultdict
from pathlib import Path
from types import ModuleType
from typing import Any

from app.core.identify import identify


def scorer(shared: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("score_names", shared / "cases/score_names.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_films_shows_and_anime_are_read_right(shared: Path) -> None:
    judge = scorer(shared)
    right: dict[str, list[bool]] = defaultdict(list)
    began, read = time.process_time(), 0
    for row in rows(shared / "cases/names.jsonl"):
        if row["kind"] == "quality" or "\n" in row["path"]:
            continue
        kind = judge.KIND[row["kind"]]
        fields = judge.judge(row["expect"], identify(row["path"], kind).as_json())
        read += 1
        if fields:
            right[kind].append(all(fields.values()))
    per_name_ms = 1000 * (time.process_time() - began) / read
    share = {kind: sum(found) / len(found) for kind, found in right.items()}
    assert share["movies"] >= 0.96
    assert share["shows"] >= 0.955
    assert share["anime"] >= 0.96
    assert per_name_ms <= 5


def test_names_that_say_nothing_are_refused(shared: Path) -> None:
    cases = rows(shared / "cases/names_negative.jsonl")
    kinds = {"sonarr": "shows", "radarr": "movies"}
    refused = [identify(case["path"], kinds[case["source"]]).title is None for case in cases]
    assert sum(refused) / len(cases) >= 0.95


def test_season_folders_are_told_from_others(shared: Path) -> None:
    wrong = []
    for case in rows(shared / "cases/names_extras.jsonl"):
        if "is_season_dir" not in case.get("expect", {}):
            continue
        kind = "mixed" if case["source"].endswith("mixed") else "shows"
        found = identify(case["path"], kind)
        expect = case["expect"]
        if (found.season, found.kind == "season") != (expect["season"], expect["is_season_dir"]):
            wrong.append(case["path"])
    assert not wrong
