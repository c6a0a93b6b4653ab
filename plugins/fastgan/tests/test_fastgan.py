"""FastGAN: its networks beside the authors', its losses in closed form, and what its parts do."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from ganzoo_fastgan.discriminator import FastDiscriminator, quarters
from ganzoo_fastgan.generator import FastGenerator
from ganzoo_fastgan.layers import GLU, Conv, Excitation
from ganzoo_fastgan.sizes import Sizes
from ganzoo_fastgan.variant import FastGAN, FastGANConfig
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, normalize, relu

from ganzoo import Batch, DataSpec, GanzooError
from ganzoo.plugins.equip import equipped

SMALL = {"width": 4, "latent_dim": 8}


@pytest.fixture(autouse=True)
def in_float64() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def images(*shape: int) -> DataSpec:
    channels, height, width = shape
    return DataSpec.images((channels, height, width))


def make(data: DataSpec | None = None, **settings: Any) -> FastGAN:
    torch.manual_seed(0)
    return FastGAN(equipped(FastGANConfig(**SMALL | settings)), data or images(1, 28, 28))


def batch_of(n: int = 3, *shape: int) -> Batch:
    return Batch({"image": torch.rand(n, *(shape or (1, 28, 28))) * 2 - 1})


# The authors' networks (the README says from where) were given these weights, vectors, noise and
# inputs, in float64 and in training mode, with a width of 8 and decoders of half of it. What they
# computed, as sums of values and of squares: tanh of the image and of the smaller one; all logits;
# the whole, the smaller image and the top right quarter as D decodes them.
THEIRS: dict[int, list[tuple[float, float]]] = {
    256: [
        (-7059.36277849289, 4377.4701787233535),
        (173.52236421987692, 4458.035076540576),
        (15.114888930519575, 151.43514688318962),
        (-61461.02179613798, 46413.44981220898),
        (-946.977444901062, 7769.514134006192),
        (574.8349896147652, 15044.331033662707),
    ],
    512: [
        (2735.906536589082, 34985.429391090205),
        (-740.5832585498291, 3430.783498700078),
        (18.0892570308858, 33.25044095710294),
        (-61180.47770236143, 45559.25241905007),
        (-906.4649789284873, 7185.187960889261),
        (452.0583355021855, 13782.432557365335),
    ],
}


def waves(count: int, speed: float) -> Tensor:
    return (torch.arange(count) * speed).sin()


def fill(net: nn.Module, use: Callable[[], object]) -> None:
    """Give each layer weights by its place in the order in which they are used."""
    order: list[nn.Module] = []
    layers = [layer for layer in net.modules() if isinstance(layer, nn.BatchNorm2d | Conv)]
    layers += [layer for layer in net.modules() if isinstance(layer, nn.ConvTranspose2d)]
    hooks = [layer.register_forward_hook(lambda it, *_: order.append(it)) for layer in layers]
    with torch.no_grad():
        use()
        for hook in hooks:
            hook.remove()
        for i, layer in enumerate(order):
            weight = layer.get_parameter("weight")
            weight.copy_(waves(weight.numel(), 0.7 + i).view(weight.shape))
            if isinstance(layer, nn.BatchNorm2d):
                weight += 1
                layer.bias.copy_(waves(layer.bias.numel(), 0.3 + i))
            else:
                left = layer.get_buffer("left")
                left.copy_(normalize(waves(left.numel(), 1.1 + i) + 1.5, dim=0))


@pytest.mark.parametrize("side", THEIRS)
def test_the_networks_compute_what_the_authors_do(side: int) -> None:
    sizes, n = Sizes.of(images(3, side, side), 8), 2
    generator, discriminator = FastGenerator(4, sizes), FastDiscriminator(sizes)
    noise = [
        waves(n * height * width, 0.9).view(n, 1, height, width).expand(-1, count, -1, -1)
        for count, height, width in generator.noises.values()
    ]
    latent = torch.cat([waves(n * 4, 1.3).view(n, 4), *(each.flatten(1) for each in noise)], 1)
    image, quarter = waves(n * 3 * side**2, 0.37).view(n, 3, side, side), torch.tensor([1])
    small = discriminator.shrunk(image)
    fill(generator, lambda: generator.both(latent))
    fill(discriminator, lambda: discriminator.decoded(discriminator.look(image, small), quarter))
    with torch.no_grad():
        for name, loudness in generator.named_parameters():
            if name.endswith("loudness"):
                loudness.fill_(0.3)
        seen = discriminator.look(image, small)
        found = [*generator.both(latent), seen.logits, *discriminator.decoded(seen, quarter)]
    for each, (total, squares) in zip(found, THEIRS[side], strict=True):
        assert each.sum().item() == pytest.approx(total, rel=1e-10)
        assert each.square().sum().item() == pytest.approx(squares, rel=1e-10)


@pytest.mark.parametrize(
    ("side", "generator", "discriminator"),
    [(256, 29_127_846, 11_526_160), (512, 29_174_392, 11_526_496), (1024, 29_176_512, 11_528_192)],
)
def test_networks_of_the_authors_width_have_as_many_parameters(
    side: int, generator: int, discriminator: int
) -> None:
    sizes = Sizes.of(images(3, side, side), 64)
    with torch.device("meta"):
        nets = FastGenerator(256, sizes), FastDiscriminator(sizes)
    counts = tuple(sum(param.numel() for param in net.parameters()) for net in nets)
    assert counts == (generator, discriminator)


@pytest.mark.parametrize(
    "shape", [(1, 16, 16), (1, 28, 28), (3, 32, 48), (3, 56, 40), (3, 64, 64), (4, 128, 160)]
)
def test_both_networks_fit_other_sizes(shape: tuple[int, int, int]) -> None:
    variant = make(images(*shape), width=2)
    image, small = variant.generator.both(variant.sample_latent(2))
    assert image.shape == (2, *shape)
    assert small.shape == (2, shape[0], shape[1] // 2, shape[2] // 2)
    seen = variant.discriminator.look(image, small)
    quarter = torch.tensor([2])
    wanted = variant.discriminator.wanted(image, quarter)
    for made, like in zip(variant.discriminator.decoded(seen, quarter), wanted, strict=True):
        assert made.shape == like.shape
    assert len(variant.generator.excitations) >= 2
    assert len(variant.discriminator.excitations) >= 2


@pytest.mark.parametrize("shape", [(1, 45, 61), (3, 100, 90), (1, 8, 8), (1, 2048, 2048)])
def test_other_images_are_refused(shape: tuple[int, int, int]) -> None:
    with pytest.raises(GanzooError, match=r"4 to 7 pixels a side, doubled 2 to 8 times"):
        Sizes.of(images(*shape), 8)


def test_weights_are_divided_by_their_greatest_singular_value() -> None:
    conv = Conv(3, 6, 3)
    maps = torch.randn(1, 3, 5, 5)
    for _ in range(100):
        conv(maps)
    greatest = (torch.linalg.svdvals(conv.weight.detach().flatten(1))[0] / conv.norm()).item()
    assert greatest == pytest.approx(1, rel=1e-3)
    left = conv.left.clone()
    conv.eval()(maps)
    assert torch.equal(conv.left, left)


def test_skip_layer_excitation_is_a_factor_a_channel_and_image() -> None:
    """Eq. 1, of what the low maps are in each of 4x4 cells."""
    excitation, low, high = (
        Excitation(3, 5, (4, 4)),
        torch.randn(2, 3, 16, 16),
        torch.ones(2, 5, 8, 8),
    )
    factors = excitation(low, high)
    assert factors.std((2, 3)).max() < 1e-12
    assert factors.min() > 0
    assert factors.max() < 1
    cells = nn.functional.adaptive_avg_pool2d(low, 4)
    excitation.eval()
    torch.testing.assert_close(excitation(low, high), excitation(cells, high))


def test_gates() -> None:
    content, gate = torch.randn(2, 3, 4, 4), torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(GLU()(torch.cat([content, gate], 1)), content * gate.sigmoid())


def test_a_quarter_of_the_maps_is_that_quarter_of_the_image() -> None:
    image = torch.randn(2, 3, 32, 32)
    top_left, top_right, bottom_left, bottom_right = quarters(image)
    assert torch.equal(top_left, image[:, :, :16, :16])
    assert torch.equal(top_right, image[:, :, :16, 16:])
    assert torch.equal(bottom_left, image[:, :, 16:, :16])
    assert torch.equal(bottom_right, image[:, :, 16:, 16:])
    discriminator = FastDiscriminator(Sizes.of(images(3, 32, 32), 4))
    for number in range(4):
        quarter = torch.tensor([number])
        maps = quarters(avg_pool2d(image, 2)).index_select(0, quarter)[0]
        torch.testing.assert_close(maps, avg_pool2d(discriminator.wanted(image, quarter)[2], 2))


class Says(nn.Module):
    """A D that says given logits, of real images first, and decodes all to gray."""

    def __init__(self, *said: Tensor) -> None:
        super().__init__()
        self.said = [*said]

    def look(self, image: Tensor, small: Tensor) -> Any:
        return type("Seen", (), {"logits": self.said.pop(0)})

    def shrunk(self, image: Tensor) -> Tensor:
        return image

    def decoded(self, seen: Any, quarter: Tensor) -> tuple[Tensor, ...]:
        return tuple(torch.zeros(1) for _ in range(3))

    def wanted(self, image: Tensor, quarter: Tensor) -> tuple[Tensor, ...]:
        return tuple(torch.tensor([value]) for value in (0.5, 0.25, 0.125))


@pytest.mark.parametrize("slack", [0.0, 0.2])
def test_the_hinge_has_a_margin_that_is_drawn(slack: float) -> None:
    variant, batch = make(slack=slack, augment="none", reconstruction=2.0), batch_of()
    real, fake = torch.linspace(-2, 2, 150).view(3, 50), torch.linspace(-1.5, 2.5, 150).view(3, 50)
    variant.discriminator = Says(real, fake)  # type: ignore[assignment]
    batch.shared |= {"fake": batch.image, "seen": batch.image, "seen_small": batch.image}
    torch.manual_seed(5)
    loss = variant.discriminator_loss(batch)
    torch.manual_seed(5)
    margins = [1 - slack * torch.rand_like(real) for _ in range(2)]
    assert min(margin.min() for margin in margins) >= 1 - slack
    hinge = relu(margins[0] - real).mean() + relu(margins[1] + fake).mean()
    assert loss.item() == pytest.approx((hinge + 2.0 * 0.875).item())
    assert batch.metrics["reconstruction"].item() == pytest.approx(0.875)


def test_d_sees_the_very_images_that_g_was_judged_by_and_g_learns_nothing_of_it() -> None:
    variant, batch = make(), batch_of()
    variant.generator_loss(batch)
    assert not any(tensor.requires_grad for tensor in batch.shared.values())
    assert not torch.equal(batch.shared["seen"], batch.shared["fake"])  # they are augmented
    loss = variant.discriminator_loss(batch)
    found = torch.autograd.grad(loss, [*variant.generator.parameters()], allow_unused=True)
    assert all(gradient is None for gradient in found)


def test_another_update_of_d_has_fakes_of_its_own() -> None:
    variant, batch = make(), batch_of()
    variant.discriminator_loss(batch)
    assert {"fake", "seen", "seen_small"} <= batch.shared.keys()


def test_reconstruction_reaches_what_d_sees_with() -> None:
    variant, batch = make(augment="none"), batch_of()
    seen = variant.discriminator.look(batch.image, variant.discriminator.shrunk(batch.image))
    quarter = torch.tensor([0])
    pairs = zip(
        variant.discriminator.decoded(seen, quarter),
        variant.discriminator.wanted(batch.image, quarter),
        strict=True,
    )
    distance = torch.stack([(made - wanted).abs().mean() for made, wanted in pairs]).sum()
    stem = next(variant.discriminator.stem.parameters())
    assert torch.autograd.grad(distance, stem)[0].abs().sum() > 0


def test_d_sees_images_augmented_unless_it_is_told_otherwise() -> None:
    assert [*make().config.augment] == ["colour", "translation"]
    variant, image = make(augment="none"), batch_of().image
    assert torch.equal(variant.seen(image), image)
    assert not torch.equal(make().seen(image), image)


def test_noise_is_part_of_the_latent() -> None:
    variant = make().eval()
    assert variant.sample_latent(2).shape == (2, 8 + 2 * 14 * 14)
    with torch.no_grad():
        for up in variant.generator.ups:
            if up.loudness is not None:
                up.loudness += 1
    latent = variant.sample_latent(1)
    other = torch.cat([latent[:, :8], latent[:, 8:].flip(1)], 1)
    assert torch.equal(variant(latent), variant(latent))
    assert not torch.allclose(variant(latent), variant(other))


@pytest.mark.parametrize("settings", [{"loss": "relativistic"}, {"regulariser": "r1,lecam"}])
def test_other_losses_and_regularisers_go_with_it(settings: dict[str, str]) -> None:
    variant, batch = make(**settings), batch_of()
    assert variant.generator_loss(batch).isfinite()
    assert variant.discriminator_loss(batch).isfinite()


def test_norms_are_of_full_precision_where_the_network_is_not() -> None:
    torch.set_default_dtype(torch.float32)
    conv, maps = Conv(3, 6, 3).eval(), torch.randn(1, 3, 5, 5)
    whole = conv.norm()
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(conv.norm(), whole)
        assert conv(maps).dtype == torch.bfloat16
