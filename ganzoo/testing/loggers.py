"""What a logger must take in."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from PIL import Image

from ganzoo.plugins.registered import Registered, load_target
from ganzoo.runs.checkpoint import Verdict
from ganzoo.runs.record import Record as RunRecord
from ganzoo.runs.run import Run
from ganzoo.spec import DataSpec, LoggerSpec
from ganzoo.testing.check import Checks, Failure
from ganzoo.testing.registration import check_registration
from ganzoo.training.observer import Observer, QualityRecord, Record, Start
from ganzoo.training.settings import Training

STEPS = 4
"""Of the training that is told."""


@dataclass
class LoggerSubject:
    """An installed logger."""

    registered: Registered[LoggerSpec]

    @cached_property
    def cls(self) -> type[Observer]:
        """What the spec's target names.

        Raises:
            GanzooError: it is no logger.
        """
        cls: type[Observer] = load_target(self.registered.spec)
        return cls


LOGGER_CHECKS = Checks[LoggerSubject]()


@LOGGER_CHECKS.check("registration")
def _registration(subject: LoggerSubject) -> None:
    """The plugin registers without torch and without a word."""
    check_registration(subject.registered.plugin)


@LOGGER_CHECKS.check("spec")
def _spec(subject: LoggerSubject) -> None:
    """The spec says where it logs to."""
    if not subject.registered.spec.title.strip():
        raise Failure("the LoggerSpec has no title: say where it logs to")


@LOGGER_CHECKS.check("target")
def _target(subject: LoggerSubject) -> None:
    """One can be made of the class without arguments."""
    subject.cls()


@LOGGER_CHECKS.check("training", needs=("target",))
def _training(subject: LoggerSubject) -> None:
    """It takes in all that a training tells, and that one goes on."""
    with tempfile.TemporaryDirectory() as folder:
        run = _run(Path(folder) / "run")
        picture = run.samples / "00000000.png"
        Image.new("L", (8, 8)).save(picture)
        for begun in (0, STEPS):
            logger = subject.cls()
            engine = cast(Any, SimpleNamespace(iteration=begun, iterations=begun + STEPS))
            logger.started(Start(run, Training(), engine))
            for step in range(begun + 1, begun + STEPS + 1):
                logger.logged(Record(step, {"generator_loss": 0.5}, 100.0, 1 << 20))
                logger.measured(step, {"modes": 8.0})
                best = Verdict(step, "frechet", 9.0)
                logger.evaluated(QualityRecord(step, {"frechet": 9.0}, best, 0.1))
                logger.drawn(step, picture)
                logger.report("something happened")
            logger.ended()
        subject.cls().ended()  # a training that fails before it begins


def _run(path: Path) -> Run:
    data = DataSpec.of_shape((1, 8, 8)).to_dict()
    record: RunRecord = {
        "variant": {"name": "toy", "plugin": "toy", "version": "0"},
        "config": {},
        "training": {"steps": STEPS},
        "data": {"name": data["name"], "groups": data["groups"], "samples": [8]},
    }
    return Run.create(path, "toy", record)
