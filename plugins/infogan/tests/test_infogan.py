"""InfoGAN: who learns from what, as in a loop that one would write by hand."""

import math
from collections.abc import Callable

import pytest
import torch
from ganzoo_infogan.variant import InfoGAN
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganzoo import Batch, Dataset
from ganzoo.data.feed import make_feed
from ganzoo.engine.engine import Engine

Q_NETS, G_NETS = ("trunk", "recognition"), ("generator",)


def gradients(variant: InfoGAN, loss: Tensor, *nets: str) -> list[Tensor | None]:
    params = [param for net in nets for param in variant.get_submodule(net).parameters()]
    return [*torch.autograd.grad(loss, params, allow_unused=True)]


def only_the_bound(variant: InfoGAN) -> None:
    """D says the same of everything, so that all gradients are those of L_I."""
    nn.init.zeros_(variant.discriminator[0].weight)


@pytest.mark.parametrize("code", ["c1", "continuous"])
def test_g_learns_from_what_q_tells(
    make: Callable[..., InfoGAN], batch_of: Callable[..., Batch], code: str
) -> None:
    """A Q that is read without a gradient leaves G a GAN's."""
    variant = make()
    only_the_bound(variant)
    with torch.no_grad():  # Q's other outputs are constants
        rows = slice(10, None) if code == "c1" else slice(10)
        variant.recognition[-1].weight[rows] = 0
    found = gradients(variant, variant.generator_loss(batch_of()), *G_NETS)
    assert sum(grad.abs().sum() for grad in found if grad is not None) > 1e-4


def test_q_and_what_it_shares_with_d_learn_in_the_step_of_d(
    make: Callable[..., InfoGAN], batch_of: Callable[..., Batch]
) -> None:
    variant = make()
    only_the_bound(variant)
    found = gradients(variant, variant.discriminator_loss(batch_of()), *Q_NETS)
    assert all(grad is not None for grad in found)
    assert sum(grad.abs().sum() for grad in found if grad is not None) > 1e-3


def test_d_and_q_have_one_optimizer_and_g_another_with_the_rates_of_the_authors(
    make: Callable[..., InfoGAN],
) -> None:
    players = make().players()
    assert {name: (player.nets, player.optim.lr) for name, player in players.items()} == {  # type: ignore[union-attr]
        "discriminator": (("trunk", "discriminator", "recognition"), 2e-4),
        "generator": ((), 1e-3),
    }
    assert {player.optim.betas for player in players.values()} == {(0.5, 0.999)}  # type: ignore[union-attr]
    assert [phase.player for phase in make().phases()] == ["discriminator", "generator"]


def test_training_is_the_loop_that_one_would_write_by_hand(
    make: Callable[..., InfoGAN], noise: Callable[..., Dataset]
) -> None:
    """D and Q by one Adam, then G by another, each with latents of its own, all in one batch."""
    by_hand = make().train()
    g, t, d, q = by_hand.generator, by_hand.trunk, by_hand.discriminator, by_hand.recognition
    d_optim = torch.optim.Adam(
        [*t.parameters(), *d.parameters(), *q.parameters()], 2e-4, (0.5, 0.999), fused=True
    )
    g_optim = torch.optim.Adam(g.parameters(), 1e-3, (0.5, 0.999), fused=True)
    feed = make_feed(noise(), 8, device=torch.device("cpu"), seed=0)

    def information(latent: Tensor, features: Tensor) -> Tensor:
        told, c1, rest = q(features), latent[:, 5:15], latent[:, 15:]
        of_c1 = math.log(10) + (told[:, :10].log_softmax(1) * c1).sum(1)
        of_rest = math.log(2) - (rest - told[:, 10:]) ** 2 / 2 - math.log(2 * math.pi) / 2
        return (of_c1 + of_rest.sum(1)).mean()

    torch.manual_seed(1)
    for _ in range(4):
        x = feed.draw()["image"]
        latent = by_hand.sample_latent(8)
        on_real, on_fake = t(torch.cat([x, g(latent).detach()])).chunk(2)
        d_loss = softplus(-d(on_real)).mean() + softplus(d(on_fake)).mean()
        d_loss = d_loss - information(latent, on_fake)
        by_hand.zero_grad()
        d_loss.backward()
        d_optim.step()
        latent = by_hand.sample_latent(8)
        on_fake = t(torch.cat([x, g(latent)]))[8:]
        g_loss = softplus(-d(on_fake)).mean() - information(latent, on_fake)
        by_hand.zero_grad()
        g_loss.backward()
        g_optim.step()

    played = make()
    engine = Engine(played, make_feed(noise(), 8, device=torch.device("cpu"), seed=0), 10)
    torch.manual_seed(1)
    for _ in range(4):
        metrics = engine.step()
    assert metrics["discriminator_loss"].item() == pytest.approx(d_loss.item(), rel=1e-4)
    assert metrics["generator_loss"].item() == pytest.approx(g_loss.item(), rel=1e-4)
    for (name, mine), theirs in zip(played.named_parameters(), by_hand.parameters(), strict=True):
        # Where the exact gradient is 0, as that of a bias before BatchNorm, Adam follows rounding.
        assert (mine - theirs).abs().quantile(0.9) < 1e-5 or name.endswith("bias"), name


def test_d_sees_that_fakes_are_gray(make: Callable[..., InfoGAN]) -> None:
    """Of fakes alone BatchNorm made what it makes of real samples, however alike they were."""
    variant = make().train()
    real = torch.rand(64, *variant.data.shape) * 2 - 1
    gray = real / 20

    def apart(real: Tensor, fake: Tensor) -> float:
        return (real.mean(0) - fake.mean(0)).abs().mean().item() + abs(
            real.std().item() - fake.std().item()
        )

    together = apart(*variant.features_of(real, gray))
    by_themselves = apart(variant.trunk(real), variant.trunk(gray))
    assert together > 3 * by_themselves
