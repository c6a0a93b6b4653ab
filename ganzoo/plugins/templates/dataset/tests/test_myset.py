"""The data set: what every one must do, and what only this one holds."""

import torch
from ganzoo_myset.dataset import draw

from ganzoo.testing import check_dataset


def test_it_conforms() -> None:
    """All that `ganzoo check myset` demands."""
    check_dataset("ganzoo-myset:myset")


def test_a_disc_has_the_area_of_a_circle() -> None:
    """A place of 1/2 is the centre; a size of 1 is a radius of 0.35 sides."""
    image = draw("disc", torch.tensor([0.5, 0.5, 1.0]), 100, 100) / 255
    assert abs(image.sum().item() / (torch.pi * 35**2) - 1) < 0.01
    assert torch.equal(image, image.flip(0))
    assert torch.equal(image, image.T)
