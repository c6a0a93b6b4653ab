"""Masks that could be meant in two ways are refused, and not guessed."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo.artifacts.deep_png import write_deep_png
from ganzoo.data.files.exact import look_exactly
from ganzoo.data.files.opened import Look
from ganzoo.library.making.masks import Masks

HOLE = np.zeros((8, 8), np.uint8)
HOLE[2:5, 3:6] = 255


@pytest.fixture
def image(tmp_path: Path) -> Look:
    Image.new("L", (8, 8)).save(tmp_path / "0.png")
    found = look_exactly(tmp_path / "0.png", 1)
    assert isinstance(found, Look)
    return found


def strokes(path: Path) -> None:
    """White strokes on nothing, as layers of drawing programs are."""
    white = np.full((8, 8, 4), 255, np.uint8)
    white[..., 3] = HOLE
    Image.fromarray(white).save(path)


def deep_strokes(path: Path) -> None:
    white = np.full((8, 8, 2), 65535, np.uint16)
    white[..., 1] = HOLE
    write_deep_png(white, path)


def erased(path: Path) -> None:
    Image.fromarray(np.dstack([HOLE * 0, 255 - HOLE])).save(path)


@pytest.mark.parametrize("draw", [strokes, deep_strokes, erased])
def test_what_is_transparent_is_not_taken_for_missing(
    image: Look, tmp_path: Path, draw: object
) -> None:
    mask = tmp_path / "mask.png"
    draw(mask)  # type: ignore[operator]
    said = Masks(mask).beside(image, tmp_path, "0.png", None)
    assert isinstance(said, str)
    assert "is transparent in places" in said


def test_opacity_that_hides_nothing_is_no_reason(image: Look, tmp_path: Path) -> None:
    opaque = np.dstack([HOLE, HOLE, HOLE, HOLE * 0 + 255])
    Image.fromarray(opaque).save(tmp_path / "mask.png")
    found = Masks(tmp_path / "mask.png").beside(image, tmp_path, "0.png", None)
    assert isinstance(found, Look)
    assert np.array_equal(found.pixels[-1], HOLE)


def test_a_mask_of_several_images_is_refused(image: Look, tmp_path: Path) -> None:
    pages = [Image.fromarray(HOLE), Image.fromarray(255 - HOLE)]
    pages[0].save(tmp_path / "mask.gif", save_all=True, append_images=pages[1:])
    said = Masks(tmp_path / "mask.gif").beside(image, tmp_path, "0.png", None)
    assert isinstance(said, str)
    assert "is several images" in said


def test_of_several_masks_of_one_name_none_is_guessed(image: Look, tmp_path: Path) -> None:
    masks = tmp_path / "masks"
    masks.mkdir()
    Image.fromarray(HOLE).save(masks / "0.bmp")
    (masks / "0.csv").write_text("not a mask")
    found = Masks(masks).beside(image, tmp_path, "0.png", None)
    assert isinstance(found, Look)
    Image.fromarray(255 - HOLE).save(masks / "0.gif")
    said = Masks(masks).beside(image, tmp_path, "0.png", None)
    assert isinstance(said, str)
    assert "it has several masks" in said
    Image.fromarray(HOLE).save(masks / "0.png")  # which is the name of the image itself
    found = Masks(masks).beside(image, tmp_path, "0.png", None)
    assert isinstance(found, Look)
    assert np.array_equal(found.pixels[-1], HOLE)
