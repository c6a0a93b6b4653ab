"""What the tests of measurements of quality set up."""

import sys
from pathlib import Path

import pytest
from helpers.bench.stand_in import STUB

from ganzoo.bench.quality import measure as measuring


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The stand-in; the file lists what it was asked for."""
    (tmp_path / "stub.py").write_text(STUB)
    monkeypatch.setattr(measuring, "PROGRAM", (sys.executable, str(tmp_path / "stub.py")))
    (tmp_path / "calls").touch()
    return tmp_path / "calls"
