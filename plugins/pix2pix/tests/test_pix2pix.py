"""Pix2Pix's game: its terms in closed form, its noise, what it refuses, and its data."""

import json
from math import log
from pathlib import Path
from typing import Any

import pytest
import torch
from ganzoo_pix2pix.lab import colours, joined, lightness
from ganzoo_pix2pix.variant import Pix2Pix, Pix2PixConfig, feature_matching
from helpers.cli import ganzoo
from PIL import Image, ImageDraw
from torch import Tensor
from torch.nn.functional import avg_pool2d

from ganzoo import Batch, DataRequest, Dataset, DataSpec, Field, GanzooError
from ganzoo.artifacts.colour import luminance
from ganzoo.artifacts.pixels import to_floats
from ganzoo.data.feed import make_feed
from ganzoo.plugins import catalog
from ganzoo.plugins.equip import equipped

SMALL = {"width": 2, "layers": 1}


def pairs(source: int = 3, target: int = 1, height: int = 16, width: int = 16) -> DataSpec:
    fields = (
        Field("source", "image", (source, height, width)),
        Field("target", "image", (target, height, width)),
    )
    return DataSpec((fields,), "pairs")


def make(data: DataSpec | None = None, **settings: Any) -> Pix2Pix:
    torch.manual_seed(0)
    return Pix2Pix(equipped(Pix2PixConfig(**SMALL | settings)), data or pairs())


def batch_of(n: int = 4, data: DataSpec | None = None) -> Batch:
    torch.manual_seed(1)
    fields = (data or pairs()).fields.items()
    return Batch({name: torch.rand(n, *field.shape) * 2 - 1 for name, field in fields})


def silence(variant: Pix2Pix) -> None:
    """Have D say 0 of everything."""
    for judge in variant.discriminator.scales:
        torch.nn.init.zeros_(judge.layers[-1].weight)
        torch.nn.init.zeros_(judge.layers[-1].bias)


def test_the_losses_of_a_d_that_cannot_tell() -> None:
    """ln 2 for G, and for D half of twice that, at each scale; and λ times the distance."""
    for scales in (1, 2):
        variant, batch = make(scales=scales, layers=0), batch_of()
        silence(variant)
        loss = variant.generator_loss(batch)
        distance = (batch.shared["fake"] - batch.data["target"]).abs().mean()
        torch.testing.assert_close(batch.metrics["l1"], distance)
        torch.testing.assert_close(loss, 100 * distance + scales * log(2))
        judged = variant.discriminator_loss(batch)
        torch.testing.assert_close(judged, torch.tensor(scales * log(2)))


def test_d_sees_the_source_beside_the_target() -> None:
    """Its loss is another one of other pairs of the same images, and D learns from none of G's."""
    variant, batch = make(), batch_of()
    variant.generator_loss(batch)
    loss = variant.discriminator_loss(batch)
    mixed = Batch(dict(batch.data))
    mixed.data["source"] = batch.data["source"].roll(1, 0)
    mixed.shared["fake"] = batch.shared["fake"]
    assert (variant.discriminator_loss(mixed) - loss).abs() > 1e-6
    assert not batch.shared["fake"].requires_grad


def test_features_match_in_closed_form() -> None:
    """Of two scales with two layers before the logits: mean of 4 times the mean of the layers'."""
    real = [[torch.zeros(2, 3), torch.ones(2, 5), torch.zeros(2)] for _ in range(2)]
    fake = [
        [torch.full((2, 3), 0.5), torch.full((2, 5), 3.0), torch.full((2,), 9.0)],
        [torch.zeros(2, 3), torch.ones(2, 5), torch.zeros(2)],
    ]
    assert feature_matching(real, fake).item() == pytest.approx((4 * (0.5 + 2.0) / 2 + 0) / 2)


def test_feature_matching_is_part_of_gs_loss_and_moves_nobody_else() -> None:
    variant, batch = make(lambda_features=10.0, scales=2, layers=0, dropout=0.0), batch_of()
    loss = variant.generator_loss(batch)
    found = batch.metrics
    expected = 100 * found["l1"] + found["adversarial"] + 10 * found["features"]
    torch.testing.assert_close(loss.detach(), expected)
    x, y = batch.data["source"], batch.data["target"]
    fake = batch.shared["fake"]
    by_hand = []
    for scale, judge in enumerate(variant.discriminator.scales):
        seen = []
        for made in (y, fake):
            pair = torch.cat((x, made), 1)
            seen.append(
                judge(avg_pool2d(pair, 3, 2, 1, count_include_pad=False) if scale else pair)
            )
        distances = [(one - other).abs().mean() for one, other in zip(*seen, strict=True)][:-1]
        by_hand.append(4 * torch.stack(distances).mean())
    torch.testing.assert_close(found["features"], torch.stack(by_hand).mean())


def test_l1_alone_has_no_d() -> None:
    variant, batch = make(lambda_gan=0.0), batch_of()
    assert not hasattr(variant, "discriminator")
    assert [phase.name for phase in variant.phases()] == ["generator"]
    torch.testing.assert_close(variant.generator_loss(batch).detach(), 100 * batch.metrics["l1"])
    assert set(batch.metrics) == {"l1"}


def test_the_gan_alone_has_no_distance() -> None:
    variant, batch = make(lambda_l1=0.0), batch_of()
    loss = variant.generator_loss(batch)
    torch.testing.assert_close(loss.detach(), batch.metrics["adversarial"])


def translated(variant: Pix2Pix, image: Tensor, seed: int = 0) -> Tensor:
    torch.manual_seed(seed)
    with torch.no_grad():
        return variant.eval().translate(image, variant.directions[0].name)


def test_two_passes_differ_by_the_dropout_alone() -> None:
    image = batch_of().data["source"]
    noisy = make()
    assert noisy.stochastic
    assert torch.equal(translated(noisy, image), translated(noisy, image))
    assert not torch.equal(translated(noisy, image), translated(noisy, image, seed=1))
    still = make(dropout=0.0)
    assert not still.stochastic
    assert torch.equal(translated(still, image), translated(still, image, seed=1))


@pytest.mark.parametrize("norm", ["image", "batch"])
def test_an_image_is_translated_alike_among_others_and_alone(norm: str) -> None:
    variant, image = make(norm=norm), batch_of(5).data["source"]
    together = translated(variant, image)
    alone = torch.cat([translated(variant, each[None]) for each in image])
    torch.testing.assert_close(alone, together, rtol=0, atol=1e-5)
    assert (together[0] - together[1]).abs().max() > 1e-4


@pytest.mark.parametrize("norm", ["image", "batch"])
def test_the_norm_of_the_batch_is_that_of_batches_alone(norm: str) -> None:
    variant, image = make(norm=norm, dropout=0.0).train(), batch_of(4).data["source"]
    with torch.no_grad():
        together, alone = variant.generator(image), variant.generator(image[:1])
    assert torch.allclose(together[:1], alone, atol=1e-5) is (norm == "image")


@pytest.mark.parametrize("shape", [(1, 3, 16, 16), (3, 1, 28, 45), (2, 5, 64, 16), (4, 3, 17, 33)])
@pytest.mark.parametrize("reverse", [False, True])
def test_any_channels_and_sides_both_ways(shape: tuple[int, ...], reverse: bool) -> None:
    data = pairs(*shape)
    variant, batch = make(data, reverse=reverse), batch_of(2, data)
    (way,) = variant.directions
    assert way.name == ("target2source" if reverse else "source2target")
    made = translated(variant, batch.data[way.source])
    assert made.shape == batch.data[way.target].shape
    shown = variant.gallery(batch.data)
    assert shown.images.shape[0] == 6
    assert shown.made == [False, False, True, True, False, False]
    torch.testing.assert_close(variant.generator_loss(batch).isfinite(), torch.tensor(True))


@pytest.mark.parametrize(
    ("data", "settings", "message"),
    [
        (pairs(3, 1, 15, 40), {}, "at least 16 pixels a side.*try --image-size 32"),
        (pairs(), {"lambda_l1": 0.0, "lambda_gan": 0.0}, "all weights are 0"),
        (pairs(), {"lab": True}, "have 3 channels and become 1: leave it out"),
        (pairs(), {"layers": 3}, "allow --layers 2 at most, not 3"),
        (pairs(), {"layers": 2, "scales": 2}, "have 8 pixels a side, and allow --layers 1"),
    ],
)
def test_what_cannot_be_played_is_refused_in_a_sentence(
    data: DataSpec, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(GanzooError, match=message):
        make(data, **settings)


@pytest.mark.parametrize("side", [16, 28, 64, 128, 256])
def test_recipes_fit_the_images_they_are_for(side: int) -> None:
    data = pairs(3, 3, side, side)
    recipe = Pix2Pix.recipe(data)
    settings = {key: value for key, value in recipe.items() if hasattr(Pix2PixConfig, key)}
    with torch.device("meta"):
        Pix2Pix(equipped(Pix2PixConfig(**settings)), data)
    assert (recipe["batch_size"] == 1) is (side >= 128)


def test_lab_keeps_the_lightness_of_gray_images_and_makes_colours() -> None:
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(2, 3, 16, 16, generator=generator, dtype=torch.float64) * 2 - 1
    gray = 2 * luminance((image + 1) / 2) - 1
    light, colour = lightness(gray), colours(image)
    assert light.abs().max() <= 1
    assert colour.abs().max() <= 1
    assert (joined(light, colour) - image).abs().max() < 1e-4
    data = pairs(1, 3)
    variant, batch = make(data, lab=True), batch_of(data=data)
    source = 0.1 * batch.data["source"]
    made = translated(variant, source)
    assert made.shape == (4, 3, 16, 16)
    difference = luminance((made + 1) / 2) - (source + 1) / 2
    kept = (difference.abs() < 1e-5).float().mean()
    assert kept > 0.9  # all but the few colours that no screen shows
    variant.generator_loss(batch)
    distance = (batch.shared["fake"] - colours(batch.data["target"])).abs().mean()
    torch.testing.assert_close(batch.metrics["l1"], distance)
    assert variant.discriminator_loss(batch).isfinite()


def photos(folder: Path, n: int) -> None:
    """Images of two beside each other: squares, and discs in their places."""
    folder.mkdir(parents=True)
    for k in range(n):
        image = Image.new("RGB", (64, 32), (0, 0, 5 * k))
        draw = ImageDraw.Draw(image)
        x, y = 2 + k % 12, 3 + k % 7
        draw.rectangle((x, y, x + 14, y + 14), fill=(200, 30, 9 * k))
        draw.ellipse((32 + x, y, 46 + x, y + 14), fill=(250, 9 * k, 60))
        image.save(folder / f"{k:02}.png")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 18 pairs of 20, after three steps."""
    folder = tmp_path_factory.mktemp("pix2pix")
    photos(folder / "pairs", 20)
    data = ("--dataset", "pairs", "--data-root", folder / "pairs", "--image-size", "32")
    made = ganzoo(
        *("train", "pix2pix", *data, "--out", folder / "run"),
        *("--steps", "3", "--width", "2", "--layers", "1"),
    )
    assert made.status == 0, made.err
    return folder / "run"


def test_a_folder_is_translated_as_each_image_by_itself(run: Path, tmp_path: Path) -> None:
    """The very bytes, by the seed; another seed makes others."""
    photos(tmp_path / "in", 20)
    for name, source, seed in (
        ("all", tmp_path / "in", 3),
        ("one", tmp_path / "in" / "18.png", 3),
        ("other", tmp_path / "in" / "18.png", 4),
    ):
        found = ganzoo(
            *("translate", run, "--input", source, "--out", tmp_path / name, "--seed", seed)
        )
        assert found.status == 0, found.err
    images = [(tmp_path / name / "18.png").read_bytes() for name in ("all", "one", "other")]
    assert images[0] == images[1] != images[2]


def test_any_size_is_translated_at_its_own(run: Path, tmp_path: Path) -> None:
    Image.new("RGB", (77, 41), (9, 99, 199)).save(tmp_path / "odd.png")
    out = tmp_path / "out"
    found = ganzoo("translate", run, "--input", tmp_path / "odd.png", "--out", out, "--own-size")
    assert found.status == 0, found.err
    with Image.open(out / "odd.png") as image:
        assert image.size == (77, 41)


def test_pairs_that_were_held_out_are_never_trained_on(run: Path) -> None:
    data = json.loads((run / "run.json").read_text())["data"]
    root = run.parent / "pairs"
    train, test = (
        catalog.load("pairs", DataRequest(root, split, (32, 32))) for split in ("train", "test")
    )
    assert data["samples"] == [len(train)] == [18]
    seen = {image.numpy().tobytes() for image in train.tensors["target"]}
    assert not seen & {image.numpy().tobytes() for image in test.tensors["target"]}
    found = ganzoo("evaluate", run, "--json", "--metrics", "pairs")
    assert found.status == 0, found.err
    scores = {score["name"] for score in json.loads(found.out)["scores"]}
    assert {"source2target_l1", "source2target_mean_l1", "source2target_input_l1"} <= scores


def test_source_and_target_are_moved_alike() -> None:
    """Of one and the same image both stay the same, however they are mirrored and cut."""
    image = torch.randint(256, (12, 3, 16, 20), dtype=torch.uint8)
    dataset = Dataset(pairs(3, 3, 16, 20), {"source": image, "target": image})
    cpu = torch.device("cpu")
    feed = make_feed(dataset, 4, device=cpu, seed=0, flip=True, crop=3)
    feed.stage(3)
    there = {part.numpy().tobytes() for part in to_floats(image)}
    moved = 0
    for _ in range(3):
        data = feed.draw()
        assert torch.equal(data["source"], data["target"])
        moved += sum(part.numpy().tobytes() not in there for part in data["source"])
    assert moved > 6
