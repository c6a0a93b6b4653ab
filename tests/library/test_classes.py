"""Classes that are called by numbers: a text is the name, and what is no text the number."""

from pathlib import Path

import numpy as np
import pytest
from helpers.cli import ganzoo as command
from PIL import Image

import ganzoo

pytestmark = pytest.mark.usefixtures("blank")


def images_of(folder: Path, *classes: str) -> Path:
    """Four of each."""
    for name in classes:
        for number in range(4):
            path = folder / "images" / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((28, 28), 40 * number, np.uint8)).save(path)
    return folder / "images"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> ganzoo.TrainedRun:
    """Of classes 1, 2, 3 and 10."""
    folder = tmp_path_factory.mktemp("classes")
    images_of(folder, "1", "2", "3", "10")
    return ganzoo.train(
        *("cgan",), dataset="folder", data_root=folder / "images", image_size=28, batch_size=8,
        steps=1, out=folder / "run", progress=False,
    )  # fmt: skip


def test_a_text_is_a_name_and_a_number_the_number(run: ganzoo.TrainedRun) -> None:
    names = run.data.class_names
    assert sorted(names) == ["1", "10", "2", "3"]
    for number, name in enumerate(names):
        for label in (name, number, np.int64(number)):
            assert {*run.sample(3, label=label).labels} == {number}
    assert {*run.sample(3, label="0").labels} == {0}  # as no class is called so


def test_the_command_draws_the_class_of_that_name(run: ganzoo.TrainedRun, tmp_path: Path) -> None:
    for name in run.data.class_names:
        out = tmp_path / name
        made = command("sample", run.path, "--n", 3, "--label", name, "--out", out)
        assert made.status == 0, made.err
        assert {file.stem.split("-")[1] for file in out.glob("*.png")} == {name}


def test_a_training_that_starts_from_other_classes_says_so(
    run: ganzoo.TrainedRun, tmp_path: Path
) -> None:
    for classes, said in ((("1", "2", "4", "10"), True), (("1", "10", "2", "3"), False)):
        root = images_of(tmp_path / "-".join(classes), *classes)
        flags = ("--dataset", "folder", "--data-root", root, "--image-size", 28, "--steps", 1)
        out = ("--batch-size", 8, "--init", run.path, "--out", root.parent / "run")
        made = command("train", "cgan", *flags, *out)
        assert made.status == 0, made.err
        words = " ".join((made.out + made.err).split())
        assert ("they are others there: what was '3' is '4' now" in words) == said
