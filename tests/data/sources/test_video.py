"""Videos as folders of frames: order, length, labels, splits, what is left out and refused."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.sources.video import load
from ganzoo.errors import GanzooError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "walks").mkdir()
    return tmp_path / "walks"


def clip(folder: Path, *shades: int, name: str = "frame{}.png") -> None:
    folder.mkdir(parents=True)
    for number, shade in enumerate(shades):
        Image.new("L", (16, 16), shade).save(folder / name.format(number))


def loaded(root: Path, split: str = "train") -> tuple[Dataset, list[str]]:
    said: list[str] = []
    request = DataRequest(root=root, split=split, image_size=(8, 6), report=said.append)
    return load(request), said


def shades(dataset: Dataset) -> list[list[int]]:
    """The shade of each frame of each video."""
    video = dataset.tensors["video"]
    assert torch.equal(video, video[..., :1, :1].expand_as(video))
    return video[:, 0, :, 0, 0].tolist()


def problem(root: Path | None, split: str = "train") -> str:
    with pytest.raises(GanzooError) as error:
        load(DataRequest(root=root, split=split, image_size=(8, 6)))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_folder_is_a_video_and_numbers_are_its_order(root: Path) -> None:
    clip(root / "b", *range(12))  # frame2 before frame10
    clip(root / "a", *range(50, 62))
    train, said = loaded(root)
    (field,) = train.spec.groups[0]
    assert (train.name, field.name, field.kind) == ("walks", "video", "video")
    assert field.shape == (1, 12, 8, 6)
    assert train.tensors["video"].dtype == torch.uint8
    assert shades(train) == [[*range(50, 62)], [*range(12)]]
    assert said == ["2 samples of 12 frames cut from 2 videos"]


def test_long_videos_are_cut_and_short_ones_left_out(root: Path) -> None:
    clip(root / "a", *range(40))
    clip(root / "b", *range(100, 117))
    clip(root / "c", *range(200, 203))
    train, said = loaded(root)
    assert shades(train) == [[*range(16)], [*range(16, 32)], [*range(100, 116)]]
    assert said == [
        "3 samples of 16 frames cut from 3 videos",
        f"left out: 1 video of '{root}' with fewer than 16 frames",
        f"left out: 9 frames of '{root}' at the ends of videos",
    ]


def test_folders_above_are_classes(root: Path) -> None:
    clip(root / "run" / "x", 1, 2)
    clip(root / "walk" / "y", 3, 4)
    clip(root / "walk" / "z", 5, 6)
    train, _ = loaded(root)
    assert train.classes == ("run", "walk")
    assert train.tensors["label"].tolist() == [0, 1, 1]
    assert shades(train) == [[1, 2], [3, 4], [5, 6]]


def test_train_and_test_are_the_splits(root: Path) -> None:
    clip(root / "train" / "run" / "x", 1, 2)
    clip(root / "train" / "walk" / "y", 3, 4)
    clip(root / "test" / "walk" / "y", 5, 6)
    clip(root / "more" / "walk" / "y", 7, 8)
    train, said = loaded(root)
    test, _ = loaded(root, "test")
    assert (shades(train), shades(test)) == ([[1, 2], [3, 4]], [[5, 6]])
    assert train.spec == test.spec
    assert (train.tensors["label"].tolist(), test.tensors["label"].tolist()) == ([0, 1], [1])
    assert said[0].endswith("are the splits: 4 frames to train on, 2 to test")
    assert said[1].startswith(
        f"left out: 2 frames of '{root}' beside its folders 'train' and 'test', such as 'more/walk"
    )


def test_every_tenth_video_is_held_out(root: Path) -> None:
    for k in range(11):
        clip(root / f"{k:02}", k, 100 + k)
    train, said = loaded(root)
    assert shades(loaded(root, "test")[0]) == [[9, 109]]
    assert shades(train) == [[k, 100 + k] for k in range(11) if k != 9]
    assert said[0] == (
        f"every tenth video of '{root}' is the test split: 10 to train on, 1 to test"
    )


def test_a_frame_that_cannot_be_read_takes_its_sample_with_it(root: Path) -> None:
    for k in range(3):
        clip(root / f"{k}", k, 100 + k)
    bad = root / "1" / "frame1.png"
    bad.write_text("no image")
    train, said = loaded(root)
    assert shades(train) == [[0, 100], [2, 102]]
    assert said == [
        "3 samples of 2 frames cut from 3 videos",
        f"skipped 1 of 6 files in '{root}': it is not an image ('1/frame1.png')",
        f"left out: 1 sample of '{root}' with a frame that was skipped",
    ]


def test_what_is_refused(root: Path) -> None:
    assert problem(None) == (
        "--dataset video needs --data-root DIR, a folder with a folder of frames for each video"
    )
    assert problem(root).startswith(f"the folder '{root}' holds no images")
    clip(root / "a", 1)
    assert problem(root) == (
        f"most videos in '{root}' have one frame, such as 'a/frame0.png': each must be a folder of "
        "several"
    )
    clip(root / "b", 1, 2)
    clip(root / "c", 1, 2)
    assert problem(root, "test") == (
        f"the folder '{root}' has no video for the test split: give it sub-folders 'train' and "
        "'test' with videos, or ten videos of which one is held out"
    )
    Image.new("L", (16, 16)).save(root / "loose.png")
    assert problem(root) == (
        f"the folder '{root}' holds images itself, such as 'loose.png': each video must be a "
        "folder of frames in it"
    )


def test_videos_that_are_all_shorter_than_those_of_the_other_split_are_refused(root: Path) -> None:
    clip(root / "train" / "a", 1, 2)
    for name in "bc":
        clip(root / "test" / name, 1, 2, 3)
    assert problem(root) == f"no video in '{root}' has 3 frames: give it longer ones"
