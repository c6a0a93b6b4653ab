"""DiscoGAN: its networks beside the authors', its terms by hand, and its two rates."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from ganzoo_discogan.networks import Discriminator, make_generator, sides
from ganzoo_discogan.variant import DiscoGAN, DiscoGANConfig, matching
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganzoo import Batch, DataSpec, GanzooError, Progress


@pytest.fixture(autouse=True)
def in_float64() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def two_domains(*shape: int) -> DataSpec:
    domain = DataSpec.of_shape(shape)
    return DataSpec.unpaired(domain, domain, "a+b")


def make(data: DataSpec | None = None, **settings: Any) -> DiscoGAN:
    torch.manual_seed(0)
    return DiscoGAN(DiscoGANConfig(**{"width": 2} | settings), data or two_domains(1, 16, 16))


def batch_of(n: int = 4) -> Batch:
    return Batch({"a": torch.rand(n, 1, 16, 16) * 2 - 1, "b": torch.rand(n, 1, 16, 16) * 2 - 1})


def waves(*shape: int, start: int = 0) -> Tensor:
    return torch.sin(torch.arange(torch.Size(shape).numel()) * 0.7 + start).view(shape)


def fill(net: nn.Module) -> None:
    for number, parameter in enumerate(net.parameters()):
        made = waves(*parameter.shape, start=number)
        flat = parameter.dim() == 1
        parameter.data.copy_(1 + 0.1 * made if flat else made / parameter[0].numel() ** 0.5)


# What the authors' networks computed in float64 (the README says how), of batches of two and of
# five images of 64 pixels: sums of values and of squares of G(x), of D's probabilities and of the
# features of its three later layers; and what their code makes of the features of x and of G(x).
THEIRS: dict[int, Any] = {
    2: (
        [
            (12345.161798322453, 7001.978479614098),
            (0.9809117236091748, 0.4815731533576624),
            (69128.39121560748, 125741.25720705662),
            (34815.27871799696, 64155.54223143524),
            (17455.391079627036, 32050.178054825286),
        ],
        4.924835631778221,
    ),
    5: (
        [
            (30840.557819156606, 17445.161360681777),
            (1.2214125256896589, 0.29945758944989553),
            (172810.72370596346, 314329.7832942953),
            (86706.33953302643, 161066.65793381364),
            (43877.79913686412, 78504.23528877819),
        ],
        3.703030746189378,
    ),
}


@pytest.mark.parametrize("n", THEIRS)
def test_networks_compute_what_the_authors_do(n: int) -> None:
    """Their sigmoid of x is (1 + tanh(x / 2)) / 2, and images here are in [-1, 1]."""
    sums, matched = THEIRS[n]
    data = two_domains(3, 64, 64)
    generator, discriminator = make_generator(64, data), Discriminator(64, data)
    assert sum(p.numel() for p in generator.parameters()) == 5_513_856
    assert sum(p.numel() for p in discriminator.parameters()) == 2_765_568
    fill(generator)
    fill(discriminator)
    x = waves(n, 3, 64, 64, start=n)
    with torch.no_grad():
        fake = generator[:-1](x).sigmoid()
        logits, features = discriminator(x)
        _, of_fake = discriminator(fake)
    for made, theirs in zip((fake, logits.sigmoid(), *features), sums, strict=True):
        assert (made.sum().item(), made.square().sum().item()) == pytest.approx(theirs, 1e-10)
    assert matching(features, of_fake).item() == pytest.approx(matched, 1e-10)


def test_features_are_matched_by_their_means_over_the_batch() -> None:
    """However they are spread: a layer whose means agree costs nothing."""
    one, other = torch.randn(6, 3, 2, 2), torch.randn(6, 3, 2, 2)
    by_hand = sum(
        float((one[:, m, y, x].mean() - other[:, m, y, x].mean()) ** 2)
        for m in range(3)
        for y in range(2)
        for x in range(2)
    )
    assert matching([one], [other]).item() == pytest.approx(by_hand / 12)
    assert matching([one, one], [other, other]).item() == pytest.approx(by_hand / 6)
    spread = torch.cat((one - 5, one + 5))
    assert matching([one], [spread]).item() == pytest.approx(0, abs=1e-20)


def test_the_terms_of_the_generators_and_their_weights() -> None:
    variant, batch = make(), batch_of()
    variant.rate.fill_(0.3)
    loss = variant.generators_loss(batch)
    total = torch.zeros(())
    ways = (
        ("a2b", "a", "b", variant.a2b, variant.b2a, variant.discriminator_b),
        ("b2a", "b", "a", variant.b2a, variant.a2b, variant.discriminator_a),
    )
    for name, source, target, there, back, discriminator in ways:
        x, y = batch.data[source], batch.data[target]
        fake = there(x)
        logits, features = discriminator(fake)
        _, real_features = discriminator(y)
        reconstruction = ((back(fake) - x) / 2).square().mean()  # of images in [0, 1]
        adversarial, matched = softplus(-logits).mean(), matching(real_features, features)
        expected = (adversarial, matched, reconstruction)
        for term, value in zip(
            ("adversarial", "matching", "reconstruction"), expected, strict=True
        ):
            torch.testing.assert_close(batch.metrics[f"{term}_{name}"], value.detach())
        total = total + 0.7 * (0.1 * adversarial + 0.9 * matched) + 0.3 * reconstruction
    torch.testing.assert_close(loss, total)


def test_the_losses_of_the_discriminators() -> None:
    variant, batch = make(), batch_of()
    loss = variant.discriminators_loss(batch)
    total = torch.zeros(())
    for domain, translator, source in (("a", variant.b2a, "b"), ("b", variant.a2b, "a")):
        discriminator = variant.get_submodule(f"discriminator_{domain}")
        real, _ = discriminator(batch.data[domain])
        fake, _ = discriminator(translator(batch.data[source]))
        total = total + 0.5 * (softplus(-real).mean() + softplus(fake).mean())
    torch.testing.assert_close(loss, total)


def test_the_way_back_counts_little_at_the_beginning() -> None:
    variant = make()
    shares = {0: 0.01, 249: 0.01, 250: 0.5, 1000: 0.5}
    for iteration, rate in shares.items():
        assert variant.dials(Progress(iteration, 1000, 0)) == {"rate": rate}
    assert variant.rate.item() == pytest.approx(0.01)


def test_discriminators_move_once_in_three_updates() -> None:
    first, second = make().phases()
    assert (first.player, first.repeat) == ("discriminators", 1)
    assert (second.player, second.repeat) == ("generators", 2)
    for player in make().players().values():
        assert (player.optim.betas, player.optim.weight_decay) == ((0.5, 0.999), 1e-5)


@pytest.mark.parametrize(
    ("shape", "count"), [((3, 64, 64), 4), ((1, 28, 28), 3), ((1, 30, 50), 3), ((2, 17, 16), 2)]
)
def test_every_shape(shape: tuple[int, ...], count: int) -> None:
    """Four layers where they leave three pixels, else as many as do."""
    data = two_domains(*shape)
    assert len(sides(data)) - 1 == count
    variant, image = make(data), torch.rand(3, *shape)
    assert variant.translate(image, "a2b").shape == image.shape
    logits, features = variant.discriminator_a(image)
    assert (logits.shape, len(features)) == ((3,), count - 1)
    norms = [layer for layer in variant.a2b if isinstance(layer, nn.BatchNorm2d)]
    assert len(norms) == 2 * count - 2  # none beside the image


def test_data_that_cannot_be_are_refused() -> None:
    with pytest.raises(GanzooError, match="discogan needs images of at least 16 pixels"):
        make(two_domains(1, 12, 16))
