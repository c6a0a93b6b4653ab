"""BigGAN beside its first author's PyTorch code, what reaches G's blocks, and the penalty."""

from typing import Any

import pytest
import torch
from ganzoo_sngan.biggan import BigGAN, BigGANConfig, HierarchicalGenerator, unorthogonal
from ganzoo_sngan.designs import brock
from ganzoo_sngan.networks import ResNetDiscriminator, ResNetGenerator, class_norm
from ganzoo_sngan.spectral import SPECTRAL
from torch import Tensor, nn

from ganzoo import Batch, DataSpec
from ganzoo.plugins.equip import equipped
from ganzoo.variant import Adam

# What github.com/ajbrock/BigGAN-PyTorch at 9845943 computes with these weights and inputs, in
# float64 and train mode: (side, shared embedding and hierarchical z, attention in G, in D), the sum
# and the sum of squares of G's images, and D's logits. The README says how to do it again.
THEIRS = [
    (
        (32, False, 0, 0),
        (243.6060417173277, 1075.9179035099485),
        [23.642988323327145, 28.430786728037635, 32.273062128892356],
    ),
    (
        (32, True, 16, 0),
        (283.41363764034185, 270.29595637865987),
        [23.642988323327145, 28.430786728037635, 32.273062128892356],
    ),
    (
        (64, False, 32, 32),
        (8655.486648063685, 4923.087144276611),
        [3.952314418113616, 21.437251675050987, 26.834786417693916],
    ),
    (
        (64, True, 32, 32),
        (8287.7163807611, 5211.751838110603),
        [3.952314418113616, 21.437251675050987, 26.834786417693916],
    ),
]


def waves(count: int, speed: float) -> Tensor:
    return ((1 + torch.arange(count, dtype=torch.float64)) * speed).sin()


def fill(net: nn.Module) -> None:
    """Sines for parameters, and then for the vectors of spectral norms."""
    vectors = [value for name, value in net.named_buffers() if name.endswith("u")]
    for i, value in enumerate([*net.parameters(), *vectors]):
        value.data = 0.5 * waves(value.numel(), 0.7 + i).view(value.shape)


@pytest.mark.parametrize(("case", "made", "judged"), THEIRS)
def test_the_networks_compute_what_the_authors_do(
    case: tuple[int, bool, int, int], made: tuple[float, float], judged: list[float]
) -> None:
    side, hierarchical, g_attends, d_attends = case
    doublings = {32: 3, 64: 4}[side]
    sides = [(4 * 2**i, 4 * 2**i) for i in range(doublings + 1)]
    design = brock(doublings, {32: 8, 64: 4}[side], 8)
    torch.set_default_dtype(torch.float64)
    try:
        generator: ResNetGenerator = ResNetGenerator(
            8, sides, design.generator, 3, class_norm(5), SPECTRAL, g_attends
        )
        if hierarchical:
            generator = HierarchicalGenerator(2, sides, design.generator, 3, 5, 6, g_attends)
        discriminator = ResNetDiscriminator(sides, design, 3, 5, d_attends)
    finally:
        torch.set_default_dtype(torch.float32)
    fill(generator)
    fill(discriminator)
    dim = 2 * len(sides) if hierarchical else 8
    latent, label = waves(3 * dim, 1.3).view(3, dim), torch.tensor([0, 3, 4])
    image = waves(9 * side**2, 0.37).view(3, 3, side, side)
    fake = generator(latent, label)
    assert fake.sum().item() == pytest.approx(made[0], rel=1e-10)
    assert fake.square().sum().item() == pytest.approx(made[1], rel=1e-10)
    assert discriminator(image, label).tolist() == pytest.approx(judged, rel=1e-10)


def make(side: int = 8, **settings: Any) -> Any:
    torch.manual_seed(0)
    small = {"width": 4, "generator_width": 4, "latent_dim": 9, "embedding_dim": 3} | settings
    return BigGAN(equipped(BigGANConfig(**small)), DataSpec.images((1, side, side), 10))


def test_the_script_for_cifar10() -> None:
    """launch_cifar_ema.sh: ch 64, 4 D steps, rates 2e-4, N(0, 0.02), no penalty, EMA of 0.9999."""
    with torch.device("meta"):
        variant = BigGAN(equipped(BigGANConfig(preset="cifar10")), DataSpec.images((3, 32, 32), 10))
    assert [player.optim for player in variant.players().values()] == [Adam(2e-4, (0, 0.999))] * 2
    assert [phase.repeat for phase in variant.phases()] == [1, 4]
    average = variant.players()["generator"].average
    assert average.decay == 0.9999
    assert not average.copy_buffers  # running statistics are averaged as the weights are
    # As many as those of the authors' networks.
    parameters = [
        sum(param.numel() for param in net.parameters())
        for net in (variant.generator, variant.discriminator)
    ]
    assert parameters == [4_304_387, 4_207_361]
    assert type(variant.generator) is ResNetGenerator
    assert not variant.preset.orthogonal
    small = make(preset="cifar10", width=32, generator_width=32)
    assert small.generator.blocks[0].conv1.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert small.generator.blocks[0].norm1.gain.weight.std().item() == pytest.approx(0.02, rel=0.1)


def test_each_block_gets_a_part_of_z_of_its_own_and_all_one_embedding() -> None:
    """32 pixels: 8 of 9 dimensions, two for the smallest maps and two for each of three blocks."""
    variant = make(32)
    latent, label = variant.sample_latent(2), torch.tensor([3, 7])
    assert latent.shape == (2, 8)
    told: list[Tensor] = []
    for block in variant.generator.blocks:
        block.norm1.gain.register_forward_hook(lambda *seen: told.append(seen[1][0]))
    variant(latent, label)
    embedded = variant.generator.embedding(label)
    assert len(told) == 3
    for number, seen in enumerate(told, 1):
        part = latent[:, 2 * number : 2 * number + 2]
        torch.testing.assert_close(seen, torch.cat([embedded, part], 1))


def test_the_scale_is_one_where_nothing_is_told() -> None:
    """Of a class whose embedding is 0, at z = 0: it is 1 + gain."""
    variant = make()
    norm = variant.generator.blocks[0].norm1
    maps, nothing = torch.randn(3, 8, 4, 4), torch.zeros(3, 3 + 4)
    torch.testing.assert_close(norm(maps, nothing), norm.batch_norm(maps))


def test_what_embeds_the_class_for_all_blocks_is_not_normalised() -> None:
    variant = make()
    kinds = [type(layer).__name__ for layer in variant.generator.modules()]
    assert kinds.count("Embedding") == 1
    assert not {"Conv2d", "Linear", "SpectralEmbedding"} & {*kinds}


def test_the_penalty_has_the_authors_gradient() -> None:
    """2 (W Wᵀ ∘ (1 - I)) W, and W is a row an output."""
    weight = torch.randn(3, 2, 2, 2, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(unorthogonal(weight), weight)
    rows = weight.detach().view(3, 8)
    expected = 2 * (rows @ rows.T * (1 - torch.eye(3))) @ rows
    torch.testing.assert_close(gradient.view(3, 8), expected)
    assert unorthogonal(torch.eye(3, 5)) == 0


def test_the_penalty_is_of_all_weights_of_g_but_the_shared_embedding() -> None:
    variant, batch = make(orthogonal=0.5), batch_of()
    torch.manual_seed(3)
    loss = variant.generator_loss(batch)
    penalised = [
        param
        for name, param in variant.generator.named_parameters()
        if param.dim() > 1 and name != "embedding.weight"
    ]
    expected = sum(unorthogonal(param) for param in penalised)
    torch.testing.assert_close(batch.metrics["orthogonal"], expected.detach())
    plain = make(orthogonal=0.0)
    torch.manual_seed(3)
    without = plain.generator_loss(batch)
    torch.testing.assert_close(loss, without + 0.5 * expected)
    assert len(penalised) == 1 + 7 + 1  # the last are for the image


def test_first_weights_are_orthogonal() -> None:
    """So that the penalty is 0 at the start, where there are no more outputs than inputs."""
    variant = make(orthogonal=1.0)
    conv = variant.generator.blocks[0].conv1.weight
    assert unorthogonal(conv) < 1e-9
    table = variant.generator.embedding.weight
    torch.testing.assert_close(table.T @ table, torch.eye(3))


def batch_of(n: int = 5) -> Batch:
    torch.manual_seed(1)
    return Batch({"image": torch.randn(n, 1, 8, 8), "label": torch.arange(n)})
