"""ACGAN's losses in closed form, and D as a classifier."""

import math
from typing import Any

import pytest
import torch
from ganzoo_sngan.acgan import ACGAN, ACGANConfig
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, softplus

from ganzoo import Batch, DataSpec
from ganzoo.engine.plan import make_plan
from ganzoo.plugins.equip import equipped

CLASSES = 10


def make(**settings: Any) -> Any:
    torch.manual_seed(0)
    small = {"width": 4, "generator_width": 4, "latent_dim": 6} | settings
    return ACGAN(equipped(ACGANConfig(**small)), DataSpec.images((1, 8, 8), CLASSES))


def batch_of(n: int = 5) -> Batch:
    return Batch({"image": torch.randn(n, 1, 8, 8), "label": torch.arange(n)})


class Heads(nn.Module):
    """A D whose source is the sum of an image, and whose logits of classes are a part of it."""

    def examine(self, image: Tensor) -> tuple[Tensor, Tensor]:
        flat = image.flatten(1)
        return flat.sum(1), flat[:, :CLASSES]


class Silent(nn.Module):
    """One that knows nothing."""

    def examine(self, image: Tensor) -> tuple[Tensor, Tensor]:
        nothing = 0 * image.flatten(1)
        return nothing.sum(1), nothing[:, :CLASSES]


def test_who_knows_nothing_loses_the_entropy_of_the_classes() -> None:
    """2 ln 2 and twice ln K: the class of real samples and of fakes (eq. 3)."""
    variant, batch = make(), batch_of()
    variant.discriminator = Silent()
    assert variant.generator_loss(batch).item() == pytest.approx(math.log(2) + math.log(CLASSES))
    loss = variant.discriminator_loss(batch)
    assert loss.item() == pytest.approx(2 * math.log(2) + 2 * math.log(CLASSES))
    assert batch.metrics["real_class_loss"].item() == pytest.approx(math.log(CLASSES))


def test_the_losses() -> None:
    """Eqs. 2 and 3, of logits: of a softmax of them the entropy would be 1.46 at least."""
    variant, batch = make(class_weight=0.5, generator_class_weight=0.25), batch_of()
    variant.discriminator = heads = Heads()
    g_loss = variant.generator_loss(batch)
    source, told = heads.examine(batch.shared["fake"])
    expected = softplus(-source).mean() + 0.25 * cross_entropy(told, batch.label)
    torch.testing.assert_close(g_loss, expected)
    d_loss = variant.discriminator_loss(batch)
    real, told_of_real = heads.examine(batch.image)
    of_source = softplus(-real).mean() + softplus(source).mean()
    of_class = cross_entropy(told_of_real, batch.label) + cross_entropy(told, batch.label)
    torch.testing.assert_close(d_loss, of_source + 0.5 * of_class)


def test_several_fakes_are_of_the_labels_that_were_asked_for() -> None:
    variant, batch = make(generator_fakes=3, loss="relativistic"), batch_of()
    assert variant.generator_loss(batch).isfinite()
    assert len(batch.shared["fake"]) == 5


def test_one_pass_serves_both_heads() -> None:
    """So that a step of the power iteration is taken once for each batch that D sees."""
    variant, batch = make(), batch_of()
    passes: list[int] = []
    variant.discriminator.trunk.register_forward_hook(lambda *_: passes.append(1))
    variant.generator_loss(batch)
    assert len(passes) == 1
    variant.discriminator_loss(batch)
    assert len(passes) == 3


def test_the_class_is_part_of_both_losses_and_has_no_step_of_its_own() -> None:
    variant = make()
    assert [*variant.players()] == ["generator", "discriminator"]
    assert make_plan(variant.phases(), 0).updates == (("generator", 1), ("discriminator", 1))
    (loss,) = (phase.loss for phase in variant.phases() if phase.player == "discriminator")
    loss(batch_of()).backward()
    assert variant.discriminator.classifier.weight.grad.any()


def test_d_is_not_told_the_class() -> None:
    net = make().discriminator
    assert net.embedding is None
    assert torch.equal(net.eval()(torch.ones(1, 1, 8, 8)), net(torch.ones(1, 1, 8, 8)))


def test_d_learns_to_classify() -> None:
    variant = make(width=8, lr=1e-2)
    params = [*variant.discriminator.parameters()]
    optimizer = torch.optim.Adam(params, 1e-2)
    batch = batch_of()
    with torch.no_grad():
        batch.shared["fake"] = variant(variant.sample_latent(5), batch.label)
    for _ in range(60):
        loss = variant.discriminator_loss(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    variant.eval()
    told = variant.classify(batch.image)
    torch.testing.assert_close(told.sum(1), torch.ones(5))
    assert torch.equal(told.argmax(1), batch.label)


@pytest.mark.parametrize("regulariser", ["r1:gamma=2", "r1:gamma=2,every=4"])
def test_regularisers_and_augmentations_go_with_it(regulariser: str) -> None:
    variant, batch = make(regulariser=regulariser, augment="translation"), batch_of()
    for phase in variant.phases():
        assert phase.loss(batch).isfinite()
    assert batch.metrics["r1"] > 0
