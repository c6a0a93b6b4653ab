"""The networks of Choi et al. 2018, section 9.1, for images of any size.

All padding is by zeros: beside a reflection, a map that is the same everywhere would be nothing but
a bias, which the instance norm takes away.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from ganzoo.errors import GanzooError
from ganzoo.spec import DataSpec

SMALLEST_IMAGE = 16
LAYERS = 6
"""Of D, at most."""


def check_images(data: DataSpec) -> None:
    """See to it that the images are as large as these networks need.

    Raises:
        GanzooError: they are smaller.
    """
    if min(data.shape[1:]) < SMALLEST_IMAGE:
        raise GanzooError(
            f"stargan needs images of at least {SMALLEST_IMAGE} pixels a side, and "
            f"'{data.name}' has {data}: try --image-size 32"
        )


class Generator(nn.Module):
    """G(x, c): an image, as it would be with these attributes."""

    def __init__(self, width: int, blocks: int, data: DataSpec) -> None:
        """Have `width` maps next to the image, and so many residual blocks."""
        super().__init__()
        channels, *full = data.shape
        half = [side // 2 for side in full]
        attributes = len(data.fields["attributes"].names)
        layers: list[nn.Module] = [
            nn.Conv2d(channels + attributes, width, 7, 1, 3, bias=False),
            *_norm_relu(width),
        ]
        for maps in (width, 2 * width):
            down = nn.Conv2d(maps, 2 * maps, 4, 2, 1, bias=False)
            layers += [down, *_norm_relu(2 * maps)]
        layers += [ResidualBlock(4 * width) for _ in range(blocks)]
        for maps, sides in ((4 * width, half), (2 * width, full)):
            odd = (sides[0] % 2, sides[1] % 2)  # a row and a column more than twice as many
            up = nn.ConvTranspose2d(maps, maps // 2, 4, 2, 1, output_padding=odd, bias=False)
            layers += [up, *_norm_relu(maps // 2)]
        self.net = nn.Sequential(
            *layers, nn.Conv2d(width, channels, 7, 1, 3, bias=False), nn.Tanh()
        )

    def forward(self, image: Tensor, attributes: Tensor) -> Tensor:
        """Images (n, channels, height, width) and attributes (n, k) of 0 and 1 to images."""
        maps = attributes[:, :, None, None].expand(-1, -1, *image.shape[2:])
        made: Tensor = self.net(torch.cat((image, maps), 1))
        return made


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a way around them; no ReLU on their sum."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(maps, maps, 3, 1, 1, bias=False),
            *_norm_relu(maps),
            nn.Conv2d(maps, maps, 3, 1, 1, bias=False),
            nn.InstanceNorm2d(maps, affine=True),
        )

    def forward(self, features: Tensor) -> Tensor:
        """(n, maps, height, width) to the same."""
        changed: Tensor = features + self.net(features)
        return changed


class Discriminator(nn.Module):
    """D: whether patches of an image are real, and which attributes it has."""

    def __init__(self, width: int, data: DataSpec) -> None:
        """Have `width` maps after the first layer, and twice as many after each other one."""
        super().__init__()
        channels, *sides = data.shape
        count = halvings(data)
        maps = [channels, *(width * 2**layer for layer in range(count))]
        layers: list[nn.Module] = []
        for before, after in pairwise(maps):
            layers += [nn.Conv2d(before, after, 4, 2, 1), nn.LeakyReLU(0.01)]
        self.trunk = nn.Sequential(*layers)
        whole = (sides[0] >> count, sides[1] >> count)
        attributes = len(data.fields["attributes"].names)
        self.patches = nn.Conv2d(maps[-1], 1, 3, 1, 1, bias=False)
        self.attributes = nn.Conv2d(maps[-1], attributes, whole, bias=False)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Images to verdicts on patches (n, 1, h, w), and logits of the attributes (n, k)."""
        features = self.trunk(image)
        return self.patches(features), self.attributes(features).flatten(1)


def halvings(data: DataSpec) -> int:
    """How many layers D has: the paper's six, or as many as leave two pixels a side."""
    side = min(data.shape[1:])
    return next(layers for layers in range(LAYERS, 0, -1) if side >> layers >= 2 or layers == 1)


def _norm_relu(maps: int) -> tuple[nn.Module, nn.Module]:
    return nn.InstanceNorm2d(maps, affine=True), nn.ReLU()
