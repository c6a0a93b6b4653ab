"""What run.json says of the data: written as groups of fields, and read as older ones had it."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from ganzoo.data.dataset import Dataset
from ganzoo.errors import GanzooError
from ganzoo.runs.record import check_unchanged, data_spec, describe_data, read_record, samples
from ganzoo.spec import DataSpec

OLD = {"name": "digits", "shape": [1, 8, 9], "classes": 2, "samples": 6, "class_names": ["a", "b"]}
TWO = OLD | {"domains": 2, "other_samples": 4}
VARIANT = {"name": "toy", "plugin": "ganzoo-toy", "version": "1"}


def record(folder: Path, data: dict[str, Any]) -> dict[str, Any]:
    """What is read of a run whose data were noted like that."""
    content = {"variant": VARIANT, "config": {}, "training": {"steps": 1}, "data": data}
    (folder / "run.json").write_text(json.dumps(content))
    return read_record(folder)


def digits(n: int = 6, classes: tuple[str, ...] = ("a", "b"), width: int = 9) -> Dataset:
    image = torch.zeros(n, 1, 8, width, dtype=torch.uint8)
    return Dataset.images("digits", image, torch.arange(n) % 2, classes)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    for dataset in (
        digits(),
        Dataset.unpaired("x+y", digits(), Dataset.of("y", torch.zeros(4, 2))),
    ):
        read = record(tmp_path, json.loads(json.dumps(describe_data(dataset, ["1"]))))
        assert data_spec(read) == dataset.spec
        check_unchanged(tmp_path, read, dataset, ["1"])
    assert samples(read) == (6, 4)


def test_a_record_of_api_1_is_upgraded(tmp_path: Path) -> None:
    assert data_spec(record(tmp_path, OLD)) == DataSpec.images((1, 8, 9), ("a", "b"), "digits")
    points = {"name": "p", "shape": [2], "classes": 0, "samples": 3, "domains": 1}
    assert data_spec(record(tmp_path, points)) == DataSpec.points(2, 0, "p")
    two = record(tmp_path, TWO)
    assert (data_spec(two).domains, samples(two)) == (2, (6, 4))
    assert [*data_spec(two).fields] == ["a", "a_label", "b"]
    nameless = {key: value for key, value in OLD.items() if key != "class_names"}
    assert data_spec(record(tmp_path, nameless)).class_names == ("0", "1")


def test_a_run_of_api_1_goes_on_with_the_same_data_alone(tmp_path: Path) -> None:
    check_unchanged(tmp_path, record(tmp_path, OLD), digits(), [])
    pair = Dataset.unpaired("digits", digits(), digits(4))  # the labels of b were not noted
    check_unchanged(tmp_path, record(tmp_path, TWO), pair, [])
    for changed, said in (
        (digits(7), "its number of samples was 6 and is 7"),
        (digits(width=5), "its shape of 'image' was 1, 8, 9 and is 1, 8, 5"),
        (digits(classes=("a", "c")), "its names of 'label' was a, b and is a, c"),
        (Dataset.images("digits", digits().tensors["image"]), "its kind of 'label' was label and"),
    ):
        with pytest.raises(GanzooError) as caught:
            check_unchanged(tmp_path, record(tmp_path, OLD), changed, [])
        assert said in str(caught.value)


def test_a_damaged_record_is_one_sentence(tmp_path: Path) -> None:
    for data in ({}, {"groups": [[{"name": "x"}]], "name": "y"}, {**OLD, "shape": 3}, []):
        with pytest.raises(GanzooError, match="is damaged: it is not what was written"):
            record(tmp_path, data)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"training": {"steps": 1, "data_root": "\ud800"}},
        {"training": {"steps": 1, "data_root": 3}},
        {"training": {"steps": None}},
        {"training": {"steps": 1, "seed": [1]}},
        {"training": {"steps": 1, "seed": "one"}},
        {"training": {"steps": 1, "init": {"a": 1}}},
        {"training": {"steps": 1, "freeze": ["a"]}},
        {"processes": "two"},
        {"outcome": ["finished"]},
        {"device": None},
    ],
)
def test_a_forged_value_is_one_sentence(tmp_path: Path, change: dict[str, Any]) -> None:
    content = {"variant": VARIANT, "config": {}, "training": {"steps": 1}, "data": OLD} | change
    (tmp_path / "run.json").write_text(json.dumps(content))
    with pytest.raises(GanzooError, match="is damaged: it is not what was written"):
        read_record(tmp_path)


@pytest.mark.parametrize("forged", [{"content": None}, {"content": "x"}, {"rules": "2"}])
def test_what_data_hold_is_said_or_not_said(tmp_path: Path, forged: dict[str, Any]) -> None:
    """Of nothing that was said, and yet was there, a private folder had been trained on."""
    told = json.loads(json.dumps(describe_data(digits(), ["1"]))) | forged
    with pytest.raises(GanzooError, match="is damaged: it is not what was written"):
        record(tmp_path, told)


def test_a_forged_field_is_one_sentence(tmp_path: Path) -> None:
    """As the campaign of faults made them."""
    for key, forged in (
        *(("shape", sides) for sides in ([1, 8, "\x00"], [1, 8, 9.5], [1, True, 9], [1, 8, -9])),
        *((key, []) for key in ("name", "kind", "codec")),
        ("names", [["a"], "b"]),
    ):
        told = DataSpec.images((1, 8, 9), ("a", "b"), "digits").to_dict() | {"samples": [6]}
        told["groups"][0][key == "names"][key] = forged
        with pytest.raises(GanzooError, match="is damaged: it is not what was written"):
            record(tmp_path, told)
    with pytest.raises(GanzooError, match="is damaged: it is not what was written"):
        record(tmp_path, {**OLD, "name": ["digits"]})


def test_nesting_without_end_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("[" * 200_000)
    with pytest.raises(GanzooError, match="is damaged: it is not JSON"):
        read_record(tmp_path)
