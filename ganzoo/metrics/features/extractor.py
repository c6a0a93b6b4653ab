"""What images are compared by: the features that a pretrained network sees in them."""

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

OPACITY = 3
"""The channel, of four, that says how opaque an image is."""


class Features(NamedTuple):
    """What an extractor says of n images, on the CPU."""

    hidden: Tensor
    """float32 (n, d)."""
    probabilities: Tensor | None
    """float32 (n, classes), where the extractor tells classes."""


class Extractor(Protocol):
    """Sees features in images; the same ones in an image, whichever others come with it."""

    @property
    def name(self) -> str:
        """For the protocol: two extractors of one name see the same features."""

    @property
    def resizing(self) -> str:
        """For the protocol: how images of another size are brought to the network's."""

    def __call__(self, images: Tensor) -> Features:
        """The features of images, uint8 (n, channels, height, width) of any size."""


def with_channels(images: Tensor, channels: int) -> Tensor:
    """uint8 images with as many channels as a network takes.

    The fourth channel is how opaque an image is: it is laid on white, and what has none is opaque.
    Of other numbers of channels that differ, the mean counts, repeated where that is needed.

    Args:
        images: uint8 (n, c, height, width).
        channels: of the result, which is of the same type.
    """
    if images.shape[1] == channels:
        return images
    if channels == OPACITY + 1:
        coloured = with_channels(images, OPACITY)
        return torch.cat([coloured, torch.full_like(coloured[:, :1], 255)], 1)
    if images.shape[1] == OPACITY + 1:
        return with_channels(_on_white(images), channels)
    if images.shape[1] > 1:
        images = images.float().mean(1, keepdim=True).round().to(torch.uint8)
    return images.expand(-1, channels, -1, -1)


def _on_white(images: Tensor) -> Tensor:
    """uint8 (n, 4, height, width) as three channels."""
    opaque = images[:, OPACITY:].float() / 255
    laid = images[:, :OPACITY].float() * opaque + 255 * (1 - opaque)
    return laid.round().to(torch.uint8)
