"""Pairs that are made of images on the spot: what is made of what, and how they are named."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from ganzoo import DataRequest, Dataset, GanzooError
from ganzoo.artifacts.colour import from_lab, from_light, luminance, to_lab, to_light
from ganzoo.artifacts.pixels import to_floats
from ganzoo.data.needs import check_suits
from ganzoo.data.tasks import as_pairs, edges
from ganzoo.plugins import catalog
from ganzoo.plugins.registry import registry


def every_colour(steps: int = 12) -> Tensor:
    """A grid of all mixtures, (1, 3, steps ** 2, steps), in float64."""
    values = torch.linspace(0, 1, steps, dtype=torch.float64)
    return torch.cartesian_prod(values, values, values).T.reshape(1, 3, steps**2, steps)


@pytest.mark.parametrize(("dtype", "error"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_lab_there_and_back(dtype: torch.dtype, error: float) -> None:
    """Far within 1/255, the step of a file."""
    colours = every_colour().to(dtype)
    assert (from_lab(to_lab(colours)) - colours).abs().max() < error
    assert (from_light(to_light(colours)) - colours).abs().max() < error


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((1, 1, 1), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((1, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 1, 0), (87.74, -86.18, 83.18)),
        ((0, 0, 1), (32.30, 79.19, -107.86)),
    ],
)
def test_lab_of_known_colours(rgb: tuple[float, ...], lab: tuple[float, ...]) -> None:
    """As tables of CIE 1976 have them for sRGB and D65."""
    found = to_lab(torch.tensor(rgb, dtype=torch.float64).view(1, 3, 1, 1)).flatten()
    torch.testing.assert_close(found, torch.tensor(lab, dtype=torch.float64), atol=0.02, rtol=0)


def test_gray_of_the_same_lightness() -> None:
    colours = every_colour()
    gray = luminance(colours).expand(-1, 3, -1, -1)
    lightness, a, b = to_lab(gray).unbind(1)
    torch.testing.assert_close(lightness, to_lab(colours)[:, 0], atol=1e-3, rtol=0)
    assert a.abs().max() < 0.02
    assert b.abs().max() < 0.02


def coloured(n: int = 6) -> Dataset:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (n, 3, 8, 10), generator=generator, dtype=torch.uint8)
    return Dataset.images("photos", images, torch.arange(n) % 2, ("cat", "dog"))


def test_colourise_has_the_image_as_its_target_and_keeps_labels() -> None:
    dataset = coloured()
    pairs = as_pairs(dataset, "colourise")
    assert pairs.name == "photos-colourise"
    assert [field.name for field in pairs.spec.groups[0]] == ["source", "target", "label"]
    assert pairs.spec.shape == (1, 8, 10)
    assert pairs.classes == ("cat", "dog")
    target = pairs.tensors["target"]
    assert target.data_ptr() == dataset.tensors["image"].data_ptr()  # no copy
    gray, colours = ((to_floats(each) + 1) / 2 for each in (pairs.tensors["source"], target))
    assert (to_lab(gray.expand(-1, 3, -1, -1))[:, 0] - to_lab(colours)[:, 0]).abs().max() < 0.5


def test_edges_are_lines_of_one_pixel_around_what_stands_out() -> None:
    image = torch.full((1, 1, 20, 24), 0.2)
    image[..., 5:15, 6:18] = 0.9
    drawn = edges(image)[0, 0]
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    lines = drawn == 0
    assert lines[10].sum() == 2  # the left and the right one
    assert lines[:, 12].sum() == 2
    rows, columns = lines.nonzero().unbind(1)
    assert 4 <= rows.min() <= 5 < 14 <= rows.max() <= 15
    assert 5 <= columns.min() <= 6 < 17 <= columns.max() <= 18
    assert edges(torch.full((2, 3, 9, 9), 0.5)).all()
    assert torch.equal(edges(image.expand(-1, 3, -1, -1)), edges(image))


def test_edges_turn_with_the_image() -> None:
    """Slopes along all axes and diagonals are found: a disc has an edge all around."""
    y, x = torch.meshgrid(torch.arange(33.0), torch.arange(33.0), indexing="ij")
    disc = (12 - ((y - 16) ** 2 + (x - 16) ** 2).sqrt()).clamp(0, 1)[None, None]
    lines = edges(disc)[0, 0] == 0
    angles = torch.atan2(y - 16, x - 16)[lines]
    assert torch.histc(angles, 16, -torch.pi, torch.pi).min() >= 2
    radii = ((y - 16) ** 2 + (x - 16) ** 2).sqrt()[lines]
    assert 10 < radii.min() < radii.max() < 13


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for number in range(12):
        picture = Image.new("RGB", (24, 20), (20 * number, 90, 200 - 10 * number))
        ImageDraw.Draw(picture).rectangle((6, 5, 17, 14), fill=(250, 20 * number, 10))
        picture.save(tmp_path / f"{number:02}.png")
    return tmp_path


def test_any_set_of_images_can_be_named(photos: Path) -> None:
    train, test = (
        catalog.load("folder/edges", DataRequest(photos, split)) for split in ("train", "test")
    )
    assert (len(train), len(test)) == (11, 1)  # held out as without the task
    plain = catalog.load("folder", DataRequest(photos))
    assert torch.equal(train.tensors["target"], plain.tensors["image"])
    assert catalog.is_of_the_user("folder/edges")
    # The data are known again by the images, whatever a processor makes of their sources.
    assert catalog.contents("folder/edges", train) == catalog.contents("folder", plain)
    assert train.name == f"{photos.name}-edges"
    for variant in ("pix2pix",):
        check_suits(registry().variant(variant).spec, train.spec)


def test_what_is_known_before_it_is_loaded() -> None:
    told = catalog.described("cifar10/colourise")
    assert (told.name, told.shape) == ("cifar10-colourise", (1, 32, 32))
    assert told.fields["target"].shape == (3, 32, 32)
    assert told.classes == 10
    loaded = catalog.load("ink/edges", DataRequest(split="test"))
    assert catalog.described("ink/edges").groups == loaded.spec.groups


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ink/sketch", "no task 'sketch'.*colourise"),
        ("ink/", "no task ''"),
        ("glyphs/colourise", "images of 3 channels, and 'glyphs' has 1"),
        ("glyphs+ink/edges", "makes pairs of two sets"),
        ("ring8/edges", "'ring8' is no single set of images"),
        ("glyph-pairs/edges", "'glyph-pairs' is no single set of images"),
    ],
)
def test_what_no_pairs_can_be_made_of_is_said(name: str, message: str) -> None:
    for look in (lambda: catalog.described(name), lambda: catalog.load(name, DataRequest())):
        with pytest.raises(GanzooError, match=message):
            look()


def test_who_needs_pairs_and_is_given_images_is_told_how_to_have_them() -> None:
    with pytest.raises(GanzooError, match="--dataset NAME/edges or NAME/colourise"):
        check_suits(registry().variant("pix2pix").spec, catalog.described("ink"))


def test_wide_images_keep_their_bits() -> None:
    words = torch.from_numpy(np.arange(-200, 200, dtype=np.int16).reshape(1, 1, 20, 20))
    pairs = as_pairs(Dataset.images("scans", words), "edges")
    assert pairs.tensors["target"].dtype == torch.int16
    assert pairs.spec.fields["target"].codec == "16 bits"
    assert pairs.tensors["source"].dtype == torch.uint8
