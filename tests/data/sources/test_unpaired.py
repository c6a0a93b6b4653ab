"""Two folders of images as two domains: splits, channels, cache, and what is wrong with them."""

import os
from pathlib import Path

import pytest
import torch
from PIL import Image

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.domains import in_one_shape
from ganzoo.data.sources.unpaired import load
from ganzoo.errors import GanzooError

NAMES = ("trainA", "trainB", "testA", "testB")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "zebras").mkdir()
    return tmp_path / "zebras"


def fill(root: Path, **shades: list[int]) -> None:
    """Gray images of one shade each, in the sub-folders that are named."""
    for name, values in shades.items():
        (root / name).mkdir(exist_ok=True)
        for i, value in enumerate(values):
            Image.new("L", (16, 16), value).save(root / name / f"{i:03}.png")


def loaded(root: Path, split: str = "train") -> tuple[Dataset, Dataset, list[str]]:
    """Both domains and what was reported."""
    said: list[str] = []
    request = DataRequest(root=root, split=split, image_size=(8, 6), report=said.append)
    dataset = load(request)
    assert dataset.other is not None
    return dataset, dataset.other, said


def shades(dataset: Dataset) -> list[int]:
    """The one shade of each image, whatever its channels."""
    flat = dataset.fields["image"].flatten(1)
    assert torch.equal(flat, flat[:, :1].expand_as(flat)), "an image has more than one shade"
    return flat[:, 0].tolist()


def problem(root: Path | None, split: str = "train") -> str:
    with pytest.raises(GanzooError) as error:
        load(DataRequest(root=root, split=split, image_size=(8, 6)))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_train_and_test_folders_are_the_splits(root: Path) -> None:
    fill(root, trainA=[*range(1, 15)], trainB=[101, 102, 103], testA=[50], testB=[150, 151])
    first, second, said = loaded(root)
    assert first.name == "zebras"
    assert first.spec.domains == 2
    assert first.spec.shape == second.spec.shape == (1, 8, 6)
    assert first.fields["image"].dtype == second.fields["image"].dtype == torch.uint8
    assert shades(first) == [*range(1, 15)]
    assert shades(second) == [101, 102, 103]
    assert first.classes == second.classes == ()
    assert first.fields.keys() == second.fields.keys() == {"image"}
    test_first, test_second, _ = loaded(root, "test")
    assert shades(test_first) == [50]
    assert shades(test_second) == [150, 151]
    assert said == []


def test_without_test_folders_every_tenth_image_is_held_out(root: Path) -> None:
    fill(root, trainA=[*range(25)], trainB=[*range(100, 112)])
    first, second, said = loaded(root)
    assert shades(first) == [i for i in range(25) if i not in (9, 19)]
    assert shades(second) == [i for i in range(100, 112) if i != 109]
    test_first, test_second, _ = loaded(root, "test")
    assert (shades(test_first), shades(test_second)) == ([9, 19], [109])
    assert said == [
        f"every tenth image of '{root / 'trainA'}' is the test split: 23 to train on, 2 to test",
        f"every tenth image of '{root / 'trainB'}' is the test split: 11 to train on, 1 to test",
    ]


def test_each_domain_is_split_as_its_own_folders_say(root: Path) -> None:
    fill(root, trainA=[*range(10)], trainB=[*range(100, 110)], testB=[200])
    first, second, _ = loaded(root)
    assert (shades(first), shades(second)) == ([*range(9)], [*range(100, 110)])
    first, second, _ = loaded(root, "test")
    assert (shades(first), shades(second)) == ([9], [200])


@pytest.mark.parametrize("coloured", NAMES)
def test_one_coloured_image_gives_all_three_channels(root: Path, coloured: str) -> None:
    fill(root, trainA=[1], trainB=[2], testA=[3], testB=[4])
    Image.new("RGB", (16, 16), (9, 9, 9)).save(root / coloured / "zz.png")
    for split in "train", "test":
        first, second, _ = loaded(root, split)
        assert first.spec.shape == second.spec.shape == (3, 8, 6)
        for letter, dataset in (("A", first), ("B", second)):
            name = f"{split}{letter}"
            expected = [NAMES.index(name) + 1] + ([9] if name == coloured else [])
            assert shades(dataset) == expected


def test_images_of_sub_folders_count_and_are_no_classes(root: Path) -> None:
    fill(root, trainA=[1], trainB=[2])
    (root / "trainA/more").mkdir()
    fill(root / "trainA", more=[3], other=[5])
    first, _, _ = loaded(root)
    assert sorted(shades(first)) == [1, 3, 5]
    assert first.classes == ()


def test_the_usual_size_is_64x64_and_the_user_is_told_once(root: Path) -> None:
    fill(root, trainA=[1], trainB=[2])
    said: list[str] = []
    dataset = load(DataRequest(root=root, report=said.append))
    assert dataset.spec.shape == (1, 64, 64)
    sizes = [message for message in said if message.startswith("images are scaled")]
    assert sizes == ["images are scaled to 64x64: --image-size chooses another size"]


def test_unreadable_images_are_skipped_and_named(root: Path) -> None:
    fill(root, trainA=[1, 2], trainB=[3])
    (root / "trainA/bad.png").write_text("no image")
    first, second, said = loaded(root)
    assert (shades(first), shades(second)) == ([1, 2], [3])
    assert said == [
        f"skipped 1 of 3 files in '{root / 'trainA'}': it is not an image ('bad.png')",
    ]


def test_each_domain_has_a_cache_of_its_own(root: Path, cache_folder: Path) -> None:
    fill(root, trainA=[1], trainB=[2], testA=[3], testB=[4])

    def files() -> dict[str, tuple[int, int]]:
        found = ((file.name, file.stat()) for file in cache_folder.iterdir())
        return {name: (status.st_ino, status.st_mtime_ns) for name, status in found}

    loaded(root)
    before = files()
    assert len(before) == 2
    first, second, _ = loaded(root)
    assert (shades(first), shades(second)) == ([1], [2])
    assert files() == before

    fill(root, trainB=[20])
    os.utime(root / "trainB/000.png", ns=(0, 12345))
    first, second, _ = loaded(root)
    assert (shades(first), shades(second)) == ([1], [20])
    after = files()
    assert len(after) == 3
    assert before.items() <= after.items()


def test_a_relative_folder_and_one_behind_a_link_are_found(
    root: Path, monkeypatch: pytest.MonkeyPatch, cache_folder: Path
) -> None:
    """The other split is looked at through them too: it alone is coloured here."""
    fill(root, trainA=[1], trainB=[2], testB=[4])
    elsewhere = root.parent / "elsewhere"
    (root / "trainA").rename(elsewhere)
    (root / "trainA").symlink_to(elsewhere)
    (root / "testA").mkdir()
    Image.new("RGB", (16, 16), (3, 3, 3)).save(root / "testA/a.png")
    monkeypatch.chdir(root.parent)
    first, second, _ = loaded(Path("zebras"))
    assert first.name == "zebras"
    assert first.spec.shape == second.spec.shape == (3, 8, 6)
    assert (shades(first), shades(second)) == ([1], [2])
    before = len(list(cache_folder.iterdir()))
    Image.new("L", (16, 16), 3).save(root / "testA/a.png")
    assert loaded(Path("zebras"))[0].spec.shape == (1, 8, 6)
    assert len(list(cache_folder.iterdir())) == before + 1


def test_what_is_missing_is_named(root: Path, tmp_path: Path, cache_folder: Path) -> None:
    needed = "a folder with the sub-folders trainA and trainB"
    assert problem(None) == f"--dataset unpaired needs --data-root DIR, {needed}"
    nowhere = tmp_path / "nowhere"
    assert problem(nowhere) == f"there is no folder '{nowhere}': name {needed}"
    (tmp_path / "file").write_text("")
    assert problem(tmp_path / "file").startswith(
        f"'{tmp_path / 'file'}' is neither a folder nor a zip"
    )
    assert problem(root).startswith(f"the folder '{root}' has no sub-folder trainA and no trainB")
    fill(root, trainA=[1])
    assert problem(root).startswith(f"the folder '{root}' has no sub-folder trainB: ")
    (root / "trainB").write_text("no folder")
    assert problem(root).startswith(f"the folder '{root}' has no sub-folder trainB: ")
    (root / "trainB").unlink()
    (root / "trainB").mkdir()
    assert problem(root).startswith(f"the folder '{root / 'trainB'}' holds no images: ")
    fill(root, trainB=[2])
    assert problem(root, "test").startswith(
        f"the folder '{root}' has no image for the test split of domain A: give it a sub-folder "
        "testA"
    )
    fill(root, testA=[3])
    assert "test split of domain B: give it a sub-folder testB" in problem(root, "test")
    assert list(root.rglob("*.safetensors")) == []


def test_a_domain_without_a_readable_image_is_refused(root: Path) -> None:
    fill(root, trainA=[1], trainB=[])
    (root / "trainB/a.png").write_text("no image")
    assert problem(root) == (
        f"of 1 file in '{root / 'trainB'}' none can be read: it is not an image ('a.png')"
    )


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16])
def test_gray_beside_colours_with_opacity_is_opaque(dtype: torch.dtype) -> None:
    """Its gray was its opacity: black was not to be seen."""
    most = torch.iinfo(dtype).max
    gray = torch.arange(12, dtype=dtype).view(3, 1, 2, 2)
    colours = torch.zeros(2, 4, 2, 2, dtype=dtype)
    both = in_one_shape(Dataset.images("gray", gray), Dataset.images("colours", colours), "both")
    made = both.tensors[both.spec.groups[0][0].name]
    assert torch.equal(made[:, :3], gray.expand(-1, 3, -1, -1))
    assert (made[:, 3] == most).all()
