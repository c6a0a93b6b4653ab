"""Images made smaller and larger as photo editors do it."""

from torch import Tensor
from torch.nn.functional import interpolate

LEVELS = 127.5
"""Of 8 bits, in 1."""


def smaller(image: Tensor, factor: int) -> Tensor:
    """Images as files of 8 bits have them, made smaller by cubic interpolation with antialiasing.

    As Pillow and MATLAB do it, whose kernels grow with the factor: without that, what is finer than
    a pixel comes out as a pattern, and whoever learns to undo it has learned another task.

    Args:
        image: (n, channels, height, width) in [-1, 1]; sides are multiples of the factor.
        factor: how many times as high and wide it is.
    """
    size = [side // factor for side in image.shape[2:]]
    small = interpolate(image, size, mode="bicubic", antialias=True)
    return ((small.clamp(-1, 1) + 1) * LEVELS).round() / LEVELS - 1


def larger(image: Tensor, factor: int) -> Tensor:
    """Images enlarged by cubic interpolation, within [-1, 1]."""
    size = [side * factor for side in image.shape[2:]]
    return interpolate(image, size, mode="bicubic").clamp(-1, 1)
