"""Measure whether samples of MNIST digits show the digit that was asked for.

    ganzoo sample RUN --n 10000 --out ours.npz
    python benchmarks/conditional.py --data-root ../shared/data ours.npz

Each file holds `images`, uint8 (n, 28, 28, 1) or (n, 32, 32, 1), and `labels`. The judges are the
classifier of `quality.py`, trained on the real training images from three seeds. *Agreement* is the
share of 10,000 samples that a judge takes for their label; the share of real test images is the row
to compare with. The Fréchet distance, by the first judge, is that of `quality.py`: a G that draws
each digit always alike agrees well, and is far away.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from quality import SAMPLES, features, frechet, make_classifier, train_classifier
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ganzoo.data.dataset import DataRequest
from ganzoo.data.torchvision_sets import load_mnist

JUDGES = 3


def load_samples(path: Path) -> tuple[Tensor, np.ndarray]:
    """Images uint8 (n, 1, h, w) and labels (n,) of a file that ``ganzoo sample`` wrote."""
    arrays = np.load(path)
    if "images" not in arrays or "labels" not in arrays:
        raise SystemExit(f"{path} lacks `images` or `labels`: sample a conditional run")
    if len(arrays["images"]) < SAMPLES:
        raise SystemExit(f"{path} has {len(arrays['images'])} images, and {SAMPLES} are needed")
    images = torch.from_numpy(arrays["images"][:SAMPLES]).permute(0, 3, 1, 2)
    return images, arrays["labels"][:SAMPLES]


def judge(seed: int, train: dict[str, Tensor], kept_in: Path | None) -> nn.Sequential:
    """A classifier of real digits, trained or kept from another time."""
    file = kept_in / f"{seed}.safetensors" if kept_in else None
    if file and file.exists():
        net = make_classifier()
        net.load_state_dict(load_file(file))
        return net.eval()
    net = train_classifier(train["image"], train["label"], seed=seed)
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        save_file(net.state_dict(), file)
    return net


def agreement(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The share of each class (10,) that is taken for what it is."""
    right = probabilities.argmax(1) == labels
    return np.array([right[labels == digit].mean() for digit in range(10)])


def main() -> None:
    """Print a row for each file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-root", type=Path)
    parser.add_argument("--classifiers", type=Path, help="keep the judges in this folder")
    parser.add_argument("samples", type=Path, nargs="+")
    arguments = parser.parse_args()
    train = load_mnist(DataRequest(arguments.data_root)).fields
    test = load_mnist(DataRequest(arguments.data_root, "test")).fields
    rows = [("real test images", test["image"], test["label"].numpy())]
    rows += [(str(path), *load_samples(path)) for path in arguments.samples]

    judges = [judge(seed, train, arguments.classifiers) for seed in range(JUDGES)]
    real, _ = features(judges[0], test["image"])
    each = " ".join(f"judge {number}" for number in range(JUDGES))
    print(f"agreement of {SAMPLES} samples with their labels, in %")
    print(f"{'samples':40} {each}    mean  worst digit  Fréchet")
    for name, images, labels in rows:
        seen = [features(net, images) for net in judges]
        shares = np.array([np.mean(p.argmax(1) == labels) for _, p in seen])
        digits = np.mean([agreement(p, labels) for _, p in seen], axis=0)
        print(
            f"{name[-40:]:40} "
            + " ".join(f"{100 * share:7.2f}" for share in shares)
            + f" {100 * shares.mean():7.2f}  {digits.argmin():d}: {100 * digits.min():6.2f} "
            + f"{frechet(seen[0][0], real):10.2f}"
        )


if __name__ == "__main__":
    main()
