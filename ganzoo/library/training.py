"""Training from a program: ``ganzoo.train``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from ganzoo.config import options
from ganzoo.engine.device import check_defaults
from ganzoo.engine.distributed import processes, wait_for_all
from ganzoo.errors import GanzooError
from ganzoo.library.asked import of_type, place
from ganzoo.library.trained import TrainedRun, open_run
from ganzoo.training.observer import Observer
from ganzoo.training.resume import resume as go_on
from ganzoo.training.settings import Training
from ganzoo.training.start import start

if TYPE_CHECKING:
    from ganzoo.bench.forecast import Forecast


def train(
    variant: str | None = None,
    *,
    out: Path | str | None = None,
    resume: Path | str | TrainedRun | None = None,
    progress: bool = True,
    observer: Observer | None = None,
    **settings: object,
) -> TrainedRun:
    """Train a variant, or go on with a run, and open what comes of it.

    In another thread than the main one it hears no signals, such as Ctrl-C; an observer whose
    `gone` becomes true stops it there.

    Args:
        variant: its name, as ``ganzoo list`` has it; None: that of the run that is gone on with.
        out: the run's folder, which must not exist; None: the next number under ``runs/``.
        resume: a run to go on with.
        progress: whether a bar shows how far it is, on a terminal or in a notebook.
        observer: who watches, in place of the bar.
        settings: of the training and of the variant, as flags of ``ganzoo train`` are called, with
            underscores.

    Raises:
        GanzooError: something that was asked for cannot be, or the training diverged, or the
            program has set torch to other defaults.
        KeyboardInterrupt: Ctrl-C stopped it, after a checkpoint was saved.
    """
    if (variant is None) == (resume is None):
        raise GanzooError("name a variant to train, or a run to go on with by resume=, not both")
    if out is not None and resume is not None:
        raise GanzooError("out= names a new run, and resume= one that exists: give one of them")
    if observer is not None:
        of_type("observer", observer, Observer, "an Observer")
    check_defaults()
    given = plain_settings(settings)
    watched = nullcontext(observer or Observer()) if observer or not progress else _bar()
    with torch.inference_mode(False), torch.enable_grad(), processes(), watched as watching:
        if resume is not None:
            path = resume.path if isinstance(resume, TrainedRun) else place(resume)
            trainer = go_on(path, given, watching)
        else:
            assert variant is not None
            trainer = start(variant, given, None if out is None else place(out), watching)
        named = trainer.run.path
        trainer.run.path = named.absolute()  # whose program may go to another folder meanwhile
        outcome = trainer.fit()
        wait_for_all()
    if trainer.interrupted and not outcome.finished:
        step = int(outcome.checkpoint.name)
        raise KeyboardInterrupt(
            f"stopped at step {step:,}, which is saved: go on with resume='{trainer.run.path}'"
        )
    path = named if named.absolute() == trainer.run.path else trainer.run.path
    return open_run(path, device=str(given.get("device", "auto")))


def forecast(variant: str, *, out: Path | str | None = None, **settings: object) -> Forecast:
    """What a training would take, by some of its steps; nothing is written.

    Args:
        variant: see `train`.
        out: see `train`.
        settings: see `train`.

    Raises:
        GanzooError: something that was asked for cannot be.
    """
    from ganzoo.bench.forecast import forecast as foresee
    from ganzoo.runs.run import check_free

    path = None if out is None else place(out)
    if path is not None:
        check_free(path)
    return foresee(variant, plain_settings(settings), path)


def plain_settings(settings: Mapping[str, object]) -> dict[str, object]:
    """Settings that a program gives, as the command line has them."""
    common = options(Training)
    return {
        name: _plain(value)
        for name, value in settings.items()
        if value is not None or name not in common  # None: as where it is not given
    }


def _plain(value: object) -> object:
    """A setting as the command line has it."""
    if isinstance(value, TrainedRun):
        return str(value.path)
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _bar() -> AbstractContextManager[Observer]:
    from ganzoo.library.progress import bar

    return bar()
