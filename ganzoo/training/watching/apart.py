"""Who watches a training draws from the default generators as if it were not there."""

from pathlib import Path

import torch

from ganzoo.draws import Draws, drawing_apart
from ganzoo.training.observer import Observer, QualityRecord, Record, Start


class Apart(Observer):
    """Has a training's draws rest whenever somebody is told something."""

    def __init__(self, observer: Observer, draws: Draws) -> None:
        """Tell `observer`, beside a training that draws from `draws`."""
        self._observer, self._draws = observer, draws

    @property
    def gone(self) -> bool:
        """Whether it is; asked at each step, and no reason to rest."""
        return self._observer.gone

    def started(self, start: Start) -> None:
        self._told().started(start)

    def logged(self, record: Record) -> None:
        self._told().logged(record)

    def measured(self, step: int, values: dict[str, float]) -> None:
        self._told().measured(step, values)

    def evaluating(self, step: int) -> None:
        self._told().evaluating(step)

    def evaluated(self, record: QualityRecord) -> None:
        self._told().evaluated(record)

    def drawn(self, step: int, path: Path) -> None:
        self._told().drawn(step, path)

    def report(self, message: str) -> None:
        self._told().report(message)

    def ended(self) -> None:
        self._told().ended()

    def _told(self) -> Observer:
        self._draws.rest()
        return self._observer


class Aside(Observer):
    """Reads what is reported while a training is put together, or in its turn."""

    def __init__(self, observer: Observer, device: torch.device) -> None:
        """Report to `observer`, beside what draws on `device`."""
        self._observer, self._device = observer, device

    def report(self, message: str) -> None:
        with drawing_apart(self._device):
            self._observer.report(message)
