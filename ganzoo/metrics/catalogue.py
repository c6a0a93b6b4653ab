"""The evaluators that are installed, and which of them suit an exam."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from ganzoo.errors import GanzooError, unknown
from ganzoo.metrics.evaluator import Evaluator
from ganzoo.metrics.exam import Exam
from ganzoo.plugins.registry import registry
from ganzoo.spec import EvaluatorSpec


class Known(NamedTuple):
    """An evaluator that is installed."""

    spec: EvaluatorSpec
    evaluator: Evaluator

    def is_called(self, name: str) -> bool:
        """Whether a user who writes `name` means it, or one of its scores.

        Those of a translator are meant in every direction, ``kept``, or in one, ``a2b_kept``.
        """
        if name.replace("_", "-") == self.spec.name:
            return True
        return any(
            name == score.name
            or (self.spec.ability == "translator" and name.endswith(f"_{score.name}"))
            for score in self.evaluator.scores
        )

    def is_for(self, exam: Exam) -> bool:
        """Whether its spec's ability and kinds are those of an exam."""
        kinds = self.spec.kinds
        if kinds and exam.kind not in kinds:
            return False
        return exam.can(self.spec.ability)


def installed_evaluators() -> list[Known]:
    """All that can be used, in the order in which they judge."""
    return [Known(row.spec, row.load()) for row in registry().evaluators() if row.usable]


def check_names(names: Collection[str]) -> None:
    """See whether each name is that of an evaluator or of one of its scores.

    Raises:
        GanzooError: one is not.
    """
    if not names:
        return
    known = installed_evaluators()
    for name in names:
        if not any(each.is_called(name) for each in known):
            raise unknown("metric", name, [each.spec.name for each in known])


def suitable(exam: Exam, names: Collection[str] = ()) -> Iterator[Known]:
    """Those that can judge an exam: of those that are named, or else of all that are usual.

    Raises:
        GanzooError: one that is named lacks something that could be had.
    """
    for known in installed_evaluators():
        wanted = not names or any(known.is_called(name) for name in names)
        if not wanted or not known.is_for(exam):
            continue
        if names:
            fits = known.evaluator.suits(exam)
        else:
            try:
                fits = known.evaluator.usual(exam) and known.evaluator.suits(exam)
            except GanzooError:  # the ground knows why, for who wants to say so
                fits = False
        if fits:
            yield known
