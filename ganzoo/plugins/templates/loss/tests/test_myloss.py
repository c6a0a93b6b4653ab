"""The loss: what every one must do, and its values."""

import pytest
import torch
from ganzoo_myloss.loss import loss

from ganzoo.testing import check_loss


def test_it_conforms() -> None:
    """All that `ganzoo check myloss` demands."""
    check_loss("ganzoo-myloss:myloss")


def test_values_by_hand() -> None:
    """Means of (1/2, 2) and (9/2, 2) for D, of (2, 1/2) for G."""
    real, fake = torch.tensor([2.0, -1.0]), torch.tensor([2.0, 1.0])
    assert loss.discriminator(real, fake).item() == pytest.approx(1.25 + 3.25)
    assert loss.generator(fake, None).item() == pytest.approx(1.25)


def test_nobody_can_do_better_than_this() -> None:
    """D's loss is 0 where it is always right, G's where D cannot tell."""
    ones = torch.ones(4)
    assert loss.discriminator(ones, -ones).item() == 0
    assert loss.generator(0 * ones, None).item() == 0
