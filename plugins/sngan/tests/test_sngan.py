"""SNGAN's and the projection cGAN's game, in numbers."""

from typing import Any

import pytest
import torch
from ganzoo_sngan.presets import MIYATO, settled
from ganzoo_sngan.projgan import ProjectionGAN
from ganzoo_sngan.sngan import SNGAN, SNGANConfig
from torch import Tensor, nn
from torch.nn.functional import relu

from ganzoo import Batch, DataSpec
from ganzoo.plugins.equip import equipped
from ganzoo.variant import Adam

DIGITS = DataSpec.images((1, 8, 8), 10)
SMALL = {"width": 4, "generator_width": 4, "latent_dim": 6}


def make(cls: type[SNGAN] = SNGAN, **settings: Any) -> Any:
    torch.manual_seed(0)
    return cls(equipped(cls.Config(**SMALL | settings)), DIGITS)


def batch_of(n: int = 5) -> Batch:
    return Batch({"image": torch.randn(n, 1, 8, 8), "label": torch.arange(n)})


class Sums(nn.Module):
    """A D that says the sum of an image, and remembers what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[Tensor, Tensor | None]] = []

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        self.seen.append((image, label))
        return image.flatten(1).sum(1)


def test_the_losses_are_hinges() -> None:
    """Eqs. 16 and 17: E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))], and -E[D(G(z))]."""
    variant, batch = make(), batch_of()
    variant.discriminator = Sums()
    g_loss = variant.generator_loss(batch)
    fake = batch.shared["fake"].flatten(1).sum(1)
    torch.testing.assert_close(g_loss, -fake.mean())
    d_loss = variant.discriminator_loss(batch)
    real = batch.image.flatten(1).sum(1)
    torch.testing.assert_close(d_loss, relu(1 - real).mean() + relu(1 + fake).mean())


def test_g_may_learn_from_several_fakes_for_each_real_sample() -> None:
    """As in the authors' configuration for CIFAR-10: 128 fakes in G's turn, 64 in D's."""
    variant, batch = make(ProjectionGAN, generator_fakes=2), batch_of()
    variant.discriminator = Sums()
    loss = variant.generator_loss(batch)
    ((fakes, labels),) = variant.discriminator.seen
    assert len(fakes) == 10
    assert labels is not None
    assert labels.tolist() == [0, 1, 2, 3, 4] * 2
    torch.testing.assert_close(loss, -fakes.flatten(1).sum(1).mean())
    assert torch.equal(batch.shared["fake"], fakes[:5])
    variant.discriminator_loss(batch)
    (real, told), (fake, told_too) = variant.discriminator.seen[1:]
    assert (len(real), len(fake)) == (5, 5)
    assert told is told_too is batch.label


def test_a_loss_that_looks_at_real_samples_has_as_many_of_them() -> None:
    variant = make(generator_fakes=3, loss="relativistic")
    assert variant.generator_loss(batch_of()).isfinite()


@pytest.mark.parametrize("cls", [SNGAN, ProjectionGAN])
def test_the_papers_settings(cls: type[SNGAN]) -> None:
    """Adam with α = 2e-4, β = (0, 0.9), five updates of D; rates fall in a line from the start."""
    variant = make(cls, preset="cifar10")
    for player in variant.players().values():
        assert player.optim == Adam(2e-4, betas=(0.0, 0.9))
    assert [(phase.name, phase.repeat) for phase in variant.phases()] == [
        ("generator", 1),
        ("discriminator", 5),
    ]
    assert variant.preset.generator_fakes == 2
    assert variant.config.latent_dim == 6
    assert SNGANConfig().latent_dim == 128
    falls = variant.schedules()
    assert [falls[f"{name}.lr"](0.25) for name in variant.players()] == [0.75, 0.75]


def test_what_is_given_goes_before_the_preset() -> None:
    config = SNGANConfig(preset="cifar10", width=7, n_critic=2)
    found = settled(MIYATO["cifar10"], config)
    assert (found.width, found.generator_width, found.n_critic) == (7, 256, 2)
    variant = make(lr=3e-3, generator_lr=4e-3, beta2=0.5)
    optims = [player.optim for player in variant.players().values()]
    assert optims == [Adam(4e-3, (0.0, 0.5)), Adam(3e-3, (0.0, 0.5))]


def test_the_label_changes_samples_and_verdicts() -> None:
    variant = make(ProjectionGAN)
    with torch.no_grad():
        for param in variant.generator.parameters():
            param += 0.1 * torch.randn_like(param)
    variant.eval()
    latent, image = variant.sample_latent(1).expand(2, -1), torch.randn(1, 1, 8, 8)
    both = image.expand(2, -1, -1, -1)
    same, other = torch.tensor([3, 3]), torch.tensor([3, 4])
    torch.testing.assert_close(*variant(latent, same))
    assert not torch.allclose(*variant(latent, other))
    assert not torch.allclose(*variant.discriminator(both, other))
