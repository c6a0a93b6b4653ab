"""``ganzoo check``: does a plugin do what every command relies on?"""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import rich_click as click

from ganzoo.artifacts.places import expanded
from ganzoo.cli.images import warn
from ganzoo.cli.output import json_option, make_console, pixels_option, print_json
from ganzoo.data.files.wanted import parse_pixels
from ganzoo.errors import GanzooError
from ganzoo.plugins.discovery import KINDS
from ganzoo.plugins.registered import Registered
from ganzoo.plugins.registry import registry
from ganzoo.spec import (
    MADE,
    AugmentationSpec,
    DatasetSpec,
    EvaluatorSpec,
    ExecutorSpec,
    ExtractorSpec,
    LoggerSpec,
    LossSpec,
    RegulariserSpec,
    VariantSpec,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from ganzoo.testing import Verdict

Found = (
    Registered[VariantSpec]
    | Registered[DatasetSpec]
    | Registered[LossSpec]
    | Registered[RegulariserSpec]
    | Registered[AugmentationSpec]
    | Registered[EvaluatorSpec]
    | Registered[ExtractorSpec]
    | Registered[LoggerSpec]
    | Registered[ExecutorSpec]
)

_STYLES = {"ok": "green", "failed": "bold red", "skipped": "dim", "not run": "dim"}

_COLUMN = 11
"""Where the checks' names begin."""


class Given(NamedTuple):
    """What is checked on, as it was typed."""

    dataset: str | None
    root: Path | None
    image_size: str | None
    pixels: str | None


@click.command("check", epilog="Example: ganzoo check dcgan")
@click.argument("name")
@click.option("--dataset", metavar="NAME", help="what a variant plays on  [default: its own]")
@click.option(
    "--data-root",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="folder, or file, of a data set's data  [default: where downloads are]",
)
@click.option("--image-size", metavar="SIZE", help="resize a variant's images to 64, or to 96x80")
@pixels_option("image files")
@json_option
def command(
    name: str,
    dataset: str | None,
    data_root: Path | None,
    image_size: str | None,
    pixels: str | None,
    as_json: bool,
) -> int:
    """Check what is called NAME, a variant, a data set or a loss, for the author of its plugin.

    Each line is a demand that some command relies on, and below one that is not met stands what to
    do. Where several kinds have that name, all of them are checked. Exit status 1: something
    failed.
    """
    found: list[Found] = registry().named(name)
    has_variant = any(isinstance(row.spec, VariantSpec) for row in found)
    if dataset is not None and not has_variant:
        raise GanzooError(f"--dataset is what a variant plays on, and '{name}' is none")
    if image_size is not None and not has_variant:
        raise GanzooError(f"--image-size is of what a variant plays on, and '{name}' is none")
    if data_root is not None and dataset is None and not any(map(_reads_files, found)):
        raise GanzooError(f"--data-root is for a data set that reads files, and '{name}' does not")
    if pixels is not None and dataset is None and not any(map(_reads_files, found)):
        raise GanzooError(f"--pixels is for a data set that reads files, and '{name}' does not")
    if data_root is not None and not expanded(data_root).exists():
        raise GanzooError(f"there is no '{data_root}', which --data-root names")
    parse_pixels(pixels)
    given = Given(dataset, data_root, image_size, pixels)
    if as_json:
        with contextlib.redirect_stdout(sys.stderr):  # what the plugin prints is no JSON
            records = [
                {"kind": KINDS[type(row.spec)], "name": row.spec.name, "plugin": row.plugin.dist}
                | dataclasses.asdict(verdict)
                for row in found
                for verdict in _verdicts(row, given)
            ]
        print_json(records)
        return int(any(record["outcome"] == "failed" for record in records))
    failed = 0
    if len(found) > 1:
        kinds = ", ".join(KINDS[type(row.spec)] for row in found)
        own = (
            " (--data-root and --pixels are of the data set)"
            if any(map(_reads_files, found))
            else ""
        )
        click.echo(f"{len(found)} things are called {name}, and each is checked: {kinds}{own}\n")
    for number, row in enumerate(found):
        if number:
            click.echo()
        failed += _print(row, dataset, _verdicts(row, given))
    return int(failed > 0)


def _reads_files(row: Found) -> bool:
    return isinstance(row.spec, DatasetSpec) and row.spec.source != MADE


def _verdicts(row: Found, given: Given) -> Iterator[Verdict]:
    from ganzoo import testing

    if isinstance(row.spec, VariantSpec):
        return testing.variant_verdicts(row.qualified, *given)
    if isinstance(row.spec, DatasetSpec):
        return testing.dataset_verdicts(row.qualified, given.root, given.pixels, warn)
    if isinstance(row.spec, RegulariserSpec):
        return testing.regulariser_verdicts(row.qualified)
    if isinstance(row.spec, AugmentationSpec):
        return testing.augmentation_verdicts(row.qualified)
    if isinstance(row.spec, EvaluatorSpec):
        return testing.evaluator_verdicts(row.qualified)
    if isinstance(row.spec, ExtractorSpec):
        return testing.extractor_verdicts(row.qualified)
    if isinstance(row.spec, LoggerSpec):
        return testing.logger_verdicts(row.qualified)
    if isinstance(row.spec, ExecutorSpec):
        return testing.executor_verdicts(row.qualified)
    return testing.loss_verdicts(row.qualified)


def _print(row: Found, dataset: str | None, verdicts: Iterator[Verdict]) -> int:
    """Print each verdict as soon as it is known; returns how many failed."""
    from rich.text import Text

    from ganzoo.testing.variants.made import NEEDED
    from ganzoo.testing.variants.subject import default_data

    console = make_console()
    heading = (f"{KINDS[type(row.spec)]} {row.spec.name}", "bold")
    played = ""
    if isinstance(row.spec, VariantSpec):
        played = f", played on {dataset or default_data(row.spec) or NEEDED}"
    console.print(Text.assemble(heading, f" of {row.plugin}{played}"))
    console.print()
    counts: Counter[str] = Counter()
    waiting: list[str] = []
    for verdict in verdicts:
        counts[verdict.outcome] += 1
        if verdict.outcome == "not run":
            waiting.append(verdict.check)
            continue
        skipped, failed = verdict.outcome == "skipped", verdict.outcome == "failed"
        word = "FAILED" if failed else str(verdict.outcome)
        head = Text.assemble(
            (f"  {word:<{_COLUMN - 2}}", _STYLES[verdict.outcome]),
            (f"{verdict.check:<20} ", "cyan"),
        )
        text = Text(verdict.message, "dim") if skipped else Text(verdict.demand)
        _print_wrapped(console, head, text)
        if failed:
            _print_wrapped(console, Text(" " * _COLUMN), Text(verdict.message))
    if waiting:
        head = Text.assemble((f"  {'not run':<{_COLUMN - 2}}", _STYLES["not run"]))
        reason = f"until what failed succeeds: {', '.join(waiting)}"
        _print_wrapped(console, head, Text(reason, "dim"))
    console.print()
    parts = [(f"{counts[word]} {word}", _STYLES[word]) for word in _STYLES if counts[word]]
    console.print(Text(", ").join(Text(*part) for part in parts))
    return counts["failed"]


def _print_wrapped(console: Console, head: Text, text: Text) -> None:
    """Print a text behind its head, below which no line of it goes on a terminal."""
    from rich.text import Text

    room = max(30, console.width - len(head))
    lines = text.wrap(console, room) if console.is_terminal else [text]
    for number, line in enumerate(lines):
        start = Text(" " * len(head)) if number else head
        line.rstrip()
        console.print(Text.assemble(start, line), soft_wrap=True)
