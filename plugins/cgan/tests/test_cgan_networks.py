"""CGAN's networks: the paper's, what the label does in each, and the data that they take."""

from typing import Any

import pytest
import torch
from ganzoo_cgan.labels import one_hot
from ganzoo_cgan.mlp import Maxout
from ganzoo_cgan.variant import CGAN, CGANConfig
from helpers.initial import assert_of_dcgan
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganzoo import DataSpec, GanzooError
from ganzoo.plugins.equip import equipped

DIGITS = DataSpec.images((1, 28, 28), 10, "digits")

WEIGHTS_OF_LABELS = {
    "mlp": ("from_label.0.weight", "from_label.linear.weight"),
    "conv": ("net.0.weight", "plane.0.weight"),
}

both = pytest.mark.parametrize("architecture", ["mlp", "conv"])


def make(architecture: str, data: DataSpec = DIGITS, **config: Any) -> CGAN:
    torch.manual_seed(1)
    return CGAN(equipped(CGANConfig(architecture=architecture, width=4, **config)), data)


def leaves(net: nn.Module) -> list[nn.Module]:
    return [layer for layer in net.modules() if not list(layer.children())]


def test_the_papers_network_for_mnist() -> None:
    """Section 4.1, in units a layer; a maxout unit is the largest of its pieces."""
    variant = make("mlp")
    linear = [layer for layer in leaves(variant.generator) if isinstance(layer, nn.Linear)]
    assert [(layer.in_features, layer.out_features) for layer in linear] == [
        (100, 200), (10, 1000), (1200, 1200), (1200, 784),
    ]  # fmt: skip
    linear = [layer for layer in leaves(variant.discriminator) if isinstance(layer, nn.Linear)]
    assert [(layer.in_features, layer.out_features) for layer in linear] == [
        (784, 240 * 5), (10, 50 * 5), (290, 240 * 4), (240, 1),
    ]  # fmt: skip
    maxouts = [layer for layer in variant.discriminator.modules() if isinstance(layer, Maxout)]
    assert [layer.pieces for layer in maxouts] == [5, 5, 4]


def test_maxout_is_the_largest_of_its_pieces() -> None:
    """Units of 3 pieces: piece j of unit i is row 2 j + i of one linear layer."""
    torch.manual_seed(0)
    maxout = Maxout(4, units=2, pieces=3)
    x = torch.randn(5, 4)
    weight, bias = maxout.linear.weight, maxout.linear.bias
    for n in range(5):
        for i in range(2):
            pieces = [weight[2 * j + i] @ x[n] + bias[2 * j + i] for j in range(3)]
            assert maxout(x)[n, i].item() == pytest.approx(max(p.item() for p in pieces), abs=1e-6)


def test_labels_are_one_hot() -> None:
    label = torch.tensor([0, 9, 3, 3])
    assert torch.equal(one_hot(label, 10), torch.eye(10)[label])


@pytest.mark.parametrize("label", [-1, 10])
@both
def test_a_label_out_of_range_is_no_condition(architecture: str, label: int) -> None:
    variant = make(architecture)
    with pytest.raises(RuntimeError, match="Class values"):
        variant(variant.sample_latent(1), torch.tensor([label]))


@both
def test_the_label_alone_changes_what_both_networks_say(architecture: str) -> None:
    variant = make(architecture).eval()
    latent = variant.sample_latent(1).expand(10, -1)
    every = torch.arange(10)
    with torch.no_grad():
        images = variant(latent, every)
        logits = variant.discriminator(images[:1].expand(10, -1, -1, -1), every)
    apart = torch.cdist(images.flatten(1), images.flatten(1)) + torch.eye(10)
    assert apart.min() > 1e-4
    assert logits.unique().numel() == 10
    assert torch.equal(logits.flip(0), logits[every.flip(0)])


@both
def test_the_loss_reaches_the_weights_of_the_labels_that_occur(architecture: str) -> None:
    variant = make(architecture)
    g_weight, d_weight = (
        dict(net.named_parameters())[name]
        for net, name in zip(
            (variant.generator, variant.discriminator), WEIGHTS_OF_LABELS[architecture], strict=True
        )
    )
    label = torch.tensor([2, 2, 5, 7])
    fake = variant(variant.sample_latent(4), label)
    loss = softplus(-variant.discriminator(fake, label)).mean()
    g_grad, d_grad = torch.autograd.grad(loss, (g_weight, d_weight))
    if architecture == "conv":
        d_grad = d_grad.T  # a row a class
    for grad in (g_grad, d_grad):
        assert grad[:, -10:].abs().sum(0).nonzero()[:, 0].tolist() == [2, 5, 7]


@both
def test_d_ends_in_a_linear_layer(architecture: str) -> None:
    """A LeakyReLU behind it would make -1 of a logit of -5, a sigmoid 0.007."""
    variant = make(architecture)
    last = [layer for layer in leaves(variant.discriminator) if isinstance(layer, nn.Linear)][-1]
    assert last.out_features == 1
    nn.init.zeros_(last.weight)
    images, labels = torch.rand(3, 1, 28, 28), torch.tensor([0, 4, 9])
    for logit in (-5.0, 5.0):
        nn.init.constant_(last.bias, logit)
        assert variant.discriminator(images, labels).tolist() == [logit] * 3


@pytest.mark.parametrize(("architecture", "count"), [("mlp", 2), ("conv", 5)])
def test_batchnorm_is_torchs_own(architecture: str, count: int) -> None:
    """`BatchNorm2d(n, 0.8)` would set eps."""
    norms = [
        layer
        for layer in leaves(make(architecture))
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)
    ]
    assert len(norms) == count
    assert all((norm.eps, norm.momentum) == (1e-5, 0.1) for norm in norms)


def test_convnets_start_from_weights_of_002() -> None:
    assert assert_of_dcgan(make("conv")) == 8


@both
def test_in_eval_mode_an_image_depends_on_its_latent_and_label_alone(architecture: str) -> None:
    variant = make(architecture)
    label = torch.arange(20) % 10
    variant(variant.sample_latent(20), label)  # running statistics
    variant.eval()
    latent = variant.sample_latent(20)
    with torch.no_grad():
        alone = torch.cat([variant(z[None], y[None]) for z, y in zip(latent, label, strict=True)])
        together = variant(latent, label)
    torch.testing.assert_close(alone, together, rtol=0, atol=1e-6)


def test_width_is_of_both_convnets() -> None:
    variant = make("conv")
    convolutions = [
        layer for layer in leaves(variant) if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
    ]
    assert [(layer.in_channels, layer.out_channels) for layer in convolutions] == [
        (16, 8), (8, 4), (4, 1), (2, 4), (4, 8), (8, 16),
    ]  # fmt: skip


@settings(deadline=None, max_examples=15)
@given(
    st.integers(1, 1000),
    st.one_of(
        st.tuples(st.integers(1, 4), st.integers(1, 40), st.integers(1, 40)),
        st.tuples(st.integers(1, 7)),
    ),
)
def test_mlps_take_every_shape(classes: int, shape: tuple[int, ...]) -> None:
    check_shapes(make("mlp", DataSpec.of_shape(shape, classes), latent_dim=3), classes)


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 1000), st.integers(1, 4), st.integers(28, 128), st.integers(28, 128))
def test_convnets_take_every_size_from_28_to_128(
    classes: int, channels: int, height: int, width: int
) -> None:
    check_shapes(make("conv", DataSpec.images((channels, height, width), classes)), classes)


def check_shapes(variant: CGAN, classes: int) -> None:
    labels = torch.tensor([0, classes // 2, classes - 1])
    samples = variant(variant.sample_latent(3), labels)
    assert samples.shape == (3, *variant.data.shape)
    assert variant.discriminator(samples, labels).shape == (3,)
    if variant.data.is_image:
        assert samples.abs().max() <= 1


@both
def test_a_thousand_classes_are_no_planes(architecture: str) -> None:
    """A class more costs weights of a layer, and no map is larger for it."""
    largest = []
    for classes in (10, 1000):
        variant = make(architecture, DataSpec.images((3, 28, 28), classes))
        label = torch.zeros(2, dtype=torch.int64)
        sizes: list[int] = []

        def measure(module: nn.Module, inputs: Any, out: Tensor, sizes: list[int] = sizes) -> None:
            sizes.append(out[0].numel())

        for layer in leaves(variant):
            layer.register_forward_hook(measure)
        variant.discriminator(variant(variant.sample_latent(2), label), label)
        largest.append(max(sizes))
    assert largest[0] == largest[1]


def test_recipe_chooses_the_architecture_by_the_data() -> None:
    for shape in [(1, 28, 28), (3, 128, 28)]:
        assert "architecture" not in CGAN.recipe(DataSpec.of_shape(shape, 10))
        assert CGANConfig().architecture == "conv"
    for shape in [(2,), (1, 27, 28), (3, 129, 64)]:
        assert CGAN.recipe(DataSpec.of_shape(shape, 10))["architecture"] == "mlp"


@pytest.mark.parametrize(
    ("data", "has"),
    [
        (DataSpec.points(2, 8, "ring8"), "points"),
        (DataSpec.images((1, 16, 28), 10, "small"), "1x16x28"),
    ],
)
def test_convnets_refuse_other_data_with_advice(data: DataSpec, has: str) -> None:
    with pytest.raises(GanzooError, match=rf"needs images of 28 to 128.*'{data.name}' has {has}"):
        make("conv", data)
