"""``glyphs``: handwritten digits in MNIST's format, drawn on the spot from pen strokes.

A glyph is a style of `strokes` whose points are shifted, bent and slanted, joined by a
Catmull-Rom spline and painted with a pen of varying pressure. As in MNIST the ink fits a box of
20 of 28 pixels, and its centre of mass is the image's centre.
"""

import math
from dataclasses import dataclass
from functools import cache

import torch
from torch import Generator, Tensor
from torch.nn.functional import one_hot

from ganzoo.data.dataset import DataRequest, Dataset, Truth
from ganzoo.data.made.drawing import refuse_root, reproducibly, shuffled_labels
from ganzoo.data.made.strokes import STYLES
from ganzoo.data.trying import TRIED, stand_ins
from ganzoo.errors import GanzooError

_CHUNK = 256  # glyphs painted at once: what fits the cache (part of what a seed means)
_BLACK = 30.0  # ink on the centre line of a stroke, where an ink of 1 blackens 63% of a pixel
_HALF_WIDTH = math.sqrt(2 * math.log(_BLACK / math.log(2)))  # of a stroke, in sigmas of the pen
_NOTHING = -40.0  # as an exponent: it paints nothing, and far smaller ones take many times as long
_CATMULL_ROM = torch.tensor([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]]) / 2


def load(request: DataRequest) -> Dataset:
    """The 60,000 training or 10,000 test glyphs of ``request.seed``, ten balanced classes.

    Raises:
        GanzooError: the split does not exist, or a side is not of 16 to 256 pixels.
    """
    refuse_root(request, "glyphs")
    size = chosen_size(request)
    labels, generator = shuffled_labels(request, 10)
    images = draw(labels, size, generator)
    truth = Truth(drawings=f"glyphs of seed {request.seed}, {request.split} split")
    return Dataset.images("glyphs", images, labels, tuple("0123456789"), truth)


def chosen_size(request: DataRequest, default: tuple[int, int] = (28, 28)) -> tuple[int, int]:
    """The (height, width) of the glyphs that are asked for.

    Raises:
        GanzooError: a side is not of 16 to 256 pixels.
    """
    height, width = request.image_size or default
    if min(height, width) < 16 or max(height, width) > 256:
        raise GanzooError(
            f"glyphs are drawn with 16 to 256 pixels a side, not {height}x{width}: "
            "choose another --image-size"
        )
    return height, width


def draw(labels: Tensor, size: tuple[int, int], generator: Generator) -> Tensor:
    """One glyph for each label, white on black, uint8 (n, 1, height, width).

    The same generator state gives the same glyphs at every size, on any number of threads.

    Args:
        labels: int64 (n,), the digits.
        size: (height, width); the ink fits 20/28 of the shorter side.
        generator: a CPU one, which is advanced.
    """
    if (few := stand_ins(len(labels))) is not None:
        return draw(labels[:TRIED], size, generator)[few]
    images = torch.empty(len(labels), 1, *size, dtype=torch.uint8)
    shares = torch.zeros(10, len(STYLES))
    for index, (digit, share, _) in enumerate(STYLES):
        shares[digit, index] = share
    with reproducibly():
        styles = torch.multinomial(shares[labels], 1, generator=generator)[:, 0]
        for index in range(len(STYLES)):
            for chunk in torch.split((styles == index).nonzero()[:, 0], _CHUNK):
                images[chunk, 0] = _paint(_write(_pen(index), len(chunk), generator), size)
    return images


@dataclass(frozen=True)
class _Pen:
    """The way of the pen through c control points, at k moments."""

    control: Tensor
    """(c, 2) in [-1, 1], y downwards."""
    curve: Tensor
    """(k, c): maps control points to where the pen is."""
    step: Tensor
    """(k, c): maps control points to how far the pen goes from one moment to the next."""


@dataclass(frozen=True)
class _Ink:
    """n glyphs as k blots each, in pixels of MNIST from the image's centre."""

    points: Tensor
    """(n, k, 2) as x and y."""
    sigma: Tensor
    """(n, k): the pen's radius."""
    step: Tensor
    """(n, k): the length of stroke that a blot stands for."""


@cache
def _pen(style: int) -> _Pen:
    paths = [_path(stroke) for stroke in STYLES[style][2].split("|")]
    points = list(dict.fromkeys(point for path in paths for point in path))
    curve, step = [], []
    for path in paths:
        for quad in zip(path, path[1:], path[2:], path[3:], strict=False):
            count = math.ceil(1.5 * math.dist(quad[1], quad[2]))  # 0 where the pen turns
            u = (torch.arange(count) + 0.5) / count
            weights = _CATMULL_ROM @ one_hot(
                torch.tensor([points.index(point) for point in quad]), len(points)
            ).to(torch.float32)
            curve.append(torch.stack((u**0, u, u**2, u**3), 1) @ weights)
            step.append(torch.stack((0 * u, u**0, 2 * u, 3 * u**2), 1) @ weights / count)
    return _Pen(torch.tensor(points) / 10 - 1, torch.cat(curve), torch.cat(step))


def _path(stroke: str) -> list[tuple[float, float]]:
    """The points of a stroke: a sharp one twice, and the ends once more for their tangents."""
    path = []
    for word in stroke.split():
        x, y = word.rstrip("!").split(",")
        path += [(float(x), float(y))] * (2 if word.endswith("!") else 1)
    return [path[0], *path, path[-1]]


def _write(pen: _Pen, n: int, generator: Generator) -> _Ink:
    """n people's ways with the same pen, fitted into MNIST's box."""
    control = _distort(pen.control, n, generator)
    points = pen.curve @ control
    step = (pen.step @ control).norm(dim=2)
    half_width = 1.2 * (0.28 * torch.randn(n, 1, generator=generator)).exp().clamp(0.6, 1.8)
    low, high = points.aminmax(dim=1)
    scale = (20 - 2 * half_width) / (high - low).amax(1, keepdim=True)
    points, step = points * scale[..., None], step * scale

    phase, waves = torch.rand(2, n, 1, generator=generator)
    along = torch.linspace(0, 1, points.shape[1])
    pressure = 1 + 0.12 * (2 * math.pi * (phase + (0.3 + waves) * along)).sin()
    sigma = half_width / _HALF_WIDTH * pressure

    mass = (step * sigma)[..., None]
    centre = (points * mass).sum(1, keepdim=True) / mass.sum(1, keepdim=True)
    return _Ink(points - centre, sigma, step)


def _distort(control: Tensor, n: int, generator: Generator) -> Tensor:
    """Control points (c, 2) as n people set them, (n, c, 2)."""

    def randn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    sloppiness = 0.06 * (0.4 * randn(n, 1, 1)).exp()
    control = control + sloppiness * randn(n, *control.shape)
    x, y = control.unbind(2)
    quadratic = torch.stack((x * x, x * y, y * y), 2)
    x, y = (control + quadratic @ (0.12 * randn(n, 3, 2))).unbind(2)
    slant, turn, stretch = randn(3, n, 1)
    x = x * (0.25 * stretch).exp() - (0.2 + 0.25 * slant) * y  # to the right, as most people do
    cos, sin = (0.15 * turn).cos(), (0.15 * turn).sin()
    return torch.stack((cos * x - sin * y, sin * x + cos * y), 2)


def _paint(ink: _Ink, size: tuple[int, int]) -> Tensor:
    """Ink as uint8 (n, height, width), soft at its edge and no whiter where strokes cross."""
    pixel = 28 / min(size)
    sharpness = (0.5 / ink.sigma**2)[..., None]

    def spread(centres: Tensor, side: int) -> Tensor:
        pixels = (torch.arange(side) + 0.5 - side / 2) * pixel
        exponent = -sharpness * (pixels - centres[..., None]) ** 2
        return exponent.clamp_(min=_NOTHING).exp_()

    blots = _BLACK * ink.step / (ink.sigma * math.sqrt(2 * math.pi))
    columns = spread(ink.points[..., 0], size[1])
    rows = spread(ink.points[..., 1], size[0]) * blots[..., None]
    density = rows.transpose(1, 2) @ columns
    return (255 * (1 - (-density).exp())).round().to(torch.uint8)
