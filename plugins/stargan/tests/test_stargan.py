"""StarGAN: its networks beside the authors', its losses in closed form, and what it is asked."""

import re
from collections.abc import Iterator
from math import log
from pathlib import Path
from typing import Any

import pytest
import torch
from ganzoo_stargan.networks import Discriminator, Generator, halvings
from ganzoo_stargan.variant import StarGAN, StarGANConfig, permuted
from helpers.cli import ganzoo
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from ganzoo import Batch, DataSpec, GanzooError
from ganzoo.metrics.features import classifier
from ganzoo.regularisers import squared_norms
from ganzoo.spec import Field

NAMES = ("black", "blond", "brown", "male", "young")


@pytest.fixture(autouse=True)
def in_float64() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def described(*shape: int, names: tuple[str, ...] = NAMES) -> DataSpec:
    fields = (
        Field("image", "image", shape),
        Field("attributes", "attributes", (len(names),), names),
    )
    return DataSpec((fields,), "faces")


def make(data: DataSpec | None = None, **settings: Any) -> StarGAN:
    torch.manual_seed(0)
    wanted = {"width": 2, "blocks": 1} | settings
    return StarGAN(StarGANConfig(**wanted), data or described(3, 16, 16))


def batch_of(n: int = 4) -> Batch:
    attributes = (torch.rand(n, len(NAMES)) < 0.5).double()
    return Batch({"image": torch.rand(n, 3, 16, 16) * 2 - 1, "attributes": attributes})


def waves(*shape: int, start: int = 0) -> Tensor:
    return torch.sin(torch.arange(torch.Size(shape).numel()) * 0.7 + start).view(shape)


def fill(net: nn.Module) -> None:
    for number, parameter in enumerate(net.parameters()):
        scale = parameter[0].numel() ** 0.5 if parameter.dim() > 1 else 1
        parameter.data.copy_(waves(*parameter.shape, start=number) / scale)


# What the authors' networks computed in float64 (the README says how), with a width of 4, two
# blocks, these weights and images: sums of values and of squares of G(x, c), of D's verdicts on x
# and of its logits of attributes; the penalty of their solver, and its loss of the attributes.
THEIRS: dict[int, Any] = {
    32: (
        [
            (124.24272085192794, 104.8885358732658),
            (-4.705623951457404, 3.912490366410645),
            (-0.6479379351770647, 0.5055419566807071),
        ],
        0.9945047532515783,
        3.503153591356511,
        (16700, 11932),
    ),
    128: (
        [
            (2052.6189821880016, 3437.535110767762),
            (-1.1052476582915025, 17.25637912616174),
            (-1.7972509319523757, 0.3349437049183985),
        ],
        0.9985434250232252,
        3.48663479650878,
        (16700, 178748),
    ),
}


@pytest.mark.parametrize("side", THEIRS)
def test_networks_compute_what_the_authors_do(side: int) -> None:
    sums, penalty, of_attributes, sizes = THEIRS[side]
    variant = make(described(3, side, side), width=4, blocks=2)
    networks = variant.generator, variant.discriminator
    assert tuple(sum(p.numel() for p in net.parameters()) for net in networks) == sizes
    for net in networks:
        fill(net)
    x, c = waves(2, 3, side, side), torch.tensor([[1.0, 0, 0, 1, 0], [0, 1, 1, 0, 1]])
    with torch.no_grad():
        found = variant.generator(x, c), *variant.discriminator(x)
    for made, theirs in zip(found, sums, strict=True):
        assert (made.sum().item(), made.square().sum().item()) == pytest.approx(theirs, 1e-10)
    norms = squared_norms(variant.verdicts, waves(2, 3, side, side, start=3)).sqrt()
    assert (norms - 1).square().mean().item() == pytest.approx(penalty, 1e-10)
    assert variant.attribute_loss(found[2], c).item() == pytest.approx(of_attributes, 1e-10)


def test_attributes_that_d_cannot_tell_cost_a_logarithm_of_2_each() -> None:
    """Added up over five attributes, and not their mean."""
    attributes = (torch.rand(7, 5) < 0.5).double()
    assert make().attribute_loss(torch.zeros(7, 5), attributes).item() == pytest.approx(5 * log(2))


class Linear(nn.Module):
    """A D whose verdict is linear in the image."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, 16, 16) / 9)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        return (image * self.weight).flatten(1).sum(1), torch.zeros(len(image), 5)


def test_the_penalty_of_a_linear_d() -> None:
    """(|w| - 1)^2, wherever it is asked."""
    variant, batch = make(), batch_of()
    variant.discriminator = linear = Linear()
    loss = variant.discriminator_loss(batch)
    norm = linear.weight.norm().item()
    assert batch.metrics["gradient_penalty"].item() == pytest.approx((norm - 1) ** 2)
    m = {name: value.item() for name, value in batch.metrics.items()}
    expected = m["fake_score"] - m["real_score"] + 10 * (norm - 1) ** 2 + 5 * log(2)
    assert loss.item() == pytest.approx(expected)


def test_the_terms_of_the_generator_and_their_weights() -> None:
    """Eq. 6, term by term; the attributes that are wanted are those of the permutation."""
    variant, batch = make(lambda_attributes=3.0, lambda_cycle=7.0), batch_of()
    torch.manual_seed(5)
    loss = variant.generator_loss(batch)
    torch.manual_seed(5)
    wanted = permuted(batch.data["attributes"])
    fake = variant.generator(batch.image, wanted)
    verdicts, told = variant.discriminator(fake)
    back = variant.generator(fake, batch.data["attributes"])
    expected = {
        "adversarial": -verdicts.mean(),
        "attributes": 5 * binary_cross_entropy_with_logits(told, wanted),
        "cycle": (back - batch.image).abs().mean(),
    }
    for name, value in expected.items():
        torch.testing.assert_close(batch.metrics[name], value.detach())
    total = expected["adversarial"] + 3 * expected["attributes"] + 7 * expected["cycle"]
    torch.testing.assert_close(loss, total)


def test_the_identity_term_asks_for_what_an_image_has() -> None:
    """The distance of G(x, c') to x, on top of eq. 6, and there only where it has a weight."""
    plain, held, batch = make(), make(lambda_identity=5.0), batch_of()
    torch.manual_seed(5)
    without = plain.generator_loss(batch)
    assert "identity" not in batch.metrics
    torch.manual_seed(5)
    loss = held.generator_loss(batch)
    same = plain.generator(batch.image, batch.data["attributes"])
    distance = (same - batch.image).abs().mean()
    torch.testing.assert_close(batch.metrics["identity"], distance.detach())
    torch.testing.assert_close(loss, without + 5 * distance)


@pytest.mark.parametrize(("side", "weight"), [(28, 5.0), (64, 0.0)])
def test_only_small_images_have_an_identity_term_by_default(side: int, weight: float) -> None:
    assert StarGAN.recipe(described(3, side, side)).get("lambda_identity", 0.0) == weight
    assert StarGANConfig().lambda_identity == 0


def test_attributes_change_hands_as_they_are() -> None:
    """Whole rows in another order: no combination comes up that the data have not."""
    torch.manual_seed(0)
    attributes = torch.eye(6)
    orders = set()
    for _ in range(40):
        rows = permuted(attributes)
        assert torch.equal(rows.sum(0), torch.ones(6))
        assert torch.equal(rows.sum(1), torch.ones(6))
        orders.add(tuple(rows.argmax(1).tolist()))
    assert len(orders) > 30


def test_d_moves_five_times_for_each_step_of_g() -> None:
    first, second = make().phases()
    assert (first.player, first.repeat, first.second_order) == ("discriminator", 5, True)
    assert (second.player, second.repeat) == ("generator", 1)


def test_norms_are_each_image_s_own_in_training_and_after() -> None:
    """The authors never call eval(), so that their running statistics are never used."""
    variant, batch = make(), batch_of()
    attributes = batch.data["attributes"]
    training = variant.generator(batch.image, attributes)
    variant.eval()
    torch.testing.assert_close(variant.generator(batch.image, attributes), training)
    alone = variant.generator(batch.image[:1], attributes[:1])
    torch.testing.assert_close(alone, training[:1])


def test_an_attribute_changes_what_g_makes() -> None:
    """A constant map that is padded by zeros is more than a bias, which the norm would undo."""
    variant, batch = make(), batch_of()
    turned = 1 - batch.data["attributes"]
    there = variant.generator(batch.image, batch.data["attributes"])
    assert (variant.generator(batch.image, turned) - there).abs().max() > 1e-3


class Sees(nn.Module):
    """A D that takes an image's first five pixels for its attributes."""

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        return image[:, :1, :1, :1], image[:, 0, 0, :5]


class Notes(nn.Module):
    """A G that writes down what it is asked for."""

    asked: Tensor

    def forward(self, image: Tensor, attributes: Tensor) -> Tensor:
        self.asked = attributes
        return image


def test_what_is_not_set_is_as_d_sees_it() -> None:
    variant, batch = make(), batch_of(2)
    notes = Notes()
    variant.discriminator, variant.generator = Sees(), notes
    batch.image[:, 0, 0, :5] = torch.tensor([[-1.0, 1, -1, 1, 1], [1, 1, 1, -1, -1]])
    variant.translate(batch.image, "change", black="1", male="0")
    assert notes.asked.tolist() == [[1, 1, 0, 0, 1], [1, 1, 1, 0, 0]]
    variant.translate(batch.image, "change")
    assert notes.asked.tolist() == [[0, 1, 0, 1, 1], [1, 1, 1, 0, 0]]


@pytest.mark.parametrize(("side", "layers"), [(256, 6), (128, 6), (64, 5), (32, 4), (28, 3)])
def test_d_has_the_papers_six_layers_or_as_many_as_leave_two_pixels(side: int, layers: int) -> None:
    data = described(3, side, side)
    assert halvings(data) == layers
    if side <= 64:
        verdicts, told = Discriminator(2, data)(torch.rand(2, 3, side, side))
        assert verdicts.shape == (2, 1, side >> layers, side >> layers)
        assert told.shape == (2, 5)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 30, 45), (2, 17, 19)])
def test_images_stay_as_large_as_they_are(shape: tuple[int, ...]) -> None:
    image = torch.rand(2, *shape)
    made = Generator(2, 1, described(*shape))(image, torch.zeros(2, 5))
    assert made.shape == image.shape
    assert made.abs().max() <= 1


def test_smaller_images_are_refused_with_advice() -> None:
    with pytest.raises(GanzooError, match=r"stargan needs .* 16 pixels.*try --image-size 32"):
        make(described(3, 8, 16))


def test_the_picture_turns_each_attribute_over() -> None:
    variant, batch = make(), batch_of(12)
    notes = Notes()
    variant.generator = notes
    shown = variant.gallery(batch.data)
    assert (len(shown.images), shown.columns) == (60, 10)
    assert shown.made == [False] * 10 + [True] * 50
    expected = batch.data["attributes"][:10].clone()
    expected[:, 4] = 1 - expected[:, 4]
    assert torch.equal(notes.asked, expected)
    assert "black, blond, brown, male, young" in shown.caption


def test_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Attributes are asked for by name; of one that there is not, those that there are are said."""
    torch.set_default_dtype(torch.float32)
    monkeypatch.chdir(tmp_path)
    trained = ganzoo(
        "train", "stargan", "--steps", 1, "--width", 2, "--blocks", 1, "--n-critic", 1, "--out", "r"
    )
    assert trained.status == 0, trained.err
    Image.new("RGB", (28, 28), (250, 0, 0)).save("one.png")
    given = ("translate", "r", "--input", "one.png")
    assert ganzoo(*given, "--set", "red=0", "--set", "boxed=1", "--out", "made").status == 0
    assert Image.open("made/one.png").size == (28, 28)
    wrong = ganzoo(*given, "--set", "blue=1", "--out", "b")
    assert wrong.status == 2
    for name in ("blue", "red", "thick", "slanted", "boxed"):
        assert name in wrong.err
    half = ganzoo(*given, "--set", "red=0.5", "--out", "b")
    assert half.status == 2
    assert "0.5" in half.err
    monkeypatch.setattr(classifier, "STEPS", 4)
    judged = ganzoo("evaluate", "r", "--n", 40, "--metrics", "changes")
    assert judged.status == 0, judged.err
    assert "change_all_obeyed" in judged.out
    assert re.search(r"features attributes [0-9a-f]{12} of painted-glyphs", judged.out)
