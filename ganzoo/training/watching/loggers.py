"""Loggers that ``--log-to`` names: told what a training tells, and no danger to it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ganzoo.engine.distributed import is_first
from ganzoo.errors import GanzooError
from ganzoo.plugins.registry import registry
from ganzoo.training.observer import Observer, QualityRecord, Record, Start
from ganzoo.training.settings import Training


def with_loggers(observer: Observer, training: Training) -> Observer:
    """Who watches a training, and the loggers that it is to log to.

    Raises:
        GanzooError: there is no such logger, or what it needs is missing.
    """
    names = [name.strip() for name in (training.log_to or "").split(",") if name.strip()]
    if not names or not is_first():
        return observer
    return Several(observer, {name: registry().logger(name).load()() for name in names})


class Several(Observer):
    """Somebody who watches, and loggers beside; one that fails is left out from then on.

    Args:
        first: for whom the training goes on.
        loggers: by name.
    """

    def __init__(self, first: Observer, loggers: Mapping[str, Observer]) -> None:
        self._first, self._loggers = first, dict(loggers)

    @property
    def gone(self) -> bool:
        """Whether the first is."""
        return self._first.gone

    def started(self, start: Start) -> None:
        self._first.started(start)
        self._tell("started", start)

    def logged(self, record: Record) -> None:
        self._first.logged(record)
        self._tell("logged", record)

    def measured(self, step: int, values: dict[str, float]) -> None:
        self._first.measured(step, values)
        self._tell("measured", step, values)

    def evaluating(self, step: int) -> None:
        self._first.evaluating(step)
        self._tell("evaluating", step)

    def evaluated(self, record: QualityRecord) -> None:
        self._first.evaluated(record)
        self._tell("evaluated", record)

    def drawn(self, step: int, path: Path) -> None:
        self._first.drawn(step, path)
        self._tell("drawn", step, path)

    def report(self, message: str) -> None:
        self._first.report(message)
        self._tell("report", message)

    def ended(self) -> None:
        self._first.ended()
        self._tell("ended")

    def _tell(self, what: str, *told: object) -> None:
        for name, logger in [*self._loggers.items()]:
            try:
                getattr(logger, what)(*told)
            except Exception as error:  # it is somebody else's code, and may need a network
                del self._loggers[name]
                reason = str(error) if isinstance(error, GanzooError) else repr(error)
                self._first.report(
                    f"--log-to {name} fails, and is told nothing more ({reason}): metrics.jsonl "
                    "has all values"
                )
