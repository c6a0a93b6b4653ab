"""Translations between two unpaired domains, as `ganzoo.metrics.translation.scores` has them."""

from collections.abc import Iterable
from statistics import fmean

from ganzoo.abilities import Translator
from ganzoo.metrics.evaluator import JUDGES, MADE, REAL, Evaluator
from ganzoo.metrics.exam import Exam
from ganzoo.metrics.score import Score
from ganzoo.metrics.translation.scores import SCORES, between_domains, translation_scores


class Translation(Evaluator):
    """In each direction, judged by a classifier of each domain where both are labelled."""

    scores = SCORES
    looks_at = frozenset({MADE, REAL, JUDGES})
    quick = True
    criterion = "frechet"

    def suits(self, exam: Exam) -> bool:
        """Two domains; during a training with labels, since no pixel decides what is best."""
        variant = exam.variant
        if not isinstance(variant, Translator) or exam.ground.real.other is None:
            return False
        if not between_domains(variant):
            return False
        return not exam.ground.in_training or exam.ground.judges is not None

    def judge(self, exam: Exam) -> Iterable[Score]:
        ground = exam.ground
        assert exam.variant is not None
        judges = ground.judges
        ground.report(f"translating {exam.made:,} images each way")
        return translation_scores(
            exam.variant,
            ground.real,
            judges,
            n=exam.made,
            seed=ground.seed,
            train=None if ground.in_training else ground.train,
        )

    def watch(self, exam: Exam) -> dict[str, float]:
        """The means over the directions, of what is said in each."""
        assert isinstance(exam.variant, Translator)
        directions = between_domains(exam.variant)
        found: dict[str, list[float]] = {}
        for score in self.judge(exam):
            (way,) = (d.name for d in directions if score.name.startswith(f"{d.name}_"))
            found.setdefault(score.name.removeprefix(f"{way}_"), []).append(score.value)
        return {
            name: fmean(values) for name, values in found.items() if len(values) == len(directions)
        }


translation = Translation()
