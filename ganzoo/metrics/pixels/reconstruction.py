"""What a variant makes again of real samples: by their latents, of their parts, of small ones."""

from collections.abc import Iterable
from types import EllipsisType

import torch
from torch import Tensor

from ganzoo.abilities import Encoder, Enlarger, Restorer
from ganzoo.artifacts.pixels import to_bytes, to_floats
from ganzoo.metrics.evaluator import MADE, REAL, Evaluator
from ganzoo.metrics.exam import Exam
from ganzoo.metrics.pixels.beside import ROWS, kinds_beside, mean_of, scores_beside
from ganzoo.metrics.pixels.likeness import psnr
from ganzoo.metrics.score import HIGHER, Score, ScoreKind
from ganzoo.metrics.splits import choose
from ganzoo.networks.resizing import larger, smaller

MEAN = {"mean": "the mean of all that it was trained on"}
BICUBIC = {"bicubic": "bicubic interpolation"}


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
    quick = True
    criterion = "restored_l1"

    def judge(self, exam: Exam) -> Iterable[Score]:
        made, real, rivals = restored(exam)
        hole = middle(real)
        within = {name: images[hole] for name, images in rivals.items()}
        yield from scores_beside(self.scores, "restored", made[hole], real[hole], within)

    def watch(self, exam: Exam) -> dict[str, float]:
        return {s.name: s.value for s in self.judge(exam) if "mean" not in s.name}


class Enlargement(Evaluator):
    """Of an enlarger: images made smaller, beside bicubic interpolation.

    The luminance, and a border as wide as the factor left out, is what papers compare: that of
    ITU-R BT.601, from 16 to 235.
    """

    scores = (
        *kinds_beside("enlarged", BICUBIC),
        ScoreKind("enlarged_y_psnr", HIGHER, "likeness of the luminance within a border, in dB"),
        ScoreKind(
            "enlarged_bicubic_y_psnr", "", "the same of bicubic interpolation", rival="bicubic"
        ),
    )
    looks_at = frozenset({MADE, REAL})
    quick = True
    criterion = "enlarged_psnr"

    def judge(self, exam: Exam) -> Iterable[Score]:
        assert isinstance(exam.variant, Enlarger)
        made, real, rivals = enlarged(exam)
        yield from scores_beside(self.scores, "enlarged", made, real, rivals)
        border = exam.variant.factor
        for kind, images in zip(self.scores[-2:], (made, rivals["bicubic"]), strict=True):
            yield kind.of(psnr(within(luminance(images), border), within(luminance(real), border)))

    def watch(self, exam: Exam) -> dict[str, float]:
        return {s.name: s.value for s in self.judge(exam) if "bicubic" not in s.name}


def restored(exam: Exam) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """Images whose middle a variant has made, real ones, and what rivals make; uint8."""
    variant = exam.variant
    assert isinstance(variant, Restorer)
    real, _ = choose(exam.ground.real, exam.made, exam.ground.seed)

    def restore(images: Tensor) -> Tensor:
        missing = torch.zeros_like(images[:, :1])
        missing[middle(images)] = 1
        return variant.restore(images * (1 - missing), missing)

    field = exam.ground.real.spec.sample
    made, mean = exam.make(restore, field, field, real), real.clone()
    whole = real.clone()
    whole[middle(real)] = made[middle(real)]
    mean[middle(real)] = _mean(exam, len(real))[middle(real)]
    return whole, real, {"mean": mean}


def middle(images: Tensor) -> tuple[EllipsisType, slice, slice]:
    """A half of their height and width."""
    height, width = images.shape[-2:]
    return (
        ...,
        slice(height // 4, height // 4 + height // 2),
        slice(width // 4, width // 4 + width // 2),
    )


def enlarged(exam: Exam) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """What a variant makes of images made smaller, real ones, and what rivals make; uint8."""
    variant = exam.variant
    assert isinstance(variant, Enlarger)
    real, _ = choose(exam.ground.real, exam.made, exam.ground.seed)
    factor = variant.factor
    height, width = (side - side % factor for side in real.shape[2:])
    real = real[..., :height, :width]
    field = exam.ground.real.spec.sample
    small = torch.cat(
        [to_bytes(smaller(to_floats(part), factor)) for part in torch.split(real, ROWS)]
    )
    made = exam.make(variant.enlarge, field, field, small)
    cubic = torch.cat(
        [to_bytes(larger(to_floats(part), factor)) for part in torch.split(small, ROWS)]
    )
    return made, real, {"bicubic": cubic}


def luminance(images: Tensor) -> Tensor:
    """The Y of uint8 images (n, 3, h, w), float32 from 16 to 235; of others themselves."""
    if images.shape[1] != 3:
        return images
    weights = torch.tensor([65.481, 128.553, 24.966]) / 255
    return torch.einsum("c,nchw->nhw", weights, images.float())[:, None] + 16


def within(images: Tensor, border: int) -> Tensor:
    """Images without a border, unless nothing would be left."""
    if min(images.shape[2:]) <= 2 * border:
        return images
    return images[..., border:-border, border:-border]


def _mean(exam: Exam, n: int) -> Tensor:
    train = exam.ground.train
    return mean_of(train, train.spec.sample.name, n)


reconstruction = Reconstruction()
restoration = Restoration()
enlargement = Enlargement()
