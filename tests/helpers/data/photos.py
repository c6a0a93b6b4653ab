"""A folder of images of one colour each, and the data set that it is."""

import numpy as np
import pytest
import torch
from PIL import Image

from ganzoo.data.dataset import DataRequest
from ganzoo.data.sources.folder import load
from ganzoo.errors import GanzooError

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def plain(mode, colour, size=(16, 16)):
    return Image.new(mode, size, colour)


def loaded(folder, size=(8, 8), split="train"):
    """The data set and what was reported."""
    said = []
    dataset = load(DataRequest(root=folder, split=split, image_size=size, report=said.append))
    return dataset, said


def colours(dataset):
    """The one colour of each image."""
    images = dataset.fields["image"]
    flat = images.flatten(2)
    assert torch.equal(flat, flat[:, :, :1].expand_as(flat)), "an image has more than one colour"
    return [tuple(image.tolist()) for image in flat[:, :, 0]]


def sixteen_bit(value):
    return Image.fromarray(np.full((16, 16), value, dtype=np.uint16))


def problem(folder, **request):
    with pytest.raises(GanzooError) as error:
        load(DataRequest(root=folder, **request))
    assert "\n" not in str(error.value)
    return str(error.value)
