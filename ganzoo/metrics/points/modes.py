"""Modes and good samples of a mixture whose truth is known."""

from collections.abc import Iterable

from ganzoo.data.made import mixtures
from ganzoo.metrics.evaluator import SAMPLES, Evaluator
from ganzoo.metrics.exam import Exam
from ganzoo.metrics.score import HIGHER, Score, ScoreKind
from ganzoo.metrics.splits import choose


class Modes(Evaluator):
    """Of points, beside what as many real ones come to."""

    scores = (
        ScoreKind("modes", HIGHER, "modes of the mixture that are there at all"),
        ScoreKind(
            "high_quality",
            HIGHER,
            "share within three standard deviations of a mode (Srivastava 2017)",
            share=True,
        ),
    )
    looks_at = frozenset({SAMPLES})
    quick = True
    criterion = "modes"

    def suits(self, exam: Exam) -> bool:
        return exam.ground.real.modes is not None

    def judge(self, exam: Exam) -> Iterable[Score]:
        real = exam.ground.real
        points, _ = choose(real, exam.n, exam.ground.seed)
        values = mixtures.covered(exam.drawn.samples, real)
        for kind, value, control in zip(
            self.scores, values, mixtures.covered(points, real), strict=True
        ):
            yield kind.of(value, control)

    def watch(self, exam: Exam) -> dict[str, float]:
        values = mixtures.covered(exam.drawn.samples, exam.ground.real)
        return {kind.name: value for kind, value in zip(self.scores, values, strict=True)}


modes = Modes()
