"""Does the Wasserstein estimate fall as the samples get better?

    ganzoo train wgan --dataset mnist --steps 2500 --evaluate-every 250 --out runs/wgan-0
    python benchmarks/wasserstein.py runs/wgan-0

At each evaluation of a run, the mean of `wasserstein` over the iterations around it, half-way to
the next on either side, and the Fréchet distance that was measured there; and Spearman's rank
correlation of the two. The first window begins long after WGAN's first 25 iterations, with their
100 critic updates each.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from scipy.stats import spearmanr  # type: ignore[import-untyped]

from ganzoo.runs.logged import QUALITY
from ganzoo.runs.run import Run

DISTANCE = QUALITY + "frechet"

Point = tuple[int, float, float]
"""Step, estimate, Fréchet distance."""


def points(records: Sequence[dict[str, float]]) -> list[Point]:
    """What a run's metrics say at each of its evaluations, which are equally far apart."""
    measured = [(int(r["step"]), r[DISTANCE]) for r in records if DISTANCE in r]
    every = measured[0][0]
    found = []
    for step, distance in measured:
        window = [
            r["wasserstein"]
            for r in records
            if "wasserstein" in r and abs(r["step"] - step) <= every / 2
        ]
        found.append((step, fmean(window), distance))
    return found


def rank_correlation(found: Sequence[Point]) -> float:
    """Spearman's, of the estimate and the distance."""
    _, estimates, distances = zip(*found, strict=True)
    return float(spearmanr(estimates, distances).statistic)


def main() -> None:
    """Print the points of a run and their correlation as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", type=Path)
    path = parser.parse_args().run
    found = points(Run.open(path).metrics())
    if len(found) < 2:
        raise SystemExit(f"{path} was not trained with --evaluate-every, or not twice as long")
    score = {"name": "rank_correlation", "value": rank_correlation(found), "better": "higher"}
    protocol = (
        f"Spearman's rank correlation over {len(found)} points of a training; Fréchet distance of "
        "2,000 samples of the averaged G to 10,000 training images, by --evaluate-every"
    )
    print(json.dumps({"run": str(path), "protocol": protocol, "scores": [score], "points": found}))


if __name__ == "__main__":
    main()
