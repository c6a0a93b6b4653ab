"""``sines``: five sine waves at a time, each of a frequency and a phase of its own.

As the first data set of TimeGAN (Yoon et al. 2019, section 5), of 24 moments and five channels;
here a wave has half a period to three periods in that time.
https://papers.nips.cc/paper/8789-time-series-generative-adversarial-networks
"""

import math

import torch
from torch import Tensor

from ganzoo.data.dataset import DataRequest, Dataset, Truth
from ganzoo.data.made.drawing import SMALL, refuse_root, refuse_size, reproducibly, shuffled_labels
from ganzoo.data.made.small.fields import SINES
from ganzoo.spec import DataSpec

NAME = "sines"
PERIODS = (0.5, 3.0)
"""The fewest and the most periods in a series."""
TOLERANCE = 0.1
"""How far a series may be from the nearest sine, root of the mean square."""


def load(request: DataRequest) -> Dataset:
    """10,000 series to train on, 2,000 to test: ``series`` in [-1, 1].

    Raises:
        GanzooError: the split does not exist, or an image size is asked for.
    """
    refuse_root(request, NAME)
    refuse_size(request, NAME, "series")
    labels, generator = shuffled_labels(request, 1, SMALL)
    moments, channels = SINES[0].shape
    frequency, phase = torch.rand(2, len(labels), 1, channels, generator=generator)
    periods = PERIODS[0] + (PERIODS[1] - PERIODS[0]) * frequency
    time = torch.arange(moments).view(1, -1, 1) / moments
    with reproducibly():
        series = (2 * math.pi * (periods * time + phase)).sin()
    return Dataset(DataSpec((SINES,), NAME), {"series": series}, (Truth(valid=valid),))


def valid(series: Tensor) -> Tensor:
    """Which of float32 (n, moments, channels) are near sines in each channel: bool (n,).

    The nearest is that of the least squares over cosine, sine and 51 frequencies.
    """
    moments = series.shape[1]
    time = torch.arange(moments, dtype=torch.float64) / moments
    best = torch.full((len(series), series.shape[2]), math.inf, dtype=torch.float64)
    for periods in torch.linspace(*PERIODS, 51).tolist():
        angle = 2 * math.pi * periods * time
        basis, _ = torch.linalg.qr(torch.stack((angle.cos(), angle.sin()), 1))
        rest = series.double() - basis @ (basis.T @ series.double())
        best = torch.minimum(best, rest.square().mean(1).sqrt())
    return (best <= TOLERANCE).all(1)
