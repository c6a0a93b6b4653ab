"""Softmax GAN (Lin 2017): one classification over all samples of a batch, real and fake."""

from math import log

import torch
from torch import Tensor

from ganzoo import AdversarialLoss
from ganzoo.losses import Scores


def _log_mean_exp(real: Tensor, fake: Tensor) -> Tensor:
    """log Z, less the logarithm of how many samples there are."""
    both = torch.cat((real.flatten(), fake.flatten()))
    return both.logsumexp(0) - log(len(both))


def _discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """The probability is to be spread evenly over the samples of the data."""
    return _log_mean_exp(real, fake) - real.mean()


def _generator(fake: Tensor, real: Tensor | None) -> Tensor:
    """It is to be spread evenly over all samples."""
    assert real is not None
    return _log_mean_exp(real, fake) - torch.cat((real.flatten(), fake.flatten())).mean()


softmax = AdversarialLoss(
    _discriminator,
    _generator,
    generator_sees_real=True,
    score=lambda logits: logits,
    scores=Scores(None, probability=False),
)
"""The paper's μ is minus the logit. Both losses are the paper's less log |B|, B being the batch of
both kinds: so they are 0 where D cannot tell, whatever the batch size, and have the same gradients.
"""
