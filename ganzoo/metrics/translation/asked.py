"""Whether translations within one domain show the class that was asked for by a control."""

from collections.abc import Callable, Iterable
from functools import partial

from torch import Tensor

from ganzoo.abilities import Translator
from ganzoo.metrics.evaluator import FEATURES, MADE, REAL, Evaluator
from ganzoo.metrics.exam import Exam
from ganzoo.metrics.score import HIGHER, Score, ScoreKind
from ganzoo.metrics.splits import choose


class Asked(Evaluator):
    """Each class is asked for of as many images, beside how often real ones are seen right."""

    scores = (
        ScoreKind(
            "asked",
            HIGHER,
            "share of translations that show the class that was asked for",
            share=True,
        ),
    )
    looks_at = frozenset({MADE, REAL, FEATURES})

    def suits(self, exam: Exam) -> bool:
        return bool(_ways(exam)) and exam.ground.tells_classes

    def judge(self, exam: Exam) -> Iterable[Score]:
        ground = exam.ground
        variant, field = exam.variant, ground.real.spec.sample
        assert isinstance(variant, Translator)
        translate: Callable[..., Tensor] = variant.translate
        images, labels = choose(ground.real, exam.made, ground.seed)
        assert labels is not None
        classes = ground.real.classes
        real = (_seen(exam, images) == labels).double().mean().item()
        for direction, control in _ways(exam):
            right = 0
            for label, name in enumerate(classes):
                part = images[label :: len(classes)]
                if len(part):
                    asking = partial(translate, direction=direction, **{control: name})
                    made = exam.make(asking, field, field, part)
                    right += int((_seen(exam, made) == label).sum())
            yield self.scores[0].of(right / len(images), real, way=f"{direction}_{control}")


def _ways(exam: Exam) -> list[tuple[str, str]]:
    """Directions from samples to samples, and controls whose choices are the classes."""
    variant, real = exam.variant, exam.ground.real
    if not isinstance(variant, Translator) or not real.classes:
        return []
    return [
        (direction.name, name)
        for direction in variant.directions
        if direction.source == direction.target == real.spec.sample.name
        for name, control in variant.controls().items()
        if control.choices == real.classes
    ]


def _seen(exam: Exam, images: Tensor) -> Tensor:
    """The classes that the extractor takes images for: int64 (n,)."""
    found = exam.ground.extractor(images).probabilities
    assert found is not None
    return found.argmax(1)


asked = Asked()
