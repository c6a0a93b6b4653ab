"""How a forecast looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from ganzoo.cli import legible
from ganzoo.cli.output import make_console
from ganzoo.cli.owners import with_owners

if TYPE_CHECKING:
    from ganzoo.bench.forecast import Forecast


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
    row("device", found.device)
    row("mode", found.mode)
    if found.seconds is not None and found.hours is not None:
        eagerly = ", eagerly" if found.mode.startswith("compile") else ""
        row("a step", f"{found.seconds:.3g} s{eagerly}")
        row("duration", f"{in_words(found.hours)} for {found.steps:,} steps, evaluations aside")
    there = "" if found.memory_free is None else f" of the {sized(found.memory_free)} there are"
    row("memory", "too little" if found.memory is None else f"{sized(found.memory)}{there}")
    row("disk", f"at most {sized(found.disk)} of the {sized(found.disk_free)} there are")
    for number, place in enumerate(found.places):
        size = f", {sized(place.size)}" if place.size else ""
        row("" if number else "writes", f"{place.path}: {place.what}{size}")
    for number, line in enumerate(found.watched):
        row("" if number else "watches for", line)
    for line in found.advice:
        console.print(line, style="bold yellow", soft_wrap=True)


def in_words(hours: float) -> str:
    """A time as one says it: ``3 h``, ``25 min``, ``40 s``."""
    if hours < 1 / 60:
        return f"{max(1, round(3600 * hours))} s"
    return f"{hours:.0f} h" if hours >= 2 else f"{round(60 * hours)} min"


def sized(size: int) -> str:
    """A number of bytes as one says it: ``1.3 GB``, ``512 MB``."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, round(size / 1e6))} MB"
