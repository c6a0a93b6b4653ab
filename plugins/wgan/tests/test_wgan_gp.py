"""WGAN-GP: the gradient penalty, against closed forms, finite differences and a loop by hand."""

import pytest
import torch
from ganzoo_wgan.wgan import WGAN
from ganzoo_wgan.wgan_gp import WGANGP, WGANGPConfig, gradient_penalty
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, uniform
from torch import Tensor, nn

from ganzoo import Adam, Batch, Dataset, DataSpec
from ganzoo.data.feed import make_feed
from ganzoo.engine.engine import Engine
from ganzoo.engine.plan import make_plan

CPU = torch.device("cpu")
SMALL = {"width": 4, "latent_dim": 3}


class Linear(nn.Module):
    """f(x) = w · x, the gradient of which is w everywhere."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, image: Tensor) -> Tensor:
        return (image * self.weight).flatten(1).sum(1)


class Square(nn.Module):
    """f(x) = ||x||² / 2, the gradient of which is x."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = torch.empty(0)

    def forward(self, image: Tensor) -> Tensor:
        self.seen = image.detach()
        return 0.5 * image.flatten(1).square().sum(1)


@settings(deadline=None, max_examples=30)
@given(
    st.one_of(
        st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9)),
        st.tuples(st.integers(1, 5)),
    ),
    st.integers(1, 9),
    st.floats(0, 3),
)
def test_a_linear_critic(shape: tuple[int, ...], n: int, slope: float) -> None:
    """(||w|| - 1)² whatever the shape and the batch: two-sided, over all of a sample's numbers."""
    weight = torch.randn(shape, dtype=torch.float64)
    critic = Linear(slope * weight / weight.norm())
    real, fake = torch.randn(2, n, *shape, dtype=torch.float64)
    assert gradient_penalty(critic, real, fake).item() == pytest.approx((slope - 1) ** 2, abs=1e-9)


def test_each_sample_has_a_norm_of_its_own() -> None:
    """(3-1)², (1-1)² and (0-1)², of which the mean is 5/3; the whole batch's norm is no matter."""
    points = torch.tensor([[3.0, 0.0], [0.6, 0.8], [0.0, 0.0]])
    assert gradient_penalty(Square(), points, points).item() == pytest.approx(5 / 3)
    images = torch.zeros(3, 2, 4, 4)
    images[0, 0, 1, 2], images[0, 1, 3, 3] = 3, 4  # a norm of 5, over channels and places
    assert gradient_penalty(Square(), images, images).item() == pytest.approx((16 + 1 + 1) / 3)


def test_the_penalty_does_not_grow_with_the_batch() -> None:
    """torchgan's does: 9 for 64 samples and 50 for 256 where the truth is 0.245."""
    sizes = torch.arange(1.0, 5)
    penalties = []
    for copies in (1, 64):
        points = (sizes.repeat(copies)[:, None] * torch.tensor([[0.6, 0.8]])).float()
        penalties.append(gradient_penalty(Square(), points, points).item())
    assert penalties == pytest.approx([(0 + 1 + 4 + 9) / 4] * 2)


@pytest.mark.parametrize("shape", [(1,), (3,), (1, 28, 28), (3, 5, 4), (4, 2, 2)])
def test_each_sample_has_an_epsilon_of_its_own(shape: tuple[int, ...]) -> None:
    """Between real ones and fake zeros lies ε, the same all over a sample, uniform over samples."""
    torch.manual_seed(0)
    critic = Square()
    n = 2000
    gradient_penalty(critic, torch.ones(n, *shape), torch.zeros(n, *shape))
    seen = critic.seen.flatten(1)
    assert torch.equal(seen, seen[:, :1].expand_as(seen))
    epsilon = seen[:, 0]
    assert len(epsilon.unique()) > 0.99 * n
    assert kstest(epsilon.numpy(), uniform(0, 1).cdf).pvalue > 1e-4


def test_points_lie_on_the_line_between_the_pair() -> None:
    critic = Square()
    real, fake = torch.randn(2, 50, 3, 4, 5)
    gradient_penalty(critic, real, fake)
    along = (critic.seen - fake).flatten(1) / (real - fake).flatten(1)
    torch.testing.assert_close(along, along[:, :1].expand_as(along), rtol=0, atol=2e-3)
    assert not along.median(1).values.isclose(torch.tensor(0.5)).all()


def test_the_penaltys_gradient_by_finite_differences() -> None:
    """In float64: the loss differentiates a gradient, and the optimizer that once more."""
    torch.manual_seed(0)
    real, fake = torch.randn(2, 6, 3, dtype=torch.float64)
    first, second = torch.randn(5, 3).double(), torch.randn(5).double()

    def penalty(first: Tensor, second: Tensor) -> Tensor:
        torch.manual_seed(7)  # the same ε each time
        critic = lambda x: torch.nn.functional.softplus(x @ first.T) @ second  # noqa: E731
        return gradient_penalty(critic, real, fake)  # type: ignore[arg-type]

    arguments = (first.requires_grad_(), second.requires_grad_())
    assert torch.autograd.gradcheck(penalty, arguments, eps=1e-6, atol=1e-7)


def test_where_the_critic_is_flat_the_gradient_is_finite() -> None:
    critic = Linear(torch.zeros(2))
    penalty = gradient_penalty(critic, torch.ones(4, 2), torch.zeros(4, 2))
    assert penalty.item() == 1
    (gradient,) = torch.autograd.grad(penalty, critic.weight)
    assert gradient.isfinite().all()


@pytest.mark.parametrize(("penalty", "expected"), [(10.0, 40.0), (0.1, 0.4)])
def test_lambda_is_what_it_says(penalty: float, expected: float) -> None:
    """Of a critic with a slope of 3 it adds λ (3 - 1)² to the whole estimate, not to half of it."""
    variant = WGANGP(WGANGPConfig(penalty=penalty, **SMALL), DataSpec.points(2))
    variant.critic = Linear(torch.tensor([3.0, 0.0]))  # type: ignore[assignment]
    batch = Batch({"image": torch.randn(5, 2)})
    loss = variant.critic_loss(batch)
    assert batch.metrics["gradient_penalty"].item() == pytest.approx(4)
    assert (loss + batch.metrics["wasserstein"]).item() == pytest.approx(expected, abs=1e-5)
    assert WGANGPConfig().penalty == 10


def test_the_critic_judges_each_sample_by_itself() -> None:
    """In train mode too: with BatchNorm, a sample's gradient would be the whole batch's."""
    torch.manual_seed(0)
    critic = WGANGP(WGANGPConfig(width=8), DataSpec.images((3, 32, 32))).critic
    layers = list(critic.modules())
    assert not any(isinstance(m, nn.modules.batchnorm._NormBase | nn.Sigmoid) for m in layers)
    images = torch.randn(6, 3, 32, 32)
    alone = torch.cat([critic(image[None]) for image in images])
    torch.testing.assert_close(critic(images), alone)


def test_the_critic_learns_five_times_and_its_phase_is_of_second_order() -> None:
    variant = WGANGP(WGANGPConfig(**SMALL), DataSpec.points(2))
    phases = variant.phases()
    for iteration in (0, 1, 24, 500):
        assert make_plan(phases, iteration).updates == (("critic", 5), ("generator", 1))
    assert [phase.second_order for phase in phases] == [True, False]
    players = variant.players()
    for player in players.values():
        assert player.optim == Adam(1e-4, betas=(0.5, 0.9))
    assert {name: player.ema for name, player in players.items()} == {
        "critic": 0,
        "generator": 0.999,
    }


class Doubled(nn.Module):
    def forward(self, sample: Tensor) -> Tensor:
        return 2 * sample


@pytest.mark.parametrize("cls", [WGAN, WGANGP])
def test_f_sees_what_is_augmented_and_its_slope_is_through_it(cls: type[WGAN | WGANGP]) -> None:
    variant = cls(cls.Config(**SMALL), DataSpec.points(3))
    variant.critic = Linear(torch.tensor([1.0, 2.0, 2.0]))  # type: ignore[assignment]
    variant.augmentations["twice"] = Doubled()
    fake = torch.randn(5, 3)
    variant.forward = lambda latent, label=None: fake  # type: ignore[method-assign,assignment]
    batch = Batch({"image": torch.randn(5, 3)})
    loss, of_g = variant.critic_loss(batch), variant.generator_loss(batch)
    expected = 2 * (variant.critic(fake).mean() - variant.critic(batch.image).mean())
    if cls is WGANGP:
        expected = expected + 10 * (2 * 3 - 1) ** 2
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(of_g, -2 * variant.critic(fake).mean())


@pytest.mark.parametrize("shape", [(3, 28, 28), (2,)])
def test_an_iteration_is_algorithm_1_bitwise(shape: tuple[int, ...]) -> None:
    """By hand, and with `backward`, which gives every gradient the strides of its parameter."""
    noise = torch.randn(200, *shape, generator=torch.Generator().manual_seed(0))
    data = Dataset.of("noise", noise)

    def build() -> WGANGP:
        torch.manual_seed(1)
        variant = WGANGP(WGANGPConfig(**SMALL), data.spec)
        torch.manual_seed(2)
        return variant

    reference = build()
    g, f = reference.generator, reference.critic
    g_optim = torch.optim.Adam(g.parameters(), 1e-4, (0.5, 0.9), fused=True)
    f_optim = torch.optim.Adam(f.parameters(), 1e-4, (0.5, 0.9), fused=True)
    feed = make_feed(data, 8, device=CPU, seed=0)
    for _ in range(4):
        for _ in range(5):
            x = feed.draw()["image"]
            fake = g(torch.randn(8, 3)).detach()
            distance = f(x).mean() - f(fake).mean()
            e = torch.rand(8, *[1] * len(shape))
            x_hat = (e * x + (1 - e) * fake).requires_grad_()
            (slope,) = torch.autograd.grad(f(x_hat).sum(), x_hat, create_graph=True)
            norm = torch.linalg.vector_norm(slope.flatten(1), dim=1)
            f_loss = -distance + 10 * ((norm - 1) ** 2).mean()
            f_optim.zero_grad()
            f_loss.backward()
            f_optim.step()
        g_loss = -f(g(torch.randn(8, 3))).mean()
        g_optim.zero_grad()
        g_loss.backward()
        g_optim.step()

    variant = build()
    engine = Engine(variant, make_feed(data, 8, device=CPU, seed=0), 10)
    for _ in range(4):
        metrics = engine.step()
    assert metrics["critic_loss"] == f_loss.detach()
    assert metrics["generator_loss"] == g_loss.detach()
    assert metrics["wasserstein"] == distance.detach()
    for (name, mine), theirs in zip(
        variant.state_dict().items(), reference.state_dict().values(), strict=True
    ):
        assert torch.equal(mine, theirs), name
