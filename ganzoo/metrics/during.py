"""What is measured while a training goes on: quick, and without a look at the test split.

Samples are compared with images of the training split, so that the choice of a checkpoint is not
made by the images that ``ganzoo evaluate`` judges by afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Protocol

import torch

from ganzoo.abilities import Translator
from ganzoo.artifacts.pictures import to_bytes
from ganzoo.config import parse_size
from ganzoo.data.dataset import Dataset
from ganzoo.data.made import mixtures
from ganzoo.errors import GanzooError
from ganzoo.metrics.evaluate import load_splits, make_judges
from ganzoo.metrics.features.extractor import Extractor
from ganzoo.metrics.features.make import make_extractor
from ganzoo.metrics.images.classes import histogram
from ganzoo.metrics.images.frechet import frechet_distance
from ganzoo.metrics.images.images import choose
from ganzoo.metrics.images.manifold import precision_recall
from ganzoo.metrics.score import HIGHER, LOWER
from ganzoo.metrics.translation import translation_scores
from ganzoo.runs.generate import generate
from ganzoo.training.settings import Training
from ganzoo.variant import Variant

SAMPLES = 2000
"""Drawn at each evaluation."""
REAL = 10_000
"""Images that their features are compared with."""
TRANSLATED = 250
"""Images translated each way at each evaluation."""


class Quality(Protocol):
    """What is measured of a variant while it trains."""

    criterion: str
    """The value that decides which checkpoint is best."""
    better: str
    """Which value of it is better: ``"higher"`` or ``"lower"``."""
    protocol: str
    """How all values are obtained, in a line."""

    def measure(self, variant: Variant) -> dict[str, float]:
        """Values by name; the variant is in eval mode, with averaged weights."""


def make_quality(variant: Variant, training: Training, report: Callable[[str], None]) -> Quality:
    """What suits a variant and its data.

    Args:
        variant: on the device where it trains.
        training: names the data; its seed is that of the samples.
        report: is told what happens.

    Raises:
        GanzooError: there is nothing that could be measured of it on such data.
    """
    assert training.dataset is not None
    root = Path(training.data_root) if training.data_root else None
    size = parse_size(training.image_size)
    splits = load_splits(training.dataset, root, size, report)
    if not splits.train.spec.is_image:
        return PointQuality(splits.train, training.seed)
    if isinstance(variant, Translator):
        judges = make_judges(splits, "classifier", variant.device, report)
        return TranslationQuality(splits.train, judges, training.seed)
    try:
        kind = "classifier" if splits.train.classes else "inception"
        extractor = make_extractor(kind, *splits.native, variant.device, report)
    except GanzooError as error:
        raise GanzooError(
            f"--evaluate-every cannot measure images of '{splits.train.name}', which has no "
            f"labels, without Inception: {error}"
        ) from error
    return ImageQuality(splits.train, extractor, training.seed)


class ImageQuality:
    """Fréchet distance and recall in the features of a classifier, and the spread of classes."""

    criterion, better = "frechet", LOWER

    def __init__(self, train: Dataset, extractor: Extractor, seed: int) -> None:
        """See the real images once."""
        self.extractor, self.seed = extractor, seed
        self.real = extractor(choose(train, REAL, seed)[0]).hidden
        self.some = extractor(choose(train, SAMPLES, seed)[0]).hidden
        self.protocol = (
            f"in training; {train.name} {train.spec}, training split; {extractor.name}; fake "
            f"{SAMPLES}; real {len(self.real)}"
        )

    def measure(self, variant: Variant) -> dict[str, float]:
        drawn = generate(variant, SAMPLES, seed=self.seed)
        found = self.extractor(to_bytes(torch.cat([part.samples for part in drawn])))
        precision, recall = precision_recall(self.some, found.hidden)
        values = {
            "frechet": frechet_distance(self.real, found.hidden),
            "precision": precision,
            "recall": recall,
        }
        if found.probabilities is not None:
            count = found.probabilities.shape[1]
            share = histogram(found.probabilities.argmax(1), count)
            values["class_entropy"] = torch.special.entr(share).sum().item()
        return values


class PointQuality:
    """Modes and high-quality samples of a mixture whose truth is known."""

    criterion, better = "modes", HIGHER

    def __init__(self, train: Dataset, seed: int) -> None:
        """Refuse points of an unknown distribution."""
        if train.modes is None:
            raise GanzooError(
                f"--evaluate-every cannot measure points of '{train.name}', whose distribution "
                "is not known: leave it out"
            )
        self.train, self.seed = train, seed
        self.protocol = f"in training; {train.name}; fake {SAMPLES}"

    def measure(self, variant: Variant) -> dict[str, float]:
        drawn = generate(variant, SAMPLES, seed=self.seed)
        points = torch.cat([part.samples for part in drawn])
        modes, good = mixtures.covered(points, self.train)
        return {"modes": modes, "high_quality": good}


class TranslationQuality:
    """How well both directions translate training images, by classifiers of both domains."""

    criterion, better = "frechet", LOWER

    def __init__(
        self, train: Dataset, judges: tuple[Extractor, Extractor] | None, seed: int
    ) -> None:
        """Refuse domains without labels, of which there is no judge."""
        if judges is None:
            raise GanzooError(
                f"--evaluate-every cannot measure translations of '{train.name}', which has no "
                "labels: leave it out"
            )
        self.train, self.judges, self.seed = train, judges, seed
        named = " and ".join(judge.name for judge in judges)
        self.protocol = (
            f"in training; {train.name} {train.spec}, training split; {named}; translated "
            f"{TRANSLATED}"
        )

    def measure(self, variant: Variant) -> dict[str, float]:
        scores = translation_scores(variant, self.train, self.judges, n=TRANSLATED, seed=self.seed)
        found: dict[str, list[float]] = {}
        for score in scores:
            found.setdefault(score.name.partition("_")[2], []).append(score.value)
        return {name: fmean(values) for name, values in found.items() if len(values) == 2}
