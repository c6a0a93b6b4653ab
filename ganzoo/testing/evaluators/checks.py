"""What an evaluator must say of itself, and of samples that are real."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from ganzoo.abilities import ABILITIES
from ganzoo.data.dataset import Dataset, Truth
from ganzoo.errors import GanzooError
from ganzoo.metrics.evaluator import Evaluator
from ganzoo.metrics.exam import Amounts, Exam, Ground
from ganzoo.metrics.features.extractor import Features
from ganzoo.metrics.score import HIGHER, LOWER, Score
from ganzoo.plugins.registered import Registered, load_target
from ganzoo.runs.generate import Drawn
from ganzoo.spec import DataSpec, EvaluatorSpec, Field
from ganzoo.testing.check import Checks, Failure, NotApplicable
from ganzoo.testing.registration import check_registration

N, CLASSES = 120, 4
"""Samples of a split, and classes of those that have some."""


@dataclass
class EvaluatorSubject:
    """An installed evaluator."""

    registered: Registered[EvaluatorSpec]

    @cached_property
    def evaluator(self) -> Evaluator:
        """What the spec's target names.

        Raises:
            GanzooError: it is no evaluator.
        """
        evaluator: Evaluator = load_target(self.registered.spec)
        return evaluator


EVALUATOR_CHECKS = Checks[EvaluatorSubject]()


@EVALUATOR_CHECKS.check("registration")
def _registration(subject: EvaluatorSubject) -> None:
    """The plugin registers without torch and without a word."""
    check_registration(subject.registered.plugin)


@EVALUATOR_CHECKS.check("spec")
def _spec(subject: EvaluatorSubject) -> None:
    """The spec says what it looks at, which ability it judges, and links to its paper."""
    spec = subject.registered.spec
    if not spec.title.strip():
        raise Failure(f"the EvaluatorSpec '{spec.name}' has no title: say what it looks at")
    if spec.ability and spec.ability not in ABILITIES:
        raise Failure(
            f"the EvaluatorSpec '{spec.name}' judges the ability '{spec.ability}', which is none: "
            f"choose from {', '.join(ABILITIES)}"
        )
    if spec.paper and not spec.paper.startswith(("https://", "http://")):
        raise Failure(
            f"the EvaluatorSpec '{spec.name}' has the paper '{spec.paper}': give a link, or ''"
        )


@EVALUATOR_CHECKS.check("target")
def _target(subject: EvaluatorSubject) -> None:
    """The target is an instance of Evaluator."""
    if not isinstance(subject.evaluator, Evaluator):
        raise Failure(
            f"{subject.registered.spec.target} is a {type(subject.evaluator).__name__}: it must be "
            "an instance of a subclass of ganzoo.metrics.evaluator.Evaluator"
        )


@EVALUATOR_CHECKS.check("scores", needs=("target",))
def _scores(subject: EvaluatorSubject) -> None:
    """Each score says what it means and which way is better; what decides is one of them."""
    evaluator = subject.evaluator
    names = [kind.name for kind in evaluator.scores]
    if len({*names}) < len(names):
        raise Failure(f"two of its scores have one name ({', '.join(names)}): rename one")
    for kind in evaluator.scores:
        if not kind.meaning.strip() or kind.better not in (HIGHER, LOWER, ""):
            raise Failure(
                f"its score '{kind.name}' means '{kind.meaning}', and '{kind.better}' is better: "
                "say what it means, and 'higher', 'lower' or '' for neither"
            )
    deciding = [kind for kind in evaluator.scores if kind.name == evaluator.criterion]
    if evaluator.criterion and not (deciding and deciding[0].better and evaluator.quick):
        raise Failure(
            f"its criterion '{evaluator.criterion}' decides nothing: name one of its scores that "
            "has a direction, and set quick"
        )


@EVALUATOR_CHECKS.check("judging", needs=("scores",))
def _judging(subject: EvaluatorSubject) -> None:
    """Of real samples it says finite numbers, the same each time, under names that it declared."""
    spec, evaluator = subject.registered.spec, subject.evaluator
    if spec.ability != "sampler":
        raise NotApplicable("it judges no samples but what a variant does with real ones")
    exam = _real(spec.kinds[0] if spec.kinds else "image")
    if not evaluator.suits(exam):
        raise NotApplicable("the kit has no data that suit it")
    first, again = ([*evaluator.judge(exam)] for _ in range(2))
    for score in first:
        _check_score(score, {kind.name for kind in evaluator.scores})
    if [score.value for score in first] != [score.value for score in again]:
        raise Failure("it says something else each time: draw random numbers from exam.ground.seed")
    if evaluator.quick:
        for name, value in evaluator.watch(exam).items():
            if not math.isfinite(value):
                raise Failure(f"watch() says that {name} of real samples is {value}: say a number")


def _check_score(score: Score, names: set[str]) -> None:
    if score.name not in names:
        raise Failure(
            f"it says '{score.name}', which it does not declare: add it to `scores` and make it by "
            "ScoreKind.of"
        )
    for value in (score.value, score.real):
        if value is not None and not math.isfinite(value):
            raise Failure(f"it says that {score.name} of real samples is {value}: say a number")


def _real(kind: str) -> Exam:
    """Real samples in the place of drawn ones."""
    train, test, given = (_data(kind, seed) for seed in range(3))
    ground = Ground(
        train,
        test,
        (train, test),
        Amounts(N, N, N),
        torch.device("cpu"),
        0,
        "classifier",
        lambda message: None,
    )
    vars(ground)["_extractor"] = _Brightness()
    labels = given.fields.get("label")
    return Exam(ground, given=Drawn(given.tensors[given.spec.sample.name], labels))


class _Brightness:
    """Sees blurred images, and a class in how light the first channel is."""

    name, resizing = "the kit's", "none"

    def __call__(self, images: Tensor) -> Features:
        pixels = images.float() / 255
        hidden = torch.nn.functional.avg_pool2d(pixels, 4).flatten(1)
        label = (pixels[:, 0].mean((1, 2)) * CLASSES).long().clamp(max=CLASSES - 1)
        return Features(hidden, torch.nn.functional.one_hot(label, CLASSES).float())


def _data(kind: str, seed: int) -> Dataset:
    """Samples of a kind; images are lighter, and points farther on a line, with their class."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(N) % CLASSES
    names = tuple(map(str, range(CLASSES)))
    noise = torch.rand(N, 3, 8, 8, generator=generator)
    if kind == "image":
        light = (labels[:, None, None, None] + 0.3 + 0.4 * noise) * 255 / CLASSES
        return Dataset.images("the kit's", light.to(torch.uint8), labels, names)
    if kind == "point":
        modes = torch.stack((torch.linspace(-0.9, 0.9, CLASSES), torch.zeros(CLASSES)), 1)
        points = modes[labels] + 0.01 * torch.randn(N, 2, generator=generator)
        truth = Truth(modes=modes, mode_std=0.01)
        return Dataset.points("the kit's", points, labels, names, truth)
    if kind == "tokens":
        samples = torch.randint(CLASSES, (N, 8), generator=generator)
        field = Field("tokens", kind, (8,), names)
    else:
        shapes = {"volume": (1, 4, 4, 4), "video": (1, 3, 4, 4), "series": (8, 2), "table": (4,)}
        if kind not in shapes:
            raise GanzooError(f"the kit has no samples of the kind '{kind}'")
        samples = torch.rand(N, *shapes[kind], generator=generator)
        if kind in ("volume", "video"):
            samples = (255 * samples).to(torch.uint8)
        field = Field(kind, kind, shapes[kind])
    return Dataset(DataSpec(((field,),), "the kit's"), {field.name: samples})
