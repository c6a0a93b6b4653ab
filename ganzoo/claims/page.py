"""What claims have come to, as Markdown: a page with all that is known, a table for a README."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from ganzoo.artifacts.files import replacing
from ganzoo.claims.verdict import NOT_REPRODUCED, NOT_RUN, each, here, said

Result = Mapping[str, Any]


def table(results: Sequence[Result]) -> list[str]:
    """Lines of Markdown: a row a claim, with the day on which its verdict was found."""
    lines = [
        "| variant | claim | paper | here | must be | verdict |",
        "|---|---|---|---|---|---|",
    ]
    for one in results:
        cells = (
            f"`{one['variant']}`",
            one["quantity"],
            _paper(one),
            here(one),
            one["must_be"],
            f"{_strong(one)}, {one['date']}",
        )
        lines.append(_line(*cells))
    return lines


def write_page(path: Path, name: str, results: Sequence[Result], skipped: Sequence[str]) -> None:
    """Write all that is known of some claims, whole or not at all.

    Args:
        path: of the page.
        name: the variant.
        results: as `ganzoo.claims.reproduce.describe` has them.
        skipped: claims that were left out, as they are long.

    Raises:
        OSError: it cannot be written.
    """
    lines = [
        f"# What the claims of {name} come to",
        "",
        "What is trained and what must hold stands in the plugin's `claims.toml`, and nothing is "
        "chosen by what is measured. A value is of a training, ± is the standard deviation over "
        "the seeds, and the mean decides.",
        "",
        "| claim | quantity | paper | here | each seed | must be | verdict |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in results:
        values = "; ".join(each(row, one["percent"]) for row in one["values"].values())
        cells = (one["claim"], one["quantity"], _paper(one), here(one), values, one["must_be"])
        lines.append(_line(*cells, _strong(one)))
    lines.append("")
    for one in results:
        lines += [*_details(one), ""]
    if skipped:
        lines += [f"Not run, as they are long: {', '.join(skipped)}."]
    with replacing(path) as temporary:
        temporary.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def _details(one: Result) -> list[str]:
    rows = {
        "Paper": f"{one['paper']}: {one['number']}",
        "Verdict": said(one) + (f" ({one['reason']})" if one["reason"] else ""),
        "Must be": one["must_be"],
        "Seeds": ", ".join(map(str, one["seeds"])) + _fewer(one),
        "Real data in the samples' place": _real(one),
        "Protocol": one["protocol"],
        "Differences": one["differences"],
        "Versions": ", ".join(f"{name} {version}" for name, version in one["versions"].items()),
        "Device": one["device"],
        "Minutes a training": _minutes(one),
        "Date": one["date"],
        "Made by": f"`{one['made_by']}`",
    }
    lines = [f"## {one['claim']}", "", one["says"], ""]
    lines += [f"- {name}: {text}" for name, text in rows.items() if text]
    return [*lines, "", "```", *one["commands"], "```"]


def _fewer(one: Result) -> str:
    claimed = one["seeds_claimed"]
    return f" (the claim is of {claimed})" if len(one["seeds"]) < claimed else ""


def _real(one: Result) -> str:
    return "" if one["real"] is None else each([one["real"]], one["percent"])


def _minutes(one: Result) -> str:
    means = {name: fmean(row) for name, row in one["minutes"].items() if row}
    return "; ".join(f"{name} {mean:.1f}" for name, mean in means.items())


def _paper(one: Result) -> str:
    return str(one["paper"]) + ("" if one["number"] == "none" else f": {one['number']}")


def _strong(one: Result) -> str:
    bad = one["verdict"] in (NOT_REPRODUCED, NOT_RUN)
    return f"**{said(one)}**" if bad else said(one)


def _line(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
