"""The generator and the critic: convolutional for images, fully connected for points."""

from itertools import pairwise

from torch import Tensor, nn

from ganzoo import DataSpec, Discriminator, Generator
from ganzoo.convnets import ConvDiscriminator, ConvGenerator, check_images


class PointGenerator(Generator):
    """z -> three hidden layers with ReLU -> points, unbounded."""

    def __init__(self, latent_dim: int, width: int, data: DataSpec) -> None:
        super().__init__()
        (dimensions,) = data.shape
        self.net = make_mlp(latent_dim, width, dimensions)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        points: Tensor = self.net(latent)
        return points


class PointCritic(Discriminator):
    """Points -> three hidden layers with ReLU -> f(x), (n,)."""

    def __init__(self, width: int, data: DataSpec) -> None:
        super().__init__()
        (dimensions,) = data.shape
        self.net = make_mlp(dimensions, width, 1).append(nn.Flatten(0))

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        values: Tensor = self.net(image)
        return values


def make_mlp(inputs: int, width: int, outputs: int) -> nn.Sequential:
    """Three hidden layers of `width` units with ReLU, as in the authors' experiments on points."""
    layers: list[nn.Module] = []
    for i, o in pairwise([inputs, width, width, width]):
        layers += [nn.Linear(i, o), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(width, outputs))


def make_networks(
    variant: str, latent_dim: int, width: int, data: DataSpec, *, batch_norm: bool
) -> tuple[Generator, Discriminator]:
    """G and the critic.

    Args:
        variant: its name, for the message.
        latent_dim: dimensions of z.
        width: feature maps next to the image, or units of each hidden layer.
        data: what they are made for.
        batch_norm: whether a convolutional critic has BatchNorm.

    Raises:
        GanzooError: the variant cannot be trained on images of that size.
    """
    if not data.is_image:
        return PointGenerator(latent_dim, width, data), PointCritic(width, data)
    check_images(variant, data)
    return (
        ConvGenerator(latent_dim, width, data),
        ConvDiscriminator(width, data, batch_norm=batch_norm),
    )
