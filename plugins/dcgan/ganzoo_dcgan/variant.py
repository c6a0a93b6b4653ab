"""DCGAN (Radford, Metz & Chintala 2016): the architecture rules of section 3, for any image size.

`ganzoo.convnets` builds the networks by these rules: strided and fractionally strided convolutions
in place of pooling, no hidden fully connected layers, BatchNorm everywhere except at G's output and
D's input, ReLU and tanh in G, LeakyReLU in D.
"""

from dataclasses import dataclass
from typing import Any

from ganzoo import Adversarial, AdversarialConfig, DataSpec, option
from ganzoo.convnets import ConvDiscriminator, ConvGenerator, check_images
from ganzoo.networks import PRIORS, init_normal


@dataclass(frozen=True)
class DCGANConfig(AdversarialConfig):
    """The game's settings and the width of both networks."""

    prior: str = option("uniform", "distribution of z: N(0, 1) or U(-1, 1)", choices=PRIORS)
    width: int = option(32, "feature maps next to the image, doubled at each halving", minimum=1)


class DCGAN(Adversarial):
    """Both networks, initialised from N(0, 0.02)."""

    Config = DCGANConfig

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        return {"steps": 5628, "batch_size": 64}

    def __init__(self, config: DCGANConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        check_images("dcgan", data)
        self.generator = ConvGenerator(config.latent_dim, config.width, data)
        self.discriminator = ConvDiscriminator(config.width, data)
        init_normal(self)
