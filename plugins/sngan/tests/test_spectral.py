"""Spectral normalisation beside numpy's singular values, and which passes move its vectors."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from ganzoo_sngan.acgan import ACGAN
from ganzoo_sngan.biggan import BigGAN
from ganzoo_sngan.projgan import ProjectionGAN
from ganzoo_sngan.sagan import SAGAN
from ganzoo_sngan.sngan import SNGAN
from ganzoo_sngan.spectral import (
    Embedding,
    SpectralConv2d,
    SpectralEmbedding,
    SpectralLinear,
    normalised,
)
from torch import Tensor, nn

from ganzoo import Batch, DataSpec
from ganzoo.plugins.equip import equipped

LAYERS: dict[str, tuple[Callable[[], nn.Module], Tensor]] = {
    "conv": (lambda: SpectralConv2d(3, 5, 3, padding=1), torch.randn(2, 3, 4, 4)),
    "linear": (lambda: SpectralLinear(6, 4), torch.randn(2, 6)),
    "embedding": (lambda: SpectralEmbedding(7, 5), torch.tensor([2, 6])),
}
every_layer = pytest.mark.parametrize("kind", [*LAYERS])


def made(kind: str) -> tuple[nn.Module, Tensor]:
    torch.manual_seed(0)
    make, given = LAYERS[kind]
    layer = make()
    return layer, given


def matrix(layer: nn.Module) -> np.ndarray:
    """Its weight as the paper has it: a row an output, all else in one."""
    weight = layer.get_parameter("weight").detach().double().numpy()
    return weight.reshape(len(weight), -1)


def sigma(layer: nn.Module) -> float:
    """By which it divides its weight now, without a step that stays."""
    weight, u = layer.get_parameter("weight"), layer.get_buffer("u")
    found = weight.detach() / normalised(weight.detach(), u, training=False)
    return found.flatten()[0].item()


@every_layer
def test_it_finds_the_largest_singular_value(kind: str) -> None:
    layer, given = made(kind)
    for _ in range(200):
        layer(given)
    largest = np.linalg.svd(matrix(layer), compute_uv=False)[0]
    assert sigma(layer) == pytest.approx(largest, rel=1e-3)
    weight = normalised(layer.get_parameter("weight"), layer.get_buffer("u"), training=False)
    norm = np.linalg.svd(weight.detach().flatten(1).numpy(), compute_uv=False)[0]
    assert 0.99 < norm < 1.01


@every_layer
def test_a_pass_in_train_mode_is_one_step_and_one_in_eval_mode_none(kind: str) -> None:
    """Algorithm 1, by numpy: v = Wᵀu / |Wᵀu|, u = W v / |W v|; there is no step but this one."""
    layer, given = made(kind)
    u = layer.get_buffer("u").double().numpy()
    for _ in range(3):
        v = matrix(layer).T @ u
        v /= np.linalg.norm(v)
        u = matrix(layer) @ v
        u /= np.linalg.norm(u)
        assert sigma(layer) == pytest.approx(u @ matrix(layer) @ v, rel=1e-5)
        layer(given)
        np.testing.assert_allclose(layer.get_buffer("u").numpy(), u, rtol=1e-4, atol=1e-6)
    layer.eval()
    before = layer.get_buffer("u").clone()
    assert torch.equal(layer(given), layer(given))
    assert torch.equal(layer.get_buffer("u"), before)


@every_layer
def test_it_computes_with_the_normalised_weight(kind: str) -> None:
    layer, given = made(kind)
    plain = {"conv": nn.Conv2d(3, 5, 3, padding=1), "linear": nn.Linear(6, 4)}.get(
        kind, Embedding(7, 5)
    )
    with torch.no_grad():
        for name, value in layer.named_parameters():
            plain.get_parameter(name).copy_(value)
        plain.get_parameter("weight").div_(sigma(layer))
        torch.testing.assert_close(layer(given), plain(given))


def test_the_gradient_is_that_at_constant_vectors() -> None:
    """Eq. 12: (G - <G, W/σ> u vᵀ) / σ for a loss whose gradient at W/σ is G."""
    torch.manual_seed(0)
    w, slope = torch.randn(2, 4, 6, dtype=torch.float64)
    weight, u = w.clone().requires_grad_(), torch.randn(4, dtype=torch.float64)
    v = w.T @ u
    v /= v.norm()
    found = normalised(weight, u, training=True)
    (gradient,) = torch.autograd.grad((found * slope).sum(), weight)
    norm = u @ w @ v
    expected = (slope - (slope * w / norm).sum() * torch.outer(u, v)) / norm
    torch.testing.assert_close(gradient, expected)


def test_the_length_of_u_means_nothing() -> None:
    """As it is of an average of networks."""
    torch.manual_seed(0)
    weight, u = torch.randn(4, 6), torch.randn(4)
    torch.testing.assert_close(
        normalised(weight, 0.01 * u, training=False), normalised(weight, u, training=False)
    )


@pytest.mark.parametrize("cls", [SNGAN, ProjectionGAN, ACGAN, SAGAN, BigGAN])
def test_each_pass_through_a_network_is_a_step_and_nothing_else_is(cls: type[SNGAN]) -> None:
    """Of D in G's turn one, in D's two, of the data and of the fakes; of G one, in its turn.

    There is none to draw a sample.
    """
    torch.manual_seed(0)
    small = {"width": 8, "generator_width": 8, "latent_dim": 16}
    data = DataSpec.images((1, 16, 16), 2)
    variant = cls(equipped(cls.Config(**small)), data)
    layers = {
        name: layer
        for name, layer in variant.named_modules()
        if "u" in dict(layer.named_buffers(recurse=False))
    }
    assert {name.partition(".")[0] for name in layers} == (
        {"generator", "discriminator"} if cls in (SAGAN, BigGAN) else {"discriminator"}
    )
    follow = {name: [layer.get_buffer("u").clone()] for name, layer in layers.items()}
    for name, steps in follow.items():
        for _ in range(3):
            steps.append(steps[-1].clone())
            normalised(layers[name].get_parameter("weight"), steps[-1], training=True)

    def assert_steps(of_g: int, of_d: int) -> None:
        for name, steps in follow.items():
            taken = of_g if name.startswith("generator") else of_d
            assert torch.equal(layers[name].get_buffer("u"), steps[taken]), name

    batch = Batch({"image": torch.randn(2, 1, 16, 16), "label": torch.arange(2)})
    variant.generator_loss(batch)
    assert_steps(1, 1)
    variant.discriminator_loss(batch)
    assert_steps(1, 3)
    variant.eval()
    variant(variant.sample_latent(2), batch.label)
    assert_steps(1, 3)
