"""Images with attributes: CelebA's list, a CSV with a file column, splits and refusals."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.sources.attributes import load
from ganzoo.errors import GanzooError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "faces").mkdir()
    return tmp_path / "faces"


def shade(folder: Path, *values: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for value in values:
        Image.new("L", (16, 16), value).save(folder / f"{value:03}.png")


def loaded(root: Path, split: str = "train") -> tuple[Dataset, list[str]]:
    said: list[str] = []
    request = DataRequest(root=root, split=split, image_size=(8, 8), report=said.append)
    return load(request), said


def found(dataset: Dataset) -> dict[int, list[int]]:
    """The attributes of the image of each shade."""
    shades = dataset.tensors["image"][:, 0, 0, 0].tolist()
    return dict(zip(shades, dataset.tensors["attributes"].tolist(), strict=True))


def problem(root: Path | None, split: str = "train") -> str:
    with pytest.raises(GanzooError) as error:
        load(DataRequest(root=root, split=split, image_size=(8, 8)))
    assert "\n" not in str(error.value)
    return str(error.value)


def celeba(root: Path, *rows: str) -> Path:
    file = root / "list_attr_celeba.txt"
    file.write_text("\n".join([str(len(rows)), "Bald Smiling Young ", *rows, ""]))
    return file


def test_celeba_is_read_as_it_lies(root: Path) -> None:
    shade(root / "img_align_celeba", 1, 2, 3)
    celeba(root, "001.png -1  1  1", "002.png  1 -1 -1", "003.png -1 -1 1")
    (root / "list_eval_partition.txt").write_text("001.png 0\n002.png 2\n003.png 1\n")
    train, said = loaded(root)
    assert train.name == "faces"
    image, attributes = train.spec.groups[0]
    assert (image.name, image.kind, image.shape) == ("image", "image", (1, 8, 8))
    assert (attributes.name, attributes.kind, attributes.shape) == (
        "attributes",
        "attributes",
        (3,),
    )
    assert attributes.names == ("Bald", "Smiling", "Young")
    assert train.tensors["attributes"].dtype == torch.uint8
    assert found(train) == {1: [0, 1, 1]}
    assert found(loaded(root, "test")[0]) == {2: [1, 0, 0]}
    assert said == ["left out: 1 image, by 'list_eval_partition.txt' of neither split"]


def test_celeba_as_csv_is_read_beside_its_other_tables(root: Path) -> None:
    shade(root / "img" / "img", 1, 2)
    (root / "list_attr_celeba.csv").write_text("image_id,Bald\n001.png,-1\n002.png,1\n")
    (root / "list_bbox_celeba.csv").write_text("image_id,x_1\n001.png,95\n")
    (root / "list_eval_partition.csv").write_text("image_id,partition\n001.png,0\n002.png,2\n")
    assert found(loaded(root)[0]) == {1: [0]}
    assert found(loaded(root, "test")[0]) == {2: [1]}


def test_a_csv_says_yes_and_no_in_several_ways(root: Path) -> None:
    shade(root, 1, 2)
    file = root / "any.csv"
    file.write_text("file,hat,glasses,age,old\n001.png,yes,True,30,0\n002.png,No,false,41,1\n")
    train, said = loaded(root)
    assert train.spec.groups[0][1].names == ("hat", "glasses", "old")
    assert found(train) == {1: [1, 1, 0], 2: [0, 0, 1]}
    assert said == [
        f"column 'age' of '{file}' is left out: '30' is neither 1 nor 0, -1, yes, no, true or false"
    ]


def test_what_a_table_says_twice_is_said(root: Path) -> None:
    shade(root, 1, 2, 3)
    table, partition = root / "a.csv", root / "list_eval_partition.csv"
    table.write_text("file,x,x\n001.png,1,0\n002.png,0,0\n003.png,1,1\n001.png,0,0\n003.png,1,1\n")
    partition.write_text("image_id,partition\n001.png,0\n002.png,0\n003.png,2\n002.png,2\n")
    train, said = loaded(root)
    assert found(train) == {1: [0, 0]}
    again = "lists 1 image several times, and not alike, such as"
    for told in (
        f"'{table}' has several columns called 'x', each of which is an attribute",
        f"'{table}' {again} '001.png': the last time counts",
        f"'{partition}' {again} '002.png': the last time counts",
    ):
        assert said.count(told) == 1


def test_folders_are_the_splits(root: Path) -> None:
    shade(root / "train", 1)
    shade(root / "test", 2)
    shade(root / "more", 3)
    (root / "a.csv").write_text("file,x\ntrain/001.png,1\ntest/002.png,0\nmore/003.png,1\n")
    train, said = loaded(root)
    assert found(train) == {1: [1]}
    assert found(loaded(root, "test")[0]) == {2: [0]}
    assert said == [
        f"'train' and 'test' of '{root}' are the splits: 1 image to train on, 1 to test",
        f"left out: 1 image of '{root}' beside its folders 'train' and 'test', "
        "such as 'more/003.png'",
    ]


def test_without_folders_every_tenth_is_held_out(root: Path) -> None:
    shade(root, *range(20))
    (root / "a.csv").write_text("file,x\n" + "".join(f"{k:03}.png,{k % 2}\n" for k in range(20)))
    train, said = loaded(root)
    assert found(loaded(root, "test")[0]) == {18: [0], 19: [1]}  # one with x and one without
    assert found(train) == {k: [k % 2] for k in range(18)}
    assert said == [
        f"every tenth image of '{root / 'a.csv'}' is the test split: 18 to train on, 2 to test"
    ]


def test_many_combinations_of_attributes_are_no_classes(root: Path) -> None:
    shade(root, *range(20))
    rows = "".join(f"{k:03}.png,{k % 2},{k // 2 % 2},{k // 4 % 2}\n" for k in range(20))
    (root / "a.csv").write_text("file,x,y,z\n" + rows)
    assert [*found(loaded(root, "test")[0])] == [9, 19]


def test_what_is_left_out_is_said_and_rows_stay_with_their_images(root: Path) -> None:
    shade(root, 1, 2, 3, 4)
    (root / "002.png").write_text("no image")
    file = root / "a.csv"
    file.write_text("file,x,y\n009.png,0,0\n001.png,1,0\n002.png,1,1\n003.png,0,1\n")
    train, said = loaded(root)
    assert found(train) == {1: [1, 0], 3: [0, 1]}
    assert said == [
        f"'{file}' lists 1 image not among those that are there, such as '009.png'",
        f"left out: 1 image in '{root}' and not in '{file}', such as '004.png'",
        f"skipped 1 of 3 files in '{root}': it is not an image ('002.png')",
    ]


def test_what_is_refused(root: Path) -> None:
    assert problem(None) == (
        "--dataset attributes needs --data-root DIR, a folder of images with a list_attr_*.txt or "
        "a .csv of their attributes"
    )
    assert problem(root) == (
        f"the folder '{root}' holds no attributes: put a list_attr_celeba.txt or a .csv into it, "
        "whose first column holds the images' files"
    )
    file = root / "a.csv"
    file.write_text("file,x\n")
    assert problem(root) == f"'{file}' lists no images: it must have a line for each"
    file.write_text("file,x\n001.png,1\n")
    assert problem(root).startswith(f"the folder '{root}' holds no images")
    shade(root, 2)
    assert problem(root) == (
        f"none of the images that '{file}' lists is in '{root}', such as '001.png': its first "
        "column must hold their files"
    )
    file.write_text("file,x\n002.png,1,1\n")
    assert problem(root) == (
        f"line 2 of '{file}' has 2 values, and there are 1 attributes: each line needs a file and "
        "a value for each of them"
    )
    file.write_text("file,x\n002.png,tall\n")
    assert problem(root) == (
        f"'{file}' has no column of attributes: they are 1 or 0, 1 or -1, yes or no"
    )
    file.write_text("file,x\n002.png,1\n")
    assert problem(root, "test") == (
        f"'{file}' has no image for the test split: give it one, or ten images of which one is "
        "held out"
    )
    shade(root / "a", 7)
    shade(root / "b", 7)
    file.write_text("file,x\n007.png,1\n")
    assert problem(root) == (
        f"'{file}' lists '007.png', and '{root}' has a/007.png and b/007.png: write the path into "
        "the table"
    )
    (root / "b.csv").write_text("x")
    assert problem(root) == (
        f"the folder '{root}' holds several tables, a.csv, b.csv: leave one, with the attributes"
    )
    (root / "b.csv").unlink()
    file.unlink()
    listed = celeba(root, "007.png 1 -1")
    assert problem(root) == (
        f"line 3 of '{listed}' has 2 values, and there are 3 attributes: each line needs a file "
        "and a value for each of them"
    )


def test_a_name_may_be_spelled_in_another_form(root: Path) -> None:
    for value in range(6):
        shade(root / "a", value)
        (root / "a" / f"{value:03}.png").rename(root / "a" / f"cafe\u0301{value}.png")
    place = {value: "a/" * (value % 2) for value in range(6)}
    celeba(root, *(f"{place[value]}caf\u00e9{value}.png 1 -1 {value % 2}" for value in range(6)))
    splits = "".join(f"caf\u00e9{value}.png {value // 4 * 2}\n" for value in range(6))
    (root / "list_eval_partition.txt").write_text(splits)
    for split, values in (("train", range(4)), ("test", range(4, 6))):
        dataset, _ = loaded(root, split)
        assert found(dataset) == {value: [1, 0, value % 2] for value in values}


def test_which_file_says_the_splits_is_clear(root: Path) -> None:
    """A copy beside it decided, where its name came first."""
    shade(root, *range(10, 20))
    celeba(root, *(f"{value:03}.png {(-1) ** value} 1 -1" for value in range(10, 20)))
    lines = [f"{value:03}.png {2 if value > 17 else 0}" for value in range(10, 20)]
    (root / "list_eval_partition.txt").write_text("\n".join(lines))
    (root / "list_eval_partition.bak").write_text("\n".join(line[:-1] + "0" for line in lines))
    assert found(loaded(root, "test")[0]).keys() == {18, 19}
    (root / "list_eval_partition.csv").write_text(
        "\n".join(line.replace(" ", ",") for line in lines)
    )
    assert "list_eval_partition.txt and list_eval_partition.csv: leave one" in problem(root)


def test_a_column_with_0_beside_minus_1_is_left_out(root: Path) -> None:
    """As of findings that are there, not there, or not certain."""
    shade(root, *range(10, 22))
    rows = [f"{value:03}.png,{(1, 0, -1)[value % 3]},{value % 2}" for value in range(10, 22)]
    (root / "chest.csv").write_text("\n".join(["file,Edema,Fracture", *rows]))
    dataset, said = loaded(root)
    assert dataset.spec.fields["attributes"].names == ("Fracture",)
    assert "column 'Edema'" in said[0]
    assert "it has 0 beside -1" in said[0]
