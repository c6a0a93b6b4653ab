"""UNIT: its losses beside those of the authors' trainer, what is shared, and its terms by hand."""

from typing import Any

import ganzoo_unit.variant
import pytest
import torch
from ganzoo_unit.networks import CoupledEncoder, CoupledGenerator, make_discriminator
from ganzoo_unit.variant import UNIT, UNITConfig, kl, near
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganzoo import Adam, Batch, DataSpec, GanzooError
from ganzoo.networks.translators import resnet_generator
from ganzoo.plugins.equip import equipped


def two_domains(*shape: int) -> DataSpec:
    domain = DataSpec.of_shape(shape)
    return DataSpec.unpaired(domain, domain, "a+b")


def make(data: DataSpec | None = None, **settings: Any) -> UNIT:
    torch.manual_seed(0)
    wanted = {"width": 2, "blocks": 1} | settings
    return UNIT(equipped(UNITConfig(**wanted)), data or two_domains(1, 16, 16))


def waves(*shape: int, start: int = 0) -> Tensor:
    count = torch.arange(torch.Size(shape).numel(), dtype=torch.float64)
    return torch.sin(count * 0.7 + start).view(shape)


def filled(net: nn.Module, start: int) -> nn.Module:
    for number, parameter in enumerate(net.double().parameters()):
        made = waves(*parameter.shape, start=start + number)
        parameter.data.copy_(made / parameter[0].numel() ** 0.5)
    return net


@pytest.fixture
def like_theirs(monkeypatch: pytest.MonkeyPatch) -> tuple[UNIT, Batch]:
    """Coders and discriminators of one convolution each, and the authors' weights of the terms.

    Their squares are not halved, and those of `ganzoo.losses` are.
    """
    weights = {"lambda_gan": 2.0, "lambda_kl": 0.01, "lambda_cycle_kl": 0.01}
    weights |= {"lambda_reconstruction": 10.0, "lambda_cycle": 10.0}
    variant = make(two_domains(2, 16, 16), loss="least-squares", **weights).double()
    coders = []
    for start in (1, 5):
        encoder = filled(nn.Conv2d(2, 3, 4, 2, 1), start)
        decoder = filled(nn.ConvTranspose2d(3, 2, 4, 2, 1), start + 2)
        coders.append((encoder, nn.Sequential(decoder, nn.Tanh())))
    (from_a, to_a), (from_b, to_b) = coders
    variant.encoder = CoupledEncoder(from_a, from_b, nn.Identity())
    variant.generator = CoupledGenerator(nn.Identity(), to_a, to_b)
    judges = [filled(nn.Conv2d(2, 1, 4, 2, 1), start) for start in (11, 13)]
    variant.discriminator_a, variant.discriminator_b = judges  # type: ignore[assignment]
    noise = waves(3, 3, 4, 4, start=9)
    monkeypatch.setattr(ganzoo_unit.variant, "near", lambda mean: mean + noise)
    data = {"a": waves(3, 2, 8, 8, start=2), "b": waves(3, 2, 8, 8, start=4)}
    return variant, Batch(data)


# What the authors' UNIT_Trainer computed in float64 of the same (the README says how): the losses
# that it keeps, and of the gradients of each network the sums of values and of squares.
DISCRIMINATORS = (4.35436466772214, 85.67264962878787)
TERMS = {
    "reconstruction_a": 0.8040478088222468,
    "reconstruction_b": 0.785101882488021,
    "kl_a": 0.39582600576117777,
    "kl_b": 0.387260562186138,
    "cycle_a": 0.819017799736407,
    "cycle_b": 0.7717561612523539,
    "cycle_kl_a": 0.6193180074233785 + 0.39582600576117777,
    "cycle_kl_b": 0.45457925225894 + 0.387260562186138,
    "adversarial_b2a": 1.75759686653011 / 2,
    "adversarial_a2b": 0.14404248090050767 / 2,
}
TOTAL = 33.71944570869721
GRADIENTS = {
    "encoder.from_a": (-1.9069853770067282, 5.705671474552469),
    "generator.to_a": (-21.401383106552302, 19.73564225071424),
    "encoder.from_b": (3.408775586048632, 3.83671827744145),
    "generator.to_b": (16.443946456480916, 13.0166979287342),
}


def test_discriminators_minimise_what_they_do_in_the_authors_trainer(
    like_theirs: tuple[UNIT, Batch],
) -> None:
    variant, batch = like_theirs
    loss = 2 * variant.discriminators_loss(batch)
    judges = [*variant.discriminator_a.parameters(), *variant.discriminator_b.parameters()]
    gradients = torch.autograd.grad(loss, judges)
    squares = sum(gradient.square().sum().item() for gradient in gradients)
    assert (loss.item(), squares) == pytest.approx(DISCRIMINATORS, rel=1e-10)


def test_vaes_minimise_what_they_do_in_the_authors_trainer_and_one_term_more(
    like_theirs: tuple[UNIT, Batch],
) -> None:
    """Their code leaves out the divergence of q_1(z_1|x_1), which the VAE has already."""
    variant, batch = like_theirs
    loss = variant.vaes_loss(batch)
    found = {name: value.item() for name, value in batch.metrics.items()}
    assert found == pytest.approx(TERMS, rel=1e-10)
    means = [variant.encoder(batch.data[domain], domain) for domain in "ab"]
    shared_term = 0.01 * (kl(means[0]) + kl(means[1]))
    theirs = loss - shared_term
    assert theirs.item() == pytest.approx(TOTAL, rel=1e-10)
    for name, sums in GRADIENTS.items():
        parameters = [*variant.get_submodule(name).parameters()]
        gradients = torch.autograd.grad(theirs, parameters, retain_graph=True)
        values = sum(gradient.sum().item() for gradient in gradients)
        squares = sum(gradient.square().sum().item() for gradient in gradients)
        assert (values, squares) == pytest.approx(sums, rel=1e-9)


def test_the_divergence_of_the_latents_is_proportional_to_that_of_two_normals() -> None:
    """Torch's own, added up over the latent: half as many times the values as there are."""
    mean = torch.randn(3, 4, 2, 2)
    one = torch.ones(())
    exact = torch.distributions.kl_divergence(
        torch.distributions.Normal(mean, one), torch.distributions.Normal(0 * mean, one)
    )
    torch.testing.assert_close(kl(mean), 2 * exact.mean())


def test_latents_are_drawn_around_their_mean() -> None:
    mean = 3 * torch.randn(1, 2, 50, 50)
    noise = torch.stack([near(mean) for _ in range(20)]) - mean
    assert noise.mean().item() == pytest.approx(0, abs=0.02)
    assert noise.std().item() == pytest.approx(1, abs=0.02)


def test_the_weights_of_the_terms_are_the_papers() -> None:
    variant = make()
    batch = Batch({"a": torch.rand(2, 1, 16, 16), "b": torch.rand(2, 1, 16, 16)})
    loss = variant.vaes_loss(batch).item()
    weights = {"kl": 0.1, "reconstruction": 100, "cycle_kl": 0.1, "cycle": 100}
    total = 0.0
    for name, value in batch.metrics.items():
        total += weights.get(name.removesuffix("_a").removesuffix("_b"), 10) * value.item()
    assert len(batch.metrics) == 10
    assert loss == pytest.approx(total, rel=1e-5)


def test_each_domain_has_a_discriminator_and_a_translation_that_it_judges() -> None:
    """Both with the cross-entropy, of translations and not of reconstructions."""
    variant = make()
    batch = Batch({"a": torch.rand(2, 1, 16, 16), "b": torch.rand(2, 1, 16, 16)})
    torch.manual_seed(3)
    loss = variant.discriminators_loss(batch)
    torch.manual_seed(3)
    expected = torch.zeros(())
    for here, other in (("a", "b"), ("b", "a")):
        judge = variant.get_submodule(f"discriminator_{here}")
        mean = variant.encoder(batch.data[other], other)
        fake = variant.generator(mean + torch.randn_like(mean), here)
        real_logits, fake_logits = judge(batch.data[here]), judge(fake)
        expected = expected + softplus(-real_logits).mean() + softplus(fake_logits).mean()
    torch.testing.assert_close(loss, expected)
    with pytest.raises(RuntimeError, match="not have been used"):
        torch.autograd.grad(loss, [*variant.generator.parameters()])


def test_domains_share_the_end_of_their_encoders_and_the_beginning_of_their_generators() -> None:
    """What moves one moves the other, and nothing else is common."""
    variant = make(blocks=3)
    image = torch.rand(1, 1, 16, 16)
    with torch.no_grad():
        a, b = variant.encoder.from_a(image), variant.encoder.from_b(image)
        assert not torch.allclose(a, b)
        torch.testing.assert_close(variant.encoder(image, "a"), variant.encoder.shared(a))
        torch.testing.assert_close(variant.encoder(image, "b"), variant.encoder.shared(b))
        z = variant.encoder(image, "a")
        assert z.shape == (1, 8, 4, 4)
        inner = variant.generator.shared(z)
        torch.testing.assert_close(variant.generator(z, "a"), variant.generator.to_a(inner))
        torch.testing.assert_close(variant.generator(z, "b"), variant.generator.to_b(inner))
    halves = [variant.encoder.from_a, variant.encoder.shared]
    halves += [variant.generator.shared, variant.generator.to_a]
    count = sum(parameter.numel() for half in halves for parameter in half.parameters())
    whole = resnet_generator(2, 6, two_domains(1, 16, 16))
    assert count == sum(parameter.numel() for parameter in whole.parameters())


def test_translations_are_those_of_the_means() -> None:
    variant, image = make().eval(), torch.rand(2, 1, 16, 16)
    for direction in ("a2b", "b2a"):
        here, there = direction.split("2")
        expected = variant.generator(variant.encoder(image, here), there)
        assert torch.equal(variant.translate(image, direction), expected)
    assert not variant.stochastic


def test_players_learn_as_in_the_paper() -> None:
    variant = make()
    players = variant.players()
    assert {name: player.nets for name, player in players.items()} == {
        "discriminators": ("discriminator_a", "discriminator_b"),
        "vaes": ("encoder", "generator"),
    }
    assert {player.optim for player in players.values()} == {Adam(1e-4, betas=(0.5, 0.999))}
    assert [phase.player for phase in variant.phases()] == ["discriminators", "vaes"]
    assert (UNITConfig().blocks, UNITConfig().width) == (4, 64)


@pytest.mark.parametrize(
    ("shape", "layers"), [((3, 256, 256), 5), ((3, 64, 64), 4), ((1, 28, 28), 3), ((2, 17, 30), 2)]
)
def test_every_shape(shape: tuple[int, ...], layers: int) -> None:
    data = two_domains(*shape)
    judge = make_discriminator(1, data)
    assert len(judge) == 2 * layers + 1
    assert judge(torch.rand(2, *shape)).shape[:2] == (2, 1)
    if max(shape) < 100:
        variant, image = make(data), torch.rand(2, *shape)
        assert variant.translate(image, "b2a").shape == image.shape


def test_data_that_cannot_be_are_refused() -> None:
    with pytest.raises(GanzooError, match="unit needs images of at least 16 pixels"):
        make(two_domains(1, 12, 16))
