"""Translations between two fields of the same samples, where it is known what is right."""

from collections.abc import Iterable
from functools import partial
from statistics import fmean
from typing import NamedTuple

from torch import Tensor

from ganzoo.abilities import Direction, Translator
from ganzoo.metrics.evaluator import MADE, REAL, Evaluator
from ganzoo.metrics.exam import Exam
from ganzoo.metrics.features.extractor import with_channels
from ganzoo.metrics.pixels.beside import MEASURES, kinds_beside, mean_of, scores_beside
from ganzoo.metrics.score import Score
from ganzoo.metrics.splits import chosen_rows

RIVALS = {"input": "the input as it is", "mean": "the mean of all that it was trained on"}


class Translated(NamedTuple):
    """What becomes of real samples in a direction, as files have them: (n, ...) each."""

    made: Tensor
    right: Tensor
    rivals: dict[str, Tensor]
    """What those of `RIVALS` make of them; of other shapes, where they cannot be of the same."""


class Pairs(Evaluator):
    """Each beside the input as it is, and beside the mean of the training's targets."""

    scores = kinds_beside("", RIVALS)
    looks_at = frozenset({MADE, REAL})
    quick = True
    criterion = "psnr"

    def suits(self, exam: Exam) -> bool:
        return bool(aligned(exam))

    def judge(self, exam: Exam) -> Iterable[Score]:
        for direction in aligned(exam):
            found = translated(exam, direction)
            yield from scores_beside(self.scores, "", *found, direction.name)

    def watch(self, exam: Exam) -> dict[str, float]:
        """The means over the directions."""
        found: dict[str, list[float]] = {}
        ways = tuple(f"{direction.name}_" for direction in aligned(exam))
        for score in self.judge(exam):
            (way,) = (way for way in ways if score.name.startswith(way))
            found.setdefault(score.name.removeprefix(way), []).append(score.value)
        return {name: fmean(found[name]) for name in MEASURES if name in found}


def translated(exam: Exam, direction: Direction) -> Translated:
    """What a translator makes of samples of the test split."""
    real, variant = exam.ground.real, exam.variant
    assert isinstance(variant, Translator)
    rows = chosen_rows(len(real), exam.made, exam.ground.seed)
    source, right = (real.tensors[name][rows] for name in (direction.source, direction.target))
    fields = real.spec.fields
    translate = partial(variant.translate, direction=direction.name)
    made = exam.make(translate, fields[direction.target], fields[direction.source], source)
    mean = mean_of(exam.ground.train, direction.target, len(rows))
    return Translated(made, right, {"input": _as_target(source, right), "mean": mean})


def _as_target(source: Tensor, right: Tensor) -> Tensor:
    """Images with the channels of the targets, where the ones or the others are gray."""
    channels = right.shape[1]
    if source.dim() == right.dim() == 4 and 1 in (channels, source.shape[1]):
        return with_channels(source, channels)
    return source


def aligned(exam: Exam) -> list[Direction]:
    """The directions from an image to another of the same sample."""
    if not isinstance(exam.variant, Translator):
        return []
    spec = exam.ground.real.spec
    groups = [{field.name for field in group} for group in spec.groups]
    return [
        each
        for each in exam.variant.directions
        if each.source != each.target
        and any({each.source, each.target} <= group for group in groups)
        and spec.fields[each.target].kind == "image"
    ]


pairs = Pairs()
