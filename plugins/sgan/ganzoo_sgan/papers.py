"""What the two papers do differently: networks, the prior of z, G's loss, and Adam's settings."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from ganzoo import DataSpec, Generator
from ganzoo.networks import sample_prior
from ganzoo_sgan import losses
from ganzoo_sgan.networks import FeatureClassifier, odena_networks, salimans_networks


class Paper(ABC):
    """One way of playing the game that `SGAN` defines."""

    lr: ClassVar[float]
    """Learning rate of D's Adam."""
    eps: ClassVar[float]
    """Of all Adams."""
    mean: ClassVar[float]
    """Of each number of a latent."""

    @abstractmethod
    def networks(
        self, latent_dim: int, width: int, data: DataSpec
    ) -> tuple[Generator, FeatureClassifier]:
        """G and D with new weights."""

    @abstractmethod
    def sample_latent(self, n: int, dim: int, device: torch.device) -> Tensor:
        """Latents (n, dim)."""

    @abstractmethod
    def generator_loss(self, d: FeatureClassifier, fake: Tensor, unlabelled: Tensor) -> Tensor:
        """What G minimises, of its samples and of as many unlabelled images of its own."""


class Salimans(Paper):
    """Salimans et al. 2016: G matches the features of D."""

    lr = 3e-3
    eps = 1e-4
    """They divide by sqrt(v + 1e-8), which never falls below 1e-4."""
    mean = 0.5

    def networks(
        self, latent_dim: int, width: int, data: DataSpec
    ) -> tuple[Generator, FeatureClassifier]:
        return salimans_networks(latent_dim, data)

    def sample_latent(self, n: int, dim: int, device: torch.device) -> Tensor:
        """U(0, 1), as in the authors' code."""
        return (sample_prior("uniform", n, dim, device) + 1) / 2

    def generator_loss(self, d: FeatureClassifier, fake: Tensor, unlabelled: Tensor) -> Tensor:
        """Section 3.1."""
        with torch.no_grad():
            real = d.features(unlabelled)
        return losses.feature_matching_loss(real, d.features(fake))


class Odena(Paper):
    """Odena 2016: G's samples are to be taken for an image of any class."""

    lr = 1e-3
    eps = 1e-8
    mean = 0.0

    def networks(
        self, latent_dim: int, width: int, data: DataSpec
    ) -> tuple[Generator, FeatureClassifier]:
        return odena_networks(latent_dim, width, data)

    def sample_latent(self, n: int, dim: int, device: torch.device) -> Tensor:
        """U(-1, 1)."""
        return sample_prior("uniform", n, dim, device)

    def generator_loss(self, d: FeatureClassifier, fake: Tensor, unlabelled: Tensor) -> Tensor:
        return losses.generator_loss(d(fake))
