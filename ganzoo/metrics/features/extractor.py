"""What images are compared by: the features that a pretrained network sees in them."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from ganzoo.data.dataset import Dataset
from ganzoo.errors import unknown

KINDS = ("classifier", "inception")


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


def make_extractor(
    kind: str,
    train: Dataset,
    test: Dataset | None,
    device: torch.device,
    report: Callable[[str], None],
) -> Extractor:
    """The extractor that ``--features`` names.

    Args:
        kind: ``"classifier"``, of the classes of `train`, or ``"inception"``.
        train: what a classifier is trained on, where it has not been.
        test: tells how good a classifier is; None: that is not needed.
        device: where features are computed.
        report: is told what takes long.

    Raises:
        GanzooError: there is no such kind, or it cannot be had for these data or on this machine.
    """
    # Here, as both modules import this one.
    if kind == "classifier":
        from ganzoo.metrics.features.classifier import load_classifier

        return load_classifier(train, test, device, report)
    if kind == "inception":
        from ganzoo.metrics.features.inception import Inception

        return Inception(device, report)
    raise unknown("kind of features", kind, KINDS)


def with_channels(images: Tensor, channels: int) -> Tensor:
    """uint8 images with as many channels as a network takes: the mean of theirs, or gray repeated.

    Args:
        images: uint8 (n, c, height, width), where c or `channels` is 1, or they are the same.
        channels: of the result, which is of the same type.
    """
    if channels == 1 and images.shape[1] > 1:
        return images.float().mean(1, keepdim=True).round().to(torch.uint8)
    return images.expand(-1, channels, -1, -1)
