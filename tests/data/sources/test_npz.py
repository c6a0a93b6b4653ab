"""Named arrays: of what kind each is taken, what it is called, splits and refusals."""

import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.kinds import kind_of
from ganzoo.data.kinds.series import unscaled
from ganzoo.data.sources import guessed
from ganzoo.data.sources.npz import load
from ganzoo.errors import GanzooError

Array = np.ndarray[Any, Any]
RANDOM = np.random.default_rng(0)

FAR = (
    "which numbers of 32 bits cannot reckon with: divide it by a number that brings it to within "
    "[-1, 1]"
)


def save(path: Path, **arrays: Array) -> Path:
    np.savez(path, **arrays)
    return path


def loaded(root: Path, split: str = "train") -> tuple[Dataset, list[str]]:
    said: list[str] = []
    return load(DataRequest(root=root, split=split, report=said.append)), said


def problem(root: Path | None, split: str = "train") -> str:
    with pytest.raises(GanzooError) as error:
        load(DataRequest(root=root, split=split))
    assert "\n" not in str(error.value)
    return str(error.value)


def bytes_of(*shape: int) -> Array:
    return RANDOM.integers(0, 256, shape).astype(np.uint8)


def first_last(array: Array) -> Array:
    return np.moveaxis(array, -1, 1)


PIXELS = bytes_of(4, 6, 5)
COLOUR = bytes_of(4, 6, 5, 3)
SOLID = bytes_of(4, 6, 6, 6)
NUMBERS = np.array([[0, 1], [5, 2], [1, 1], [0, 0]])
CLIP = bytes_of(4, 7, 6, 5, 3)

KINDS: dict[str, tuple[Array, str, Array]] = {
    "gray": (PIXELS, "image", PIXELS[:, None]),
    "colour last": (COLOUR, "image", first_last(COLOUR)),
    "colour first": (first_last(COLOUR), "image", first_last(COLOUR)),
    "int64 pixels": (COLOUR.astype(np.int64), "image", first_last(COLOUR)),
    "pixels of 0 and 1": (COLOUR % 2, "image", first_last(COLOUR % 2 * 255)),
    "float pixels to 255": (COLOUR.astype(np.float32), "image", first_last(COLOUR)),
    "16 bits": (
        COLOUR.astype(np.uint16) * 257,
        "image",
        (first_last(COLOUR).astype(np.int32) * 257 - 32768).astype(np.int16),
    ),
    "from 0 to 1": (
        COLOUR / 255,
        "image",
        (first_last(COLOUR).astype(np.int32) * 257 - 32768).astype(np.int16),
    ),
    "from -1 to 1": (
        COLOUR / 127.5 - 1,
        "image",
        (first_last(COLOUR).astype(np.int32) * 257 - 32768).astype(np.int16),
    ),
    "solid": (SOLID, "volume", SOLID[:, None]),
    "solid of bool": (SOLID > 99, "volume", (SOLID > 99)[:, None] * np.uint8(255)),
    "solid with a channel": (SOLID[..., None], "volume", SOLID[:, None]),
    "solid from 0 to 1": (SOLID[:, None] / 255, "volume", SOLID[:, None]),
    "clip last": (CLIP, "video", first_last(CLIP)),
    "clip first": (first_last(CLIP), "video", first_last(CLIP)),
    "bool mask": (PIXELS > 99, "mask", (PIXELS > 99).astype(np.uint8)),
    "named mask": (PIXELS % 3, "mask", PIXELS % 3),
    "points": (np.ones((4, 2)) / 2, "point", np.full((4, 2), 0.5, np.float32)),
    "numbers": (np.ones(4, np.float32), "point", np.ones((4, 1), np.float32)),
    "numbers of labels": (np.array([7, -1, 7, 3]), "label", np.array([2, 0, 2, 1])),
    "words": (np.array(["b", "a", "b", "c"]), "label", np.array([1, 0, 1, 2])),
    "attributes": (PIXELS[:, 0] > 99, "attributes", (PIXELS[:, 0] > 99).astype(np.uint8)),
    "tokens": (NUMBERS, "tokens", NUMBERS),
    "series": (np.full((4, 8, 2), 0.25), "series", np.full((4, 8, 2), 0.25, np.float32)),
}  # fmt: skip


@pytest.mark.parametrize("case", KINDS)
def test_type_and_dimensions_say_the_kind(case: str, tmp_path: Path) -> None:
    array, kind, expected = KINDS[case]
    name = "my_mask" if case == "named mask" else "mine"
    train, said = loaded(save(tmp_path / "x.npz", **{name: array}))
    (field,) = train.spec.groups[0]
    stored = train.tensors[name]
    assert (field.name, field.kind, field.shape) == (name, kind, tuple(stored.shape[1:]))
    assert torch.equal(stored, torch.from_numpy(np.ascontiguousarray(expected)))
    assert stored.dtype == torch.from_numpy(expected.copy()).dtype
    assert kind_of(kind).flaw(field, stored) == ""
    shape = f" of {field}" if field.shape else ""
    assert said == [f"arrays of 'x': '{name}' as {kind_of(kind).words}{shape}"]


def test_names_of_labels_and_tokens_are_kept(tmp_path: Path) -> None:
    numbers = np.array([[1, 3], [0, 0]])
    train, _ = loaded(
        save(tmp_path / "x.npz", a=np.array([7, -1]), b=np.array(["u", "v"]), c=numbers)
    )
    fields = train.spec.fields
    assert fields["a"].names == ("-1", "7")
    assert fields["b"].names == ("u", "v")
    assert (fields["c"].names, fields["c"].codec) == (("0", "1", "2", "3"), " ")


def test_a_series_is_scaled_and_can_be_unscaled(tmp_path: Path) -> None:
    values = np.stack([np.arange(12.0).reshape(2, 6), np.full((2, 6), 4.0)], 2).astype(np.float32)
    file = save(tmp_path / "x.npz", a=values)
    train, said = loaded(file)
    stored = train.tensors["a"]
    assert stored.min() == -1
    assert stored[..., 0].max() == 1
    back = unscaled(train.spec.sample, stored)
    assert torch.allclose(back, torch.from_numpy(values), atol=1e-5)
    assert said[0] == (
        f"array 'a' of '{file}' is scaled to [-1, 1], each channel by its least and its greatest "
        "value"
    )


def test_points_beyond_the_picture_are_told(tmp_path: Path) -> None:
    file = save(tmp_path / "x.npz", a=np.array([[0.0, -30.0], [2.0, 4.0]]))
    train, said = loaded(file)
    assert train.tensors["a"].tolist() == [[0, -30], [2, 4]]
    assert said[0] == (
        f"array 'a' of '{file}' goes from -30 to 4 and is not scaled: networks learn best within "
        "[-1, 1]"
    )


def test_a_file_as_keras_has_it(tmp_path: Path) -> None:
    file = save(
        tmp_path / "mnist.npz",
        y_train=np.array([0, 1, 2], np.uint8),
        x_train=PIXELS[:3],
        x_test=PIXELS[3:],
        y_test=np.array([1], np.uint8),
    )
    train, said = loaded(file)
    test, _ = loaded(file, "test")
    assert [field.name for field in train.spec.groups[0]] == ["image", "label"]
    assert train.spec == test.spec
    assert train.classes == ("0", "1", "2")
    assert train.tensors["label"].tolist() == [0, 1, 2]
    assert test.tensors["label"].tolist() == [1]
    assert torch.equal(test.tensors["image"][:, 0], torch.from_numpy(PIXELS[3:]))
    assert said == [
        "arrays of 'mnist': 'x' as images of 1x6x5, called 'image', 'y' as labels, called 'label'"
    ]


def test_names_are_what_a_variant_reads(tmp_path: Path) -> None:
    file = save(tmp_path / "x.npz", source=PIXELS, target=COLOUR, labels=np.arange(4))
    train, _ = loaded(file)
    assert [field.name for field in train.spec.groups[0]] == ["source", "target", "label"]
    file = save(tmp_path / "x.npz", arr_0=PIXELS, arr_1=COLOUR)
    assert [field.name for field in loaded(file)[0].spec.groups[0]] == ["arr_0", "arr_1"]


def test_every_tenth_row_is_held_out_of_all_arrays(tmp_path: Path) -> None:
    rows = np.arange(20)
    file = save(tmp_path / "x.npz", x=rows[:, None] / 20, y=rows)
    train, said = loaded(file)
    test, _ = loaded(file, "test")
    assert test.tensors["label"].tolist() == [9, 19]
    assert train.tensors["label"].tolist() == [k for k in range(20) if k % 10 != 9]
    for part in (train, test):
        assert part.tensors["image"][:, 0].mul(20).round().long().tolist() == (
            part.tensors["label"].tolist()
        )
    assert said[0] == f"every tenth row of '{file}' is the test split: 18 to train on, 2 to test"


@pytest.mark.parametrize("twice", ["train_x", "test_x"])
def test_an_array_of_one_split_twice_is_asked_about(tmp_path: Path, twice: str) -> None:
    arrays = {"x_train": COLOUR, "x_test": COLOUR, twice: COLOUR}
    file = save(tmp_path / "x.npz", **arrays)
    last = twice.removesuffix("_x")
    both = f"'x_{last}' and '{twice}', which both are 'x' of the {last} split"
    assert problem(file) == f"'{file}' holds {both}: leave one"


def test_two_files_are_the_splits(tmp_path: Path) -> None:
    save(tmp_path / "train.npz", x=PIXELS, y=np.array([0, 1, 1, 0]))
    save(tmp_path / "test.npz", x=PIXELS[:1], y=np.array([2]))
    train, _ = loaded(tmp_path)
    test, _ = loaded(tmp_path, "test")
    assert train.spec == test.spec
    assert test.tensors["label"].tolist() == [2]
    assert (len(train), len(test)) == (4, 1)
    save(tmp_path / "test.npz", x=PIXELS[:1, :3], y=np.array([2]))
    assert problem(tmp_path) == (
        f"the arrays of the two splits in '{tmp_path / 'train.npz'}' must have the same names and "
        "shapes"
    )


@pytest.mark.parametrize(
    ("array", "saying"),
    [
        (np.ones(2, np.complex64), "is complex64 (2,), of which no kind of data is"),
        (np.ones((2, 0)), "is float64 (2, 0): it is empty"),
        (np.array([1.0, np.nan]), "has values that are infinite or not a number: leave them out"),
        (
            np.ones((2,) * 6, np.uint8),
            "is uint8 (2, 2, 2, 2, 2, 2): no kind of data has so many dimensions",
        ),
        (
            np.array([[-1, 2]] * 2),
            "has whole numbers from -1 to 2: tokens go from 0 to less than 20000, and points are "
            "floating-point numbers",
        ),
        (
            np.full((2, 6, 6, 6), 300),
            "goes from 300 to 300: volumes have values from 0 to 255, or from 0 or -1 to 1",
        ),
        (
            np.full((2, 6, 6, 3), -5.0),
            "goes from -5 to -5: images have values from 0 to 65535, or from 0 or -1 to 1",
        ),
        (np.array([[-1e300], [1e300]]), f"goes from -1e+300 to 1e+300, {FAR}"),
        (np.array([[[-3e38]], [[3e38]]]), f"goes from -3e+38 to 3e+38, {FAR}"),
    ],
)
def test_arrays_of_no_kind_are_refused(array: Array, saying: str, tmp_path: Path) -> None:
    file = save(tmp_path / "x.npz", a=array)
    assert problem(file) == f"array 'a' of '{file}' {saying}"


@pytest.mark.parametrize("header", ["{'descr':" + 3000 * "[", "{'descr': (", "", "\x00"])
def test_headers_that_nobody_wrote(tmp_path: Path, header: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        length = len(header).to_bytes(2, "little")
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00" + length + header.encode())
    assert "a.npz" in problem(tmp_path / "a.npz")


def test_more_than_the_machine_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a small file says that is meant to fill memory."""
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=np.zeros((3000, 28, 28), np.uint8))
    assert len(loaded(path)[0]) == 2700
    monkeypatch.setattr("os.sysconf", lambda name: 1000)
    assert "holds 0 GB of arrays, and this machine has 0 GB of memory" in problem(path)


def test_what_is_refused(tmp_path: Path) -> None:
    needed = "an .npz with arrays of samples"
    assert problem(None) == f"--dataset npz needs --data-root, {needed}"
    assert problem(tmp_path) == f"the folder '{tmp_path}' holds no .npz file: it must hold {needed}"
    file = tmp_path / "x.npz"
    file.write_text("no arrays")
    told = f"'{file}' is no .npz of plain arrays: write it by numpy.savez(path, x=..., y=...)"
    assert problem(file) == told
    save(file, x=np.array([{}], dtype=object))
    assert problem(file) == told
    np.savez_compressed(file, x=np.arange(999))
    whole = bytearray(file.read_bytes())
    whole[90:95] = b"wrong"  # within what is compressed
    file.write_bytes(whole)
    assert problem(file) == told
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x", "no array")
    assert problem(file) == told
    save(file)
    assert problem(file) == f"'{file}' holds no arrays: it must hold one for each field"
    save(file, x=PIXELS, y=np.arange(3), z=np.array(1))
    assert problem(file) == (
        f"the arrays in '{file}' must have a row for each sample, and they have x 4, y 3, z 0"
    )
    save(file, x=PIXELS)
    assert problem(file, "test") == (
        f"'{file}' has no row for the test split: give it ten rows, of which one is held out, or "
        "give two files, train.npz and test.npz"
    )
    with pytest.raises(GanzooError, match=r"'npz' holds arrays .*: leave out --image-size"):
        load(DataRequest(root=file, image_size=(8, 8)))


def test_the_only_row_of_a_class_is_trained_on(tmp_path: Path) -> None:
    """By the rules of runs from before it is not, and theirs stay."""
    labels = np.int64([0] * 9 + [1] + [2] * 10)
    np.savez(tmp_path / "a.npz", x=np.float32([[i] for i in range(20)]), y=labels)

    def held(rules: int) -> list[float]:
        request = DataRequest(tmp_path / "a.npz", "test", rules=rules)
        dataset = load(request)
        return dataset.tensors[dataset.spec.sample.name].flatten().tolist()

    assert held(1) == [9, 19]
    assert held(2) == [10]


def test_classes_of_bytes_are_called_as_they_read(tmp_path: Path) -> None:
    """As h5py gives them."""
    names = np.array(["cat", "größe"] * 10).astype(object)
    told = np.array([name.encode() for name in names])
    dataset, _ = loaded(save(tmp_path / "x.npz", x=bytes_of(20, 6, 5), y=told))
    assert dataset.classes == ("cat", "größe")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_what_is_scaled_takes_little_more_memory_than_it_has(
    monkeypatch: pytest.MonkeyPatch, dtype: type
) -> None:
    """A file of 700 kB that held zeros took 13 GB, as all were scaled at once in 64 bits."""
    monkeypatch.setattr(guessed, "_AT_ONCE", 2**16)
    array = np.zeros((64, 3, 128, 128), dtype)
    tracemalloc.start()
    try:
        _, stored = guessed.guess("image", array, Path("x.npz"), print)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert stored.shape == array.shape
    assert peak < 4 * array.size + 2**23
