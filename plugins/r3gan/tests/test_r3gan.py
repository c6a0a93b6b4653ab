"""R3GAN: its networks beside the authors', its loss and penalties in closed form, and its order."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from ganzoo_r3gan.networks import GAIN, R3Discriminator, R3Generator, Resample, ResidualBlock
from ganzoo_r3gan.variant import R3GAN, ConditionalR3GAN, R3GANConfig, stage_sides, stage_widths
from torch import Tensor, nn

from ganzoo import Batch, DataSpec, GanzooError, Progress
from ganzoo.plugins.equip import equipped

DIGITS = DataSpec.images((1, 28, 28), 10)
SMALL = {"width": 8, "latent_dim": 4}


@pytest.fixture(autouse=True)
def in_float64() -> Any:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def make(cls: type[R3GAN] = R3GAN, data: DataSpec = DIGITS, **settings: Any) -> R3GAN:
    torch.manual_seed(0)
    return cls(equipped(R3GANConfig(**SMALL | settings)), data)


def batch_of(data: DataSpec = DIGITS, n: int = 3) -> Batch:
    return Batch({"image": torch.randn(n, *data.shape), "label": torch.arange(n)})


# The authors' networks (github.com/brownvc/R3GAN at 19a7ddf, with the reference operations in the
# place of the CUDA ones) were given these weights and inputs, in float64: what they computed.
THEIRS = [
    (
        (16, [32, 32, 16], 10),
        (-2435572.2850375967, 222742677514.84692),
        [-4.366961032588909, -10.191021671874058, 4.847005296807593],
    ),
    (
        (32, [64, 32, 32, 16], 0),
        (-17639.832605205767, 412987.2892356219),
        [29.210349300620425, 29.811932147920764, 29.357202925573418],
    ),
    (
        (16, [16, 16, 16], 0),
        (588.3897122594333, 9266.4784863232),
        [40.69432266949783, 50.05190109375007, 49.64053011049963],
    ),
]


def waves(count: int, speed: float) -> Tensor:
    return (torch.arange(count, dtype=torch.float64) * speed).sin()


@pytest.mark.parametrize(("sizes", "made", "judged"), THEIRS)
def test_the_networks_compute_what_the_authors_do(
    sizes: tuple[int, list[int], int], made: tuple[float, float], judged: list[float]
) -> None:
    side, widths, classes = sizes
    generator = R3Generator(8, widths, (4, 4), 3, 2, classes)
    discriminator = R3Discriminator(widths[::-1], (4, 4), 3, 2, classes)
    for net in (generator, discriminator):
        for i, param in enumerate(net.parameters()):
            param.data = 0.6 * waves(param.numel(), 0.7 + i).view(param.shape)
    latent, image = waves(24, 1.3).view(3, 8), waves(9 * side**2, 0.37).view(3, 3, side, side)
    fake = generator(latent, torch.arange(3))
    assert fake.shape == (3, 3, side, side)
    assert fake.sum().item() == pytest.approx(made[0], rel=1e-10)
    assert fake.square().sum().item() == pytest.approx(made[1], rel=1e-10)
    assert discriminator(image, torch.arange(3)).tolist() == pytest.approx(judged, rel=1e-10)


@pytest.mark.parametrize(
    ("preset", "side", "generator", "discriminator"),
    [
        ("cifar10", 32, 20_732_160, 20_683_776),
        ("ffhq-64", 64, 22_429_824, 22_381_440),
        ("ffhq-256", 256, 23_057_952, 23_009_568),
    ],
)
def test_the_presets_have_as_many_parameters_as_the_authors(
    preset: str, side: int, generator: int, discriminator: int
) -> None:
    with torch.device("meta"):
        variant = R3GAN(equipped(R3GANConfig(preset=preset)), DataSpec.images((3, side, side)))
    assert sum(param.numel() for param in variant.generator.parameters()) == generator
    assert sum(param.numel() for param in variant.discriminator.parameters()) == discriminator


def test_a_net_starts_as_its_trunk() -> None:
    block, maps = ResidualBlock(8, 6), torch.randn(2, 8, 5, 5)
    assert torch.equal(block(maps), maps)


def test_initial_weights() -> None:
    """N(0, g² / fan-in), g = sqrt(2 / 1.04) L^(-1/4), and 0 where a block ends."""
    torch.manual_seed(0)
    first, _, grouped, _, last = ResidualBlock(256, 8).branch
    gain = GAIN * 8**-0.25
    assert gain == pytest.approx(1.3868 * 0.5946, rel=1e-4)
    assert first.weight.std().item() == pytest.approx(gain / math.sqrt(256), rel=0.01)
    assert grouped.weight.std().item() == pytest.approx(gain / math.sqrt(16 * 9), rel=0.01)
    assert grouped.groups == 512 // 16
    assert not last.weight.any()


def test_no_layer_normalises_and_no_convolution_has_a_bias() -> None:
    for layer in make().modules():
        assert "Norm" not in type(layer).__name__
        assert getattr(layer, "bias", None) is None or type(layer).__name__ == "BiasedActivation"


@pytest.mark.parametrize("up", [True, False])
def test_resampling_keeps_what_is_flat_and_is_the_other_backwards(up: bool) -> None:
    resampled = Resample(up=up)(torch.ones(1, 2, 8, 8))
    assert resampled.shape[-1] == (16 if up else 4)
    torch.testing.assert_close(
        resampled[..., 1:-1, 1:-1], torch.ones_like(resampled)[..., 1:-1, 1:-1]
    )
    maps = torch.randn(1, 1, 8, 8, requires_grad=True)
    seen = torch.randn(1, 1, *resampled.shape[2:])
    (back,) = torch.autograd.grad(Resample(up=up)(maps), maps, seen)
    torch.testing.assert_close(back, Resample(up=not up)(seen) * (4 if up else 1 / 4))


def replace_critic(variant: R3GAN, critic: Callable[[Tensor], Tensor]) -> None:
    class Critic(nn.Module):
        def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
            return critic(image.flatten(1))

    variant.discriminator = Critic()  # type: ignore[assignment]


def test_a_constant_added_to_every_logit_changes_nothing() -> None:
    losses = []
    for offset in (0.0, 7.0):
        variant = make(gamma=3.0)
        torch.manual_seed(2)
        weight = torch.randn(28 * 28, requires_grad=True)
        replace_critic(variant, lambda flat, w=weight, c=offset: (flat**2) @ w / 99 + c)  # type: ignore[misc]
        batch = batch_of()
        d_loss, g_loss = variant.discriminator_loss(batch), variant.generator_loss(batch)
        grads = (
            torch.autograd.grad(d_loss, weight)[0],
            *torch.autograd.grad(g_loss, [*variant.generator.parameters()]),
        )
        losses.append((d_loss, g_loss, *grads))
    for one, other in zip(*losses, strict=True):
        torch.testing.assert_close(one, other)


def test_at_equal_logits_both_lose_ln_2() -> None:
    variant = make(gamma=5.0)
    replace_critic(variant, lambda flat: 0 * flat.sum(1) + 3)
    batch = batch_of()
    assert variant.discriminator_loss(batch).item() == pytest.approx(math.log(2))
    assert variant.generator_loss(batch).item() == pytest.approx(math.log(2))
    assert batch.metrics["gap"].item() == 0


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_the_penalty_of_a_quadratic_critic_seen_through_an_augmentation(factor: float) -> None:
    """C(x) = ½ xᵀAx + bᵀx: the slope is Ax + b; of C(kx) with respect to x it is k(kAx + b)."""
    variant, batch = make(gamma=4.0), batch_of(n=5)
    generator = torch.Generator().manual_seed(3)
    root = torch.randn(784, 784, generator=generator) / 28
    matrix, bias = root + root.T, torch.randn(784, generator=generator)
    replace_critic(variant, lambda flat: ((flat @ matrix) * flat).sum(1) / 2 + flat @ bias)
    variant.augmentations["scale"] = Scaled(factor)
    seen: list[Tensor] = []
    variant.draw = lambda batch: seen.append(batch.image.flip(0) * 2) or seen[-1]  # type: ignore[method-assign,assignment,func-returns-value]
    loss = variant.discriminator_loss(batch)
    penalties = []
    for sample in (batch.image, seen[0]):
        slope = factor * (factor * sample.flatten(1) @ matrix + bias)
        penalties.append(slope.square().sum(1))
    assert batch.metrics["r1"].item() == pytest.approx(penalties[0].mean().item())
    assert batch.metrics["r2"].item() == pytest.approx(penalties[1].mean().item())
    real, fake = (
        ((flat @ matrix) * flat).sum(1) / 2 + flat @ bias
        for flat in (factor * batch.image.flatten(1), factor * seen[0].flatten(1))
    )
    expected = torch.log1p((fake - real).exp()) + 4.0 / 2 * (penalties[0] + penalties[1])
    assert loss.item() == pytest.approx(expected.mean().item())


class Scaled(nn.Module):
    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, sample: Tensor) -> Tensor:
        return self.factor * sample


def test_the_gradient_of_the_penalty_reaches_the_weights_of_d() -> None:
    """A penalty that is detached is a constant: with and without it the gradients would agree."""
    grads = []
    for gamma in (0.0, 10.0):
        variant = make(gamma=gamma)
        for param in variant.discriminator.parameters():
            param.data += 0.05 * waves(param.numel(), 1.7).view(param.shape)
        torch.manual_seed(1)
        loss = variant.discriminator_loss(batch_of())
        grads.append(torch.autograd.grad(loss, [*variant.discriminator.parameters()]))
    assert any(not torch.allclose(one, other) for one, other in zip(*grads, strict=True))


def test_d_moves_first_and_each_has_real_samples_and_latents_of_its_own() -> None:
    first, second = make().phases()
    assert (first.name, first.second_order, first.every) == ("discriminator", True, 1)
    assert (second.name, second.second_order, second.fresh) == ("generator", False, True)
    variant, batch = make(), batch_of()
    variant.discriminator_loss(batch)
    assert not batch.shared


@pytest.mark.parametrize(("share", "moved"), [(0.0, 0.0), (0.25, 0.5), (0.5, 1.0), (1.0, 1.0)])
def test_the_dials_go_in_half_a_cosine(share: float, moved: float) -> None:
    variant = make(preset="ffhq-256", width=16, dials_until=0.5, data=DataSpec.images((3, 32, 32)))
    dials = variant.dials(Progress(int(100 * share), 100, 0))
    assert dials == pytest.approx(
        {
            "gamma": 150 + moved * (15 - 150),
            "generator.half_life": moved * 500_000,
            "generator.lr": 1 + moved * (0.25 - 1),
            "discriminator.lr": 1 + moved * (0.25 - 1),
            "generator.beta2": 0.9 + moved * 0.09,
            "discriminator.beta2": 0.9 + moved * 0.09,
        }
    )
    assert variant.players()["generator"].optim.lr == 2e-4  # type: ignore[union-attr]
    assert variant.players()["generator"].average.copy_buffers


def test_labels_change_samples_and_verdicts() -> None:
    variant = make(ConditionalR3GAN)
    for param in variant.parameters():
        param.data += 0.1 * waves(param.numel(), 1.1).view(param.shape)
    latent, image = variant.sample_latent(1).expand(2, -1), torch.randn(1, 1, 28, 28)
    same, other = torch.tensor([3, 3]), torch.tensor([3, 4])
    assert torch.equal(*variant.generator(latent, same))
    assert not torch.allclose(*variant.generator(latent, other))
    both = image.expand(2, -1, -1, -1)
    assert not torch.allclose(*variant.discriminator(both, other))
    batch = batch_of()
    variant.discriminator_loss(batch)
    variant.generator_loss(batch)


def test_stages_are_as_wide_as_the_authors() -> None:
    sides = [(4 * 2**i, 4 * 2**i) for i in range(7)]
    assert stage_widths(sides, 768, 32) == [768, 768, 768, 768, 384, 192, 96]
    assert stage_widths(sides[:3], 128, 4) == [128, 64, 32]
    assert stage_widths(sides[:4], 48, 4) == [48, 24, 8, 8]
    with pytest.raises(GanzooError, match="--width 20 must be a multiple of 8: try 24"):
        stage_widths(sides, 20, 4)


def test_samples_are_within_the_range_of_images_and_d_sees_them_as_they_are() -> None:
    variant = make()
    with torch.no_grad():
        variant.generator.constant.mul_(100)  # type: ignore[union-attr,operator]
    latent = variant.sample_latent(4)
    assert variant(latent).abs().max() <= 1
    assert variant.generator(latent).abs().max() > 1


@pytest.mark.parametrize(
    ("side", "patch", "maps"),
    [(28, 1, [7, 14, 28]), (28, 2, [7, 14]), (28, 4, [7]), (64, 2, [4, 8, 16, 32]), (7, 4, [7])],
)
def test_squares_of_pixels_are_positions_of_the_largest_maps(
    side: int, patch: int, maps: list[int]
) -> None:
    data = DataSpec.images((3, side, side))
    variant = make(data=data, patch=patch)
    seen: list[int] = []
    for block in variant.discriminator.modules():
        if isinstance(block, ResidualBlock):
            block.register_forward_hook(lambda _, __, found: seen.append(found.shape[-1]))
    fake = variant(variant.sample_latent(2))
    assert fake.shape == (2, 3, side, side)
    assert variant.discriminator(fake).shape == (2,)
    assert sorted(set(seen)) == maps


def test_a_square_of_three_pixels_cannot_be() -> None:
    with pytest.raises(GanzooError, match="--patch 3 must be 1, 2 or 4"):
        stage_sides([(4, 4), (8, 8)], 3)
