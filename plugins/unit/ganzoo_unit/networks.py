"""Two encoders that end alike and two generators that begin alike, so that latents mean the same.

An encoder is the first half of CycleGAN's generator, and a generator its second half. What is
shared is one module, so that it is the same whatever moves it.
"""

from torch import Tensor, nn

from ganzoo.networks.translators import resnet_generator
from ganzoo.spec import DataSpec

FRONT = 10
"""Layers of CycleGAN's generator before its residual blocks."""
MOST_LAYERS = 5
"""Of a discriminator that halve, at most; the paper's leave 8 pixels of 256."""
SMALLEST_MAP = 4
"""Pixels a side that they leave, at least."""


class CoupledEncoder(nn.Module):
    """E_1 and E_2, whose last residual block is the same: images to latents."""

    def __init__(self, from_a: nn.Module, from_b: nn.Module, shared: nn.Module) -> None:
        super().__init__()
        self.from_a, self.from_b, self.shared = from_a, from_b, shared

    def forward(self, image: Tensor, domain: str) -> Tensor:
        """Images of domain ``"a"`` or ``"b"`` to the means (n, maps, height, width) of latents."""
        mean: Tensor = self.shared({"a": self.from_a, "b": self.from_b}[domain](image))
        return mean


class CoupledGenerator(nn.Module):
    """G_1 and G_2, whose first residual block is the same: latents to images."""

    def __init__(self, shared: nn.Module, to_a: nn.Module, to_b: nn.Module) -> None:
        super().__init__()
        self.shared, self.to_a, self.to_b = shared, to_a, to_b

    def forward(self, latent: Tensor, domain: str) -> Tensor:
        """Latents (n, maps, height, width) to images of domain ``"a"`` or ``"b"``."""
        image: Tensor = {"a": self.to_a, "b": self.to_b}[domain](self.shared(latent))
        return image


def make_coupled(
    width: int, blocks: int, data: DataSpec
) -> tuple[CoupledEncoder, CoupledGenerator]:
    """Encoders that halve images twice, and generators that double them twice.

    Args:
        width: maps next to the image, 64 in the paper; latents have four times as many.
        blocks: residual blocks of each encoder and of each generator, 4 in the paper; one of them
            is shared.
        data: whose shape the images have.
    """
    whole, other = (resnet_generator(width, 2 * blocks, data) for _ in "ab")
    end, begin = FRONT + blocks - 1, FRONT + blocks
    encoder = CoupledEncoder(whole[:end], other[:end], whole[end])
    return encoder, CoupledGenerator(whole[begin], whole[begin + 1 :], other[begin + 1 :])


def make_discriminator(width: int, data: DataSpec) -> nn.Sequential:
    """Images to a logit a patch, (n, 1, h, w): convolutions of stride 2, without norms.

    Args:
        width: maps of the first layer, 64 in the paper, and twice as many after each other one.
        data: what the images are like.
    """
    channels, side = data.shape[0], min(data.shape[1:])
    layers: list[nn.Module] = []
    while not layers or (len(layers) < 2 * MOST_LAYERS and side >= 2 * SMALLEST_MAP - 1):
        layers += [nn.Conv2d(channels, width, 3, 2, 1), nn.LeakyReLU(0.2)]
        channels, width, side = width, 2 * width, -(-side // 2)
    return nn.Sequential(*layers, nn.Conv2d(channels, 1, 2))
