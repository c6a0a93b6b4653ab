"""The paper table as Markdown and as JSON."""

import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from papers_rows import NOTES, Comparison, Goal, Row, Training

from ganzoo.artifacts.files import replacing, write_json
from ganzoo.compare.spread import Spread, plus_minus
from ganzoo.errors import GanzooError


@dataclass(frozen=True)
class Found:
    """What was measured of one seed."""

    seed: int
    scores: Mapping[str, float]
    real: Mapping[str, float | None]
    """What real data score in the samples' place, where that was measured."""
    protocol: str
    minutes: float | None
    """Of the training, where it is known."""


def spread(values: Sequence[float]) -> str:
    """Mean and standard deviation of a training."""
    if not values:
        return "not measured"
    found = Spread(tuple(values))
    return plus_minus(found.mean, found.deviation)


def each(values: Sequence[float]) -> str:
    """The single values, as many digits of each as of the others."""
    return ", ".join(f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}" for value in values)


def verdict(goal: Goal, values: Sequence[float]) -> str:
    """Whether the mean of the seeds is what it must be."""
    if not values:
        return "not measured"
    if not goal.reached(fmean(values)):
        return "**missed**"
    good = sum(goal.reached(value) for value in values)
    return "yes" if good == len(values) else f"yes, by the mean; {good} of {len(values)} seeds"


def protocol_of(found: Sequence[Found]) -> str | None:
    """The one that all were measured by.

    Raises:
        GanzooError: there are several.
    """
    protocols = {one.protocol for one in found}
    if len(protocols) > 1:
        raise GanzooError(
            f"numbers of different protocols cannot stand in one row: {' | '.join(protocols)}; "
            "remove the JSON files beside the runs, and they are measured again"
        )
    return protocols.pop() if protocols else None


def describe(row: Row, found: Sequence[Found]) -> dict[str, Any]:
    """A row as JSON has it."""
    values = [row.score(one.scores) for one in found]
    return {
        "name": row.name,
        "quantity": row.quantity,
        "paper": row.paper,
        "goal": row.goal.text,
        "values": {str(one.seed): value for one, value in zip(found, values, strict=True)},
        "real": _real(row, found),
        "mean": fmean(values) if values else None,
        "deviation": Spread(tuple(values)).deviation if values else None,
        "reached": row.goal.reached(fmean(values)) if values else None,
        "minutes": [one.minutes for one in found],
        "command": command(row.training),
        "protocol": protocol_of(found),
        "differences": row.differences,
        "missed": row.missed if values and not row.goal.reached(fmean(values)) else None,
    }


def command(training: Training) -> str:
    """How a user trains the same."""
    return shlex.join(["ganzoo", "train", *training.arguments, training.seed_flag]) + " S"


def _real(row: Row, found: Sequence[Found]) -> float | None:
    """What real data score, where that was measured."""
    known = {k: v for one in found[:1] for k, v in one.real.items() if v is not None}
    with suppress(KeyError):
        return row.score(known)
    return None


def compare(row: Comparison, ours: Sequence[Found], theirs: Sequence[Found]) -> dict[str, Any]:
    """A comparison as JSON has it."""

    def values(found: Sequence[Found], name: str) -> list[float]:
        return [one.scores[name] for one in found]

    sides = {
        side: {
            "seeds": [one.seed for one in found],
            "frechet": values(found, "frechet"),
            "coverage": values(found, "coverage"),
            "classes": values(found, "classes"),
            "minutes": [one.minutes for one in found],
        }
        for side, found in (("ours", ours), ("theirs", theirs))
    }
    half = covers = None
    if ours and theirs:
        distance, coverage = (
            [fmean(values(found, name)) for found in (ours, theirs)]
            for name in ("frechet", "coverage")
        )
        half, covers = distance[0] <= distance[1] / 2, coverage[0] >= coverage[1]
    return {
        "name": row.name,
        "variant": row.ours.name,
        "script": f"{row.theirs.script}.py",
        "images": row.images,
        "command": command(row.ours),
        "their_command": f"{row.theirs.script}.py --n_epochs {row.theirs.epochs}",
        "protocol": protocol_of([*ours, *theirs]),
        **sides,
        "half_distance": half,
        "coverage_at_least": covers,
        "missed": row.missed if False in (half, covers) else None,
    }


def write_table(
    path: Path,
    rows: Mapping[Row, Sequence[Found]],
    comparisons: Mapping[Comparison, tuple[Sequence[Found], Sequence[Found]]],
    machine: str,
) -> None:
    """Write the Markdown at `path` and, beside it, the JSON."""
    described = [describe(row, found) for row, found in rows.items()]
    compared = [compare(row, *found) for row, found in comparisons.items()]
    parts = _head(machine), _rows(rows), _comparisons(compared), _details(described), _notes()
    page = "\n".join(line for part in parts for line in part)
    with replacing(path) as temporary:
        temporary.write_text(page + "\n", encoding="utf-8")
    write_json(
        path.with_suffix(".json"),
        {"machine": machine, "rows": described, "comparisons": compared},
    )


def _head(machine: str) -> list[str]:
    return [
        "# The papers' numbers and ours",
        "",
        f"Made by `python benchmarks/papers.py` on {machine}; each training on one thread,",
        "beside others, so that its minutes are no more than a hint. A value is of a training; ±",
        "is their standard deviation over the seeds, and in the papers' column what the papers say",
        "it is. A goal is reached where the mean of the seeds reaches it.",
        "",
    ]


def _rows(rows: Mapping[Row, Sequence[Found]]) -> list[str]:
    lines = [
        "| row | quantity | paper | goal | ours | each seed | minutes a seed | reached |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row, found in rows.items():
        values = [row.score(one.scores) for one in found]
        cells = (row.name, row.quantity, row.paper, row.goal.text, spread(values), each(values))
        reached = verdict(row.goal, values)
        lines.append(_line(*cells, _minutes([one.minutes for one in found]), reached))
    return [*lines, ""]


def _comparisons(compared: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = [
        "## Beside the scripts that people copy",
        "",
        "PyTorch-GAN's scripts at their defaults but for the number of epochs, sampled as they",
        "draw their own pictures (`benchmarks/theirs.py`); 10,000 samples of each training,",
        "measured by `ganzoo evaluate`. Goals: at most half the Fréchet distance, and at least the",
        "coverage.",
        "",
        "| variant | script | training images | Fréchet, ours | theirs | at most half "
        "| coverage, ours | theirs | at least theirs |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in compared:
        ours, theirs = row["ours"], row["theirs"]
        lines.append(
            _line(
                row["variant"],
                row["script"],
                row["images"],
                _spread_and_each(ours["frechet"]),
                _spread_and_each(theirs["frechet"]),
                _yes(row["half_distance"]),
                _spread_and_each(ours["coverage"]),
                _spread_and_each(theirs["coverage"]),
                _yes(row["coverage_at_least"]),
            )
        )
    lines.append("")
    for row in compared:
        ours, theirs = row["ours"], row["theirs"]
        lines += [
            f"**{row['variant']}**: `{row['command']}` for S of {_listed(ours['seeds'])}, and",
            f"`{row['their_command']}` from the seeds {_listed(theirs['seeds'])}.  ",
            f"Protocol: {row['protocol'] or 'not measured'}.",
            *([f"Missed: {row['missed']}."] if row["missed"] else []),
            "",
        ]
    return lines


def _details(described: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = ["## Protocols and differences", ""]
    above: Mapping[str, Any] = {}
    for row in described:
        lines += [f"**{row['name']}**: `{row['command']}` for S of {', '.join(row['values'])}.  "]
        if row["protocol"]:
            lines += [f"Protocol: {row['protocol']}.  "]
        if row["real"] is not None:
            lines += [f"Real data in the samples' place: {row['real']:.4g}.  "]
        for title in ("differences", "missed"):
            if row[title]:
                said = "as above" if row[title] == above.get(title) else row[title]
                lines += [f"{title.capitalize()}: {said}.  "]
        lines[-1] = lines[-1].rstrip()
        lines += [""]
        above = row
    return lines


def _notes() -> list[str]:
    return ["## The runs behind this page", "", *NOTES]


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _listed(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds)) or "none"


def _spread_and_each(values: Sequence[float]) -> str:
    return f"{spread(values)} ({each(values)})" if values else "not measured"


def _minutes(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{fmean(known):.1f}" if known else ""


def _yes(reached: bool | None) -> str:
    return {True: "yes", False: "**missed**", None: "not measured"}[reached]
