"""How well a classifier knows the classes of the data."""

from collections.abc import Iterable

import torch

from ganzoo.abilities import Classifier
from ganzoo.metrics.evaluator import Evaluator
from ganzoo.metrics.exam import Exam
from ganzoo.metrics.form import as_batch
from ganzoo.metrics.score import HIGHER, Score, ScoreKind

CHUNK = 250
"""Images classified at once."""


class Accuracy(Evaluator):
    """The share of all test images that a variant takes for what they are."""

    scores = (
        ScoreKind(
            "accuracy",
            HIGHER,
            "share of test images that the run's classifier gets right",
            share=True,
        ),
    )

    def suits(self, exam: Exam) -> bool:
        return "label" in exam.ground.real.fields

    def judge(self, exam: Exam) -> Iterable[Score]:
        variant, test = exam.variant, exam.ground.real
        assert isinstance(variant, Classifier)
        exam.ground.report("classifying the test images")
        right = 0
        for images, labels in zip(
            torch.split(test.fields["image"], CHUNK),
            torch.split(test.fields["label"], CHUNK),
            strict=True,
        ):
            floats = as_batch(test.spec.sample, images, exam.ground.device)
            with torch.no_grad():
                right += int((variant.classify(floats).argmax(1).cpu() == labels).sum())
        (kind,) = self.scores
        yield kind.of(right / len(test))


accuracy = Accuracy()
