"""What images are compared by: the features that a pretrained network sees in them."""

from typing import NamedTuple, Protocol

import torch
from torch import Tensor


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
    """uint8 images with as many channels as a network takes: the mean of theirs, or gray repeated.

    Args:
        images: uint8 (n, c, height, width), where c or `channels` is 1, or they are the same.
        channels: of the result, which is of the same type.
    """
    if channels == 1 and images.shape[1] > 1:
        return images.float().mean(1, keepdim=True).round().to(torch.uint8)
    return images.expand(-1, channels, -1, -1)
