"""The shelves hold: imports point down only, the core is pure, and frameworks stay at the edges.

Imports inside functions count as much as those at the top of a file.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

SHELVES = [
    {"core"},
    {"adapters", "extensions", "signals"},
    {"jobs", "web"},
    {"outbox"},
    {"accounts"},
    {"catalog"},
    {"library"},
    {"entitlements", "sources"},
    {"personal"},
    {"downloads", "search", "transcoding"},
    {"playback", "wanted"},
    {"browse", "livetv", "party"},
    {"admin", "home"},
    {"wiring"},
    {"factory"},
    {"cli"},
]
SHELF = {name: level for level, names in enumerate(SHELVES) for name in names}
PURE_PARSERS = {"PTT", "guessit", "pysubs2", "babelfish", "rebulk"}
FLASK_FILES = {"routes", "pages", "events", "guards"}
FLASK_MODULES = {"app.extensions", "app.factory", "app.cli"}


def modules() -> Iterator[tuple[str, Path]]:
    for top in ("app", "workers"):
        for path in sorted((ROOT / top).rglob("*.py")):
            relative = path.relative_to(ROOT).with_suffix("")
            parts = relative.parts[:-1] if relative.name == "__init__" else relative.parts
            yield ".".join(parts), path


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module in {"app", "workers"})


def feature(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


MODULES = list(modules())


@pytest.mark.parametrize(("module", "path"), MODULES, ids=[name for name, _ in MODULES])
def test_imports_point_down_only(module: str, path: Path) -> None:
    wrong = []
    for imported in imports(path):
        if module.startswith("app.") and imported.split(".")[0] == "workers":
            wrong.append(f"{imported}: app never imports workers")
        if not (module.startswith("app.") and imported.startswith("app.")):
            continue
        own, other = feature(module), feature(imported)
        if other not in SHELF:
            wrong.append(f"{imported}: {other!r} stands on no shelf")
        elif own != other and SHELF[other] >= SHELF[own]:
            wrong.append(f"{imported}: up or sideways")
    assert not wrong


@pytest.mark.parametrize(("module", "path"), [m for m in MODULES if m[0].startswith("app.core")])
def test_the_core_imports_the_standard_library_and_pure_parsers_only(module: str, path: Path) -> None:
    allowed = sys.stdlib_module_names | PURE_PARSERS | {"app"}
    impure = {"logging", "socket", "subprocess", "random", "secrets", "sqlite3", "urllib.request", "http.client"}
    found = set(imports(path))
    assert not {name for name in found if name.split(".")[0] not in allowed}
    assert not found & impure


@pytest.mark.parametrize(("module", "path"), MODULES)
def test_flask_stays_at_the_edges(module: str, path: Path) -> None:
    if module in FLASK_MODULES or module.startswith("app.web") or path.stem in FLASK_FILES:
        return
    assert not {name for name in imports(path) if name.split(".")[0] in {"flask", "flask_openapi3", "flask_socketio"}}


@pytest.mark.parametrize(("module", "path"), [m for m in MODULES if m[0].startswith("workers")])
def test_workers_never_import_routes_or_events(module: str, path: Path) -> None:
    edges = {name for name in imports(path) if name.split(".")[-1] in {"routes", "pages", "events"}}
    assert not {name for name in edges if name.startswith("app.")}


@pytest.mark.parametrize(("module", "path"), MODULES)
def test_only_the_configuration_reads_the_environment(module: str, path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    read = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        and node.attr in {"environ", "getenv", "environb"}
    ]
    assert not read
