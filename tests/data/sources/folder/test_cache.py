"""Images are decoded once, and anew where a file or the cache has changed."""

import os
import re
import time
from pathlib import Path

import numpy as np
import pytest
from helpers.data.photos import BLUE, RED, colours, loaded, plain, problem

from ganzoo.data.dataset import DataRequest
from ganzoo.data.sources import cache, decoding
from ganzoo.data.sources.folder import load


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


def test_a_bit_that_a_disk_has_turned_is_seen(folder, cache_folder, monkeypatch):
    for name in "abc":
        plain("RGB", RED).save(folder / f"{name}.png")
    loaded(folder)
    (file,) = cache_folder.iterdir()
    whole = file.read_bytes()
    turned = bytearray(whole)
    turned[1024 + 8 * 8 * 3 + 5] ^= 4
    file.write_bytes(turned)
    monkeypatch.setattr(cache, "_SOUND", set())  # as in another process
    dataset, said = loaded(folder)
    assert colours(dataset) == [RED] * 3
    assert said[0].startswith(f"the decoded images in '{file}' are not what was written")
    assert file.read_bytes() == whole
    monkeypatch.setattr(cache, "_SOUND", set())
    assert loaded(folder)[1] == []


def test_a_pipe_in_the_place_of_a_cache_is_not_waited_for(folder, cache_folder):
    """Several users may have one folder of caches."""
    plain("RGB", RED).save(folder / "a.png")
    loaded(folder)
    (file,) = cache_folder.iterdir()
    file.unlink()
    os.mkfifo(file)
    assert colours(loaded(folder)[0]) == [RED]


def test_the_cache_of_other_files_is_built_anew(folder, cache_folder):
    """It may have been put in its place: the campaign of faults swapped them."""
    plain("RGB", RED).save(folder / "a.png")
    loaded(folder)
    (file,) = cache_folder.iterdir()
    whole = file.read_bytes()
    plain("RGB", BLUE).save(folder / "b.png")
    loaded(folder)
    (other,) = {*cache_folder.iterdir()} - {file}
    for content in (whole, other.read_bytes()[: len(whole)]):
        other.write_bytes(content)
        assert colours(loaded(folder)[0]) == [RED, BLUE]


def test_an_interrupted_decoding_leaves_nothing(folder, cache_folder, monkeypatch):
    plain("RGB", RED).save(folder / "a.png")

    def interrupt(*_: object) -> None:
        assert [file.suffix for file in cache_folder.iterdir()] == [".safetensors"]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(decoding, "see", interrupt)
        with pytest.raises(KeyboardInterrupt):
            load(DataRequest(root=folder, image_size=(8, 8)))
    assert list(cache_folder.iterdir()) == []
    assert colours(loaded(folder)[0]) == [RED]


def test_what_a_killed_writer_left_does_no_harm_and_goes_after_a_day(folder, cache_folder):
    plain("RGB", RED).save(folder / "a.png")
    path = cache.cache_path(folder, ["a.png"], [], (8, 8))
    cache_folder.mkdir()
    fresh = cache_folder / f".{path.stem}.0123456789-01234567890123456789.tmp.safetensors"
    old = cache_folder / f".{path.stem}.0123456789-01234567890123456780.tmp.safetensors"
    for left in (fresh, old):
        left.write_bytes(b"half")
    two_days_ago = time.time() - 2 * 24 * 60 * 60
    os.utime(old, (two_days_ago, two_days_ago))
    assert colours(loaded(folder)[0]) == [RED]
    assert sorted(cache_folder.iterdir()) == sorted([fresh, path])


def test_what_is_being_written_stays_whatever_the_clock_says(tmp_path):
    """That of another command may be a day ahead."""
    slow, other = tmp_path / "slow.safetensors", tmp_path / "other.safetensors"
    image = np.full((3, 8, 8), 7, dtype=np.uint8)

    def images():
        yield image
        (half,) = tmp_path.glob(".*.tmp.safetensors")
        os.utime(half, (0, 0))
        cache.write(other, image.shape, [image])
        yield image

    cache.write(slow, image.shape, images())
    assert sorted(tmp_path.glob("*.safetensors")) == [other, slow]
    assert len(cache.read(slow, 2, (8, 8)).images) == 2


def test_a_cache_that_cannot_be_written_is_named(folder, tmp_path, monkeypatch):
    plain("RGB", RED).save(folder / "a.png")
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "file" / "cache"))
    message = problem(folder)
    assert message.startswith(f"the image cache '{tmp_path / 'file' / 'cache'}' cannot be written")
    assert "GANZOO_CACHE" in message


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory use from /proc")
def test_a_large_cache_is_mapped_and_not_copied(tmp_path, monkeypatch):
    def own_memory() -> int:
        status = Path("/proc/self/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+)", status)[1]) * 1024

    image = np.full((3, 256, 256), 7, dtype=np.uint8)
    path = tmp_path / "images-big.safetensors"
    monkeypatch.setattr(cache, "COPIED", 499 * image.nbytes)
    cache.write(path, image.shape, (image if i % 2 else None for i in range(1000)))
    before = own_memory()
    images, kept, _ = cache.read(path, 1000, (256, 256))
    assert images.nbytes == 500 * image.nbytes
    assert images[::50].float().mean() == 7
    assert kept.tolist() == [False, True] * 500
    assert own_memory() - before < images.nbytes / 4


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
