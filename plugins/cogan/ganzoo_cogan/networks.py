"""Two generators that begin alike, and two discriminators that end alike: section 3.

They are those of DCGAN. What is shared is one module, so that it is the same whatever moves it.
"""

import torch
from torch import Tensor, nn

from ganzoo.convnets import ConvGenerator, make_trunk, trunk_size
from ganzoo.spec import DataSpec

LAST = 4
"""Layers of a generator that are its own: a norm, ReLU, the last convolution and tanh."""
FIRST = 2
"""Layers of a discriminator that are its own: the first convolution and its LeakyReLU."""


class CoupledGenerator(nn.Module):
    """g1 and g2: a latent to an image of each domain."""

    def __init__(self, latent_dim: int, width: int, data: DataSpec) -> None:
        super().__init__()
        whole, other = (ConvGenerator(latent_dim, width, data).net for _ in "ab")
        self.shared, self.to_a, self.to_b = whole[:-LAST], whole[-LAST:], other[-LAST:]

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """Latents (n, latent_dim) to images (n, channels, height, width) of a, and of b."""
        meaning = self.shared(latent)
        return self.to_a(meaning), self.to_b(meaning)


class CoupledDiscriminator(nn.Module):
    """f1 and f2: images of each domain to logits."""

    def __init__(self, width: int, data: DataSpec) -> None:
        super().__init__()
        whole, other = (make_trunk(width, data, batch_norm=False) for _ in "ab")
        self.from_a, self.from_b = whole[:FIRST], other[:FIRST]
        verdict = nn.Linear(trunk_size(width, data), 1)
        self.shared = nn.Sequential(*whole[FIRST:], verdict, nn.Flatten(0))

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """As many images of both domains to logits (2n,), those of a first."""
        logits: Tensor = self.shared(torch.cat((self.from_a(a), self.from_b(b))))
        return logits
