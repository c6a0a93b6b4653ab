"""StyleGAN2's networks: beside the authors', and each part by what is known about it."""

import math
from typing import Any

import pytest
import torch
from ganzoo_stylegan.layers import BatchDeviation, EqualConv, EqualLinear, activated
from ganzoo_stylegan.resampling import LowPass
from ganzoo_stylegan.residual import StyleDiscriminator
from ganzoo_stylegan.sizes import stage_widths
from ganzoo_stylegan.synthesis import (
    Mapping,
    StyledConv,
    StyleGenerator,
    Synthesis,
    demodulation,
    modulated_conv,
)
from torch import Tensor
from torch.nn.functional import conv2d

from ganzoo import DataSpec
from ganzoo.convnets import doubled_sides


@pytest.fixture(autouse=True)
def in_float64() -> Any:
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(torch.float32)


def generator(side: int, widths: list[int], mapping: int = 2) -> StyleGenerator:
    sides = doubled_sides("any", DataSpec.images((3, side, side)))
    return StyleGenerator(Synthesis(8, widths, sides, 3), Mapping(8, mapping))


# The authors' networks (github.com/NVlabs/stylegan2-ada-pytorch at d72cc7d, without its CUDA
# operations and in float64) were given these weights and inputs: what they computed.
THEIRS = [
    (
        (16, [16, 16, 8], 2, 4, True),
        {1.0: (786.6090464481076, 268.0187875420716), 0.7: (770.1899959984349, 230.3218148763379)},
        0.23838946292625798,
        [-0.008737030618643423, -0.008733663167458824, -0.00870600935595655, -0.008710686288932488],
    ),
    (
        (32, [12, 12, 6, 3], 3, 2, False),
        {
            1.0: (-2222.298013761171, 1029.9718394324777),
            0.7: (-2181.475952175979, 1205.0466071150342),
        },
        0.23844029416447707,
        [-0.336704840840085, -0.3367048424721938, -0.3367048398629777, -0.3367048335582504],
    ),
]


def waves(count: int, speed: float) -> Tensor:
    return (torch.arange(count) * speed).to(torch.float64).sin()


@pytest.mark.parametrize(("sizes", "made", "w_mean", "judged"), THEIRS)
def test_the_networks_compute_what_the_authors_do(
    sizes: tuple[int, list[int], int, int, bool],
    made: dict[float, tuple[float, float]],
    w_mean: float,
    judged: list[float],
) -> None:
    side, widths, mapping, group, residual = sizes
    g = generator(side, widths, mapping)
    d = StyleDiscriminator(widths[::-1], (4, 4), 3, group, residual=residual)
    for net in (g, d):
        for i, param in enumerate(net.parameters()):
            param.data = 0.6 * waves_of(param, 0.7 + i)
    for i, noise in enumerate(b for name, b in g.named_buffers() if name.endswith("noise")):
        noise.copy_(waves_of(noise, 1.1 + i))
    g.mapping.w_mean.copy_(waves(8, 2.3))
    latent, image = waves(32, 1.3).view(4, 8), waves(12 * side**2, 0.37).view(4, 3, side, side)
    g.eval()
    for psi, (total, squares) in made.items():
        fake = g(latent, psi)
        assert fake.shape == image.shape
        assert fake.sum().item() == pytest.approx(total, rel=1e-10)
        assert fake.square().sum().item() == pytest.approx(squares, rel=1e-10)
    g.train()
    g.mapping(latent)
    assert g.mapping.w_mean.sum().item() == pytest.approx(w_mean, rel=1e-10)
    assert d(image).tolist() == pytest.approx(judged, rel=1e-10)


def waves_of(tensor: Tensor, speed: float) -> Tensor:
    return waves(tensor.numel(), speed).view(tensor.shape)


@pytest.mark.parametrize("kernel", [1, 3])
def test_a_modulated_convolution_is_one_with_a_kernel_for_each_sample(kernel: int) -> None:
    maps, style = torch.randn(3, 5, 6, 7), torch.randn(3, 5)
    weight = torch.randn(4, 5, kernel, kernel)
    found = modulated_conv(maps, weight, style) * demodulation(weight, style)[:, :, None, None]
    for each, s, result in zip(maps, style, found, strict=True):
        own = s[None, :, None, None] * weight  # eq. 1
        own = own / (own.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()  # eq. 3
        norms = own.square().sum((1, 2, 3))
        torch.testing.assert_close(norms, torch.ones(4), rtol=0, atol=1e-6)
        torch.testing.assert_close(result, conv2d(each[None], own, padding=kernel // 2)[0])


def test_a_layer_that_doubles_smooths_what_it_has_spread() -> None:
    layer = StyledConv(5, 4, 8, (12, 14), up=True)
    maps, w = torch.randn(2, 5, 6, 7), torch.randn(2, 8)
    style, low_pass = layer.affine(w), torch.tensor([1.0, 3, 3, 1]) / 8
    spread = torch.zeros(2, 5, 11, 13)
    spread[:, :, ::2, ::2] = maps
    # A transposed convolution is a convolution of the padded maps by the kernel turned around.
    weight = layer.weight.flip((2, 3)) * 4
    expected = []
    for each, s in zip(spread, style, strict=True):
        own = s[None, :, None, None] * weight
        found = conv2d(each[None], own, padding=2).transpose(0, 1)
        found = conv2d(found, torch.outer(low_pass, low_pass)[None, None], padding=1)
        norm = (own / 4).square().sum((1, 2, 3)).add(1e-8).sqrt()
        expected.append(found.transpose(0, 1)[0] / norm[:, None, None])
    torch.testing.assert_close(layer(maps, w), activated(torch.stack(expected)))


def test_the_low_pass_keeps_what_is_flat() -> None:
    flat = torch.ones(1, 2, 8, 8)
    low_pass = LowPass()
    assert low_pass.kernel.sum().item() == pytest.approx(1)
    for found, side in (
        (low_pass(flat, padding=1, stride=2), 4),
        (low_pass(flat, padding=2), 9),
        (low_pass.doubled(flat), 16),
    ):
        assert found.shape[-1] == side
        inner = found[..., 2:-2, 2:-2] if side > 4 else found[..., 1:-1, 1:-1]
        torch.testing.assert_close(inner, torch.ones_like(inner))


def test_weights_are_stored_at_one_scale_and_used_at_that_of_their_layer() -> None:
    unit = torch.randn(4000, 50)
    for layer, stored in ((EqualLinear(50, 500), 1.0), (EqualLinear(50, 500, rate=0.01), 100.0)):
        assert layer.weight.std().item() == pytest.approx(stored, rel=0.02)
        assert layer(unit).std().item() == pytest.approx(1, rel=0.03)
    conv = EqualConv(20, 300, 3)
    assert conv.weight.std().item() == pytest.approx(1, rel=0.02)
    inner = conv(torch.randn(20, 20, 8, 8))[..., 1:-1, 1:-1]
    assert inner.std().item() == pytest.approx(1, rel=0.05)


def test_a_layer_with_a_rate_learns_as_much_slower() -> None:
    """A step of Adam moves each stored weight by as much, and so the used one by rate as much."""
    moved = {}
    for rate in (1.0, 0.01):
        layer = EqualLinear(6, 4, rate=rate)
        features = torch.randn(9, 6)
        before = layer(features)
        optimizer = torch.optim.Adam(layer.parameters(), lr=1e-3, eps=0)
        before.sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        moved[rate] = (layer(features) - before).detach()
        ones = features.sum(0).sign() @ features.T / math.sqrt(6) + 1
        torch.testing.assert_close(moved[rate], (-1e-3 * rate * ones)[:, None].expand(9, 4))


def test_the_deviation_of_a_batch() -> None:
    maps = torch.randn(1, 3, 4, 4).expand(4, -1, -1, -1)
    found = BatchDeviation(4)(maps)
    assert found.shape == (4, 4, 4, 4)
    torch.testing.assert_close(found[:, 3], torch.full((4, 4, 4), 1e-4))
    pairs = torch.cat([maps[:2] * 0 + 1, maps[:2] * 0 - 1])
    torch.testing.assert_close(BatchDeviation(4)(pairs)[:, 3], torch.ones(4, 4, 4))


def test_sample_i_is_compared_with_those_whose_number_has_the_same_remainder() -> None:
    maps = torch.zeros(6, 1, 2, 2)
    maps[3] = 6.0  # is in a group with the sample 0, and 2 with 5
    found = BatchDeviation(2)(maps)[:, 1, 0, 0]
    torch.testing.assert_close(
        found, torch.tensor([3, 1e-4, 1e-4, 3, 1e-4, 1e-4]), atol=1e-7, rtol=0
    )
    assert BatchDeviation(4)(maps).shape == (6, 2, 2, 2)  # in groups of 3
    assert BatchDeviation(4)(maps[:1])[0, 1, 0, 0].item() == pytest.approx(1e-4)


def test_the_mean_of_w_follows_training_alone() -> None:
    mapping = Mapping(8, 2)
    latent, other = torch.randn(5, 8), torch.randn(5, 8)
    w = mapping(latent)
    expected = 0.005 * w.mean(0)
    torch.testing.assert_close(mapping.w_mean, expected)
    mapping(other, track=False)
    mapping.eval()(other)
    torch.testing.assert_close(mapping.w_mean, expected)
    torch.testing.assert_close(mapping(3 * latent), w)  # z is on a sphere


def test_truncation_brings_w_near_to_its_mean() -> None:
    g = generator(8, [8, 8])
    g.mapping.w_mean.normal_()
    g.eval()
    latent = torch.randn(2, 8)
    w = g.mapping(latent)
    torch.testing.assert_close(
        g.mapping.truncated(w, 0.7), g.mapping.w_mean + 0.7 * (w - g.mapping.w_mean)
    )
    torch.testing.assert_close(*g(latent, 0.0))
    assert not torch.allclose(*g(latent, 0.5))


def test_mixed_styles_have_their_last_layers_from_the_other_latent() -> None:
    g = generator(32, [4, 4, 4, 4])
    latent, other = torch.randn(3, 8), torch.randn(3, 8)
    g.mapping.eval()
    one, two = g.mapping(latent), g.mapping(other)
    cuts = set()
    for _ in range(100):
        ws = g.mixed(latent, other, 1.0)
        theirs = (ws == two[:, None]).all(2)
        assert (ws == torch.where(theirs[:, :, None], two[:, None], one[:, None])).all()
        assert (theirs == theirs[0]).all()  # of all samples alike
        assert theirs[0].sort().values.equal(theirs[0])
        cuts.add(8 - int(theirs[0].sum()))
    assert cuts == set(range(1, 8))
    assert (g.mixed(latent, other, 0.0) == one[:, None]).all()
    mixed = sum(bool((g.mixed(latent, other, 0.9)[:, -1] == two).all()) for _ in range(500))
    assert mixed / 500 == pytest.approx(0.9, abs=0.05)
    g.mapping.train().w_mean.zero_()
    g.mixed(latent, other, 1.0)
    torch.testing.assert_close(g.mapping.w_mean, 0.005 * one.mean(0))


def test_noise_is_new_in_training_and_the_same_in_samples() -> None:
    g = generator(8, [8, 8])
    latent = torch.randn(2, 8)
    torch.testing.assert_close(g(latent), g(latent))  # its strength is 0 at first
    for layer in (layer for layer in g.modules() if isinstance(layer, StyledConv)):
        assert layer.strength.shape == ()
        layer.strength.data.fill_(0.5)
    assert not torch.allclose(g(latent), g(latent))
    g.eval()
    assert torch.equal(g(latent), g(latent))


def test_layers_begin_with_styles_of_1() -> None:
    g = generator(8, [8, 8])
    for name, bias in g.named_parameters():
        if name.endswith("affine.bias"):
            assert torch.equal(bias, torch.ones_like(bias))


def test_widths_are_halved_with_images() -> None:
    sides = [(4 * 2**i, 4 * 2**i) for i in range(7)]
    assert stage_widths(sides, 512, 32) == [512, 512, 512, 512, 256, 128, 64]
    assert stage_widths(sides[:4], 2, 4) == [2, 1, 1, 1]
