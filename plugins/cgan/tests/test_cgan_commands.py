"""CGAN from the outside: what training and sampling by command do with the labels."""

from pathlib import Path

import numpy as np
import pytest
from helpers.cli import ganzoo, tree
from PIL import Image

CLASSES = 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images of 8x8 pixels in a folder for each class."""
    root = tmp_path_factory.mktemp("greys")
    for label in range(CLASSES):
        (root / f"class{label}").mkdir()
        for number in range(10):
            Image.new("L", (8, 8), 50 * label).save(root / f"class{label}" / f"{number}.png")
    return root


@pytest.fixture(scope="module")
def run(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that is hardly trained: G draws something else for each label, but no greys yet."""
    out = tmp_path_factory.mktemp("runs") / "run"
    result = ganzoo(
        *("train", "cgan", "--dataset", "folder", "--data-root", folder, "--image-size", "8x8"),
        *("--steps", 3, "--sample-every", 3, "--batch-size", 32, "--out", out),
    )
    assert result.status == 0, result.err
    return out


@pytest.fixture(scope="module")
def typical(run: Path, tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """The mean image (classes, 8, 8) of what `sample --label` draws for each."""
    means = []
    for label in range(CLASSES):
        out = tmp_path_factory.mktemp("typical") / "x.npz"
        assert ganzoo("sample", run, "--label", label, "--out", out).status == 0
        drawn = np.load(out)
        assert drawn["labels"].tolist() == [label] * 100
        means.append(drawn["images"].mean((0, 3)))
    return np.array(means)


def recognised(images: np.ndarray, typical: np.ndarray) -> list[int]:
    """The class whose mean image is nearest to each of some images (n, 8, 8)."""
    distances = np.square(images[:, None].astype(float) - typical).sum((2, 3))
    return [int(label) for label in distances.argmin(1)]


def test_a_row_of_the_grid_is_a_class(run: Path, typical: np.ndarray) -> None:
    newest = max((run / "samples").glob("[0-9]*.png"))
    grid = np.asarray(Image.open(newest))
    assert grid.shape == (98, 98)  # 10 x 10 images with gaps of 2 pixels
    cells = np.array(
        [grid[y : y + 8, x : x + 8] for y in range(0, 98, 10) for x in range(0, 98, 10)]
    )
    assert recognised(cells, typical) == [(cell // 10) % CLASSES for cell in range(100)]


def test_images_of_a_label_are_what_was_asked_for(
    run: Path, typical: np.ndarray, tmp_path: Path
) -> None:
    out = tmp_path / "images"
    assert ganzoo("sample", run, "--n", 20, "--label", 3, "--out", out).status == 0
    images = np.array([np.asarray(Image.open(path)) for path in sorted(out.glob("*.png"))])
    assert recognised(images, typical) == [3] * 20


def test_samples_of_all_classes_come_with_their_labels(
    run: Path, typical: np.ndarray, tmp_path: Path
) -> None:
    assert ganzoo("sample", run, "--n", 503, "--out", tmp_path / "x.npz").status == 0
    drawn = np.load(tmp_path / "x.npz")
    assert drawn["labels"].tolist() == [k % CLASSES for k in range(503)]
    assert recognised(drawn["images"][..., 0], typical) == drawn["labels"].tolist()


@pytest.mark.parametrize("label", [-1, 5])
def test_a_label_that_does_not_exist_is_refused(run: Path, tmp_path: Path, label: int) -> None:
    result = ganzoo("sample", run, "--label", label, "--out", tmp_path / "x.npz")
    assert (result.status, tree(tmp_path)) == (2, {})
    assert result.err.startswith("ganzoo: error: --label must be")


def test_unlabelled_data_are_refused(folder: Path, tmp_path: Path) -> None:
    result = ganzoo(
        *("train", "cgan", "--dataset", "folder", "--data-root", folder / "class1"),
        *("--image-size", "8x8", "--out", tmp_path / "run"),
    )
    assert (result.status, tree(tmp_path)) == (2, {})
    assert "cgan needs labelled data, and 'class1' has no labels" in result.err


def test_convnets_for_points_are_refused(tmp_path: Path) -> None:
    result = ganzoo(
        *("train", "cgan", "--dataset", "ring8", "--architecture", "conv"),
        *("--out", tmp_path / "run"),
    )
    assert (result.status, tree(tmp_path)) == (2, {})
    assert "--architecture conv needs images" in result.err
    assert "'ring8' has points" in result.err


@pytest.mark.parametrize(
    ("dataset", "options"),
    [("ring8", ()), ("glyphs", ("--width", 2))],
)
def test_it_trains_on_what_is_made_on_the_spot(
    tmp_path: Path, dataset: str, options: tuple[str, ...]
) -> None:
    out = tmp_path / "run"
    result = ganzoo(
        *("train", "cgan", "--dataset", dataset, "--batch-size", 4, "--steps", 2),
        *("--out", out, *options),
    )
    assert result.status == 0, result.err
    assert ganzoo("sample", out, "--n", 20, "--out", tmp_path / "x.npz").status == 0
    classes = {"ring8": 8, "glyphs": 10}[dataset]
    assert np.load(tmp_path / "x.npz")["labels"].tolist() == [k % classes for k in range(20)]
