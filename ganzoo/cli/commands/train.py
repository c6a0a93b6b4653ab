"""``ganzoo train``: flags from the settings' fields, then `assemble` and a display."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from contextlib import suppress
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from ganzoo.cli import INTERRUPTED, complain
from ganzoo.cli.asked import TrainCommand, memory_checked, training_asked
from ganzoo.cli.flags import RUN, make_flag, offers
from ganzoo.cli.output import status_line
from ganzoo.config import options
from ganzoo.errors import GanzooError
from ganzoo.training.settings import Training

if TYPE_CHECKING:
    from ganzoo.runs.run import Run
    from ganzoo.training.trainer import Trainer


@click.command(
    "train",
    cls=TrainCommand,
    epilog="Example: ganzoo train dcgan --dataset glyphs --steps 1000",
    params=[make_flag(option, "Training") for option in options(Training).values()],
)
@click.argument("variant", metavar="VARIANT", nargs=-1, shell_complete=offers("variants"))
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="run directory",
    panel="Run",
    show_default="the next number in runs/",
)
@click.option("--resume", metavar="RUN", type=RUN, help="go on with a run", panel="Run")
@click.option(
    "--dry-run",
    is_flag=True,
    help="say what it would take, and write nothing",
    panel="Run",
)
@click.option(
    "--config",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="TOML file of settings by flag name; flags win over it",
    panel="Run",
)
@click.pass_context
def command(
    ctx: click.RichContext,
    /,
    variant: tuple[str, ...],
    out: Path | None,
    resume: Path | None,
    config: Path | None,
    dry_run: bool,
    **flags: object,
) -> int:
    """Train VARIANT, or go on with a run."""
    registered, given = training_asked(ctx, variant, flags)
    if out is not None and resume is not None:
        raise GanzooError("--out names a new run, --resume one that exists: give one of them")
    if dry_run:
        if resume is not None:
            raise GanzooError("--dry-run is of a new training: leave out --resume")
        return _forecast(registered.qualified, given, out)
    return _train(registered.qualified, ctx.obj.run, given, out)


def _forecast(name: str, given: Mapping[str, object], out: Path | None) -> int:
    """Say what a training would take; the exit status is 1, where the machine is too small."""
    from ganzoo.bench.forecast import forecast
    from ganzoo.cli.forecast import print_forecast
    from ganzoo.runs.run import check_free

    if out is not None:
        check_free(out)
    with status_line() as show:
        show("making some steps")
        found = forecast(name, given, out)
    print_forecast(found)
    return int(bool(found.advice))


def _train(name: str, run: Run | None, given: dict[str, object], out: Path | None) -> int:
    from ganzoo.cli.display import make_display
    from ganzoo.cli.onward import resume_command
    from ganzoo.engine.distributed import is_first, processes, wait_for_all
    from ganzoo.training.journal import Failed
    from ganzoo.training.resume import resume
    from ganzoo.training.start import start

    with processes(), make_display() as display, memory_checked():
        if run is not None:
            trainer = resume(run.path, given, display)
        else:
            trainer = start(name, given, out, display)
        try:
            outcome = trainer.fit()
        except KeyboardInterrupt:  # the second Ctrl-C
            display.print_stopped(trainer.run.latest_checkpoint(), resume_command(trainer.run))
            return INTERRUPTED
        except Failed as error:
            display.close()
            status = complain(str(error), 1) if is_first() else 1
        else:
            status = 0 if outcome.finished else INTERRUPTED
            if outcome.finished:
                display.print_finished(outcome, next_commands(trainer))
            else:
                display.print_stopped(outcome.checkpoint, resume_command(trainer.run), outcome)
        wait_for_all()  # one that is gone would have torchrun end the others
    return status


def next_commands(trainer: Trainer) -> dict[str, str]:
    """What the user types to make use of the trained variant, and what that is."""
    from ganzoo.abilities import Classifier, Enlarger, Restorer, Translator

    run, variant = shlex.quote(str(trainer.run.path)), trainer.engine.variant
    commands = {}
    with suppress(GanzooError):  # it draws nothing from noise
        variant.sample_latent(1)
        commands["draw more"] = f"ganzoo sample {run} --n 1000 --out {_free('samples')}"
        if variant.conditional:
            label, out = shlex.quote(variant.data.class_names[-1]), _free("of-a-class")
            commands["of a class"] = f"ganzoo sample {run} --n 100 --label {label} --out {out}"
        if variant.Sampling is not None:
            commands["as you ask"] = f"ganzoo sample {run} --help"
    if isinstance(variant, Translator):
        direction = variant.directions[0].name
        places = "--input DIR --out DIR"
        commands["translate"] = f"ganzoo translate {run} --direction {direction} {places}"
        for name, control in [*variant.controls().items()][:1]:
            asked = shlex.quote(f"{name}={control.choices[-1] if control.choices else 1}")
            commands["translate"] = (
                f"ganzoo translate {run} --direction {direction} --set {asked} {places}"
            )
    if isinstance(variant, Enlarger):
        commands["enlarge"] = f"ganzoo enlarge {run} IMAGE... --out DIR"
    if isinstance(variant, Restorer):
        commands["restore"] = f"ganzoo restore {run} IMAGE... --mask MASK --out DIR"
    if isinstance(variant, Classifier):
        commands["classify"] = f"ganzoo classify {run} IMAGE..."
    return commands


def _free(name: str) -> str:
    """The name, or with a number behind it, of what is not there yet."""
    names = chain((name,), (f"{name}-{number}" for number in count(2)))
    return next(one for one in names if not Path(one).exists())
