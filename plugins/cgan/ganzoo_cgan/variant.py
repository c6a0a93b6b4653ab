"""Conditional Generative Adversarial Nets (Mirza & Osindero 2014): both networks see the label.

The game is the one of `ganzoo.Adversarial`, whose networks get the labels of the batch (eq. 2).
"""

from dataclasses import dataclass
from typing import Any

from ganzoo import Adversarial, AdversarialConfig, DataSpec, GanzooError, option
from ganzoo.convnets import LARGEST_IMAGE, SMALLEST_IMAGE
from ganzoo.networks import PRIORS
from ganzoo_cgan.conv import ConditionalConvDiscriminator, ConditionalConvGenerator
from ganzoo_cgan.mlp import MLPDiscriminator, MLPGenerator


@dataclass(frozen=True)
class CGANConfig(AdversarialConfig):
    """The game's settings and the kind of both networks."""

    lr: float = option(1e-3, "learning rate of both Adams", above=0)
    prior: str = option("uniform", "distribution of z: N(0, 1) or U(-1, 1)", choices=PRIORS)
    architecture: str = option(
        "conv",
        "kind of both networks (for points, and images that are too small or too large, mlp)",
        choices=("mlp", "conv"),
    )
    width: int = option(
        32, "conv: feature maps next to the image, doubled at each halving", minimum=1
    )


def suits_conv(data: DataSpec) -> bool:
    """Whether the data are images of a size that convolutional networks are made for."""
    return data.is_image and all(SMALLEST_IMAGE <= s <= LARGEST_IMAGE for s in data.shape[1:])


class CGAN(Adversarial):
    """G(z|y) and D(x|y)."""

    Config = CGANConfig
    judged_by = ("parzen",)
    conditional = True

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        if suits_conv(data):
            return {"steps": 2814, "batch_size": 64}
        steps = 9380 if data.is_image else 20000
        return {"steps": steps, "batch_size": 64, "architecture": "mlp"}

    def __init__(self, config: CGANConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        if config.architecture == "mlp":
            self.generator = MLPGenerator(config.latent_dim, data)
            self.discriminator = MLPDiscriminator(data)
            return
        if not suits_conv(data):
            raise GanzooError(
                f"--architecture conv needs images of {SMALLEST_IMAGE} to {LARGEST_IMAGE} pixels "
                f"a side, and '{data.name}' has {data if data.is_image else 'points'}: leave it out"
            )
        self.generator = ConditionalConvGenerator(config.latent_dim, config.width, data)
        self.discriminator = ConditionalConvDiscriminator(config.width, data)
