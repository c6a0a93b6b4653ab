"""torchvision's sets: read where they are, downloaded whole or not at all."""

import gzip
import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save
from torchvision import datasets

from ganzoo.data.dataset import DataRequest
from ganzoo.data.sources.torchvision_sets import (
    load_celeba,
    load_cifar10,
    load_fashion_mnist,
    load_mnist,
)
from ganzoo.errors import GanzooError

SHARED = Path(__file__).parents[3] / "shared/data"
IMAGES = np.arange(3 * 28 * 28).reshape(3, 28, 28).astype(np.uint8)
LABELS = np.uint8([7, 2, 9])


@pytest.fixture(autouse=True)
def nowhere_to_go(tmp_path, monkeypatch):
    """No test reaches the network or the user's folders."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path / "data"))
    refusing = "http://127.0.0.1:9/"
    for kind in (datasets.MNIST, datasets.FashionMNIST):
        monkeypatch.setattr(kind, "mirrors", [refusing])
    monkeypatch.setattr(datasets.CIFAR10, "url", refusing + "cifar.tar.gz")
    monkeypatch.setitem(sys.modules, "gdown", None)


def md5(data):
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def idx(array):
    """An array in the format of the MNIST files."""
    shape = np.array(array.shape, dtype=">u4").tobytes()
    return bytes([0, 0, 8, array.ndim]) + shape + array.tobytes()


def idx_files():
    """The four files: the test split holds the first two samples of the training split, swapped."""
    return {
        "train-images-idx3-ubyte": idx(IMAGES),
        "train-labels-idx1-ubyte": idx(LABELS),
        "t10k-images-idx3-ubyte": idx(IMAGES[1::-1].copy()),
        "t10k-labels-idx1-ubyte": idx(LABELS[1::-1].copy()),
    }


def write_idx(folder):
    folder.mkdir(parents=True)
    for name, data in idx_files().items():
        (folder / name).write_bytes(data)


def problem(load, **request):
    with pytest.raises(GanzooError) as error:
        load(DataRequest(**request))
    assert "\n" not in str(error.value)
    return str(error.value)


def everything_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.skipif(not SHARED.exists(), reason="the real MNIST files are not here")
def test_the_real_mnist_is_read_where_it_is():
    before = everything_below(SHARED)
    train = load_mnist(DataRequest(root=SHARED))
    test = load_mnist(DataRequest(root=SHARED, split="test"))
    assert train.fields["image"].shape == (60000, 1, 28, 28)
    assert train.fields["image"].dtype == torch.uint8
    assert train.fields["label"][:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert test.fields["label"][:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert train.fields["label"].dtype == torch.int64
    assert len(test) == 10000
    assert train.classes == tuple("0123456789")
    assert train.fields["image"].double().mean().item() == pytest.approx(33.3184, abs=1e-3)
    assert everything_below(SHARED) == before


@pytest.mark.parametrize(
    ("load", "place", "name"),
    [(load_mnist, "MNIST/raw", "mnist"), (load_fashion_mnist, "FashionMNIST/raw", "fashion-mnist")],
)
@pytest.mark.parametrize("by_default", [True, False])
def test_idx_files_are_read(tmp_path, load, place, name, by_default):
    root = tmp_path / ("data" if by_default else "mine")
    write_idx(root / place)
    said = []
    request = DataRequest(root=None if by_default else root, report=said.append)
    train = load(request)
    assert torch.equal(train.fields["image"], torch.from_numpy(IMAGES).unsqueeze(1))
    assert train.fields["label"].tolist() == [7, 2, 9]
    test = load(DataRequest(root=root, split="test"))
    assert test.fields["label"].tolist() == [2, 7]
    assert (train.name, len(train.classes), said) == (name, 10, [])


def write_cifar(root, monkeypatch):
    """A CIFAR-10 of two samples a batch, whose labels are the number of the batch, and 9."""
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    names = [name for name, _ in datasets.CIFAR10.train_list + datasets.CIFAR10.test_list]
    sums = {}
    for i, name in enumerate(names):
        pixels = np.full((2, 3, 32, 32), i, dtype=np.uint8)
        pixels[:, 1, 5] = 200
        content = pickle.dumps({"data": pixels.reshape(2, 3072), "labels": [i, 9]})
        (folder / name).write_bytes(content)
        sums[name] = [name, md5(content)]
    meta = pickle.dumps({"label_names": [f"class {i}" for i in range(10)]})
    (folder / "batches.meta").write_bytes(meta)
    monkeypatch.setattr(datasets.CIFAR10, "train_list", [sums[name] for name in names[:5]])
    monkeypatch.setattr(datasets.CIFAR10, "test_list", [sums[name] for name in names[5:]])
    monkeypatch.setattr(
        datasets.CIFAR10,
        "meta",
        {"filename": "batches.meta", "key": "label_names", "md5": md5(meta)},
    )
    return folder


def test_cifar10_is_read(tmp_path, monkeypatch):
    folder = write_cifar(tmp_path, monkeypatch)
    train = load_cifar10(DataRequest(root=tmp_path))
    assert train.fields["image"].shape == (10, 3, 32, 32)
    assert train.fields["image"].is_contiguous()
    assert train.fields["label"].tolist() == [0, 9, 1, 9, 2, 9, 3, 9, 4, 9]
    assert train.fields["image"][8, :, 0, 0].tolist() == [4, 4, 4]
    assert train.fields["image"][8, :, 5, 31].tolist() == [4, 200, 4]
    assert train.classes[9] == "class 9"
    test = load_cifar10(DataRequest(root=tmp_path, split="test"))
    assert test.fields["label"].tolist() == [5, 9]

    (folder / "data_batch_3").write_bytes(b"damaged")
    assert problem(load_cifar10, root=tmp_path).startswith(f"the files of cifar10 in '{folder}'")


def write_celeba(root):
    images = root / "celeba/img_align_celeba"
    images.mkdir(parents=True)
    lines = []
    for i in range(6):
        pixels = np.full((218, 178, 3), 255, dtype=np.uint8)
        pixels[12:-12] = i * 40  # what is left of a square around the centre
        Image.fromarray(pixels).save(images / f"{i:06}.jpg", quality=95)
        lines.append(f"{i:06}.jpg {i % 3}\n")
    (images.parent / "list_eval_partition.txt").write_text("".join(lines))
    return images


def test_celeba_is_decoded_by_its_own_partition(tmp_path):
    images = write_celeba(tmp_path)
    train = load_celeba(DataRequest(root=tmp_path))
    assert train.spec.shape == (3, 64, 64)
    assert train.fields["image"].float().mean((1, 2, 3)).tolist() == pytest.approx([0, 120], abs=1)
    test = load_celeba(DataRequest(root=tmp_path, split="test", image_size=(32, 32)))
    assert test.spec.shape == (3, 32, 32)
    assert test.fields["image"].float().mean((1, 2, 3)).tolist() == pytest.approx([80, 200], abs=1)

    (images.parent / "list_eval_partition.txt").write_text("000000.jpg\n")
    assert "incomplete or damaged" in problem(load_celeba, root=tmp_path)


def test_resizing_keeps_the_aspect_and_is_antialiased(tmp_path):
    pixels = np.zeros((3, 28, 28), dtype=np.uint8)
    pixels[0] = 200
    pixels[1] = np.indices((28, 28)).sum(0) % 2 * 255
    pixels[2, :, 7:21] = 100
    write_idx(tmp_path / "MNIST/raw")
    (tmp_path / "MNIST/raw/train-images-idx3-ubyte").write_bytes(idx(pixels))
    small = load_mnist(DataRequest(root=tmp_path, image_size=(7, 7))).fields["image"]
    assert small.shape == (3, 1, 7, 7)
    assert small.dtype == torch.uint8
    assert small[0].unique().tolist() == [200]
    assert (small[1].float() - 127.5).abs().max() < 20
    tall = load_mnist(DataRequest(root=tmp_path, image_size=(56, 28))).fields["image"]
    assert tall.shape == (3, 1, 56, 28)
    assert tall[2, 0, :, 3:-3].unique().tolist() == [100]
    same = load_mnist(DataRequest(root=tmp_path, image_size=(28, 28))).fields["image"]
    assert torch.equal(same[:, 0], torch.from_numpy(pixels))


@pytest.mark.parametrize(
    ("load", "name", "place"),
    [
        (load_mnist, "mnist", "MNIST/raw"),
        (load_fashion_mnist, "fashion-mnist", "FashionMNIST/raw"),
        (load_cifar10, "cifar10", "cifar-10-batches-py"),
        (load_celeba, "celeba", "celeba"),
    ],
)
def test_a_failed_download_is_one_sentence_and_leaves_nothing(tmp_path, load, name, place, capfd):
    said = []
    message = problem(load, root=tmp_path / "root", report=said.append)
    assert message.startswith(f"{name} could not be downloaded (")
    assert f"put its files into '{tmp_path / 'root' / place}'" in message
    assert "--dataset glyphs" in message
    assert said == [f"downloading {name} to '{tmp_path / 'root' / place}'"]
    assert everything_below(tmp_path / "root") == []
    assert capfd.readouterr() == ("", "")


def test_a_root_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    message = problem(load_mnist, root=tmp_path / "file" / "root")
    assert message.startswith("mnist could not be downloaded (Not a directory): ")


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A server on this machine for a small MNIST; what it serves is in the folder returned."""
    served = tmp_path / "served"
    served.mkdir()
    resources = []
    for name, data in idx_files().items():
        packed = gzip.compress(data)
        (served / f"{name}.gz").write_bytes(packed)
        resources.append((f"{name}.gz", md5(packed)))

    class Silent(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = partial(Silent, directory=served)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        monkeypatch.setattr(datasets.MNIST, "mirrors", [address])
        monkeypatch.setattr(datasets.MNIST, "resources", resources)
        yield served
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("empty_folder", [True, False])
def test_what_is_missing_is_downloaded_once_and_quietly(tmp_path, mirror, capfd, empty_folder):
    root = tmp_path / "root"
    if empty_folder:
        (root / "MNIST/raw").mkdir(parents=True)
    said = []
    train = load_mnist(DataRequest(root=root, report=said.append))
    assert torch.equal(train.fields["image"][:, 0], torch.from_numpy(IMAGES))
    assert [path.name for path in root.iterdir()] == ["MNIST"]
    assert capfd.readouterr() == ("", "")

    shutil.rmtree(mirror)
    assert load_mnist(DataRequest(root=root, report=said.append)).fields["label"].tolist() == [
        7,
        2,
        9,
    ]
    assert len(said) == 1


@pytest.mark.parametrize("cut", [0, 20, None])
def test_a_broken_download_leaves_nothing(tmp_path, mirror, cut):
    last = mirror / "t10k-labels-idx1-ubyte.gz"
    if cut is None:
        last.unlink()
    else:
        last.write_bytes(last.read_bytes()[:cut])
    root = tmp_path / "root"
    assert problem(load_mnist, root=root).startswith("mnist could not be downloaded (")
    assert everything_below(root) == []


def damage_truncated(raw):
    file = raw / "train-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:-100])


def damage_emptied(raw):
    (raw / "train-labels-idx1-ubyte").write_bytes(b"")


def damage_overwritten(raw):
    (raw / "train-images-idx3-ubyte").write_bytes(b"<html>not found</html>" * 10)


def damage_removed(raw):
    (raw / "t10k-labels-idx1-ubyte").unlink()


@pytest.mark.parametrize(
    "damage", [damage_truncated, damage_emptied, damage_overwritten, damage_removed]
)
def test_damaged_files_are_one_sentence(tmp_path, damage):
    raw = tmp_path / "MNIST/raw"
    write_idx(raw)
    damage(raw)
    assert problem(load_mnist, root=tmp_path) == (
        f"the files of mnist in '{raw}' are incomplete or damaged: "
        "delete that folder to have them downloaded again"
    )


# --- the cache -----------------------------------------------------------------------------------


def told(dataset):
    """All that there is to know of a data set, as JSON has it."""
    fields = {name: tensor.tolist() for name, tensor in dataset.fields.items()}
    return [dataset.name, list(dataset.classes), fields]


READER = """
import json, sys
from pathlib import Path
from ganzoo.data.sources import torchvision_sets
from ganzoo.data.dataset import DataRequest
for name, root, split, size in json.loads(sys.argv[1]):
    request = DataRequest(Path(root), split, size and tuple(size))
    dataset = getattr(torchvision_sets, f"load_{name}")(request)
    fields = {name: tensor.tolist() for name, tensor in dataset.fields.items()}
    print(json.dumps([dataset.name, list(dataset.classes), fields]))
print(json.dumps("torchvision" in sys.modules))
"""


def in_another_process(requests):
    """Have another process read these sets, and print them and whether torchvision is imported."""
    return subprocess.Popen(
        [sys.executable, "-c", READER, json.dumps(requests)], stdout=subprocess.PIPE, text=True
    )


def answers(process):
    out, _ = process.communicate()
    assert process.returncode == 0
    return [json.loads(line) for line in out.splitlines()]


def test_what_is_cached_is_the_same_and_read_without_torchvision(tmp_path, monkeypatch):
    write_idx(tmp_path / "MNIST/raw")
    write_idx(tmp_path / "FashionMNIST/raw")
    write_cifar(tmp_path, monkeypatch)
    write_celeba(tmp_path)
    loaders = {
        "mnist": load_mnist,
        "fashion_mnist": load_fashion_mnist,
        "cifar10": load_cifar10,
        "celeba": load_celeba,
    }
    requests = [
        (name, str(tmp_path), split, size)
        for name in loaders
        for split in ("train", "test")
        for size in (None, (16, 12))
    ]
    decoded = [
        told(loaders[name](DataRequest(Path(root), split, size)))
        for name, root, split, size in requests
    ]
    *cached, torchvision_is_there = answers(in_another_process(requests))
    assert cached == decoded
    assert torchvision_is_there is False


def test_two_processes_may_decode_one_set_at_once(tmp_path):
    write_idx(tmp_path / "MNIST/raw")
    both = [in_another_process([("mnist", str(tmp_path), "train", None)]) for _ in range(2)]
    results = [answers(process)[0] for process in both]
    assert results == [told(load_mnist(DataRequest(root=tmp_path)))] * 2
    (file,) = (tmp_path / "cache").iterdir()
    assert file.name.startswith("mnist-train-")


def decodings(monkeypatch):
    """A list that grows whenever torchvision reads an MNIST."""
    read, seen = datasets.MNIST._load_data, []

    def counting(self):
        seen.append(self.train)
        return read(self)

    monkeypatch.setattr(datasets.MNIST, "_load_data", counting)
    return seen


def test_a_set_is_decoded_once_for_each_split_and_size(tmp_path, monkeypatch):
    write_idx(tmp_path / "MNIST/raw")
    decoded = decodings(monkeypatch)
    for _ in range(2):
        for split in ("train", "test"):
            for size, shape in ((None, (28, 28)), ((28, 28), (28, 28)), ((7, 9), (7, 9))):
                dataset = load_mnist(DataRequest(tmp_path, split, size))
                assert dataset.spec.shape == (1, *shape)
                assert dataset.fields["label"].tolist() == (
                    [7, 2, 9] if split == "train" else [2, 7]
                )
    assert decoded == [True, True, False, False]


def test_a_changed_file_is_decoded_anew(tmp_path, monkeypatch):
    raw = tmp_path / "MNIST/raw"
    write_idx(raw)
    decoded = decodings(monkeypatch)
    load_mnist(DataRequest(root=tmp_path))
    labels = raw / "train-labels-idx1-ubyte"
    before = labels.stat()
    labels.write_bytes(idx(np.uint8([1, 1, 1])))
    os.utime(labels, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert load_mnist(DataRequest(root=tmp_path)).fields["label"].tolist() == [1, 1, 1]
    assert len(decoded) == 2
    damage_removed(raw)
    assert "incomplete or damaged" in problem(load_mnist, root=tmp_path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: b"",
        lambda whole: b"\xff" * 5000,
        lambda whole: whole[:-1],
        lambda whole: save({"image": torch.zeros(3, 1, 28, 28), "label": torch.zeros(3)}),
        lambda whole: save({"image": torch.zeros(3, 1, 28, 28)}, {"classes": "[]"}),
        lambda whole: save({"image": torch.zeros(3), "label": torch.zeros(3)}, {"classes": "["}),
    ],
)
def test_a_damaged_cache_is_built_anew(tmp_path, monkeypatch, damage):
    write_idx(tmp_path / "MNIST/raw")
    first = told(load_mnist(DataRequest(root=tmp_path)))
    (file,) = (tmp_path / "cache").iterdir()
    whole = file.read_bytes()
    file.unlink()  # what is mapped stays as it is
    file.write_bytes(damage(whole))
    decoded = decodings(monkeypatch)
    assert told(load_mnist(DataRequest(root=tmp_path))) == first
    assert (file.read_bytes(), decoded) == (whole, [True])


def test_without_a_cache_that_can_be_written_a_set_is_used_all_the_same(tmp_path, monkeypatch):
    write_idx(tmp_path / "MNIST/raw")
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "file" / "cache"))
    said = []
    dataset = load_mnist(DataRequest(root=tmp_path, report=said.append))
    assert torch.equal(dataset.fields["image"][:, 0], torch.from_numpy(IMAGES))
    (line,) = said
    assert line.startswith("mnist is decoded anew in every run: the image cache '")
    assert "cannot be written (Not a directory): set GANZOO_CACHE" in line
