"""The vanilla GAN: its networks, its game, its latents."""

import math
from typing import Any

import pytest
import torch
from ganzoo_vanilla.variant import Vanilla, VanillaConfig
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, norm, uniform
from torch import nn
from torch.nn.functional import softplus

from ganzoo import DataSpec
from ganzoo.data.dataset import Dataset
from ganzoo.data.feed import make_feed
from ganzoo.engine.engine import Engine
from ganzoo.plugins.equip import equipped

CPU = torch.device("cpu")
SMALL = {"generator_widths": (16, 32), "discriminator_widths": (16,), "latent_dim": 5}


def images(n: int = 32) -> Dataset:
    generator = torch.Generator().manual_seed(0)
    data = torch.randint(0, 256, (n, 1, 6, 5), dtype=torch.uint8, generator=generator)
    return Dataset.of("noise", data)


def layers(net: nn.Module) -> list[str]:
    return [type(layer).__name__ for layer in net.modules() if not list(layer.children())]


def test_networks_have_the_widths_that_were_asked_for() -> None:
    variant = Vanilla(equipped(VanillaConfig()), DataSpec.images((1, 28, 28)))
    linear = [m for m in variant.generator.modules() if isinstance(m, nn.Linear)]
    assert [m.out_features for m in linear] == [128, 256, 512, 1024, 784]
    linear = [m for m in variant.discriminator.modules() if isinstance(m, nn.Linear)]
    assert [m.in_features for m in linear] == [784, 512, 256]
    assert linear[-1].out_features == 1


def test_d_ends_in_logits_and_g_in_tanh() -> None:
    variant = Vanilla(equipped(VanillaConfig()), DataSpec.images((1, 28, 28)))
    assert "Sigmoid" not in layers(variant)
    assert "Tanh" in layers(variant.generator)
    assert "Tanh" not in layers(Vanilla(equipped(VanillaConfig()), DataSpec.points(2)).generator)


def test_batchnorm_is_torchs_own() -> None:
    """`BatchNorm1d(n, 0.8)` sets eps, not momentum: outputs then have a std of 0.02 and not 1."""
    variant = Vanilla(equipped(VanillaConfig()), DataSpec.images((1, 28, 28)))
    norms = [m for m in variant.modules() if isinstance(m, nn.BatchNorm1d)]
    assert norms
    assert all((m.eps, m.momentum) == (1e-5, 0.1) for m in norms)
    with torch.no_grad():
        outputs: list[torch.Tensor] = []
        norms[-1].register_forward_hook(lambda m, i, out: outputs.append(out))
        variant(torch.randn(500, 100))
    assert outputs[0].std().item() == pytest.approx(1, abs=0.02)


@settings(deadline=None, max_examples=15)
@given(
    st.one_of(
        st.tuples(st.integers(1, 4), st.integers(1, 40), st.integers(1, 40)),
        st.tuples(st.integers(1, 7)),
    )
)
def test_samples_have_the_shape_of_the_data(shape: tuple[int, ...]) -> None:
    variant = Vanilla(equipped(VanillaConfig(**SMALL)), DataSpec.of_shape(shape))
    samples = variant(variant.sample_latent(3))
    assert samples.shape == (3, *shape)
    assert variant.discriminator(samples).shape == (3,)
    if len(shape) == 3:
        assert samples.abs().max() <= 1


@pytest.mark.parametrize("saturating", [True, False])
def test_an_iteration_is_the_papers_game_bitwise(saturating: bool) -> None:
    chosen = "minimax" if saturating else "non-saturating"
    config = equipped(VanillaConfig(loss=chosen, **SMALL))
    data = images()

    torch.manual_seed(1)
    reference = Vanilla(config, data.spec)
    g, d = reference.generator, reference.discriminator
    g_optim = torch.optim.Adam(g.parameters(), 1e-3, (0.5, 0.999), fused=True)
    d_optim = torch.optim.Adam(d.parameters(), 1e-3, (0.5, 0.999), fused=True)
    feed = make_feed(data, 8, device=CPU, seed=0)
    torch.manual_seed(2)
    for _ in range(10):
        x = feed.draw()["image"]
        fake = g(torch.randn(8, 5))
        logits = d(fake)
        g_loss = -softplus(logits).mean() if saturating else softplus(-logits).mean()
        g_optim.zero_grad()
        g_loss.backward()
        g_optim.step()
        d_loss = softplus(-d(x)).mean() + softplus(d(fake.detach())).mean()
        d_optim.zero_grad()
        d_loss.backward()
        d_optim.step()

    torch.manual_seed(1)
    variant = Vanilla(config, data.spec)
    engine = Engine(variant, make_feed(data, 8, device=CPU, seed=0), 10)
    torch.manual_seed(2)
    for _ in range(10):
        metrics = engine.step()
    assert metrics["generator_loss"] == g_loss.detach()
    assert metrics["discriminator_loss"] == d_loss.detach()
    for (name, mine), theirs in zip(
        variant.state_dict().items(), reference.state_dict().values(), strict=True
    ):
        assert torch.equal(mine, theirs), name


@pytest.mark.parametrize(
    ("prior", "distribution"), [("normal", norm(0, 1)), ("uniform", uniform(-1, 2))]
)
def test_latents_follow_the_prior(prior: str, distribution: Any) -> None:
    torch.manual_seed(0)
    variant = Vanilla(equipped(VanillaConfig(prior=prior, **SMALL)), DataSpec.points(2))
    latent = variant.sample_latent(4000)
    assert latent.shape == (4000, 5)
    for column in latent.T:
        assert kstest(column.numpy(), distribution.cdf).pvalue > 1e-4
    correlation = torch.corrcoef(latent.T) - torch.eye(5)
    assert correlation.abs().max() < 0.08


@pytest.mark.parametrize("n_critic", [1, 3])
def test_g_is_run_once_for_both_players(n_critic: int) -> None:
    """Only the further updates of D need fakes of their own."""
    data = images()
    variant = Vanilla(equipped(VanillaConfig(n_critic=n_critic, **SMALL)), data.spec)
    runs: list[int] = []
    variant.generator.register_forward_hook(lambda m, i, out: runs.append(len(out)))
    Engine(variant, make_feed(data, 8, device=CPU, seed=0), 10).step()
    assert runs == [8] * n_critic


@pytest.mark.parametrize(
    "loss",
    ["minimax", "non-saturating", "least-squares", "hinge", "wasserstein", "relativistic-average"],
)
def test_every_loss_trains_both_players(loss: str) -> None:
    data = images()
    torch.manual_seed(0)
    variant = Vanilla(equipped(VanillaConfig(loss=loss, **SMALL)), data.spec)
    before = [p.clone() for p in variant.parameters()]
    engine = Engine(variant, make_feed(data, 8, device=CPU, seed=0), 10)
    metrics = engine.step()
    assert all(math.isfinite(value) for value in metrics.values())
    for old, (name, new) in zip(before, variant.named_parameters(), strict=True):
        # A bias of D's output cancels in differences of logits: then it has no gradient.
        assert not torch.equal(old, new) or name == "discriminator.net.3.bias", name
