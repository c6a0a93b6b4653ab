"""Plugins of one module each, and the folder where they are installed."""

import textwrap
from collections.abc import Callable
from importlib import invalidate_caches
from pathlib import Path

import pytest

from ganzoo.errors import GanzooError
from ganzoo.plugins.discovery import Plugin, installed
from ganzoo.plugins.registry import Registry
from ganzoo.spec import Need

HEADER = """
from ganzoo.hookspecs import hookimpl
from ganzoo.spec import DatasetSpec, LossSpec, Need, VariantSpec

def variant(name, **more):
    return VariantSpec(name, target=f"nowhere:{name}", title=f"On {name}", year=2014, **more)
"""


def offering(*names: str, **more: object) -> str:
    """A plugin's source that registers variants of these names."""
    arguments = "".join(f", {key}={value!r}" for key, value in more.items())
    specs = ", ".join(f"variant({name!r}{arguments})" for name in names)
    return returning(f"[{specs}]")


def returning(expression: str, hook: str = "ganzoo_register_variants") -> str:
    """A plugin's source whose hook returns what the expression evaluates to."""
    return f"@hookimpl\ndef {hook}():\n    return {expression}\n"


def targeting(kind: str, more: str = "") -> str:
    """A plugin's source that registers ``x`` of that kind, at ``ganzoo_x_target:loader``."""
    module = "ganzoo_x" if more else "ganzoo_x_target"
    spec = {
        "variant": f"VariantSpec('x', '{module}:loader', 'X', 2014)",
        "dataset": f"DatasetSpec('x', '{module}:loader', 'X', '2')",
        "loss": f"LossSpec('x', '{module}:loader', 'X')",
    }[kind]
    hook = {"variant": "variants", "dataset": "datasets", "loss": "losses"}[kind]
    return returning(f"[{spec}]", f"ganzoo_register_{hook}") + more + "\n"


POINTS = ((Need(("point",)),),)
REMEDY = "try `pip install --upgrade ganzoo-x`, or remove it by `pip uninstall ganzoo-x`"


class Environment:
    """A folder of installed distributions, made of real modules and real metadata."""

    def __init__(self, site: Path) -> None:
        self.site = site
        self.dists: set[str] = set()

    def install(self, dist: str, source: str, version: str = "1.0", entry: str = "") -> None:
        """Install a one-module distribution with one entry point."""
        module = dist.replace("-", "_")
        entry = entry or dist.removeprefix("ganzoo-")
        (self.site / f"{module}.py").write_text(HEADER + textwrap.dedent(source))
        info = self.site / f"{module}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[ganzoo]\n{entry} = {module}\n")
        self.dists.add(dist)

    def load(self) -> Registry:
        """What ganzoo makes of this environment alone."""
        invalidate_caches()
        return Registry([one for one in installed() if one.dist in self.dists])

    def plugin(self, source: str) -> Plugin:
        """What becomes of a plugin with this source, installed as ``ganzoo-x 1.0``."""
        self.install("ganzoo-x", source)
        (plugin,) = self.load().plugins
        return plugin


def message(act: Callable[[str], object], name: str) -> str:
    """The sentence that a lookup fails with."""
    with pytest.raises(GanzooError) as caught:
        act(name)
    return str(caught.value)
