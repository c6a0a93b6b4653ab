"""What the tests of the registry set up."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.plugins.modules import Environment


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Environment]:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("GANZOO_DISABLE", raising=False)
    monkeypatch.delenv("GANZOO_STRICT_PLUGINS", raising=False)
    yield Environment(tmp_path)
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]
