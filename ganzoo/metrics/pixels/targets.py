"""How far translations are from the images that they should be like, as a set: by features.

Of pairs, that is, whose likeness one by one is measured in `ganzoo.metrics.pixels.pairs`.
"""

from collections.abc import Iterable
from functools import partial

from torch import Tensor

from ganzoo.metrics.evaluator import MADE, REAL, TARGETS, Evaluator
from ganzoo.metrics.exam import Exam
from ganzoo.metrics.features.extractor import Extractor
from ganzoo.metrics.images.frechet import frechet_distance
from ganzoo.metrics.pixels.pairs import RIVALS, aligned, translated
from ganzoo.metrics.score import Score, ScoreKind
from ganzoo.metrics.splits import chosen_rows
from ganzoo.metrics.translation.scores import FRECHET


class Targets(Evaluator):
    """The Fréchet distance to as many targets of other samples, beside that of the rivals."""

    scores = (
        FRECHET,
        *(
            ScoreKind(f"{rival}_frechet", "", f"the same of {does}", rival=rival)
            for rival, does in RIVALS.items()
        ),
    )
    looks_at = frozenset({MADE, REAL, TARGETS})

    def suits(self, exam: Exam) -> bool:
        """Where there is something to see targets with."""
        return bool([exam.ground.judge_of(way.target) for way in aligned(exam)])

    def judge(self, exam: Exam) -> Iterable[Score]:
        ground = exam.ground
        for way in aligned(exam):
            judge = ground.judge_of(way.target)
            found = translated(exam, way)
            # Other targets than those of the samples that are translated.
            others, control = (
                each.tensors[way.target][chosen_rows(len(each), exam.made, ground.seed + 1)]
                for each in (ground.real, ground.train)
            )
            distance = partial(_distance, judge, judge(others).hidden)
            yield FRECHET.of(distance(found.made), distance(control), way=way.name)
            for kind in self.scores[1:]:
                rival = found.rivals[kind.rival]
                if rival.shape == found.right.shape:
                    yield kind.of(distance(rival), way=way.name)


def _distance(judge: Extractor, wanted: Tensor, images: Tensor) -> float:
    return frechet_distance(wanted, judge(images).hidden)


targets = Targets()
