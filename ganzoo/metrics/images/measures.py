"""What images are measured by: each measure turns samples into one or two scores.

A measure is applied twice, to the samples and to real images in their place, so that each score
stands beside the one that a perfect generator would come to.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ganzoo.metrics.evaluator import CONTROL, FEATURES, REAL, SAMPLES, Evaluator
from ganzoo.metrics.exam import Exam, Ground
from ganzoo.metrics.images import classes as of_classes
from ganzoo.metrics.images import memory
from ganzoo.metrics.images import parzen as windows
from ganzoo.metrics.images.frechet import frechet_distance
from ganzoo.metrics.images.images import Images
from ganzoo.metrics.images.kernel import kernel_distance
from ganzoo.metrics.images.manifold import density_coverage, precision_recall
from ganzoo.metrics.images.near import nearest_changed
from ganzoo.metrics.images.nearest_class import nearest_error
from ganzoo.metrics.score import HIGHER, LOWER, Score, ScoreKind

SEARCHED = 5000
"""Training images among which copies are looked for while a training goes on, at most: with more,
it takes long, and copies are rare. Copies with changes are looked for among so many at any time."""
LOOKED_AT = 500
"""Images of which it is asked whether they are copies with changes, at most."""


@dataclass(frozen=True, eq=False)
class Measure(Evaluator):
    """One way to judge images that were drawn."""

    scores: tuple[ScoreKind, ...] = field()
    of: Callable[[Images, Ground], tuple[float, ...]]
    """The values of images, in the order of `scores`."""
    held_out: bool = False
    """Whether test images, and not training images, stand for a perfect generator."""
    least: int = 2
    """Images that there must be of each kind."""
    needs_features: bool = True
    """Whether it looks at images through an extractor."""
    needs_classes: bool = False
    """Whether the extractor must tell the classes of the data."""
    quick: bool = False
    criterion: str = ""

    @property
    def looks_at(self) -> frozenset[str]:  # type: ignore[override]
        """Samples, as real ones; by an extractor, where it needs one."""
        always = {SAMPLES, REAL, CONTROL}
        return frozenset(always | {FEATURES} if self.needs_features else always)

    def suits(self, exam: Exam) -> bool:
        """Whether there are enough images, something to see them with, and classes to be told.

        Raises:
            GanzooError: it needs an extractor, and there is none.
        """
        ground = exam.ground
        if self.needs_features:
            _ = ground.extractor
        there = [exam.n, len(ground.wanted)]
        if not ground.in_training:
            there.append(len(ground.control))
        if min(there) < self.least:
            return False
        return not self.needs_classes or ground.tells_classes

    def judge(self, exam: Exam) -> Iterable[Score]:
        ground = exam.ground
        values = self.of(exam.images, ground)
        controls = self.of(ground.wanted if self.held_out else ground.control, ground)
        for kind, value, control in zip(self.scores, values, controls, strict=True):
            yield kind.of(value, control)

    def watch(self, exam: Exam) -> dict[str, float]:
        values = self.of(exam.images, exam.ground)
        return {kind.name: value for kind, value in zip(self.scores, values, strict=True)}


class Classes(Measure):
    """Which classes there are; during a training, how evenly samples are spread over them."""

    def watch(self, exam: Exam) -> dict[str, float]:
        share = self._share(exam)
        return {"class_entropy": torch.special.entr(share).sum().item()}

    def shares(self, exam: Exam) -> Mapping[str, tuple[float, float]]:
        assert exam.ground.frequencies is not None
        both = zip(self._share(exam).tolist(), exam.ground.frequencies.tolist(), strict=True)
        return dict(zip(exam.ground.real.classes, both, strict=True))

    def _share(self, exam: Exam) -> Tensor:
        assert exam.ground.frequencies is not None
        return of_classes.histogram(exam.images.told, len(exam.ground.frequencies))


class Consistency(Measure):
    """Whether samples show the class that was asked for."""

    def suits(self, exam: Exam) -> bool:
        return _asked_by_label(exam) and super().suits(exam)


class Copies(Measure):
    """How many samples copy training images: in a training, where few are to be compared with."""

    def suits(self, exam: Exam) -> bool:
        searched = not exam.ground.in_training or len(exam.ground.train) <= SEARCHED
        return searched and super().suits(exam)


class ChangedCopies(Copies):
    """How many samples copy training images, mirrored, moved or coloured: of few alone."""

    def suits(self, exam: Exam) -> bool:
        return len(exam.ground.train) <= SEARCHED and super().suits(exam)


class AsItsPaper(Measure):
    """A measure that is taken only where a variant's paper is judged by it, or the user asks."""

    def usual(self, exam: Exam) -> bool:
        return exam.variant is not None and any(
            kind.name in exam.variant.judged_by for kind in self.scores
        )


class Teaching(AsItsPaper):
    """How well samples that were asked for by label teach the classes."""

    def suits(self, exam: Exam) -> bool:
        labelled = exam.ground.frequencies is not None
        return labelled and _asked_by_label(exam) and super().suits(exam)


def _asked_by_label(exam: Exam) -> bool:
    """Whether each sample is known to have been asked for by its label."""
    if exam.given is None:
        return exam.variant is not None and exam.variant.conditional
    return exam.given.labels is not None


def _frechet(images: Images, ground: Ground) -> tuple[float]:
    return (frechet_distance(ground.many.hidden, images.hidden),)


def _kernel(images: Images, ground: Ground) -> tuple[float]:
    return (kernel_distance(ground.wanted.hidden, images.hidden),)


def _manifold(images: Images, ground: Ground) -> tuple[float, float]:
    return precision_recall(ground.wanted.hidden, images.hidden)


def _neighbours(images: Images, ground: Ground) -> tuple[float, float]:
    return density_coverage(ground.wanted.hidden, images.hidden)


def _classifier_score(images: Images, ground: Ground) -> tuple[float]:
    return (of_classes.classifier_score(images.probabilities),)


def _class_histogram(images: Images, ground: Ground) -> tuple[float, float]:
    assert ground.frequencies is not None
    count = len(ground.frequencies)
    share = of_classes.histogram(images.told, count)
    kl = of_classes.kl_divergence(share, ground.frequencies)
    return kl, of_classes.classes_covered(images.told, count)


def _consistency(images: Images, ground: Ground) -> tuple[float]:
    assert images.labels is not None
    return ((images.told == images.labels).double().mean().item(),)


def _memorised(images: Images, ground: Ground) -> tuple[float]:
    distances, _ = images.nearest
    return (memory.memorised(distances),)


def _copied(images: Images, ground: Ground) -> tuple[float]:
    asked = images.pixels[:: -(-len(images) // LOOKED_AT)]  # of all classes, where they are sorted
    distances, _ = nearest_changed(asked, images.training)
    return (memory.memorised(distances),)


def _parzen(images: Images, ground: Ground) -> tuple[float, float]:
    samples, validation, test = (
        _flat(part) for part in (images.pixels, ground.validation, ground.wanted.pixels)
    )
    sigma = windows.choose_sigma(samples, validation)
    return windows.log_likelihood(samples, test, sigma)


def _nearest(images: Images, ground: Ground) -> tuple[float]:
    test = ground.wanted
    assert images.labels is not None
    assert test.labels is not None
    return (nearest_error(images.pixels, images.labels, test.pixels, test.labels),)


def _flat(images: Tensor) -> Tensor:
    return images.flatten(1).to(torch.float32) / 255


frechet = Measure(
    (
        ScoreKind(
            "frechet", LOWER, "distance between Gaussians fitted to the features (Heusel 2017)"
        ),
    ),
    _frechet,
    quick=True,
    criterion="frechet",
)
kid = Measure(
    (ScoreKind("kid", LOWER, "kernel distance of the features, unbiased (Bińkowski 2018)"),),
    _kernel,
)
precision = Measure(
    (
        ScoreKind(
            "precision",
            HIGHER,
            "share of samples that lie among real ones (Kynkäänniemi 2019)",
            share=True,
        ),
        ScoreKind(
            "recall",
            HIGHER,
            "share of real ones that lie among the samples (Kynkäänniemi 2019)",
            share=True,
        ),
    ),
    _manifold,
    least=4,
    quick=True,
)
density = Measure(
    (
        ScoreKind("density", HIGHER, "how many real neighbourhoods a sample lies in (Naeem 2020)"),
        ScoreKind(
            "coverage", HIGHER, "share of real ones with a sample nearby (Naeem 2020)", share=True
        ),
    ),
    _neighbours,
    least=6,
)
classifier_score = Measure(
    (
        ScoreKind(
            "classifier_score",
            HIGHER,
            "clear and equally frequent classes, at most their number (Salimans 2016)",
        ),
    ),
    _classifier_score,
    needs_classes=True,
)
classes = Classes(
    (
        ScoreKind("class_kl", LOWER, "divergence of the classes' shares from the data's, in nats"),
        ScoreKind("classes", HIGHER, "classes that are there at all"),
    ),
    _class_histogram,
    needs_classes=True,
    quick=True,
)
consistency = Consistency(
    (
        ScoreKind(
            "consistency", HIGHER, "share that shows the class that was asked for", share=True
        ),
    ),
    _consistency,
    held_out=True,
    needs_classes=True,
)
memorised = Copies(
    (ScoreKind("memorised", LOWER, "share that copies a training image (Yoon 2023)", share=True),),
    _memorised,
    held_out=True,
    needs_features=False,
    quick=True,
)
copied = ChangedCopies(
    (
        ScoreKind(
            "copied",
            LOWER,
            "share that copies a training image, or mirrors, moves or recolours it",
            share=True,
        ),
    ),
    _copied,
    held_out=True,
    needs_features=False,
    quick=True,
)
parzen = AsItsPaper(
    (
        ScoreKind(
            "parzen",
            HIGHER,
            "log-likelihood of test images by a Parzen window, in nats (Goodfellow 2014)",
        ),
        ScoreKind("parzen_error", "", "standard error of it"),
    ),
    _parzen,
    needs_features=False,
)
nearest = Teaching(
    (
        ScoreKind(
            "nearest_error",
            LOWER,
            "share of test images whose nearest sample is of another class (Radford 2016)",
            share=True,
        ),
    ),
    _nearest,
    needs_features=False,
)
