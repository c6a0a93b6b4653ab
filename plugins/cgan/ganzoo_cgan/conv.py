"""Convolutional networks under a condition: y is joined to the input of each, as a part of it."""

import torch
from torch import Tensor, nn

from ganzoo import DataSpec, Discriminator
from ganzoo.convnets import ConvDiscriminator, ConvGenerator
from ganzoo.networks import init_normal
from ganzoo_cgan.labels import one_hot


class ConditionalConvGenerator(ConvGenerator):
    """(z, y) -> G(z|y)."""

    def __init__(self, latent_dim: int, width: int, data: DataSpec) -> None:
        super().__init__(latent_dim + data.classes, width, data)
        self.classes = data.classes
        init_normal(self)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return super().forward(torch.cat((latent, one_hot(label, self.classes)), 1))


class ConditionalConvDiscriminator(Discriminator):
    """(x, a plane of y) -> logits of D(x|y).

    The plane is one channel more, learned for each class, however many classes there are.
    """

    def __init__(self, width: int, data: DataSpec) -> None:
        super().__init__()
        channels, h, w = data.shape
        self.plane = nn.Sequential(nn.Embedding(data.classes, h * w), nn.Unflatten(1, (1, h, w)))
        self.net = ConvDiscriminator(width, DataSpec.images((channels + 1, h, w)))
        init_normal(self.net)

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        logits: Tensor = self.net(torch.cat((image, self.plane(label)), 1))
        return logits
