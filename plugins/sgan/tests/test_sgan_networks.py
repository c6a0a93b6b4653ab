"""SGAN's networks: those of Salimans et al., for images of any shape, and what goes into them."""

from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from ganzoo_sgan.networks import MLPClassifier, Noise, WeightNormLinear
from ganzoo_sgan.variant import FEATURE_MATCHING, ODENA, SGAN, SGANConfig
from helpers.initial import assert_of_dcgan
from torch import nn

from ganzoo import DataSpec


def test_the_classifier_of_salimans() -> None:
    net = MLPClassifier(DataSpec.images((1, 28, 28), 10))
    linear = [layer for layer in net.modules() if isinstance(layer, WeightNormLinear)]
    sizes = [(layer.v.shape[1], layer.v.shape[0]) for layer in linear]
    assert sizes == [*pairwise((784, 1000, 500, 250, 250, 250, 10))]
    noise = [layer.std for layer in net.modules() if isinstance(layer, Noise)]
    assert noise == [0.3, 0.5, 0.5, 0.5, 0.5, 0.5]
    learned = [isinstance(layer.g, nn.Parameter) for layer in linear]
    assert learned == [False] * 5 + [True]
    assert net(torch.zeros(2, 1, 28, 28))[:, 10].tolist() == [0, 0]


def test_a_weight_norm_layer_is_torchs() -> None:
    torch.manual_seed(0)
    layer = WeightNormLinear(6, 4, 1.7).double()
    theirs = nn.utils.parametrizations.weight_norm(nn.Linear(6, 4)).double()
    with torch.no_grad():
        layer.b.normal_()
        theirs.bias.copy_(layer.b)
        theirs.parametrizations.weight.original0.fill_(1.7)
        theirs.parametrizations.weight.original1.copy_(layer.v)
    x = torch.randn(3, 6).double()
    torch.testing.assert_close(layer(x), theirs(x))


def test_units_start_with_a_variance_near_1() -> None:
    torch.manual_seed(0)
    net = MLPClassifier(DataSpec.images((1, 28, 28), 10)).train()
    x = torch.rand(500, 1, 28, 28) * 2 - 1
    stds: list[float] = []
    for layer in net.modules():
        if isinstance(layer, WeightNormLinear):
            layer.register_forward_hook(
                lambda layer, args, out: stds.append(out.std(0).mean().item())
            )
    net(x)
    assert stds[0] == pytest.approx(1, abs=0.1)
    assert all(0.5 < std < 1.5 for std in stds)


def test_noise_is_for_training() -> None:
    torch.manual_seed(0)
    layer = Noise(0.3)
    x = torch.zeros(20_000)
    assert layer(x).std() == pytest.approx(0.3, rel=0.05)
    assert layer.eval()(x) is x


def test_the_mlps_are_for_any_shape() -> None:
    for shape in ((1, 28, 28), (3, 16, 9)):
        sgan = SGAN(SGANConfig(), DataSpec.of_shape(shape, 10))
        images = sgan(sgan.sample_latent(4))
        assert images.shape == (4, *shape)
        assert -1 <= images.min() < -0.1
        assert 0.1 < images.max() <= 1
        assert sgan.classifier(images).shape == (4, 11)


def test_the_classifier_sees_each_image_by_itself(make: Callable[..., SGAN]) -> None:
    """The three kinds of image share one pass: BatchNorm would let them see each other."""
    for objective in (FEATURE_MATCHING, ODENA):
        sgan = make(objective)
        assert not [
            m for m in sgan.classifier.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)
        ]


@pytest.mark.parametrize("objective", [FEATURE_MATCHING, ODENA])
def test_batchnorm_is_torchs_own(make: Callable[..., SGAN], objective: str) -> None:
    """`BatchNorm1d(n, 0.8)` would set eps."""
    norms = [m for m in make(objective).modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    assert len(norms) == (2 if objective == FEATURE_MATCHING else 3)
    assert all((norm.eps, norm.momentum) == (1e-5, 0.1) for norm in norms)


@torch.no_grad()
@pytest.mark.parametrize("objective", [FEATURE_MATCHING, ODENA])
def test_d_ends_in_a_linear_layer(make: Callable[..., SGAN], objective: str) -> None:
    """A LeakyReLU behind it would make -1 of a logit of -5."""
    d = make(objective).classifier.eval()
    last = d.output if objective == ODENA else d.output[-1]
    logits = torch.tensor([-5.0, 5.0, -1.0, -3.0])[: 4 if objective == ODENA else 3]
    (last.weight if objective == ODENA else last.g).zero_()
    (last.bias if objective == ODENA else last.b).copy_(logits)
    found = d(torch.rand(2, 1, 28, 28))
    assert found.shape == (2, 4)
    assert found[:, : len(logits)].tolist() == [logits.tolist()] * 2


def test_odenas_networks_start_from_weights_of_002(make: Callable[..., SGAN]) -> None:
    assert assert_of_dcgan(make(ODENA)) == 12


def test_latents(make: Callable[..., SGAN]) -> None:
    low, high = make().sample_latent(1000), make(ODENA).sample_latent(1000)
    assert low.shape == high.shape == (1000, 100)
    assert 0 <= low.min() < 0.01
    assert 0.99 < low.max() <= 1
    assert -1 <= high.min() < -0.98
    assert 0.98 < high.max() <= 1
