"""The files of torchvision's sets, with a few samples each."""

import hashlib
import json
import pickle

import numpy as np
import pytest
from PIL import Image
from torchvision import datasets

from ganzoo.data.dataset import DataRequest
from ganzoo.data.sources.torchvision_sets import load_mnist
from ganzoo.errors import GanzooError

IMAGES = np.arange(3 * 28 * 28).reshape(3, 28, 28).astype(np.uint8)
LABELS = np.uint8([7, 2, 9])


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


def told(dataset):
    """All that there is to know of a data set, as JSON has it."""
    fields = {name: tensor.tolist() for name, tensor in dataset.fields.items()}
    return [dataset.name, list(dataset.classes), fields]


def tell_mnist(root):
    """Print what a process finds of an MNIST."""
    print(json.dumps(told(load_mnist(DataRequest(root=root)))))


def damage_removed(raw):
    (raw / "t10k-labels-idx1-ubyte").unlink()
