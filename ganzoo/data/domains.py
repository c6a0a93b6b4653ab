"""Two sets of images as two domains of one shape."""

import torch
from torch import Tensor

from ganzoo.data.dataset import Dataset
from ganzoo.errors import GanzooError


def in_one_shape(first: Dataset, second: Dataset, name: str) -> Dataset:
    """Two sets of images as two domains, with as many channels as the more colourful of them.

    Raises:
        GanzooError: their images cannot be brought to one shape.
    """
    channels = max(first.spec.shape[0], second.spec.shape[0])
    first, second = _with_channels(first, channels), _with_channels(second, channels)
    if first.spec.shape != second.spec.shape:
        raise GanzooError(
            f"'{first.name}' has images of {first.spec} and '{second.name}' of {second.spec}: "
            "two domains must have one shape"
        )
    return Dataset.unpaired(name, first, second)


def _with_channels(dataset: Dataset, channels: int) -> Dataset:
    """The data set with its grayscale images, if they are so, repeated for each colour, opaque."""
    image: Tensor = dataset.tensors["image"]
    if image.shape[1] == 1:
        opaque = torch.iinfo(image.dtype).max
        opacity = [torch.full_like(image, opaque)] if channels == 4 else []
        colours = image.expand(-1, min(channels, 3), -1, -1)  # a view, which takes no memory
        image = torch.cat((colours, *opacity), 1) if opacity else colours
    return dataset.with_tensors({"image": image})
