"""Curves and the film of samples: drawn while a training goes on, and not only at its end."""

from __future__ import annotations

import time
from pathlib import Path

from ganzoo.artifacts import pictures
from ganzoo.runs.metrics_file import read_some
from ganzoo.runs.run import Run

SHARE = 0.02
"""Of the time of a training, that may be spent on drawing them."""
ASSUMED = 0.5
"""Seconds that the first time takes, as far as one knows before."""


class Overview:
    """``curves.png`` and ``samples.gif`` of a run.

    Args:
        run: whose folder they are drawn in.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._cost, self._drawn = ASSUMED, time.perf_counter()

    @property
    def curves(self) -> Path:
        """The file of the curves."""
        return self._run.path / "curves.png"

    @property
    def animation(self) -> Path:
        """The file of the grids, one after the other."""
        return self._run.path / "samples.gif"

    def renew(self) -> float:
        """Draw both, if what that takes is little beside the time since they were drawn last.

        Returns:
            The seconds that it took.
        """
        if time.perf_counter() - self._drawn < self._cost / SHARE:
            return 0.0
        return self.draw()

    def draw(self) -> float:
        """Draw both; returns the seconds that it took."""
        begun = time.perf_counter()
        frames, records = self._run.grids(), read_some(self._run.path)
        if frames:
            pictures.animate(frames, self.animation)
        if records:
            pictures.plot_curves(records, self.curves)
        self._drawn = time.perf_counter()
        self._cost = self._drawn - begun
        return self._cost
