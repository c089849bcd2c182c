"""How often a name is read wholly right, by us, by guessit and by parsett, on the same rows, and what it costs.

    python -m bench.identify [CASES_FOLDER]

The folder holds `names.jsonl`, `names_negative.jsonl` and `score_names.py` (default: `../shared/cases`).
"""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from app.core.identify import identify

Reader = Callable[[str, str], dict[str, Any]]
ASKED_GUESSIT = "parsett and guessit were asked"
ASKED_PARSETT = "parsett was asked"


def ours(path: str, kind: str) -> dict[str, Any]:
    return identify(path, kind).as_json()


def by_guessit(path: str, kind: str) -> dict[str, Any]:
    import guessit

    read = guessit.guessit(path, {"type": "movie" if kind == "movies" else "episode"})
    season = _many(read.get("season"))
    return {
        "title": read.get("title"),
        "year": read.get("year"),
        "season": season[0] if season else None,
        "episodes": _many(read.get("episode")),
        "absolute": _many(read.get("absolute_episode")),
        "date": str(read["date"]) if "date" in read else None,
    }


def by_parsett(path: str, _kind: str) -> dict[str, Any]:
    import PTT

    read = PTT.parse_title(path if " / " in path else path.replace("\\", "/").rsplit("/", 1)[-1])
    seasons = read.get("seasons") or []
    return {
        "title": read.get("title"),
        "year": read.get("year"),
        "season": seasons[0] if seasons else None,
        "episodes": read.get("episodes") or [],
        "absolute": [],
        "date": read.get("date"),
    }


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _scorer(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("score_names", folder / "score_names.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def score(reader: Reader, judge: ModuleType, cases: list[dict[str, Any]]) -> tuple[dict[str, float], float]:
    """Share wholly right by library kind, and milliseconds a name."""
    tally: dict[str, list[bool]] = defaultdict(list)
    reader("warm.up.S01E01.mkv", "shows")
    began = time.perf_counter()
    answers = [reader(case["path"], judge.KIND[case["kind"]]) for case in cases]
    took = time.perf_counter() - began
    for case, answer in zip(cases, answers, strict=True):
        fields = judge.judge(case["expect"], answer)
        if fields:
            tally[judge.KIND[case["kind"]]].append(all(fields.values()))
    return {kind: 100 * sum(right) / len(right) for kind, right in tally.items()}, 1000 * took / len(cases)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("../shared/cases")
    judge = _scorer(folder)
    cases = [c for c in _rows(folder / "names.jsonl") if c["kind"] != "quality" and "\n" not in c["path"]]
    print(f"{'':10} {'films':>7} {'shows':>7} {'anime':>7} {'ms/name':>8}")
    for name, reader in (("matinee", ours), ("guessit", by_guessit), ("parsett", by_parsett)):
        share, ms = score(reader, judge, cases)
        print(f"{name:10} {share['movies']:6.1f}% {share['shows']:6.1f}% {share['anime']:6.1f}% {ms:8.2f}")
    reasons = [identify(case["path"], judge.KIND[case["kind"]]).reasons for case in cases]
    guessit = sum(ASKED_GUESSIT in said for said in reasons)
    parsett = guessit + sum(ASKED_PARSETT in said for said in reasons)
    print(f"reached parsett: {100 * parsett / len(cases):.1f} %, guessit: {100 * guessit / len(cases):.1f} %")
    negative = _rows(folder / "names_negative.jsonl")
    kinds = {"sonarr": "shows", "radarr": "movies"}
    refused = sum(identify(case["path"], kinds[case["source"]]).title is None for case in negative)
    print(f"names that say nothing, refused: {100 * refused / len(negative):.1f} %")


if __name__ == "__main__":
    main()
