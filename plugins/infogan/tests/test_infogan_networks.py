"""InfoGAN's networks: the authors' for MNIST, for every size; and the matching, beside scipy's."""

import pytest
import torch
from ganzoo_infogan.matching import greatest_agreement
from ganzoo_infogan.variant import InfoGAN, InfoGANConfig
from helpers.initial import assert_of_dcgan
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from torch import nn

from ganzoo import DataSpec

SIDES = st.integers(28, 128)


def make(shape: tuple[int, int, int] = (1, 28, 28), width: int = 4) -> InfoGAN:
    torch.manual_seed(0)
    return InfoGAN(InfoGANConfig(width=width), DataSpec.images(shape, 10))


def leaves(net: nn.Module) -> list[nn.Module]:
    return [layer for layer in net.modules() if not list(layer.children())]


def test_a_width_of_64_has_the_layers_of_the_authors_code() -> None:
    variant = make(width=64)
    for net, names in {
        "trunk": ["Conv2d", "LeakyReLU", "Conv2d", "BatchNorm2d", "LeakyReLU", "Flatten",
                  "Linear", "BatchNorm1d", "LeakyReLU"],
        "discriminator": ["Linear", "Flatten"],
        "recognition": ["Linear", "BatchNorm1d", "LeakyReLU", "Linear"],
        "generator": ["Linear", "BatchNorm1d", "ReLU", "Linear", "BatchNorm1d", "ReLU",
                      "Unflatten", "ConvTranspose2d", "BatchNorm2d", "ReLU", "ConvTranspose2d",
                      "Sigmoid"],
    }.items():  # fmt: skip
        assert [type(layer).__name__ for layer in leaves(variant.get_submodule(net))] == names
    assert [tuple(param.shape) for param in variant.parameters() if param.ndim > 1] == [
        (1024, 74), (7 * 7 * 128, 1024), (128, 64, 4, 4), (64, 1, 4, 4),
        (64, 1, 4, 4), (128, 64, 4, 4), (1024, 7 * 7 * 128),
        (1, 1024),
        (128, 1024), (12, 128),
    ]  # fmt: skip


def test_layers_are_set_as_in_the_authors_code() -> None:
    for layer in leaves(make()):
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            assert (layer.kernel_size, layer.stride, layer.padding) == ((4, 4), (2, 2), (1, 1))
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            assert (layer.eps, layer.momentum, layer.affine) == (1e-5, 0.1, True)
        if isinstance(layer, nn.LeakyReLU):
            assert layer.negative_slope == 0.01


def test_initial_weights() -> None:
    assert assert_of_dcgan(make(width=16)) == 10


def test_inside_of_the_networks_pixels_are_in_0_to_1() -> None:
    variant, seen = make(), []
    variant.trunk.net.register_forward_pre_hook(lambda net, args: seen.append(args[0]))
    variant.trunk(torch.stack((torch.full((1, 28, 28), -1.0), torch.ones(1, 28, 28))))
    assert [(image.min().item(), image.max().item()) for image in seen[0]] == [(0, 0), (1, 1)]


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 4), SIDES, SIDES)
def test_every_shape_from_28_to_128(channels: int, height: int, width: int) -> None:
    variant = make((channels, height, width), width=2)
    images = variant(variant.sample_latent(3))
    assert images.shape == (3, channels, height, width)
    assert images.abs().max() <= 1
    features = variant.trunk(images)
    assert variant.discriminator(features).shape == (3,)
    assert variant.recognition(features).shape == (3, 12)


@pytest.mark.parametrize("sign", [-1, 1])
@torch.no_grad()
def test_d_ends_in_a_linear_layer(sign: int) -> None:
    head = make().discriminator
    nn.init.zeros_(head[0].weight)
    nn.init.constant_(head[0].bias, 5.0 * sign)
    assert head(torch.randn(3, 64)).tolist() == [5.0 * sign] * 3


COUNTS = st.integers(1, 7).flatmap(
    lambda columns: st.lists(
        st.lists(st.integers(0, 50), min_size=columns, max_size=columns), min_size=1, max_size=7
    )
)


@settings(deadline=None)
@given(COUNTS)
def test_the_matching_is_the_best_one(rows: list[list[int]]) -> None:
    counts = torch.tensor(rows).numpy()
    best = counts[linear_sum_assignment(counts, maximize=True)].sum()
    assert greatest_agreement(counts) == best


def test_a_greedy_matching_would_be_worse() -> None:
    assert greatest_agreement(torch.tensor([[10, 9], [9, 0]]).numpy()) == 18
