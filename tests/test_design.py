"""Rules of the design that are easily broken by accident."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.places import ROOT

from ganzoo.plugins.registry import registry

CORE = ROOT / "ganzoo"
FILES = sorted(file for file in CORE.rglob("*.py") if "templates" not in file.parts)
WRITTEN = sorted(
    file
    for top in ("ganzoo", "plugins", "tests", "benchmarks")
    for file in (ROOT / top).rglob("*")
    if file.suffix in (".py", ".sh", ".toml", ".json") and "__pycache__" not in file.parts
)
FOLDERS = sorted({file.parent for file in WRITTEN})


def imported(file: Path) -> set[str]:
    """The modules that a file imports anywhere, and the names that it imports from them."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module or ""}
    return names


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(CORE)))
def test_core_never_imports_a_plugin_package(file: Path) -> None:
    assert not [name for name in imported(file) if name.startswith("ganzoo_")]


ROOMS = (
    "errors",
    "spec",
    "config",
    "artifacts",
    "data",
    "author",
    "engine",
    "plugins",
    "runs",
    "jobs",
    "compare",
    "metrics",
    "report",
    "training",
    "claims",
    "export",
    "testing",
    "bench",
    "library",
    "sweeps",
    "cli",
)
"""From the cellar to the roof: a room imports from rooms below it only."""


def room(name: str) -> str | None:
    """The room of a module of ganzoo; None for the front door, which leads everywhere."""
    parts = name.split(".")
    if len(parts) == 1 or parts[1] == "__main__":
        return None
    return parts[1] if parts[1] in ROOMS else "author"


def module(file: Path) -> str:
    parts = file.relative_to(CORE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module(file): file for file in FILES}


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """The modules of ganzoo that each imports, for type checking and in functions included."""
    return {name: imported(file) & MODULES.keys() for name, file in MODULES.items()}


def test_each_room_imports_only_from_rooms_below(imports: dict[str, set[str]]) -> None:
    wrong = [
        f"{name} imports {other}"
        for name, others in imports.items()
        for other in others
        if (here := room(name)) and (there := room(other))
        if ROOMS.index(there) > ROOMS.index(here)
    ]
    assert not sorted(wrong)


def test_no_import_leads_back(imports: dict[str, set[str]]) -> None:
    """A package is imported with each of its modules, which is no circle of its own."""
    graph = {
        name: {other for other in others if not name.startswith(f"{other}.")}
        for name, others in imports.items()
        if name != "ganzoo"
    }
    for others in graph.values():
        others.discard("ganzoo")
    for _ in range(len(graph)):  # whoever imports none of the rest, or is imported by none of it
        used = set().union(*graph.values())
        graph = {
            name: others & graph.keys()
            for name, others in graph.items()
            if others & graph.keys() and name in used
        }
    assert not sorted(graph)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_no_folder_is_crowded_and_no_file_long(folder: Path) -> None:
    files = [file for file in WRITTEN if file.parent == folder]
    assert len(files) <= 15
    by_hand = [file for file in files if file.suffix != ".json"]
    assert not [file.name for file in by_hand if len(file.read_text().splitlines()) > 350]


def test_the_engine_knows_no_variant() -> None:
    names = [row.spec.name for row in registry().variants()]
    assert "dcgan" in names
    for file in (CORE / "engine").rglob("*.py"):
        text = file.read_text().lower()
        assert not re.search(r"isinstance\([^)]*variant", text), file
        assert not [name for name in names if re.search(rf"\b{re.escape(name)}\b", text)], file


def test_checkpoints_know_no_pickle() -> None:
    for file in FILES:
        assert not {"pickle", "torch.save", "torch.load"} & imported(file), file
        unsafe = r"torch\.(save\(|load\((?![^()]*weights_only=True\)))"
        assert not re.search(unsafe, file.read_text()), file


@pytest.mark.parametrize(
    "module", ["ganzoo", "ganzoo.plugins.registry", "ganzoo.training.settings", "ganzoo.cli"]
)
def test_what_lists_needs_no_torch(module: str) -> None:
    code = f"import sys, {module}; from ganzoo.plugins.registry import registry; "
    code += "registry().variants();"
    code += "print([m for m in ('torch', 'numpy', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
