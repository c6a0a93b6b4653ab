"""The least squares whose minimum is Pearson's chi2 divergence (Mao et al. 2017, section 3.2.3)."""

from torch import Tensor

from ganzoo import AdversarialLoss


def discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """D learns 1 for real samples and -1 for fakes: (D(x) - 1)^2 / 2 + (D(G(z)) + 1)^2 / 2."""
    return 0.5 * (real - 1).square().mean() + 0.5 * (fake + 1).square().mean()


def generator(fake: Tensor, real: Tensor | None) -> Tensor:
    """G seeks what D cannot tell: D(G(z))^2 / 2; `real` is None unless `generator_sees_real`."""
    return 0.5 * fake.square().mean()


def score(logits: Tensor) -> Tensor:
    """What is logged as D's verdict: its output itself, which is no probability here."""
    return logits


loss = AdversarialLoss(discriminator, generator, score=score)
"""Equation 8: a = -1, b = 1, c = 0."""
