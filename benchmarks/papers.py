"""Does the zoo reproduce its papers? Train what is missing, measure it, and write the table.

    python benchmarks/papers.py --data-root ../shared/data --runs runs/papers \
        --pytorch-gan ../PyTorch-GAN

Each number is of runs of `ganzoo train` and is measured by `ganzoo evaluate` or by one of the
small programs beside this one. Everything is kept in the folder of the runs, so that the same
command goes on where it was interrupted, and measures nothing twice. `--only` names rows. The
scripts that people copy are trained from a checkout of PyTorch-GAN; without one their rows are
left unmeasured.
"""

import argparse
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import torch
from papers_rows import COMPARISONS, ROWS, Comparison, Measure, Row, Script, Training
from papers_table import Found, write_table

from ganzoo.artifacts.files import write_json
from ganzoo.config import options
from ganzoo.errors import GanzooError
from ganzoo.plugins.registry import registry
from ganzoo.runs import checkpoint
from ganzoo.runs.run import Run
from ganzoo.training.settings import Training as Settings

HERE = Path(__file__).parent
GANZOO = (sys.executable, "-m", "ganzoo")
QUIET = {"OMP_NUM_THREADS": "1"}


class Bench:
    """Where trainings lie, and how they are made and measured."""

    def __init__(
        self, runs: Path, data_root: Path, pytorch_gan: Path | None, *, trains: bool = True
    ) -> None:
        """Take the folders, of which the runs' is made; and whether what is missing is trained."""
        self.runs, self.data_root, self.pytorch_gan = runs, data_root, pytorch_gan
        self.trains = trains
        runs.mkdir(parents=True, exist_ok=True)

    def trained(self, training: Training | Script, seed: int) -> Path:
        """The run, or the file of samples; trained if it is not there, resumed if not finished."""
        if isinstance(training, Script):
            return self._samples_of(training, seed)
        path = self.runs / f"{training.name}-{seed}"
        arguments = self.arguments(training, seed)
        if checkpoint.latest(path / "checkpoints") is None:
            self._train([*GANZOO, "train", *arguments, "--threads", "1", "--out", str(path)], path)
            return path
        run = Run.open(path)
        check_settings(run, arguments)
        if run.state != "finished":
            self._train([*GANZOO, "train", "--resume", str(path)])
        return path

    def arguments(self, training: Training, seed: int) -> list[str]:
        """Of `ganzoo train`: the variant, and flags with their values."""
        root = ["--data-root", str(self.data_root)] if training.reads_files else []
        return [*training.arguments, training.seed_flag, str(seed), *root]

    def _samples_of(self, script: Script, seed: int) -> Path:
        path = self.runs / f"{script.name}-{seed}.npz"
        if path.exists():
            return path
        if self.pytorch_gan is None:
            raise NotMeasured("no --pytorch-gan was given")
        flags = {
            "--pytorch-gan": self.pytorch_gan,
            "--data-root": self.data_root,
            "--epochs": script.epochs,
            "--seed": seed,
            "--out": path,
        }
        given = [str(part) for flag in flags.items() for part in flag]
        self._train([sys.executable, str(HERE / "theirs.py"), script.script, *given])
        return path

    def _train(self, command: Sequence[str], leftover: Path | None = None) -> None:
        """Run a training, in place of what one left that was killed as it began."""
        if not self.trains:
            raise NotMeasured("it is not trained")
        if leftover is not None:
            shutil.rmtree(leftover, ignore_errors=True)
        call(command)

    def measured(self, path: Path, measure: Measure) -> dict[str, Any]:
        """What a measure says of a run or of samples: now, or when it was asked before."""
        own = path.suffix != ".npz"
        asked = {"arguments": list(measure.arguments), "step": Run.open(path).step if own else None}
        kept = path.with_name(f"{path.name}.{measure.name}.json")
        if kept.exists():
            before: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
            if before["asked"] == asked:
                return before["found"]  # type: ignore[no-any-return]
        if measure.program == "evaluate":
            command = [*GANZOO, "evaluate", "--json"]
        else:
            command = [sys.executable, str(HERE / measure.program)]
        command += measure.arguments
        command += [str(path)] if own else ["--samples", str(path), "--dataset", "mnist"]
        if measure.reads_files:
            command += ["--data-root", str(self.data_root)]
        found: dict[str, Any] = json.loads(call(command))
        write_json(kept, {"asked": asked, "found": found})
        return found

    def find(
        self, training: Training | Script, measures: Sequence[Measure], seed: int
    ) -> dict[Measure, Found]:
        """Train one seed and measure it; what cannot be done is left out, and said."""
        found = {}
        for measure in measures:
            label = f"{training.name} {seed} {measure.name}"
            try:
                path = self.trained(training, seed)
                record = self.measured(path, measure)
            except (NotMeasured, subprocess.CalledProcessError) as error:
                print(f"{label}: not measured, as {error}", flush=True)
                continue
            scores = {score["name"]: score["value"] for score in record["scores"]}
            real = {score["name"]: score.get("real") for score in record["scores"]}
            found[measure] = Found(seed, scores, real, record["protocol"], minutes(path))
            shown = "  ".join(f"{name} {value:.5g}" for name, value in scores.items())
            print(f"{label}: {shown}", flush=True)
        return found


class NotMeasured(Exception):
    """Something that is needed was not given."""


def call(command: Sequence[str]) -> str:
    """What a program prints."""
    print(shlex.join(command), flush=True)
    done = subprocess.run(
        command, env=os.environ | QUIET, check=False, capture_output=True, text=True
    )
    if done.returncode:
        print(done.stderr, file=sys.stderr, flush=True)
        done.check_returncode()
    return done.stdout


def check_settings(run: Run, arguments: Sequence[str]) -> None:
    """Refuse a run that was trained otherwise than a row says."""
    known = options(Settings) | options(registry().variant(run.variant).load().Config)
    settings = run.settings["training"] | run.settings["config"]
    for flag, value in zip(arguments[1::2], arguments[2::2], strict=True):
        key = flag.removeprefix("--").replace("-", "_")
        if key != "data_root" and known[key].convert(value) != known[key].convert(settings[key]):
            raise GanzooError(
                f"{run.path} was trained with {flag} {settings[key]}, and {value} is wanted: "
                "choose another --runs, or remove it"
            )


def minutes(path: Path) -> float | None:
    """How long a run was trained, by its log; None for samples."""
    if path.suffix == ".npz":
        return None
    seconds, begun = 0.0, None
    for line in (path / "log.txt").read_text(encoding="utf-8").splitlines():
        at, _, message = line.partition("  ")
        when = datetime.strptime(at, "%Y-%m-%d %H:%M:%S")
        if message.endswith(": training"):
            begun = when
        elif begun and message.endswith((": finished", ": stopped")):
            seconds, begun = seconds + (when - begun).total_seconds(), None
    return seconds / 60


def machine() -> str:
    """The processor and the versions."""
    info = Path("/proc/cpuinfo")
    names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
    model = names[0].partition(": ")[2] if names else platform.processor()
    return (
        f"{len(names) or os.cpu_count()} virtual cores of {model}, no GPU; "
        f"torch {torch.__version__}, Python {platform.python_version()}"
    )


def wanted(rows: Iterable[Row | Comparison]) -> dict[Training | Script, list[Measure]]:
    """What is measured of each training, of which some serve several rows."""
    measures: dict[Training | Script, list[Measure]] = {}
    for row in rows:
        trainings = (row.training,) if isinstance(row, Row) else (row.ours, row.theirs)
        for training in trainings:
            found = measures.setdefault(training, [])
            if row.measure not in found:
                found.append(row.measure)
    return measures


def measure_all(
    bench: Bench, rows: Sequence[Row | Comparison], jobs: int
) -> dict[tuple[Training | Script, Measure], list[Found]]:
    """What was found of each training by each measure, by seed."""
    found: dict[tuple[Training | Script, Measure], list[Found]] = defaultdict(list)
    tasks = [
        (training, measures, seed)
        for training, measures in wanted(rows).items()
        for seed in training.seeds
    ]
    with ThreadPoolExecutor(jobs) as pool:
        for (training, _, _), one in zip(
            tasks, pool.map(lambda task: bench.find(*task), tasks), strict=True
        ):
            for measure, value in one.items():
                found[training, measure].append(value)
    return found


def main() -> None:
    """Train, measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    names = [row.name for row in ROWS] + [row.name for row in COMPARISONS]
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--runs", type=Path, default=Path("runs/papers"))
    parser.add_argument("--pytorch-gan", type=Path, help="a checkout of that repository")
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="ROW")
    parser.add_argument("--no-training", action="store_true", help="measure what is there")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once, of a thread each")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "papers.md")
    given = parser.parse_args()
    rows = [row for row in ROWS if row.name in given.only]
    comparisons = [row for row in COMPARISONS if row.name in given.only]
    trains = not given.no_training
    bench = Bench(given.runs, given.data_root, given.pytorch_gan, trains=trains)
    try:
        found = measure_all(bench, [*rows, *comparisons], given.jobs)
        write_table(
            given.out,
            {row: found[row.training, row.measure] for row in rows},
            {
                row: (found[row.ours, row.measure], found[row.theirs, row.measure])
                for row in comparisons
            },
            machine(),
        )
    except GanzooError as error:
        raise SystemExit(str(error)) from error
    print(given.out)


if __name__ == "__main__":
    main()
