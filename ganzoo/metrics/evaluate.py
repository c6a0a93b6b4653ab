"""How good is a run, or a folder of images from anywhere? The same protocol for both.

Samples are compared with the test split, of which no training uses anything, and beside each score
stands that of real images in place of the samples.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from ganzoo.abilities import Classifier, Translator
from ganzoo.artifacts.pictures import to_bytes
from ganzoo.config import parse_size
from ganzoo.data import catalog
from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.made import mixtures
from ganzoo.errors import GanzooError, unknown
from ganzoo.metrics.features.extractor import Extractor, with_channels
from ganzoo.metrics.features.make import make_extractor
from ganzoo.metrics.images.classes import histogram
from ganzoo.metrics.images.images import Images, Reference, choose
from ganzoo.metrics.images.measures import MEASURES, SPECIAL, tells_classes
from ganzoo.metrics.protocol import Protocol
from ganzoo.metrics.score import HIGHER, Report, Score
from ganzoo.metrics.translation import translation_scores
from ganzoo.plugins.registry import preferring
from ganzoo.runs.generate import generate
from ganzoo.runs.load import load_variant
from ganzoo.runs.run import Run
from ganzoo.spec import DataSpec
from ganzoo.variant import Variant

VALIDATION = 10_000
"""Training images that a measure may choose by; a sixth of them at most."""
SAMPLES, TRANSLATED = 10_000, 1000
"""Drawn or translated, where the user does not say."""
CHUNK = 250
"""Images classified at once."""

ACCURACY, MODES, TRANSLATION = "accuracy", "modes", "translation"
NAMES = (*MEASURES, ACCURACY, MODES, TRANSLATION)
"""What ``--metrics`` can name."""


@dataclass(frozen=True)
class Wish:
    """What the user wants to know."""

    device: torch.device
    """Where samples and features are computed."""
    names: Collection[str] = ()
    """Measures, of `NAMES`, or scores of one; none: all that suit the data and the variant."""
    features: str = "classifier"
    """Or ``"inception"``."""
    seed: int = 0
    """Of the latents, and of the choice of real images."""
    report: Callable[[str], None] = lambda message: None
    """Is told what happens."""

    def __post_init__(self) -> None:
        for name in self.names:
            if name not in NAMES and not any(name in m.scores for m in MEASURES.values()):
                raise unknown("metric", name, NAMES)

    def includes(self, name: str, *, special: bool = False) -> bool:
        """Whether a measure is wanted; a special one only if it is named."""
        if not self.names:
            return not special
        scores = MEASURES[name].scores if name in MEASURES else ()
        return not {name, *scores}.isdisjoint(self.names)


class Splits(NamedTuple):
    """The real data of an evaluation, at the size of the samples."""

    train: Dataset
    test: Dataset
    native: tuple[Dataset, Dataset]
    """Both at the data's own size, at which an extractor learns."""


class Evaluation(NamedTuple):
    """What was found."""

    report: Report
    images: Images | None = None
    """The samples that were measured, where they are images."""


def evaluate_run(
    run: Run,
    wish: Wish,
    n: int | None = None,
    checkpoint: str = "last",
    data_root: Path | None = None,
) -> Evaluation:
    """Measure what a run has learned.

    Args:
        run: any.
        wish: what is measured, and how.
        n: samples, or images to translate; None: `SAMPLES` or `TRANSLATED`.
        checkpoint: ``"last"``, ``"best"`` or a step.
        data_root: where the data are, if not where they were in the training.

    Raises:
        GanzooError: there is no such checkpoint, the data are not there, or a measure that was
            named does not apply.
    """
    variant = load_variant(run, wish.device, checkpoint)
    training = run.settings["training"]
    root = data_root or (Path(training["data_root"]) if training["data_root"] else None)
    size = parse_size(training["image_size"])
    with preferring(run.plugins):
        splits = load_splits(training["dataset"], root, size, wish.report)
    if isinstance(variant, Translator):
        found = _evaluate_translator(variant, splits, wish, n or TRANSLATED)
    elif set(wish.names) == {ACCURACY} or not _draws(variant):
        found = Evaluation(Report(_protocol(splits, wish, 0), ()))
    else:
        wish.report(f"drawing {n or SAMPLES:,} samples")
        drawn = list(generate(variant, n or SAMPLES, seed=wish.seed))
        samples = torch.cat([part.samples for part in drawn])
        labels = [part.labels for part in drawn if part.labels is not None]
        found = _evaluate(
            to_bytes(samples) if variant.data.is_image else samples,
            torch.cat(labels) if labels else None,
            splits,
            wish,
            variant.judged_by,
        )
    if isinstance(variant, Classifier) and wish.includes(ACCURACY):
        wish.report("classifying the test images")
        accuracy = Score(ACCURACY, _test_accuracy(variant, splits.test), HIGHER)
        report = replace(found.report, scores=(*found.report.scores, accuracy))
        found = found._replace(report=report)
    _check_found(found.report, wish, str(run.path))
    return found


def evaluate_samples(
    samples: Tensor,
    labels: Tensor | None,
    dataset: str,
    wish: Wish,
    n: int | None = None,
    data_root: Path | None = None,
) -> Evaluation:
    """Measure samples that any program made, at their own size, to which real ones are brought.

    Args:
        samples: images uint8 (n, channels, height, width), or points (n, dimensions).
        labels: int64 (n,), of samples that were asked for by label.
        dataset: what they should be like, as ``--dataset`` names it.
        wish: what is measured, and how.
        n: how many of them, chosen by the seed if there are more; None: `SAMPLES`.
        data_root: where the data are.

    Raises:
        GanzooError: they do not suit the data set, are too few, or a measure that was named does
            not apply.
    """
    n = n or SAMPLES
    if len(samples) < n:
        raise GanzooError(
            f"there are {len(samples):,} samples, and {n:,} are measured: give more, or ask for "
            f"--n {len(samples)}, whose values can be compared with no others"
        )
    if len(samples) > n:  # in a file they may be sorted by their class
        samples, labels = choose(Dataset.of("samples", samples, labels), n, wish.seed)
    size = (samples.shape[2], samples.shape[3]) if samples.dim() == 4 else None
    splits = load_splits(dataset, data_root, size, wish.report)
    data = splits.test.spec
    if data.domains > 1:
        raise GanzooError(f"'{dataset}' is two sets: name the one that the samples should be like")
    found = _evaluate(_fitted(samples, data), labels, splits, wish, ())
    _check_found(found.report, wish, "these samples")
    return found


def load_splits(
    name: str, root: Path | None, size: tuple[int, int] | None, report: Callable[[str], None]
) -> Splits:
    """The training and the test split, at a size and at their own.

    Raises:
        GanzooError: as `catalog.load`.
    """

    def load(split: str, size: tuple[int, int] | None) -> Dataset:
        return catalog.load(name, DataRequest(root, split, size, report=report))

    train, test = load("train", size), load("test", size)
    native = (train, test) if size is None else (load("train", None), load("test", None))
    return Splits(train, test, native)


def _evaluate(
    samples: Tensor,
    labels: Tensor | None,
    splits: Splits,
    wish: Wish,
    judged_by: Collection[str],
) -> Evaluation:
    """Measure images or points; `judged_by` are the special measures that the variant wants."""
    if not splits.test.spec.is_image:
        return Evaluation(_evaluate_points(samples, splits, wish))
    wanted = [
        measure
        for name, measure in MEASURES.items()
        if wish.includes(name, special=name in SPECIAL and name not in judged_by)
    ]
    extractor = None
    if any(measure.needs_features for measure in wanted):
        extractor = make_extractor(wish.features, *splits.native, wish.device, wish.report)
    images = Images(samples, extractor, splits.train.fields["image"], labels)
    reference = _make_reference(splits, extractor, len(samples), wish.seed)
    scores: list[Score] = []
    for measure in wanted:
        if measure.applies(images, reference):
            wish.report(f"measuring {', '.join(measure.scores)}".replace("_", " "))
            scores += measure.judge(images, reference)
    shares = {}
    if wish.includes("classes") and tells_classes(images, reference):
        assert reference.shares is not None
        share = histogram(images.told, len(reference.shares))
        pairs_of_shares = zip(share.tolist(), reference.shares.tolist(), strict=True)
        shares = dict(zip(splits.test.classes, pairs_of_shares, strict=True))
    protocol = _protocol(
        splits,
        wish,
        len(samples),
        *([] if extractor is None else [extractor]),
        control=len(reference.control),
    )
    return Evaluation(Report(protocol, tuple(scores), shares), images)


def _make_reference(splits: Splits, extractor: Extractor | None, n: int, seed: int) -> Reference:
    """The real images that `n` samples are compared with."""
    train = splits.train
    pixels, labels = train.fields["image"], train.fields.get("label")
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))
    kept = len(train) - min(VALIDATION, len(train) // 6)
    control, validation = order[:kept][:n], order[kept:]

    def images(some: Tensor, labels: Tensor | None) -> Images:
        return Images(some, extractor, pixels, labels)

    return Reference(
        images(*choose(splits.test, n, seed)),
        images(pixels[control], None if labels is None else labels[control]),
        pixels[validation],
        None if labels is None else histogram(labels, len(train.classes)),
    )


def _evaluate_points(samples: Tensor, splits: Splits, wish: Wish) -> Report:
    """Modes and quality, where the truth is known."""
    scores: list[Score] = []
    if wish.includes(MODES):
        modes, good = mixtures.covered(samples, splits.test)
        points, _ = choose(splits.test, len(samples), wish.seed)
        real_modes, real_good = mixtures.covered(points, splits.test)
        scores = [
            Score("modes", modes, HIGHER, real_modes),
            Score("high_quality", good, HIGHER, real_good),
        ]
    return Report(_protocol(splits, wish, len(samples)), tuple(scores))


def _evaluate_translator(variant: Variant, splits: Splits, wish: Wish, n: int) -> Evaluation:
    """Both directions, judged by a classifier of each domain where both are labelled."""
    assert splits.test.other is not None
    n = min(n, len(splits.test), len(splits.test.other))
    judges, scores = None, []
    if wish.includes(TRANSLATION):
        judges = make_judges(splits, wish.features, wish.device, wish.report)
        wish.report(f"translating {n:,} images each way")
        scores = translation_scores(
            variant, splits.test, judges, n=n, seed=wish.seed, train=splits.train
        )
    return Evaluation(Report(_protocol(splits, wish, n, *(judges or ())), tuple(scores)))


def make_judges(
    splits: Splits, kind: str, device: torch.device, report: Callable[[str], None]
) -> tuple[Extractor, Extractor] | None:
    """An extractor for each of two domains; None where one of them has no labels to learn from."""
    train, test = splits.native
    assert train.other is not None
    assert test.other is not None
    if kind == "classifier" and not (train.classes and train.other.classes):
        return None
    return (
        make_extractor(kind, train.group(0), test.group(0), device, report),
        make_extractor(kind, train.other, test.other, device, report),
    )


@torch.no_grad()
def _test_accuracy(variant: Classifier, test: Dataset) -> float:
    """The share of all test images that a variant takes for what they are."""
    assert isinstance(variant, Variant)
    right = 0
    for images, labels in zip(
        torch.split(test.fields["image"], CHUNK),
        torch.split(test.fields["label"], CHUNK),
        strict=True,
    ):
        floats = images.to(variant.device, torch.float32) / 127.5 - 1
        right += int((variant.classify(floats).argmax(1).cpu() == labels).sum())
    return right / len(test)


def _draws(variant: Variant) -> bool:
    """Whether it makes samples from noise."""
    with suppress(GanzooError):
        variant.sample_latent(1)
        return True
    return False


def _fitted(samples: Tensor, data: DataSpec) -> Tensor:
    """Samples of any program with the channels of the data.

    Raises:
        GanzooError: they are of another kind.
    """
    if data.is_image and samples.dim() == 4:
        return with_channels(samples, data.shape[0])
    if data.is_image or samples.dim() == 4 or samples.shape[1:] != data.shape:
        kind = "images" if samples.dim() == 4 else f"points in {samples.shape[1]} dimensions"
        held = "images" if data.is_image else f"points in {data} dimensions"
        raise GanzooError(f"'{data.name}' holds {held}, and the samples are {kind}")
    return samples


def _protocol(
    splits: Splits, wish: Wish, n: int, *extractors: Extractor, control: int | None = None
) -> str:
    """Of `n` samples; without an extractor of points, or of what needs none."""
    data = splits.test.spec
    return str(
        Protocol(
            data=f"{data.name} {data}, test split",
            features=" and ".join(extractor.name for extractor in extractors) or "none",
            resizing=extractors[0].resizing if extractors else "none",
            fake=n,
            real=min(n, len(splits.test)),
            control=0 if control is None or control >= n else control,
            seed=wish.seed,
            quantisation="8 bits" if data.is_image else "none",
        )
    )


def _check_found(report: Report, wish: Wish, whose: str) -> None:
    """Refuse to say nothing about what was asked for by name."""
    found = {score.name for score in report.scores}
    for name in wish.names:
        measured = set(MEASURES[name].scores) if name in MEASURES else {name}
        if name != TRANSLATION and not measured & found:
            raise GanzooError(
                f"'{name}' cannot be measured of {whose}, or not of so few: leave it out of "
                "--metrics"
            )
    if not found:
        raise GanzooError(f"there is nothing to measure of {whose}")
