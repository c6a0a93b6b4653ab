"""What the tests of torchvision's sets set up."""

import sys

import pytest
from torchvision import datasets


@pytest.fixture(autouse=True)
def nowhere_to_go(tmp_path, monkeypatch):
    """No test reaches the network or the user's folders."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path / "data"))
    refusing = "http://127.0.0.1:9/"
    for kind in (datasets.MNIST, datasets.FashionMNIST):
        monkeypatch.setattr(kind, "mirrors", [refusing])
    monkeypatch.setattr(datasets.CIFAR10, "url", refusing + "cifar.tar.gz")
    monkeypatch.setitem(sys.modules, "gdown", None)
