"""Of what class the images of a folder are: tables, sub-folders, and what is neither."""

import json
from pathlib import Path

import pytest
from PIL import Image

from ganzoo.data.dataset import DataRequest
from ganzoo.data.files.found import BY_NAME, RULES, list_images
from ganzoo.data.files.labels import class_names, labels_of
from ganzoo.data.sources.folder import load


def images(root: Path, *names: str) -> list[str]:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), 90).save(path)
    return sorted(names)


def found(root: Path, files: list[str]) -> tuple[dict[str, str], list[str]]:
    said: list[str] = []
    return labels_of(root, files, 0, said.append), said


def test_numbers_are_ordered_by_value_and_in_runs_from_before_as_names() -> None:
    labels = {f"{n}/a.png": str(n) for n in range(12)}
    files = sorted(labels)
    assert class_names(labels, files, RULES) == tuple(str(n) for n in range(12))
    assert class_names(labels, files, BY_NAME) == tuple(sorted(str(n) for n in range(12)))


def test_a_class_of_thousands_of_digits_is_a_name() -> None:
    names = {"0": "7", "1": 5000 * "9", "2": "10"}
    assert class_names(names, sorted(names)) == ("10", "7", 5000 * "9")


def test_captions_are_no_classes(tmp_path: Path) -> None:
    files = images(tmp_path, *(f"{n}.png" for n in range(12)))
    rows = "".join(f"{n}.png,a photo of {n} cats\n" for n in range(12))
    (tmp_path / "metadata.csv").write_text("file_name,text\n" + rows)
    labels, said = found(tmp_path, files)
    assert labels == {}
    assert any("'metadata.csv'" in line and "one called label" in line for line in said)


def test_the_column_of_files_is_the_one_that_names_most(tmp_path: Path) -> None:
    """Classes that are numbers look like names of files without their suffix."""
    files = images(tmp_path, *(f"{n}.png" for n in range(12)))
    rows = "".join(f"{n % 3},{n}.png\n" for n in range(12))
    (tmp_path / "table.csv").write_text("label,file\n" + rows)
    labels, _ = found(tmp_path, files)
    assert labels == {f"{n}.png": str(n % 3) for n in range(12)}


def test_two_labels_of_one_image_are_said(tmp_path: Path) -> None:
    files = images(tmp_path, *(f"{n}.png" for n in range(4)))
    rows = "".join(f"{n}.png,{'ab'[n % 2]}\n" for n in range(4))
    (tmp_path / "table.csv").write_text("file,label\n" + rows + "0.png,b\n1.png,b\n")
    labels, said = found(tmp_path, files)
    assert labels["0.png"] == "b"
    told = "several labels, such as '0.png', of which the last counts"
    assert f"'table.csv' of '{tmp_path}' gives 1 image {told}" in said
    (tmp_path / "table.csv").unlink()
    listed = [[f"{n}.png", n % 2] for n in range(4)]
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": [*listed, ["0.png", 1]]}))
    labels, said = found(tmp_path, files)
    assert f"'{tmp_path / 'dataset.json'}' gives 1 image {told}" in said


def test_two_columns_of_labels_are_said(tmp_path: Path) -> None:
    files = images(tmp_path, *(f"{n}.png" for n in range(4)))
    rows = "".join(f"{n}.png,{'ab'[n % 2]},{'ba'[n % 2]}\n" for n in range(4))
    (tmp_path / "table.csv").write_text("file,label,label\n" + rows)
    labels, said = found(tmp_path, files)
    assert labels["0.png"] == "a"
    assert any("several columns called 'label', of which the first counts" in one for one in said)


@pytest.mark.parametrize("split", ["train", "test"])
def test_where_each_image_would_be_a_class_there_are_none(tmp_path: Path, split: str) -> None:
    images(tmp_path, *(f"person {n}/portrait.png" for n in range(20)))
    said: list[str] = []
    dataset = load(DataRequest(tmp_path, split, (8, 8), report=said.append))
    assert dataset.classes == ()
    assert len(dataset) == {"train": 18, "test": 2}[split]
    assert any("each would be a class of its own" in line for line in said)


def test_splits_that_are_links_are_splits(tmp_path: Path) -> None:
    images(tmp_path, *(f"raw/{split}/{n}.png" for split in ("train", "test") for n in range(3)))
    for split in ("train", "test"):
        (tmp_path / split).symlink_to(tmp_path / "raw" / split, target_is_directory=True)
    (tmp_path / "raw/train/back").symlink_to(tmp_path, target_is_directory=True)
    listed = list_images(tmp_path, lambda message: None)
    assert {"train/0.png", "test/0.png", "raw/test/0.png"} <= {*listed}
    assert not [name for name in listed if "back" in name]
    for split in ("train", "test"):
        assert len(load(DataRequest(tmp_path, split, (8, 8)))) == 3
