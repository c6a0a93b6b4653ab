"""ProGAN: its networks beside the authors', written again; its schedule, losses and fades."""

import math
from typing import Any

import pytest
import torch
from ganzoo_stylegan.growing import (
    GrowingDiscriminator,
    GrowingGenerator,
    Level,
    coarser,
    doubled,
    faded,
)
from ganzoo_stylegan.progan import ProGAN, ProGANConfig
from torch import Tensor, nn
from torch.nn.functional import pad

from ganzoo import Batch, Dataset, DataSpec, GanzooError, Progress
from ganzoo.data.feed import make_feed
from ganzoo.engine.engine import Engine
from ganzoo.plugins.equip import equipped

DATA = DataSpec.images((1, 16, 16))
SMALL = {"width": 4, "latent_dim": 4}
STABLE, FADING = 100, 60
LEVELS = [
    *(Level(number, fading=False) for number in range(3)),
    *(Level(number, fading=True) for number in (1, 2)),
]


def make(data: DataSpec = DATA, **settings: Any) -> ProGAN:
    torch.manual_seed(0)
    variant = ProGAN(equipped(ProGANConfig(**SMALL | settings)), data)
    variant.level = Level(variant.top, fading=False)
    return variant


def batch_of(n: int = 8, data: DataSpec = DATA) -> Batch:
    return Batch({"image": torch.randn(n, *data.shape, generator=torch.Generator().manual_seed(1))})


# ----------------------------------------------------------- the authors' networks, written again
#
# After G_paper and D_paper of github.com/tkarras/progressive_growing_of_gans (networks.py at
# 2504c3f, "linear" structure): all levels are computed at the full size, and mixed by the level of
# detail, lod. Weights have TensorFlow's layouts. D halves maps after its activation (1a05598).


def weight(stored: Tensor, gain: float = math.sqrt(2)) -> Tensor:
    return stored * gain / math.sqrt(stored.shape[:-1].numel())


def conv(maps: Tensor, stored: Tensor, gain: float = math.sqrt(2)) -> Tensor:
    """By taps: stored (kernel, kernel, inputs, outputs)."""
    kernel, (height, width) = stored.shape[0], maps.shape[2:]
    taps, reach = weight(stored, gain), stored.shape[0] // 2
    padded = pad(maps, [reach] * 4)
    parts = [
        torch.einsum("nihw,io->nohw", padded[:, :, y : y + height, x : x + width], taps[y, x])
        for y in range(kernel)
        for x in range(kernel)
    ]
    return torch.stack(parts).sum(0)


def act(maps: Tensor) -> Tensor:
    return torch.maximum(maps * 0.2, maps)


def biased(maps: Tensor, bias: Tensor) -> Tensor:
    return maps + bias.reshape(1, -1, *[1] * (maps.dim() - 2))


def pixel_norm(maps: Tensor) -> Tensor:
    return maps / torch.sqrt((maps**2).mean(dim=1, keepdim=True) + 1e-8)


def up(maps: Tensor) -> Tensor:
    return maps.repeat_interleave(2, 2).repeat_interleave(2, 3)


def down(maps: Tensor) -> Tensor:
    return (
        maps[..., ::2, ::2] + maps[..., 1::2, ::2] + maps[..., ::2, 1::2] + maps[..., 1::2, 1::2]
    ) / 4


def lerp_clip(a: Tensor, b: Tensor, t: float) -> Tensor:
    return a + (b - a) * min(max(t, 0.0), 1.0)


def their_generator(w: dict[str, Tensor], latent: Tensor, top: int, lod: float) -> Tensor:
    def layer(maps: Tensor, name: str) -> Tensor:
        return pixel_norm(act(biased(conv(maps, w[f"{name}/weight"]), w[f"{name}/bias"])))

    def to_rgb(maps: Tensor, level: int) -> Tensor:
        name = f"ToRGB_{level}"
        return biased(conv(maps, w[f"{name}/weight"], 1.0), w[f"{name}/bias"])

    maps = pixel_norm(latent) @ weight(w["Dense/weight"], math.sqrt(2) / 4)
    maps = maps.reshape(len(latent), -1, 4, 4)
    maps = layer(pixel_norm(act(biased(maps, w["Dense/bias"]))), "Conv")
    image = to_rgb(maps, 0)
    for level in range(1, top + 1):
        maps = layer(layer(up(maps), f"Conv0_{level}"), f"Conv1_{level}")
        image = lerp_clip(to_rgb(maps, level), up(image), lod - (top - level))
    return image


def their_discriminator(w: dict[str, Tensor], image: Tensor, top: int, lod: float) -> Tensor:
    def layer(maps: Tensor, name: str) -> Tensor:
        return act(biased(conv(maps, w[f"{name}/weight"]), w[f"{name}/bias"]))

    maps = layer(image, f"FromRGB_{top}")
    for level in range(top, 0, -1):
        maps = down(layer(layer(maps, f"Conv0_{level}"), f"Conv1_{level}"))
        image = down(image)
        maps = lerp_clip(maps, layer(image, f"FromRGB_{level - 1}"), lod - (top - level))
    groups = maps.reshape(4, -1, *maps.shape[1:])
    deviation = torch.sqrt(((groups - groups.mean(0)) ** 2).mean(0) + 1e-8).mean((1, 2, 3))
    told = torch.cat([deviation] * 4).reshape(-1, 1, 1, 1).expand(-1, 1, 4, 4)
    maps = layer(torch.cat([maps, told], 1), "Conv").flatten(1)
    maps = act(maps @ weight(w["Dense0/weight"]) + w["Dense0/bias"])
    return (maps @ weight(w["Dense1/weight"], 1.0) + w["Dense1/bias"])[:, 0]


def as_theirs(layers: dict[str, Any]) -> dict[str, Tensor]:
    found = {}
    for name, layer in layers.items():
        found[f"{name}/weight"] = layer.weight.permute(*range(2, layer.weight.dim()), 1, 0)
        if layer.bias is not None:
            found[f"{name}/bias"] = layer.bias
    return found


@pytest.fixture
def in_float64() -> Any:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def lod_of(level: Level, fade: float, top: int) -> float:
    return top - level.number + (1 - fade if level.fading else 0)


@pytest.mark.usefixtures("in_float64")
@pytest.mark.parametrize("level", LEVELS)
def test_the_networks_compute_what_the_authors_do(level: Level) -> None:
    torch.manual_seed(0)
    widths, top, fade = [6, 5, 3], 2, 0.3
    g: Any = GrowingGenerator(7, widths, (4, 4), 3)
    d: Any = GrowingDiscriminator(widths, (4, 4), 3, group=4)
    for param in (*g.parameters(), *d.parameters()):
        param.data = torch.randn_like(param)
    g.fade.fill_(fade)
    painted = {"Dense": g.linear, "Conv": g.conv}
    judged = {"Conv": d.conv, "Dense0": d.linear, "Dense1": d.verdict}
    for number in range(3):
        painted[f"ToRGB_{number}"] = g.to_image[number]
        judged[f"FromRGB_{number}"] = d.from_image[number]
        if number:
            for which, name in enumerate(("first", "second")):
                painted[f"Conv{which}_{number}"] = getattr(g.blocks[number - 1], name)
                judged[f"Conv{which}_{number}"] = getattr(d.blocks[number - 1], name)
    lod = lod_of(level, fade, top)
    latent = torch.randn(8, 7)
    fake = g(latent, level)
    assert fake.shape == (8, 3, 4 * 2**level.number, 4 * 2**level.number)
    whole = fake
    for _ in range(top - level.number):
        whole = up(whole)
    theirs = their_generator(as_theirs(painted) | {"Dense/bias": g.bias}, latent, top, lod)
    torch.testing.assert_close(whole, theirs, rtol=1e-10, atol=1e-10)
    verdicts = d(fake, level, g.fade)
    theirs = their_discriminator(as_theirs(judged), whole, top, lod)
    torch.testing.assert_close(verdicts, theirs, rtol=1e-10, atol=1e-10)


# ------------------------------------------------------------------------------------------ growing


def test_a_level_fades_in_from_the_one_below() -> None:
    variant = make()
    g, d = variant.generator, variant.discriminator
    latent, fade = variant.sample_latent(4), g.fade
    for number in (1, 2):
        below, fading, above = (
            Level(number - 1, fading=False),
            Level(number, fading=True),
            Level(number, fading=False),
        )
        coarse = g(latent, below)
        fade.fill_(0)
        torch.testing.assert_close(g(latent, fading), doubled(coarse))
        torch.testing.assert_close(d(doubled(coarse), fading, fade), d(coarse, below, fade))
        fade.fill_(1)
        image = g(latent, above)
        torch.testing.assert_close(g(latent, fading), image)
        torch.testing.assert_close(d(image, fading, fade), d(image, above, fade))


def test_real_images_are_of_the_level_and_as_coarse_as_fakes() -> None:
    variant, batch = make(), batch_of()
    image = batch.image
    for level, fade, expected in (
        (Level(0, fading=False), 1.0, coarser(coarser(image))),
        (Level(1, fading=False), 1.0, coarser(image)),
        (Level(1, fading=True), 0.0, doubled(coarser(coarser(image)))),
        (Level(2, fading=True), 1.0, image),
        (Level(2, fading=True), 0.25, 0.75 * doubled(coarser(image)) + 0.25 * image),
    ):
        variant.level = level
        variant.generator.fade.fill_(fade)
        torch.testing.assert_close(variant.real(batch), expected)
    torch.testing.assert_close(faded(image, torch.tensor(0.5)).mean(), image.mean())


def their_lod(images: int, top: int) -> float:
    """TrainingSchedule of the authors' train.py."""
    index = images // (STABLE + FADING)
    since = images - index * (STABLE + FADING)
    return max(top - index - max(since - STABLE, 0) / FADING, 0.0)


def test_levels_follow_the_images_seen_as_in_the_authors_program() -> None:
    variant = make(stable=STABLE, fading=FADING)
    seen = set()
    for images in range(0, 600, 5):
        now = Progress(images, 600, images)
        level, fade = variant.stage(now).level, variant.dials(now)["generator.fade"]
        seen.add(level)
        if images < 2 * (STABLE + FADING) + STABLE:
            # While nothing fades in, they have a level that has just begun to, at 0.
            assert lod_of(level, fade, 2) == pytest.approx(their_lod(images, 2))
        else:
            assert level == Level(2, fading=False)
    assert seen == set(LEVELS)


def test_at_each_level_adam_begins_anew_and_batches_have_their_size() -> None:
    variant = make(stable=STABLE, fading=FADING, batch_sizes=(8, 4))
    sizes = {}
    for images in range(0, 600, 5):
        stage = variant.stage(Progress(0, 1, images))
        assert set(stage.resets) == {"generator", "discriminator"}
        sizes[stage.level.number] = stage.batch_size
    assert sizes == {0: 8, 1: 4, 2: 4}
    assert make().stage(Progress(0, 1, 0)).batch_size is None


def test_a_training_grows_and_draws_samples_of_the_size_of_the_data() -> None:
    images = torch.randint(256, (64, 1, 16, 16), generator=torch.Generator().manual_seed(0))
    dataset = Dataset.images("noise", images.to(torch.uint8))
    variant = make(dataset.spec, stable=8, fading=8, batch_sizes=(8, 4))
    engine = Engine(variant, make_feed(dataset, 4, device=torch.device("cpu"), seed=0), 20)
    levels = []
    for _ in range(9):
        engine.step()
        levels.append(variant.level)
        assert variant(variant.sample_latent(2)).shape == (2, 1, 16, 16)
    expected = [(0, False), *[(1, True)] * 2, *[(1, False)] * 2, *[(2, True)] * 2, (2, False)]
    assert levels == [*expected, (2, False)]


# ------------------------------------------------------------------------------------------- losses


class Linear(nn.Module):
    def __init__(self, slope: Tensor) -> None:
        super().__init__()
        self.slope = slope

    def forward(self, image: Tensor, level: Level, fade: Tensor) -> Tensor:
        return image.flatten(1) @ self.slope


@pytest.mark.parametrize("slope", [1.0, 750.0])
def test_the_loss_of_a_linear_critic(slope: float) -> None:
    variant, batch = make(slope=slope), batch_of()
    critic = Linear(torch.randn(256))
    variant.discriminator = critic  # type: ignore[assignment]
    fake = torch.randn(8, 1, 16, 16)
    variant.made = lambda latent, label: fake  # type: ignore[method-assign]
    real_verdicts = batch.image.flatten(1) @ critic.slope
    fake_verdicts = fake.flatten(1) @ critic.slope
    penalty = 10 / slope**2 * (critic.slope.norm() - slope) ** 2
    expected = fake_verdicts.mean() - real_verdicts.mean() + penalty
    expected = expected + 0.001 * real_verdicts.square().mean()
    torch.testing.assert_close(variant.discriminator_loss(batch), expected)
    torch.testing.assert_close(variant.generator_loss(batch), -fake_verdicts.mean())
    norms = (critic.slope.norm() / slope - 1) ** 2
    torch.testing.assert_close(batch.metrics["gradient_penalty"], norms)


@pytest.mark.parametrize("term", ["r1:gamma=6", "r2:gamma=6"])
def test_terms_are_of_images_of_the_level_as_d_sees_them(term: str) -> None:
    """A linear critic's slope has the length that its weights have, whatever it judges."""
    losses = []
    for regulariser in (None, term):
        variant, batch = make(regulariser=regulariser), batch_of()
        variant.level = Level(1, fading=True)
        variant.discriminator = critic = Linear(torch.ones(64))  # type: ignore[assignment]
        torch.manual_seed(2)
        losses.append(variant.discriminator_loss(batch))
    torch.testing.assert_close(losses[1] - losses[0], 6 / 2 * critic.slope.square().sum())


def test_an_augmentation_has_to_suit_the_smallest_images() -> None:
    with pytest.raises(GanzooError, match=r"than 7 pixels .* 'data at the first level' are 1x"):
        make(augment="ada:target=0,p=1")
    assert make(augment="translation").augmentations


def test_every_layer_of_g_keeps_the_length_of_each_pixel() -> None:
    variant = make(width=32)
    seen: list[Tensor] = []
    for block in variant.generator.blocks:
        block.register_forward_hook(lambda module, inputs, maps: seen.append(maps))
    variant.generator(5 * variant.sample_latent(4), Level(2, fading=False))
    for maps in seen:
        squares = maps.square().mean(1)
        torch.testing.assert_close(squares, torch.ones_like(squares), atol=1e-4, rtol=0)


def test_d_is_told_how_samples_differ() -> None:
    """With a group of 1 each verdict is its own sample's."""
    image = batch_of().image
    other = torch.cat([image[:4], torch.zeros_like(image[4:])])
    level, fade = Level(2, fading=False), torch.ones(())
    told, alone = (make(group=group).discriminator for group in (4, 1))
    assert not torch.allclose(told(image, level, fade)[:4], told(other, level, fade)[:4])
    torch.testing.assert_close(alone(image, level, fade)[:4], alone(other, level, fade)[:4])


def test_truncation_is_refused_as_it_would_change_nothing() -> None:
    variant = make().eval()
    latent = variant.sample_latent(3)
    torch.testing.assert_close(variant(latent / 2), variant(latent))
    assert torch.equal(variant.truncated(latent, 1.0), variant(latent))
    with pytest.raises(GanzooError, match="--truncation would change nothing: leave it out"):
        variant.truncated(latent, 0.5)
