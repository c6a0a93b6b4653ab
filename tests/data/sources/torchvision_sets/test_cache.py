"""torchvision's sets are decoded once, and then read without torchvision."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.children import start
from helpers.data.torchvision_files import (
    IMAGES,
    damage_removed,
    idx,
    problem,
    tell_mnist,
    told,
    write_celeba,
    write_cifar,
    write_idx,
)
from safetensors.torch import save
from torchvision import datasets

from ganzoo.data.dataset import DataRequest
from ganzoo.data.sources.torchvision_sets import (
    load_celeba,
    load_cifar10,
    load_fashion_mnist,
    load_mnist,
)

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


def read_elsewhere(requests):
    """What another process reads of these sets, and whether it has imported torchvision."""
    command = [sys.executable, "-c", READER, json.dumps(requests)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


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
    *cached, torchvision_is_there = read_elsewhere(requests)
    assert cached == decoded
    assert torchvision_is_there is False


def test_two_processes_may_decode_one_set_at_once(tmp_path):
    write_idx(tmp_path / "MNIST/raw")
    both = [start(tmp_path, name, tell_mnist, tmp_path) for name in ("one", "other")]
    assert [child.wait() for child in both] == [0, 0]
    results = [json.loads(child.out.read_text()) for child in both]
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
