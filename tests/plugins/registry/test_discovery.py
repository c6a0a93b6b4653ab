"""What is installed, in which order, and what listing it imports."""

import subprocess
import sys
from importlib import invalidate_caches

import pytest
from helpers.plugins.modules import Environment, offering

from ganzoo.plugins.discovery import CORE, Status, installed
from ganzoo.plugins.registry import Registry, registry


def test_the_core_comes_first_and_then_the_installed_distributions(env: Environment) -> None:
    env.install("ganzoo-b", offering("b"), version="0.2")
    env.install("ganzoo-a", offering("a"), entry="z")
    invalidate_caches()
    found = [(one.dist, one.version, one.name) for one in installed()]
    assert found[0][::2] == (CORE, "builtin")
    mine = [one for one in found if one[0] in env.dists]
    assert mine == [("ganzoo-a", "1.0", "z"), ("ganzoo-b", "0.2", "b")]
    assert "ganzoo_a" not in sys.modules


def test_metadata_that_is_half_removed_stops_nothing(env: Environment) -> None:
    env.install("ganzoo-gone", offering("gone"))
    (env.site / "ganzoo_gone-1.0.dist-info" / "METADATA").unlink()
    invalidate_caches()
    gone = next(one for one in installed() if one.name == "gone")
    assert (gone.dist, gone.version) == ("gone", "unknown")


def test_the_cores_own_data_sets_and_losses_are_a_plugin() -> None:
    core = registry().plugins[0]
    assert (core.dist, core.status, core.error) == (CORE, Status.OK, "")
    assert registry().dataset("ring8").plugin is core
    assert registry().loss("hinge").plugin is core
    assert registry() is registry()


def test_the_core_is_there_without_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    (core,) = installed()
    assert (core.dist, core.version) == (CORE, "unknown")
    assert Registry([core]).dataset("glyphs").status is Status.OK


def test_listing_plugins_imports_neither_torch_nor_a_terminal_library() -> None:
    code = (
        "import sys; from ganzoo.plugins.registry import registry; registry().variants(); "
        "print(sorted({'torch', 'numpy', 'rich', 'click', 'rich_click'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
