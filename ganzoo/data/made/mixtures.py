"""``ring8`` and ``grid25``: mixtures of Gaussians in the plane, on which mode collapse shows.

Both are divided by a constant so that all samples lie in [-1, 1]; their shape stays the papers'.
"""

import math

import torch
from torch import Tensor

from ganzoo.data.dataset import DataRequest, Dataset, Truth
from ganzoo.data.made.drawing import refuse_root, refuse_size, shuffled_labels
from ganzoo.errors import GanzooError

HIGH_QUALITY = 3.0  # standard deviations from the nearest centre


def load_ring8(request: DataRequest) -> Dataset:
    """Eight Gaussians of std 0.02 on a circle of radius 2 (Metz 2017), divided by 2.5.

    Mode k lies at the angle k / 8 of a turn. https://arxiv.org/abs/1611.02163, appendix A

    Raises:
        GanzooError: the split does not exist, or an image size is asked for.
    """
    angle = 2 * math.pi * torch.arange(8) / 8
    centres = 2 * torch.stack((angle.cos(), angle.sin()), 1)
    return _mixture("ring8", centres / 2.5, 0.02 / 2.5, request)


def load_grid25(request: DataRequest) -> Dataset:
    """25 Gaussians of std 0.05 at the even points of -4 to 4 (PacGAN 2018), divided by 5.

    Mode 5 i + j lies in column i from the left and row j from below. https://arxiv.org/abs/1712.04086

    Raises:
        GanzooError: the split does not exist, or an image size is asked for.
    """
    ticks = torch.arange(-4.0, 5.0, 2.0)
    return _mixture("grid25", torch.cartesian_prod(ticks, ticks) / 5, 0.05 / 5, request)


def covered(points: Tensor, dataset: Dataset, *, share: float = 0.0) -> tuple[int, float]:
    """How many modes `points` cover, and which share of them is of high quality.

    A point is of high quality within three standard deviations of its nearest centre; a mode is
    covered when it is the nearest of at least one such point. This is the measure of VEEGAN
    (https://arxiv.org/abs/1705.07761) and PacGAN, who take 2,500 points. Of the true distribution
    98.9% is of high quality: 1 - exp(-9/2) in the plane.

    Args:
        points: (n, dimensions), at least one.
        dataset: whose centres are known.
        share: of the points that a mode would get if all got the same, how much covers it; 0: one
            point. Larger values count out the modes that only strays reach.

    Raises:
        GanzooError: the data set has no known centres.
    """
    if dataset.modes is None:
        raise GanzooError(
            f"the centres of '{dataset.name}' are unknown, so its modes cannot be counted: "
            "use ring8 or grid25"
        )
    distances = torch.cdist(points.detach().cpu().double(), dataset.modes.double())
    distance, nearest = distances.min(1)
    good = distance <= HIGH_QUALITY * dataset.mode_std
    hits = torch.bincount(nearest[good], minlength=len(dataset.modes))
    enough = max(1.0, share * len(points) / len(dataset.modes))
    return int((hits >= enough).sum()), good.double().mean().item()


def _mixture(name: str, centres: Tensor, std: float, request: DataRequest) -> Dataset:
    refuse_root(request, name)
    refuse_size(request, name, "points in the plane")
    labels, generator = shuffled_labels(request, len(centres))
    points = centres[labels] + std * torch.randn(len(labels), 2, generator=generator)
    classes = tuple(map(str, range(len(centres))))
    truth = Truth(modes=centres, mode_std=std)
    return Dataset.points(name, points, labels, classes, truth)
