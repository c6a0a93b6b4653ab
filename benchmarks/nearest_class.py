"""How well do a conditional run's samples teach the digits? The measure of the DCGAN paper.

    python benchmarks/nearest_class.py RUN --data-root ../shared/data

Each test image gets the label of the sample that is nearest to it (Radford et al. 2016, section
5.2, https://arxiv.org/abs/1511.06434: 1-NN by the Euclidean distance of pixels). The error of as
many real training images, the first ones, is what a perfect G would come to.
"""

import argparse
import json
from pathlib import Path

import torch
from torch import Tensor

from ganzoo.artifacts.pictures import to_bytes
from ganzoo.data.dataset import DataRequest
from ganzoo.data.sources.torchvision_sets import load_mnist
from ganzoo.runs.generate import generate
from ganzoo.runs.load import load_variant
from ganzoo.runs.run import Run

SAMPLES, BLOCK = 50_000, 2000


def nearest_error(images: Tensor, labels: Tensor, test: Tensor, truth: Tensor) -> float:
    """The share of test images whose nearest image has another label than theirs.

    Args:
        images: that teach, uint8 (n, ...).
        labels: theirs, int64 (n,).
        test: uint8 (m, ...).
        truth: int64 (m,).
    """
    queries = test.flatten(1).float() / 255
    best = torch.full((len(queries),), torch.inf)
    found = torch.zeros(len(queries), dtype=torch.int64)
    blocks = zip(torch.split(images, BLOCK), torch.split(labels, BLOCK), strict=True)
    for block, block_labels in blocks:
        pixels = block.flatten(1).float() / 255
        # The squared distance, but for the square of the query, which is the same for all.
        distance, index = (pixels.square().sum(1) - 2 * queries @ pixels.T).min(1)
        nearer = distance < best
        best[nearer], found[nearer] = distance[nearer], block_labels[index[nearer]]
    return (found != truth).double().mean().item()


def main() -> None:
    """Print the error of a run's samples as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--data-root", type=Path)
    given = parser.parse_args()
    real = load_mnist(DataRequest(given.data_root)).fields
    test = load_mnist(DataRequest(given.data_root, "test")).fields
    variant = load_variant(Run.open(given.run), torch.device("cpu"))
    drawn = list(generate(variant, SAMPLES, seed=0))
    images = to_bytes(torch.cat([part.samples for part in drawn]))
    labels = torch.cat([part.labels for part in drawn if part.labels is not None])
    judged = {"test": test["image"], "truth": test["label"]}
    score = {
        "name": "nearest_error",
        "value": nearest_error(images, labels, **judged),
        "better": "lower",
        "real": nearest_error(real["image"][:SAMPLES], real["label"][:SAMPLES], **judged),
    }
    protocol = (
        f"1-NN by Euclidean distance of pixels; data mnist, {len(test['image'])} test images; "
        f"teachers {SAMPLES} samples, each label asked for equally often; seed 0; 8 bits"
    )
    print(json.dumps({"run": str(given.run), "protocol": protocol, "scores": [score]}))


if __name__ == "__main__":
    main()
