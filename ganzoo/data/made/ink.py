"""``ink``: the very glyphs of ``glyphs``, written in coloured ink on paper.

Sample i is the drawing of sample i of ``glyphs``, so that the two are an unpaired translation task
whose true pairing is known: darkness here is whiteness there. Neither the ink nor the paper
depends on the digit.
"""

import math

import torch
from torch import Generator, Tensor

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.made import glyphs
from ganzoo.data.made.drawing import refuse_root, reproducibly, stream
from ganzoo.data.trying import TRIED, stand_ins

INKS = torch.tensor(
    [
        [0.09, 0.11, 0.26],  # blue-black
        [0.05, 0.16, 0.52],  # royal blue
        [0.34, 0.17, 0.08],  # sepia
        [0.55, 0.07, 0.11],  # carmine
        [0.05, 0.30, 0.18],  # forest green
        [0.33, 0.09, 0.40],  # violet
    ]
)
"""The inks at their thickest: which share of red, green and blue light they let through."""

PAPERS = torch.tensor(
    [
        [0.96, 0.95, 0.92],  # white
        [0.97, 0.92, 0.80],  # cream
        [0.89, 0.80, 0.65],  # parchment
        [0.87, 0.91, 0.93],  # pale blue
        [0.95, 0.86, 0.83],  # rose
    ]
)
"""The papers' colours, red, green and blue."""

_CHUNK = 256  # images written at once: what fits the cache
_SHEET = 128  # side of the sheet that all papers are cut from, in pixels of MNIST
_FINEST = 256  # of its waves, in cycles a side
_STOCK = 8  # seed of the sheet, which is the same for both splits and all seeds


def load(request: DataRequest) -> Dataset:
    """The 60,000 training or 10,000 test glyphs of ``request.seed`` in ink, 3x28x28.

    Raises:
        GanzooError: as ``glyphs``.
    """
    refuse_root(request, "ink")
    drawings = glyphs.load(request)
    images = write(drawings.fields["image"], stream(request, "ink"))
    labels = drawings.tensors["label"]
    return Dataset.images("ink", images, labels, drawings.classes, drawings.truth)


def write(drawings: Tensor, generator: Generator) -> Tensor:
    """Each drawing in an ink on a paper of its own, uint8 (n, 3, height, width).

    The same generator state takes the same inks and papers at every size, on any number of threads.

    Args:
        drawings: uint8 (n, 1, height, width), white on black, of 28 MNIST pixels the shorter side.
        generator: a CPU one, which is advanced.
    """
    if (few := stand_ins(len(drawings))) is not None:
        return write(drawings[:TRIED], generator)[few]
    count, _, height, width = drawings.shape
    images = torch.empty(count, 3, height, width, dtype=torch.uint8)
    with reproducibly():
        ink, paper = _pick(INKS, count, generator), _pick(PAPERS, count, generator)
        corners = torch.rand(2, count, 2, generator=generator)
        grain, flow = _sheets(round(_SHEET * min(height, width) / 28))
        for chunk in torch.split(torch.arange(count), _CHUNK):
            thickness = drawings[chunk] / 255 * _cut(flow, corners[0, chunk], height, width)
            light = 1 - thickness * (1 - ink[chunk])
            light *= 1 - _cut(grain, corners[1, chunk], height, width)
            images[chunk] = (255 * paper[chunk] * light).round().clamp(0, 255).to(torch.uint8)
    return images


def _pick(colours: Tensor, count: int, generator: Generator) -> Tensor:
    """Any of the colours, (count, 3, 1, 1), each a little lighter, darker or of another hue."""
    chosen = colours[torch.randint(len(colours), (count,), generator=generator)]
    light = 1 + 0.08 * (2 * torch.rand(count, 1, generator=generator) - 1)
    hue = 1 + 0.04 * (2 * torch.rand(count, 3, generator=generator) - 1)
    return (chosen * light * hue).clamp(0, 1)[..., None, None]


def _sheets(side: int) -> tuple[Tensor, Tensor]:
    """What share of the light the paper's grain swallows, and how thick the ink flows.

    Returns:
        Two sheets, (side, side), that repeat seamlessly.
    """
    generator = Generator().manual_seed(_STOCK)
    mottling = _noise(side, (2, _FINEST), generator)
    fibres = (1 - _noise(side, (6, 24), generator).abs() / 0.25).clamp(min=0)
    flow = _noise(side, (8, 40), generator)
    return 0.03 + 0.025 * mottling + 0.06 * fibres, 0.8 + 0.2 * torch.sigmoid(2 * flow)


def _noise(side: int, band: tuple[int, int], generator: Generator) -> Tensor:
    """Smooth periodic noise of mean 0 and variance about 1, as much in every octave of the band.

    The same generator state gives the same noise at every resolution, with more detail at a higher.

    Args:
        side: the resolution.
        band: the lowest and the highest frequency, in cycles a side.
        generator: a CPU one, which is advanced.

    Returns:
        (side, side)
    """
    frequency = torch.arange(band[1] + 1.0).repeat(2)  # of the cosines and of the sines
    radial = torch.hypot(frequency[:, None], frequency)
    inside = (radial >= band[0]) & (radial <= band[1])
    amplitude = torch.where(inside, 1 / radial, 0) * torch.randn(radial.shape, generator=generator)
    amplitude *= 2 / amplitude.norm()  # as the product of two waves has the mean square 1/4
    phase = 2 * math.pi * frequency * (torch.arange(side)[:, None] + 0.5) / side
    cosines, sines = phase.tensor_split(2, 1)
    waves = torch.cat((cosines.cos(), sines.sin()), 1) * (frequency < side / 2)  # else they alias
    return waves @ amplitude @ waves.T


def _cut(sheet: Tensor, corners: Tensor, height: int, width: int) -> Tensor:
    """Pieces of a sheet, (n, 1, height, width), with their corners (n, 2) in [0, 1)."""
    side = len(sheet)
    top, left = (corners * side).long().unbind(1)
    rows = (top[:, None] + torch.arange(height)) % side
    columns = (left[:, None] + torch.arange(width)) % side
    return sheet[rows[:, None, :, None], columns[:, None, None, :]]
