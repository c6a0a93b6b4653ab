"""The game that WGAN and WGAN-GP have in common.

The critic f estimates the Wasserstein distance between the data and the samples by its dual form,
the supremum of E[f(x)] - E[f(G(z))] over the 1-Lipschitz functions; G makes the distance small. How
f is kept Lipschitz is what the two differ in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ganzoo import Batch, DataSpec, Discriminator, Generator, Variant, option
from ganzoo.augmentations import Augmentations, SeenAugmentation, augment_option
from ganzoo.losses import wasserstein
from ganzoo.networks import sample_prior
from ganzoo.schedules import decays


@dataclass(frozen=True)
class WassersteinConfig:
    """The settings of both."""

    latent_dim: int = option(100, "dimensions of the latent z, N(0, 1)", minimum=1)
    width: int = option(
        16,
        "feature maps next to the image, doubled at each halving (for points 128: units a layer)",
        minimum=1,
    )
    n_critic: int = option(5, "updates of the critic an update of G", minimum=1)
    decay_from: float = option(
        1.0, "progress from which on learning rates fall to 0; 1: never", minimum=0, maximum=1
    )
    ema: float = option(
        0.999, "decay of the average of G's weights that samples come from", minimum=0, maximum=1
    )
    augment: Mapping[str, SeenAugmentation] = augment_option()


class Wasserstein(Variant):
    """G, and the critic f; a subclass makes them, and says how f is kept Lipschitz."""

    without: ClassVar[Mapping[str, str]] = {
        "loss": "the critic's estimate of the Wasserstein distance is what both play for"
    }
    config: WassersteinConfig
    generator: Generator
    critic: Discriminator

    def __init__(self, config: WassersteinConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.augmentations = Augmentations(config.augment or {}, data, wasserstein.scores)

    def schedules(self) -> dict[str, Callable[[float], float]]:
        return decays(self.players(), self.config.decay_from)

    def sample_fakes(self, n: int) -> Tensor:
        """`n` samples for f to learn from, of which G learns nothing."""
        with torch.no_grad():
            return self(self.sample_latent(n))

    def estimate(self, batch: Batch, fake: Tensor) -> Tensor:
        """Arjovsky et al., eq. 3: the distance by f, for which f maximises it."""
        distance = self.judge(batch.image).mean() - self.judge(fake).mean()
        batch.metrics["wasserstein"] = distance.detach()
        return distance

    def generator_loss(self, batch: Batch) -> Tensor:
        """Algorithm 1, line 10: of the estimate, only -E[f(G(z))] depends on G."""
        return -self.judge(self(self.sample_latent(len(batch)))).mean()

    def judge(self, sample: Tensor) -> Tensor:
        """f of samples (n, ...) as it sees them, (n,)."""
        values: Tensor = self.critic(self.augmentations(sample))
        return values

    def sample_latent(self, n: int) -> Tensor:
        return sample_prior("normal", n, self.config.latent_dim, self.device)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.generator(latent, label)
