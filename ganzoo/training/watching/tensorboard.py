"""Curves and samples for TensorBoard, by the writer that torch has for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from ganzoo.errors import GanzooError
from ganzoo.runs.logged import QUALITY
from ganzoo.training.observer import Observer, QualityRecord, Record, Start

FOLDER = "tensorboard"
"""In the run's."""


class TensorBoard(Observer):
    """Event files in a run's folder.

    Raises:
        GanzooError: TensorBoard is not installed.
    """

    def __init__(self) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise GanzooError(
                "--log-to tensorboard needs TensorBoard: pip install 'ganzoo-core[tensorboard]'"
            ) from error
        self._make = SummaryWriter

    def started(self, start: Start) -> None:
        # What was written after the checkpoint from which a training goes on is not shown.
        later = start.engine.iteration + 1
        self._writer = self._make(str(start.run.path / FOLDER), purge_step=later)

    def logged(self, record: Record) -> None:
        self._write(record.step, record.metrics)
        self._write(record.step, {"images_per_second": record.images_per_second}, "speed/")

    def measured(self, step: int, values: dict[str, float]) -> None:
        self._write(step, values, "measured/")

    def evaluated(self, record: QualityRecord) -> None:
        self._write(record.step, record.values, QUALITY)

    def drawn(self, step: int, path: Path) -> None:
        with Image.open(path, formats=["PNG"]) as opened:
            picture = np.asarray(opened.convert("RGB"))
        self._writer.add_image("samples", picture, step, dataformats="HWC")

    def ended(self) -> None:
        if hasattr(self, "_writer"):
            self._writer.close()

    def _write(self, step: int, values: Mapping[str, float], before: str = "") -> None:
        for name, value in values.items():
            self._writer.add_scalar(before + name, value, step)
