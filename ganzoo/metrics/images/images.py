"""Images, and what an extractor sees in them."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from ganzoo.data.dataset import Dataset
from ganzoo.metrics.features.extractor import Extractor, Features
from ganzoo.metrics.images import memory


@dataclass(frozen=True, eq=False)
class Images:
    """Images of one kind, with what is found out about them when it is first needed."""

    pixels: Tensor
    """uint8 (n, channels, height, width)."""
    extractor: Extractor | None
    """None: no measure needs features."""
    training: Tensor
    """uint8 (m, channels, height, width): the training split, of which they may be copies."""
    labels: Tensor | None = None
    """int64 (n,): what they are images of, or were asked to be."""

    @cached_property
    def features(self) -> Features:
        """What the extractor says of each."""
        assert self.extractor is not None
        return self.extractor(self.pixels)

    @cached_property
    def nearest(self) -> tuple[Tensor, Tensor]:
        """Distances (n, 2) in pixels to the two nearest training images, and which they are."""
        return memory.nearest(self.pixels, self.training)

    @property
    def hidden(self) -> Tensor:
        """float32 (n, d)."""
        return self.features.hidden

    @property
    def told(self) -> Tensor:
        """int64 (n,): the classes that the extractor takes them for."""
        return self.probabilities.argmax(1)

    @property
    def probabilities(self) -> Tensor:
        """float32 (n, classes)."""
        found = self.features.probabilities
        assert found is not None
        return found

    def __len__(self) -> int:
        return len(self.pixels)


@dataclass(frozen=True, eq=False)
class Reference:
    """Real images that samples are compared with; nothing of `test` was used in a training."""

    test: Images
    """What samples should be like."""
    control: Images
    """Training images, if possible as many as samples: what a perfect generator would draw."""
    validation: Tensor
    """uint8: training images that are not in `control`, for a measure to choose by."""
    shares: Tensor | None
    """float64 (classes,): how frequent each class is in the training split; None: unlabelled."""


def choose(dataset: Dataset, n: int, seed: int) -> tuple[Tensor, Tensor | None]:
    """`n` samples of a data set, or all if it has fewer, and their labels; ever the same ones."""
    order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(seed))[:n]
    order = order.sort().values
    labels = dataset.fields["label"][order] if "label" in dataset.fields else None
    return dataset.fields["image"][order], labels
