"""CGAN's game: an image is judged with its label, by any loss, as the settings say."""

import math
from typing import Any

import pytest
import torch
from ganzoo_cgan.variant import CGAN, CGANConfig
from scipy.stats import kstest, uniform
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganzoo import DataSpec
from ganzoo.data.dataset import Dataset
from ganzoo.data.feed import make_feed
from ganzoo.engine.engine import Engine
from ganzoo.plugins.equip import equipped

CPU = torch.device("cpu")
DIGITS = DataSpec.images((1, 28, 28), 10, "digits")
LOSSES = (
    "minimax", "non-saturating", "least-squares", "hinge", "wasserstein", "relativistic-average",
)  # fmt: skip

both = pytest.mark.parametrize("architecture", ["mlp", "conv"])


def make(architecture: str, **config: Any) -> CGAN:
    torch.manual_seed(1)
    return CGAN(equipped(CGANConfig(architecture=architecture, width=4, **config)), DIGITS)


def noise(n: int = 32, classes: int = 10) -> Dataset:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (n, 1, 28, 28), dtype=torch.uint8, generator=generator)
    labels = torch.randint(0, classes, (n,), generator=generator)
    return Dataset.of("noise", images, labels, tuple(map(str, range(classes))))


def engine_of(variant: CGAN, batch_size: int = 8) -> Engine:
    return Engine(variant, make_feed(noise(), batch_size, device=CPU, seed=0), 10)


@pytest.mark.parametrize("n_critic", [1, 3])
@both
def test_an_iteration_is_the_game_of_eq_2_bitwise(architecture: str, n_critic: int) -> None:
    """Cross-entropy, and each D(.|y) and G(.|y) with the labels of the real images beside them."""
    reference = make(architecture, n_critic=n_critic)
    g, d = reference.generator, reference.discriminator
    g_optim = torch.optim.Adam(g.parameters(), 1e-3, (0.5, 0.999), fused=True)
    d_optim = torch.optim.Adam(d.parameters(), 1e-3, (0.5, 0.999), fused=True)
    feed = make_feed(noise(), 8, device=CPU, seed=0)
    torch.manual_seed(2)
    for _ in range(5):
        batch = feed.draw()
        x, y = batch["image"], batch["label"]
        fake = g(2 * torch.rand(8, 100) - 1, y)
        g_loss = softplus(-d(fake, y)).mean()
        g_optim.zero_grad()
        g_loss.backward()
        g_optim.step()
        for update in range(n_critic):
            if update > 0:
                batch = feed.draw()
                x, y = batch["image"], batch["label"]
                fake = g(2 * torch.rand(8, 100) - 1, y)
            d_loss = softplus(-d(x, y)).mean() + softplus(d(fake.detach(), y)).mean()
            d_optim.zero_grad()
            d_loss.backward()
            d_optim.step()

    engine = engine_of(make(architecture, n_critic=n_critic))
    torch.manual_seed(2)
    for _ in range(5):
        metrics = engine.step()
    assert metrics["generator_loss"] == g_loss.detach()
    assert metrics["discriminator_loss"] == d_loss.detach()
    for (name, mine), theirs in zip(
        engine.variant.state_dict().items(), reference.state_dict().values(), strict=True
    ):
        assert torch.equal(mine, theirs), name


@both
def test_the_game_is_cross_entropy_by_default(architecture: str) -> None:
    """Where D's logits are 0, D(x|y) is 1/2 and -log D(x|y) is log 2; squares would give 1/4."""
    variant = make(architecture)
    last = [layer for layer in variant.discriminator.modules() if isinstance(layer, nn.Linear)][-1]
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    metrics = engine_of(variant).step()
    assert metrics["generator_loss"].item() == pytest.approx(math.log(2))
    assert metrics["discriminator_loss"].item() == pytest.approx(2 * math.log(2))
    assert metrics["real_score"].item() == metrics["fake_score"].item() == 0.5


@pytest.mark.parametrize("loss", LOSSES)
@both
def test_every_loss_trains_both_networks(architecture: str, loss: str) -> None:
    variant = make(architecture, loss=loss)
    before = [param.clone() for param in variant.parameters()]
    metrics = engine_of(variant).step()
    assert all(math.isfinite(value) for value in metrics.values())
    last = [name for name, _ in variant.named_parameters()][-1]  # cancels in differences of logits
    for old, (name, new) in zip(before, variant.named_parameters(), strict=True):
        assert not torch.equal(old, new) or name == last, name


@pytest.mark.parametrize("loss", ["non-saturating", "relativistic-average"])
def test_every_image_meets_its_own_label(loss: str) -> None:
    """Image k is all k / 10 here, and G is one that draws what it is told."""
    labels = torch.arange(10).repeat(4)
    levels = (labels * 25).to(torch.uint8)[:, None, None, None].expand(-1, 1, 28, 28).contiguous()
    data = Dataset.of("levels", levels, labels, tuple("0123456789"))
    variant = make("mlp", n_critic=2, loss=loss)
    seen: list[tuple[Tensor, Tensor]] = []

    def obey(module: nn.Module, inputs: tuple[Tensor, Tensor], out: Tensor) -> Tensor:
        level = inputs[1] * 25 / 127.5 - 1
        return 0 * out + level[:, None, None, None]

    variant.generator.register_forward_hook(obey)
    variant.discriminator.register_forward_pre_hook(lambda m, inputs: seen.append(inputs))
    Engine(variant, make_feed(data, 8, device=CPU, seed=0), 10).step()
    assert len(seen) == (6 if loss == "relativistic-average" else 5)
    for image, label in seen:
        torch.testing.assert_close(image.mean((1, 2, 3)), label * 25 / 127.5 - 1)


def test_each_setting_reaches_what_it_names() -> None:
    def described(**config: Any) -> str:
        torch.manual_seed(0)
        variant = CGAN(equipped(CGANConfig(**config)), DIGITS)
        phases = [(phase.name, phase.repeat) for phase in variant.phases()]
        latent = variant.sample_latent(2)
        sizes = [tuple(p.shape) for p in variant.parameters()]
        parts = [*variant.regularisers, *variant.augmentations]
        rates = {name: rate(0.75) for name, rate in variant.schedules().items()}
        return repr((variant.players(), phases, latent, sizes, variant.loss, rates, parts))

    other = {
        "loss": "hinge", "latent_dim": 7, "prior": "normal", "lr": 2e-3, "beta1": 0.1,
        "n_critic": 2, "decay_from": 0.5, "ema": 0.5, "architecture": "mlp", "width": 5,
        "regulariser": "r1", "augment": "translation",
    }  # fmt: skip
    assert set(other) == set(CGANConfig.__dataclass_fields__)
    descriptions = {described(**{key: value}) for key, value in other.items()}
    assert len(descriptions | {described()}) == len(other) + 1


def test_latents_are_uniform() -> None:
    latent = make("mlp").sample_latent(300)
    assert latent.shape == (300, 100)
    assert kstest(latent.flatten().numpy(), uniform(-1, 2).cdf).pvalue > 1e-4
