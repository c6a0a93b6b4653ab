"""The losses of both papers, as functions of the K+1 logits: K classes and, last, "fake"."""

import torch
from torch import Tensor
from torch.nn import functional as F


def real_logit(logits: Tensor) -> Tensor:
    """log p(y <= K | x) - log p(y = K+1 | x), (n,), of logits (n, K+1): D(x) is its sigmoid."""
    return logits[:, :-1].logsumexp(1) - logits[:, -1]


def class_loss(logits: Tensor, label: Tensor) -> Tensor:
    """Salimans et al. 2016, section 5, L_supervised: -log p(y | x, y <= K), the mean of a batch.

    Args:
        logits: (n, K+1).
        label: int64 (n,) in [0, K).
    """
    return F.cross_entropy(logits[:, :-1], label)


def unlabelled_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Salimans et al. 2016, section 5, L_unsupervised: is an image real, whatever its class?

    The halves are those of the authors' code, which is the same with its K+1st logit fixed at 0.

    Args:
        real: logits (n, K+1) of images without a label.
        fake: logits (n, K+1) of samples of G.
    """
    return (F.softplus(-real_logit(real)).mean() + F.softplus(real_logit(fake)).mean()) / 2


def generator_loss(fake: Tensor) -> Tensor:
    """Odena 2016, non-saturating: -log p(y <= K | G(z)) of logits (n, K+1)."""
    return F.softplus(-real_logit(fake)).mean()


def feature_matching_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Salimans et al. 2016, section 3.1: between the *means* of features (n, units)."""
    return (real.mean(0) - fake.mean(0)).square().mean()


def class_probabilities(logits: Tensor) -> Tensor:
    """p(y | x, y <= K), (n, K), of logits (n, K+1)."""
    return torch.softmax(logits[:, :-1], 1)
