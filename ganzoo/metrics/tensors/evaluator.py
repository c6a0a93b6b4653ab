"""Distances of samples of any numbers, for data of which nothing else is known."""

from collections.abc import Iterable

from ganzoo.metrics.evaluator import CONTROL, REAL, SAMPLES, Evaluator
from ganzoo.metrics.exam import Exam
from ganzoo.metrics.score import LOWER, Score, ScoreKind
from ganzoo.metrics.tensors.distances import energy_distance, sliced_wasserstein

ENERGY = 1000
"""Samples whose distances to all others are taken, at most."""


class Distance(Evaluator):
    """Beside the distance of as many training samples."""

    scores = (
        ScoreKind(
            "sliced_wasserstein", LOWER, "mean distance of projections on lines (Rabin 2012)"
        ),
        ScoreKind("energy", LOWER, "energy distance (Székely 2013)"),
    )
    looks_at = frozenset({SAMPLES, REAL, CONTROL})
    quick = True
    criterion = "sliced_wasserstein"

    def usual(self, exam: Exam) -> bool:
        """Where neither an extractor of images nor a known mixture says more."""
        if exam.kind == "image":
            return not exam.ground.in_training and bool(exam.ground.blindness)
        return exam.ground.real.modes is None

    def judge(self, exam: Exam) -> Iterable[Score]:
        real, control = exam.ground.wanted_samples, exam.ground.control_samples
        samples = exam.drawn.samples
        for kind, distance, most in zip(
            self.scores, (sliced_wasserstein, energy_distance), (None, ENERGY), strict=True
        ):
            yield kind.of(
                distance(samples[:most], real[:most]), distance(control[:most], real[:most])
            )

    def watch(self, exam: Exam) -> dict[str, float]:
        real = exam.ground.wanted_samples
        return {"sliced_wasserstein": sliced_wasserstein(exam.drawn.samples, real)}


distance = Distance()
