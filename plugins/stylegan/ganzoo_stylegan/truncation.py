"""What truncation gives and what it takes (Karras et al. 2019, appendix B; 2020)."""

from collections.abc import Iterable

from ganzoo.metrics.evaluator import FEATURES, REAL, SAMPLES, Evaluator
from ganzoo.metrics.exam import Exam
from ganzoo.metrics.images.manifold import precision_recall
from ganzoo.metrics.score import Score, ScoreKind
from ganzoo_stylegan.stylegan2 import StyleGAN2

PSI = 0.5
"""At which samples are compared with those of 1."""


class TruncationTrade(Evaluator):
    """Precision and recall of Kynkäänniemi et al. 2019, of the same latents with and without."""

    scores = (
        ScoreKind(
            "precision_gain",
            "",
            f"precision at ψ = {PSI}, less that at 1",
            share=True,
        ),
        ScoreKind("recall_loss", "", f"recall at ψ = 1, less that at {PSI}", share=True),
    )
    looks_at = frozenset({SAMPLES, REAL, FEATURES})

    def suits(self, exam: Exam) -> bool:
        """Whether its samples can be truncated.

        Raises:
            GanzooError: there is nothing to see them with.
        """
        if not isinstance(exam.variant, StyleGAN2):
            return False
        _ = exam.ground.extractor
        return True

    def usual(self, exam: Exam) -> bool:
        return False

    def judge(self, exam: Exam) -> Iterable[Score]:
        (precision, recall), (truncated_precision, truncated_recall) = (
            self._judged(Exam(exam.ground, exam.variant, truncation=psi)) for psi in (1.0, PSI)
        )
        gain, loss = self.scores
        yield gain.of(truncated_precision - precision)
        yield loss.of(recall - truncated_recall)

    def _judged(self, exam: Exam) -> tuple[float, float]:
        return precision_recall(exam.ground.wanted.hidden, exam.images.hidden)


trade = TruncationTrade()
