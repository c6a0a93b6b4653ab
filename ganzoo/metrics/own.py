"""What a variant measures of itself."""

from collections.abc import Iterable

import torch

from ganzoo.draws import seeded
from ganzoo.metrics.evaluator import Evaluator
from ganzoo.metrics.exam import Exam
from ganzoo.metrics.score import Score


class Own(Evaluator):
    """`Variant.measure` on the test split, where the networks that it needs are kept.

    A checkpoint's weights are those of the published networks: of a variant with others, the
    training alone can say what it measures, and has logged it.
    """

    def suits(self, exam: Exam) -> bool:
        variant = exam.variant
        if variant is None or not variant.held_out:
            return False
        kept = tuple(f"{net}." for net in variant.published)
        return all(name.startswith(kept) for name, _ in variant.named_parameters())

    def judge(self, exam: Exam) -> Iterable[Score]:
        assert exam.variant is not None
        with torch.no_grad(), seeded(exam.ground.seed, exam.ground.device):
            measured = exam.variant.measure(exam.ground.real)
        for name, value in measured.items():
            yield Score(name, value, "", meaning="what the variant measures of itself")


measure = Own()
