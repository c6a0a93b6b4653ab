"""What was exported, used as its README says, where there is no ganzoo."""

import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

from ganzoo.export.formats import FORMATS
from ganzoo.runs.load import load
from ganzoo.runs.run import Run

needs_onnx = pytest.mark.skipif(
    not all(map(find_spec, FORMATS["onnx"].modules)), reason="needs onnx, onnxscript, onnxruntime"
)


def code_in(folder: Path) -> str:
    """The code of its README."""
    (code,) = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    assert len(code.splitlines()) <= 20
    return str(code)


def use(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names that the code leaves."""
    found: dict[str, Any] = {}
    with monkeypatch.context() as patch:
        for name in [name for name in sys.modules if name.partition(".")[0] == "ganzoo"]:
            patch.setitem(sys.modules, name, None)
        patch.chdir(folder)
        exec(code_in(folder), found)
    return found


def make_loaded(path: Path) -> Any:
    """The variant of a run."""
    return load(Run.open(path), torch.device("cpu")).variant
