"""What images are measured by: each measure turns samples into one or two scores.

A measure is applied twice, to the samples and to real images in their place, so that each score
stands beside the one that a perfect generator would come to.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo.metrics.images import classes, memory, parzen
from ganzoo.metrics.images.frechet import frechet_distance
from ganzoo.metrics.images.images import Images, Reference
from ganzoo.metrics.images.kernel import kernel_distance
from ganzoo.metrics.images.manifold import density_coverage, precision_recall
from ganzoo.metrics.images.nearest_class import nearest_error
from ganzoo.metrics.score import HIGHER, LOWER, Score


@dataclass(frozen=True)
class Measure:
    """One way to judge images."""

    scores: dict[str, str]
    """The names of the scores, and which is better."""
    of: Callable[[Images, Reference], tuple[float, ...]]
    """The values of images, in the order of `scores`."""
    held_out: bool = False
    """Whether test images, and not training images, stand for a perfect generator."""
    least: int = 2
    """Images that there must be of each kind."""
    needs_features: bool = True
    """Whether it looks at images through an extractor."""
    needs_classes: bool = False
    """Whether the extractor must tell the classes of the data."""
    needs_labels: bool = False
    """Whether the samples must have been asked for by label, of data that have labels."""

    def applies(self, images: Images, reference: Reference) -> bool:
        """Whether these images can be judged by it."""
        if min(map(len, (images, reference.test, reference.control))) < self.least:
            return False
        if self.needs_labels and (images.labels is None or reference.test.labels is None):
            return False
        return not self.needs_classes or tells_classes(images, reference)

    def judge(self, images: Images, reference: Reference) -> list[Score]:
        """The scores of some images, and of real ones in their place."""
        real = reference.test if self.held_out else reference.control
        values, controls = self.of(images, reference), self.of(real, reference)
        return [
            Score(name, value, better, control)
            for (name, better), value, control in zip(
                self.scores.items(), values, controls, strict=True
            )
        ]


def tells_classes(images: Images, reference: Reference) -> bool:
    """Whether the extractor tells the very classes of the data."""
    if images.extractor is None or reference.shares is None:
        return False
    found = images.features.probabilities
    return found is not None and found.shape[1] == len(reference.shares)


def _frechet(images: Images, reference: Reference) -> tuple[float]:
    return (frechet_distance(reference.test.hidden, images.hidden),)


def _kernel(images: Images, reference: Reference) -> tuple[float]:
    return (kernel_distance(reference.test.hidden, images.hidden),)


def _class_histogram(images: Images, reference: Reference) -> tuple[float, float]:
    assert reference.shares is not None
    count = len(reference.shares)
    share = classes.histogram(images.told, count)
    kl = classes.kl_divergence(share, reference.shares)
    return kl, classes.classes_covered(images.told, count)


def _consistency(images: Images, reference: Reference) -> tuple[float]:
    assert images.labels is not None
    return ((images.told == images.labels).double().mean().item(),)


def _memorised(images: Images, reference: Reference) -> tuple[float]:
    distances, _ = images.nearest
    return (memory.memorised(distances),)


def _parzen(images: Images, reference: Reference) -> tuple[float, float]:
    samples, validation, test = (
        _flat(part) for part in (images.pixels, reference.validation, reference.test.pixels)
    )
    sigma = parzen.choose_sigma(samples, validation)
    return parzen.log_likelihood(samples, test, sigma)


def _nearest(images: Images, reference: Reference) -> tuple[float]:
    test = reference.test
    assert images.labels is not None
    assert test.labels is not None
    return (nearest_error(images.pixels, images.labels, test.pixels, test.labels),)


def _flat(images: Tensor) -> Tensor:
    return images.flatten(1).to(torch.float32) / 255


MEASURES = {
    "frechet": Measure({"frechet": LOWER}, _frechet),
    "kid": Measure({"kid": LOWER}, _kernel),
    "precision": Measure(
        {"precision": HIGHER, "recall": HIGHER},
        lambda images, reference: precision_recall(reference.test.hidden, images.hidden),
        least=4,
    ),
    "density": Measure(
        {"density": HIGHER, "coverage": HIGHER},
        lambda images, reference: density_coverage(reference.test.hidden, images.hidden),
        least=6,
    ),
    "classifier_score": Measure(
        {"classifier_score": HIGHER},
        lambda images, reference: (classes.classifier_score(images.probabilities),),
        needs_classes=True,
    ),
    "classes": Measure(
        {"class_kl": LOWER, "classes": HIGHER}, _class_histogram, needs_classes=True
    ),
    "consistency": Measure(
        {"consistency": HIGHER}, _consistency, held_out=True, needs_classes=True, needs_labels=True
    ),
    "memorised": Measure({"memorised": LOWER}, _memorised, held_out=True, needs_features=False),
    "parzen": Measure({"parzen": HIGHER, "parzen_error": ""}, _parzen, needs_features=False),
    "nearest_error": Measure(
        {"nearest_error": LOWER}, _nearest, needs_features=False, needs_labels=True
    ),
}
"""By name, as ``ganzoo evaluate --metrics`` takes them."""

SPECIAL = frozenset({"parzen", "nearest_error"})
"""Measures that are taken only where a variant's paper is judged by them, or the user asks."""
