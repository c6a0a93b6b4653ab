"""The glyphs in ink: the same drawings, dark on light, in colours that do not tell the digit."""

from pathlib import Path

import pytest
import torch
from helpers.data.by_threads import by_threads
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.made import glyphs
from ganzoo.data.made.drawing import SAMPLES
from ganzoo.data.made.ink import INKS, PAPERS, _noise, load, write
from ganzoo.errors import GanzooError

FIFTY = torch.arange(50) % 10


def drawing(size: tuple[int, int] = (28, 28), labels: Tensor = FIFTY) -> Tensor:
    return glyphs.draw(labels, size, Generator().manual_seed(0))


def written(drawings: Tensor, seed: int = 1) -> Tensor:
    """Images as float (n, 3, height, width) in [0, 1]."""
    return write(drawings, Generator().manual_seed(seed)).float() / 255


def luminance(images: Tensor) -> Tensor:
    """What share of the light an eye sees, (n, height, width), by Rec. 601."""
    return torch.einsum("nchw,c->nhw", images.float(), torch.tensor([0.299, 0.587, 0.114]))


def correlation(first: Tensor, second: Tensor) -> Tensor:
    """Pearson's, image by image, (n,)."""
    first, second = (x.double().flatten(1) for x in (first, second))
    first, second = (x - x.mean(1, keepdim=True) for x in (first, second))
    return (first * second).sum(1) / (first.norm(dim=1) * second.norm(dim=1))


@pytest.fixture(scope="module")
def pair() -> tuple[Dataset, Dataset]:
    """The test splits of ``glyphs`` and ``ink``."""
    request = DataRequest(split="test", seed=3)
    return glyphs.load(request), load(request)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A training split is as large as a test split, which is drawn sooner."""
    monkeypatch.setitem(SAMPLES, "train", SAMPLES["test"])


def test_a_split_has_its_format(pair: tuple[Dataset, Dataset]) -> None:
    _, ink = pair
    assert ink.name == "ink"
    assert ink.fields["image"].shape == (10_000, 3, 28, 28)
    assert ink.fields["image"].dtype == torch.uint8
    assert ink.fields["image"].is_contiguous()
    assert ink.classes == tuple("0123456789")
    assert (ink.spec.shape, ink.spec.classes, ink.spec.domains) == ((3, 28, 28), 10, 1)


def both(first: Dataset, second: Dataset) -> Dataset:
    return Dataset.unpaired("both", first, second)


def test_sample_i_is_the_drawing_of_glyph_i(pair: tuple[Dataset, Dataset]) -> None:
    drawn, ink = pair
    assert torch.equal(drawn.fields["label"], ink.fields["label"])
    light, glyph = luminance(ink.fields["image"]), drawn.fields["image"][:, 0]
    own = correlation(light, glyph)
    assert own.max() < -0.95
    assert own.mean() < -0.985
    assert correlation(light, glyph.roll(1, 0)).mean() > -0.5


@pytest.mark.usefixtures("short")
def test_the_pairing_holds_in_training_too(pair: tuple[Dataset, Dataset]) -> None:
    request = DataRequest(seed=3, image_size=(16, 20))
    drawn, ink = glyphs.load(request), load(request)
    light, glyph = luminance(ink.fields["image"][::10]), drawn.fields["image"][::10, 0]
    assert correlation(light, glyph).max() < -0.9
    assert both(drawn, ink).paired
    assert not both(pair[0], ink.first(len(pair[0]))).paired  # of the other split


def test_only_what_is_of_the_same_drawings_is_paired(pair: tuple[Dataset, Dataset]) -> None:
    drawn, ink = pair
    assert both(drawn, ink).paired
    assert both(ink, drawn).paired
    assert not ink.paired
    for seed in 3, 4:
        other = load(DataRequest(split="test", seed=seed, image_size=(16, 16)))
        assert both(drawn, other).paired == (seed == 3)
    assert not both(drawn, ink.first(len(ink) - 1)).paired


def test_ink_is_clearly_darker_than_paper(pair: tuple[Dataset, Dataset]) -> None:
    drawn, ink = pair
    light, glyph = luminance(ink.fields["image"]), drawn.fields["image"][:, 0]
    assert light[glyph == 255].max() < 0.45 * 255
    assert light[glyph == 0].min() > 0.55 * 255
    assert light[glyph == 255].mean() < 0.3 * 255
    assert light[glyph == 0].mean() > 0.8 * 255


def test_looks_do_not_depend_on_the_digit(pair: tuple[Dataset, Dataset]) -> None:
    """The colours of a class deviate from the others' by no more than chance: |z| < 4.5."""
    drawn, ink = pair
    image, glyph = ink.fields["image"].double(), drawn.fields["image"]
    looks = []
    for part in (glyph == 255, glyph == 0):
        count = part.sum((2, 3)).clamp(min=1)
        looks.append((image * part).sum((2, 3)) / count)
    seen = torch.cat(looks, 1)  # mean colour of the full ink and of the bare paper, (n, 6)
    inked = (glyph == 255).any(-1).any(-1)[:, 0]  # a thin stroke may have no full pixel
    seen, label = seen[inked], ink.fields["label"][inked]
    standard = (seen - seen.mean(0)) / seen.std(0)
    for digit in range(10):
        mine = standard[label == digit]
        assert len(mine) > 500
        assert (mine.mean(0) * len(mine) ** 0.5).abs().max() < 4.5, digit


def test_every_ink_and_every_paper_is_used_alike(pair: tuple[Dataset, Dataset]) -> None:
    drawn, ink = pair
    glyph = drawn.fields["image"]
    bare = glyph == 0
    paper = (ink.fields["image"] * bare).sum((2, 3)) / bare.sum((2, 3)) / 255
    nearest = torch.cdist(paper / 0.95, PAPERS).argmin(1)
    shares = torch.bincount(nearest, minlength=len(PAPERS)) / len(nearest)
    assert shares.min() > 0.5 / len(PAPERS)
    full = glyph == 255
    colour = (ink.fields["image"] * full).sum((2, 3)) / full.sum((2, 3)).clamp(min=1) / 255
    nearest = torch.cdist(colour[full.any(-1).any(-1)[:, 0]], INKS).argmin(1)
    shares = torch.bincount(nearest, minlength=len(INKS)) / len(nearest)
    assert shares.min() > 0.5 / len(INKS)


def test_papers_have_texture_and_are_not_the_same() -> None:
    blank = torch.zeros(200, 1, 28, 28, dtype=torch.uint8)
    light = luminance(written(blank))
    roughness = light.flatten(1).std(1)
    assert roughness.min() > 0.005
    assert roughness.max() < 0.08
    assert correlation(light, light.roll(1, 0)).abs().mean() < 0.3
    assert light.mean((1, 2)).std() > 0.03


def test_ink_flows_unevenly() -> None:
    solid = torch.full((200, 1, 28, 28), 255, dtype=torch.uint8)
    light = luminance(written(solid)).flatten(1)
    assert (light.std(1) / light.mean(1)).min() > 0.03


def test_a_larger_image_is_the_same_with_more_detail() -> None:
    small, large = written(drawing()), written(drawing((84, 84)))
    shrunk = large.reshape(-1, 3, 28, 3, 28, 3).mean((3, 5))
    assert (small - shrunk).abs().mean() < 0.02
    assert (small - written(drawing(), seed=2)).abs().mean() > 0.05
    for axis in (2, 3):  # smooth at the larger size: its neighbours differ less
        assert large.diff(dim=axis).abs().mean() < 0.6 * small.diff(dim=axis).abs().mean()


@settings(max_examples=15, deadline=None)
@given(st.integers(16, 256), st.integers(16, 256), st.integers(0, 2**31))
def test_any_size_shows_the_same_glyph_in_the_same_colours(
    height: int, width: int, seed: int
) -> None:
    labels = torch.arange(3)
    small, large = drawing(labels=labels), drawing((height, width), labels)
    images = written(large, seed)
    assert images.shape == (3, 3, height, width)
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    images, large = (x[:, :, top : top + side, left : left + side] for x in (images, large))
    assert correlation(luminance(images), large[:, 0]).max() < -0.9
    colours = [
        (image * (glyph == 0)).sum((2, 3)) / (glyph == 0).sum((2, 3))
        for image, glyph in ((images, large), (written(small, seed), small))
    ]
    assert (colours[0] - colours[1]).abs().max() < 0.04


@pytest.mark.usefixtures("short")
def test_splits_and_seeds_are_of_the_same_kind_but_not_the_same(
    pair: tuple[Dataset, Dataset],
) -> None:
    requests = [DataRequest(split=split, seed=seed) for split, seed in (("train", 3), ("test", 4))]
    images = [pair[1].fields["image"], *(load(request).fields["image"] for request in requests)]
    firsts = {image.numpy().tobytes() for some in images for image in some[:1000]}
    assert len(firsts) == 3000
    means = torch.stack([some.float().mean((0, 2, 3)) for some in images])
    assert means.std(0).max() < 1  # of 255: one stock of paper and of ink
    assert torch.equal(load(requests[1]).fields["image"], images[2])


@pytest.mark.usefixtures("short")
def test_another_split_or_seed_wears_other_looks() -> None:
    """Sample i of both splits would else be on the same paper."""
    papers = []
    for split, seed in (("train", 0), ("test", 0), ("test", 1)):
        dataset = load(DataRequest(split=split, seed=seed, image_size=(16, 16)))
        papers.append(dataset.fields["image"][:5000, :, :2, :2].double().mean((2, 3)))  # no ink
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert (correlation(papers[first].T, papers[second].T).abs() < 0.08).all()


def test_noise_has_its_variance_and_leaves_out_what_a_resolution_cannot_show() -> None:
    def noise(side: int) -> Tensor:
        return _noise(side, (2, 256), Generator().manual_seed(0))

    assert noise(600).mean().item() == pytest.approx(0, abs=1e-3)
    assert noise(600).var().item() == pytest.approx(1, abs=0.05)
    shares = torch.stack([noise(side).var() for side in (16, 32, 64, 128, 256)])
    assert (shares.diff() > 0.07).all()  # an octave each, of seven
    assert shares[0] < 0.4
    smooth = noise(600).reshape(200, 3, 200, 3).mean((1, 3))
    assert correlation(smooth[None], noise(200)[None]).item() > 0.97


def test_the_bytes_depend_on_neither_threads_nor_process() -> None:
    drawings = "(torch.arange(1000 * 784) * 7 % 256).byte().reshape(1000, 1, 28, 28)"
    images = f"write({drawings}, torch.Generator().manual_seed(3))"
    assert len(by_threads("from ganzoo.data.made.ink import write", images)) == 1


def test_a_folder_and_an_impossible_size_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GanzooError, match="'ink' is drawn on the spot and reads no files"):
        load(DataRequest(root=tmp_path))
    with pytest.raises(GanzooError, match="16 to 256 pixels a side, not 15x28"):
        load(DataRequest(image_size=(15, 28)))
    with pytest.raises(GanzooError, match="no split 'valid'"):
        load(DataRequest(split="valid"))
