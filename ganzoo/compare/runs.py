"""What distinguishes runs: the settings in which they differ, and the numbers they came to."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.compare.scoreboard import Numbers, Table, parse_evaluation, tabulate
from ganzoo.compare.settings import WATCHING, name_data, read_settings
from ganzoo.errors import GanzooError
from ganzoo.runs import evaluations
from ganzoo.runs.metrics_file import read_some
from ganzoo.runs.record import data_spec

if TYPE_CHECKING:
    from ganzoo.runs.run import Run  # imports torch

SEED = "--seed"
ASIDE = frozenset({SEED, "--threads"})
"""Settings in which runs may differ that are one row: the latter changes last bits alone."""


@dataclass(frozen=True)
class Member:
    """One run, with all that is compared."""

    path: Path
    settings: Mapping[str, Any]
    """By name; `None`: not set."""
    evaluations: Sequence[Numbers]
    """Of the latest step under each protocol."""
    measured: Sequence[Numbers]
    """What was last measured of it while it was trained."""
    logged: Sequence[Numbers]
    """The means of its last record: losses and the like."""

    @property
    def seed(self) -> int | None:
        """Of its training."""
        return self.settings.get(SEED)


@dataclass(frozen=True)
class Group:
    """Runs that differ in nothing but the seed."""

    members: Sequence[Member]

    @property
    def label(self) -> str:
        """The paths, as a shell would expand it: ``"runs/dcgan-{0,1,2}"``."""
        return braced([str(member.path) for member in self.members])

    def setting(self, name: str) -> Any:
        """A value, or the list of the members' seeds."""
        found = [member.settings.get(name) for member in self.members]
        return found if name == SEED and len(found) > 1 else found[0]


@dataclass(frozen=True)
class Comparison:
    """All that there is to say about some runs."""

    groups: Sequence[Group]
    differences: Mapping[str, Sequence[Any]]
    """By setting, its value in each group."""
    tables: Sequence[Table]
    remarks: Sequence[str]

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        labels = [group.label for group in self.groups]
        return {
            "groups": [
                {
                    "label": group.label,
                    "runs": [
                        {"path": str(member.path), "seed": member.seed} for member in group.members
                    ],
                }
                for group in self.groups
            ],
            "differences": {
                name: dict(zip(labels, values, strict=True))
                for name, values in self.differences.items()
            },
            "tables": [table.to_dict() for table in self.tables],
            "remarks": list(self.remarks),
        }


def compare(paths: Sequence[Path]) -> Comparison:
    """Compare runs.

    Args:
        paths: of at least two of them, or of folders that hold some, such as that of a sweep.

    Raises:
        GanzooError: there are fewer, one is no run or named twice, or its files are damaged.
    """
    from ganzoo.runs.run import Run

    paths = [run for path in paths for run in runs_of(path)]
    if len(paths) < 2:
        raise GanzooError("it takes two runs to compare: `ganzoo runs` lists those in a folder")
    seen: set[str] = set()
    for path in paths:
        place = os.path.realpath(path)
        if place in seen:
            raise GanzooError(f"{path} is named twice: name each run once")
        seen.add(place)
    runs = [Run.open(path) for path in paths]
    named = name_data(runs)
    groups = group_by_settings([read_member(run, named[run.path]) for run in runs])
    evaluated = tabulate(
        {g.label: [member.evaluations for member in g.members] for g in groups},
    )
    measured = tabulate(
        {g.label: [member.measured for member in g.members] for g in groups}, all_rows=False
    )
    logged = tabulate(
        {g.label: [member.logged for member in g.members] for g in groups}, all_rows=False
    )
    told = [table for table in logged if len(table.rows) == len(groups) or len(table.rows) > 1]
    return Comparison(
        groups,
        find_differences(groups),
        [*evaluated, *measured, *told],
        [*_remarks(groups)],
    )


def runs_of(path: Path) -> list[Path]:
    """The run itself, or those in a folder that is none, such as that of a sweep."""
    if (path / "run.json").exists():
        return [path]
    return sorted(file.parent for file in path.glob("*/run.json")) or [path]


def read_member(run: Run, named: Mapping[str, Any]) -> Member:
    """What is known of a run.

    Args:
        run: which.
        named: what its data are called, and where they are.

    Raises:
        GanzooError: a file in it is damaged.
    """
    evaluated = read_evaluations(run.path)
    try:
        records = read_some(run.path)
        # Every phase logs a loss: a line without one is what was measured.
        logged = [record for record in records if _has_loss(record)]
        measured = [record for record in records if not _has_loss(record)]
        by_itself = [record for record in measured if not _is_told_by_samples(record)]
        return Member(
            run.path,
            {name: one for name, one in read_settings(run).items() if name not in WATCHING}
            | dict(named),
            evaluated,
            [*_numbers(run, _measured_how(run, named), by_itself), *_qualities(run, measured)],
            _numbers(run, _logged_how(run, named), logged[-1:]),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise GanzooError(
            f"{run.path} is damaged: its run.json or metrics.jsonl is not what was written"
        ) from error


def read_evaluations(path: Path) -> list[Numbers]:
    """The evaluation of the latest step under each protocol that a run has.

    Raises:
        GanzooError: one of them is damaged.
    """
    where = str(path / evaluations.FOLDER)
    found = [parse_evaluation(one, where, str(path)) for one in evaluations.find(path)]
    return [*{one.protocol: one for one in found}.values()]


def group_by_settings(members: Iterable[Member]) -> list[Group]:
    """Put together the runs that differ in nothing but the seed.

    A run that also has the seed of another is no further sample: it is in a group of its own.
    """
    groups: list[list[Member]] = []
    for member in members:
        for group in groups:
            seeds = {other.seed for other in group}
            if _but_seed(group[0]) == _but_seed(member) and member.seed not in seeds:
                group.append(member)
                break
        else:
            groups.append([member])
    return [Group(group) for group in groups]


def find_differences(groups: Sequence[Group]) -> dict[str, list[Any]]:
    """The settings that are not the same in all groups, with their value in each."""
    names = dict.fromkeys(
        name for group in groups for member in group.members for name in member.settings
    )
    found = {name: [group.setting(name) for group in groups] for name in names}
    return {
        name: values
        for name, values in found.items()
        if any(value != values[0] for value in values)
    }


def braced(paths: Sequence[str]) -> str:
    """Paths in one word, as a shell would expand it: ``"runs/dcgan-{0,1,2}"``."""
    if len(paths) == 1:
        return paths[0]
    begin = os.path.commonprefix(paths)  # noqa: RUF071 (of characters is what is wanted)
    rest = [path[len(begin) :] for path in paths]
    end = os.path.commonprefix([text[::-1] for text in rest])[::-1]  # noqa: RUF071
    middle = ",".join(text[: len(text) - len(end)] for text in rest)
    return f"{begin}{{{middle}}}{end}"


def _remarks(groups: Sequence[Group]) -> Iterable[str]:
    """What the reader of the tables should know besides."""
    members = [member for group in groups for member in group.members]
    same = len({str(_read_data(member)) for member in members}) == 1
    without = [str(member.path) for member in members if not member.evaluations]
    if without:
        what = (
            "no run has an evaluation"
            if len(without) == len(members)
            else f"not evaluated: {', '.join(without)}"
        )
        advice = (
            "with the same options for each makes them comparable"
            if same
            else "says how good each is beside its own data"
        )
        yield f"{what}: `ganzoo evaluate RUN` {advice}"
    for group in groups:
        if early := _evaluated_early(group):
            yield (
                f"{', '.join(early)} evaluated at an earlier step than others of the same row: "
                "`ganzoo evaluate RUN` measures where it is now"
            )
    protocols = [{one.protocol for one in member.evaluations} for member in members]
    known = [one for one in protocols if one]
    if not same:
        yield (
            "the runs are on different data, or on the same of other sizes: no evaluation makes "
            "their numbers comparable"
        )
    elif known and not set.intersection(*known):
        yield (
            "the runs were evaluated under different protocols, whose numbers cannot be compared: "
            "`ganzoo evaluate RUN` with the same options makes them comparable"
        )


def _evaluated_early(group: Group) -> list[str]:
    """The runs that were measured at an earlier step than another of the group, and alike."""
    last: dict[str, int] = {}
    for one in (one for member in group.members for one in member.evaluations):
        last[one.protocol] = max(one.step, last.get(one.protocol, 0))
    return [
        str(member.path)
        for member in group.members
        if any(one.step < last[one.protocol] for one in member.evaluations)
    ]


def _read_data(member: Member) -> dict[str, Any]:
    """What its samples are measured against; not how many it was trained on."""
    of_data = {name: one for name, one in member.settings.items() if name.startswith("data")}
    return {name: one for name, one in of_data.items() if name != "data samples"}


def _but_seed(member: Member) -> dict[str, Any]:
    return {name: value for name, value in member.settings.items() if name not in ASIDE}


def _has_loss(record: Mapping[str, float]) -> bool:
    return any(name.endswith("_loss") for name in record)


def _has_quality(record: Mapping[str, float]) -> bool:
    from ganzoo.runs.logged import QUALITY  # imports torch

    return any(name.startswith(QUALITY) for name in record)


def _is_told_by_samples(record: Mapping[str, float]) -> bool:
    from ganzoo.runs.logged import DIVERSITY

    return DIVERSITY in record or _has_quality(record)


def _qualities(run: Run, records: Sequence[Mapping[str, float]]) -> list[Numbers]:
    """What ``--evaluate-every`` measured, if it is known how: no two extractors see alike."""
    protocol = run.settings.get("quality_protocol")
    if protocol is None:
        return []
    from ganzoo.runs.logged import QUALITY

    better = run.settings.get("quality_better", {})
    found = _numbers(run, str(protocol), [record for record in records if _has_quality(record)])
    return [
        replace(one, better={QUALITY + name: way for name, way in better.items()}) for one in found
    ]


def _numbers(run: Run, protocol: str, records: Sequence[Mapping[str, float]]) -> list[Numbers]:
    """The last value of each name in the records, where there are any."""
    if not records:
        return []
    values = {name: value for record in records for name, value in record.items()}
    return [Numbers(str(run.path), protocol, int(values.pop("step")), values)]


def _measured_how(run: Run, named: Mapping[str, Any]) -> str:
    """All that may decide what a variant measures of itself."""
    data, versions = data_spec(run.settings), run.settings.get("versions", {})
    known = [f"{name} {versions[name]}" for name in ("ganzoo", "torch") if name in versions]
    where = run.settings.get("device", "an unknown device")
    return ", ".join(["measured in training", f"data {named['data']} {data}", *known, where])


def _logged_how(run: Run, named: Mapping[str, Any]) -> str:
    """Losses mean the same only where the same game is played."""
    loss = run.settings["config"].get("loss")
    game = f"{run.settings['variant']['name']}" + (f" with --loss {loss}" if loss else "")
    return f"last record of {game} on {named['data']}, no measure of quality"
