"""Penalties against closed forms, and in the game against a loop written by hand."""

import cmath
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from helpers.games import points
from helpers.zoo import NAMES, make_small
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganzoo import Adversarial, AdversarialConfig, Batch, Dataset, DataSpec
from ganzoo.config import build, options
from ganzoo.data.feed import make_feed
from ganzoo.engine.engine import Engine
from ganzoo.networks import Discriminator, Generator
from ganzoo.plugins.equip import equipped
from ganzoo.plugins.registry import registry
from ganzoo.regularisers import (
    R1,
    R2,
    Critic,
    OneCentred,
    Regulariser,
    RegulariserConfig,
    ZeroCentred,
)

CPU = torch.device("cpu")
REGULARISED = [
    name for name in NAMES if "regulariser" in options(registry().variant(name).load().Config)
]
"""The variants that take terms of D's loss."""
AUGMENTED = [name for name in NAMES if "augment" in options(registry().variant(name).load().Config)]
"""Those that take changes of what D sees."""
A = torch.tensor([[2.0, 1.0], [1.0, -1.0]])
B = torch.tensor([0.5, -2.0])


def quadratic(x: Tensor) -> Tensor:
    return 0.5 * torch.einsum("ni,ij,nj->n", x, A, x) + x @ B


@pytest.mark.parametrize(("cls", "which"), [(R1, 0), (R2, 1)])
def test_r1_and_r2_are_the_squared_gradients_at_their_samples(
    cls: type[Regulariser], which: int
) -> None:
    """D = x A x / 2 + b x has the gradient A x + b."""
    both = torch.randn(2, 5, 2)
    term = cls(cls.Config(gamma=3.0))
    expected = (both[which] @ A + B).square().sum(1).mean()
    torch.testing.assert_close(term(quadratic, *both), expected)
    assert float(term.weight) == 1.5


@pytest.mark.parametrize(("cls", "value"), [(OneCentred, (3 - 1) ** 2), (ZeroCentred, 9)])
def test_penalties_between_samples_of_a_linear_critic(cls: type[Regulariser], value: float) -> None:
    slope = torch.tensor([1.0, 2.0, 2.0])
    term = cls(cls.Config(weight=7.0))
    penalty = term(lambda x: x @ slope, torch.randn(5, 3), torch.randn(5, 3))
    assert float(penalty) == pytest.approx(value)
    assert float(term.weight) == 7


def test_points_lie_between_pairs() -> None:
    seen: list[Tensor] = []

    def critic(x: Tensor) -> Tensor:
        seen.append(x.detach())
        return x.sum(1)

    ZeroCentred(ZeroCentred.Config())(critic, torch.zeros(1000, 2), torch.ones(1000, 2))
    assert torch.equal(seen[0][:, 0], seen[0][:, 1])
    assert 0 <= seen[0].min() < 0.01 < 0.99 < seen[0].max() <= 1
    assert float(seen[0].mean()) == pytest.approx(0.5, abs=0.05)


def dirac(part: Regulariser | None) -> Tensor:
    """Mescheder et al. 2018, section 2: G says theta, the data are 0, and C = psi x.

    Returns:
        The eigenvalues of the Jacobian of the gradient vector field at its equilibrium, (2,).
    """

    def field(state: Tensor) -> Tensor:
        theta, psi = state
        d_loss = softplus(psi * theta)
        if part is not None:
            real = torch.zeros(1, 1, dtype=torch.float64)
            fake = theta.detach().view(1, 1)
            d_loss = d_loss + part.weight * part(lambda x: psi * x[:, 0], real, fake)
        (d_psi,) = torch.autograd.grad(d_loss, psi, create_graph=True)
        (d_theta,) = torch.autograd.grad(softplus(-psi * theta), theta, create_graph=True)
        return -torch.stack((d_theta, d_psi))

    at = torch.zeros(2, dtype=torch.float64)
    jacobian: Any = torch.autograd.functional.jacobian(field, at)
    return torch.linalg.eigvals(jacobian)


def test_the_dirac_gan_circles_without_a_penalty() -> None:
    values = sorted(dirac(None).tolist(), key=lambda value: value.imag)
    assert values == pytest.approx([-0.5j, 0.5j])


@pytest.mark.parametrize("gamma", [0.1, 0.9, 10.0])
@pytest.mark.parametrize(
    "make",
    [
        lambda gamma: R1(R1.Config(gamma=gamma)),
        lambda gamma: R2(R2.Config(gamma=gamma)),
        lambda gamma: ZeroCentred(ZeroCentred.Config(weight=gamma / 2)),
    ],
    ids=["r1", "r2", "zero-centred"],
)
def test_the_dirac_gan_converges_with_a_penalty_around_0(
    make: Callable[[float], Regulariser], gamma: float
) -> None:
    """-γ/2 ± √(γ²/4 - 1/4): of γ = 10, -0.02506 and -9.97494, and no circles from γ = 1 on."""
    values = sorted(
        dirac(make(gamma).double()).tolist(), key=lambda value: (value.real, value.imag)
    )
    root = cmath.sqrt(gamma**2 / 4 - 0.25)
    assert values == pytest.approx([-gamma / 2 - root, -gamma / 2 + root])
    assert all(value.real < 0 for value in values)


class Linear(Generator):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(3, 2)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        out: Tensor = self.net(latent)
        return out


class Smooth(Discriminator):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 8), nn.Softplus(), nn.Linear(8, 1), nn.Flatten(0))

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        out: Tensor = self.net(image)
        return out


class Game(Adversarial):
    def __init__(self, config: AdversarialConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.generator, self.discriminator = Linear(), Smooth()


def make_engine(data: Dataset, **settings: Any) -> Engine:
    torch.manual_seed(3)
    config = equipped(build(AdversarialConfig, {"latent_dim": 3, "lr": 1e-2, **settings}))
    game = Game(config, data.spec)
    torch.manual_seed(5)
    return Engine(game, make_feed(data, 4, device=CPU, seed=1), 100)


def norms(d: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    at = at.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(d(at).sum(), at, create_graph=True)
    return gradient.square().sum(1)


@pytest.mark.parametrize("every", [1, 3])
def test_a_game_with_regularisers_is_the_loop_written_by_hand(every: int) -> None:
    data = points()
    game: Any = make_engine(data).variant
    g, d = game.generator, game.discriminator
    c = 1.0 if every == 1 else every / (every + 1)
    g_optim = torch.optim.Adam(g.parameters(), 1e-2, (0.5, 0.999), fused=True)
    d_optim = torch.optim.Adam(d.parameters(), 1e-2 * c, (0.5**c, 0.999**c), fused=True)
    feed = make_feed(data, 4, device=CPU, seed=1)
    for i in range(8):
        real = feed.draw()["image"]
        fake = g(torch.randn(4, 3))
        g_optim.zero_grad()
        softplus(-d(fake)).mean().backward()
        g_optim.step()
        fake = fake.detach()
        d_optim.zero_grad()
        loss = softplus(-d(real)).mean() + softplus(d(fake)).mean()
        penalty = 2 / 2 * norms(d, real).mean()
        if every == 1:
            loss = loss + penalty
        loss = loss + 0.5 / 2 * norms(d, fake).mean()
        loss.backward()
        d_optim.step()
        if every > 1 and i % every == 0:
            d_optim.zero_grad()
            (every * 2 / 2 * norms(d, real).mean()).backward()
            d_optim.step()
    engine = make_engine(data, regulariser=f"r1:gamma=2,every={every},r2:gamma=0.5")
    rows = [engine.step() for _ in range(8)]
    for name, value in game.named_parameters():
        torch.testing.assert_close(engine.variant.get_parameter(name), value, rtol=1e-5, atol=1e-6)
    assert {"r1", "r2"} <= rows[0].keys()
    assert ("r1_loss" in rows[0]) == (every > 1)
    assert ("r1" in rows[1]) == (every == 1)


def test_a_game_without_is_the_one_before() -> None:
    engine = make_engine(points())
    assert [(phase.name, phase.second_order) for phase in engine.phases.values()] == [
        ("generator", False),
        ("discriminator", False),
    ]
    assert not [name for name in engine.state() if "regularisers" in name or "augment" in name]


def test_the_weight_of_a_regulariser_is_in_the_checkpoint() -> None:
    engine = make_engine(points(), regulariser="r1:gamma=2")
    assert float(engine.state()["variant.regularisers.r1.weight"]) == 1.0
    assert engine.phases["discriminator"].second_order


def test_a_relativistic_generator_has_real_samples_of_its_own() -> None:
    engine = make_engine(points(), loss="relativistic-average")
    assert engine.make_plan().batches == 2
    metrics = engine.step()
    assert all(math.isfinite(value) for value in metrics.values())
    assert engine.images_seen == 8
    assert make_engine(points(), loss="hinge").make_plan().batches == 1


class Asks(Regulariser):
    """What D has said, and what it says of equal samples that it has not seen."""

    metric = "asked"
    second_order = False

    def __init__(self, config: RegulariserConfig) -> None:
        super().__init__(config, 1.0)

    def forward(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        return (critic(real) - critic(fake)).square().mean()


class Noisy(Smooth):
    calls = 0

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        self.calls += 1
        return super().forward(image + torch.randn_like(image))


def test_a_term_that_asks_for_ds_own_verdicts_costs_no_forward_pass() -> None:
    data = points()
    config = equipped(build(AdversarialConfig, {"latent_dim": 3}))
    term = Asks(RegulariserConfig())
    game = Game(replace(config, regulariser={"asks": term}), data.spec)
    game.discriminator = noisy = Noisy()
    batch = Batch(make_feed(data, 4, device=CPU, seed=1).draw())
    game.discriminator_loss(batch)
    assert noisy.calls == 2
    game.regularisation(batch, term)  # as lazily, in a phase of its own
    assert noisy.calls == 4


def test_games_of_images_from_noise_take_both() -> None:
    """Each page says why, where a variant has no terms but its own."""
    own = {"r3gan", "r3gan-cond", "wgan", "wgan-gp"}
    assert {*AUGMENTED} == {*REGULARISED} | own
    assert {"acgan", "infogan", "progan", "sgan", "stylegan2", "vanilla"} <= {*REGULARISED}


@pytest.mark.parametrize("name", AUGMENTED)
def test_every_variant_that_takes_them_plays_with_terms_and_augmentation(name: str) -> None:
    terms = {"regulariser": "r1:gamma=1,r2,lecam:every=2"} if name in REGULARISED else {}
    engine = make_small(name, augment="diffaugment", **terms)
    engine.iteration = 102
    metrics = engine.step()
    assert all(value.isfinite().all() for value in metrics.values()), metrics
    assert {"r1", "r2", "lecam", "lecam_loss"} <= metrics.keys() or not terms


@pytest.mark.parametrize("name", REGULARISED)
def test_terms_of_latents_nearby_are_part_of_both_losses(name: str) -> None:
    without, engine = make_small(name), make_small(name, regulariser="latent-consistency:apart=5")
    losses = []
    for played in (without, engine):
        torch.manual_seed(3)
        losses.append(played.step())
    assert losses[1]["latent_consistency"].isfinite()
    assert losses[1]["generator_loss"] != losses[0]["generator_loss"]
