"""The multilayer perceptrons of section 4.1: z or x, and y, each with a hidden layer, joined.

G has BatchNorm in the layers that z passes, which the paper has not.
"""

from math import prod

import torch
from torch import Tensor, nn

from ganzoo import DataSpec, Discriminator, Generator
from ganzoo_cgan.labels import one_hot


class Maxout(nn.Module):
    """The largest of a number of linear pieces, for each unit (Goodfellow et al. 2013)."""

    def __init__(self, inputs: int, units: int, pieces: int) -> None:
        super().__init__()
        self.pieces = pieces
        self.linear = nn.Linear(inputs, pieces * units)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs) to (n, units)."""
        pieces: Tensor = self.linear(x).view(len(x), self.pieces, -1)
        return pieces.amax(1)


class MLPGenerator(Generator):
    """z -> 200 and y -> 1000 -> joint 1200 -> G(z|y); images end in tanh, points are unbounded."""

    def __init__(self, latent_dim: int, data: DataSpec) -> None:
        super().__init__()
        self.classes = data.classes
        self.from_latent = nn.Sequential(nn.Linear(latent_dim, 200), nn.BatchNorm1d(200), nn.ReLU())
        self.from_label = nn.Sequential(nn.Linear(data.classes, 1000), nn.ReLU())
        self.joint = nn.Sequential(
            nn.Linear(200 + 1000, 1200),
            nn.BatchNorm1d(1200),
            nn.ReLU(),
            nn.Linear(1200, prod(data.shape)),
            nn.Tanh() if data.is_image else nn.Identity(),
            nn.Unflatten(1, data.shape),
        )

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        y = one_hot(label, self.classes)
        out: Tensor = self.joint(torch.cat((self.from_latent(latent), self.from_label(y)), 1))
        return out


class MLPDiscriminator(Discriminator):
    """x -> 240 and y -> 50 maxout units -> joint 240 -> logits of D(x|y)."""

    def __init__(self, data: DataSpec) -> None:
        super().__init__()
        self.classes = data.classes
        self.from_image = nn.Sequential(nn.Flatten(), Maxout(prod(data.shape), 240, 5))
        self.from_label = Maxout(data.classes, 50, 5)
        self.joint = nn.Sequential(Maxout(240 + 50, 240, 4), nn.Linear(240, 1), nn.Flatten(0))

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        y = one_hot(label, self.classes)
        logits: Tensor = self.joint(torch.cat((self.from_image(image), self.from_label(y)), 1))
        return logits
