"""Tables: which columns are taken for what, splits, what is left out and what is refused."""

import json
from pathlib import Path

import pytest
import torch

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.kinds.table import decode
from ganzoo.data.sources.csv_table import load
from ganzoo.errors import GanzooError


def loaded(root: Path, split: str = "train") -> tuple[Dataset, list[str]]:
    said: list[str] = []
    return load(DataRequest(root=root, split=split, report=said.append)), said


def rows(dataset: Dataset) -> list[list[str]]:
    return decode(dataset.spec.sample, dataset.tensors["table"])


def problem(root: Path | None, split: str = "train") -> str:
    with pytest.raises(GanzooError) as error:
        load(DataRequest(root=root, split=split))
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def test_rows_are_held_out_class_by_class(file: Path) -> None:
    """By a column of words that is called so: the class of one row is learned."""
    cells = [("a", 0)] * 9 + [("b", 1)] + [("c", 2), ("c", 3)] * 10
    file.write_text("Class,x\n" + "".join(f"{name},{number}.5\n" for name, number in cells))
    (train, said), (test, _) = loaded(file), loaded(file, "test")
    assert [row[0] for row in rows(test)] == ["c", "c"]
    assert [row[0] for row in rows(train)] == ["a"] * 9 + ["b"] + ["c"] * 18
    assert "or none: 0 of 1 of 'b', 0 of 9 of 'a'" in said[1]


def test_numbers_and_words_are_encoded_and_come_back(file: Path) -> None:
    file.write_text('age,job,pay\n20,"cook, chief",1.50\n30,tailor,2.25\n40,tailor,3.5\n')
    train, said = loaded(file)
    (field,) = train.spec.groups[0]
    assert (train.name, field.name, field.kind, field.shape) == ("people", "table", "table", (6,))
    assert field.names == ("age", "job", "pay")
    words = ["20", "30", "40"]  # at most ten whole numbers are codes
    assert json.loads(field.codec) == [
        {"words": words},
        {"words": ["cook, chief", "tailor"]},
        {"low": 1.5, "high": 3.5, "digits": 2},
    ]
    assert train.tensors["table"].dtype == torch.float32
    assert train.tensors["table"].tolist() == [
        [1, 0, 0, 1, 0, -1],
        [0, 1, 0, 0, 1, -0.25],
        [0, 0, 1, 0, 1, 1],
    ]
    assert rows(train) == [
        ["20", "cook, chief", "1.50"],
        ["30", "tailor", "2.25"],
        ["40", "tailor", "3.50"],
    ]
    assert said == ["columns of 'people': numbers pay; words age, job"]


@pytest.mark.parametrize(
    "form",
    ["{}e-3", "{}.5e-9", "0.00000000{:02}", "{}.25E12", "7.000000{:02}", "{}e-320", "-{}e-15"],
)
def test_numbers_come_back_however_small_and_however_written(file: Path, form: str) -> None:
    cells = [form.format(number) for number in range(10, 40)]
    file.write_text("x,y\n" + "".join(f"{cell},{n}.5\n" for n, cell in enumerate(cells)))
    train, _ = loaded(file)
    given = [float(cell) for n, cell in enumerate(cells) if n % 10 != 9]
    made = [float(row[0]) for row in rows(train)]
    assert max(len(row[0]) for row in rows(train)) < 25
    span = max(given) - min(given)
    assert made == pytest.approx(given, rel=0, abs=span / 1e4)


@pytest.mark.parametrize("largest", ["1.5e308", "0.5e308"])
def test_numbers_further_apart_than_can_be_reckoned_are_left_out(file: Path, largest: str) -> None:
    cells = "".join(f"{n % 2 * '-'}{largest},{n}.5\n" for n in range(30))
    file.write_text("x,y\n" + cells)
    train, said = loaded(file)
    assert train.spec.sample.names == ("y",)
    assert bool(train.tensors["table"].isfinite().all())
    assert said[0].startswith(f"column 'x' of '{file}' is left out: it goes from -")


def test_many_whole_numbers_are_numbers(file: Path) -> None:
    file.write_text("age\n" + "".join(f"{k}\n" for k in range(22)))
    train, said = loaded(file)
    assert json.loads(train.spec.sample.codec) == [{"low": 0.0, "high": 21.0, "digits": 0}]
    assert rows(train) == [[str(k)] for k in range(22) if k % 10 != 9]
    test, _ = loaded(file, "test")
    assert rows(test) == [["9"], ["19"]]
    assert test.spec == train.spec
    assert said[0] == f"every tenth row of '{file}' is the test split: 20 to train on, 2 to test"


def test_two_files_are_the_splits_and_share_a_codec(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("x,y\n1.5,a\n2.5,b\n")
    (tmp_path / "test.csv").write_text("x,y\n3.5,c\n")
    train, _ = loaded(tmp_path)
    test, _ = loaded(tmp_path, "test")
    assert train.name == tmp_path.name
    assert train.spec == test.spec
    assert rows(train) == [["1.5", "a"], ["2.5", "b"]]
    assert rows(test) == [["3.5", "c"]]
    (tmp_path / "test.csv").write_text("y,x\nc,3.5\n")
    assert problem(tmp_path) == (
        f"'{tmp_path / 'train.csv'}' and '{tmp_path / 'test.csv'}' have other columns: the first "
        "lines of both must be one"
    )


def test_of_many_columns_that_are_left_out_some_are_said(file: Path) -> None:
    head = ",".join(["x", *(f"c{k}" for k in range(1000))])
    rows = [",".join([f"{k}.5", *["1"] * 1000]) for k in range(30)]
    file.write_text("\n".join([head, *rows]))
    train, said = loaded(file)
    assert train.spec.sample.names == ("x",)
    assert f"left out for such reasons: 980 more columns of '{file}'" in said
    assert len(said) < 30


def test_what_is_left_out_is_said(file: Path) -> None:
    lines = [f"{k}.5,person {k},x,{'ab'[k % 2]}" for k in range(30)]
    lines[3] = ",person 3,x,a"
    lines[4] = "?,person 4,x,b"
    lines[5] = "5.5,person 5,x,"
    file.write_text("\n".join(["pay,name,unit,sex", *lines]))
    train, said = loaded(file)
    assert said[:3] == [
        f"column 'name' of '{file}' is left out: it has 30 different words",
        f"column 'unit' of '{file}' is left out: it has 'x' in each row",
        f"left out: 2 of 30 rows of '{file}' in which a number is missing",
    ]
    assert train.spec.sample.names == ("pay", "sex")
    assert json.loads(train.spec.sample.codec)[1] == {"words": ["", "a", "b"]}
    assert len(train) == 26
    assert rows(train)[3] == ["5.5", ""]


def test_a_word_among_numbers_makes_words_of_them(file: Path) -> None:
    file.write_text("x\n1.5\nmany\n1.5\n2.5\n")
    assert json.loads(loaded(file)[0].spec.sample.codec) == [{"words": ["1.5", "2.5", "many"]}]


def test_what_is_refused(file: Path) -> None:
    assert problem(None) == "--dataset csv needs --data-root, a .csv file with names above"
    folder = file.parent
    assert (
        problem(folder)
        == f"the folder '{folder}' holds no .csv file: it must hold a .csv file with names above"
    )
    file.write_text("a,b\n")
    assert problem(folder) == (
        f"'{file}' holds no rows: the first line names the columns, and each other is a row"
    )
    file.write_text("a,b\n1,2\n1,2,3\n")
    assert problem(file) == (
        f"line 3 of '{file}' has 3 cells, and the first line has 2: each row needs a cell for each "
        "column"
    )
    file.write_text("a,a\n1,2\n")
    assert problem(file) == (
        f"the first line of '{file}' must name each column, and no name twice: it has a, a"
    )
    file.write_text("1,2\n3,4\n")
    assert problem(file) == (
        f"the first line of '{file}' has numbers only: write the columns' names above it"
    )
    file.write_text("a\nx\nx\n")
    assert problem(file) == (f"'{file}' has no column that can be learned: see what was left out")
    file.write_text("a,b\n1.5,x\n2.5,y\n")
    assert problem(file, "test") == (
        f"'{file}' has no row for the test split: give it ten rows, of which one is held out, or "
        "give two files, train.csv and test.csv"
    )
    with pytest.raises(GanzooError, match="'csv' holds rows of a table: leave out --image-size"):
        load(DataRequest(root=file, image_size=(8, 8)))


def test_codes_with_underscores_are_words(file: Path) -> None:
    """Python takes 3_17 for 317, and so 1_23 and 12_3 would be one."""
    file.write_text(
        "place,x\n" + "".join(f"{'1_23' if n % 2 else '12_3'},{n}.5\n" for n in range(12))
    )
    train, _ = loaded(file)
    assert {row[0] for row in rows(train)} == {"1_23", "12_3"}
