"""StyleGAN2: its losses and regularisers in closed form, how lazy they are, and ADA with it."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from ganzoo_stylegan.presets import PRESETS
from ganzoo_stylegan.stylegan2 import StyleGAN2, StyleGAN2Config
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganzoo import Adam, Average, Batch, Dataset, DataSpec, GanzooError
from ganzoo.augmentations import SeenAugmentation
from ganzoo.data.feed import make_feed
from ganzoo.engine.engine import Engine
from ganzoo.engine.iterate import take_gradients
from ganzoo.plugins.equip import equipped

TINY = DataSpec.images((1, 8, 8))
SMALL = {"width": 4, "latent_dim": 4}


def make(data: DataSpec = TINY, **settings: Any) -> StyleGAN2:
    torch.manual_seed(0)
    return StyleGAN2(equipped(StyleGAN2Config(**SMALL | settings)), data)


def batch_of(n: int = 6, data: DataSpec = TINY) -> Batch:
    return Batch({"image": torch.randn(n, *data.shape, generator=torch.Generator().manual_seed(1))})


def engine_of(n: int = 64, batch: int = 4, **settings: Any) -> Engine:
    images = torch.randint(256, (n, 1, 8, 8), generator=torch.Generator().manual_seed(0))
    dataset = Dataset.images("noise", images.to(torch.uint8))
    variant = make(dataset.spec, **settings)
    return Engine(variant, make_feed(dataset, batch, device=torch.device("cpu"), seed=0), 40)


def replace_critic(variant: StyleGAN2, critic: Callable[[Tensor], Tensor]) -> None:
    class Critic(nn.Module):
        def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
            return critic(image.flatten(1))

    variant.discriminator = Critic()  # type: ignore[assignment]


# ------------------------------------------------------------------------------------ path length


class Linear(nn.Module):
    """g(w) = A Σ w over the layers, as an image of one channel."""

    def __init__(self, matrix: Tensor) -> None:
        super().__init__()
        self.matrix, self.layers = nn.Parameter(matrix), 4

    def forward(self, ws: Tensor) -> Tensor:
        image: Tensor = (ws.sum(1) @ self.matrix.T).view(-1, 1, 8, 8)
        return image


def test_the_path_length_of_a_linear_generator(monkeypatch: pytest.MonkeyPatch) -> None:
    """J_wᵀ y = Aᵀ y at every layer: with y = 1/8 and A = 1/8 it is 1 in each of 4 dimensions."""
    variant = make(mixing=0.9, path_length=2.0)
    variant.generator.synthesis = Linear(torch.full((64, 4), 1 / 8))  # type: ignore[assignment]
    monkeypatch.setattr(torch, "randn_like", torch.ones_like)
    length = 2.0
    for n in (1, 2, 3):
        batch = batch_of()
        loss = variant.path_length_loss(batch)
        mean = length * (1 - 0.99**n)
        assert batch.metrics["path_length"].item() == pytest.approx(length)
        assert variant.mean_length.item() == pytest.approx(mean, rel=1e-5)
        assert loss.item() == pytest.approx(2 * (length - mean) ** 2, rel=1e-5)
    assert variant.mean_length.item() == pytest.approx(0.059402, abs=1e-6)


def test_its_gradient_passes_through_the_mean_that_has_moved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With A = c / 8, the length is 2 c: d loss / dc = 2 · 2 (2c - a) · 2 (1 - 0.01)."""
    variant = make(path_length=2.0)
    net = Linear(torch.full((64, 4), 1 / 8))
    variant.generator.synthesis = net  # type: ignore[assignment]
    variant.mean_length.fill_(0.5)
    monkeypatch.setattr(torch, "randn_like", torch.ones_like)
    loss = variant.path_length_loss(batch_of())
    (slope,) = torch.autograd.grad(loss, net.matrix)
    mean = 0.5 + 0.01 * (2 - 0.5)
    expected = 2 * 2 * (2 - mean) * 2 * 0.99
    assert (slope.sum() / 8).item() == pytest.approx(expected, rel=1e-5)
    assert not variant.mean_length.requires_grad


def test_the_noise_has_the_size_that_keeps_lengths_whatever_the_resolution() -> None:
    """E||Aᵀ y||² = ||A||² / pixels; and half of the batch is enough."""
    variant = make()
    variant.generator.synthesis = Linear(torch.randn(64, 4))  # type: ignore[assignment]
    drawn: list[int] = []
    draw = variant.draw
    variant.draw = lambda latent: drawn.append(len(latent)) or draw(latent)  # type: ignore[method-assign,func-returns-value]
    matrix = variant.generator.synthesis.matrix
    batch = batch_of(6000)
    variant.path_length_loss(batch)
    expected = (matrix.square().sum() / 64).sqrt().item()
    assert batch.metrics["path_length"].item() == pytest.approx(expected, rel=0.15)
    assert drawn == [3000]


# ----------------------------------------------------------------------------------------- losses


def test_at_equal_logits() -> None:
    variant = make()
    replace_critic(variant, lambda flat: 0 * flat.sum(1))
    assert variant.generator_loss(batch_of()).item() == pytest.approx(math.log(2))
    assert variant.discriminator_loss(batch_of()).item() == pytest.approx(2 * math.log(2))


def test_both_losses_are_the_non_saturating_ones() -> None:
    variant, batch = make(), batch_of()
    replace_critic(variant, lambda flat: flat.mean(1))
    fake = torch.randn(6, 1, 8, 8)
    variant.draw = lambda n: (fake, torch.zeros(()))  # type: ignore[method-assign]
    fakes, reals = fake.flatten(1).mean(1), batch.image.flatten(1).mean(1)
    torch.testing.assert_close(variant.generator_loss(batch), softplus(-fakes).mean())
    expected = softplus(fakes).mean() + softplus(-reals).mean()
    torch.testing.assert_close(variant.discriminator_loss(batch), expected)
    torch.testing.assert_close(batch.metrics["real_score"], reals.sigmoid().mean())


def test_each_phase_has_latents_of_its_own() -> None:
    variant, batch = make(), batch_of()
    drawn: list[Tensor] = []
    sample = variant.sample_latent
    variant.sample_latent = lambda n: drawn.append(sample(n)) or drawn[-1]  # type: ignore[method-assign,func-returns-value]
    for phase in variant.phases():
        phase.loss(batch)
    assert [len(latent) for latent in drawn] == [6, 6, 3, 3, 6, 6]  # and those of mixed styles
    assert len({latent[0, 0].item() for latent in drawn}) == 6
    assert set(batch.shared) == {"fake"}  # D's, for terms of its loss that are due lazily


def test_d_does_not_see_real_samples_and_fakes_in_one_batch() -> None:
    """It would be told how far they are from each other."""
    variant = make()
    seen: list[int] = []
    replace_critic(variant, lambda flat: seen.append(len(flat)) or flat.mean(1))  # type: ignore[func-returns-value]
    variant.discriminator_loss(batch_of(6))
    assert seen == [6, 6]


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_r1_of_a_quadratic_critic_seen_through_an_augmentation(factor: float) -> None:
    """C(x) = ½ xᵀAx: the slope of C(kx) with respect to x is k² A x."""
    variant, batch = make(gamma=4.0), batch_of(5)
    root = torch.randn(64, 64) / 8
    matrix = root + root.T
    replace_critic(variant, lambda flat: ((flat @ matrix) * flat).sum(1) / 2)
    variant.augmentations["scaled"] = Scaled(factor)
    expected = (factor**2 * batch.image.flatten(1) @ matrix).square().sum(1).mean().item()
    assert variant.r1_loss(batch).item() == pytest.approx(4.0 / 2 * expected, rel=1e-5)
    assert batch.metrics["r1"].item() == pytest.approx(expected, rel=1e-5)


class Scaled(SeenAugmentation):
    def __init__(self, factor: float) -> None:
        super().__init__(None)
        self.factor = factor

    def forward(self, sample: Tensor) -> Tensor:
        return self.factor * sample


# ---------------------------------------------------------------------------------------- laziness


def test_the_regularisers_are_as_strong_as_in_every_iteration() -> None:
    """Due once in k iterations, and k times as strong then."""
    engine = engine_of(gamma=3.0)
    variant: Any = engine.variant
    phases = {phase.name: phase for phase in variant.phases()}
    assert [*phases] == ["generator", "path_length", "discriminator", "r1"]
    for name, every, player in (("path_length", 4, "generator"), ("r1", 16, "discriminator")):
        phase = phases[name]
        assert (phase.every, phase.player, phase.second_order) == (every, player, True)
        params = [*getattr(variant, player).parameters()]
        found = {}
        for lazily in (True, False):
            torch.manual_seed(5)
            variant.mean_length.zero_()
            batch = batch_of()
            if lazily:
                _, found[lazily] = take_gradients(phase, params, batch)
            else:
                found[lazily] = [*torch.autograd.grad(phase.loss(batch), params, allow_unused=True)]
        assert any(grad is not None and grad.abs().max() > 0 for grad in found[False])
        for lazy, plain in zip(found[True], found[False], strict=True):
            if plain is not None:
                torch.testing.assert_close(lazy, every * plain)


def test_adam_is_corrected_as_by_the_authors() -> None:
    engine = engine_of()
    for player, every in (("generator", 4), ("discriminator", 16)):
        (group,) = engine.learners[player].optimizer.param_groups
        share = every / (every + 1)
        assert group["lr"] == pytest.approx(0.0025 * share)
        assert group["betas"] == pytest.approx((0.0, 0.99**share))
    assert engine.variant.players()["generator"].optim == Adam(0.0025, (0.0, 0.99))


def test_without_a_weight_there_is_no_phase() -> None:
    assert [p.name for p in make(gamma=0.0, path_length=0.0).phases()] == [
        "generator",
        "discriminator",
    ]


# --------------------------------------------------------------------------------- average, samples


def test_samples_have_the_mean_of_w_and_the_noise_of_the_trained_generator() -> None:
    engine = engine_of()
    for _ in range(3):
        engine.step()
    trained: Any = engine.variant
    buffers = {name: value.clone() for name, value in trained.generator.named_buffers()}
    weights = {name: value.clone() for name, value in trained.generator.named_parameters()}
    assert buffers["mapping.w_mean"].abs().max() > 0
    with engine.averaged() as averaged:
        generator: Any = averaged.generator
        for name, value in generator.named_buffers():
            assert torch.equal(value, buffers[name]), name
        moved = (not torch.equal(v, weights[name]) for name, v in generator.named_parameters())
        assert any(moved)


def test_truncation_is_asked_for_when_samples_are_drawn() -> None:
    variant = make().eval()
    variant.generator.mapping.w_mean.normal_()
    for name, param in variant.generator.named_parameters():
        if "affine" in name:
            param.data += torch.randn_like(param)
    latent = variant.sample_latent(8)
    whole = variant(latent)
    spread = {}
    for psi in (1.0, 0.5, 0.0):
        spread[psi] = variant.truncated(latent, psi).std(0).mean().item()
    assert spread[1.0] > spread[0.5] > spread[0.0] == pytest.approx(0, abs=1e-6)
    assert torch.equal(variant.truncated(latent, 1.0), whole)


# ----------------------------------------------------------------------------------------- presets


@pytest.mark.parametrize(
    ("preset", "side", "generator", "discriminator"),
    [
        ("cifar10", 32, 19_947_539, 20_720_641),
        ("auto", 64, 22_243_608, 23_407_361),
        ("paper256", 256, 24_767_458, 24_001_089),
    ],
)
def test_the_presets_have_as_many_parameters_as_the_authors(
    preset: str, side: int, generator: int, discriminator: int
) -> None:
    with torch.device("meta"):
        config = equipped(StyleGAN2Config(preset=preset))
        variant = StyleGAN2(config, DataSpec.images((3, side, side)))
    assert sum(param.numel() for param in variant.generator.parameters()) == generator
    assert sum(param.numel() for param in variant.discriminator.parameters()) == discriminator


def test_what_is_given_goes_before_the_preset() -> None:
    data = DataSpec.images((3, 32, 32))
    with torch.device("meta"):
        cifar, own = (
            StyleGAN2(equipped(StyleGAN2Config(preset="cifar10", width=4, **given)), data)
            for given in ({}, {"gamma": 2.0, "mixing": 0.5, "half_life": 7.0, "path_length": 1.0})
        )
        automatic = make(data, preset="auto")
    assert (cifar.gamma, cifar.mixing, cifar.path_length) == (0.01, 0.0, 0.0)
    assert (own.gamma, own.mixing, own.path_length) == (2.0, 0.5, 1.0)
    assert own.average == Average(half_life=7.0, ramp=0.05, copy_buffers=True)
    assert automatic.gamma == pytest.approx(0.0002 * 32 * 32 / 32)
    assert PRESETS["paper256"].ramp is None


# --------------------------------------------------------------------------------------------- ADA


def test_ada_adapts_to_how_many_real_samples_d_is_sure_of() -> None:
    for level, p in ((9.0, 0.5 + 0.16), (-9.0, 0.5 - 0.16)):
        engine = engine_of(augment="ada:images=100,p=0.5")
        variant: Any = engine.variant
        variant.discriminator.verdict.bias.data.fill_(level)
        rows = [engine.step() for _ in range(4)]
        assert [float(row["ada_r"]) for row in rows] == [math.copysign(1, level)] * 4
        assert float(variant.augmentations["ada"].p) == pytest.approx(p)
        names = ("p", "signs", "seen", "updates")
        assert set(variant.synchronised) == {
            "mean_length",
            "generator.mapping.w_mean",
            *(f"augmentations.ada.{name}" for name in names),
        }


def test_g_learns_through_ada_and_its_samples_are_not_augmented() -> None:
    variant = make(DataSpec.images((1, 16, 16)), augment="ada:target=0,p=1")
    batch = batch_of(4, variant.data)
    image, _ = variant.draw(variant.sample_latent(4))
    judged: list[Tensor] = []
    replace_critic(variant, lambda flat: judged.append(flat) or flat.mean(1))  # type: ignore[func-returns-value]
    variant.judge(image)
    assert not torch.allclose(judged[0], image.flatten(1), atol=0.1)
    slopes = torch.autograd.grad(
        variant.generator_loss(batch), [*variant.generator.synthesis.parameters()],
        allow_unused=True,
    )  # fmt: skip
    assert slopes[0] is not None
    assert slopes[0].abs().max() > 0
    variant.eval()
    latent = variant.sample_latent(3)
    assert torch.equal(variant(latent), variant(latent))


def test_ada_is_refused_where_verdicts_have_no_level() -> None:
    with pytest.raises(GanzooError, match="--augment ada adapts to how many samples"):
        make(augment="ada", loss="wasserstein", data=DataSpec.images((1, 16, 16)))


def test_a_relativistic_loss_has_g_see_real_samples_of_its_own() -> None:
    variant = make(loss="relativistic")
    assert [phase.fresh for phase in variant.phases()] == [True, False, False, False]
    assert variant.generator_loss(batch_of()).isfinite()
