"""The interface of an evaluator: a way to judge what a variant has learned.

``ganzoo evaluate``, ``--evaluate-every`` and whoever reads what they write use the same ones. A
plugin registers one as an `EvaluatorSpec`, which says which kinds of data it is for and which
ability (see `ganzoo.abilities`) it judges.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping

from ganzoo.metrics.exam import Exam
from ganzoo.metrics.score import Score, ScoreKind

SAMPLES = "samples"
"""Drawn from noise."""
MADE = "made"
"""Made of real samples: translated, reconstructed, restored or enlarged."""
REAL = "real"
"""What both should be like, drawn from the split that they are compared with."""
CONTROL = "control"
"""Real samples in the place of those that are judged."""
FEATURES = "features"
"""What an extractor sees."""
JUDGES = "judges"
"""What the extractors of two domains see."""
ATTRIBUTES = "attributes"
"""Which attributes a classifier of these sees."""
TARGETS = "targets"
"""What the extractors of aligned fields see."""


class Evaluator(ABC):
    """One way to judge a variant, or samples that any program made."""

    scores: tuple[ScoreKind, ...] = ()
    """What it says; of a translator, each in every direction."""
    looks_at: frozenset[str] = frozenset()
    """What decides its scores, for the protocol: of the names above."""
    quick: bool = False
    """Whether ``--evaluate-every`` takes it, at every evaluation of a training."""
    criterion: str = ""
    """The score that decides which checkpoint is the best, where it is quick; of several evaluators
    that have one, the first decides. Empty: none."""

    def suits(self, exam: Exam) -> bool:
        """Whether it can judge this variant on these data, whose ability and kind are its spec's.

        It is asked before anything is drawn.
        """
        return True

    def usual(self, exam: Exam) -> bool:
        """Whether it is taken where nobody asks for it by name."""
        return True

    @abstractmethod
    def judge(self, exam: Exam) -> Iterable[Score]:
        """The scores, each beside that of real data where it has one."""

    def watch(self, exam: Exam) -> dict[str, float]:
        """What it says during a training, where it is quick: values by the names of scores."""
        return {score.name: score.value for score in self.judge(exam)}

    def shares(self, exam: Exam) -> Mapping[str, tuple[float, float]]:
        """By the name of each class its share of the samples, and of the data; or nothing."""
        return {}
