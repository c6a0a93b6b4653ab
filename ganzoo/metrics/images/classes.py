"""Which classes a generator makes, and how clearly, as a classifier sees it."""

import torch
from torch import Tensor

COVERED = 0.03
"""Of what a class would get if all got the same. A class that is missing still gets the images that
the classifier misreads, so with few classes one image proves nothing; of 26,000 stacked digits this
is less than one of each thousandth, so that there, as in the papers, one is enough."""


def classifier_score(probabilities: Tensor) -> float:
    """Exponential of the mean KL divergence from the classes' mean shares to each sample's.

    Salimans et al. 2016, section 4 (https://arxiv.org/abs/1606.03498), who take Inception: high
    where each sample is clearly of one class and the classes are equally frequent. It knows nothing
    of the data and does not fall where a class is one image.

    Args:
        probabilities: (n, classes), each row sums to 1.

    Returns:
        From 1, where all rows are the same, to the number of classes.
    """
    rows = probabilities.double()
    whole, each = torch.special.entr(rows.mean(0)), torch.special.entr(rows)
    divergence: Tensor = whole.sum() - each.sum(1).mean()
    return divergence.exp().item()


def histogram(labels: Tensor, classes: int) -> Tensor:
    """The share of each class: float64 (classes,), of integers (n,) from 0, n at least 1."""
    return torch.bincount(labels, minlength=classes).double() / len(labels)


def kl_divergence(share: Tensor, reference: Tensor) -> float:
    """How far a distribution over classes is from a reference, in nats: ``sum p log(p / q)``.

    VEEGAN and PacGAN report it with the generator's shares first and the data's second. A class
    that the sample lacks adds nothing; one that only the sample has makes it infinite.

    Args:
        share: p, (classes,), sums to 1.
        reference: q, (classes,), sums to 1.
    """
    p, q = share.double(), reference.double()
    return (torch.xlogy(p, p) - torch.xlogy(p, q)).sum().item()


def classes_covered(labels: Tensor, classes: int) -> int:
    """How many classes got a sample, and at least 3 % of what each would get if all got the same.

    Args:
        labels: what the classifier takes each sample for; integers (n,), n at least 1.
        classes: how many there are.
    """
    counts = torch.bincount(labels, minlength=classes)
    return int((counts >= COVERED * len(labels) / classes).sum())
