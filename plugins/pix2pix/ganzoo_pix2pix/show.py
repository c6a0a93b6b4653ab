"""Images of different channels in one picture."""

from torch import Tensor

from ganzoo.artifacts.pictures import visible


def in_colour(*rows: Tensor) -> list[Tensor]:
    """Rows of images in [-1, 1] with as many channels as the most colourful of them shows.

    A fourth channel is opacity; of 2 channels, or of more than 4, the mean is shown.
    """
    seen = [
        visible(row) if row.shape[1] in (1, 3, 4) else row.mean(1, keepdim=True) for row in rows
    ]
    channels = max(row.shape[1] for row in seen)
    return [row.expand(-1, channels, -1, -1) for row in seen]
