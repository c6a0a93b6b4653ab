"""How good variants become, in words: tables, a Markdown page and a JSON file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from ganzoo.artifacts.files import replacing, write_json
from ganzoo.bench.quality.measure import Result
from ganzoo.bench.speed.report import commit, free_name
from ganzoo.compare.scoreboard import MISSING, Cell, Table, parse_evaluation, tabulate
from ganzoo.compare.spread import CONFIDENCE, Spread

TRAININGS = ("variant", "data", "seeds", "steps", "images seen", "seconds of training a seed")


def make_tables(results: Sequence[Result]) -> list[Table]:
    """A table for each protocol, a row a variant."""
    groups: dict[str, list[Any]] = {}
    for one in results:
        evaluation = one.get("evaluation")
        found = evaluation and parse_evaluation(evaluation, one["run"], one["run"])
        groups.setdefault(one["variant"], []).append([found] if found else [])
    return tabulate(groups, all_rows=False)


def half_interval(spread: Spread) -> float | None:
    """What stands behind a ±."""
    return spread.half_interval


def trainings(results: Sequence[Result]) -> list[list[str]]:
    """What was trained, a line a variant, by `TRAININGS`."""
    lines = []
    for variant in dict.fromkeys(one["variant"] for one in results):
        done = [one for one in results if one["variant"] == variant and "evaluation" in one]
        if done:
            lines.append(
                [
                    variant,
                    ", ".join(sorted({one["data"] for one in done})),
                    ", ".join(str(one["seed"]) for one in done),
                    _range([one["step"] for one in done]),
                    _range([one["images"] for one in done]),
                    _range([round(one["seconds"]) for one in done]),
                ]
            )
    return lines


def remarks(results: Sequence[Result], unsuitable: Mapping[str, str]) -> list[str]:
    """What the reader of the tables should know besides."""
    errors = [
        f"{one['variant']}, seed {one['seed']}: {one['error']}" for one in results if "error" in one
    ]
    several = any("evaluation" in one and one["seed"] > 0 for one in results)
    meaning = (
        f"±: half the {CONFIDENCE:.0%} confidence interval of the mean over seeds (Student's t)"
    )
    return [
        *([meaning] if several else []),
        *(f"{name} is not trained: {reason}" for name, reason in unsuitable.items()),
        *errors,
    ]


def write_quality_report(
    folder: Path,
    results: Sequence[Result],
    unsuitable: Mapping[str, str],
    facts: Mapping[str, Any],
) -> list[Path]:
    """Write a Markdown page and a JSON file, named by date and device.

    Args:
        folder: made if it is not there; files in it are kept.
        results: as `ganzoo.bench.quality.measure.measure` gives them.
        unsuitable: likewise.
        facts: as `describe` gives them.

    Returns:
        What was written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = free_name(folder, f"quality {facts['device']}")
    page, data = folder / f"{stem}.md", folder / f"{stem}.json"
    write_json(data, to_dict(results, unsuitable, facts))
    with replacing(page) as temporary:
        temporary.write_text(_markdown(results, unsuitable, facts), encoding="utf-8")
    return [page, data]


def to_dict(
    results: Sequence[Result], unsuitable: Mapping[str, str], facts: Mapping[str, Any]
) -> dict[str, Any]:
    """All of it, as JSON has it."""
    return {
        **facts,
        "tables": [table.to_dict() for table in make_tables(results)],
        "trials": list(results),
        "unsuitable": dict(unsuitable),
    }


def describe(results: Sequence[Result], machine: Mapping[str, Any], command: str) -> dict[str, Any]:
    """Where, when and how.

    Args:
        results: as `ganzoo.bench.quality.measure.measure` gives them.
        machine: as `ganzoo.bench.speed.compare.describe_machine` gives it.
        command: as it was typed.
    """
    versions: dict[str, set[str]] = {}
    for one in results:
        for name, version in one.get("versions", {}).items():
            versions.setdefault(name, set()).add(version)
    return {
        "device": machine["device"],
        "cores": machine["cores"],
        "threads": machine["threads"],
        "trained on": ", ".join(
            sorted({one["trained_on"] for one in results if "trained_on" in one})
        ),
        "versions": {name: ", ".join(sorted(found)) for name, found in versions.items()},
        "date": date.today().isoformat(),
        "commit": commit(),
        "command": command,
    }


def _markdown(
    results: Sequence[Result], unsuitable: Mapping[str, str], facts: Mapping[str, Any]
) -> str:
    shown = {
        **facts,
        "versions": ", ".join(f"{name} {version}" for name, version in facts["versions"].items()),
        "command": f"`{facts['command']}`",
    }
    lines = [f"# {facts['date']}, quality, {facts['device']}", ""]
    lines += [f"- {name}: {fact}" for name, fact in shown.items() if fact]
    lines += ["", *(f"- {remark}" for remark in remarks(results, unsuitable))]
    for table in make_tables(results):
        lines += ["", f"Protocol: {table.protocol}", ""]
        lines += _rows(
            [table.headers, *(map(_marked, line) for line in table.lines(half_interval))]
        )
    lines += ["", "What was trained:", "", *_rows([TRAININGS, *trainings(results)])]
    commands = [command for one in results for command in one["commands"]]
    return "\n".join([*lines, "", "```", *commands, "```", ""])


def _rows(lines: Sequence[Any]) -> list[str]:
    """A table of Markdown; the first line is its head."""
    head, *rest = [list(line) for line in lines]
    return ["| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *rest)]


def _marked(cell: Cell) -> str:
    return f"**{cell.text}**" if cell.best else cell.text


def _range(numbers: Sequence[int]) -> str:
    ends = dict.fromkeys((min(numbers), max(numbers))) if numbers else {}
    return "-".join(f"{number:,}" for number in ends) or MISSING
