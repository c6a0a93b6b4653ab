"""Of what class the images of a folder are: tables, sub-folders, and what is neither."""

import itertools
import json
from pathlib import Path
from typing import Literal
from unicodedata import normalize

import pytest
from PIL import Image

from ganzoo.data.dataset import DataRequest
from ganzoo.data.files.found import BY_NAME, RULES, list_images
from ganzoo.data.files.labels import LIST, class_names, labels_of
from ganzoo.data.sources.folder import load
from ganzoo.errors import GanzooError

Form = Literal["NFC", "NFD"]


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


@pytest.mark.parametrize(
    ("head", "row"),
    [
        (",filename,label", "{other},{n}.png,{kind}"),
        ("id,filename,label", "{other},{n}.png,{kind}"),
        ("id,filename,label", "{other},{n},{kind}"),
        ("id,foto,label", "{other},{n}.png,{kind}"),
        ("foto,age,label", "{n},{half},{kind}"),
        ("filename,age,label", "{n}.png,{other},{kind}"),
        ("label,rank,Image Path", "{kind},{other},{n}.png"),
    ],
)
def test_numbers_are_not_taken_for_the_names_of_other_images(
    tmp_path: Path, head: str, row: str
) -> None:
    files = images(tmp_path, *(f"{n}.png" for n in range(12)))
    rows = [
        row.format(n=n, other=(n * 7 + 3) % 12, half=n // 2, kind="ab"[n % 2]) for n in range(12)
    ]
    gone = row.format(n=90, other=90, half=0, kind="a")
    (tmp_path / "table.csv").write_text("\n".join([head, *rows, gone, ""]))
    labels, _ = found(tmp_path, files)
    assert labels == {f"{n}.png": "ab"[n % 2] for n in range(12)}


@pytest.mark.parametrize("head", ["filename,id,label", "foto,id,label"])
def test_numbers_name_no_images_beside_files_that_are_elsewhere(tmp_path: Path, head: str) -> None:
    files = images(tmp_path, *(f"{n}.png" for n in range(12)))
    rows = "".join(f"old/x{n}.png,{(n + 1) % 12},{'ab'[n % 2]}\n" for n in range(12))
    (tmp_path / "table.csv").write_text(f"{head}\n{rows}")
    labels, said = found(tmp_path, files)
    assert labels == {}
    assert any("'table.csv'" in line and "one called file" in line for line in said)


@pytest.mark.parametrize("head", ["id,key,label", "file,image,label", ",id,label"])
def test_which_of_two_columns_names_the_files_is_asked(tmp_path: Path, head: str) -> None:
    files = images(tmp_path, *(f"{n}.png" for n in range(12)))
    rows = "".join(f"{n},{(n + 1) % 12},{'ab'[n % 2]}\n" for n in range(12))
    (tmp_path / "table.csv").write_text(f"{head}\n{rows}")
    first, second, _ = head.split(",")
    with pytest.raises(GanzooError, match=f"'{first}' and '{second}': call the one that does"):
        found(tmp_path, files)


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


def test_tables_that_contradict_are_said(tmp_path: Path) -> None:
    files = images(tmp_path, *(f"{n}.png" for n in range(4)))
    for table, kinds in (("a.csv", "xyxy"), ("b.csv", "xyyy")):
        rows = "".join(f"{n}.png,{kind}\n" for n, kind in enumerate(kinds))
        (tmp_path / table).write_text("file,label\n" + rows)
    labels, said = found(tmp_path, files)
    assert labels["2.png"] == "y"
    told = "gives 1 image other labels than the tables before it, such as '2.png'"
    assert sum(told in line for line in said) == 1


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


FORMS = list(itertools.permutations(("NFC", "NFD"), 2))
"""In which files are named, and tables: as on a Mac and elsewhere."""


@pytest.mark.parametrize(("disk", "table"), FORMS)
@pytest.mark.parametrize(
    "where", ["labels.csv", "stems.csv", "train/labels.csv", LIST, f"train/{LIST}"]
)
def test_a_name_may_be_spelled_in_another_form(
    tmp_path: Path, disk: Form, table: Form, where: str
) -> None:
    names = [normalize(disk, f"train/caf\u00e9 {n}.png") for n in range(12)]
    files = images(tmp_path, *names)
    shown = [normalize(table, name).removeprefix("train/") for name in names]
    rows = [
        (name.removesuffix(".png" * ("stems" in where)), "ab"[n % 2])
        for n, name in enumerate(shown)
    ]
    text = "".join(f"{name},{label}\n" for name, label in rows)
    listed = json.dumps(
        {"labels": [[f"{'' if '/' in where else 'train/'}{name}", label] for name, label in rows]}
    )
    (tmp_path / where).write_text(listed if LIST in where else f"file,label\n{text}")
    said: list[str] = []
    labels = labels_of(tmp_path, files, 1, said.append)
    assert labels == {name: "ab"[n % 2] for n, name in enumerate(names)}
    assert not any("not among" in line or "without" in line for line in said)


def test_names_that_only_their_form_tells_apart_are_taken_as_they_are_written(
    tmp_path: Path,
) -> None:
    both = [normalize(form, "\u1ec7.png") for form in ("NFC", "NFD")]  # of three characters
    other = "\u1eb9\u0302.png"
    files = images(tmp_path, *both, "x.png")
    if len([*tmp_path.iterdir()]) < 3:
        pytest.skip("this disk takes one for the other")
    (tmp_path / "labels.csv").write_text(f"file,label\n{both[1]},a\n{other},b\nx.png,b\n")
    labels, said = found(tmp_path, files)
    assert labels == {both[1]: "a", "x.png": "b"}
    assert any(f"such as '{other}'" in line for line in said)


@pytest.mark.parametrize(
    ("listed", "beside"),
    [("p{}.jpg", "p{}.jpg.1.png"), ("p{}.png", "p{}.png.jpg"), ("p{}.a.png", "p{}.a.png.b.png")],
)
def test_what_a_file_is_called_in_full_no_other_is_called_for_short(
    tmp_path: Path, listed: str, beside: str
) -> None:
    """Copies of downloads had the labels that were meant for what they are copies of."""
    own = [listed.format(number) for number in range(12)]
    files = images(tmp_path, *own, *(beside.format(number) for number in range(12)))
    rows = [f"{name},{'ab'[number % 2]}" for number, name in enumerate(own)]
    (tmp_path / "labels.csv").write_text("\n".join(["file,label", *rows]))
    labels, said = found(tmp_path, files)
    assert labels == {name: "ab"[number % 2] for number, name in enumerate(own)}
    assert "left out: 12 images" in said[0]


def test_what_two_files_may_be_called_no_one_is(tmp_path: Path) -> None:
    files = images(tmp_path, "x/b.jpg.png", "x/c.png", "x/y/b.jpg")
    (tmp_path / "labels.csv").write_text("file,label\nb.jpg,1\nc.png,2\nx/b.jpg.png,1\n")
    labels, said = found(tmp_path, files)
    assert labels == {"x/c.png": "2", "x/b.jpg.png": "1"}
    assert "such as 'b.jpg'" in said[0]


def test_a_list_that_says_something_twice_is_refused(tmp_path: Path) -> None:
    files = images(tmp_path, "a.png", "b.png")
    told = '"labels": [["a.png", {}], ["b.png", 1]]'
    (tmp_path / LIST).write_text(f"{{{told.format(0)}, {told.format(1)}}}")
    with pytest.raises(GanzooError, match="nothing twice"):
        found(tmp_path, files)


@pytest.mark.parametrize("table", ["labels.CSV", "Labels.Csv", "Dataset.JSON", "DATASET.json"])
def test_tables_count_in_any_case(tmp_path: Path, table: str) -> None:
    files = images(tmp_path, "x/a.png", "x/b.png")
    told = '{"labels": [["x/a.png", 0], ["x/b.png", 1]]}'
    text = "file,label\nx/a.png,0\nx/b.png,1\n"
    (tmp_path / table).write_text(told if table.lower().endswith("json") else text)
    labels, said = found(tmp_path, files)
    assert labels == {"x/a.png": "0", "x/b.png": "1"}
    assert table in said[-1]
