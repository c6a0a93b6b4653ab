"""What lies in a folder: classes, splits, bad files, links, and what is refused."""

import re

import numpy as np
import pytest
import torch
from helpers.data.photos import BLUE, GREEN, RED, colours, loaded, plain, problem
from PIL import Image

from ganzoo.data.dataset import DataRequest
from ganzoo.data.feed import make_feed
from ganzoo.data.sources.folder import load


def test_sub_folders_are_labels_in_the_order_of_their_names(folder):
    for name, colour in {"wolf": RED, "bär": GREEN, "cat/deep/er": BLUE, ".hidden": RED}.items():
        (folder / name).mkdir(parents=True)
        plain("RGB", colour).save(folder / name / "é 雪.png")
    (folder / "empty").mkdir()
    (folder / "wolf" / "notes.txt").write_text("no image")
    (folder / "bär" / "._resource.png").write_bytes(b"not an image, and hidden")
    dataset, said = loaded(folder)
    assert dataset.name == "images"
    assert dataset.classes == ("bär", "cat", "wolf")
    assert dataset.fields["label"].dtype == torch.int64
    assert dataset.fields["label"].tolist() == [0, 1, 2]
    assert colours(dataset) == [GREEN, BLUE, RED]
    assert said == []


@pytest.mark.parametrize("stray", ["a.png", None])
def test_images_beside_sub_folders_or_a_single_sub_folder_mean_no_labels(folder, stray):
    (folder / "one").mkdir()
    plain("RGB", RED).save(folder / "one" / "a.png")
    if stray:
        (folder / "two").mkdir()
        plain("RGB", RED).save(folder / "two" / "a.png")
        plain("RGB", RED).save(folder / stray)
    dataset, _ = loaded(folder)
    assert dataset.classes == ()
    assert dataset.fields.keys() == {"image"}
    assert len(dataset) == (3 if stray else 1)


def test_labels_stay_with_their_images_when_files_are_skipped(folder):
    for name, colour in {"a": RED, "b": GREEN, "c": BLUE}.items():
        (folder / name).mkdir()
        (folder / name / "0.png").write_bytes(b"")
        plain("RGB", colour).save(folder / name / "1.png")
    for _ in ("decoded", "from the cache"):
        dataset, said = loaded(folder)
        assert colours(dataset) == [RED, GREEN, BLUE]
        assert dataset.fields["label"].tolist() == [0, 1, 2]
        assert said[-1].startswith(f"skipped 3 of 6 files in '{folder}'")


def test_train_and_test_sub_folders_are_the_splits_and_share_their_labels(folder):
    for name, colour in {"train/a": RED, "train/b": GREEN, "test/b": BLUE}.items():
        (folder / name).mkdir(parents=True)
        plain("RGB", colour).save(folder / name / "x.png")
    train, _ = loaded(folder)
    test, _ = loaded(folder, split="test")
    assert train.classes == test.classes == ("a", "b")
    assert (colours(train), train.fields["label"].tolist()) == ([RED, GREEN], [0, 1])
    assert (colours(test), test.fields["label"].tolist()) == ([BLUE], [1])


def test_otherwise_every_tenth_image_is_held_out(folder):
    for i in range(25):
        plain("L", i).save(folder / f"{i:02}.png")
    train, said = loaded(folder)
    test, _ = loaded(folder, split="test")
    assert colours(test) == [(9,), (19,)]
    assert colours(train) == [(i,) for i in range(25) if i not in (9, 19)]
    assert said == [f"every tenth image of '{folder}' is the test split: 23 to train on, 2 to test"]


def bad_files(folder):
    """Files that cannot be read, by name, with what is said about each."""
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    for name in ("cut.jpg", "cut.png", "cut.gif"):
        Image.fromarray(noise).save(folder / name)
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[: len(whole) // 2])
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.png").write_text("I am no image")
    (folder / "header-only.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    Image.fromarray(np.ones((4, 4), dtype=np.float32)).save(folder / "float.tif")
    (folder / "dangling.png").symlink_to(folder / "nowhere.png")
    return {
        "cut.jpg": "truncated",
        "cut.png": ".",
        "cut.gif": ".",
        "empty.png": "it is not an image",
        "text.png": "it is not an image",
        "header-only.jpg": ".",
        "float.tif": "floating-point",
        "dangling.png": "No such file",
    }


def test_bad_files_are_named_and_skipped(folder, capfd):
    bad = bad_files(folder)
    plain("RGB", RED).save(folder / "good.png")
    dataset, said = loaded(folder)
    assert colours(dataset) == [RED]
    line = said[-1]
    assert line.startswith(f"skipped 8 of 9 files in '{folder}': it is not an image (")
    assert "\n" not in line
    named = [name for name, why in bad.items() if re.search(rf"{why}[^(]* \('{name}'", line)]
    assert len(named) >= 3, line
    assert re.search(r" more\)|for other reasons$", line)
    assert capfd.readouterr() == ("", "")


def test_a_wrong_suffix_does_not_matter(folder):
    plain("RGB", RED).save(folder / "a.png")
    (folder / "a.png").rename(folder / "a.JPG")
    assert colours(loaded(folder)[0]) == [RED]


def test_links_to_folders_are_followed_but_not_in_circles(folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    plain("RGB", RED).save(tmp_path / "elsewhere" / "a.png")
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    (folder / "circle").symlink_to(folder)
    assert colours(loaded(folder)[0]) == [RED]


def test_what_cannot_be_a_folder_of_images_is_one_sentence(folder, tmp_path, cache_folder):
    assert problem(None) == "--dataset folder needs --data-root DIR, a folder of images"
    assert problem(tmp_path / "nowhere").startswith(f"there is no folder '{tmp_path / 'nowhere'}'")
    assert problem(folder).startswith(f"the folder '{folder}' holds no images")
    (folder / "notes.txt").write_text("no image")
    assert problem(folder / "notes.txt").startswith(
        f"'{folder / 'notes.txt'}' is neither a folder nor a zip"
    )
    assert problem(folder).startswith(f"the folder '{folder}' holds no images")
    (folder / "a.png").write_text("no image")
    assert (
        problem(folder) == f"of 1 file in '{folder}' none can be read: it is not an image ('a.png')"
    )
    assert problem(folder, split="test").startswith(
        f"the folder '{folder}' has no image for the test"
    )
    assert list(cache_folder.iterdir()) == []


def test_a_folder_feeds_training(folder):
    for i, colour in enumerate([RED, GREEN, BLUE]):
        plain("RGB", colour).save(folder / f"{i}.png")
    dataset, _ = loaded(folder)
    for budget in (None, 0):
        feed = make_feed(dataset, 3, device=torch.device("cpu"), seed=0, budget=budget)
        try:
            batch = feed.draw()["image"]
        finally:
            feed.close()
        assert batch.shape == (3, 3, 8, 8)
        assert batch.sum().item() == -3 * 64
        assert batch.unique().tolist() == [-1, 1]


def test_runs_from_before_find_what_they_found(folder):
    """By the first rules, which their records do not name."""
    for name in ("a", "b"):
        (folder / name).mkdir()
    for i in range(9):
        plain("L", i).save(folder / f"a/{i}.png")
    plain("L", 9).save(folder / "b/9.png")
    plain("L", 10).save(folder / "a/x", "PNG")

    def old(split):
        return load(DataRequest(root=folder, split=split, image_size=(8, 8), rules=1))

    assert colours(old("test")) == [(9,)]
    assert colours(old("train")) == [(i,) for i in range(9)]
    assert old("train").classes == ("a", "b")
    assert colours(loaded(folder)[0]) == [(i,) for i in range(9)] + [(9,)]
