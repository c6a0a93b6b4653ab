"""WGAN: the clipping, the critic's schedule, the optimizer."""

import pytest
import torch
from ganzoo_wgan.wgan import WGAN, WGANConfig
from torch import nn

from ganzoo import Batch, Dataset, DataSpec
from ganzoo.data.feed import make_feed
from ganzoo.engine.engine import Engine
from ganzoo.engine.plan import make_plan

CPU = torch.device("cpu")
SMALL = {"width": 4, "latent_dim": 3}


def images(n: int = 600) -> Dataset:
    generator = torch.Generator().manual_seed(0)
    data = torch.randint(0, 256, (n, 1, 28, 28), dtype=torch.uint8, generator=generator)
    return Dataset.of("noise", data)


def largest(variant: WGAN) -> float:
    return max(weight.detach().abs().max().item() for weight in variant.critic.parameters())


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 64, 48), (2,)])
@pytest.mark.parametrize("clip", [0.01, 0.003])
def test_the_first_critic_is_clipped(shape: tuple[int, ...], clip: float) -> None:
    variant = WGAN(WGANConfig(clip=clip, **SMALL), DataSpec.of_shape(shape))
    assert largest(variant) == pytest.approx(clip)
    assert max(w.abs().max() for w in variant.generator.parameters()) > clip


def test_the_critic_has_batchnorm_the_scales_of_which_are_clipped() -> None:
    """As the authors' has: scale / sqrt(eps) bounds a layer's slope, to 3.2 and not to 316."""
    variant = WGAN(WGANConfig(lr=1.0, **SMALL), DataSpec.images((1, 28, 28)))
    norms = [m for m in variant.critic.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == 2  # of three convolutions; not on the input
    for norm in norms:
        assert norm.weight.detach().tolist() == pytest.approx([0.01] * norm.num_features)
    with torch.no_grad():
        for weight in variant.critic.parameters():
            weight += 5
    variant.clip_weights()
    for norm in norms:
        assert max(norm.weight.abs().max(), norm.bias.abs().max()) <= 0.01
    assert not any(isinstance(m, nn.Sigmoid) for m in variant.critic.modules())


def test_real_and_fake_are_normalised_apart() -> None:
    """As in the authors' code: together, BatchNorm would see what of the batch is fake."""
    variant = WGAN(WGANConfig(**SMALL), DataSpec.images((1, 28, 28)))
    sizes: list[int] = []
    variant.critic.register_forward_pre_hook(lambda m, inputs: sizes.append(len(inputs[0])))
    variant.critic_loss(Batch({"image": torch.randn(6, 1, 28, 28)}))
    assert sizes == [6, 6]


def test_nobody_ever_sees_an_unclipped_critic() -> None:
    """Neither G nor the next update of the critic, with steps that each leave the bounds."""
    data = images()
    variant = WGAN(WGANConfig(lr=1.0, **SMALL), data.spec)
    seen: list[float] = []
    variant.critic.register_forward_pre_hook(lambda m, i: seen.append(largest(variant)))
    engine = Engine(variant, make_feed(data, 4, device=CPU, seed=0), 10)
    before = [weight.clone() for weight in variant.generator.parameters()]
    engine.iteration = 30
    for _ in range(3):
        engine.step()
    assert len(seen) == 3 * (5 * 2 + 1)
    assert max(seen) <= 0.01
    assert largest(variant) == pytest.approx(0.01)
    after = list(variant.generator.parameters())
    assert max((w - b).abs().max() for w, b in zip(after, before, strict=True)) > 1


@pytest.mark.parametrize(
    ("iteration", "updates"),
    [(0, 100), (1, 100), (24, 100), (25, 5), (499, 5), (500, 100), (501, 5), (1000, 100)],
)
def test_the_critics_schedule_is_in_the_plan(iteration: int, updates: int) -> None:
    phases = WGAN(WGANConfig(**SMALL), DataSpec.points(2)).phases()
    plan = make_plan(phases, iteration)
    assert plan.updates == (("critic", updates), ("generator", 1))
    assert (plan == make_plan(phases, 26)) == (updates == 5)


def test_n_critic_is_followed() -> None:
    variant = WGAN(WGANConfig(n_critic=2, **SMALL), DataSpec.points(2))
    assert [variant.critic_updates(i) for i in (24, 25, 500)] == [100, 2, 100]


def test_both_learn_by_rmsprop_as_in_the_paper() -> None:
    """torch's own learning rate would be 0.01, two hundred times the paper's."""
    data = images()
    engine = Engine(
        WGAN(WGANConfig(**SMALL), data.spec), make_feed(data, 4, device=CPU, seed=0), 10
    )
    for learner in engine.learners.values():
        assert isinstance(learner.optimizer, torch.optim.RMSprop)
        (group,) = learner.optimizer.param_groups
        assert (group["lr"], group["alpha"], group["eps"]) == (5e-5, 0.99, 1e-8)
        assert (group["momentum"], group["centered"], group["weight_decay"]) == (0, False, 0)
    assert engine.learners["generator"].player.ema == 0.999
    assert not engine.learners["critic"].averaged


def test_an_iteration_is_algorithm_1_bitwise() -> None:
    """The authors' loop, by hand: 100 updates of the critic at first, then 5, and one of G."""
    data = images()

    def build() -> WGAN:
        torch.manual_seed(1)
        variant = WGAN(WGANConfig(**SMALL), data.spec)
        torch.manual_seed(2)
        return variant

    reference = build()
    g, f = reference.generator, reference.critic
    g_optim = torch.optim.RMSprop(g.parameters(), 5e-5, foreach=True)
    f_optim = torch.optim.RMSprop(f.parameters(), 5e-5, foreach=True)
    feed = make_feed(data, 8, device=CPU, seed=0)
    for iteration in [0, 25, 26, 500]:
        for _ in range(100 if iteration in (0, 500) else 5):
            x = feed.draw()["image"]
            with torch.no_grad():
                fake = g(torch.randn(8, 3))
            f_loss = -(f(x).mean() - f(fake).mean())
            f_optim.zero_grad()
            f_loss.backward()
            f_optim.step()
            for weight in f.parameters():
                weight.data.clamp_(-0.01, 0.01)
        g_loss = -f(g(torch.randn(8, 3))).mean()
        g_optim.zero_grad()
        g_loss.backward()
        g_optim.step()

    variant = build()
    engine = Engine(variant, make_feed(data, 8, device=CPU, seed=0), 1000)
    for iteration in [0, 25, 26, 500]:
        engine.iteration = iteration
        metrics = engine.step()
    assert metrics["critic_loss"] == f_loss.detach() == -metrics["wasserstein"]
    assert metrics["generator_loss"] == g_loss.detach()
    for (name, mine), theirs in zip(
        variant.state_dict().items(), reference.state_dict().values(), strict=True
    ):
        assert torch.equal(mine, theirs), name
