"""Measure what finished runs of a translator keep of an image, on test data that they never saw.

    ganzoo train cyclegan --dataset glyphs+ink --out RUN
    python benchmarks/translation.py RUN...

Of 1,000 translations each way, *a>b* is the share in which a classifier that was trained on the
real training images of b sees the digit of the original, *a>b>a* that of a classifier of a there
and back, and so on; it is shown the mean of the colours. *Fréchet* is the distance of `quality.py`
between the translations and the 10,000 real test images of the domain that they are meant for.
*Cycle PSNR* is between an image and its way there and back, and once more with noise of standard
deviation 4 (of 255) on the translation, which takes away what is hidden in it.

Of glyphs and ink the true partner is known: test image i of both is the same drawing. *Top-1* is
the share of 1,000 translations that correlate more with their partner than with the partner of any
other, as standardised luminance; by chance it is 0.1 %. *PSNR* is to the partner, and to the next
image in its place. Two rows say what comes of no translator: the image itself, and its negative.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from quality import features, frechet, make_classifier, train_classifier
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ganzoo.abilities import Translator
from ganzoo.data import pairs
from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.pictures import to_bytes
from ganzoo.run import Run
from ganzoo.sampling import load_variant

SAMPLES, CHUNK, EPOCHS = 1000, 250, 1
NOISE = 4.0
SAME_DRAWINGS = {"glyphs+ink", "ink+glyphs"}

Translate = Callable[[Tensor, str], Tensor]
"""uint8 images and a direction to uint8 images."""


@cache
def load(name: str, root: Path | None, split: str) -> Dataset:
    """A split of a pair of data sets."""
    return pairs.load(name, DataRequest(root, split))


def luminance(images: Tensor) -> Tensor:
    """uint8 (n, c, h, w) as uint8 (n, 1, h, w)."""
    if images.shape[1] == 1:
        return images
    chunks = [chunk.float().mean(1, keepdim=True) for chunk in images.split(CHUNK)]
    return torch.cat(chunks).round().to(torch.uint8)


@dataclass(frozen=True)
class Judge:
    """A classifier of a domain's real images, and its features of those of the test split."""

    net: nn.Sequential
    real: np.ndarray

    def verdict(self, images: Tensor, labels: Tensor) -> tuple[float, float]:
        """The share, in %, of images in which it sees their labels, and their distance to real."""
        hidden, probabilities = features(self.net, luminance(images))
        right = probabilities.argmax(1) == labels.numpy()
        return 100 * right.mean(), frechet(hidden, self.real)


@cache
def judges(name: str, root: Path | None, kept_in: Path | None) -> tuple[Judge, Judge]:
    """Of both domains; their shares of right answers are printed."""
    test = load(name, root, "test")
    assert test.other is not None
    found = []
    for unseen in (test, test.other):
        own = unseen.name.split("+")[0]
        file = kept_in / f"{own}.safetensors" if kept_in else None
        if file and file.exists():
            net = make_classifier().eval()
            net.load_state_dict(load_file(file))
        else:
            train = load(name, root, "train")
            domain = train if unseen is test else train.other
            assert domain is not None
            images = luminance(domain.fields["image"])
            net = train_classifier(images, domain.fields["label"], EPOCHS)
            if file:
                save_file(net.state_dict(), file)
        real, probabilities = features(net, luminance(unseen.fields["image"]))
        right = (probabilities.argmax(1) == unseen.fields["label"].numpy()).mean()
        print(f"classifier of {own}: {100 * right:.1f} % of real test images", flush=True)
        found.append(Judge(net, real))
    return found[0], found[1]


def psnr(images: Tensor, others: Tensor) -> float:
    """The mean over uint8 images of their peak signal-to-noise ratios, in dB."""
    error = (images.float() - others.float()).square().flatten(1).mean(1).clamp(min=1e-2)
    return float((10 * torch.log10(255**2 / error)).mean())


def top1(images: Tensor, candidates: Tensor) -> float:
    """The share, in %, of images whose best correlated candidate is their own."""
    flat = (luminance(part).float().flatten(1) for part in (images, candidates))
    centred = [part - part.mean(1, keepdim=True) for part in flat]
    one, other = (part / part.norm(dim=1, keepdim=True) for part in centred)
    best = (one @ other.T).argmax(1)
    return 100 * (best == torch.arange(len(best))).float().mean().item()


def translator(run: Run) -> Translate:
    """What a run has learned."""
    variant = load_variant(run, torch.device("cpu"))
    assert isinstance(variant, Translator)

    @torch.no_grad()
    def translate(images: Tensor, direction: str) -> Tensor:
        chunks = images.split(CHUNK)
        parts = [variant.translate(chunk.float() / 127.5 - 1, direction) for chunk in chunks]
        return to_bytes(torch.cat(parts))

    return translate


def noisy(images: Tensor) -> Tensor:
    """The images with a little noise."""
    noise = NOISE * torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    return (images + noise).round().clamp(0, 255).to(torch.uint8)


def measure(test: Dataset, judge_a: Judge, judge_b: Judge, how: Translate) -> str:
    """A row of the table."""
    assert test.other is not None
    a, b = (domain.fields["image"][:SAMPLES] for domain in (test, test.other))
    labels_a, labels_b = (domain.fields["label"][:SAMPLES] for domain in (test, test.other))
    fake_b, fake_a = how(a, "a2b"), how(b, "b2a")
    back_a, back_b = how(fake_b, "b2a"), how(fake_a, "a2b")
    values = [
        *judge_b.verdict(fake_b, labels_a),
        judge_a.verdict(back_a, labels_a)[0],
        *judge_a.verdict(fake_a, labels_b),
        judge_b.verdict(back_b, labels_b)[0],
        psnr(back_a, a),
        psnr(how(noisy(fake_b), "b2a"), a),
        psnr(back_b, b),
        psnr(how(noisy(fake_a), "a2b"), b),
    ]
    if test.name in SAME_DRAWINGS:
        for fake, real in ((fake_b, b), (fake_a, a)):
            values += [top1(fake, real), psnr(fake, real), psnr(fake, real.roll(1, 0))]
    return " ".join(f"{value:6.1f}" for value in values)


def main() -> None:
    """Print a row for each run."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--classifiers", type=Path, help="keep the trained classifiers in here")
    given = parser.parse_args()
    runs = [Run.open(path) for path in given.runs]
    judged = {}
    for run in runs:
        name, root = (run.settings["training"][key] for key in ("dataset", "data_root"))
        root = Path(root) if root else None
        judged[name] = load(name, root, "test"), *judges(name, root, given.classifiers)
    print(f"{'':24}    a>b, Fréchet, a>b>a   b>a, Fréchet, b>a>b ", end="")
    print("cycle PSNR, noisy: a, b      a>b: top-1, PSNR     b>a: top-1, PSNR")
    for name, by in judged.items():
        print(f"{name + ', as it is':24} {measure(*by, lambda images, _: images)}")
        print(f"{name + ', negative':24} {measure(*by, lambda images, _: 255 - images)}")
    for run in runs:
        by = judged[run.settings["training"]["dataset"]]
        print(f"{str(run.path)[-24:]:24} {measure(*by, translator(run))}", flush=True)


if __name__ == "__main__":
    main()
