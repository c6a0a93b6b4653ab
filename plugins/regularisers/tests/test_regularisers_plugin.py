"""Closed forms of each penalty, what LeCam remembers, and all of them in a game."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from ganzoo_regularisers import ganzoo_register_regularisers
from ganzoo_regularisers.consistency import BalancedConsistency, Consistency
from ganzoo_regularisers.gradients import DRAGAN, WGANDiv
from ganzoo_regularisers.latents import LatentConsistency
from ganzoo_regularisers.lecam import LeCam
from helpers.cli import TINY, ganzoo
from torch import Tensor, nn

from ganzoo import Adversarial, AdversarialConfig, Batch, DataSpec, GanzooError
from ganzoo.plugins.equip import equipped
from ganzoo.regularisers import between
from ganzoo.runs.checkpoint import read
from ganzoo.runs.run import Run
from ganzoo.testing import check_regulariser

NAMES = [spec.name for spec in ganzoo_register_regularisers()]


@pytest.mark.parametrize("name", NAMES)
def test_each_conforms(name: str) -> None:
    check_regulariser(name)


def linear(*slope: float) -> Callable[[Tensor], Tensor]:
    return lambda x: x @ torch.tensor(slope, dtype=torch.float32)


@pytest.mark.parametrize("noise", ["uniform", "normal"])
def test_dragan_of_a_linear_critic_is_its_distance_from_slope_1(noise: str) -> None:
    term = DRAGAN(DRAGAN.Config(noise=noise))
    penalty = term(linear(1, 2, 2), torch.randn(5, 3), torch.randn(5, 3))
    assert float(term.weight * penalty) == pytest.approx(10 * 4)


@pytest.mark.parametrize("noise", ["uniform", "normal"])
def test_dragan_looks_around_the_data_alone(noise: str) -> None:
    real = torch.cat((torch.zeros(4000, 3), torch.full((4000, 3), 4.0)))  # deviation 2
    seen: list[Tensor] = []

    def critic(x: Tensor) -> Tensor:
        seen.append(x.detach() - real)
        return x.sum(1)

    DRAGAN(DRAGAN.Config(noise=noise, spread=0.5))(critic, real, torch.full_like(real, 99))
    (moved,) = seen
    assert not torch.equal(moved[:, 0], moved[:, 1])  # each value by itself
    if noise == "normal":
        assert float(moved.mean()) == pytest.approx(0, abs=0.05)
        assert float(moved.std()) == pytest.approx(0.5 * 2, abs=0.05)
    else:  # a product of two uniform numbers, of which one is the sample's
        assert float(moved.min()) >= 0
        assert float(moved.max()) <= 1
        assert float(moved.mean()) == pytest.approx(1 / 4, abs=0.02)
        assert float((moved[:, 0] * moved[:, 1]).mean()) == pytest.approx(1 / 12, abs=0.01)


@pytest.mark.parametrize(("k", "slope"), [(2.0, 0.6084), (10.0, 0.4409)])
def test_wgan_div_has_its_best_linear_critic_where_calculus_says(k: float, slope: float) -> None:
    """-Δ a + k a^p is least at a = (Δ / (k p))^(1 / (p - 1)), Δ = 1."""
    term = WGANDiv(WGANDiv.Config(k=k))
    real, fake = torch.ones(5, 1), torch.zeros(5, 1)

    def loss(a: float) -> float:
        critic = linear(a)
        wasserstein = critic(fake).mean() - critic(real).mean()
        return float(wasserstein + term.weight * term(critic, real, fake))

    assert slope == pytest.approx((1 / (6 * k)) ** (1 / 5), abs=1e-4)
    assert loss(slope) < min(loss(slope - 0.02), loss(slope + 0.02))
    assert float(term(linear(3.0), real, fake)) == pytest.approx(3**6)


def test_wgan_div_looks_between_both() -> None:
    real, fake = torch.zeros(50, 2), torch.ones(50, 2)
    seen: list[Tensor] = []

    def critic(x: Tensor) -> Tensor:
        seen.append(x.detach())
        return x.sum(1)

    torch.manual_seed(0)
    WGANDiv(WGANDiv.Config())(critic, real, fake)
    torch.manual_seed(0)
    assert torch.equal(seen[0], between(real, fake))


def remembering(real: float, fake: float, **settings: Any) -> LeCam:
    """A LeCam that has seen these verdicts for long."""
    term = LeCam(LeCam.Config(**settings))
    term.seen.fill_(1)
    term.real_average.fill_(real)
    term.fake_average.fill_(fake)
    return term


def verdicts(real: float, fake: float) -> tuple[Callable[[Tensor], Tensor], Tensor, Tensor]:
    """A critic with these verdicts, and the samples that it has them of."""
    return lambda x: x[:, 0], torch.full((4, 1), real), torch.full((4, 1), fake)


@pytest.mark.parametrize(
    ("real", "fake", "one_sided", "paper"),
    [(0.0, 0.0, 2.0, 2.0), (-3.0, 1.0, 0.0, 4.0), (-1.0, 3.0, 0.0, 4.0), (1.0, -1.0, 8.0, 8.0)],
)
def test_lecam_draws_verdicts_to_each_others_averages(
    real: float, fake: float, one_sided: float, paper: float
) -> None:
    """α_R = 1 and α_F = -1: one side alone counts, or both."""
    assert float(remembering(1, -1)(*verdicts(real, fake))) == pytest.approx(one_sided)
    both = remembering(1, -1, one_sided=False)
    assert float(both(*verdicts(real, fake))) == pytest.approx(paper)


def test_lecam_remembers_averages_without_bias() -> None:
    term = LeCam(LeCam.Config(decay=0.9, one_sided=False))
    said = [(2.0, -1.0), (4.0, -3.0), (1.0, 0.0)]
    for k, (real, fake) in enumerate(said):
        penalty = float(term(*verdicts(real, fake)))
        term.adapt()
        weights = [0.9 ** (k - 1 - i) for i in range(k)]
        if not weights:
            assert penalty == 0
            continue
        alpha = [
            sum(w * pair[side] for w, pair in zip(weights, said, strict=False)) / sum(weights)
            for side in (0, 1)
        ]
        expected = (real - alpha[1]) ** 2 + (alpha[0] - fake) ** 2
        assert penalty == pytest.approx(expected, rel=1e-5)


def test_consistency_of_a_critic_that_sees_no_place_is_0() -> None:
    image = torch.zeros(6, 1, 8, 8)
    image[:, :, 3:5, 3:5] = torch.rand(6, 1, 2, 2)
    for cls in (Consistency, BalancedConsistency):
        term = cls(cls.Config())
        penalty = term(lambda x: x.flatten(1).sum(1), image, image)
        assert float(penalty) == pytest.approx(0, abs=1e-10)


def test_consistency_is_the_mean_square_of_what_moving_changes() -> None:
    """D reads one pixel of images that are 1 in their left half: mirrored, it is another."""
    image = torch.zeros(4000, 1, 4, 4)
    image[..., :2] = 1

    def critic(x: Tensor) -> Tensor:
        return 3 * x[:, 0, 0, 0]

    settings = {"ratio": 0.0}
    penalty = Consistency(Consistency.Config(**settings))(critic, image, 0 * image)
    assert float(penalty) == pytest.approx(9 / 2, rel=0.1)
    still = Consistency(Consistency.Config(flip=False, **settings))
    assert float(still(critic, image, image)) == 0
    both = BalancedConsistency(BalancedConsistency.Config(**settings))
    assert float(both(critic, image, image)) == pytest.approx(9, rel=0.1)
    moved = Consistency(Consistency.Config(flip=False, ratio=0.25))(critic, image, image)
    assert float(moved) == pytest.approx(9 * 5 / 9, rel=0.1)  # by 1 down or to the right it is 0


def test_consistency_is_of_images() -> None:
    term = BalancedConsistency(BalancedConsistency.Config())
    with pytest.raises(GanzooError, match=r"--regulariser balanced-consistency .* 'ring' has none"):
        term.check(DataSpec.points(2, name="ring"))


def test_what_lecam_remembers_is_resumed_exactly(tmp_path: Path) -> None:
    flags = (*TINY, "--regulariser", "lecam", "--device", "cpu")
    whole, half = tmp_path / "whole", tmp_path / "half"
    for folder, steps in ((whole, 6), (half, 3)):
        assert ganzoo("train", "vanilla", *flags, "--steps", steps, "--out", folder).status == 0
    assert ganzoo("train", "--resume", half, "--steps", 6).status == 0
    one, other = (read(Run.open(f).latest_checkpoint(), "state.safetensors") for f in (whole, half))
    names = {name for name in one if "regularisers.lecam" in name}
    assert len(names) == 4
    assert one.keys() == other.keys()
    assert not [name for name in one if not torch.equal(one[name], other[name])]


class Doubling(Adversarial):
    """G doubles z, and D adds up what it sees."""

    Config = AdversarialConfig

    def __init__(self, config: AdversarialConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.generator, self.discriminator = Times(2.0), Sum()  # type: ignore[assignment]


class Times(nn.Module):
    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.factor * latent


class Sum(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(3.0))

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        return self.slope * image.sum(1)


def game(regulariser: str) -> Doubling:
    settings = AdversarialConfig(regulariser=regulariser, latent_dim=2)  # type: ignore[arg-type]
    return Doubling(equipped(settings), DataSpec.points(2))


def test_fakes_of_near_latents_differ_for_g_and_are_the_same_for_d() -> None:
    """G(z) = 2z and D(x) = 3 Σx, of pairs: D's part is 9·4·2σ² on average, G's -λ'·4σ²."""
    n, sigma = 20_000, 0.1
    batch = Batch({"image": torch.randn(n, 2)})
    variant = game(f"latent-consistency:sigma={sigma},weight=7,apart=5")
    loss = variant.generator_loss(batch)
    near, fake = batch.shared["latent_consistency"], batch.shared["fake"]
    assert not near.requires_grad
    assert (near - fake).std().item() == pytest.approx(2 * sigma, rel=0.05)
    plain = variant.loss.generator(variant.discriminator(fake, None), None)
    apart = (near - fake).square().mean().item()
    assert loss.item() == pytest.approx(plain.item() - 5 * apart, rel=1e-5)
    (slope,) = torch.autograd.grad(loss - plain, [*variant.generator.parameters()])
    g_part = -5 * 2 * apart / 2.0  # d/dθ of θ²σ² at θ = 2
    (of_loss,) = torch.autograd.grad(
        variant.loss.generator(variant.discriminator(f := variant(fake / 2), None), None),
        [*variant.generator.parameters()],
    )
    assert f.shape == fake.shape
    assert slope.item() == pytest.approx((of_loss + g_part).item(), rel=1e-4)
    with_it = variant.discriminator_loss(batch)
    penalty = batch.metrics["latent_consistency"].item()
    assert penalty == pytest.approx(9 * (near - fake).sum(1).square().mean().item(), rel=1e-4)
    without = game("none").discriminator_loss(Batch(batch.data, {"fake": fake}))
    assert with_it.item() == pytest.approx(without.item() + 7 * penalty, rel=1e-4)


def test_an_update_of_d_alone_has_near_fakes_too() -> None:
    variant, batch = game("latent-consistency"), Batch({"image": torch.randn(4, 2)})
    assert variant.discriminator_loss(batch).isfinite()
    assert batch.shared["latent_consistency"].shape == (4, 2)
    assert [phase.name for phase in game("latent-consistency:every=4").phases()][2:] == [
        "latent-consistency"
    ]


def test_latents_are_moved_by_normal_noise() -> None:
    term = LatentConsistency(LatentConsistency.Config(sigma=0.5))
    moved = term.near(torch.zeros(20_000, 2))
    assert float(moved.std()) == pytest.approx(0.5, rel=0.05)
