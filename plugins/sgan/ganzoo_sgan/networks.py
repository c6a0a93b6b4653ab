"""A classifier of K+1 classes is features and a head, so that G can be trained by the features."""

from abc import ABC, abstractmethod
from itertools import pairwise
from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo import DataSpec, Generator
from ganzoo.convnets import ConvGenerator, check_images, make_trunk, trunk_size
from ganzoo.networks import init_normal

DROPOUT = 0.25


class FeatureClassifier(nn.Module, ABC):
    """Images to logits of K classes and, last, of "fake"."""

    @abstractmethod
    def features(self, image: Tensor) -> Tensor:
        """Map images (n, channels, height, width) in [-1, 1] to hidden units (n, units)."""

    @abstractmethod
    def head(self, features: Tensor) -> Tensor:
        """Map features (n, units) to logits (n, K+1); no softmax: that belongs to the loss."""

    def forward(self, image: Tensor) -> Tensor:
        """Map images to logits (n, K+1)."""
        return self.head(self.features(image))


class Noise(nn.Module):
    """Adds N(0, `std`) while it trains."""

    def __init__(self, std: float) -> None:
        super().__init__()
        self.std = std

    def forward(self, x: Tensor) -> Tensor:
        """Map a tensor to one of the same shape."""
        return x + self.std * torch.randn_like(x) if self.training else x


class WeightNormLinear(nn.Module):
    """x -> g v / |v| x + b, with a vector v of its own for each unit (Salimans & Kingma 2016)."""

    def __init__(self, inputs: int, units: int, scale: float, *, learn_scale: bool = False) -> None:
        super().__init__()
        self.v = nn.Parameter(0.1 * torch.randn(units, inputs))
        self.b = nn.Parameter(torch.zeros(units))
        self.g: Tensor
        if learn_scale:
            self.g = nn.Parameter(torch.full((units, 1), scale))
        else:
            self.register_buffer("g", torch.full((units, 1), scale))

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs) to (n, units)."""
        return F.linear(x, self.v * (self.g / self.v.norm(dim=1, keepdim=True)), self.b)


class MLPClassifier(FeatureClassifier):
    """Salimans et al.'s network for MNIST: 1000-500-250-250-250 units, noise before each layer.

    The K+1st logit is 0: only differences between logits matter, so K of them say everything.
    """

    widths = (1000, 500, 250, 250, 250)
    input_noise, hidden_noise = 0.3, 0.5

    def __init__(self, data: DataSpec) -> None:
        super().__init__()
        # With these scales the units start with a variance near 1, which is what the authors take
        # from a first batch: for pixels uniform in [0, 1], and for rectified N(0, 1) further up.
        first = (1 / 12 + self.input_noise**2) ** -0.5
        further = (1 / 2 - 1 / (2 * torch.pi) + self.hidden_noise**2) ** -0.5
        std, scale = self.input_noise, first
        layers: list[nn.Module] = [nn.Flatten()]
        for inputs, units in pairwise((prod(data.shape), *self.widths)):
            layers += [Noise(std), WeightNormLinear(inputs, units, scale), nn.ReLU()]
            std, scale = self.hidden_noise, further
        self.hidden = nn.Sequential(*layers)
        self.output = nn.Sequential(
            Noise(std), WeightNormLinear(self.widths[-1], data.classes, scale, learn_scale=True)
        )

    def features(self, image: Tensor) -> Tensor:
        features: Tensor = self.hidden((image + 1) / 2)  # the noise is meant for pixels in [0, 1]
        return features

    def head(self, features: Tensor) -> Tensor:
        return F.pad(self.output(features), (0, 1))


class MLPGenerator(Generator):
    """Salimans et al.'s network for MNIST: z -> 500 -> 500 softplus units with BatchNorm -> x."""

    def __init__(self, latent_dim: int, data: DataSpec) -> None:
        super().__init__()
        pixels = prod(data.shape)
        self.net = nn.Sequential(
            nn.Linear(latent_dim, 500, bias=False),
            nn.BatchNorm1d(500),
            nn.Softplus(),
            nn.Linear(500, 500, bias=False),
            nn.BatchNorm1d(500),
            nn.Softplus(),
            WeightNormLinear(500, pixels, 1.0, learn_scale=True),
            nn.Sigmoid(),
            nn.Unflatten(1, data.shape),
        )

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        image: Tensor = self.net(latent)
        return 2 * image - 1


class ConvClassifier(FeatureClassifier):
    """The trunk of DCGAN's D, dropout in place of BatchNorm, and a linear layer of K+1 units."""

    def __init__(self, width: int, data: DataSpec) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for layer in make_trunk(width, data, batch_norm=False):
            layers.append(layer)
            if isinstance(layer, nn.LeakyReLU):
                layers.append(nn.Dropout(DROPOUT))
        self.trunk = nn.Sequential(*layers)
        self.output = nn.Linear(trunk_size(width, data), data.classes + 1)

    def features(self, image: Tensor) -> Tensor:
        features: Tensor = self.trunk(image)
        return features

    def head(self, features: Tensor) -> Tensor:
        logits: Tensor = self.output(features)
        return logits


def salimans_networks(latent_dim: int, data: DataSpec) -> tuple[Generator, FeatureClassifier]:
    """G and D of Salimans et al. for MNIST, for images of any shape."""
    return MLPGenerator(latent_dim, data), MLPClassifier(data)


def odena_networks(
    latent_dim: int, width: int, data: DataSpec
) -> tuple[Generator, FeatureClassifier]:
    """G and D as DCGAN's, `width` feature maps wide next to the image.

    Raises:
        GanzooError: the sides are not of 28 to 128 pixels.
    """
    check_images("sgan --objective odena", data)
    generator, classifier = ConvGenerator(latent_dim, width, data), ConvClassifier(width, data)
    init_normal(generator)
    init_normal(classifier)
    return generator, classifier
