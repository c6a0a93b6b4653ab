"""What both networks are made of: a norm and a dropout that stay on where one translates."""

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm, dropout, instance_norm

NORMS = ("image", "batch")
"""Over what a norm has its statistics in training."""


class Norm(nn.Module):
    """A batch norm that never has running statistics: section 3.3.

    Where images are translated each is normalised by itself, as the authors do, whose test batches
    are of one. In training too, as with their batches of one, unless `over` is ``"batch"``.
    """

    def __init__(self, maps: int, over: str) -> None:
        super().__init__()
        self.together = over == "batch"
        self.weight = nn.Parameter(torch.empty(maps).normal_(1.0, 0.02))
        self.bias = nn.Parameter(torch.zeros(maps))

    def forward(self, features: Tensor) -> Tensor:
        """(n, maps, height, width) to the same."""
        if self.together and self.training:
            return batch_norm(features, None, None, self.weight, self.bias, training=True)
        return instance_norm(features, weight=self.weight, bias=self.bias)


class Dropout(nn.Module):
    """The noise z, which is drawn where one translates, too: section 3.1.

    There it is drawn once for all images of a batch, so that what becomes of an image depends on
    the seed, and not on the images beside it.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, features: Tensor) -> Tensor:
        """(n, maps, height, width) to the same."""
        if self.training or not self.rate:
            return dropout(features, self.rate)
        return features * dropout(torch.ones_like(features[:1]), self.rate)
