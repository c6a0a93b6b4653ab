"""What tests of the commands set up."""

import os
import shutil
from pathlib import Path

import pytest
from helpers.cli import ganzoo


@pytest.fixture(scope="session")
def verified(cache_of_nobody: None) -> Path:
    """What is known of the installed plugins, for which a process would have to import torch."""
    assert ganzoo("plugins").status == 0
    return Path(os.environ["GANZOO_CACHE"]) / "verified.json"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verified: Path) -> Path:
    """An empty working directory; beside it lies what is cached: what is known of the plugins."""
    for name in ("GANZOO_DATA", "GANZOO_DISABLE", "GANZOO_STRICT_PLUGINS", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    for name in ("cache", "here"):
        (tmp_path / name).mkdir()
    shutil.copy(verified, tmp_path / "cache")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"
