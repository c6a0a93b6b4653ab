"""``moving-glyphs``: a glyph that flies about in a box, as in Moving MNIST with one digit.

It flies straight on with a speed of its own and bounces off the walls.
https://arxiv.org/abs/1502.04681, section 3.1
"""

from dataclasses import replace

import torch
from torch import Generator, Tensor

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.made import glyphs
from ganzoo.data.made.drawing import SMALL, refuse_root, shuffled_labels, stream
from ganzoo.data.made.small.fields import MOVING_GLYPHS
from ganzoo.errors import GanzooError
from ganzoo.spec import DataSpec

NAME = "moving-glyphs"


def load(request: DataRequest) -> Dataset:
    """10,000 videos to train on, 2,000 to test: ``video`` and ``label``.

    Raises:
        GanzooError: the split does not exist, or a side is not of 32 to 128 pixels.
    """
    refuse_root(request, NAME)
    video, label = MOVING_GLYPHS
    channels, frames, *own = video.shape
    height, width = request.image_size or own
    if min(height, width) < 32 or max(height, width) > 128:
        raise GanzooError(
            f"{NAME} are drawn with 32 to 128 pixels a side, not {height}x{width}: choose another "
            "--image-size"
        )
    labels, generator = shuffled_labels(request, 10, SMALL)
    side = min(height, width) // 2
    drawings = glyphs.draw(labels, (side, side), generator)
    corners = fly(len(labels), frames, (height - side, width - side), stream(request, NAME))
    videos = torch.zeros(len(labels), channels, frames, height, width, dtype=torch.uint8)
    for one, drawing, path in zip(videos, drawings, corners.tolist(), strict=True):
        for moment, (top, left) in enumerate(path):
            one[:, moment, top : top + side, left : left + side] = drawing
    spec = DataSpec(((replace(video, shape=tuple(videos.shape[1:])), label),), NAME)
    return Dataset(spec, {"video": videos, "label": labels})


def fly(n: int, frames: int, room: tuple[int, int], generator: Generator) -> Tensor:
    """Where the upper left corner of each glyph is in each frame, int64 (n, frames, 2).

    Args:
        n: glyphs.
        frames: of each.
        room: the greatest (top, left).
        generator: a CPU one, which is advanced.
    """
    walls = torch.tensor(room, dtype=torch.float64)
    start, speed = torch.rand(2, n, 1, 2, generator=generator, dtype=torch.float64)
    towards = 2 * torch.randint(2, (n, 1, 2), generator=generator) - 1
    time = torch.arange(frames).view(1, -1, 1)
    gone = (start + towards * (0.05 + 0.2 * speed) * time) * walls
    unfolded = gone.remainder(2 * walls)
    return torch.minimum(unfolded, 2 * walls - unfolded).round().long()
