"""``few-glyphs``: 500 images, on which D overfits."""

from ganzoo import DataRequest, Dataset
from ganzoo.data.made.drawing import refuse_root, shuffled_labels
from ganzoo.data.made.glyphs import chosen_size, draw

COUNT = {"train": 500, "test": 2000}


def load(request: DataRequest) -> Dataset:
    """Glyphs of ``request.seed``, 500 to train on and 2,000 held out.

    Raises:
        GanzooError: the split does not exist, or a side is not of 16 to 256 pixels.
    """
    refuse_root(request, "few-glyphs")
    size = chosen_size(request)
    labels, generator = shuffled_labels(request, 10)
    labels = labels[: COUNT[request.split]]
    images = draw(labels, size, generator)
    return Dataset.images("few-glyphs", images, labels, tuple("0123456789"))
