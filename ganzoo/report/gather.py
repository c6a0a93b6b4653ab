"""What a page says of runs, read from their folders."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ganzoo.artifacts.files import of_steps, refuse_links
from ganzoo.artifacts.pictures import curve_label, panels_of
from ganzoo.compare.ranking import rank
from ganzoo.compare.runs import Comparison, compare
from ganzoo.compare.scoreboard import Cell, Table, setting_text
from ganzoo.compare.settings import public_settings
from ganzoo.compare.spread import ERRORS
from ganzoo.report.chart import Chart, Line
from ganzoo.report.evaluations import Evaluation, latest_evaluations
from ganzoo.report.picture import Picture, frames, picture
from ganzoo.runs import checkpoint, evaluations
from ganzoo.runs.logged import WATCHDOG
from ganzoo.runs.metrics_file import read_some
from ganzoo.runs.record import samples
from ganzoo.runs.run import Run

_LONG = 2**22
"""Bytes of a log that are read."""
LOG = 200
"""Lines of the log that are shown, the last ones."""
RUNNING = "running"
Records = Sequence[Mapping[str, float]]


@dataclass(frozen=True)
class Shown:
    """One run."""

    key: str
    """Of it in the page."""
    name: str
    path: str
    state: str
    facts: Mapping[str, str]
    settings: Mapping[str, str]
    charts: Sequence[Chart]
    """Empty, where several runs share theirs."""
    frames: Sequence[Picture]
    real: Picture | None
    evaluations: Sequence[Evaluation]
    copies: Picture | None
    """Samples above the training images that are most like them."""
    quality: str
    """How what `--evaluate-every` measured is obtained; empty, where it is not known."""
    warnings: Sequence[str]
    """Of the watchdog."""
    log: Sequence[str]

    @property
    def running(self) -> bool:
        """Whether it is being trained."""
        return self.state == RUNNING

    @property
    def film(self) -> list[tuple[str, str]]:
        """Caption and content of each frame."""
        return [(frame.caption, frame.url) for frame in self.frames]


@dataclass(frozen=True)
class Content:
    """Of a page."""

    runs: Sequence[Shown]
    charts: Sequence[Chart]
    """Of all runs together, where there are several."""
    comparison: Comparison | None
    """Of several."""
    verdict: Sequence[str]
    """Which of several is best, and what speaks for that, in sentences."""

    @property
    def title(self) -> str:
        """What the page is about."""
        return ", ".join(run.name for run in self.runs)

    @property
    def running(self) -> bool:
        """Whether any run is being trained."""
        return any(run.running for run in self.runs)

    @property
    def differences(self) -> list[list[str]]:
        """A row for each setting in which runs differ: its name, and what it is in each group."""
        found = self.comparison.differences if self.comparison else {}
        return [[name, *map(setting_text, values)] for name, values in found.items()]

    def lines(self, table: Table) -> list[list[Cell]]:
        """Of a table of the comparison."""
        return table.lines(lambda spread: spread.deviation)

    def has_errors(self, lines: Sequence[Sequence[Cell]]) -> bool:
        """Whether there is a ± in a table, which `error` explains."""
        return any("±" in cell.text for line in lines for cell in line)

    @property
    def error(self) -> str:
        """What a ± means."""
        return ERRORS["deviation"]


def gather(paths: Sequence[Path]) -> Content:
    """Read all that there is to say.

    Args:
        paths: of one run or more.

    Raises:
        GanzooError: one is no run, is named twice, or its files are damaged.
    """
    comparison = compare(paths) if len(paths) > 1 else None
    runs = [Run.open(path) for path in paths]
    for run in runs:  # the page may be sent to somebody
        refuse_links(run.path)
    records = {str(run.path): read_some(run.path) for run in runs}
    alone = len(runs) == 1
    own = _own_charts(*records.values()) if alone else []
    common = [] if alone else _common_charts(records)
    described = [_describe(f"run{number}", run, own) for number, run in enumerate(runs)]
    return Content(described, common, comparison, _verdict(comparison))


def _verdict(comparison: Comparison | None) -> list[str]:
    ranking = rank(comparison) if comparison else None
    if ranking is None:
        return []
    return [ranking.words, *ranking.reasons, *([ranking.method] if ranking.has_errors else [])]


def _own_charts(records: Records) -> list[Chart]:
    """Of one run: values that share a scale are in one."""
    charts = []
    for names in panels_of(records):
        title = curve_label(names[0]) if len(names) == 1 else "values"
        title = "losses" if names[0].endswith("_loss") else title
        lines = [Line.of(curve_label(one), one, records, n) for n, one in enumerate(names)]
        charts.append(Chart(title, [line for line in lines if line.points]))
    return [chart for chart in charts if chart.lines]


def _common_charts(records: Mapping[str, Records]) -> list[Chart]:
    """Of several runs: a value in each, a run a line."""
    everything = [one for run in records.values() for one in run]
    charts = []
    for name in (name for names in panels_of(everything) for name in names):
        lines = [Line.of(run, name, of, n) for n, (run, of) in enumerate(records.items())]
        charts.append(Chart(curve_label(name), [line for line in lines if line.points]))
    return [chart for chart in charts if chart.lines]


def _describe(key: str, run: Run, charts: Sequence[Chart]) -> Shown:
    log = _log(run.path / "log.txt")
    pictures = of_steps(run.path / evaluations.FOLDER, run.asked, evaluations.NEAREST)
    state = run.state
    return Shown(
        key,
        Path(os.path.realpath(run.path)).name,
        str(run.path),
        state,
        _facts(run, state),
        {name: setting_text(value) for name, value in public_settings(run).items()},
        charts,
        frames(run.grids()),
        picture(run.samples / "real.png", "real data"),
        latest_evaluations(run.path),
        picture(pictures[-1], _of_step(pictures[-1])) if pictures else None,
        str(run.settings.get("quality_protocol") or ""),
        [line for line in log if f": {WATCHDOG}: " in line],
        log[-LOG:],
    )


def _facts(run: Run, state: str) -> dict[str, str]:
    """What one wants to know of it first."""
    settings = run.settings
    variant, steps = settings["variant"], settings["training"]["steps"]
    counts = " and ".join(f"{count:,}" for count in samples(settings))
    facts = {
        "state": f"{state}, step {run.reached:,} of {steps:,}",
        "variant": f"{variant['name']} ({variant['plugin']} {variant['version']})",
        "data": f"{settings['data']['name']}, {counts} samples",
        "device": settings.get("device", ""),
        "mode": settings.get("mode", ""),
        "begun": settings.get("created", "").replace("T", " ").replace("+00:00", " UTC"),
    }
    best = checkpoint.best(run.checkpoints)
    if best is not None:
        verdict = checkpoint.verdict(best, run.identity)
        facts["best"] = f"{verdict.criterion} {verdict.value:.4g} at step {verdict.step:,}"
    return {name: fact for name, fact in facts.items() if fact}


def _of_step(path: Path) -> str:
    return f"step {int(path.name.partition('-')[0]):,}"


def _log(path: Path) -> list[str]:
    """The lines at the end of a log, which may be one that never ends."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _LONG))
            return file.read(_LONG).decode(errors="replace").splitlines()
    except OSError:
        return []
