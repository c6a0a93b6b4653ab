"""How good is a run, or a folder of images from anywhere? The same protocol for both.

Samples are compared with the test split, of which no training uses anything, and beside each score
stands that of real images in place of the samples.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from ganzoo.config import parse_size
from ganzoo.data.files.wanted import AS_THEY_ARE, Pixels, parse_pixels
from ganzoo.data.kinds import sample_kind
from ganzoo.errors import GanzooError, counted
from ganzoo.metrics.catalogue import Known, check_names, suitable
from ganzoo.metrics.evaluator import (
    ATTRIBUTES,
    CONTROL,
    FEATURES,
    JUDGES,
    MADE,
    SAMPLES,
    TARGETS,
)
from ganzoo.metrics.exam import Amounts, Exam, Ground
from ganzoo.metrics.features.extractor import Extractor, with_channels
from ganzoo.metrics.features.make import AUTO
from ganzoo.metrics.images.images import Images
from ganzoo.metrics.protocol import Protocol
from ganzoo.metrics.score import Report, Score
from ganzoo.metrics.splits import Splits, chosen_rows, load_splits
from ganzoo.plugins import catalog
from ganzoo.plugins.registry import preferring, registry
from ganzoo.runs.generate import Drawn
from ganzoo.runs.record import root_of, rules
from ganzoo.runs.run import Run
from ganzoo.spec import DataSpec
from ganzoo.variant import Variant

DRAWN, MADE_OF_REAL = 10_000, 1000
"""Samples drawn, and made of real ones, where the user does not say, at most."""
FOR_EACH = 10
"""Samples drawn for each that is held out, at most: the error of a comparison of m with n falls as
1/m + 1/n, and beyond that hardly at all."""


@dataclass(frozen=True)
class Wish:
    """What the user wants to know."""

    device: torch.device
    """Where samples and features are computed."""
    names: Collection[str] = ()
    """Evaluators, or scores of one; none: all that suit the data and the variant."""
    features: str = AUTO
    """By what images are compared: a name that ``ganzoo extractors`` lists, or `AUTO`."""
    seed: int = 0
    """Of the latents, and of the choice of real images."""
    report: Callable[[str], None] = lambda message: None
    """Is told what happens."""

    def __post_init__(self) -> None:
        check_names(self.names)
        if self.features != AUTO:
            registry().extractor(self.features)


class Evaluation(NamedTuple):
    """What was found."""

    report: Report
    images: Images | None = None
    """The samples, where they are images that were looked for among the training images."""
    remark: str = ""
    """What the user should know besides."""


def evaluate_run(
    run: Run,
    variant: Variant,
    wish: Wish,
    n: int | None = None,
    data_root: Path | None = None,
) -> Evaluation:
    """Measure what a run has learned, in each of its abilities.

    Args:
        run: any.
        variant: as a checkpoint of it has it.
        wish: what is measured, and how.
        n: samples, drawn or made of real ones; None: what `drawn_for` says, and `MADE_OF_REAL`.
        data_root: where the data are, if not where they were in the training.

    Raises:
        GanzooError: the data are not there, or a measure that was named does not apply.
    """
    training = run.settings["training"]
    root = root_of(run.path, run.settings, data_root)
    size = parse_size(training["image_size"])
    with preferring(run.plugins):
        splits = load_splits(
            *(training["dataset"], root, size, wish.report, training.get("few"), run),
            pixels=parse_pixels(training.get("pixels")),
            rules=rules(run.settings),
        )
    drawn = n or drawn_for(len(splits.test))
    exam = Exam(make_ground(splits, wish, drawn, n or MADE_OF_REAL), variant)
    found = _judge(exam, wish, str(run.path))
    if n is not None or drawn == DRAWN or not exam.can("sampler"):
        return found
    words = (
        f"{counted(drawn, 'sample')} stand beside {counted(len(splits.test), 'held-out sample')}: "
        f"more than {FOR_EACH} for each would hardly tell more (--n says another number)"
    )
    return found._replace(remark="; ".join(filter(None, (found.remark, words))))


def drawn_for(held_out: int) -> int:
    """How many samples are compared with so many that are held out, where the user does not say."""
    return max(2, min(DRAWN, FOR_EACH * held_out))


def evaluate_samples(
    samples: Tensor,
    labels: Tensor | None,
    dataset: str,
    wish: Wish,
    n: int | None = None,
    data_root: Path | None = None,
    pixels: Pixels = AS_THEY_ARE,
    tell: Callable[[str], None] = lambda message: None,
) -> Evaluation:
    """Measure samples that any program made, at their own size, to which real ones are brought.

    Args:
        samples: images uint8 (n, channels, height, width), or points (n, dimensions).
        labels: int64 (n,), of samples that were asked for by label.
        dataset: what they should be like, as ``--dataset`` names it.
        wish: what is measured, and how.
        n: how many of them, chosen by the seed if there are more; None: what `drawn_for` says.
        data_root: where the data are.
        pixels: how image files are read.
        tell: is told what is left out of the data, and the like.

    Raises:
        GanzooError: they do not suit the data set, are too few, or a measure that was named does
            not apply.
    """
    size = (samples.shape[2], samples.shape[3]) if samples.dim() == 4 else None
    if size is not None and (words := _surely_no_images(dataset)):
        raise GanzooError(
            f"these samples are images, and '{dataset}' has {words}: name a --dataset of images"
        )
    splits = load_splits(dataset, data_root, size, tell, pixels=pixels)
    data = splits.test.spec
    if data.domains > 1:
        raise GanzooError(f"'{dataset}' is two sets: name the one that the samples should be like")
    n = n or drawn_for(len(splits.test))
    if len(samples) < n:
        raise GanzooError(
            f"there are {len(samples):,} samples, and {n:,} are measured: give more, or ask for "
            f"--n {len(samples)}, whose values can be compared with no others"
        )
    classes = data.classes
    if labels is not None and classes and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
        raise GanzooError(
            f"the labels of the samples go from {int(labels.min())} to {int(labels.max())}, and "
            f"'{dataset}' has {classes} classes, which are 0 to {classes - 1}: number them so"
        )
    if len(samples) > n:  # in a file they may be sorted by their class
        rows = chosen_rows(len(samples), n, wish.seed)
        samples, labels = samples[rows], None if labels is None else labels[rows]
    given = Drawn(_fitted(samples, data), labels)
    exam = Exam(make_ground(splits, wish, n, 0), given=given)
    return _judge(exam, wish, "these samples")


def _surely_no_images(dataset: str) -> str:
    """What the samples of a data set are, if it is known before it is loaded, and no images."""
    try:
        described = catalog.described(dataset)
    except GanzooError:  # its files decide, or there is no such data set
        return ""
    return "" if described.is_image else sample_kind(described).words


def make_ground(splits: Splits, wish: Wish, drawn: int, made: int) -> Ground:
    """What samples are compared with.

    Args:
        splits: the data.
        wish: what is measured, and how.
        drawn: samples, from noise.
        made: of real ones.
    """
    return Ground(
        splits.train,
        splits.test,
        splits.native,
        Amounts(drawn, drawn, made),
        wish.device,
        wish.seed,
        wish.features,
        wish.report,
        splits.content,
    )


def _judge(exam: Exam, wish: Wish, whose: str) -> Evaluation:
    """Have every evaluator that suits say what it thinks.

    Raises:
        GanzooError: nobody says anything, or one who was named does not.
    """
    scores: list[Score] = []
    judged: list[Known] = []
    shares: dict[str, tuple[float, float]] = {}
    for known in suitable(exam, wish.names):
        wish.report(f"measuring {known.spec.name.replace('-', ' ')}")
        found = list(known.evaluator.judge(exam))
        if found:
            scores += found
            judged.append(known)
            shares |= known.evaluator.shares(exam)
    own = {known.spec.name for known in judged}
    for name in wish.names:
        said = (score.name == name or score.name.endswith(f"_{name}") for score in scores)
        if name.replace("_", "-") not in own and not any(said):
            raise GanzooError(
                f"'{name}' cannot be measured of {whose}, or not of so few: leave it out of "
                "--metrics"
            )
    if not scores:
        raise GanzooError(f"there is nothing to measure of {whose}")
    report = Report(_protocol(exam, judged), tuple(scores), shares)
    searched = any(known.spec.name == "memorised" for known in judged)
    return Evaluation(
        report, exam.images if searched else None, "" if wish.names else _left_out(exam)
    )


def _left_out(exam: Exam) -> str:
    """What was not measured because there is no extractor, and why; empty: nothing.

    Raises:
        GanzooError: the user has named the extractor.
    """
    said = "nothing that looks at features was measured"
    for judge in exam.ground.judges_of.values():
        if isinstance(judge, GanzooError):
            return f"{said}: {judge}"
    if exam.kind != "image" or not exam.can("sampler") or not exam.ground.blindness:
        return ""
    if exam.ground.extractors != AUTO:
        raise GanzooError(exam.ground.blindness)
    return f"{said}: {exam.ground.blindness}"


def _protocol(exam: Exam, judged: Sequence[Known]) -> str:
    """How those who have judged have come to their numbers."""
    ground = exam.ground
    looked = frozenset[str]().union(*(known.evaluator.looks_at for known in judged))
    extractors = _extractors(ground, looked)
    data = ground.real.spec
    made = exam.made if MADE in looked else 0
    fake = exam.n if SAMPLES in looked else made
    control = len(ground.control) if CONTROL in looked else 0
    return str(
        Protocol(
            data=f"{data.name} {data}, test split {ground.content}".rstrip(),
            features=" and ".join(extractor.name for extractor in extractors) or "none",
            resizing=extractors[0].resizing if extractors else "none",
            fake=fake,
            real=min(fake, len(ground.real)),
            control=control if control < fake else 0,
            seed=ground.seed,
            quantisation="8 bits" if data.is_image else "none",
            made=made if SAMPLES in looked else 0,
        )
    )


def _extractors(ground: Ground, looked: Collection[str]) -> list[Extractor]:
    """Those that somebody has looked through, each name once."""
    found = [ground.extractor] if FEATURES in looked else []
    if JUDGES in looked:
        found += ground.judges or ()
    if ATTRIBUTES in looked:
        found.append(ground.attribute_judge)
    if TARGETS in looked:
        found += (each for each in ground.judges_of.values() if not isinstance(each, GanzooError))
    return [*{extractor.name: extractor for extractor in found}.values()]


def _fitted(samples: Tensor, data: DataSpec) -> Tensor:
    """Samples of any program with the channels of the data.

    Raises:
        GanzooError: they are of another kind.
    """
    if data.is_image and samples.dim() == 4:
        return with_channels(samples, data.shape[0])
    if data.kind not in ("image", "point") and samples.shape[1:] == data.shape:
        return samples
    if data.is_image or samples.dim() == 4 or samples.shape[1:] != data.shape:
        kind = "images" if samples.dim() == 4 else f"points in {samples.shape[1]} dimensions"
        held = "images" if data.is_image else f"points in {data} dimensions"
        raise GanzooError(f"'{data.name}' holds {held}, and the samples are {kind}")
    return samples
