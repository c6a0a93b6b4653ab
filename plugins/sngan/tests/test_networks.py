"""The networks beside plain functions written from the authors' files, and what each is made of.

The authors' networks are for Chainer (github.com/pfnet-research/sngan_projection at e84b1a5), which
torch does not run. The functions below were written from their files, in the order of their lines,
and are given this package's weights.
"""

import math
from typing import Any

import pytest
import torch
from ganzoo_sngan.designs import brock, miyato
from ganzoo_sngan.networks import ResNetDiscriminator, ResNetGenerator, class_norm
from ganzoo_sngan.projgan import ProjectionGAN
from ganzoo_sngan.sngan import SNGAN, SNGANConfig
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, batch_norm, conv2d, relu

from ganzoo import DataSpec
from ganzoo.convnets import doubled_sides
from ganzoo.plugins.equip import equipped

pytestmark = pytest.mark.usefixtures("in_float64")

State = dict[str, Tensor]


def waves(net: nn.Module) -> State:
    """Sines for weights, so that no two are alike; the state by name."""
    with torch.no_grad():
        for i, param in enumerate(net.parameters()):
            numbers = torch.arange(param.numel(), dtype=torch.float64)
            param.copy_((0.5 * (numbers * (0.7 + i)).sin()).view(param.shape))
    return {name: value.clone() for name, value in net.state_dict().items()}


def unpooled(x: Tensor) -> Tensor:
    """Chainer's `unpooling_2d(x, 2)`."""
    return x.repeat_interleave(2, 2).repeat_interleave(2, 3)


def conv(state: State, name: str, x: Tensor, *, spectral: bool = False) -> Tensor:
    weight = state[f"{name}.weight"]
    if spectral:
        weight = weight_bar(weight, state[f"{name}.u"])
    return conv2d(x, weight, state.get(f"{name}.bias"), padding=weight.shape[2] // 2)


def weight_bar(weight: Tensor, u: Tensor) -> Tensor:
    """`max_singular_value`, with rows for vectors as there."""
    rows = weight.reshape(len(weight), -1)
    u = u[None]
    v = u @ rows
    v = v / (v.square().sum().sqrt() + 1e-12)
    u = v @ rows.T
    u = u / (u.square().sum().sqrt() + 1e-12)
    return weight / ((u @ rows) * v).sum()


def normed(state: State, name: str, x: Tensor, y: Tensor | None) -> Tensor:
    """`CategoricalConditionalBatchNormalization`, or plain, with torch's eps."""
    if y is None:
        affine = f"{name}.batch_norm" if f"{name}.batch_norm.weight" in state else name
        weight, bias = state[f"{affine}.weight"], state[f"{affine}.bias"]
        return batch_norm(x, None, None, weight, bias, training=True)
    gamma, beta = 1 + state[f"{name}.gain.weight"][y], state[f"{name}.shift.weight"][y]
    found = batch_norm(x, None, None, training=True)
    return gamma[:, :, None, None] * found + beta[:, :, None, None]


def their_generator(state: State, z: Tensor, y: Tensor | None, smallest: tuple[int, int]) -> Tensor:
    """gen_models/resnet_32.py and resnet_64.py, and `Block` of resblocks.py."""
    h = z @ state["project.weight"].T + state["project.bias"]
    h = h.reshape(len(z), -1, *smallest)
    blocks = {name.split(".")[1] for name in state if name.startswith("blocks.")}
    for number in sorted(blocks, key=int):
        block = f"blocks.{number}"
        x = h
        h = relu(normed(state, f"{block}.norm1", h, y))
        h = conv(state, f"{block}.conv1", unpooled(h))
        h = relu(normed(state, f"{block}.norm2", h, y))
        h = conv(state, f"{block}.conv2", h)
        h = h + conv(state, f"{block}.shortcut", unpooled(x))
    h = relu(normed(state, "norm", h, None))
    return torch.tanh(conv(state, "to_image", h))


def their_discriminator(state: State, x: Tensor, y: Tensor | None, halving: list[bool]) -> Tensor:
    """dis_models/snresnet_32.py and snresnet_64.py, `OptimizedBlock` and `Block`."""

    def layer(name: str, x: Tensor) -> Tensor:
        return conv(state, f"trunk.{name}", x, spectral=True)

    h = layer("0.conv2", relu(layer("0.conv1", x)))
    h = avg_pool2d(h, 2) + layer("0.shortcut", avg_pool2d(x, 2))
    for number, halves in enumerate(halving[1:], 1):
        x = h
        h = layer(f"{number}.conv2", relu(layer(f"{number}.conv1", relu(h))))
        if f"trunk.{number}.shortcut.weight" in state:
            x = layer(f"{number}.shortcut", x)
        h = avg_pool2d(h, 2) + avg_pool2d(x, 2) if halves else h + x
    h = relu(h).sum((2, 3))
    found = h @ weight_bar(state["verdict.weight"], state["verdict.u"]).T
    found = found + state.get("verdict.bias", 0)
    if y is not None:
        table = weight_bar(state["embedding.weight"], state["embedding.u"])
        found = found + (table[y] * h).sum(1, keepdim=True)
    return found[:, 0]


@pytest.mark.parametrize(("side", "halving"), [(32, [True, True, False, False]), (64, [True] * 5)])
@pytest.mark.parametrize("classes", [0, 3])
def test_the_networks_compute_what_the_authors_do(
    side: int, halving: list[bool], classes: int
) -> None:
    torch.manual_seed(0)
    data = DataSpec.images((3, side, side), classes)
    sides = doubled_sides("sngan", data)
    design = miyato(len(sides) - 1, 4, 4)
    generator = ResNetGenerator(8, sides, design.generator, 3, class_norm(classes))
    discriminator = ResNetDiscriminator(sides, design, 3, classes)
    g_state, d_state = waves(generator), waves(discriminator)
    label = torch.arange(3) if classes else None
    latent, image = torch.randn(3, 8), torch.randn(3, 3, side, side)
    fake, logits = generator(latent, label), discriminator(image, label)
    expected = their_generator(g_state, latent, label, (4, 4))
    torch.testing.assert_close(fake, expected, rtol=1e-10, atol=1e-10)
    judged = their_discriminator(d_state, image, label, halving)
    torch.testing.assert_close(logits, judged, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    ("preset", "side", "generator", "discriminator"),
    [
        ("cifar10", 32, 4_276_739, 1_053_824),  # counted from the authors' files
        ("imagenet-64", 64, 12_220_675, 10_141_441),
    ],
)
def test_the_presets_have_as_many_parameters_as_the_authors(
    preset: str, side: int, generator: int, discriminator: int
) -> None:
    with torch.device("meta"):
        variant = SNGAN(equipped(SNGANConfig(preset=preset)), DataSpec.images((3, side, side)))
    found = [
        sum(param.numel() for param in net.parameters())
        for net in (variant.generator, variant.discriminator)
    ]
    assert found == [generator, discriminator]


def test_every_layer_of_d_is_normalised_and_none_of_g() -> None:
    """The 1x1 shortcuts and what embeds labels too."""
    variant = make(ProjectionGAN)
    kinds = {type(layer).__name__ for layer in leaves(variant.discriminator)}
    assert kinds == {"SpectralConv2d", "SpectralLinear", "SpectralEmbedding", "ReLU", "Identity"}
    assert not any("Spectral" in type(layer).__name__ for layer in variant.generator.modules())
    assert not any("Norm" in type(layer).__name__ for layer in variant.discriminator.modules())


def test_features_are_sums_over_all_places() -> None:
    """A mean would make logits 49 times as small, and with them the hinge a line."""
    variant = make(SNGAN)
    seen: list[Tensor] = []
    variant.discriminator.trunk.register_forward_hook(lambda *found: seen.append(found[2]))
    features = variant.discriminator.features(torch.randn(2, 1, 28, 28))
    assert seen[0].shape[2:] == (7, 7)
    torch.testing.assert_close(features, 49 * seen[0].mean((2, 3)))


def test_what_the_label_adds_is_an_inner_product() -> None:
    """Eq. 4: D(x, y) - D(x, y') = (v_y - v_y')ᵀ φ(x), and without labels no more than ψ."""
    variant = make(ProjectionGAN).eval()
    net = variant.discriminator
    assert net.embedding is not None
    image = torch.randn(1, 1, 28, 28).expand(10, -1, -1, -1)
    with torch.no_grad():
        logits, features = net(image, torch.arange(10)), net.features(image[:1])[0]
        vectors = net.embedding(torch.arange(10))
        psi = net.verdict(features[None])[0, 0]
    torch.testing.assert_close(logits, vectors @ features + psi)


def test_a_class_has_its_scale_and_shift() -> None:
    norm = class_norm(3)(2)
    assert norm.gain is not None
    assert norm.shift is not None
    with torch.no_grad():
        norm.gain.get_parameter("weight").copy_(torch.tensor([[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]]))
        norm.shift.get_parameter("weight").copy_(torch.tensor([[0.0, 0.0], [5.0, 6.0], [0, 0]]))
    maps = torch.randn(4, 2, 5, 5)
    plain = batch_norm(maps, None, None, training=True)
    found = norm(maps, torch.tensor([0, 1, 2, 1]))
    torch.testing.assert_close(found[0], plain[0])
    torch.testing.assert_close(found[1, 1], 3 * plain[1, 1] + 6)
    torch.testing.assert_close(found[2, 0], 4 * plain[2, 0])


def test_first_weights_are_glorots() -> None:
    """U(-a, a) with a = g sqrt(6 / (ins + outs)), g = sqrt 2 in blocks; norms stay as they are."""
    variant = make(ProjectionGAN, width=16, generator_width=16, tapered=False)
    block = variant.generator.blocks[0]
    for layer, gain, fans in (
        (block.get_submodule("conv1"), math.sqrt(2), 9 * 32),
        (block.get_submodule("shortcut"), 1.0, 32),
        (variant.discriminator.verdict, 1.0, 17),
    ):
        limit = gain * math.sqrt(6 / fans)
        weight = layer.get_parameter("weight")
        assert 0.85 * limit < weight.abs().max() <= limit
    assert not any(layer.bias.any() for layer in leaves(variant) if isinstance(layer, nn.Conv2d))
    assert not block.get_submodule("norm1.gain").get_parameter("weight").any()


def test_designs_of_larger_images() -> None:
    """ImageNet at 64 and 128 pixels, in the authors' code."""
    assert miyato(4, 64, 64).generator == (1024, 512, 256, 128, 64)
    assert miyato(4, 64, 64).discriminator == (64, 128, 256, 512, 1024)
    assert miyato(5, 64, 64).generator == (1024, 1024, 512, 256, 128, 64)
    assert miyato(5, 64, 64).discriminator == (64, 128, 256, 512, 1024, 1024)
    assert miyato(5, 64, 64).halvings == brock(5, 64, 64).halvings == 5
    assert brock(4, 128, 64).generator == (1024, 1024, 512, 256, 128)
    assert brock(4, 128, 64).discriminator == (64, 128, 256, 512, 1024)
    assert brock(3, 256, 256).generator == brock(3, 256, 256).discriminator == (256,) * 4
    assert [miyato(3, 1, 1).wide, brock(3, 1, 1).wide] == [False, True]


def test_tapered_networks() -> None:
    """Wider where maps are smaller: the default, which a CPU can train."""
    variant = make(SNGAN)
    shapes = [block.get_submodule("conv2").weight.shape[:2] for block in variant.generator.blocks]
    assert shapes == [(16, 16), (8, 8)]
    blocks = [layer for layer in variant.discriminator.trunk if not isinstance(layer, nn.ReLU)]
    assert [block.get_submodule("conv2").weight.shape[:2] for block in blocks] == [
        (8, 8),
        (16, 8),
        (32, 16),
    ]


def make(cls: type[SNGAN], **settings: Any) -> Any:
    torch.manual_seed(0)
    widths = {"width": 8, "generator_width": 8} | settings
    return cls(equipped(SNGANConfig(**widths)), DataSpec.images((1, 28, 28), 10))


def leaves(net: nn.Module) -> list[Any]:
    return [layer for layer in net.modules() if not list(layer.children())]
