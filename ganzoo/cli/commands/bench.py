"""``ganzoo bench``: how fast variants train here, beside two loops of the same game; how well."""

from __future__ import annotations

import shlex
import sys
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import rich_click as click
from click.core import ParameterSource

from ganzoo.cli.flags import Number
from ganzoo.cli.output import (
    device_option,
    json_option,
    make_console,
    make_table,
    pixels_option,
    print_json,
    saying,
    status_line,
)
from ganzoo.config import parse_size
from ganzoo.data.files.wanted import parse_pixels
from ganzoo.engine.modes.names import PRECISIONS
from ganzoo.errors import GanzooError, unknown
from ganzoo.plugins.registry import registry
from ganzoo.plugins.verify import verified

if TYPE_CHECKING:
    from rich.console import Console

    from ganzoo.bench.speed.compare import Row


OF_SPEED = ("modes", "precisions", "seconds", "steps", "profile")
OF_QUALITY = ("budget", "seeds", "runs", "features")
"""Parameters that mean nothing to the other kind of measurement."""


@click.command("bench", epilog="Example: ganzoo bench vanilla dcgan --modes eager,compile")
@click.argument("variants", metavar="[VARIANT]...", nargs=-1)
@click.option("--quality", is_flag=True, help="measure how good they become, not how fast")
@click.option(
    "--modes",
    metavar="MODE,...",
    default="eager,compile,graph",
    show_default=True,
    help="of the engine: eager, compile, graph, graph+compile",
    panel="Speed",
)
@click.option(
    "--precision",
    "precisions",
    metavar="PRECISION,...",
    default="fp32",
    show_default=True,
    help=f"of the engine: {', '.join(PRECISIONS)}",
    panel="Speed",
)
@click.option("--dataset", metavar="NAME", help="what to train on  [default: the variant's own]")
@click.option("--data-root", metavar="DIR", help="folder of the data set's files")
@click.option("--image-size", metavar="SIZE", help="resize images to 64, or to 96x80")
@pixels_option("image files")
@click.option(
    "--batch-size", metavar="INT", type=click.IntRange(1), help="[default: what suits the data]"
)
@click.option(
    "--set",
    "settings",
    metavar="NAME=VALUE",
    multiple=True,
    help="a setting of the variant's own; may be repeated",
)
@click.option(
    "--seconds",
    metavar="NUMBER",
    type=Number(0, min_open=True),
    default=3.0,
    show_default=True,
    help="that each contestant is measured, besides its start",
    panel="Speed",
)
@click.option(
    "--steps",
    metavar="INT",
    type=click.IntRange(1),
    help="that each makes, instead of --seconds",
    panel="Speed",
)
@device_option("where to train")
@json_option
@click.option(
    "--report",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="write a page there, named by date and device  [default with --quality: "
    "benchmarks/results]",
)
@click.option(
    "--profile",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="write a Chrome trace of some steps of the first case",
    panel="Speed",
)
@click.option(
    "--budget",
    metavar="SECONDS|STEPS",
    help="of each training: 600s at most, or 2000 iterations  [default: what suits the data]",
    panel="Quality",
)
@click.option(
    "--seeds",
    metavar="INT",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="trainings of each variant",
    panel="Quality",
)
@click.option(
    "--runs",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="where the runs are kept, from which the same command goes on  "
    "[default: runs/quality-DATASET-BUDGET]",
    panel="Quality",
)
@click.option(
    "--features",
    metavar="NAME",
    default="auto",
    show_default=True,
    help="what images are compared by: a name that `ganzoo extractors` lists",
    panel="Quality",
)
@click.pass_context
def command(
    ctx: click.RichContext,
    /,
    variants: tuple[str, ...],
    quality: bool,
    modes: str,
    precisions: str,
    dataset: str | None,
    data_root: str | None,
    image_size: str | None,
    pixels: str | None,
    batch_size: int | None,
    settings: tuple[str, ...],
    seconds: float,
    steps: int | None,
    device: str,
    as_json: bool,
    report: Path | None,
    profile: Path | None,
    budget: str | None,
    seeds: int,
    runs: Path | None,
    features: str,
) -> None:
    """Measure how fast each VARIANT (default: all) trains, beside two loops of the same game.

    They are a script as people copy it and a careful loop by hand, with the same networks, losses
    and batches. Each runs in a process of its own, they take turns, and the ratios are those of
    single rounds: median [least-greatest].

    With --quality each is trained with several seeds and evaluated, and a page and a JSON file are
    written: mean ± half the 95 % confidence interval. The same command goes on after Ctrl-C.
    """
    _check_kind(ctx, quality)
    names = variants or tuple(
        row.qualified if row.rivals else row.spec.name
        for row in verified(registry().variants(), status_line)
        if row.usable
    )
    for name in names:
        registry().variant(name)
    parse_size(image_size)
    parse_pixels(pixels)
    given = dict(_setting(text) for text in settings)
    for path in (report, profile):
        _check_writable(path, folder=path is report)
    if quality:
        from ganzoo.cli.quality import Experiment, measure_quality

        data = {"dataset": dataset, "data_root": data_root, "image_size": image_size}
        data |= {"pixels": pixels}
        experiment = Experiment(
            tuple(dict.fromkeys(names)),
            {**data, "batch_size": batch_size},
            given,
            device,
            budget,
            seeds,
            features,
        )
        measure_quality(experiment, runs, report, as_json)
        return

    from ganzoo.bench.speed.compare import NEEDS_CUDA, Length, compare, describe_machine
    from ganzoo.bench.speed.spec import BASELINES, ENGINE, MODES, Entrant, Game

    entrants = [
        Entrant(mode=mode, precision=precision)
        for precision in _chosen("precision", precisions, PRECISIONS)
        for mode in _chosen("mode", modes, MODES)
    ]

    rows: list[Row] = []
    with saying() as show:
        show("measuring what the machine can do")
        machine = describe_machine(device, [*dict.fromkeys(one.precision for one in entrants)])
        if machine["kind"] != "cuda" and all(one.needs_cuda for one in entrants):
            raise GanzooError(
                f"{' and '.join(map(str, entrants))} cannot be measured without CUDA: "
                "choose other --modes or --precision"
            )
        for number, name in enumerate(names):
            game = Game(name, dataset, data_root, image_size, pixels, batch_size, device, given)

            def tell(message: str, name: str = name) -> None:
                show(f"{name}: {message}")

            trace = profile if number == 0 else None
            rows += compare(game, entrants, machine, Length(seconds, steps), tell, trace)
    failed = [row["error"] for row in rows if row["error"] not in (None, NEEDS_CUDA)]
    if failed and all(row["error"] for row in rows):
        raise GanzooError(failed[0])
    _print(rows, machine, as_json)
    first = rows[: len(BASELINES) + len(entrants)]
    if profile is not None and any(
        row["contestant"] == ENGINE and row["error"] is None for row in first
    ):
        click.echo(f"{profile}: a trace, for Perfetto or chrome://tracing", err=as_json)
    if report is not None:
        from ganzoo.bench.speed.report import write_report

        line = shlex.join(["ganzoo", *sys.argv[1:]])
        for written in write_report(report, rows, machine, line):
            click.echo(str(written), err=as_json)


def _check_kind(ctx: click.Context, quality: bool) -> None:
    """Refuse what belongs to the other kind of measurement."""
    for param in ctx.command.params:
        typed = ctx.get_parameter_source(str(param.name)) is ParameterSource.COMMANDLINE
        if typed and param.name in (OF_SPEED if quality else OF_QUALITY):
            raise GanzooError(
                f"{param.opts[0]} belongs to the measurement of speed: leave it or --quality out"
                if quality
                else f"{param.opts[0]} belongs to the measurement of quality: add --quality, or "
                "leave it out"
            )


def _chosen(kind: str, text: str, known: tuple[str, ...]) -> list[str]:
    """The names in a list with commas, each once."""
    names = [*dict.fromkeys(name.strip() for name in text.split(",") if name.strip())]
    for name in names:
        if name not in known:
            raise unknown(kind, name, known)
    if not names:
        raise GanzooError(f"no {kind} is named: choose from {', '.join(known)}")
    return names


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise GanzooError(f"--set takes NAME=VALUE, such as --set lr=1e-3, not '{text}'")
    return name.removeprefix("--").replace("-", "_"), value


def _check_writable(path: Path | None, *, folder: bool) -> None:
    """Refuse now what would be refused when all is measured."""
    if path is None:
        return
    place = path.absolute() if folder else path.absolute().parent
    try:
        if folder and path.exists() and not path.is_dir():
            raise GanzooError(f"--report {path} is a file: name a folder")
        if not folder and (path.is_dir() or not place.is_dir()):
            raise GanzooError(
                f"--profile {path} cannot be written: name a file in an existing folder"
            )
        if not folder and path.exists():
            from ganzoo.bench.speed.trace import is_trace  # imports torch

            if not is_trace(path):
                raise GanzooError(f"--profile {path} exists, and is no trace: name another file")
        while not place.exists():
            place = place.parent
        with TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise GanzooError(
            f"--{'report' if folder else 'profile'} {path} cannot be written ({error.strerror}): "
            "choose another place"
        ) from error


def _print(rows: list[Row], machine: dict[str, Any], as_json: bool) -> None:
    from ganzoo.bench.speed.report import remarks

    if as_json:
        print_json([row | {"device": machine["device"]} for row in rows])
        return
    console = make_console()
    console.print(f"{machine['device']}, torch {machine['torch']}")
    for _, of_variant in groupby(rows, key=itemgetter("variant")):
        console.print()
        _print_case([*of_variant], console)
    for remark in remarks(rows):
        console.print()
        console.print(remark, soft_wrap=True)


def _print_case(rows: list[Row], console: Console) -> None:
    """Two tables, as one would not fit into 80 columns: how fast, and at what cost."""
    from ganzoo.bench.speed.report import COLUMNS, NOT_MEASURED, RATIOS, cells

    columns = dict(zip(COLUMNS, zip(*map(cells, rows), strict=True), strict=True))
    case, run_by, phases = (columns.pop(name) for name in ("case", "run by", "ms by phase, eager"))
    console.print(max(case, key=len), style="bold")  # of what failed, only the variant is known
    speed = {name: columns.pop(name) for name in ("images/s", "ms/step", *RATIOS)}
    cost = {name: values for name, values in columns.items() if {*values} - {"", NOT_MEASURED}}
    for part in (speed, cost):
        table = make_table("run by", *part)
        for by, *line in zip(run_by, *part.values(), strict=True):
            if any(line):
                table.add_row(by, *line)
        if table.rows:
            console.print(table)
            console.print()
    for by, spent in zip(run_by, phases, strict=True):
        if spent:
            console.print(f"{by}, ms by phase run eagerly: {spent}", soft_wrap=True)
