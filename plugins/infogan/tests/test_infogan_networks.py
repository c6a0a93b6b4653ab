"""InfoGAN's networks: the authors' for MNIST, for every size; and the matching, beside scipy's."""

import pytest
import torch
from ganzoo_infogan.matching import greatest_agreement
from ganzoo_infogan.variant import InfoGAN, InfoGANConfig
from helpers.initial import assert_of_dcgan
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad

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


State = dict[str, Tensor]


def waves(net: nn.Module) -> State:
    """Sines for weights, so that no two are alike; the state by name."""
    with torch.no_grad():
        for i, param in enumerate(net.parameters()):
            numbers = torch.arange(param.numel(), dtype=torch.float64)
            param.copy_((0.5 * (numbers * (0.7 + i)).sin()).view(param.shape))
    return {name: value.clone() for name, value in net.state_dict().items()}


def their_norm(state: State, name: str, x: Tensor) -> Tensor:
    """`conv_batch_norm` and `fc_batch_norm`, in training; maps are last there."""
    over = [dim for dim in range(x.ndim) if dim != 1]
    mean = x.mean(over, keepdim=True)
    variance = (x - mean).square().mean(over, keepdim=True)
    shape = [-1 if dim == 1 else 1 for dim in range(x.ndim)]
    gamma, beta = (state[f"{name}.{part}"].view(shape) for part in ("weight", "bias"))
    return gamma * (x - mean) / (variance + 1e-5).sqrt() + beta


def their_linear(state: State, name: str, x: Tensor) -> Tensor:
    return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]


def their_conv(state: State, name: str, x: Tensor) -> Tensor:
    """`custom_conv2d`: padding "SAME", which for an even side is a pixel at each end."""
    return conv2d(pad(x, (1, 1, 1, 1)), state[f"{name}.weight"], state[f"{name}.bias"], stride=2)


def their_deconv(state: State, name: str, x: Tensor) -> Tensor:
    """`custom_deconv2d`: the gradient of such a convolution."""
    weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
    n, _, height, width = x.shape
    large = torch.zeros(n, weight.shape[1], 2 * height, 2 * width, requires_grad=True)
    small = conv2d(pad(large, (1, 1, 1, 1)), weight, stride=2)
    (found,) = torch.autograd.grad(small, large, x)
    return found + bias[:, None, None]


def leaky_rectify(x: Tensor) -> Tensor:
    return torch.maximum(x, 0.01 * x)


def their_generator(state: State, z: Tensor, side: int) -> Tensor:
    """`generator_template` of models/regularized_gan.py, and the mean of a Bernoulli."""
    h = their_norm(state, "net.1", their_linear(state, "net.0", z)).clamp(0)
    h = their_norm(state, "net.4", their_linear(state, "net.3", h)).clamp(0)
    h = h.reshape(len(z), -1, side // 4, side // 4)
    h = their_norm(state, "net.8", their_deconv(state, "net.7", h)).clamp(0)
    return 1 / (1 + (-their_deconv(state, "net.10", h)).exp())


def their_features(state: State, x: Tensor) -> Tensor:
    """`shared_template`."""
    h = leaky_rectify(their_conv(state, "net.0", x))
    h = leaky_rectify(their_norm(state, "net.3", their_conv(state, "net.2", h)))
    h = their_linear(state, "net.6", h.reshape(len(x), -1))
    return leaky_rectify(their_norm(state, "net.7", h))


def their_codes(state: State, features: Tensor) -> Tensor:
    """`encoder_template`, beyond what it shares with D."""
    h = leaky_rectify(their_norm(state, "1", their_linear(state, "0", features)))
    return their_linear(state, "3", h)


@pytest.mark.parametrize(("width", "channels"), [(4, 1), (8, 3)])
def test_the_networks_compute_what_the_authors_do(width: int, channels: int) -> None:
    """Those of openai/InfoGAN at 09e9971, for TensorFlow 0.9, written again."""
    torch.set_default_dtype(torch.float64)
    try:
        variant = make((channels, 28, 28), width)
        nets = variant.generator, variant.trunk, variant.discriminator, variant.recognition
        g, t, d, q = (waves(net) for net in nets)
        latent, image = variant.sample_latent(5), torch.rand(5, channels, 28, 28)
        features = their_features(t, image)
        found = variant.trunk(2 * image - 1)
        for ours, theirs in (
            ((variant(latent) + 1) / 2, their_generator(g, latent, 28)),
            (found, features),
            (variant.discriminator(found), their_linear(d, "0", features)[:, 0]),
            (variant.recognition(found), their_codes(q, features)),
        ):
            torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)
    finally:
        torch.set_default_dtype(torch.float32)


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
