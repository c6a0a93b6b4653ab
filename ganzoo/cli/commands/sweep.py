"""``ganzoo sweep``: many trainings at once, which differ in some settings and in their seeds."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from ganzoo.cli import INTERRUPTED, legible
from ganzoo.cli.asked import TrainCommand, memory_checked, training_asked, typed
from ganzoo.cli.flags import make_flag, offers
from ganzoo.cli.forecast import costing
from ganzoo.cli.output import json_option, make_console, print_json, saying, status_line
from ganzoo.config import build, options
from ganzoo.errors import GanzooError, counted, lasting
from ganzoo.metrics.features.teaching import rehearsing
from ganzoo.sweeps.settings import Sweeping
from ganzoo.training.settings import Training

if TYPE_CHECKING:
    from ganzoo.sweeps.check import Outlook
    from ganzoo.sweeps.go import Swept
    from ganzoo.sweeps.set_up import Ready

OUT, SET = "out", "set"


class SweepCommand(TrainCommand):
    """The flags of ``ganzoo train`` beside those of a sweep."""

    example = "--set lr=1e-4,2e-4 --seeds 3"
    own_keys = frozenset({*options(Sweeping), OUT, SET})


@click.command(
    "sweep",
    cls=SweepCommand,
    epilog="Example: ganzoo sweep dcgan --set lr=1e-4,2e-4,5e-4 --seeds 3",
    params=[
        *(make_flag(option, "Sweep") for option in options(Sweeping).values()),
        *(make_flag(option, "Training") for option in options(Training).values()),
    ],
)
@click.argument("variant", metavar="VARIANT", nargs=-1, shell_complete=offers("variants"))
@click.option(
    "--set",
    "varied",
    metavar="NAME=VALUE,...",
    multiple=True,
    help="what is tried, for each setting; with --random also a range such as lr=1e-5..1e-3, drawn "
    "on a logarithmic scale where its ends are at least ten times apart",
    panel="Sweep",
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="folder of the runs, in which the same command goes on",
    panel="Sweep",
    show_default="runs/sweep-VARIANT-DATA",
)
@click.option(
    "--dry-run", is_flag=True, help="say what it would take, and write nothing", panel="Sweep"
)
@click.option(
    "--config",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="TOML file of all that by flag name, and of what --set has as a table [set]",
    panel="Sweep",
)
@json_option
@click.pass_context
def command(
    ctx: click.RichContext,
    /,
    variant: tuple[str, ...],
    varied: tuple[str, ...],
    out: Path | None,
    dry_run: bool,
    config: Path | None,
    as_json: bool,
    **flags: object,
) -> int:
    """Train VARIANT with every combination of settings, several at once, and rank them.

    Each run is one of `ganzoo train`. The same command goes on after an interruption, and keeps
    what is finished. The exit status is 1 where a run failed.
    """
    own = {name: flags.pop(name) for name in options(Sweeping)}
    registered, given = training_asked(ctx, variant, flags)
    file: Mapping[str, object] = ctx.obj.own
    sweeping = build(Sweeping, {k: v for k, v in file.items() if k in own} | typed(ctx, own))
    where = out or (Path(str(file[OUT])) if OUT in file else None)
    choices = _choices(file.get(SET, {}), varied)

    from ganzoo.sweeps.set_up import set_up

    def say(message: str) -> None:
        click.echo(legible(message), err=as_json)

    with memory_checked():
        with status_line() as show, rehearsing() if dry_run else nullcontext():
            ready = set_up(
                registered.qualified, given, choices, sweeping, where, say=say, show=show
            )
        if dry_run:
            return _forecast(ready, as_json)
        ready.plan.open_folder()
        return _carry_out(ready, as_json)


def _choices(file: object, varied: Sequence[str]) -> dict[str, object]:
    """What the file and the flags vary, by name; a flag replaces what the file says."""
    if not isinstance(file, dict):
        raise GanzooError("`set` must be a table in the file, such as [set] and below it lr = [1]")
    choices: dict[str, object] = {}
    for text in varied:
        name, equals, values = text.partition("=")
        if not (name and equals and values):
            raise GanzooError(f"--set must be NAME=VALUE,... such as lr=1e-4,2e-4, not {text}")
        plain = name.strip().removeprefix("--").replace("_", "-")
        if plain in choices:
            raise GanzooError(f"--set {plain} is there twice: name all of its values in one")
        choices[plain] = values
    return {name.replace("_", "-"): value for name, value in file.items()} | choices


def _forecast(ready: Ready, as_json: bool) -> int:
    """Say what it would take; the exit status is 1, where the machine is too small."""
    from ganzoo.cli.forecast import sized
    from ganzoo.sweeps.check import foresee
    from ganzoo.sweeps.plan import described

    plan, at_once = ready.plan, ready.at_once
    with saying() as show:
        found = foresee(plan, at_once, show)
    if as_json:
        print_json(found.to_dict())
        return int(bool(found.advice))
    console = make_console()
    part = f", by {found.seen} of them" if found.seen < len(plan.settings) else ""
    rows = {
        "runs": described(plan),
        "at once": f"{found.jobs}, of {_threads(found.threads)} each",
        "duration": "too little memory"
        if found.seconds is None
        else f"about {lasting(found.seconds)}{part}",
        **_evaluations(found),
        "disk": f"at most {sized(found.disk)} of the {sized(found.disk_free)} there are",
        "writes": str(plan.folder),
    }
    for name, text in rows.items():
        console.print(f"  {name:<13} {legible(text)}", soft_wrap=True)
    for line in found.advice:
        console.print(legible(line), style="bold yellow", soft_wrap=True)
    return int(bool(found.advice))


def _evaluations(found: Outlook) -> dict[str, str]:
    """How many there are of each sort, and what each takes."""
    rows, judging = {}, found.judging
    if found.evaluating is not None:
        if judging is not None:  # what is learned once is said once
            judging = replace(judging, classifiers=0)
        count = counted(found.evaluations, "evaluation")
        rows["evaluates"] = f"{count} in the trainings, of about {costing(found.evaluating)}"
    if judging is not None:
        count = counted(found.runs, "evaluation")
        rows["at the end"] = f"{count}, one a run, of about {costing(judging)}"
    return rows


def _carry_out(ready: Ready, as_json: bool) -> int:
    from ganzoo.cli.commands.using.compare import print_ranking
    from ganzoo.cli.sweeping import rows_table, watching
    from ganzoo.sweeps.edges import at_edges
    from ganzoo.sweeps.go import Watch, carry_out
    from ganzoo.sweeps.plan import described

    plan, executor, at_once = ready.plan, ready.executor, ready.at_once
    console = make_console()
    if as_json:
        swept = carry_out(plan, executor, at_once, Watch())
    else:
        console.print(legible(f"{described(plan)}, in {plan.folder}"), soft_wrap=True)
        many = f"{at_once.jobs} at once, of {_threads(at_once.threads)} each"
        console.print(many, soft_wrap=True)
        with watching() as display:
            swept = carry_out(plan, executor, at_once, display)
    ranking = swept.ranking
    if as_json:
        print_json({"runs": swept.to_dict(), "ranking": ranking and ranking.to_dict()})
        return _status(swept)
    console.print()
    console.print(rows_table(swept.rows))
    if swept.stopped:
        console.print()
        console.print("stopped, and saved: the same command goes on", style="bold yellow")
        console.print(legible(f"  {_same_command()}"), soft_wrap=True)
        return _status(swept)
    if not (swept.begun or swept.failed):
        console.print()
        what = "train or evaluate" if plan.evaluate else "train"
        console.print(
            f"nothing was left to {what}: all runs were finished before; more --seeds, or more "
            "values of --set, add to them",
            soft_wrap=True,
        )
    if swept.failed:
        console.print()
        n = len(swept.failed)
        console.print(
            legible(f"{n} of {len(swept.rows)} runs went wrong: what they said is in {plan.logs}"),
            style="bold yellow",
            soft_wrap=True,
        )
    if ranking is not None:
        console.print()
        print_ranking(console, ranking)
        for line in at_edges(swept.rows, ranking):
            console.print(legible(line), soft_wrap=True)
    if not plan.evaluate:
        console.print()
        console.print(
            "none was evaluated: the same command without --no-evaluate does that, and says which "
            "is best",
            soft_wrap=True,
        )
    return _status(swept)


def _status(swept: Swept) -> int:
    if swept.stopped:
        return INTERRUPTED
    return int(bool(swept.failed))


def _threads(number: int) -> str:
    return "1 thread" if number == 1 else f"{number} threads"


def _same_command() -> str:
    return shlex.join(["ganzoo", *sys.argv[1:]])
