"""Read off how well finished runs of sgan classify the test images.

    ganzoo train sgan --labels 100 --label-draw 0 --dataset mnist --out runs/draw-0
    python benchmarks/semi_supervised.py runs/draw-*

A row for each run: what the trainer measured at its last step on the test split, of which nothing
is used in training. Below, mean and standard deviation over the runs that share an objective and a
number of labels.
"""

import argparse
import statistics
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ganzoo import GanzooError
from ganzoo.run import Run

KEYS = ("test_accuracy", "supervised_accuracy")


def load_row(path: Path) -> dict[str, Any]:
    """The settings of a run, and its last accuracies; None where it was trained without one."""
    try:
        run = Run.open(path)
    except GanzooError as error:
        raise SystemExit(str(error)) from error
    settings = run.settings
    if settings.get("outcome") != "finished":
        raise SystemExit(f"{path} is not finished")
    measured = [record for record in run.metrics() if KEYS[1] in record]
    if not measured or measured[-1]["step"] != settings["training"]["steps"]:
        raise SystemExit(f"{path} has no accuracy at its last step: is it a run of sgan?")
    config = settings["config"]
    return {
        "objective": "supervised only" if config["supervised_only"] else config["objective"],
        "labels": config["labels"],
        "draw": config["label_draw"],
        "seed": settings["training"]["seed"],
        "steps": settings["training"]["steps"],
        **{key: measured[-1].get(key) for key in KEYS},
    }


def cells(accuracies: Iterable[float | None]) -> str:
    """Mean and standard deviation of some accuracies, and of the errors in 10,000 images."""
    values = [value for value in accuracies if value is not None]
    if not values:
        return f"{'':>17} {'':>15}"
    mean = statistics.mean(values)
    if len(values) == 1:
        return f"{mean:>17.4f} {1e4 * (1 - mean):>15.1f}"
    spread = statistics.stdev(values)
    accuracy = f"{mean:.4f} ± {spread:.4f}"
    return f"{accuracy:>17} {f'{1e4 * (1 - mean):.1f} ± {1e4 * spread:.1f}':>15}"


def main() -> None:
    """Print a row for each run and for each group of runs."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", type=Path, nargs="+")
    groups: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    rows = [load_row(path) for path in parser.parse_args().run]
    print(
        f"{'objective':<17} labels draw seed  steps {'accuracy':>9} {'errors':>7} "
        f"{'supervised':>11} {'errors':>7}"
    )
    for row in sorted(rows, key=lambda row: (row["objective"], row["labels"], row["draw"])):
        groups[row["objective"], row["labels"]].append(row)
        shown = [
            f"{row[key]:.4f} {1e4 * (1 - row[key]):7.0f}" if row[key] is not None else " " * 14
            for key in KEYS
        ]
        print(
            f"{row['objective']:<17} {row['labels']:>6} {row['draw']:>4} {row['seed']:>4} "
            f"{row['steps']:>6} {shown[0]:>17} {shown[1]:>19}"
        )
    print()
    print(
        f"{'objective':<17} labels runs {'accuracy':>17} {'errors':>15} "
        f"{'supervised':>17} {'errors':>15}"
    )
    for (objective, labels), group in groups.items():
        means = " ".join(cells(row[key] for row in group) for key in KEYS)
        print(f"{objective:<17} {labels:>6} {len(group):>4} {means}")


if __name__ == "__main__":
    main()
