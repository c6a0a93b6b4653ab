"""Whether the two images of a latent show the same."""

from collections.abc import Iterable

import torch
from torch import Tensor

from ganzoo.artifacts.pixels import to_bytes
from ganzoo.engine.device import seeded
from ganzoo.metrics.evaluator import JUDGES, REAL, SAMPLES, Evaluator
from ganzoo.metrics.exam import CHUNK, Exam
from ganzoo.metrics.features.extractor import Extractor
from ganzoo.metrics.score import HIGHER, Score, ScoreKind
from ganzoo.metrics.splits import chosen_rows
from ganzoo.metrics.translation.scores import top1
from ganzoo_cogan.variant import CoGAN

COUPLES = 1000
"""Of which the images are compared, at most."""

AGREE = ScoreKind("couples_agree", HIGHER, "share whose two images show the same class", share=True)
TOP1 = ScoreKind("couples_top1", HIGHER, "share of a's most like their own of b's", share=True)


class Couples(Evaluator):
    """Beside the share stands that of real pairs, where the two domains are of the same drawings.

    By chance a tenth of ten classes agree, and one of a thousand images is most like its own.
    """

    scores = (AGREE, TOP1)
    looks_at = frozenset({SAMPLES, REAL, JUDGES})

    def suits(self, exam: Exam) -> bool:
        return isinstance(exam.variant, CoGAN)

    def judge(self, exam: Exam) -> Iterable[Score]:
        real, judges = exam.ground.real, exam.ground.judges
        drawn = couples_of(exam, min(exam.n, COUPLES))
        pairs = None
        if real.paired and real.other is not None:
            rows = chosen_rows(len(real), len(drawn[0]), exam.ground.seed)
            pairs = real.fields["image"][rows], real.other.fields["image"][rows]
        if judges is not None and real.other is not None and real.classes == real.other.classes:
            yield AGREE.of(agreement(judges, drawn), pairs and agreement(judges, pairs))
        yield TOP1.of(top1(*drawn), pairs and top1(*pairs))


def couples_of(exam: Exam, n: int) -> tuple[Tensor, Tensor]:
    """Images of a and of b that come of the same latents, uint8 (n, channels, height, width)."""
    variant = exam.variant
    assert isinstance(variant, CoGAN)
    with torch.no_grad(), seeded(exam.ground.seed, variant.device):
        drawn = [variant.generator(z) for z in torch.split(variant.sample_latent(n), CHUNK)]
    a, b = (to_bytes(torch.cat(images)).cpu() for images in zip(*drawn, strict=True))
    return a, b


def agreement(judges: tuple[Extractor, Extractor], images: tuple[Tensor, Tensor]) -> float:
    """The share of rows in which each domain's judge sees the same class."""
    seen = []
    for judge, side in zip(judges, images, strict=True):
        probabilities = judge(side).probabilities
        assert probabilities is not None
        seen.append(probabilities.argmax(1))
    return seen[0].eq(seen[1]).double().mean().item()


couples = Couples()
