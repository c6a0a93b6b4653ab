"""Stacked digits: three of them in the red, green and blue channel, a thousand classes.

The test of Metz et al. 2017 (https://arxiv.org/abs/1611.02163, section 3.3.1) for how many of the
thousand modes a generator covers. There are as many samples as in VEEGAN
(https://arxiv.org/abs/1705.07761) and PacGAN (https://arxiv.org/abs/1712.04086), so that their
tables can be compared with: 128,000 to train on, about 128 a class, which are 301 MB of 28x28
pixels; and a test split of 26,000, as many as they judge a generator by.
"""

import torch
from torch import Tensor

from ganzoo.data.dataset import DataRequest, Dataset, Truth
from ganzoo.data.made import glyphs
from ganzoo.data.made.drawing import refuse_root, stream
from ganzoo.data.sources.torchvision_sets import load_mnist

SAMPLES = {"train": 128_000, "test": 26_000}

CLASSES = tuple(f"{label:03}" for label in range(1000))


def load_stacked_mnist(request: DataRequest) -> Dataset:
    """Triples of ``mnist``'s digits of the same split, 3x28x28, drawn by ``request.seed``.

    Raises:
        GanzooError: as ``mnist``.
    """
    return _stacked("stacked-mnist", load_mnist(request), request)


def load_stacked_glyphs(request: DataRequest) -> Dataset:
    """Triples of the ``glyphs`` of the same split and seed, 3x28x28.

    Raises:
        GanzooError: as ``glyphs``.
    """
    refuse_root(request, "stacked-glyphs")
    return _stacked("stacked-glyphs", glyphs.load(request), request)


def _stacked(name: str, digits: Dataset, request: DataRequest) -> Dataset:
    """Class 100 a + 10 b + c shows the digit a in red, b in green and c in blue."""
    shape = (SAMPLES[request.split], 3)
    chosen = torch.randint(len(digits), shape, generator=stream(request, name))
    image: Tensor = digits.fields["image"][chosen, 0]
    label = digits.fields["label"][chosen] @ torch.tensor([100, 10, 1])
    return Dataset.images(name, image, label, CLASSES, Truth(per_channel=10))
