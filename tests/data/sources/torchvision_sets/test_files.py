"""torchvision's sets are read where they are, and damaged ones named."""

import os

import numpy as np
import pytest
import torch
from helpers.data.torchvision_files import (
    IMAGES,
    damage_removed,
    everything_below,
    idx,
    problem,
    write_celeba,
    write_cifar,
    write_idx,
)
from helpers.places import SHARED

from ganzoo.data.dataset import DataRequest
from ganzoo.data.sources.torchvision_sets import (
    load_celeba,
    load_cifar10,
    load_fashion_mnist,
    load_mnist,
)


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


def test_files_of_an_older_torchvision_are_not_looked_at(tmp_path):
    """They went before the others, by which the cache is named, whatever they held."""
    write_idx(tmp_path / "MNIST/raw")
    old = tmp_path / "MNIST/processed"
    old.mkdir()
    for name in ("training.pt", "test.pt"):
        torch.save((torch.full((20, 28, 28), 9, dtype=torch.uint8), torch.zeros(20)), old / name)
    assert load_mnist(DataRequest(root=tmp_path)).fields["label"].tolist() == [7, 2, 9]


@pytest.mark.parametrize("name", ["../secret.jpg", "/etc/secret.jpg", "a/b.jpg"])
def test_celeba_names_its_own_images_alone(tmp_path, name):
    images = write_celeba(tmp_path)
    (images.parent / "secret.jpg").write_bytes((images / "000003.jpg").read_bytes())
    with (images.parent / "list_eval_partition.txt").open("a") as file:
        file.write(f"{name} 0\n")
    assert f"names '{name}', which is no file of img_align_celeba" in problem(
        load_celeba, root=tmp_path
    )


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


def damage_truncated(raw):
    file = raw / "train-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:-100])


def damage_emptied(raw):
    (raw / "train-labels-idx1-ubyte").write_bytes(b"")


def damage_overwritten(raw):
    (raw / "train-images-idx3-ubyte").write_bytes(b"<html>not found</html>" * 10)


def damage_piped(raw):
    (raw / "train-images-idx3-ubyte").unlink()
    os.mkfifo(raw / "train-images-idx3-ubyte")


@pytest.mark.parametrize(
    "damage", [damage_piped, damage_truncated, damage_emptied, damage_overwritten, damage_removed]
)
def test_damaged_files_are_one_sentence(tmp_path, damage):
    raw = tmp_path / "MNIST/raw"
    write_idx(raw)
    damage(raw)
    assert problem(load_mnist, root=tmp_path) == (
        f"the files of mnist in '{raw}' are incomplete or damaged: "
        "delete that folder to have them downloaded again"
    )
