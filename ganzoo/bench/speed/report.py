"""Rows in words, as a Markdown page and as a picture."""

from __future__ import annotations

import os
import re
import subprocess
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from ganzoo.artifacts.figures import usual_figures
from ganzoo.artifacts.files import replacing
from ganzoo.bench.speed.compare import ENOUGH_QUIET, Row
from ganzoo.bench.speed.quiet import TOLERATED
from ganzoo.bench.speed.spec import BASELINES, ENGINE

RATIOS = tuple(f"x {name}" for name in BASELINES)
COLUMNS = (
    "case",
    "run by",
    "images/s",
    "ms/step",
    "ms by phase, eager",
    "memory",
    "threads",
    "start-up",
    "compile",
    "GPU busy",
    "GFLOP/s (of peak)",
    *RATIOS,
)
SUFFIXES = ".md", ".json", ".png"
"""Of what is written beside each other."""
NOT_MEASURED = "not measured"
SHORT = 12
"""Characters of an error that stands in the table; a longer one stands below it."""


def cells(row: Row) -> list[str]:
    """The row's cells, by `COLUMNS`."""
    case = row["variant"]
    if row["data"] is not None:
        case += f" {row['data']} {row['shape']}, batch {row['batch_size']}"
    ours = row["contestant"] == ENGINE
    by = f"{row['mode']} {row['precision']}" if ours else row["contestant"]
    if row["error"]:
        shown = row["error"] if len(row["error"]) <= SHORT else "failed"
        return [case, by, shown, *[""] * (len(COLUMNS) - 3)]
    phases = (row["ms_by_phase"] or {}).items()
    share = row["peak_share"]
    return [
        case,
        by,
        _rounded(row["images_per_second"]),
        _rounded(row["ms_per_step"]),
        ", ".join(f"{name} {_rounded(ms)}" for name, ms in phases),
        f"{row['memory'] / 2**20:,.0f} MiB",
        str(row["threads"]),
        f"{row['startup_seconds']:.1f} s",
        "" if row["compile_seconds"] is None else f"{row['compile_seconds']:.1f} s",
        NOT_MEASURED if row["busy_share"] is None else f"{row['busy_share']:.0%}",
        f"{row['flops_per_second'] / 1e9:,.0f}" + (f" ({share:.0%})" if share else "")
        if ours
        else "",
        *(_times(row[f"times_{name}"]) for name in BASELINES),
    ]


def remarks(rows: Sequence[Row]) -> list[str]:
    """What the reader of the table should know besides."""
    said: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        case, by, *_ = cells(row)
        long = [row["error"]] if row["error"] and len(row["error"]) > SHORT else []
        for what in (*long, *row["notes"], *row["process"]):
            said[what].append(f"{case}, {by}")
    found = [f"{'; '.join(who)}: {what}" for what, who in said.items()]
    disturbed = [row for row in rows if row["disturbed_rounds"]]
    if disturbed:
        worst = max(row["disturbed_rounds"] for row in disturbed)
        kept = any((row["others"] or 0.0) > TOLERATED for row in disturbed)
        found.append(
            f"the machine was busy: in up to {worst} rounds of a case other processes used more "
            f"than {TOLERATED:.0%} of a core; "
            + (
                f"fewer than {ENOUGH_QUIET} quiet rounds were left, so that all are counted"
                if kept
                else "these rounds are left out"
            )
        )
    return found


def write_report(
    folder: Path, rows: Sequence[Row], machine: Mapping[str, Any], command: str
) -> list[Path]:
    """Write a Markdown page and, where there are ratios, a picture, named by date and device.

    Args:
        folder: made if it is not there; files in it are kept.
        rows: as `ganzoo.bench.speed.compare.compare` gives them.
        machine: where they were measured.
        command: how.

    Returns:
        What was written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = free_name(folder, machine["device"])
    page, picture = folder / f"{stem}.md", folder / f"{stem}.png"
    shown = [row for row in rows if row["times_typical"] and row["times_careful"]]
    with replacing(page) as temporary:
        text = _markdown(rows, machine, command, picture.name if shown else None)
        temporary.write_text(text, encoding="utf-8")
    if not shown:
        return [page]
    with replacing(picture) as temporary:
        _draw(shown, temporary, machine["device"])
    return [page, picture]


def commit() -> str | None:
    """Of the checkout that this package lies in, if it does; marked where files were changed."""
    here = Path(__file__).parents[2]
    if not (here.parent / ".git").exists():  # in another's, which may have git run something
        return None
    git = ["git", "-C", str(here), "-c", "core.fsmonitor=false"]
    try:
        tracked = subprocess.run([*git, "ls-files", "--error-unmatch", "."], capture_output=True)
        if tracked.returncode:
            return None
        described = ["describe", "--always", "--dirty", "--exclude", "*"]
        done = subprocess.run([*git, *described], capture_output=True, text=True)
    except OSError:
        return None
    return done.stdout.strip() or None


def _markdown(
    rows: Sequence[Row], machine: Mapping[str, Any], command: str, picture: str | None
) -> str:
    cuda = f", CUDA {machine['cuda']}" if machine["cuda"] else ""
    peaks = ", ".join(
        f"{precision} {flops / 1e9:,.0f}" for precision, flops in machine["peak_flops"].items()
    )
    facts = {
        "device": f"{machine['device']}, {machine['cores']} cores",
        "versions": f"torch {machine['torch']}{cuda}, Python {machine['python']}, "
        f"{machine['system']}",
        "peak GFLOP/s measured": peaks,
        "date": date.today().isoformat(),
        "commit": commit(),
        "command": f"`{command}`",
    }
    lines = [f"- {name}: {fact}" for name, fact in facts.items() if fact is not None]
    table = [COLUMNS, ["---"] * len(COLUMNS), *map(cells, rows)]
    lines += ["", *("| " + " | ".join(line) + " |" for line in table), ""]
    lines += [f"- {remark}" for remark in remarks(rows)]
    if picture:
        lines += ["", f"![Times as fast as the two loops]({picture})"]
    return "\n".join([f"# {date.today().isoformat()}, {machine['device']}", "", *lines, ""])


@usual_figures()
def _draw(rows: Sequence[Row], path: Path, device: str) -> None:
    """Bars: how many times as fast, from the least to the greatest round."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 1.2 + 0.5 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    for shift, name in ((-0.2, "typical"), (0.2, "careful")):
        ratios = [row[f"times_{name}"] for row in rows]
        medians = [one["median"] for one in ratios]
        low = [one["median"] - one["min"] for one in ratios]
        high = [one["max"] - one["median"] for one in ratios]
        places = [number + shift for number in range(len(rows))]
        label = str(BASELINES[name])
        axes.barh(places, medians, 0.38, xerr=(low, high), label=label, capsize=2)
    axes.axvline(1, color="black", linewidth=0.8)
    labels = [f"{row['variant']} {row['shape']}\n{row['mode']} {row['precision']}" for row in rows]
    axes.set_yticks(range(len(rows)), labels, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("times as fast as")
    axes.set_title(device, fontsize=10)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=150)


def free_name(folder: Path, device: str) -> str:
    """A name for a page, and what is beside it, that the folder lacks: the date and the device."""
    words = re.sub(r"[^a-z0-9]+", "-", device.lower()).strip("-")
    stem = f"{date.today().isoformat()}-{words}"
    name, number = stem, 1
    while any(os.path.lexists(folder / f"{name}{suffix}") for suffix in SUFFIXES):
        number += 1
        name = f"{stem}-{number}"
    return name


def _rounded(value: float) -> str:
    """Three significant digits, without an exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _times(found: Mapping[str, float] | None) -> str:
    if found is None:
        return ""
    return f"{found['median']:.2f} [{found['min']:.2f}-{found['max']:.2f}]"
