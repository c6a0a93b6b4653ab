"""CUT: its networks beside the authors', its contrast in closed form, and the order of its game."""

import copy
from collections.abc import Iterator
from math import exp, log
from typing import Any

import pytest
import torch
from ganzoo_cut.contrast import DIMENSIONS, Heads, choose_places, patch_nce
from ganzoo_cut.variant import CUT, CUTConfig, FastCUT, FastCUTConfig
from torch import Tensor, nn
from torch.nn.functional import normalize

from ganzoo import Batch, DataSpec, GanzooError
from ganzoo.plugins.equip import equipped


@pytest.fixture(autouse=True)
def in_float64() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def two_domains(*shape: int) -> DataSpec:
    domain = DataSpec.of_shape(shape)
    return DataSpec.unpaired(domain, domain, "a+b")


def make(data: DataSpec | None = None, fast: bool = False, **settings: Any) -> CUT:
    torch.manual_seed(0)
    config, variant = (FastCUTConfig, FastCUT) if fast else (CUTConfig, CUT)
    wanted = {"width": 2, "blocks": 5, "patches": 7} | settings
    return variant(equipped(config(**wanted)), data or two_domains(1, 16, 16))


def batch_of(n: int = 3) -> Batch:
    return Batch({"a": torch.rand(n, 1, 16, 16) * 2 - 1, "b": torch.rand(n, 1, 16, 16) * 2 - 1})


def waves(*shape: int, start: int = 0) -> Tensor:
    return torch.sin(torch.arange(torch.Size(shape).numel()) * 0.7 + start).view(shape)


def fill(net: nn.Module) -> None:
    """Matrices of waves, as long as there are inputs; biases of 0.1."""
    parameters = [*net.parameters()]
    for number, matrix in enumerate(p for p in parameters if p.dim() > 1):
        matrix.data.copy_(waves(*matrix.shape, start=number) / matrix[0].numel() ** 0.5)
    for bias in parameters:
        if bias.dim() == 1:
            bias.data.fill_(0.1)


# What the authors' networks computed in float64 (the README says how), with a width of 4 and these
# weights and images, and no biases before a norm: sums of values and of squares of G(x) and D(y);
# of the vectors of 50 places of the first residual block the sum; the contrast of each layer.
THEIRS: dict[tuple[int, int], Any] = {
    (1, 28): (
        (164.57005144902462, 27.36019686801174),
        (8.528804344705316, 37.733386730593),
        1522.3765344593817,
        (
            17.046633519551705,
            12.713919093327522,
            3.7810515111767664,
            3.8301627710354103,
            3.542342589548692,
        ),
    ),
    (3, 64): (
        (2032.9072986638832, 338.09041298812747),
        (7.896097662592615, 0.992363385588263),
        1553.9528956910897,
        (
            3.9655603891520106,
            3.9844022852793923,
            3.672617214770223,
            3.8212172118666836,
            3.603632531234814,
        ),
    ),
}


@pytest.mark.parametrize(("channels", "side"), THEIRS)
def test_networks_compute_what_the_authors_do(channels: int, side: int) -> None:
    variant = make(two_domains(channels, side, side), width=4, blocks=6)
    for net in (variant.generator, variant.discriminator, variant.heads):
        fill(net)
    x, y = waves(2, channels, side, side), waves(2, channels, side, side, start=5)
    fake, logits, vectors, contrasts = THEIRS[channels, side]
    with torch.no_grad():
        for made, sums in ((variant.generator(x), fake), (variant.discriminator(y), logits)):
            assert (made.sum().item(), made.square().sum().item()) == pytest.approx(sums, 1e-10)
        keys, queries = variant.encode(x), variant.encode(y)
        sizes = [maps.shape[2] * maps.shape[3] for maps in keys]
        places = [torch.arange(min(50, size)) * 3 % size for size in sizes]
        k, q = variant.heads(keys, places), variant.heads(queries, places)
    assert k[3].sum().item() == pytest.approx(vectors, 1e-6)  # they add 1e-7 to each length
    found = [patch_nce(mine, other, 0.07).item() for mine, other in zip(q, k, strict=True)]
    assert found == pytest.approx(contrasts, 1e-6)


def test_where_all_places_are_alike_the_contrast_is_the_logarithm_of_their_number() -> None:
    alike = normalize(torch.ones(2, 256, 8), dim=2)
    assert patch_nce(alike, alike, 0.07).item() == pytest.approx(log(256))


def test_where_places_have_nothing_in_common_the_contrast_is_as_small_as_can_be() -> None:
    apart = torch.eye(256)[None]
    closed = log(1 + 255 * exp(-1 / 0.07))
    assert patch_nce(apart, apart, 0.07).item() == pytest.approx(closed, rel=1e-9)


def test_other_images_are_no_negatives() -> None:
    queries = normalize(torch.randn(4, 9, 5), dim=2)
    keys = normalize(torch.randn(4, 9, 5), dim=2)
    one_by_one = [patch_nce(queries[k : k + 1], keys[k : k + 1], 0.07) for k in range(4)]
    torch.testing.assert_close(patch_nce(queries, keys, 0.07), torch.stack(one_by_one).mean())


def test_the_contrast_as_a_loop_has_it() -> None:
    """Eq. 3, for each place."""
    v, other = normalize(torch.randn(2, 6, 5), dim=2), normalize(torch.randn(2, 6, 5), dim=2)
    losses = []
    for n in range(2):
        for s in range(6):
            likeness = [exp(float(v[n, s] @ other[n, t]) / 0.3) for t in range(6)]
            losses.append(-log(likeness[s] / sum(likeness)))
    assert patch_nce(v, other, 0.3).item() == pytest.approx(sum(losses) / len(losses))


def test_places_are_the_same_of_both_and_of_all_images() -> None:
    """A translation whose maps are the source's own has each place beside itself."""
    features = [torch.randn(2, 3, 8, 8), torch.randn(2, 4, 2, 2)]
    places = choose_places(features, 10)
    assert [len(at) for at in places] == [10, 4]
    assert all(len(at.unique()) == len(at) for at in places)
    found = Heads([3, 4])(features, places)
    assert [tuple(each.shape) for each in found] == [(2, 10, DIMENSIONS), (2, 4, DIMENSIONS)]
    for each in found:
        torch.testing.assert_close(each.norm(dim=2), torch.ones(each.shape[:2]))
    head = Heads([3, 4]).layers[0]
    at = features[0][1, :, places[0][5] // 8, places[0][5] % 8]
    own = Heads([3, 4])
    own.layers[0] = head
    torch.testing.assert_close(own(features, places)[0][1, 5], normalize(head(at), dim=0))


def test_places_are_drawn_anew_and_each_as_often() -> None:
    maps = [torch.empty(1, 1, 4, 5)]
    torch.manual_seed(0)
    counts = torch.zeros(20)
    for _ in range(500):
        counts[choose_places(maps, 5)[0]] += 1
    assert counts.sum() == 2500
    assert (counts - 125).abs().max() < 45  # 4.6 standard deviations


def test_nothing_is_learned_from_the_side_of_the_source() -> None:
    """The gradient is that of a contrast whose keys come from networks that nobody trains."""
    variant = make()
    frozen = copy.deepcopy(variant)
    batch = batch_of()
    source = batch.data["a"].clone().requires_grad_()
    fake = variant.generator(batch.data["a"])
    torch.manual_seed(1)
    loss = variant.contrast(source, variant.encode(fake))
    parameters = [*variant.generator[:14].parameters(), *variant.heads.parameters()]
    found = torch.autograd.grad(loss, [source, *parameters], allow_unused=True)
    assert found[0] is None

    torch.manual_seed(1)
    features = variant.encode(variant.generator(batch.data["a"]))
    places = choose_places(features, 7)
    keys = frozen.heads(frozen.encode(batch.data["a"]), places)
    queries = variant.heads(features, places)
    losses = [patch_nce(q, k.detach(), 0.07) for q, k in zip(queries, keys, strict=True)]
    expected = torch.autograd.grad(torch.stack(losses).mean(), parameters)
    for mine, reference in zip(found[1:], expected, strict=True):
        torch.testing.assert_close(mine, reference)


def test_the_terms_and_their_weights() -> None:
    """Eq. 5; the code has the mean of both contrasts, and with one of them that one."""
    batch = batch_of()
    for weights, expected in (
        ({"lambda_x": 1.0, "lambda_y": 3.0}, lambda x, y: 0.5 * (x + 3 * y)),
        ({"lambda_x": 10.0, "lambda_y": 0.0}, lambda x, y: 10 * x),
    ):
        variant = make(**weights)
        loss = variant.generator_loss(batch).item()
        m = {name: value.item() for name, value in batch.metrics.items()}
        total = m["adversarial"] + expected(m["contrast_a"], m.get("contrast_b", 0.0))
        assert loss == pytest.approx(total)
        with torch.no_grad():
            logits = variant.discriminator(variant.generator(batch.data["a"]))
        assert m["adversarial"] == pytest.approx((logits - 1).square().mean().item())
        batch.metrics.clear()


def test_d_moves_first_on_what_g_makes_then() -> None:
    variant, batch = make(), batch_of()
    assert [phase.name for phase in variant.phases()] == ["discriminator", "generator"]
    loss = variant.discriminator_loss(batch)
    real = variant.discriminator(batch.data["b"])
    fake = variant.discriminator(variant.generator(batch.data["a"]))
    expected = 0.5 * ((real - 1).square().mean() + fake.square().mean())
    torch.testing.assert_close(loss, expected)
    assert all(p.grad is None for p in variant.generator.parameters())
    with pytest.raises(RuntimeError, match="not have been used"):
        torch.autograd.grad(loss, [*variant.generator.parameters()])


@pytest.mark.parametrize("mirrored", [True, False])
def test_fastcut_mirrors_what_g_sees_and_its_maps_back(mirrored: bool) -> None:
    variant, batch = make(fast=True), batch_of()
    a = batch.data["a"]
    batch.shared["mirrored"] = torch.tensor(mirrored)
    assert torch.equal(variant.shown(batch), a.flip(3) if mirrored else a)
    maps = variant.encode(a)
    for mine, plain in zip(variant.features_of(a, batch), maps, strict=True):
        assert torch.equal(mine, plain.flip(3) if mirrored else plain)


def test_fastcut_mirrors_half_of_the_batches_and_d_sees_the_same_as_g() -> None:
    torch.manual_seed(0)
    variant = make(fast=True)
    coins = []
    for _ in range(60):
        batch = batch_of(1)
        first = variant.shown(batch)
        assert torch.equal(first, variant.shown(batch))
        coins.append(not torch.equal(first, batch.data["a"]))
    assert 15 < sum(coins) < 45


def test_the_settings_of_both() -> None:
    assert (CUTConfig().lambda_x, CUTConfig().lambda_y, CUTConfig().patches) == (1, 1, 256)
    assert (FastCUTConfig().lambda_x, FastCUTConfig().lambda_y) == (10, 0)
    large = two_domains(3, 256, 256)
    assert CUT.recipe(large) == {"steps": 400_000, "batch_size": 1}
    assert FastCUT.recipe(large) == {"steps": 200_000, "batch_size": 1}
    for fast, start in ((False, 0.5), (True, 0.75)):
        schedules = make(fast=fast).schedules()
        assert {*schedules} == {"generator.lr", "discriminator.lr"}
        for schedule in schedules.values():
            assert (schedule(start), schedule(1.0)) == (1, 0)


def test_initial_weights_are_small_and_without_biases() -> None:
    variant = make(two_domains(3, 32, 32), width=16)
    for layer in variant.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            fan_in = layer.weight[0].numel()
            fan_out = layer.weight[:, 0].numel()
            std = 0.02 * (2 / (fan_in + fan_out)) ** 0.5
            if layer.weight.numel() > 2000:
                assert layer.weight.std().item() == pytest.approx(std, rel=0.1)
            assert layer.bias is None or not layer.bias.any()


def test_fewer_blocks_have_their_last_one_compared() -> None:
    assert make(blocks=9).layers == (0, 4, 8, 12, 16)
    assert make(blocks=3).layers == (0, 4, 8, 12, 14)
    assert make(blocks=1).layers == (0, 4, 8, 12)
    variant = make(blocks=1)
    assert variant.generator_loss(batch_of()).isfinite()


def test_data_that_cannot_be_are_refused_by_name() -> None:
    with pytest.raises(GanzooError, match=r"^fastcut needs images of at least 16 pixels"):
        make(two_domains(1, 8, 16), fast=True)
    with pytest.raises(GanzooError, match=r"^cut needs images, and .* has points"):
        make(two_domains(2))
