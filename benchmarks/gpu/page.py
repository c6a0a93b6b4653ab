"""The page: which steps did what, and what to bring home."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gpu.step import NOT_REACHED, PASSED, RUNNING, Result

LAST_LINES = 15
REHEARSAL = """\
# A rehearsal of `benchmarks/gpu.sh`

**This is a rehearsal and measures nothing**: the CPU in the GPU's place, tapes in that of CUDA
graphs, and tiny networks. It shows that the script runs from end to end; its numbers say nothing
about any GPU.
"""
EARNEST = "# What `benchmarks/gpu.sh` found\n"


def write(path: Path, results: Sequence[Result], *, rehearsal: bool, summary: str) -> None:
    """Write the page anew, in one go: whoever is cut off leaves the one before or this one.

    Args:
        path: of the page.
        results: in the order of the steps.
        rehearsal: whether there was no GPU.
        summary: when it was begun, and how it stands.
    """
    text = _page(results, path, rehearsal, summary)
    temporary = path.with_name(f"part-of-{path.name}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def write_log(path: Path, results: Sequence[Result]) -> None:
    """All that the steps printed."""
    parts = [f"===== {one.step.name}: {one.outcome}\n{one.output}\n" for one in results]
    path.write_text("".join(parts), encoding="utf-8")


def files(path: Path) -> list[Path]:
    """The page and all that lies beside it and belongs to it."""
    return [file for file in path.parent.glob(f"{path.stem}[.-]*") if file.is_file()]


def _page(results: Sequence[Result], path: Path, rehearsal: bool, summary: str) -> str:
    rows = [
        f"| {one.step.name} | {_marked(one.outcome)} | {_seconds(one)} | {_remark(one)} |"
        for one in results
    ]
    sections = [_section(one) for one in results if one.found or _went_wrong(one)]
    return "\n".join(
        [
            REHEARSAL if rehearsal else EARNEST,
            summary,
            "",
            "| step | outcome | seconds (of at most) | |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
            *sections,
            _bring_home(path, rehearsal),
        ]
    )


def _marked(outcome: str) -> str:
    return outcome if outcome == PASSED else f"**{outcome}**"


def _seconds(one: Result) -> str:
    return "" if one.outcome in (NOT_REACHED, RUNNING) else f"{one.seconds:.0f} ({one.limit:.0f})"


def _went_wrong(one: Result) -> bool:
    return one.outcome not in (NOT_REACHED, RUNNING, PASSED)


def _remark(one: Result) -> str:
    if one.outcome == NOT_REACHED:
        return one.because
    lines = one.output.strip().splitlines()
    return lines[-1].strip("= ").replace("|", "\\|")[:160] if lines else ""


def _section(one: Result) -> str:
    parts = [f"## {one.step.name}", ""]
    if one.found:
        parts += [one.found.rstrip(), ""]
    if _went_wrong(one):
        lines = one.output.rstrip().splitlines()[-LAST_LINES:]
        parts += [f"It {one.outcome}; its last lines:", "", "```", *lines, "```", ""]
    return "\n".join(parts)


def _bring_home(path: Path, rehearsal: bool) -> str:
    if rehearsal:
        return (
            "## Bring home\n\nNothing: this was a rehearsal. A real run leaves `gpu.md`, `gpu.log` "
            "and `gpu-rows.json` to bring home, and says here where they belong.\n"
        )
    names = {path.name, *(file.name for file in files(path))}
    listed = ", ".join(f"`{name}`" for name in sorted(names))
    return "\n".join(
        [
            "## Bring home",
            "",
            f"- Into `benchmarks/results`, named by the date and the device: {listed}.",
            "- From the tables of the speed steps: the GPU rows of the newest page of speed there,"
            " which say that nothing was measured, and README's sentence that says so.",
            "- What failed or was not reached, as an open question: `benchmarks/gpu.sh --only STEP`"
            " runs a step again.",
            "",
        ]
    )
