"""Likeness to what is known to be right, beside that of predictors that know nothing better."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from ganzoo.data.dataset import Dataset
from ganzoo.metrics.pixels.likeness import l1, psnr, sharpness, ssim
from ganzoo.metrics.score import HIGHER, LOWER, Score, ScoreKind

MEASURES = {
    "l1": (LOWER, "mean absolute difference to what it should be", l1),
    "psnr": (HIGHER, "likeness in dB to what it should be", psnr),
    "ssim": (HIGHER, "structural similarity to what it should be (Wang 2004)", ssim),
    "sharpness": ("", "power of fine detail, as a share of that of what it should be", sharpness),
}
ROWS = 1000
"""Samples whose mean is taken at once."""


def kinds_beside(what: str, rivals: Mapping[str, str]) -> tuple[ScoreKind, ...]:
    """The kinds of scores of `scores_beside`.

    Args:
        what: begins the names of the scores; may be empty.
        rivals: who else predicts, by name, and what they do.
    """
    own = tuple(
        ScoreKind(_joined(what, name), better, meaning)
        for name, (better, meaning, _) in MEASURES.items()
    )
    others = tuple(
        ScoreKind(_joined(what, rival, name), "", f"the same of {does}", rival=rival)
        for rival, does in rivals.items()
        for name in MEASURES
    )
    return own + others


def scores_beside(
    kinds: tuple[ScoreKind, ...],
    what: str,
    made: Tensor,
    right: Tensor,
    rivals: Mapping[str, Tensor],
    way: str = "",
) -> Iterator[Score]:
    """The likeness of samples to what they should be, and that of what rivals predict.

    Args:
        kinds: as `kinds_beside` gives them.
        what: as it was given.
        made: (n, ...), as a file has them.
        right: likewise.
        rivals: what each of them predicts; those of another shape say nothing.
        way: the direction of a translation.

    Yields:
        Of images, which are uint8 (n, c, h, w), all; of other samples the absolute difference.
    """
    by_name = {kind.name: kind for kind in kinds}
    for rival, predicted in {"": made, **rivals}.items():
        if predicted.shape != right.shape:
            continue
        for name, (_, _, measure) in MEASURES.items():
            if name == "l1" or (right.dtype == torch.uint8 and right.dim() == 4):
                yield by_name[_joined(what, rival, name)].of(measure(predicted, right), way=way)


def mean_of(dataset: Dataset, field: str, n: int) -> Tensor:
    """The mean of all samples of a field `n` times, as a file has them: (n, ...)."""
    tensor = dataset.tensors[field]
    total = sum(part.double().sum(0) for part in torch.split(tensor, ROWS))
    mean = torch.as_tensor(total) / len(tensor)
    if not tensor.is_floating_point():
        mean = mean.round()
    return mean.to(tensor.dtype).expand(n, *tensor.shape[1:])


def _joined(*words: str) -> str:
    return "_".join(word for word in words if word)
