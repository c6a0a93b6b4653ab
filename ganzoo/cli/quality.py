"""``ganzoo bench --quality``: how good variants become."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.artifacts.places import expanded
from ganzoo.cli.commands.using.compare import print_scores
from ganzoo.cli.output import make_console, make_table, print_json, progress, remark
from ganzoo.config import parse_size
from ganzoo.data.files.wanted import parse_pixels
from ganzoo.errors import GanzooError
from ganzoo.plugins.registry import registry

if TYPE_CHECKING:
    from ganzoo.bench.quality.measure import Request

DECIDED = frozenset({"seed", "steps", "epochs", "out", "resume", "config"})
"""Flags of ``ganzoo train`` that a trial has of its own."""
RESULTS = Path("benchmarks/results")
"""Where pages are written that nobody wants elsewhere."""


@dataclass(frozen=True)
class Experiment:
    """What the user wants to know."""

    variants: tuple[str, ...]
    training: Mapping[str, Any]
    """Settings of every training by name; None: what suits."""
    settings: Mapping[str, str]
    """Of the variants' own."""
    device: str
    budget: str | None
    seeds: int
    features: str
    """By what images are compared."""

    def request(self, runs: Path | None) -> Request:
        """How each training and each evaluation is asked for.

        Raises:
            GanzooError: the budget is none.
        """
        from ganzoo.bench.quality.measure import Budget, Request

        budget = Budget.parse(self.budget)
        for name in DECIDED & self.settings.keys():
            raise GanzooError(
                f"--set {name} is not possible with --quality, which decides it: see --budget, "
                "--seeds and --runs"
            )
        device = () if self.device == "auto" else ("--device", self.device)
        flags = []
        for name, value in {**self.training, **self.settings}.items():
            flag = f"--{name.replace('_', '-')}"
            if value in ("true", "false"):
                flags.append(flag if value == "true" else flag.replace("--", "--no-", 1))
            elif value is not None:
                flags += [flag, str(value)]
        data = re.sub(r"[^\w.+-]", "-", self.training["dataset"] or "default")
        folder = runs or Path("runs") / f"quality-{data}-{budget}"
        seen = () if self.features == "auto" else ("--features", self.features)
        return Request(budget, folder, (*flags, *device), (*device, *seen))

    def check_judges(self, report: Callable[[str], None]) -> None:
        """See whether what is trained can be judged, where the user's files decide that.

        Args:
            report: is told of a download.

        Raises:
            GanzooError: there is no test split, or nothing sees features in such images.
        """
        from ganzoo.data.dataset import DataRequest
        from ganzoo.metrics.features.make import AUTO, check_features
        from ganzoo.plugins import catalog

        name = self.training["dataset"]
        if self.features != AUTO:
            registry().extractor(self.features)
        if name is None or not catalog.is_of_the_user(name):
            return
        root, pixels = self.training["data_root"], parse_pixels(self.training["pixels"])
        size = parse_size(self.training["image_size"])
        where = None if root is None else expanded(root)
        train, _ = (
            catalog.load(name, DataRequest(where, split, size, pixels=pixels))
            for split in ("train", "test")
        )
        if train.spec.is_image:
            check_features(self.features, train, report)


def measure_quality(
    experiment: Experiment, runs: Path | None, report: Path | None, as_json: bool
) -> None:
    """Train, evaluate, print and write.

    Raises:
        GanzooError: nothing could be measured, or a run was made in another way.
    """
    from ganzoo.bench.quality.measure import measure
    from ganzoo.bench.quality.report import (
        TRAININGS,
        describe,
        make_tables,
        remarks,
        to_dict,
        trainings,
        write_quality_report,
    )
    from ganzoo.bench.speed.compare import describe_machine

    request = experiment.request(runs)
    experiment.check_judges(remark)
    with progress() as show:
        show("measuring what the machine can do", "")
        machine = describe_machine(experiment.device, precisions=())
        results, unsuitable = measure(experiment.variants, experiment.seeds, request, show)
    if not any("evaluation" in one for one in results):
        raise GanzooError(next(iter([*(one["error"] for one in results), *unsuitable.values()])))
    facts = describe(results, machine, shlex.join(["ganzoo", *sys.argv[1:]]))
    if as_json:
        print_json(to_dict(results, unsuitable, facts))
    else:
        console = make_console()
        for table in make_tables(results):
            print_scores(console, table, "half_interval")
            console.print()
        trained = make_table(*TRAININGS)
        for line in trainings(results):
            trained.add_row(*line)
        console.print(trained)
        for one in remarks(results, unsuitable):
            console.print(one, soft_wrap=True)
    for written in write_quality_report(report or RESULTS, results, unsuitable, facts):
        click.echo(str(written), err=as_json)
