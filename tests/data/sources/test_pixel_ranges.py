"""Between which values the pixels of an ``.npz`` lie: what is not clear is asked."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.sources.npz import load
from ganzoo.errors import GanzooError

Array = np.ndarray[Any, np.dtype[Any]]
COLOUR = np.random.default_rng(0).integers(0, 256, (4, 6, 5, 3)).astype(np.uint8)
SOLID = np.random.default_rng(1).integers(0, 256, (4, 6, 6, 6)).astype(np.uint8)


def saved(folder: Path, **arrays: Array) -> Path:
    np.savez(folder / "x.npz", **arrays)
    return folder / "x.npz"


def loaded(file: Path) -> Dataset:
    return load(DataRequest(root=file))


def problem(file: Path) -> str:
    with pytest.raises(GanzooError) as error:
        load(DataRequest(root=file))
    return str(error.value)


@pytest.mark.parametrize(
    ("pixels", "meant"),
    [
        (COLOUR / 255 * 1.01, 1),
        (COLOUR / 255 * 1.2, 1),
        (COLOUR / 255 - 0.01, 1),
        (SOLID / 255 * 1.01, 1),
        (COLOUR * 1.01, 255),
    ],
)
def test_pixels_a_little_beyond_their_range_are_asked_about(
    tmp_path: Path, pixels: Array, meant: int
) -> None:
    """They were taken for those of the next range, and were black, or pale."""
    told = problem(saved(tmp_path, a=pixels))
    assert f"looks like pixels from 0 to {meant}: clip them to that" in told


RANGES = {
    "0 to 1": COLOUR / 255,
    "-1 to 1": COLOUR / 127.5 - 1,
    "0 to 255": COLOUR,
    "0 to 255.0": COLOUR * 1.0,
    "no and yes": COLOUR % 2,
}


@pytest.mark.parametrize(("train", "test"), [*itertools.permutations(RANGES, 2)])
@pytest.mark.parametrize("more", [1, 30])
def test_splits_of_different_ranges_are_asked_about(
    tmp_path: Path, train: str, test: str, more: int
) -> None:
    arrays = {"x_train": np.concatenate([RANGES[train]] * more), "x_test": RANGES[test]}
    file = saved(tmp_path, **arrays)
    like = [{"0 to 255", "0 to 255.0"}, {"0 to 1", "no and yes"}]
    if {train, test} in like:
        assert len(loaded(file)) == 4 * more
    else:
        assert "bring them to one" in problem(file)


def test_dark_images_and_black_splits_are_taken(tmp_path: Path) -> None:
    dark = np.concatenate([COLOUR * 0.5] * 3 + [COLOUR * 0.004])
    assert loaded(saved(tmp_path, a=dark)).tensors["a"].max() > 100
    loaded(saved(tmp_path, x_train=COLOUR, x_test=COLOUR * 0))


@pytest.mark.parametrize(
    ("dtype", "most", "said"),
    [(np.uint16, 4095, 4095), (np.int32, 300, 511), (np.float32, 4000, 4095)],
)
def test_pixels_that_fill_no_16_bits_are_said_to_be_dark(
    tmp_path: Path, dtype: type, most: int, said: int
) -> None:
    report: list[str] = []
    file = saved(tmp_path, a=(COLOUR.astype(np.float64) * most / COLOUR.max()).astype(dtype))
    load(DataRequest(root=file, report=report.append))
    assert f"goes up to {most} of 65535, and so it is dark: divide it by" in report[0]
    assert f"such as {said}," in report[0]


def test_pixels_of_16_bits_are_not(tmp_path: Path) -> None:
    report: list[str] = []
    file = saved(tmp_path, a=(COLOUR.astype(np.float64) * 65535 / COLOUR.max()).astype(np.uint16))
    load(DataRequest(root=file, report=report.append))
    assert not [words for words in report if "dark" in words]
