"""How a forecast looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from ganzoo.cli import legible
from ganzoo.cli.output import make_console
from ganzoo.cli.owners import with_owners
from ganzoo.errors import counted, lasting

if TYPE_CHECKING:
    from ganzoo.bench.forecast import Forecast
    from ganzoo.metrics.ahead.cost import Cost


def print_forecast(found: Forecast) -> None:
    """Print a row for each thing that one wants to know, and what to change."""
    console = make_console()

    def row(name: str, text: str) -> None:
        line = Text.assemble((f"  {name:<13} ", "dim"), legible(text))
        console.print(line, soft_wrap=True)

    for message in found.said:
        console.print(legible(with_owners(message, "train")), soft_wrap=True)
    row("variant", found.variant)
    row("data", found.data)
    row("batch size", str(found.batch_size))
    for player, count in found.parameters.items():
        row(player, f"{count:,} parameters")
    row("learning rate", found.learning_rates)
    row("device", found.device)
    row("mode", found.mode)
    if found.seconds is not None and found.hours is not None:
        eagerly = ", eagerly" if found.mode.startswith("compile") else ""
        sizes = ", ".join(map(str, found.sizes_tried))
        guessed = f", by batches of {sizes}, as a whole one takes too long to try" if sizes else ""
        row("a step", f"{found.seconds:.3g} s{eagerly}{guessed}")
        row(
            "duration",
            f"{lasting(3600 * found.hours)} for {found.steps:,} steps{_evaluated(found)}, if the "
            "machine stays as busy as it is now",
        )
        row("draws", f"{counted(found.grids, 'grid')}, of {found.grid_seconds:.2g} s each")
    if found.evaluating is not None:
        each = f"{counted(found.evaluations, 'evaluation')}, of about "
        row("evaluates", each + costing(found.evaluating))
    there = "" if found.memory_free is None else f" of the {sized(found.memory_free)} there are"
    later = ", perhaps a third more as it goes on," if found.device.startswith("cpu") else ""
    row("memory", "too little" if found.memory is None else f"{sized(found.memory)}{later}{there}")
    row("disk", f"at most {sized(found.disk)} of the {sized(found.disk_free)} there are")
    for number, place in enumerate(found.places):
        size = f", {sized(place.size)}" if place.size else ""
        row("" if number else "writes", f"{place.path}: {place.what}{size}")
    for number, line in enumerate(found.watched):
        row("" if number else "watches for", line)
    for line in found.advice:
        console.print(line, style="bold yellow", soft_wrap=True)


def costing(cost: Cost) -> str:
    """What each evaluation takes, and what comes before the first."""
    once = ""
    if cost.classifiers:
        what = "a classifier is" if cost.classifiers == 1 else f"{cost.classifiers} classifiers are"
        once = f"; before the first {what} trained, once for all runs, about {lasting(cost.once)}"
    return f"{lasting(cost.each)} each{once}"


def _evaluated(found: Forecast) -> str:
    if not found.evaluations:
        return ""
    return f", {lasting(found.evaluation_seconds)} of it for evaluations"


def sized(size: int) -> str:
    """A number of bytes as one says it: ``1.3 GB``, ``512 MB``."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, round(size / 1e6))} MB"
