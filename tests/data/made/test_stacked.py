"""Three digits in the colour channels: which, how many of each, and from where."""

import struct
from pathlib import Path

import pytest
import torch
from helpers.cli import ganzoo
from helpers.places import SHARED

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.made import glyphs
from ganzoo.data.made.stacked import load_stacked_glyphs, load_stacked_mnist
from ganzoo.data.sources.torchvision_sets import load_mnist
from ganzoo.errors import GanzooError


def check_channels(stacked: Dataset, digits: Dataset) -> None:
    """Each channel is one of the digits, as it is, and the label says which ones."""
    labels = {}
    for image, label in zip(digits.fields["image"], digits.fields["label"].tolist(), strict=True):
        labels.setdefault(image.numpy().tobytes(), set()).add(label)
    images, label = stacked.fields["image"], stacked.fields["label"].tolist()
    for index in range(0, len(stacked), 50):
        name = stacked.classes[label[index]]
        for channel, digit in zip(images[index], name, strict=True):
            assert int(digit) in labels[channel.numpy().tobytes()]


@pytest.fixture(scope="module")
def train() -> Dataset:
    return load_stacked_glyphs(DataRequest())


@pytest.fixture(scope="module")
def test() -> Dataset:
    return load_stacked_glyphs(DataRequest(split="test"))


def test_a_split_has_the_papers_size_and_format(train: Dataset, test: Dataset) -> None:
    for dataset, count in ((train, 128_000), (test, 26_000)):
        image, label = dataset.fields["image"], dataset.fields["label"]
        assert image.shape == (count, 3, 28, 28)
        assert image.dtype == torch.uint8
        assert image.is_contiguous()
        assert label.shape == (count,)
        assert label.dtype == torch.int64
        assert dataset.name == "stacked-glyphs"
        assert (dataset.spec.classes, len(set(dataset.classes))) == (1000, 1000)
    assert train.classes[0] == "000"
    assert train.classes[42] == "042"
    assert train.classes[-1] == "999"


def test_the_label_names_the_digits_in_red_green_and_blue(test: Dataset) -> None:
    check_channels(test, glyphs.load(DataRequest(split="test")))


def test_the_training_split_is_of_training_digits(train: Dataset) -> None:
    check_channels(train, glyphs.load(DataRequest()))


def test_all_thousand_classes_are_there_and_about_alike(train: Dataset, test: Dataset) -> None:
    for dataset in (train, test):
        counts = torch.bincount(dataset.fields["label"], minlength=1000).double()
        expected = len(dataset) / 1000
        assert len(counts) == 1000
        assert counts.min() > 0
        chi2 = ((counts - expected) ** 2 / expected).sum()  # of 999 degrees of freedom
        assert abs(chi2 - 999) < 5 * (2 * 999) ** 0.5


def test_channels_are_independent(train: Dataset) -> None:
    digits = train.fields["label"][:, None] // torch.tensor([100, 10, 1]) % 10
    centred = digits.double() - 4.5
    correlations = torch.corrcoef(centred.T)
    assert (correlations - torch.eye(3)).abs().max() < 5 / len(train) ** 0.5
    assert (train.fields["image"][:, 0] == train.fields["image"][:, 1]).all((1, 2)).sum() < 20


def test_samples_are_shuffled_and_decided_by_seed_and_split(test: Dataset) -> None:
    again = load_stacked_glyphs(DataRequest(split="test"))
    assert torch.equal(again.fields["image"], test.fields["image"])
    assert torch.equal(again.fields["label"], test.fields["label"])
    other = load_stacked_glyphs(DataRequest(split="test", seed=1))
    assert (other.fields["label"] == test.fields["label"]).double().mean() < 0.003
    first, second = test.fields["label"].tensor_split(2)
    assert abs(first.double().mean() - second.double().mean()) < 5 * 289 * (2 / 13_000) ** 0.5


def test_the_size_is_passed_on_and_changes_nothing_else(test: Dataset) -> None:
    request = DataRequest(split="test", image_size=(16, 20))
    small = load_stacked_glyphs(request)
    assert small.spec.shape == (3, 16, 20)
    assert torch.equal(small.fields["label"], test.fields["label"])
    check_channels(small, glyphs.load(request))


def write_mnist(root: Path) -> None:
    """An MNIST of 30 training and 20 test images, each of one shade."""
    folder = root / "MNIST/raw"
    folder.mkdir(parents=True)
    for part, count, offset in (("train", 30, 0), ("t10k", 20, 100)):
        shade = torch.arange(count, dtype=torch.uint8) + offset
        images = shade[:, None, None].expand(-1, 28, 28).contiguous()
        labels = (shade % 10).numpy().tobytes()
        for name, head, body in (
            ("images-idx3", struct.pack(">4i", 2051, count, 28, 28), images.numpy().tobytes()),
            ("labels-idx1", struct.pack(">2i", 2049, count), labels),
        ):
            (folder / f"{part}-{name}-ubyte").write_bytes(head + body)


def test_mnist_is_read_from_the_folder_that_is_named(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    for split, shades in (("train", range(30)), ("test", range(100, 120))):
        dataset = load_stacked_mnist(DataRequest(root=tmp_path, split=split))
        assert dataset.name == "stacked-mnist"
        shade = dataset.fields["image"][..., 14, 14]
        assert shade.unique().tolist() == list(shades)
        digits = shade.long() % 10
        assert torch.equal(dataset.fields["label"], digits @ torch.tensor([100, 10, 1]))


def test_a_seed_decides_what_is_stacked_of_mnist(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    first, second, again = (
        load_stacked_mnist(DataRequest(root=tmp_path, split="test", seed=seed)).fields["label"]
        for seed in (0, 1, 0)
    )
    assert torch.equal(first, again)
    assert (first == second).double().mean() < 0.003


def test_real_mnist_is_stacked() -> None:
    if not (SHARED / "MNIST").is_dir():
        pytest.skip("real MNIST is not there")
    request = DataRequest(root=SHARED, split="test")
    dataset = load_stacked_mnist(request)
    assert dataset.spec.shape == (3, 28, 28)
    check_channels(dataset, load_mnist(request))


def test_what_the_digits_refuse_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GanzooError, match="'stacked-glyphs' is drawn on the spot and reads no"):
        load_stacked_glyphs(DataRequest(root=tmp_path))
    with pytest.raises(GanzooError, match="16 to 256 pixels a side, not 8x8"):
        load_stacked_glyphs(DataRequest(image_size=(8, 8)))
    (tmp_path / "MNIST/raw").mkdir(parents=True)
    (tmp_path / "MNIST/raw/train-images-idx3-ubyte").write_bytes(b"half")
    with pytest.raises(GanzooError, match=r"the files of mnist in .* are incomplete or damaged"):
        load_stacked_mnist(DataRequest(root=tmp_path))


@pytest.mark.usefixtures("few_drawn")
def test_a_training_takes_them(tmp_path: Path) -> None:
    given = ("--steps", 3, "--batch-size", 8, "--out", tmp_path / "run")
    widths = ("--generator-widths", "8", "--discriminator-widths", "8")
    result = ganzoo("train", "vanilla", "--dataset", "stacked-glyphs", *given, *widths)
    assert result.status == 0, result.err
