"""Whether attributes are as they were set, and what else of an image is kept."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from statistics import fmean

import torch
from torch import Tensor

from ganzoo.abilities import Translator
from ganzoo.metrics.evaluator import ATTRIBUTES, MADE, REAL, Evaluator
from ganzoo.metrics.exam import Exam
from ganzoo.metrics.features.attributes import FIELD
from ganzoo.metrics.score import HIGHER, Score, ScoreKind
from ganzoo.metrics.splits import chosen_rows

VALUES = ("0", "1")
"""That a control of an attribute takes."""
ALL = "all"
"""What the means over the attributes are called by."""


class Changes(Evaluator):
    """Each attribute is turned over in as many test images, and a classifier says what it sees.

    The classifiers are trained on real images and know no GAN. Beside each score stands that of
    real images: how often the classifier is right about them.
    """

    scores = (
        ScoreKind("obeyed", HIGHER, "share that shows the attribute as it was set", share=True),
        ScoreKind(
            "others_kept", HIGHER, "share of the other attributes that stay as they are", share=True
        ),
        ScoreKind("class_kept", HIGHER, "share that still shows the same class", share=True),
    )
    looks_at = frozenset({MADE, REAL, ATTRIBUTES})

    def suits(self, exam: Exam) -> bool:
        return bool(_directions(exam))

    def judge(self, exam: Exam) -> Iterable[Score]:
        for direction in _directions(exam):
            yield from self._judge(exam, direction)

    def _judge(self, exam: Exam, direction: str) -> Iterator[Score]:
        ground, real = exam.ground, exam.ground.real
        rows = chosen_rows(len(real), exam.made, ground.seed)
        images, told = real.fields["image"][rows], real.fields[FIELD][rows]
        labels = real.fields["label"][rows] if real.classes else None
        judge = ground.attribute_judge
        right = (judge.sees(images) == told).double()
        class_right = None if labels is None else _shows(exam, images, labels)
        found: dict[ScoreKind, list[tuple[float, float]]] = {}
        names = real.spec.fields[FIELD].names
        for column, name in enumerate(names):
            made = _turned(exam, direction, images, told[:, column], name)
            wanted = told.clone()
            wanted[:, column] = 1 - told[:, column]
            as_wanted = (judge.sees(made) == wanted).double()
            others = [other for other in range(len(names)) if other != column]
            shares = [(as_wanted[:, column], right[:, column])]
            if others:
                shares.append((as_wanted[:, others], right[:, others]))
            kinds = [*self.scores[: len(shares)]]
            if labels is not None and class_right is not None:
                shares.append((_shows(exam, made, labels), class_right))
                kinds.append(self.scores[2])
            for kind, (there, on_real) in zip(kinds, shares, strict=True):
                pair = there.mean().item(), on_real.mean().item()
                found.setdefault(kind, []).append(pair)
                yield kind.of(*pair, way=f"{direction}_{name}")
        for kind, pairs in found.items():
            value, of_real = (fmean(side) for side in zip(*pairs, strict=True))
            yield kind.of(value, of_real, way=f"{direction}_{ALL}")


def _directions(exam: Exam) -> list[str]:
    """Those within the domain, of a variant that can be told of each attribute of the data."""
    variant, spec = exam.variant, exam.ground.real.spec
    if not isinstance(variant, Translator) or spec.domains > 1 or FIELD not in spec.fields:
        return []
    controls = variant.controls()
    if not all(
        name in controls and controls[name].choices == VALUES for name in spec.fields[FIELD].names
    ):
        return []
    sample = spec.sample.name
    return [each.name for each in variant.directions if each.source == each.target == sample]


def _turned(exam: Exam, direction: str, images: Tensor, own: Tensor, name: str) -> Tensor:
    """Images whose attribute of that name is set to the other value than their own, (n,)."""
    variant, field = exam.variant, exam.ground.real.spec.sample
    assert isinstance(variant, Translator)
    translate: Callable[..., Tensor] = variant.translate
    made = torch.empty_like(images)
    for value in VALUES:
        rows = (own != int(value)).nonzero()[:, 0]
        if len(rows):
            asking = partial(translate, direction=direction, **{name: value})
            made[rows] = exam.make(asking, field, field, images[rows])
    return made


def _shows(exam: Exam, images: Tensor, labels: Tensor) -> Tensor:
    """Which images show these classes, by the extractor: float64 (n,)."""
    found = exam.ground.extractor(images).probabilities
    assert found is not None
    return found.argmax(1).eq(labels).double()


changes = Changes()
