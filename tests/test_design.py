"""Rules of the design that are easily broken by accident."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ganzoo.plugins.registry import registry

CORE = Path(__file__).parents[1] / "ganzoo"
FILES = sorted(file for file in CORE.rglob("*.py") if "templates" not in file.parts)


def imported(file: Path) -> set[str]:
    """The modules that a file imports anywhere, not only for type checking."""
    names = set()
    tree = ast.parse(file.read_text())
    skipped = [
        node
        for found in ast.walk(tree)
        if isinstance(found, ast.If) and "TYPE_CHECKING" in ast.unparse(found.test)
        for node in ast.walk(found)
    ]
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module or ""}
    return names


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(CORE)))
def test_core_never_imports_a_plugin_package(file: Path) -> None:
    assert not [name for name in imported(file) if name.startswith("ganzoo_")]


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(CORE)))
def test_imports_point_one_way(file: Path) -> None:
    """cli -> setup, train -> engine -> variant -> losses, networks, spec."""
    forbidden = {
        "engine": (
            "ganzoo.cli",
            "ganzoo.training.trainer",
            "ganzoo.training.assemble",
            "ganzoo.runs.run",
        ),
        "data": (
            "ganzoo.cli",
            "ganzoo.training.trainer",
            "ganzoo.training.assemble",
            "ganzoo.engine",
            "ganzoo.variant",
        ),
        "variant.py": ("ganzoo.cli", "ganzoo.training.trainer", "ganzoo.engine"),
        "losses.py": ("ganzoo.variant", "ganzoo.engine", "ganzoo.networks"),
        "networks.py": ("ganzoo.variant", "ganzoo.engine"),
        "cli": (),
    }
    part = file.relative_to(CORE).parts[0]
    above = forbidden.get(part, ("ganzoo.cli",) if part != "__main__.py" else ())
    assert not [name for name in imported(file) if name.startswith(above or ("!",))]


def test_the_engine_knows_no_variant() -> None:
    names = [row.spec.name for row in registry().variants()]
    assert "dcgan" in names
    for file in (CORE / "engine").glob("*.py"):
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
