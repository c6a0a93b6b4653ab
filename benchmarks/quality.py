"""Measure samples of MNIST digits by a classifier trained on the real ones.

    python benchmarks/quality.py --data-root ../shared/data ours.npz theirs.npz

Each file holds `images`, uint8 (n, 28, 28, 1) or (n, 32, 32, 1). The Fréchet distance is between
Gaussians fitted to the classifier's 128 features of 10,000 samples and of the 10,000 test images
(the classifier never saw either); train images against test images are the row to compare with.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, interpolate

from ganzoo.data.dataset import DataRequest
from ganzoo.data.torchvision_sets import load_mnist

SAMPLES = 10_000


def make_classifier() -> nn.Sequential:
    """LeNet with BatchNorm; its last but one layer is the feature space."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 5, padding=2), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=2), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 49, 128), nn.BatchNorm1d(128), nn.ReLU(),
        nn.Linear(128, 10),
    )  # fmt: skip


def scaled(images: Tensor) -> Tensor:
    """uint8 (n, 1, h, w) as float32 (n, 1, 28, 28) in [-1, 1]."""
    images = images.float() / 127.5 - 1
    if images.shape[-1] != 28:
        images = interpolate(images, size=28, mode="bilinear", antialias=True)
    return images


def train_classifier(
    images: Tensor, labels: Tensor, epochs: int = 4, *, seed: int = 0
) -> nn.Sequential:
    """The classifier, trained from a pinned seed."""
    torch.manual_seed(seed)
    net = make_classifier()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
    steps = epochs * len(images) // 128
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    for step in range(steps):
        if step % (len(images) // 128) == 0:
            order = torch.randperm(len(images))
            start = 0
        picked = order[start : start + 128]
        start += 128
        optimizer.zero_grad()
        cross_entropy(net(scaled(images[picked])), labels[picked]).backward()
        optimizer.step()
        schedule.step()
    return net.eval()


@torch.no_grad()
def features(net: nn.Sequential, images: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Features (n, 128) and class probabilities (n, 10) of uint8 images."""
    found = [net[:-1](scaled(chunk)) for chunk in images.split(500)]
    hidden = torch.cat(found)
    return hidden.double().numpy(), net[-1](hidden).softmax(1).double().numpy()


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Between the Gaussians fitted to two sets of features (Dowson & Landau 1982)."""
    mean = np.square(a.mean(0) - b.mean(0)).sum()
    cov_a, cov_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    roots = np.sqrt(np.linalg.eigvals(cov_a @ cov_b).real.clip(0))  # of which sqrtm has the trace
    return float(mean + np.trace(cov_a) + np.trace(cov_b) - 2 * roots.sum())


def main() -> None:
    """Print a row for each file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-root", type=Path)
    parser.add_argument("--classifier", type=Path, help="keep the trained classifier in this file")
    parser.add_argument("samples", type=Path, nargs="+")
    arguments = parser.parse_args()
    train = load_mnist(DataRequest(arguments.data_root)).fields
    test = load_mnist(DataRequest(arguments.data_root, "test")).fields

    net = make_classifier().eval()
    if arguments.classifier and arguments.classifier.exists():
        from safetensors.torch import load_file

        net.load_state_dict(load_file(arguments.classifier))
    else:
        net = train_classifier(train["image"], train["label"])
        if arguments.classifier:
            from safetensors.torch import save_file

            save_file(net.state_dict(), arguments.classifier)
    real, probabilities = features(net, test["image"])
    accuracy = (probabilities.argmax(1) == test["label"].numpy()).mean()
    print(f"classifier: {accuracy:.2%} of the test images; n = {SAMPLES}")
    print(f"{'samples':40} {'Fréchet':>9} {'classes':>8} {'sure':>6}  share of each digit in %")
    rows = [("real train images", train["image"][:SAMPLES])]
    for path in arguments.samples:
        images = np.load(path)["images"][:SAMPLES]
        if len(images) < SAMPLES:
            raise SystemExit(f"{path} has {len(images)} images, and {SAMPLES} are needed")
        rows.append((str(path), torch.from_numpy(images).permute(0, 3, 1, 2)))
    for name, images in rows:
        hidden, probabilities = features(net, images)
        share = np.bincount(probabilities.argmax(1), minlength=10) / len(images)
        sure = (probabilities.max(1) > 0.9).mean()
        print(
            f"{name[-40:]:40} {frechet(hidden, real):9.2f} {(share > 0.01).sum():8d} {sure:6.1%}  "
            + " ".join(f"{100 * s:.0f}" for s in share)
        )


if __name__ == "__main__":
    main()
