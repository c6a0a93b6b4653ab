"""Count the modes of a mixture that runs cover: `python benchmarks/modes.py RUN...`.

For each run, 2,500 samples of its newest checkpoint, by the measure of VEEGAN (Srivastava et al.
2017): a sample is of high quality within three standard deviations of a mode, and a mode is covered
by at least one such sample. The stricter column wants a tenth of a mode's equal share of them.
"""

import sys
from pathlib import Path

import torch

from ganzoo.data.dataset import DataRequest
from ganzoo.data.made.mixtures import covered
from ganzoo.plugins.registry import registry
from ganzoo.runs.generate import generate
from ganzoo.runs.load import load
from ganzoo.runs.run import Run

SAMPLES = 2500


def main() -> None:
    """Print a row for each run."""
    print(f"{'run':40} {'seed':>4} {'loss':>20} {'modes':>6} {'strict':>6} {'high quality':>12}")
    for path in map(Path, sys.argv[1:]):
        run = Run.open(path)
        dataset = registry().dataset(run.settings["training"]["dataset"]).load()(DataRequest())
        variant = load(run, torch.device("cpu")).variant
        points = torch.cat([drawn.samples for drawn in generate(variant, SAMPLES)])
        modes, quality = covered(points, dataset)
        strict, _ = covered(points, dataset, share=0.1)
        seed, loss = run.settings["training"]["seed"], run.settings["config"]["loss"]
        print(f"{str(path)[-40:]:40} {seed:4d} {loss:>20} {modes:6d} {strict:6d} {quality:12.1%}")


if __name__ == "__main__":
    main()
