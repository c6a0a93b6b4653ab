"""Figures are drawn by matplotlib's own settings, wherever a program is."""

import os
import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest
import torch
from matplotlib.figure import Figure

from ganzoo.artifacts.pictures import plot_curves
from ganzoo.artifacts.sheets import draw_curves, draw_points

RECORDS = [{"step": step, "generator_loss": 1.0 / step} for step in (1, 2, 3)]


@pytest.mark.parametrize("draw", [
    lambda path: plot_curves(RECORDS, path),
    lambda path: draw_curves(torch.zeros(2, 5, 1), path),
    lambda path: draw_points(torch.zeros(9, 2), path, None),
])  # fmt: skip
def test_what_a_program_has_set_changes_no_picture(
    draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(tmp_path / "usual.png")
    monkeypatch.setitem(matplotlib.rcParams, "figure.facecolor", "black")
    monkeypatch.setitem(matplotlib.rcParams, "text.usetex", True)
    draw(tmp_path / "now.png")
    assert (tmp_path / "now.png").read_bytes() == (tmp_path / "usual.png").read_bytes()
    assert Figure().get_facecolor() == (0, 0, 0, 1), "the program's settings are changed"


@pytest.mark.parametrize("content", ["text.usetex: True\nfigure.facecolor: black", None])
def test_settings_in_the_folder_are_not_read(content: str | None, tmp_path: Path) -> None:
    """They may be a stranger's; without content, a pipe."""
    if content is None:
        os.mkfifo(tmp_path / "matplotlibrc")
    else:
        (tmp_path / "matplotlibrc").write_text(content)
    code = (
        "from ganzoo.artifacts.figures import usual_figures\n"
        "with usual_figures():\n    import os, matplotlib\n"
        "    print(os.getcwd(), matplotlib.rcParams['text.usetex'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split() == [os.path.realpath(tmp_path), "False"], done.stderr
