"""Train a variant on real MNIST for some seeds and measure it half-way and at the end.

    python benchmarks/mnist.py dcgan 5628 --data-root ../shared/data --seeds 0 1 2

The variant has its default settings and batches of 64, as in `ganzoo train VARIANT --dataset mnist
--steps STEPS --seed SEED`; each seed is a process of one thread. See `quality.py` for the columns.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch
from quality import SAMPLES, features, frechet, train_classifier

from ganzoo.data.dataset import DataRequest
from ganzoo.data.feed import make_feed
from ganzoo.data.torchvision_sets import load_mnist
from ganzoo.engine.allocator import keep_freed_memory
from ganzoo.engine.engine import Engine
from ganzoo.pictures import to_bytes
from ganzoo.plugins import registry

CHUNK = 500


def measure(name: str, steps: int, root: Path, seed: int) -> list[str]:
    """Train one seed; returns the two rows."""
    torch.set_num_threads(1)
    keep_freed_memory()
    train, test = load_mnist(DataRequest(root)), load_mnist(DataRequest(root, "test"))
    net = train_classifier(train.fields["image"], train.fields["label"])
    real, _ = features(net, test.fields["image"])
    torch.manual_seed(seed)
    cls = registry().variant(name).load()
    variant = cls(cls.Config(), train.spec)
    feed = make_feed(train, 64, device=torch.device("cpu"), seed=seed)
    engine = Engine(variant, feed, steps)
    rows = []
    for step in range(1, steps + 1):
        engine.step()
        if step % (steps // 2) == 0:
            with engine.averaged() as averaged:
                chunks = [averaged(averaged.sample_latent(CHUNK)) for _ in range(SAMPLES // CHUNK)]
            hidden, probabilities = features(net, to_bytes(torch.cat(chunks)))
            share = np.bincount(probabilities.argmax(1), minlength=10) / SAMPLES
            rows.append(
                f"{name:10} {seed:4d} {step:6d} {frechet(hidden, real):9.2f} "
                f"{(share > 0.01).sum():8d}  " + " ".join(f"{100 * s:.0f}" for s in share)
            )
    return rows


def main() -> None:
    """Print two rows for each seed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("variant")
    parser.add_argument("steps", type=int)
    parser.add_argument("--data-root", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    given = parser.parse_args()
    print(f"{'variant':10} {'seed':>4} {'step':>6} {'Fréchet':>9} {'classes':>8}  share in %")
    with ProcessPoolExecutor(len(given.seeds)) as pool:
        work = partial(measure, given.variant, given.steps, given.data_root)
        for rows in pool.map(work, given.seeds):
            print("\n".join(rows))


if __name__ == "__main__":
    main()
