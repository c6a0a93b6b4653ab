"""The Gaussian mixtures, against the papers' numbers and hand-made points."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.made.mixtures import covered, load_grid25, load_ring8
from ganzoo.errors import GanzooError

RING = load_ring8(DataRequest())
GRID = load_grid25(DataRequest())
Loader = Callable[[DataRequest], Dataset]
LOADERS = [load_ring8, load_grid25]


def centres(dataset: Dataset) -> Tensor:
    assert dataset.modes is not None
    return dataset.modes


def test_ring8_is_the_papers_divided_by_two_and_a_half() -> None:
    half = math.sqrt(0.5)
    unit = [(1, 0), (half, half), (0, 1), (-half, half), (-1, 0), (-half, -half), (0, -1)]
    expected = torch.tensor([*unit, (half, -half)]) * 2
    torch.testing.assert_close(centres(RING) * 2.5, expected, atol=1e-6, rtol=0)
    assert RING.mode_std * 2.5 == pytest.approx(0.02)
    assert RING.classes == tuple("01234567")


def test_grid25_is_the_papers_divided_by_five() -> None:
    expected = torch.tensor([(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)])
    torch.testing.assert_close(centres(GRID) * 5, expected.float())
    assert GRID.mode_std * 5 == pytest.approx(0.05)
    assert GRID.classes == tuple(map(str, range(25)))


@pytest.mark.parametrize("load", LOADERS)
@pytest.mark.parametrize(("split", "count"), [("train", 60_000), ("test", 10_000)])
def test_a_split_is_drawn_from_the_mixture(load: Loader, split: str, count: int) -> None:
    dataset = load(DataRequest(split=split, seed=4))
    points, labels = dataset.fields["image"], dataset.fields["label"]
    modes = len(centres(dataset))
    assert points.shape == (count, 2)
    assert points.dtype == torch.float32
    assert labels.shape == (count,)
    assert labels.dtype == torch.int64
    assert points.abs().max() < 0.9
    assert torch.bincount(labels).tolist() == [count // modes] * modes
    noise = (points - centres(dataset)[labels]) / dataset.mode_std
    for mode in range(modes):
        mine = noise[labels == mode]
        within = 5 / math.sqrt(len(mine))
        assert mine.mean(0).abs().max() < within
        assert (mine.T.cov() - torch.eye(2)).abs().max() < 1.5 * within


@pytest.mark.parametrize("load", LOADERS)
def test_a_seed_decides_and_splits_are_disjoint(load: Loader) -> None:
    requests = [DataRequest(split=s, seed=seed) for s in ("train", "test") for seed in (0, 1, 2)]
    points = [load(request).fields["image"] for request in requests]
    together = torch.cat([p.double() @ torch.tensor([1.0, math.pi]).double() for p in points])
    assert len(torch.unique(together)) > 0.999 * len(together)
    assert torch.equal(points[0], load(requests[0]).fields["image"])


@pytest.mark.parametrize("dataset", [RING, GRID], ids=["ring8", "grid25"])
def test_the_truth_covers_everything(dataset: Dataset) -> None:
    modes, quality = covered(dataset.fields["image"], dataset, share=0.9)
    assert modes == len(centres(dataset))
    assert quality == pytest.approx(1 - math.exp(-9 / 2), abs=0.002)


def test_points_at_hand_chosen_distances() -> None:
    east, north = centres(RING)[0], centres(RING)[2]
    step = torch.tensor([RING.mode_std, 0.0])
    points = torch.stack([east, east + 2.99 * step, east + 3.01 * step, north - 2.99 * step])
    assert covered(points, RING) == (2, 0.75)
    assert covered(points[2:3], RING) == (0, 0.0)
    assert covered(centres(GRID)[[7, 7, 24]], GRID) == (2, 1.0)


def test_a_share_counts_out_the_modes_that_strays_reach() -> None:
    points = centres(RING)[[0] * 90 + [1] * 6 + [2] * 4]
    assert covered(points, RING) == (3, 1.0)
    assert covered(points, RING, share=0.4) == (2, 1.0)  # 0.4 of 100 / 8 points are 5
    assert covered(points, RING, share=1.0) == (1, 1.0)


def test_points_that_are_no_numbers_are_of_no_quality() -> None:
    points = torch.tensor([[math.nan, 0.0], [math.inf, 0.0]])
    assert covered(points, RING) == (0, 0.0)


def test_data_without_known_centres_is_refused() -> None:
    with pytest.raises(GanzooError, match="the centres of 'faces' are unknown"):
        covered(torch.zeros(1, 2), Dataset.of("faces", *RING.fields.values(), RING.classes))


@pytest.mark.parametrize("load", LOADERS)
def test_points_have_no_image_size(load: Loader) -> None:
    with pytest.raises(GanzooError, match="holds points in the plane: leave out --image-size"):
        load(DataRequest(image_size=(28, 28)))
