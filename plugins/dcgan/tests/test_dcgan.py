"""DCGAN: the rules of section 3, for every shape that it accepts."""

import pytest
import torch
from ganzoo_dcgan.variant import DCGAN, DCGANConfig
from helpers.initial import assert_of_dcgan
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, norm, uniform
from torch import nn

from ganzoo import DataSpec, GanzooError
from ganzoo.convnets import pyramid
from ganzoo.plugins.equip import equipped

SIDES = st.integers(28, 128)


def leaves(net: nn.Module) -> list[nn.Module]:
    return [layer for layer in net.modules() if not list(layer.children())]


def test_the_papers_network_for_64x64() -> None:
    """Figure 1: z -> 1024x4x4 -> 512x8x8 -> 256x16x16 -> 128x32x32 -> 3x64x64."""
    data = DataSpec.images((3, 64, 64))
    assert pyramid(data, 128)[::-1] == [
        (1024, 4, 4), (512, 8, 8), (256, 16, 16), (128, 32, 32), (3, 64, 64),
    ]  # fmt: skip
    variant = DCGAN(equipped(DCGANConfig(width=128)), data)
    names = [type(layer).__name__ for layer in leaves(variant.generator)]
    assert names == [
        "Linear", "Unflatten", *["BatchNorm2d", "ReLU", "ConvTranspose2d"] * 4, "Tanh",
    ]  # fmt: skip
    names = [type(layer).__name__ for layer in leaves(variant.discriminator)]
    assert names == [
        "Conv2d", "LeakyReLU", *["Conv2d", "BatchNorm2d", "LeakyReLU"] * 3,
        "Flatten", "Linear", "Flatten",
    ]  # fmt: skip


def test_layers_are_set_as_in_the_paper() -> None:
    variant = DCGAN(equipped(DCGANConfig()), DataSpec.images((1, 28, 28)))
    for layer in leaves(variant):
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            assert (layer.kernel_size, layer.stride) == ((5, 5), (2, 2))
        if isinstance(layer, nn.BatchNorm2d):
            assert (layer.eps, layer.momentum, layer.affine) == (1e-5, 0.1, True)
        if isinstance(layer, nn.LeakyReLU):
            assert layer.negative_slope == 0.2


def test_initial_weights() -> None:
    """N(0, 0.02), and N(1, 0.02) for the scales of BatchNorm."""
    torch.manual_seed(0)
    variant = DCGAN(equipped(DCGANConfig()), DataSpec.images((3, 64, 64)))
    assert assert_of_dcgan(variant) == 10
    norms = [layer for layer in leaves(variant) if isinstance(layer, nn.BatchNorm2d)]
    assert not any(layer.bias.any() for layer in norms)
    scales = [layer.weight.detach() for layer in norms]
    assert kstest(torch.cat(scales).numpy(), norm(1, 0.02).cdf).pvalue > 1e-4


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 4), SIDES, SIDES)
def test_every_shape_from_28_to_128(channels: int, height: int, width: int) -> None:
    data = DataSpec.images((channels, height, width))
    variant = DCGAN(equipped(DCGANConfig(width=2)), data)
    images = variant(variant.sample_latent(2))
    assert images.shape == (2, channels, height, width)
    assert images.abs().max() <= 1
    assert variant.discriminator(images).shape == (2,)
    assert 4 <= min(pyramid(data, 2)[-1][1:]) <= 6


@pytest.mark.parametrize("shape", [(1, 27, 28), (1, 28, 27), (3, 129, 64), (1, 8, 8)])
def test_other_sizes_are_refused_with_advice(shape: tuple[int, ...]) -> None:
    with pytest.raises(GanzooError, match=r"28 to 128 pixels a side.*try --image-size 64"):
        DCGAN(equipped(DCGANConfig()), DataSpec.of_shape(shape))


def test_points_are_refused_with_advice() -> None:
    with pytest.raises(GanzooError, match=r"dcgan needs images.*try vanilla"):
        DCGAN(equipped(DCGANConfig()), DataSpec.points(2, name="ring8"))


def test_latents_are_uniform() -> None:
    torch.manual_seed(0)
    latent = DCGAN(equipped(DCGANConfig(width=2)), DataSpec.images((1, 28, 28))).sample_latent(300)
    assert latent.shape == (300, 100)
    assert kstest(latent.flatten().numpy(), uniform(-1, 2).cdf).pvalue > 1e-4


def test_players_learn_as_in_the_paper() -> None:
    players = DCGAN(equipped(DCGANConfig()), DataSpec.images((1, 28, 28))).players()
    assert {name: player.nets for name, player in players.items()} == {
        "generator": ("generator",),
        "discriminator": ("discriminator",),
    }
    for player in players.values():
        assert (player.optim.lr, player.optim.betas) == (2e-4, (0.5, 0.999))
