"""Pictures and films that ganzoo wrote among photos are no photos."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.data.photos import BLUE, RED, colours, loaded, plain, problem
from PIL import Image

from ganzoo.library.film import Film
from ganzoo.library.samples import Samples
from ganzoo.metrics.samples import read_samples
from ganzoo.spec import Field

REDS = Samples(
    Field("image", "image", (3, 16, 16)),
    torch.tensor([1.0, -1.0, -1.0])[None, :, None, None].repeat(2, 1, 16, 16),
    ("0", "1"),
    origin={"run": "run", "step": 1, "seed": 0},
)
WRITES = {
    "grid.png": lambda path: REDS.save(path),
    "one.png": lambda path: REDS[0].save(path),
    "walk.gif": lambda path: Film(REDS, loop=True).save(path),
    "walk.webp": lambda path: Film(REDS, loop=True).save(path),
}


@pytest.mark.parametrize("name", WRITES)
def test_a_picture_that_was_made_here_is_left_out_and_said(folder: Path, name: str) -> None:
    plain("L", 9).save(folder / "a.png")
    WRITES[name](folder / name)
    dataset, said = loaded(folder)
    assert colours(dataset) == [(9,)]  # and gray, though the other one is in colour
    (line,) = (line for line in said if "skipped" in line)
    assert "ganzoo made it, as a text 'ganzoo' in it says" in line
    assert f"it is data once saved without that ('{name}'" in line


def test_one_that_another_program_saves_anew_is_data(folder: Path) -> None:
    plain("RGB", BLUE).save(folder / "a.png")
    REDS[0].save(folder / "b.png")
    pixels = np.asarray(Image.open(folder / "b.png"))
    Image.fromarray(pixels).save(folder / "b.png")
    assert colours(loaded(folder)[0]) == [BLUE, RED]


def test_of_such_alone_the_reason_is_said(folder: Path) -> None:
    REDS.save(folder / "grid.png")
    assert "none can be read: ganzoo made it" in problem(folder)


def test_a_picture_of_the_users_is_data_as_it_was_given_to_networks(folder: Path) -> None:
    plain("RGB", BLUE).save(folder / "a.png")
    replace(REDS, origin={})[0].save(folder / "b.png")  # such as one that was enlarged
    assert colours(loaded(folder)[0]) == [BLUE, RED]


def test_such_are_samples_to_evaluate(folder: Path) -> None:
    for number in range(2):
        REDS[number].save(folder / f"{number}.png")
    assert read_samples(folder).samples.shape == (2, 3, 16, 16)
