"""Softmax and boundary-seeking GANs, and all losses of this package in a game."""

import math

import pytest
import torch
from ganzoo_losses import ganzoo_register_losses
from ganzoo_losses.boundary import boundary_seeking
from ganzoo_losses.softmax import softmax
from torch import Tensor

from ganzoo.testing import check_loss

NAMES = [spec.name for spec in ganzoo_register_losses()]


@pytest.mark.parametrize("name", NAMES)
def test_each_conforms(name: str) -> None:
    check_loss(name)


def test_softmax_is_a_classification_of_the_whole_batch() -> None:
    """By probabilities: D's target is 1/m on the data, G's 1/2m on all; less log 2m."""
    real, fake = torch.randn(2, 64, dtype=torch.float64)
    p = torch.softmax(torch.cat((real, fake)), 0)
    torch.testing.assert_close(
        softmax.discriminator(real, fake) + math.log(128), -p[:64].log().mean()
    )
    torch.testing.assert_close(softmax.generator(fake, real) + math.log(128), -p.log().mean())


def test_softmax_where_d_cannot_tell() -> None:
    """Both losses of the paper are log 2m: 4.85203 for batches of 64."""
    equal = torch.full((64,), 3.0)
    for loss in (softmax.discriminator(equal, equal), softmax.generator(equal, equal)):
        assert float(loss) + math.log(128) == pytest.approx(4.85203, abs=1e-5)


def test_softmax_knows_no_level_and_does_not_overflow() -> None:
    real, fake = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 3.0])
    for shift in (7.0, 1e4, -1e4):
        torch.testing.assert_close(
            softmax.discriminator(real + shift, fake + shift),
            softmax.discriminator(real, fake),
            rtol=1e-3,
            atol=2e-3,
        )


def test_g_of_the_boundary_seeking_gan_wants_to_be_undecided_about() -> None:
    def g_loss(logit: float) -> tuple[float, float]:
        fake: Tensor = torch.tensor([logit]).requires_grad_()
        loss = boundary_seeking.generator(fake, None)
        loss.backward()
        assert fake.grad is not None
        return float(loss.detach()), float(fake.grad)

    assert g_loss(2.0) == (2.0, 2.0)
    assert g_loss(-2.0) == (2.0, -2.0)
    assert g_loss(0.0) == (0.0, 0.0)
