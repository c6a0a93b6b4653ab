"""Does the Wasserstein estimate fall as the samples get better? Train on real MNIST and see.

    python benchmarks/wasserstein.py wgan --data-root ../shared/data --seeds 0 1 2 --out runs

Each seed is a process of one thread and a run of its own, the very training of `ganzoo train
VARIANT --dataset mnist --seed SEED`. At equally spaced points of it, a row has the mean of
`wasserstein` over the iterations around the point, half-way to the next on either side, and the
Fréchet distance (see `quality.py`) between the test images and samples of G, not averaged: the very
G that the critic judges. At the end the rank correlation of the two columns. The first window
begins long after WGAN's first 25 iterations, with their 100 critic updates each.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch
from quality import features, frechet, make_classifier, train_classifier
from safetensors.torch import load_file
from scipy.stats import spearmanr  # type: ignore[import-untyped]
from torch import nn

from ganzoo.data.dataset import DataRequest
from ganzoo.data.torchvision_sets import load_mnist
from ganzoo.engine.device import seeded
from ganzoo.pictures import to_bytes
from ganzoo.setup import start
from ganzoo.train import Observer, Record, Trainer

SAMPLES, CHUNK = 2000, 500


class Watcher(Observer):
    """Measures G at some points of a training, and prints a row when the next window begins."""

    def __init__(
        self, label: str, classifier: nn.Sequential, real: np.ndarray, points: int
    ) -> None:
        self.label, self.classifier, self.real, self.points = label, classifier, real, points
        self.estimates: list[tuple[int, float]] = []
        self.distances: list[tuple[int, float]] = []
        self.rows: list[tuple[float, float]] = []
        """Of each point whose window is over: mean estimate, Fréchet distance."""

    def started(self, trainer: Trainer) -> None:
        self.engine = trainer.engine
        self.every = trainer.engine.iterations // self.points

    def logged(self, record: Record) -> None:
        self.estimates.append((record.step, record.metrics["wasserstein"]))
        if record.step >= self.every * (len(self.distances) + 1):
            self.distances.append((record.step, self.distance()))
        if len(self.rows) < len(self.distances):
            step, distance = self.distances[-1]
            if record.step >= min(step + self.every / 2, self.engine.iterations):
                window = [w for at, w in self.estimates if abs(at - step) <= self.every / 2]
                self.rows.append((float(np.mean(window)), distance))
                print(f"{self.label} {step:6d} {self.rows[-1][0]:9.4f} {distance:9.2f}", flush=True)

    @torch.no_grad()
    def distance(self) -> float:
        """The Fréchet distance of G's samples, without a trace in the training."""
        variant = self.engine.variant.eval()
        with seeded(0, variant.device):
            chunks = [variant(variant.sample_latent(CHUNK)) for _ in range(SAMPLES // CHUNK)]
        variant.train()
        return frechet(features(self.classifier, to_bytes(torch.cat(chunks)))[0], self.real)


def measure(given: argparse.Namespace, seed: int) -> str:
    """Train one seed; returns the line with its correlation."""
    torch.set_num_threads(1)
    if given.classifier:
        net = make_classifier().eval()
        net.load_state_dict(load_file(given.classifier))
    else:
        train = load_mnist(DataRequest(given.data_root)).fields
        net = train_classifier(train["image"], train["label"])
    test = load_mnist(DataRequest(given.data_root, "test")).fields["image"]
    label = f"{given.variant:10} {seed:4d}"
    watcher = Watcher(label, net, features(net, test)[0], given.points)
    settings = {"dataset": "mnist", "data_root": str(given.data_root), "seed": seed}
    if given.steps:
        settings["steps"] = given.steps
    start(given.variant, settings, given.out / f"{given.variant}-{seed}", watcher).fit()
    estimates, distances = np.transpose(watcher.rows)
    correlation = spearmanr(estimates, distances).statistic
    return f"{label} Spearman {correlation:.3f} over {len(watcher.rows)} points"


def main() -> None:
    """Print rows while the seeds train, and then the rank correlation of each."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("variant")
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, help="default: the recipe's")
    parser.add_argument("--points", type=int, default=12)
    parser.add_argument("--classifier", type=Path, help="file that quality.py --classifier wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs")
    given = parser.parse_args()
    print(f"{'variant':10} {'seed':>4} {'step':>6} {'estimate':>9} {'Fréchet':>9}")
    with ProcessPoolExecutor(len(given.seeds)) as pool:
        for line in pool.map(partial(measure, given), given.seeds):
            print(line)


if __name__ == "__main__":
    main()
