"""CycleGAN's networks: those of section 7.2, for images of any size."""

from collections.abc import Iterator

import pytest
import torch
from ganzoo_cyclegan.variant import CycleGAN, CycleGANConfig
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, norm
from torch import Tensor, nn

from ganzoo import DataSpec, GanzooError
from ganzoo.networks.translators import patch_discriminator, resnet_generator
from ganzoo.plugins.equip import equipped


def two_domains(shape: tuple[int, ...], name: str = "data") -> DataSpec:
    domain = DataSpec.of_shape(shape)
    return DataSpec.unpaired(domain, domain, name)


PHOTOS = two_domains((3, 256, 256))
SIDES = st.integers(16, 70)


def leaves(net: nn.Module) -> list[nn.Module]:
    return [layer for layer in net.modules() if not list(layer.children())]


def described(net: nn.Module) -> Iterator[str]:
    for layer in leaves(net):
        match layer:
            case nn.ConvTranspose2d():
                yield f"u{layer.out_channels} {layer.kernel_size[0]}/{layer.stride[0]}"
            case nn.Conv2d():
                yield f"c{layer.out_channels} {layer.kernel_size[0]}/{layer.stride[0]}"
            case nn.ReflectionPad2d():
                yield f"pad{layer.padding[0]}"
            case nn.InstanceNorm2d():
                yield "norm"
            case _:
                yield type(layer).__name__


def test_the_papers_generator() -> None:
    """c7s1-64, d128, d256, R256 nine times, u128, u64, c7s1-3, reflection padding 3 and 1."""
    block = ["pad1", "c256 3/1", "norm", "ReLU", "pad1", "c256 3/1", "norm"]
    assert [*described(resnet_generator(64, 9, PHOTOS))] == [
        "pad3", "c64 7/1", "norm", "ReLU",
        "c128 3/2", "norm", "ReLU", "c256 3/2", "norm", "ReLU",
        *block * 9,
        "u128 3/2", "norm", "ReLU", "u64 3/2", "norm", "ReLU",
        "pad3", "c3 7/1", "Tanh",
    ]  # fmt: skip


def test_the_papers_discriminator() -> None:
    """C64-C128-C256-C512, no norm in the first, a last layer of one map and nothing after it."""
    assert [*described(patch_discriminator(64, PHOTOS))] == [
        "c64 4/2", "LeakyReLU",
        "c128 4/2", "norm", "LeakyReLU", "c256 4/2", "norm", "LeakyReLU",
        "c512 4/1", "norm", "LeakyReLU", "c1 4/1",
    ]  # fmt: skip


def test_layers_are_set_as_in_the_reference() -> None:
    variant = CycleGAN(equipped(CycleGANConfig(width=2, blocks=1)), PHOTOS)
    for layer in leaves(variant):
        assert not isinstance(layer, nn.modules.batchnorm._BatchNorm)
        if isinstance(layer, nn.InstanceNorm2d):
            assert (layer.eps, layer.affine, layer.track_running_stats) == (1e-5, False, False)
        if isinstance(layer, nn.LeakyReLU):
            assert layer.negative_slope == 0.2


def test_initial_weights() -> None:
    """N(0, 0.02), and no bias."""
    torch.manual_seed(0)
    variant = CycleGAN(equipped(CycleGANConfig(width=16, blocks=2)), two_domains((3, 32, 32)))
    for layer in leaves(variant):
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            weights = layer.weight.detach().flatten()[:20_000]
            assert kstest(weights.numpy(), norm(0, 0.02).cdf).pvalue > 1e-4
            assert layer.bias is None or not layer.bias.any()


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 4), SIDES, SIDES)
@example(1, 28, 28)
@example(3, 30, 45)
@example(3, 96, 80)
@example(1, 16, 17)
def test_every_shape(channels: int, height: int, width: int) -> None:
    """An image stays as large as it is, whatever its channels: padding is not counted in them."""
    data = two_domains((channels, height, width))
    variant = CycleGAN(equipped(CycleGANConfig(width=2, blocks=1)), data)
    images = torch.rand(2, channels, height, width) * 2 - 1
    for direction in variant.directions:
        translated = variant.translate(images, direction.name)
        assert translated.shape == images.shape
        assert translated.abs().max() <= 1
    logits = variant.discriminator_a(images)
    assert logits.shape[:2] == (2, 1)
    assert min(logits.shape[2:]) >= 5


def seen(net: nn.Module, channels: int, side: int) -> tuple[int, int]:
    """The height and width of what one logit of the middle depends on, by its gradient."""
    for module in net.modules():
        for name, layer in module.named_children():
            if isinstance(layer, nn.InstanceNorm2d):  # whose mean is that of the whole map
                setattr(module, name, nn.Identity())
            elif isinstance(layer, nn.Conv2d):
                nn.init.constant_(layer.weight, 1 / layer.weight[0].numel())
    net.double()
    image = torch.rand(1, channels, side, side, dtype=torch.float64, requires_grad=True)
    logits: Tensor = net(image)
    middle = logits.shape[-1] // 2
    (grad,) = torch.autograd.grad(logits[0, 0, middle, middle], image)
    rows, columns = grad[0].abs().amax(0).nonzero().unbind(1)
    return int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1


@pytest.mark.parametrize(
    ("side", "patch"), [(256, 70), (128, 70), (56, 70), (55, 34), (28, 34), (27, 16), (16, 16)]
)
def test_receptive_field(side: int, patch: int) -> None:
    """70x70 as in the paper; the layers that smaller images are given would see less."""
    data = two_domains((3, side, side))
    net = patch_discriminator(2, data)
    assert seen(net, 3, 256) == (patch, patch)
    assert min(net(torch.rand(1, 3, side, side, dtype=torch.float64)).shape[2:]) >= 5


def test_an_image_depends_on_itself_alone() -> None:
    torch.manual_seed(0)
    variant = CycleGAN(equipped(CycleGANConfig(width=4, blocks=2)), two_domains((1, 28, 28))).eval()
    images = torch.rand(5, 1, 28, 28) * 2 - 1
    with torch.no_grad():
        alone = torch.cat([variant.translate(image[None], "a2b") for image in images])
        together = variant.translate(images, "a2b")
        torch.testing.assert_close(alone, together, rtol=0, atol=1e-5)
        assert (variant.translate(images, "b2a") - together).abs().max() > 0.01


@pytest.mark.parametrize("shape", [(1, 15, 28), (3, 64, 8)])
def test_smaller_images_are_refused_with_advice(shape: tuple[int, ...]) -> None:
    with pytest.raises(GanzooError, match=r"at least 16 pixels a side.*try --image-size 32"):
        CycleGAN(equipped(CycleGANConfig()), two_domains(shape))


def test_points_are_refused_with_advice() -> None:
    with pytest.raises(GanzooError, match=r"cyclegan needs images.*try vanilla"):
        CycleGAN(equipped(CycleGANConfig()), two_domains((2,), "ring8"))


def test_recipes() -> None:
    """The paper's network and batch of 1 from 64 pixels on, 9 blocks from 256; smaller below."""
    paper, medium, small = (
        CycleGAN.recipe(two_domains((3, side, side))) for side in (256, 128, 28)
    )
    assert (paper["blocks"], medium["blocks"], small["blocks"]) == (9, 6, 6)
    assert (paper["batch_size"], medium["batch_size"]) == (1, 1)
    assert CycleGANConfig().width == 64
    assert not {"width"} & (paper.keys() | medium.keys())
    assert small["width"] == 16


def test_images_of_multiples_of_four_pixels_keep_their_size() -> None:
    """Whatever the size of those of the training, if that is even and so is its half."""
    generator = resnet_generator(1, 1, DataSpec.images((3, 32, 64)))
    for height, width in ((32, 32), (44, 100), (20, 24)):
        image = torch.zeros(1, 3, height, width)
        assert generator(image).shape == image.shape
        assert (height % CycleGAN.multiple, width % CycleGAN.multiple) == (0, 0)
