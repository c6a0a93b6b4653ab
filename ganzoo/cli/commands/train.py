"""``ganzoo train``: flags from the settings' fields, then `assemble` and a display."""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from click.core import ParameterSource

from ganzoo.cli import INTERRUPTED, complain
from ganzoo.cli.flags import make_flag
from ganzoo.cli.output import status_line
from ganzoo.config import options, unknown_setting
from ganzoo.errors import GanzooError
from ganzoo.plugins.registered import Registered
from ganzoo.plugins.registry import registry
from ganzoo.spec import VariantSpec
from ganzoo.training.settings import Training

if TYPE_CHECKING:
    from ganzoo.runs.run import Run
    from ganzoo.training.trainer import Trainer
    from ganzoo.variant import Variant


@dataclass(frozen=True)
class Request:
    """What a command line asks for before its variant's own flags are understood."""

    registered: Registered[VariantSpec] | None = None
    """The variant, from the command line, the file or the run."""
    run: Run | None = None
    """What ``--resume`` names."""
    file: Mapping[str, object] = field(default_factory=dict)
    """What ``--config`` holds."""

    def flags(self) -> list[click.Option]:
        """The flags of the variant's own settings."""
        if self.registered is None:
            return []
        cls: type[Variant] = self.registered.load()
        return [make_flag(option, cls.__name__) for option in options(cls.Config).values()]


class TrainCommand(click.RichCommand):
    """A command with the flags of the variant that its arguments name."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The common flags, then those of the variant, once it is known."""
        params = super().get_params(ctx)
        own = ctx.meta.get("flags", [])
        return [*params[:-1], *own, params[-1]]  # the last is --help

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Find out which variant is meant, then parse with its flags."""
        parser = self.make_parser(ctx)
        parser.ignore_unknown_options = True
        seen, _, _ = parser.parse_args([*args])
        request = _first_look(seen)
        ctx.obj = request
        ctx.meta["flags"] = request.flags()
        return super().parse_args(ctx, args)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """An example of the variant that is chosen; else the names of all, and one of any."""
        request: Request = ctx.obj
        if request.registered is not None:
            name = request.registered.spec.name
            formatter.write(f"\n Example: ganzoo train {name} --steps 1000\n\n")
        else:
            names = ", ".join(row.spec.name for row in registry().variants())
            formatter.write(
                f"\n Variants: {names}. `ganzoo train VARIANT --help` adds its flags.\n"
            )
            super().format_epilog(ctx, formatter)


@click.command(
    "train",
    cls=TrainCommand,
    epilog="Example: ganzoo train dcgan --dataset glyphs --steps 1000",
    params=[make_flag(option, "Training") for option in options(Training).values()],
)
@click.argument("variant", metavar="VARIANT", nargs=-1)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="run directory",
    panel="Run",
    show_default="the next number in runs/",
)
@click.option(
    "--resume", metavar="RUN", type=click.Path(path_type=Path), help="go on with a run", panel="Run"
)
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
    if len(variant) > 1:
        raise GanzooError(
            f"there is no place for '{variant[1]}': `ganzoo train` takes one variant, and flags "
            "such as --recompute take no value"
        )
    if out is not None and resume is not None:
        raise GanzooError("--out names a new run, --resume one that exists: give one of them")
    request: Request = ctx.obj
    typed = {
        name: value
        for name, value in flags.items()
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    given = merge(request.file, typed)
    if request.registered is None:
        names = ", ".join(row.spec.name for row in registry().variants())
        raise GanzooError(
            f"name the variant to train, one of {names}: `ganzoo train VARIANT`; `ganzoo recommend "
            "PHOTOS` says which suits a folder of images"
        )
    if dry_run:
        if resume is not None:
            raise GanzooError("--dry-run is of a new training: leave out --resume")
        return _forecast(request.registered.qualified, given, out)
    return _train(request, given, out)


def merge(file: Mapping[str, object], flags: Mapping[str, object]) -> dict[str, object]:
    """What is set in all; a flag replaces what the file says about the same thing."""
    length = {"steps", "epochs"}
    replaced = length if length & flags.keys() else set()
    return {key: value for key, value in file.items() if key not in replaced} | dict(flags)


_LONG = 2**20
"""Characters that no file of settings has."""


def read_config(path: Path) -> dict[str, object]:
    """The settings of a TOML file, by field name.

    Raises:
        GanzooError: it cannot be read, is no TOML, or has tables.
    """
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(_LONG)  # a device may have no end
        content = tomllib.loads(text)
    except OSError as error:
        raise GanzooError(f"--config {path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise GanzooError(f"--config {path} is not TOML: it is not UTF-8 text") from error
    except RecursionError as error:
        raise GanzooError(f"--config {path} is not TOML: it is nested too deeply") from error
    except tomllib.TOMLDecodeError as error:
        last = f"at line {len(text.splitlines())}"
        reason = str(error).replace("at end of document", last)
        raise GanzooError(f"--config {path} is not TOML: {reason}") from error
    for key, value in content.items():
        if isinstance(value, dict):
            raise GanzooError(
                f"--config {path} has a table [{key}]: write all settings at the top, without "
                "tables"
            )
    return {key.replace("-", "_"): value for key, value in content.items()}


def _first_look(seen: Mapping[str, Any]) -> Request:
    """What the common flags and the words that are no flags ask for."""
    file = read_config(Path(seen["config"])) if seen.get("config") else {}
    words = seen["variant"] if isinstance(seen.get("variant"), tuple) else ()
    known = {name for row in registry().variants() for name in (row.spec.name, row.qualified)}
    name = file.pop("variant", None)
    if words and not words[0].startswith("-"):
        name = words[0]
    name = next((word for word in words if word in known), name)
    registered = registry().variant(str(name)) if name else None
    run = None
    if seen.get("resume"):
        from ganzoo.runs.run import (
            Run,  # imports torch, for which `ganzoo train --help` does not wait
        )

        run = Run.open(Path(seen["resume"]))
        trained = registry().variant(run.variant)
        if registered is not None and registered.qualified != trained.qualified:
            raise GanzooError(f"{run.path} trains {run.variant}, not {name}: leave the name out")
        registered = trained
    if registered is not None and file:
        _check_keys(file, registered, seen["config"])
    return Request(registered, run, file)


def _check_keys(file: Mapping[str, object], registered: Registered[VariantSpec], path: str) -> None:
    """Check names and values here, where the file can be blamed."""
    known = options(Training) | options(registered.load().Config)
    for key, value in file.items():
        if key not in known:
            keys = tomllib.loads(Path(path).read_text(encoding="utf-8"))
            (written,) = (one for one in keys if one.replace("-", "_") == key)
            raise unknown_setting(written, known, f" (in {path})")
        try:
            known[key].convert(value)
        except GanzooError as error:
            raise GanzooError(f"{error} (in {path})") from error


def _forecast(name: str, given: Mapping[str, object], out: Path | None) -> int:
    """Say what a training would take; the exit status is 1, where the machine is too small."""
    from ganzoo.bench.forecast import forecast
    from ganzoo.cli.forecast import print_forecast

    with status_line() as show:
        show("making some steps")
        found = forecast(name, given, out)
    print_forecast(found)
    return int(bool(found.advice))


def _train(request: Request, given: dict[str, object], out: Path | None) -> int:
    from ganzoo.cli.display import make_display
    from ganzoo.cli.onward import resume_command
    from ganzoo.engine.distributed import is_first, processes, wait_for_all
    from ganzoo.training.journal import Failed
    from ganzoo.training.resume import resume
    from ganzoo.training.start import start

    assert request.registered is not None
    with processes(), make_display() as display, _memory_checked():
        if request.run is not None:
            trainer = resume(request.run.path, given, display)
        else:
            trainer = start(request.registered.qualified, given, out, display)
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


@contextmanager
def _memory_checked() -> Iterator[None]:
    """Turn running out of memory into an error for the user."""
    from torch import OutOfMemoryError

    try:
        yield
    except (MemoryError, RuntimeError) as error:
        on_host = isinstance(error, MemoryError) or "can't allocate memory" in str(error)
        if not on_host and not isinstance(error, OutOfMemoryError):
            raise
        thrifty = "--accumulate, --recompute or, as graphs have memory of their own, --mode eager"
        raise GanzooError(
            "the training does not fit into memory: choose a smaller --batch-size, --image-size "
            "or network, or " + ("--accumulate or --recompute" if on_host else thrifty)
        ) from error


def next_commands(trainer: Trainer) -> dict[str, str]:
    """What the user types to make use of the trained variant, and what that is."""
    from ganzoo.abilities import Classifier, Enlarger, Restorer, Translator

    run, variant = shlex.quote(str(trainer.run.path)), trainer.engine.variant
    commands = {}
    with suppress(GanzooError):  # it draws nothing from noise
        variant.sample_latent(1)
        commands["draw more"] = f"ganzoo sample {run} --n 1000 --out samples"
    if isinstance(variant, Translator):
        direction = variant.directions[0].name
        commands["translate"] = (
            f"ganzoo translate {run} --direction {direction} --input DIR --out DIR"
        )
    if isinstance(variant, Enlarger):
        commands["enlarge"] = f"ganzoo enlarge {run} IMAGE... --out DIR"
    if isinstance(variant, Restorer):
        commands["restore"] = f"ganzoo restore {run} IMAGE... --mask MASK --out DIR"
    if isinstance(variant, Classifier):
        commands["classify"] = f"ganzoo classify {run} IMAGE..."
    return commands
