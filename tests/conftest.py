"""What several test files set up."""

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

# torch's compiler imports it, which fails where a test has had Python's own distutils imported.
with contextlib.suppress(ImportError):
    import setuptools  # noqa: F401

from ganzoo.artifacts import pictures
from ganzoo.data.kinds import kinds
from ganzoo.data.made import drawing
from ganzoo.plugins.registry import registry


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Put a plugin, as a package manager leaves it, where this process and its children look."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("PYTHONPATH", str(site), prepend=os.pathsep)

    def place(name: str, init: str, variant: str = "") -> None:
        info = site / f"ganzoo_{name}-3.2.1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: ganzoo-{name}\nVersion: 3.2.1\n"
        )
        (info / "entry_points.txt").write_text(f"[ganzoo]\n{name} = ganzoo_{name}\n")
        package = site / f"ganzoo_{name}"
        package.mkdir()
        (package / "__init__.py").write_text(init)
        (package / "variant.py").write_text(variant)
        registry.cache_clear()

    yield place
    registry.cache_clear()
    for module in [name for name in sys.modules if name.startswith("ganzoo_toy")]:
        del sys.modules[module]


@pytest.fixture
def blank(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are empty, as drawing them takes longer than all else."""
    for draw in ("animate", "plot_curves"):
        monkeypatch.setattr(pictures, draw, lambda content, path, *_: path.touch())
    for kind in kinds().values():
        monkeypatch.setattr(kind, "draw", lambda field, made, path, *_: path.touch())


@pytest.fixture
def few_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Glyphs and ink are few: to draw all of them takes longer than what is made of them."""
    for split, samples in (("train", 600), ("test", 200)):
        monkeypatch.setitem(drawing.SAMPLES, split, samples)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A real browser, where there is one."""
    driver = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("needs a Chromium")
    with driver.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found)
        yield opened
        opened.close()
