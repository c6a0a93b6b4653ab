"""Pairs of images: every layout, what is left out, what is refused, and that no pair is torn."""

from collections.abc import Callable
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pytest
import torch
from PIL import Image

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.sources.pairs import load
from ganzoo.errors import GanzooError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "facades").mkdir()
    return tmp_path / "facades"


def shade(folder: Path, value: int, name: str = "", size: tuple[int, int] = (16, 16)) -> None:
    """A gray image, named by its shade."""
    folder.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, value).save(folder / (name or f"{value:03}.png"))


def beside(folder: Path, left: int, right: int, name: str = "") -> None:
    """A gray image whose halves have a shade each, 20x16 pixels."""
    folder.mkdir(parents=True, exist_ok=True)
    image = Image.new("L", (40, 16), left)
    image.paste(right, (20, 0, 40, 16))
    image.save(folder / (name or f"{left:03}.png"))


def loaded(root: Path, split: str = "train") -> tuple[Dataset, list[str]]:
    said: list[str] = []
    request = DataRequest(root=root, split=split, image_size=(8, 10), report=said.append)
    return load(request), said


def shades(dataset: Dataset) -> list[tuple[int, int]]:
    """The one shade of each source and of its target."""
    found = []
    for name in ("source", "target"):
        flat = dataset.tensors[name].flatten(1)
        assert torch.equal(flat, flat[:, :1].expand_as(flat)), f"a {name} has several shades"
        found.append(flat[:, 0].tolist())
    return list(zip(*found, strict=True))


def problem(root: Path | None, split: str = "train") -> str:
    with pytest.raises(GanzooError) as error:
        load(DataRequest(root=root, split=split, image_size=(8, 10)))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_the_halves_of_a_file_are_source_and_target(root: Path) -> None:
    for k in range(20):
        beside(root, k, 100 + k)
    train, said = loaded(root)
    assert train.name == "facades"
    assert [(f.name, f.kind, f.shape) for f in train.spec.groups[0]] == [
        ("source", "image", (1, 8, 10)),
        ("target", "image", (1, 8, 10)),
    ]
    assert train.tensors["source"].dtype == train.tensors["target"].dtype == torch.uint8
    assert said == [f"every tenth pair of '{root}' is the test split: 18 to train on, 2 to test"]
    test, _ = loaded(root, "test")
    assert shades(test) == [(9, 109), (19, 119)]
    assert shades(train) == [(k, 100 + k) for k in range(20) if k % 10 != 9]


def test_folders_of_files_with_halves_are_the_splits(root: Path) -> None:
    beside(root / "train", 1, 2)
    beside(root / "test", 3, 4)
    beside(root / "val", 5, 6)
    train, said = loaded(root)
    assert shades(train) == [(1, 2)]
    assert shades(loaded(root, "test")[0]) == [(3, 4)]
    assert said == [f"'val' of '{root}' is left out: train and test are the splits"]


def test_val_is_the_test_split_where_there_is_no_other(root: Path) -> None:
    beside(root / "train", 1, 2)
    beside(root / "val", 5, 6)
    test, said = loaded(root, "test")
    assert shades(test) == [(5, 6)]
    assert said == [f"'val' of '{root}' is the test split, as there is no test"]


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (("A/train", "B/train"), ("A/test", "B/test")),
        (("trainA", "trainB"), ("testA", "testB")),
        (("train/A", "train/B"), ("test/A", "test/B")),
    ],
)
def test_the_same_names_in_two_folders_are_pairs(
    root: Path, train: tuple[str, str], test: tuple[str, str]
) -> None:
    for folder, k in ((train, 10), (test, 50)):
        for name in ("x.png", "sub/y.png"):
            k += 1
            (root / folder[1] / name).parent.mkdir(parents=True, exist_ok=True)
            (root / folder[0] / name).parent.mkdir(parents=True, exist_ok=True)
            shade(root / folder[0], k, name)
            shade(root / folder[1], 100 + k, name.replace("png", "bmp"))
    assert shades(loaded(root)[0]) == [(12, 112), (11, 111)]
    assert shades(loaded(root, "test")[0]) == [(52, 152), (51, 151)]


@pytest.mark.parametrize("folders", [("A", "B"), ("trainA", "trainB"), ("train/A", "train/B")])
def test_without_a_test_folder_every_tenth_pair_is_held_out(
    root: Path, folders: tuple[str, str]
) -> None:
    for k in range(11):
        shade(root / folders[0], k, f"{k:02}.png")
        shade(root / folders[1], 100 + k, f"{k:02}.png")
    assert shades(loaded(root, "test")[0]) == [(9, 109)]
    train, said = loaded(root)
    assert shades(train) == [(k, 100 + k) for k in range(11) if k != 9]
    assert said == [f"every tenth pair of '{root}' is the test split: 10 to train on, 1 to test"]


def test_an_image_without_a_partner_is_left_out_and_it_is_said(root: Path) -> None:
    for k in (1, 2, 3):
        shade(root / "A", k, f"{k}.png")
    shade(root / "B", 102, "2.png")
    shade(root / "B", 104, "4.png")
    train, said = loaded(root)
    assert shades(train) == [(2, 102)]
    assert said == [
        f"left out, as 'B' has none of its name: 'A/1.png' and 1 more of '{root}'",
        f"left out, as 'A' has none of its name: 'B/4.png' of '{root}'",
    ]


def test_a_file_that_cannot_be_read_takes_its_partner_with_it(root: Path) -> None:
    for k in (1, 2, 3, 4):
        shade(root / "A", k, f"{k}.png")
        shade(root / "B", 100 + k, f"{k}.png")
    (root / "A/1.png").write_text("no image")
    (root / "B/3.png").write_text("no image")
    for _ in range(2):  # decoded, and from the cache
        train, said = loaded(root)
        assert shades(train) == [(2, 102), (4, 104)]
        assert any("of" in line and "skipped" in line for line in said)


def test_halves_of_a_file_of_odd_width_are_refused_by_name(root: Path) -> None:
    beside(root, 1, 2)
    Image.new("L", (41, 16)).save(root / "odd.png")
    train, said = loaded(root)
    assert shades(train) == [(1, 2)]
    assert said[0] == (
        f"skipped 1 of 2 files in '{root}': its width is odd, which two images of one width do not "
        "have ('odd.png')"
    )


def single(folder: Path, count: int, width: Callable[[int], int]) -> None:
    """Images of a slope with a disc in its middle."""
    for k in range(count):
        across = np.linspace(0, 200, width(k))
        x, y = np.meshgrid(np.linspace(-1, 1, width(k)), np.linspace(-1, 1, 16))
        image = np.where(x**2 + y**2 < 0.5 + k / 100, 250 - across / 2, across)
        Image.fromarray(image.astype(np.uint8)).save(folder / f"{k:03}.png")


@pytest.mark.parametrize(
    ("width", "why"),
    [
        (lambda k: 40 + k % 4, "16 of 36 have an odd width, as no pair has"),
        (lambda k: 40, "in 18 of 18 that were looked at, the picture runs through the middle"),
    ],
)
def test_single_images_are_no_pairs(root: Path, width: Callable[[int], int], why: str) -> None:
    single(root, 40, width)
    said = problem(root)
    assert f"each file in '{root}' seems to be one image and no pair" in said
    assert why in said
    assert "folder/colourise makes pairs of them" in said


def test_pairs_that_meet_in_the_middle_are_pairs(root: Path) -> None:
    """A slope beside its negative: no column there differs from the next but at the seam."""
    for k in range(40):
        slope = np.tile(np.linspace(k, 150 + k, 20), (16, 1))
        both = np.concatenate((slope, slope if k % 2 else 255 - slope), 1)
        Image.fromarray(both.astype(np.uint8)).save(root / f"{k:03}.png")
    train, _ = loaded(root)
    assert len(train) == 36


def test_colour_and_gray_stay_what_they_are(root: Path) -> None:
    shade(root / "A", 9, "x.png")
    (root / "B").mkdir()
    Image.new("RGB", (16, 16), (10, 20, 30)).save(root / "B/x.png")
    train, _ = loaded(root)
    assert train.tensors["source"].shape == (1, 1, 8, 10)
    assert train.tensors["target"][0, :, 0, 0].tolist() == [10, 20, 30]


def test_a_smaller_source_of_the_same_form_is_scaled(root: Path) -> None:
    shade(root / "A", 9, "x.png", (20, 16))
    shade(root / "B", 11, "x.png", (81, 64))
    assert shades(loaded(root)[0]) == [(9, 11)]


def test_images_of_another_form_are_refused_before_any_is_decoded(root: Path) -> None:
    shade(root / "A", 9, "x.png", (20, 16))
    shade(root / "B", 9, "x.png", (16, 20))
    assert problem(root) == (
        f"'A/x.png' of '{root}' is 16x20 and 'B/x.png' 20x16 (height x width): the images of a "
        "pair must be of one form, or their pixels do not match"
    )
    assert not (root.parent / "cache").exists()


def test_a_photo_that_is_stored_on_its_side_has_the_form_of_its_pair(root: Path) -> None:
    shade(root / "A", 9, "x.png", (20, 16))
    (root / "B").mkdir()
    image = Image.new("L", (16, 20), 11)
    exif = image.getexif()
    exif[0x0112] = 6  # a quarter turn
    image.save(root / "B/x.png", exif=exif)
    assert shades(loaded(root)[0]) == [(9, 11)]


def test_what_is_refused(root: Path) -> None:
    assert problem(None).startswith("--dataset pairs needs --data-root DIR, a folder with two")
    assert problem(root / "no") == (
        f"there is no folder '{root / 'no'}': name a folder with two images "
        "beside each other in each file, or A and B (or trainA and trainB) of one name"
    )
    assert problem(root).startswith(f"the folder '{root}' holds no images")
    beside(root, 1, 2)
    assert problem(root, "test") == (
        f"the folder '{root}' has no pair for the test split: give it one, or ten pairs of which "
        "one is held out"
    )


def test_folders_without_a_common_name_are_refused(root: Path) -> None:
    shade(root / "A", 1)
    shade(root / "B", 2)
    assert problem(root) == (
        f"no image in '{root / 'A'}' has the name of one in '{root / 'B'}': two images are a pair "
        "where they have the same name"
    )


def test_a_split_with_one_of_its_folders_is_refused(root: Path) -> None:
    for folder in ("trainA", "trainB", "testA"):
        shade(root / folder, 1)
    assert problem(root) == (
        f"the folder '{root}' has 'testA' and no 'testB': pairs need both, with the same names in "
        "them"
    )


def test_a_name_with_two_suffixes_is_refused(root: Path) -> None:
    for name in ("A/x.png", "A/x.bmp", "B/x.png"):
        shade(root / name[0], 1, name[2:])
    assert problem(root) == (
        f"'{root / 'A'}' holds several images called 'x' with other suffixes: leave one, as the "
        "name says which images are a pair"
    )


def test_a_name_may_be_spelled_in_another_form(root: Path) -> None:
    """As where sources were named on a Mac, and targets were not."""
    for k in range(12):
        name = f"caf\u00e9 {k:02}.png"
        shade(root / "A", k, normalize("NFD", name))
        shade(root / "B", 100 + k, normalize("NFC" if k else "NFD", name))
    shade(root / "B", 200, normalize("NFC", "caf\u00e9 00.png"))
    (train, said), (test, _) = loaded(root), loaded(root, "test")
    assert sorted(shades(train) + shades(test)) == [(k, 100 + k) for k in range(12)]
    left_out = len([*(root / "B").iterdir()]) - 12
    assert sum("left out, as 'A' has none" in line for line in said) == left_out
