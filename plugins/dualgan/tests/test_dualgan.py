"""DualGAN: its losses by hand and beside the authors' formulas, its algorithm beside a loop."""

import copy
from itertools import chain
from typing import Any

import numpy as np
import pytest
import torch
from ganzoo_dualgan.variant import DualGAN, DualGANConfig
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from ganzoo import Batch, DataSpec, GanzooError, RMSprop
from ganzoo.data.dataset import Dataset
from ganzoo.data.feed import Feed, make_feed
from ganzoo.engine.engine import Engine


def two_domains(*shape: int) -> DataSpec:
    domain = DataSpec.of_shape(shape)
    return DataSpec.unpaired(domain, domain, "a+b")


def make(data: DataSpec | None = None, **settings: Any) -> DualGAN:
    torch.manual_seed(0)
    wanted = {"width": 2, "dropout": 0.0} | settings
    return DualGAN(DualGANConfig(**wanted), data or two_domains(1, 16, 16))


class Scaled(nn.Module):
    """A translator or a critic whose output can be worked out by hand."""

    def __init__(self, factor: float, shift: float = 0.0) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor, dtype=torch.float64))
        self.shift = shift

    def forward(self, image: Tensor) -> Tensor:
        return self.factor * image + self.shift


@pytest.fixture
def by_hand() -> tuple[DualGAN, Batch]:
    """G_A(u) = 2u, G_B(v) = v/4, D_A(v) = v - 1 and D_B(u) = 3u; u = 0.2, v = 0.6."""
    variant = make(lambda_u=100.0, lambda_v=1000.0)
    variant.a2b, variant.b2a = Scaled(2.0), Scaled(0.25)
    variant.critic_b, variant.critic_a = Scaled(1.0, -1.0), Scaled(3.0)
    image = torch.ones(2, 1, 16, 16, dtype=torch.float64)
    return variant.double(), Batch({"a": 0.2 * image, "b": 0.6 * image})


def test_eqs_1_and_2(by_hand: tuple[DualGAN, Batch]) -> None:
    variant, batch = by_hand
    loss = variant.critics_loss(batch)
    of_b = (2 * 0.2 - 1) - (0.6 - 1)
    of_a = 3 * (0.6 / 4) - 3 * 0.2
    assert loss.item() == pytest.approx(of_a + of_b)
    assert {name: value.item() for name, value in batch.metrics.items()} == pytest.approx(
        {
            "real_b_score": 0.6 - 1,
            "fake_b_score": 2 * 0.2 - 1,
            "real_a_score": 3 * 0.2,
            "fake_a_score": 3 * 0.6 / 4,
        }
    )
    with pytest.raises(RuntimeError, match="not have been used"):
        torch.autograd.grad(loss, [*variant.a2b.parameters()])


def test_what_generators_minimise(by_hand: tuple[DualGAN, Batch]) -> None:
    variant, batch = by_hand
    loss = variant.generators_loss(batch)
    terms = {
        "reconstruction_a": abs(0.2 * 2 / 4 - 0.2),
        "reconstruction_b": abs(0.6 / 4 * 2 - 0.6),
        "adversarial_a2b": -(2 * 0.2 - 1),
        "adversarial_b2a": -3 * (0.6 / 4),
    }
    weights = dict(zip(terms, (100, 1000, 1, 1), strict=True))
    assert {name: value.item() for name, value in batch.metrics.items()} == pytest.approx(terms)
    assert loss.item() == pytest.approx(sum(weights[name] * terms[name] for name in terms))


def theirs(
    logits: dict[str, np.ndarray], images: dict[str, np.ndarray], weight: float
) -> tuple[float, float]:
    """What the formulas of the authors' `build_model` say for `--GAN_type wgan`: d_loss, g_loss."""
    of_a = -logits["A real"].mean() + logits["A fake"].mean()
    of_b = -logits["B real"].mean() + logits["B fake"].mean()
    recovered_a = np.abs(images["A2B2A"] - images["A"]).mean()
    recovered_b = np.abs(images["B2A2B"] - images["B"]).mean()
    g_of_a = -logits["A fake"].mean() + weight * recovered_b
    g_of_b = -logits["B fake"].mean() + weight * recovered_a
    return float(of_a + of_b), float(g_of_a + g_of_b)


def test_losses_are_those_of_the_authors_code() -> None:
    """Their A_d_net judges images of B, as D_A of the paper does, and B_d_net those of A."""
    variant = make(lambda_u=700.0, lambda_v=700.0).double()
    a, b = torch.rand(2, 3, 1, 16, 16, dtype=torch.float64) * 2 - 1
    with torch.no_grad():
        a2b, b2a = variant.a2b(a), variant.b2a(b)
        images = {"A": a, "B": b, "A2B2A": variant.b2a(a2b), "B2A2B": variant.a2b(b2a)}
        logits = {
            "A fake": variant.critic_b(a2b),
            "A real": variant.critic_b(b),
            "B fake": variant.critic_a(b2a),
            "B real": variant.critic_a(a),
        }
        mine = [loss(Batch({"a": a, "b": b})) for loss in losses_of(variant)]
    as_numpy = [{key: value.numpy() for key, value in each.items()} for each in (logits, images)]
    assert [loss.item() for loss in mine] == pytest.approx(theirs(*as_numpy, 700.0), rel=1e-10)


def losses_of(variant: DualGAN) -> tuple[Any, Any]:
    return variant.critics_loss, variant.generators_loss


def noise() -> Dataset:
    """Noise, brighter in domain b."""
    first = torch.randint(0, 128, (12, 1, 16, 16), dtype=torch.uint8)
    second = torch.randint(128, 256, (9, 1, 16, 16), dtype=torch.uint8)
    return Dataset.unpaired("a+b", Dataset.images("a", first), Dataset.images("b", second))


def feed_of(data: Dataset) -> Feed:
    """Batches of two in float64, the same ones each time."""
    feed = make_feed(data, 2, device=torch.device("cpu"), seed=3, streams=data.streams)
    draw = feed.draw
    feed.draw = lambda: {name: image.double() for name, image in draw().items()}
    return feed


def test_the_engine_plays_the_papers_algorithm() -> None:
    """Three times three steps of the critics, and one of the generators on the first batch."""
    data = noise()
    variant = make(n_critic=3, clip=0.02).double()
    nets = {
        name: copy.deepcopy(variant.get_submodule(name))
        for name in ("a2b", "b2a", "critic_a", "critic_b")
    }
    engine = Engine(variant, feed_of(data), 3)
    g_a, g_b, d_b, d_a = nets.values()
    critics, generators = (
        torch.optim.RMSprop(chain(*(net.parameters() for net in pair)), 5e-5, alpha=0.9)
        for pair in ((d_a, d_b), (g_a, g_b))
    )
    feed = feed_of(data)
    for _ in range(3):
        batches = [feed.draw() for _ in range(3)]
        for u, v in ((batch["a"], batch["b"]) for batch in batches):
            loss = d_a(g_a(u).detach()).mean() - d_a(v).mean()
            loss = loss + d_b(g_b(v).detach()).mean() - d_b(u).mean()
            critics.zero_grad()
            loss.backward()
            critics.step()
            for weight in chain(d_a.parameters(), d_b.parameters()):
                weight.data.clamp_(-0.02, 0.02)
        u, v = batches[0]["a"], batches[0]["b"]
        loss = -d_a(g_a(u)).mean() - d_b(g_b(v)).mean()
        loss = loss + 500 * (l1_loss(g_b(g_a(u)), u) + l1_loss(g_a(g_b(v)), v))
        generators.zero_grad()
        loss.backward()
        generators.step()
    for _ in range(3):
        engine.step()
    for name, net in nets.items():
        mine = variant.get_submodule(name).state_dict()
        for key, value in net.state_dict().items():
            torch.testing.assert_close(mine[key], value, rtol=0, atol=1e-9)


def test_critics_are_bounded_from_the_start() -> None:
    """Initial weights have a standard deviation of 0.02."""
    variant = make(width=16)
    critics = [*variant.critic_a.parameters(), *variant.critic_b.parameters()]
    assert max(weight.abs().max().item() for weight in critics) == pytest.approx(0.01)
    assert max(weight.abs().max().item() for weight in variant.a2b.parameters()) > 0.05


def test_players_learn_as_in_the_paper() -> None:
    variant = make()
    players = variant.players()
    assert {name: player.nets for name, player in players.items()} == {
        "critics": ("critic_a", "critic_b"),
        "generators": ("a2b", "b2a"),
    }
    assert {player.optim for player in players.values()} == {RMSprop(5e-5, alpha=0.9)}
    first, second = variant.phases()
    assert (first.player, first.repeat) == ("critics", 2)
    assert (second.player, second.repeat) == ("generators", 1)
    assert DualGANConfig().lambda_u == DualGANConfig().lambda_v == 500


def test_noise_is_dropout_which_is_drawn_where_one_translates_too() -> None:
    """Once for all images of a batch, so that an image's translation is its own."""
    noisy, plain = make(dropout=0.5).eval(), make().eval()
    assert (noisy.stochastic, plain.stochastic) == (True, False)
    image = torch.rand(1, 1, 16, 16).expand(3, -1, -1, -1)
    first, second = noisy.translate(image, "a2b"), noisy.translate(image, "a2b")
    assert not torch.equal(first, second)
    assert torch.equal(first[0], first[2])
    assert torch.equal(plain.translate(image, "b2a"), plain.translate(image, "b2a"))


@pytest.mark.parametrize("shape", [(3, 64, 64), (1, 28, 28), (1, 30, 51), (2, 17, 16)])
def test_every_shape(shape: tuple[int, ...]) -> None:
    variant, image = make(two_domains(*shape)), torch.rand(2, *shape)
    for direction in ("a2b", "b2a"):
        assert variant.translate(image, direction).shape == image.shape
    assert variant.critic_a(image).shape[:2] == (2, 1)


def test_data_that_cannot_be_are_refused() -> None:
    with pytest.raises(GanzooError, match="dualgan needs images of at least 16 pixels"):
        make(two_domains(1, 12, 16))
