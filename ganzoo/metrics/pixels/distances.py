"""How far what is made of the parts of images, or of small ones, is from images as a whole."""

from collections.abc import Callable, Iterable

from torch import Tensor

from ganzoo.metrics.evaluator import FEATURES, MADE, REAL, Evaluator
from ganzoo.metrics.exam import Exam
from ganzoo.metrics.images.frechet import frechet_distance
from ganzoo.metrics.pixels.reconstruction import BICUBIC, MEAN, enlarged, restored
from ganzoo.metrics.score import LOWER, Score, ScoreKind


class Distance(Evaluator):
    """The Fréchet distance to the very images, beside that of what rivals make.

    What is a mean of all that may have been there is like each of these, and far from all of them.
    """

    looks_at = frozenset({MADE, REAL, FEATURES})

    def __init__(
        self,
        what: str,
        rivals: dict[str, str],
        make: Callable[[Exam], tuple[Tensor, Tensor, dict[str, Tensor]]],
    ) -> None:
        """Name the scores after `what` was done; `make` gives images made, real, and of rivals."""
        meaning = "Fréchet distance of features to the images as they were"
        self.scores = (
            ScoreKind(f"{what}_frechet", LOWER, meaning),
            *(
                ScoreKind(f"{what}_{rival}_frechet", "", f"the same of {does}", rival=rival)
                for rival, does in rivals.items()
            ),
        )
        self.make = make

    def suits(self, exam: Exam) -> bool:
        """Whether there are images enough.

        Raises:
            GanzooError: there is nothing to see them with.
        """
        _ = exam.ground.extractor
        return exam.made > 1

    def judge(self, exam: Exam) -> Iterable[Score]:
        made, real, rivals = self.make(exam)
        wanted = exam.ground.images(real).hidden
        for kind, images in zip(self.scores, (made, *rivals.values()), strict=True):
            yield kind.of(frechet_distance(wanted, exam.ground.images(images).hidden))


restored_distance = Distance("restored", MEAN, restored)
enlarged_distance = Distance("enlarged", BICUBIC, enlarged)
