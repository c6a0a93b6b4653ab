"""Folders of images: every mode as the eye sees it, bad files skipped, decoded once."""

import os
import re
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ganzoo.data.dataset import DataRequest
from ganzoo.data.feed import make_feed
from ganzoo.data.sources import cache
from ganzoo.data.sources.folder import load
from ganzoo.errors import GanzooError
from ganzoo.spec import Field

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images").mkdir()
    return tmp_path / "images"


def plain(mode, colour, size=(16, 16)):
    return Image.new(mode, size, colour)


def loaded(folder, size=(8, 8), split="train"):
    """The data set and what was reported."""
    said = []
    dataset = load(DataRequest(root=folder, split=split, image_size=size, report=said.append))
    return dataset, said


def colours(dataset):
    """The one colour of each image."""
    images = dataset.fields["image"]
    flat = images.flatten(2)
    assert torch.equal(flat, flat[:, :, :1].expand_as(flat)), "an image has more than one colour"
    return [tuple(image.tolist()) for image in flat[:, :, 0]]


def palette_image():
    image = Image.new("P", (16, 16), 1)
    image.putpalette([9, 9, 9, 10, 200, 30])
    return image


def sixteen_bit(value):
    return Image.fromarray(np.full((16, 16), value, dtype=np.uint16))


COLOURED = {
    "rgb.png": (plain("RGB", (10, 200, 30)), (10, 200, 30)),
    "opaque.png": (plain("RGBA", (10, 200, 30, 255)), (10, 200, 30)),
    "transparent.png": (plain("RGBA", (10, 200, 30, 0)), (255, 255, 255)),
    "half.png": (plain("RGBA", (0, 0, 255, 128)), (127, 127, 255)),
    "half.webp": (plain("RGBA", (0, 0, 255, 0)), (255, 255, 255)),
    "palette.png": (palette_image(), (10, 200, 30)),
    "palette.gif": (palette_image(), (10, 200, 30)),
    "palette.bmp": (palette_image(), (10, 200, 30)),
    "cmyk.tif": (plain("CMYK", (0, 255, 255, 0)), (255, 0, 0)),
    "colour.ppm": (plain("RGB", (10, 200, 30)), (10, 200, 30)),
}
GRAY = {
    "gray.png": (plain("L", 77), (77,)),
    "gray.jpg": (plain("L", 77), (77,)),
    "gray.PGM": (plain("L", 77), (77,)),
    "white.png": (plain("1", 1), (255,)),
    "black.pbm": (plain("1", 0), (0,)),
    "see-through.png": (plain("LA", (0, 51)), (204,)),
    "sixteen.png": (sixteen_bit(128 * 257), (128,)),
    "sixteen.pgm": (sixteen_bit(128 * 257), (128,)),
    "sixteen.tiff": (sixteen_bit(128 * 257), (128,)),
    "brightest.png": (sixteen_bit(65535), (255,)),
    "dark.png": (sixteen_bit(255), (1,)),
}


@pytest.mark.parametrize("name", COLOURED)
def test_each_coloured_mode_is_rgb_on_white(folder, name):
    image, expected = COLOURED[name]
    image.save(folder / name, **({"lossless": True} if name.endswith("webp") else {}))
    dataset, _ = loaded(folder)
    assert dataset.fields["image"].dtype == torch.uint8
    assert dataset.spec.shape == (3, 8, 8)
    assert colours(dataset) == [expected]


@pytest.mark.parametrize("name", GRAY)
def test_each_gray_mode_has_one_channel(folder, name):
    image, expected = GRAY[name]
    image.save(folder / name)
    plain("L", 9).save(folder / "zz.png")
    dataset, _ = loaded(folder)
    assert dataset.fields["image"].dtype == torch.uint8
    assert dataset.spec.shape == (1, 8, 8)
    assert colours(dataset) == [expected, (9,)]


def test_sixteen_bits_are_kept_where_all_images_have_them(folder):
    for name, value in (("a.png", 0), ("b.tiff", 1), ("c.pgm", 40_000), ("d.png", 65_535)):
        sixteen_bit(value).save(folder / name)
    (folder / "e.png").write_text("no image")
    for _ in range(2):  # decoded, and from the cache
        dataset, _ = loaded(folder)
        assert dataset.fields["image"].dtype == torch.int16
        assert dataset.spec.sample == Field("image", "image", (1, 8, 8), (), "16 bits")
        assert colours(dataset) == [(value - 32_768,) for value in (0, 1, 40_000, 65_535)]


def test_sixteen_bits_are_scaled_exactly(folder):
    steps = np.repeat(np.uint16([[1000, 1001]]), 32, axis=0).repeat(16, axis=1)
    Image.fromarray(steps).save(folder / "steps.png")
    image = loaded(folder, (16, 16))[0].fields["image"][0, 0].long() + 32_768
    assert image[:, :6].unique().tolist() == [1000]
    assert image[:, 10:].unique().tolist() == [1001]


def test_sixteen_bits_of_the_other_split_count(folder):
    for number in range(10):
        sixteen_bit(1000).save(folder / f"{number}.png")
    plain("L", 9).save(folder / "9.png")  # held out
    assert loaded(folder)[0].fields["image"].dtype == torch.uint8


def test_one_coloured_image_makes_all_of_them_coloured(folder):
    for name, (image, _) in GRAY.items():
        image.save(folder / name)
    plain("RGB", RED).save(folder / "zz.png")
    dataset, _ = loaded(folder)
    by_name = sorted(GRAY)
    expected = [GRAY[name][1] * 3 for name in by_name] + [RED]
    assert colours(dataset) == [c for i, c in enumerate(expected) if i % 10 != 9]
    assert colours(loaded(folder, split="test")[0]) == [expected[9]]


def test_an_animation_is_its_first_frame(folder):
    first, second = plain("RGB", RED), plain("RGB", BLUE)
    first.save(folder / "moving.gif", save_all=True, append_images=[second])
    assert colours(loaded(folder)[0]) == [RED]


def test_a_camera_on_its_side_is_put_upright(folder):
    image = Image.fromarray(np.repeat(np.uint8([[0] * 32 + [255] * 32]), 64, axis=0))
    exif = Image.Exif()
    exif[0x0112] = 6  # the left of what is stored is the top
    image.save(folder / "turned.jpg", exif=exif, quality=95)
    pixels = loaded(folder, (16, 16))[0].fields["image"][0, 0].float()
    assert pixels[:6].max() < 10
    assert pixels[10:].min() > 245


def test_images_cover_the_size_and_are_cropped_around_their_centre(folder):
    stripes = np.repeat(np.uint8([[RED] * 20 + [GREEN] * 20 + [BLUE] * 20]), 20, axis=0)
    Image.fromarray(stripes).save(folder / "wide.png")
    Image.fromarray(stripes.transpose(1, 0, 2)).save(folder / "tall.png")
    assert colours(loaded(folder, (20, 20))[0]) == [GREEN, GREEN]
    wide = loaded(folder, (10, 30))[0].fields["image"]
    assert wide.shape == (2, 3, 10, 30)
    assert wide[1, :, 5, [2, 15, 27]].T.tolist() == [list(RED), list(GREEN), list(BLUE)]


def test_shrinking_is_antialiased(folder):
    checks = np.indices((64, 64)).sum(0) % 2 * 255
    Image.fromarray(checks.astype(np.uint8)).save(folder / "checks.png")
    pixels = loaded(folder, (8, 8))[0].fields["image"].float()
    assert (pixels - 127.5).abs().max() < 4


@settings(max_examples=25, deadline=None)
@given(
    width=st.integers(1, 40), height=st.integers(1, 40), size=st.tuples(*[st.integers(1, 24)] * 2)
)
def test_any_size_becomes_any_other(tmp_path_factory, width, height, size):
    folder = tmp_path_factory.mktemp("sizes")
    plain("RGB", (10, 200, 30), (width, height)).save(folder / "a.png")
    dataset, _ = loaded(folder, size)
    assert dataset.spec.shape == (3, *size)
    assert colours(dataset) == [(10, 200, 30)]


def test_without_a_size_images_are_64x64_and_the_user_is_told(folder):
    plain("RGB", RED, (100, 80)).save(folder / "a.png")
    dataset, said = loaded(folder, None)
    assert dataset.spec.shape == (3, 64, 64)
    assert said == ["images are scaled to 64x64: --image-size chooses another size"]


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
        assert said[-1] == f"3 of 6 files in '{folder}' were skipped"


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
    for name, why in bad.items():
        (line,) = [line for line in said if f"{folder / name}'" in line]
        assert re.match(rf"skipped '.*': .*{why}", line)
        assert "\n" not in line
    assert said[-1] == f"8 of 9 files in '{folder}' were skipped"
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


def problem(folder, **request):
    with pytest.raises(GanzooError) as error:
        load(DataRequest(root=folder, **request))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_cannot_be_a_folder_of_images_is_one_sentence(folder, tmp_path, cache_folder):
    assert problem(None) == "--dataset folder needs --data-root DIR, a folder of images"
    assert problem(tmp_path / "nowhere").startswith(f"there is no folder '{tmp_path / 'nowhere'}'")
    assert problem(folder).startswith(f"the folder '{folder}' holds no images")
    (folder / "notes.txt").write_text("no image")
    assert problem(folder / "notes.txt").startswith(f"'{folder / 'notes.txt'}' is not a folder")
    assert problem(folder).startswith(f"the folder '{folder}' holds no images")
    (folder / "a.png").write_text("no image")
    assert problem(folder) == f"none of the 1 files in '{folder}' can be read"
    assert problem(folder, split="test").startswith(
        f"the folder '{folder}' has no image for the test"
    )
    assert list(cache_folder.iterdir()) == []


def test_images_are_decoded_once_and_again_when_a_file_changes(folder, cache_folder):
    plain("RGB", RED).save(folder / "a.png")
    assert colours(loaded(folder)[0]) == [RED]
    (file,) = cache_folder.iterdir()
    before = file.stat()
    assert colours(loaded(folder)[0]) == [RED]
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)

    plain("RGB", BLUE).save(folder / "a.png")
    os.utime(folder / "a.png", ns=(0, before.st_mtime_ns + 1))
    assert colours(loaded(folder)[0]) == [BLUE]
    loaded(folder, (9, 8))
    loaded(folder, (8, 9))
    assert len(list(cache_folder.iterdir())) == 4


@pytest.mark.parametrize("damage", [b"", b"\xff" * 5000, None])
def test_a_damaged_cache_is_built_anew(folder, cache_folder, damage):
    plain("RGB", RED).save(folder / "a.png")
    loaded(folder)
    (file,) = cache_folder.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] if damage is None else damage)
    assert colours(loaded(folder)[0]) == [RED]
    assert file.read_bytes() == whole


def test_an_interrupted_decoding_leaves_nothing(folder, cache_folder):
    plain("RGB", RED).save(folder / "a.png")
    (folder / "b.png").write_bytes(b"")

    def interrupt(message: str) -> None:
        assert [file.suffix for file in cache_folder.iterdir()] == [".safetensors"]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(DataRequest(root=folder, image_size=(8, 8), report=interrupt))
    assert list(cache_folder.iterdir()) == []
    assert colours(loaded(folder)[0]) == [RED]


def test_what_a_killed_writer_left_does_no_harm_and_goes_after_a_day(folder, cache_folder):
    plain("RGB", RED).save(folder / "a.png")
    path = cache.cache_path(folder, ["a.png"], [], (8, 8))
    cache_folder.mkdir()
    fresh = cache_folder / f".{path.stem}.1.tmp.safetensors"
    old = cache_folder / f".{path.stem}.2.tmp.safetensors"
    for left in (fresh, old):
        left.write_bytes(b"half")
    two_days_ago = time.time() - 2 * 24 * 60 * 60
    os.utime(old, (two_days_ago, two_days_ago))
    assert colours(loaded(folder)[0]) == [RED]
    assert sorted(cache_folder.iterdir()) == sorted([fresh, path])


def test_a_cache_that_cannot_be_written_is_named(folder, tmp_path, monkeypatch):
    plain("RGB", RED).save(folder / "a.png")
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "file" / "cache"))
    message = problem(folder)
    assert message.startswith(f"the image cache '{tmp_path / 'file' / 'cache'}' cannot be written")
    assert "GANZOO_CACHE" in message


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory use from /proc")
def test_a_cache_is_mapped_and_not_copied(tmp_path):
    def own_memory() -> int:
        status = Path("/proc/self/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+)", status)[1]) * 1024

    image = np.full((3, 256, 256), 7, dtype=np.uint8)
    path = tmp_path / "images-big.safetensors"
    cache.write(path, image.shape, (image if i % 2 else None for i in range(1000)))
    before = own_memory()
    images, kept, _ = cache.read(path)
    assert images.nbytes == 500 * image.nbytes
    assert images[::50].float().mean() == 7
    assert kept.tolist() == [False, True] * 500
    assert own_memory() - before < images.nbytes / 4


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


def test_a_file_in_the_place_of_another_of_its_size_and_time_is_seen(folder):
    plain("L", 1).save(folder / "a.bmp")
    plain("L", 2).save(folder / "other.bmp")
    times = (folder / "a.bmp").stat()
    os.utime(folder / "other.bmp", ns=(times.st_atime_ns, times.st_mtime_ns))
    (folder / "other.bmp").rename(folder.parent / "other.bmp")
    assert colours(loaded(folder)[0]) == [(1,)]
    (folder.parent / "other.bmp").replace(folder / "a.bmp")
    assert colours(loaded(folder)[0]) == [(2,)]
    content = (folder / "a.bmp").read_bytes()
    with (folder / "a.bmp").open("r+b") as file:  # in place: even its number stays
        file.write(content[:-256] + bytes([3]) * 256)
    os.utime(folder / "a.bmp", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert colours(loaded(folder)[0]) == [(3,)]


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
