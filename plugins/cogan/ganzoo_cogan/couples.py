"""Whether the two images of a latent show the same."""

from collections.abc import Iterable

import torch
from torch import Tensor

from ganzoo.artifacts.pixels import to_bytes
from ganzoo.draws import seeded
from ganzoo.metrics.evaluator import JUDGES, REAL, SAMPLES, Evaluator
from ganzoo.metrics.exam import CHUNK, Exam
from ganzoo.metrics.features.extractor import Extractor
from ganzoo.metrics.score import HIGHER, Score, ScoreKind
from ganzoo.metrics.splits import chosen_rows
from ganzoo_cogan.variant import CoGAN

COUPLES = 1000
"""Of which the images are compared, at most."""

AGREE = ScoreKind("couples_agree", HIGHER, "share whose two images show the same class", share=True)
FOUND = ScoreKind("couples_found", HIGHER, "share of a's most like their own of b's", share=True)


class Couples(Evaluator):
    """Beside the share stands that of real pairs, where the two domains are of the same drawings.

    By chance a tenth of ten classes agree, and one of a thousand images is most like its own.
    """

    scores = (AGREE, FOUND)
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
        yield FOUND.of(found(*drawn), pairs and found(*pairs))


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


def found(a: Tensor, b: Tensor) -> float:
    """The share of images whose luminance correlates with that of their own more than with others.

    The sign does not count, as ink on paper is the opposite of chalk on a board.

    Args:
        a: uint8 (n, channels, height, width).
        b: likewise; row i of both belongs together.
    """
    standard = []
    for side in (a, b):
        rows = side.double().mean(1).flatten(1)
        rows = rows - rows.mean(1, keepdim=True)
        standard.append(rows / torch.linalg.vector_norm(rows, dim=1, keepdim=True).clamp(min=1))
    likeness = (standard[0] @ standard[1].T).abs()
    at_least = (likeness >= likeness.diagonal()[:, None]).sum(1)
    share: float = (at_least == 1).double().mean().item()
    return share


couples = Couples()
