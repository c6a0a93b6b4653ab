"""The drawn digits: reproducible, balanced, and like MNIST in size, place and ink."""

import pytest
import torch
from helpers.data.by_threads import by_threads
from helpers.places import SHARED
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.made import glyphs
from ganzoo.data.made.glyphs import draw, load, shuffled_labels
from ganzoo.data.made.strokes import STYLES
from ganzoo.errors import GanzooError

TEN_OF_EACH = torch.arange(10).repeat(10)


def drawn(labels: Tensor, size: tuple[int, int] = (28, 28), seed: int = 0) -> Tensor:
    """Glyphs as float (n, height, width) in [0, 1]."""
    return draw(labels, size, Generator().manual_seed(seed))[:, 0].float() / 255


@pytest.fixture(scope="module")
def test_split() -> Dataset:
    return load(DataRequest(split="test"))


def test_a_split_has_its_format(test_split: Dataset) -> None:
    image, label = test_split.fields["image"], test_split.fields["label"]
    assert image.shape == (10_000, 1, 28, 28)
    assert image.dtype == torch.uint8
    assert label.shape == (10_000,)
    assert label.dtype == torch.int64
    assert test_split.classes == ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
    assert test_split.spec.shape == (1, 28, 28)
    assert test_split.spec.classes == 10


def test_labels_are_balanced_and_shuffled() -> None:
    for split, each in ("train", 6000), ("test", 1000):
        labels, _ = shuffled_labels(DataRequest(split=split), 10)
        assert torch.bincount(labels).tolist() == [each] * 10
        # every thousandth part has about its hundred of each; sorted or cyclic labels would not
        counts = torch.stack(
            [torch.bincount(part, minlength=10) for part in torch.split(labels, 1000)]
        )
        assert 60 < counts.min() < 100 < counts.max() < 140


def test_splits_and_seeds_are_different_streams(test_split: Dataset) -> None:
    firsts = []
    for split in "train", "test":
        for seed in 0, 1, 2:
            _, generator = shuffled_labels(DataRequest(split=split, seed=seed), 10)
            firsts.append(draw(TEN_OF_EACH, (28, 28), generator))
    seen = {image.numpy().tobytes() for images in firsts for image in images}
    assert len(seen) == 6 * 100
    unique = torch.unique(test_split.fields["image"].flatten(1), dim=0)
    assert len(unique) == len(test_split)


def test_the_bytes_depend_on_neither_threads_nor_process() -> None:
    images = "draw(torch.arange(3000) % 10, (28, 28), torch.Generator().manual_seed(3))"
    assert len(by_threads("from ganzoo.data.made.glyphs import draw", images)) == 1


def test_ink_fits_and_is_centred_like_mnist() -> None:
    images = drawn(TEN_OF_EACH.repeat(10))
    black = images > 0.5
    height = black.any(2).sum(1)
    width = black.any(1).sum(1)
    longer = torch.maximum(height, width)
    assert longer.min() >= 18
    assert longer.max() <= 22
    place = torch.arange(28) + 0.5
    mass = images.sum((1, 2))
    for axis in 1, 2:
        centre = (images.sum(axis) * place).sum(1) / mass
        assert (centre - 14).abs().mean() < 0.3  # where strokes cross, ink counts twice
        assert (centre - 14).abs().max() < 1.5


def test_intensity_is_that_of_mnist(test_split: Dataset) -> None:
    root = SHARED / "MNIST/raw/t10k-images-idx3-ubyte"
    ours = test_split.fields["image"].float() / 255
    assert 0.11 < ours.mean() < 0.15
    if not root.exists():
        pytest.skip("real MNIST is not there to compare with")
    theirs = torch.frombuffer(bytearray(root.read_bytes()[16:]), dtype=torch.uint8) / 255
    assert ours.mean().item() == pytest.approx(theirs.mean().item(), abs=0.015)
    assert ours.std().item() == pytest.approx(theirs.std().item(), abs=0.02)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 9), st.integers(16, 256), st.integers(16, 256), st.integers(0, 2**31))
def test_any_size_shows_the_same_glyph(digit: int, height: int, width: int, seed: int) -> None:
    image = drawn(torch.tensor([digit]), (height, width), seed)[0]
    assert image.shape == (height, width)
    assert image.max() > 0.9
    # The covered area is that of a large drawing, but 16 pixels sample a thin stroke coarsely.
    large = drawn(torch.tensor([digit]), (256, 256), seed)[0].mean() * 28**2
    area = image.sum() * (28 / min(height, width)) ** 2
    assert area.item() == pytest.approx(large.item(), rel=0.5)


def test_covered_area_does_not_depend_on_the_size() -> None:
    areas = torch.stack(
        [
            drawn(TEN_OF_EACH, (height, width)).sum((1, 2)) * (28 / min(height, width)) ** 2
            for height, width in ((256, 256), (28, 28), (16, 16), (20, 50), (100, 64))
        ]
    )
    ratio = areas / areas[0]
    assert (ratio.mean(1) - 1).abs().max() < 0.015
    assert (ratio[1] - 1).abs().max() < 0.15


def test_a_larger_drawing_is_the_same_with_more_detail() -> None:
    small = drawn(TEN_OF_EACH)
    large = drawn(TEN_OF_EACH, (84, 84)).reshape(-1, 28, 3, 28, 3).mean((2, 4))
    other = drawn(TEN_OF_EACH, seed=1)
    assert (small - large).abs().mean() < 0.02  # all of it at the edges
    assert (small - other).abs().mean() > 0.1


def test_strokes_have_no_gaps_at_the_largest_size() -> None:
    ones = drawn(torch.ones(50, dtype=torch.int64), (256, 256))
    rows = ones.amax(2)  # a 1 is one stroke from top to bottom, so each of its rows has ink
    inked = rows > 0.5
    top = inked.int().argmax(1)
    bottom = 255 - inked.flip(1).int().argmax(1)
    assert torch.equal(inked.sum(1), bottom - top + 1)


def test_every_digit_has_several_styles_within_the_box() -> None:
    assert {digit for digit, _, _ in STYLES} == set(range(10))
    for digit in range(10):
        assert sum(style[0] == digit for style in STYLES) >= 3
    for _, share, strokes in STYLES:
        assert share > 0
        for word in strokes.replace("|", " ").split():
            x, y = map(float, word.rstrip("!").split(","))
            assert 0 <= x <= 20
            assert 0 <= y <= 20


def test_classes_are_distinct() -> None:
    """Without learning, by the nearest of 3,000 glyphs, another 500 are told apart."""
    labels = torch.arange(3500) % 10
    images = drawn(labels).flatten(1)
    nearest = torch.cdist(images[3000:], images[:3000]).argmin(1)
    assert (labels[:3000][nearest] == labels[3000:]).float().mean() > 0.85


@pytest.mark.parametrize("size", [(15, 28), (28, 257)])
def test_an_impossible_size_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(GanzooError, match=f"16 to 256 pixels a side, not {size[0]}x{size[1]}"):
        load(DataRequest(image_size=size))


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(GanzooError, match="no split 'valid': choose train or test"):
        load(DataRequest(split="valid"))


@pytest.mark.parametrize("size", [(16, 16), (28, 28), (64, 256)])
def test_what_is_too_faint_to_be_reckoned_with_paints_nothing(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    found = drawn(TEN_OF_EACH, size)
    monkeypatch.setattr(glyphs, "_NOTHING", -torch.inf)
    assert torch.equal(found, drawn(TEN_OF_EACH, size))
