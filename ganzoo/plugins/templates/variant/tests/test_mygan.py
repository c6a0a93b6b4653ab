"""MyGAN: what every variant must do, and what only this one does."""

from math import log

import pytest
import torch
from ganzoo_mygan.variant import MyGAN
from torch import nn

from ganzoo import Batch, DataSpec
from ganzoo.testing import check_variant


def test_it_conforms() -> None:
    """All that `ganzoo check mygan` demands."""
    check_variant("ganzoo-mygan:mygan")


def test_losses_of_a_discriminator_that_cannot_tell() -> None:
    """With D = 1/2 everywhere, -log D = -log(1 - D) = log 2."""
    game = MyGAN(MyGAN.Config(), DataSpec.images((1, 8, 8)))
    for parameter in game.discriminator.parameters():
        nn.init.zeros_(parameter)
    batch = Batch({"image": torch.zeros(4, 1, 8, 8)})
    assert game.generator_loss(batch).item() == pytest.approx(log(2))
    assert game.discriminator_loss(batch).item() == pytest.approx(2 * log(2))
    assert batch.metrics["real_score"].item() == pytest.approx(0.5)
    assert batch.metrics["fake_score"].item() == pytest.approx(0.5)
