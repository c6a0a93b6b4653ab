"""What a variant makes again of real samples: by their latents, of their parts, of small ones."""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from ganzoo.abilities import Encoder, Enlarger, Restorer
from ganzoo.metrics.evaluator import MADE, REAL, Evaluator
from ganzoo.metrics.exam import Exam
from ganzoo.metrics.pixels.beside import kinds_beside, mean_of, scores_beside
from ganzoo.metrics.score import Score
from ganzoo.metrics.splits import choose

MEAN = {"mean": "the mean of all that it was trained on"}


class Reconstruction(Evaluator):
    """Of an encoder: samples, from their latents, beside the mean of the training's."""

    scores = kinds_beside("reconstruction", MEAN)
    looks_at = frozenset({MADE, REAL})
    quick = True
    criterion = "reconstruction_l1"

    def judge(self, exam: Exam) -> Iterable[Score]:
        assert isinstance(exam.variant, Encoder)
        real, _ = choose(exam.ground.real, exam.made, exam.ground.seed)
        field = exam.ground.real.spec.sample
        made = exam.make(exam.variant.reconstruct, field, field, real)
        rivals = {"mean": _mean(exam, len(real))}
        yield from scores_beside(self.scores, "reconstruction", made, real, rivals)

    def watch(self, exam: Exam) -> dict[str, float]:
        return {s.name: s.value for s in self.judge(exam) if "mean" not in s.name}


class Restoration(Evaluator):
    """Of a restorer: the middle of images, a half of their height and width, that was missing."""

    scores = kinds_beside("restored", MEAN)
    looks_at = frozenset({MADE, REAL})

    def judge(self, exam: Exam) -> Iterable[Score]:
        variant = exam.variant
        assert isinstance(variant, Restorer)
        real, _ = choose(exam.ground.real, exam.made, exam.ground.seed)
        height, width = real.shape[2:]
        hole = (
            ...,
            slice(height // 4, height // 4 + height // 2),
            slice(width // 4, width // 4 + width // 2),
        )

        def restore(images: Tensor) -> Tensor:
            missing = torch.zeros_like(images[:, :1])
            missing[hole] = 1
            return variant.restore(images * (1 - missing), missing)

        field = exam.ground.real.spec.sample
        made = exam.make(restore, field, field, real)
        rivals = {"mean": _mean(exam, len(real))[hole]}
        yield from scores_beside(self.scores, "restored", made[hole], real[hole], rivals)


class Enlargement(Evaluator):
    """Of an enlarger: images made smaller by taking means, beside bicubic interpolation."""

    scores = kinds_beside("enlarged", {"bicubic": "bicubic interpolation"})
    looks_at = frozenset({MADE, REAL})

    def judge(self, exam: Exam) -> Iterable[Score]:
        variant = exam.variant
        assert isinstance(variant, Enlarger)
        real, _ = choose(exam.ground.real, exam.made, exam.ground.seed)
        factor = variant.factor
        height, width = (side - side % factor for side in real.shape[2:])
        real = real[..., :height, :width]
        small = avg_pool2d(real.float(), factor).round().to(torch.uint8)
        field = exam.ground.real.spec.sample
        made = exam.make(variant.enlarge, field, field, small)
        cubic = interpolate(small.float(), (height, width), mode="bicubic")
        rivals = {"bicubic": cubic.round().clamp(0, 255).to(torch.uint8)}
        yield from scores_beside(self.scores, "enlarged", made, real, rivals)


def _mean(exam: Exam, n: int) -> Tensor:
    train = exam.ground.train
    return mean_of(train, train.spec.sample.name, n)


reconstruction = Reconstruction()
restoration = Restoration()
enlargement = Enlargement()
