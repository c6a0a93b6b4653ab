"""What is measured while a training goes on: quick, and without a look at the test split.

The quick ones among the evaluators of ``ganzoo evaluate`` compare with the training split, so that
the choice of a checkpoint is not made by the images that are judged by afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from ganzoo.config import parse_size
from ganzoo.data.files.found import RULES
from ganzoo.data.files.wanted import parse_pixels
from ganzoo.errors import GanzooError
from ganzoo.metrics.catalogue import Known, suitable
from ganzoo.metrics.evaluator import FEATURES, JUDGES, MADE, REAL, SAMPLES
from ganzoo.metrics.exam import Amounts, Exam, Ground
from ganzoo.metrics.features.make import AUTO
from ganzoo.metrics.splits import load_splits
from ganzoo.runs.logged import CLASS_DIVERSITY, COPIES, DIVERSITY
from ganzoo.variant import Variant

AMOUNTS = Amounts(drawn=2000, real=10_000, made=250)
"""At each evaluation."""

WATCHED = {
    "class_entropy": "how evenly samples are spread over the classes, in nats; at most the log of "
    "their number",
    DIVERSITY: "how far samples are from each other, where 1 is the data; near 0 all are alike",
    CLASS_DIVERSITY: "the same of samples of one class, where classes are asked for",
    COPIES: "share that copies one of few training images, or mirrors, moves or recolours it; of "
    "trainings without --evaluate-every",
}
"""What is said in a training alone, besides scores of evaluators: a line each."""


class Quality(Protocol):
    """What is measured of a variant while it trains."""

    criterion: str
    """The value that decides which checkpoint is best; empty: none does."""
    better: str
    """Which value of it is better: ``"higher"`` or ``"lower"``; empty, as the criterion is."""
    protocol: str
    """How all values are obtained, in a line."""
    directions: Mapping[str, str]
    """By the name of a value which is better: ``"higher"`` or ``"lower"``, where one is."""

    def measure(self, variant: Variant) -> dict[str, float]:
        """Values by name; the variant is in eval mode, with averaged weights."""


class Settings(Protocol):
    """What must be known of a training."""

    @property
    def dataset(self) -> str | None: ...
    @property
    def data_root(self) -> str | None: ...
    @property
    def image_size(self) -> str | None: ...
    @property
    def few(self) -> int | None: ...
    @property
    def pixels(self) -> str | None: ...
    @property
    def seed(self) -> int: ...
    @property
    def features(self) -> str: ...


def make_quality(
    variant: Variant,
    training: Settings,
    report: Callable[[str], None],
    rules: int = RULES,
    amounts: Amounts = AMOUNTS,
) -> Quality:
    """What suits a variant and its data.

    Args:
        variant: on the device where it trains.
        training: names the data; its seed is that of the samples.
        report: is told what happens.
        rules: by which its files are found: see `ganzoo.data.files.found.RULES`.
        amounts: of samples.

    Raises:
        GanzooError: there is nothing that could be measured of it on such data.
    """
    assert training.dataset is not None
    root = Path(training.data_root) if training.data_root else None
    size, pixels = parse_size(training.image_size), parse_pixels(training.pixels)
    splits = load_splits(
        training.dataset, root, size, report, training.few, pixels=pixels, rules=rules
    )
    ground = Ground(
        splits.train,
        splits.train,
        splits.native,
        amounts,
        variant.device,
        training.seed,
        training.features,
        report,
    )
    return Watch(ground, variant)


class Watch:
    """All quick evaluators that suit a variant; the first that has a criterion decides.

    Without features of images, copies of training images are watched alone, and nothing decides.
    """

    def __init__(self, ground: Ground, variant: Variant) -> None:
        """See the real samples once.

        Raises:
            GanzooError: there is nothing quick to measure, or no extractor to see images with.
        """
        self.ground = ground
        name, exam = ground.train.name, Exam(ground, variant)
        self.taken = [known for known in suitable(exam) if known.evaluator.quick]
        self.protocol = _protocol(exam, self.taken)
        deciding = [known.evaluator for known in self.taken if known.evaluator.criterion]
        blind = exam.kind == "image" and exam.can("sampler") and ground.blindness
        if blind and (ground.extractors != AUTO or not self.taken):
            raise GanzooError(f"--evaluate-every cannot measure images of '{name}': {blind}")
        if blind:
            alone = "" if deciding else ", and chooses no best checkpoint"
            ground.report(f"--evaluate-every looks at no features{alone}: {blind}")
        elif not deciding:
            raise GanzooError(
                f"--evaluate-every finds nothing that it could measure of this variant on '{name}' "
                "(translations need features): leave it out"
            )
        self.criterion = deciding[0].criterion if deciding else ""
        directions: dict[str, str] = {}
        for known in self.taken:
            for kind in known.evaluator.scores:
                if kind.better:
                    directions[_own_name(known, kind.name, directions)] = kind.better
        self.directions: Mapping[str, str] = directions
        self.better = directions.get(self.criterion, "")

    def measure(self, variant: Variant) -> dict[str, float]:
        """Values by name; a name that an earlier evaluator took has the later one's before it."""
        exam = Exam(self.ground, variant)
        found: dict[str, float] = {}
        for known in self.taken:
            for name, value in known.evaluator.watch(exam).items():
                found[_own_name(known, name, found)] = value
        return found


def _own_name(known: Known, name: str, taken: Collection[str]) -> str:
    """What a value is called beside those of earlier evaluators."""
    return f"{known.spec.name}_{name}" if name in taken else name


def _protocol(exam: Exam, taken: Sequence[Known]) -> str:
    """How all values are obtained, in a line."""
    ground = exam.ground
    looked = frozenset[str]().union(*(known.evaluator.looks_at for known in taken))
    name = ground.train.name
    compared = f"{name} {ground.train.spec}, training split"
    told = ["in training", compared if looked & {REAL, MADE} else name]
    if FEATURES in looked:
        told.append(ground.extractor.name)
    if JUDGES in looked and ground.judges is not None:
        told.append(" and ".join(judge.name for judge in ground.judges))
    if SAMPLES in looked:
        told.append(f"fake {exam.n}")
        if REAL in looked:
            told.append(f"real {min(ground.amounts.real, len(ground.real))}")
    if MADE in looked:
        told.append(f"translated {exam.made}")
    return "; ".join(told)
