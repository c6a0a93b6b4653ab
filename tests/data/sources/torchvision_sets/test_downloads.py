"""torchvision's sets are downloaded whole or not at all."""

import gzip
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch
from helpers.data.torchvision_files import IMAGES, everything_below, idx_files, md5, problem
from torchvision import datasets

from ganzoo.data.dataset import DataRequest
from ganzoo.data.sources.torchvision_sets import (
    load_celeba,
    load_cifar10,
    load_fashion_mnist,
    load_mnist,
)


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


def test_a_root_that_is_the_folder_of_the_set_is_told_of(tmp_path):
    """As somebody names who has looked for it."""
    (tmp_path / "MNIST/raw").mkdir(parents=True)
    (tmp_path / "MNIST/raw/train-images-idx3-ubyte").touch()
    message = problem(load_mnist, root=tmp_path / "MNIST")
    assert message.endswith(f"name the one that it lies in, --data-root {tmp_path}")
    assert not (tmp_path / "MNIST/MNIST").exists()
