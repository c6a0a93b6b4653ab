"""Semantic inpainting: weights, blending, and a generator whose latent is known in closed form."""

from dataclasses import replace

import pytest
import torch
from helpers.exams import Able
from torch import Tensor

from ganzoo import DataSpec
from ganzoo.library.making import inversion
from ganzoo.library.making.inversion import Inverter, blended, importance, laplacian

SHAPE = (1, 6, 8)


def test_a_lone_missing_pixel_gives_its_neighbours_a_weight_of_one_in_49() -> None:
    """And not of 48: what is far from all that is missing counts nothing."""
    missing = torch.zeros(1, 1, 15, 15)
    missing[..., 7, 7] = 1
    weights = importance(missing)[0, 0]
    assert weights[7, 7] == 0
    near = weights[4:11, 4:11].flatten()
    assert near.sum() == pytest.approx(48 / 49)
    assert weights[7, 8].item() == pytest.approx(1 / 49)
    assert weights.sum() == pytest.approx(near.sum().item())


def test_weights_by_hand() -> None:
    torch.manual_seed(0)
    missing = (torch.rand(1, 1, 9, 11) < 0.3).float()
    weights = importance(missing)
    for row in range(9):
        for column in range(11):
            hole = missing[0, 0, max(0, row - 3) : row + 4, max(0, column - 3) : column + 4]
            expected = 0.0 if missing[0, 0, row, column] else hole.sum().item() / 49
            assert weights[0, 0, row, column].item() == pytest.approx(expected, abs=1e-6)


class Linear(Able):
    """Samples are linear in z: x = A z."""

    prior = "normal"

    def __init__(self) -> None:
        super().__init__(DataSpec.images(SHAPE))
        torch.manual_seed(3)
        self.basis = torch.randn(48, 5) / 8

    def sample_latent(self, n: int) -> Tensor:
        return torch.randn(n, 5)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return (latent @ self.basis.T).view(-1, *SHAPE)


def missing_middle() -> Tensor:
    missing = torch.zeros(1, 1, 6, 8)
    missing[..., 2:4, 2:6] = 1
    return missing


def test_a_linear_sampler_finds_what_least_squares_find(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the image is a sample, what is known has one latent: that of the normal equations."""
    variant, missing = Linear(), missing_middle()
    truth = torch.tensor([[0.5, -0.3, 0.2, 0.4, -0.6]])
    image = variant(truth)
    known = (importance(missing) > 0).flatten()
    solution = torch.linalg.lstsq(variant.basis[known], image.flatten()[known, None]).solution
    torch.testing.assert_close(solution.T, truth, rtol=0, atol=1e-4)
    monkeypatch.setattr(inversion, "RATE", 0.01)
    inverter = Inverter(variant, steps=600)
    found = inverter._found(image * (1 - missing), missing)
    torch.testing.assert_close(found, variant(solution.T), rtol=0, atol=0.02)
    whole = inverter.restore(image * (1 - missing), missing)
    torch.testing.assert_close(whole, image, rtol=0, atol=0.02)
    none = replace(inverter, steps=0)._found(image * (1 - missing), missing)
    assert (none - image).abs().max() > 0.05


def test_d_moves_the_search() -> None:
    variant, missing = Linear(), missing_middle()
    image = variant(torch.ones(1, 5)) * (1 - missing)
    alone = Inverter(variant, steps=50)._found(image, missing)
    darker = Inverter(variant, lambda made, label: 1e4 * made.sum(), 50)._found(image, missing)
    assert darker.mean() < alone.mean() - 0.05


def test_blending_is_the_solution_of_poissons_equation() -> None:
    torch.manual_seed(0)
    image, made = torch.rand(2, 3, 8, 9).double(), torch.rand(2, 3, 8, 9).double()
    missing = torch.zeros(2, 1, 8, 9).double()
    missing[0, :, 2:6, 3:7] = 1
    missing[1, :, :4, :3] = 1  # at a corner
    whole = blended(image, made, missing)
    hole = missing.expand_as(image) > 0
    assert torch.equal(whole[~hole], image[~hole])
    apart = laplacian(whole) - laplacian(made)
    torch.testing.assert_close(apart[hole], torch.zeros_like(apart[hole]), rtol=0, atol=1e-4)
    for number in range(2):
        inside = missing[number, 0].flatten().bool()
        matrix = laplacian(torch.eye(72).double().view(72, 1, 8, 9)).view(72, 72).T
        known = (image - made)[number, 0].flatten() * ~inside
        right = -(matrix @ known)[inside]
        dense = torch.linalg.solve(matrix[inside][:, inside], right)
        found = (whole - made)[number, 0].flatten()[inside]
        torch.testing.assert_close(found, dense, rtol=0, atol=1e-5)


def test_what_fits_already_is_left_as_it_is() -> None:
    image = torch.rand(1, 3, 8, 9)
    missing = torch.ones(1, 1, 8, 9)
    torch.testing.assert_close(blended(image, image, missing), image)
    missing[..., 0, 0] = 0
    other = image + 0.25  # the same differences
    torch.testing.assert_close(blended(image, other, missing), image, rtol=0, atol=1e-4)
