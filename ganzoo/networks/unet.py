"""The U-Net of Isola et al. 2017, section 6.1.1, for images of any size.

Its norm and its dropout stay on where one translates.
"""

import torch
from torch import Tensor, cat, nn
from torch.nn.functional import batch_norm, dropout, instance_norm, relu

MOST_HALVINGS = 8
"""Of 256 pixels they leave one."""
NOISY = 3
"""How many of the innermost levels have dropout on their way out."""
NORMS = ("image", "batch")
"""Over what a norm has its statistics in training."""


class Norm(nn.Module):
    """A batch norm that never has running statistics: section 3.3.

    Where images are translated each is normalised by itself, as the authors do, whose test batches
    are of one. In training too, as with their batches of one, unless `over` is ``"batch"``.
    """

    def __init__(self, maps: int, over: str) -> None:
        super().__init__()
        self.together = over == "batch"
        self.weight = nn.Parameter(torch.empty(maps).normal_(1.0, 0.02))
        self.bias = nn.Parameter(torch.zeros(maps))

    def forward(self, features: Tensor) -> Tensor:
        """(n, maps, height, width) to the same."""
        if self.together and self.training:
            return batch_norm(features, None, None, self.weight, self.bias, training=True)
        return instance_norm(features, weight=self.weight, bias=self.bias)


class Dropout(nn.Dropout):
    """The noise z, which is drawn where one translates, too: section 3.1.

    There it is drawn once for all images of a batch, so that what becomes of an image depends on
    the seed, and not on the images beside it.
    """

    def forward(self, features: Tensor) -> Tensor:
        """(n, maps, height, width) to the same."""
        if self.training or not self.p:
            return dropout(features, self.p)
        return features * dropout(torch.ones_like(features[:1]), self.p)


def halvings_of(height: int, width: int) -> int:
    """How often images are halved: until the shorter side is one pixel, but at most 8 times."""
    return min(min(height, width).bit_length() - 1, MOST_HALVINGS)


class Level(nn.Module):
    """Halves, has the levels inside look, and doubles: C_inner on the way in, C_outer back out.

    What comes in skips all that, and goes on beside what is made of it.
    """

    def __init__(
        self, outer: int, inner: int, inside: "Level | None", norm: str, dropout: float
    ) -> None:
        super().__init__()
        self.down = nn.Conv2d(outer, inner, 4, 2, 1, bias=False)
        # At the bottleneck there may be a single pixel, which has no variance.
        self.norm = nn.Identity() if inside is None else Norm(inner, norm)
        self.inside = nn.Identity() if inside is None else inside
        found = inner if inside is None else 2 * inner
        self.up = nn.ConvTranspose2d(found, outer, 4, 2, 1, bias=False)
        self.out = nn.Sequential(Norm(outer, norm), Dropout(dropout))

    def forward(self, features: Tensor) -> Tensor:
        """(n, outer, height, width) to (n, 2 * outer, height, width)."""
        found = self.inside(self.norm(self.down(nn.functional.leaky_relu(features, 0.2))))
        # Half of an odd side is rounded down: the size is that of what came in.
        made = self.up(relu(found), output_size=features.shape[2:])
        return cat((features, self.out(made)), 1)


class UNet(nn.Module):
    """C64-C128-C256-C512-C512-C512-C512-C512 in, and out with dropout on the first three."""

    def __init__(
        self, source: int, target: int, width: int, halvings: int, norm: str, dropout: float
    ) -> None:
        """Make the network.

        Args:
            source: channels of what it is given.
            target: channels of what it makes.
            width: maps at half the size, 64 in the paper; at a quarter twice as many, and so on, up
                to 8 times.
            halvings: of the sides, at least 2.
            norm: see `Norm`.
            dropout: the share of the maps' values that is left out.
        """
        super().__init__()
        maps = [width * min(2**depth, 8) for depth in range(halvings)]
        level: Level | None = None
        for depth in reversed(range(1, halvings)):
            noisy = depth >= halvings - NOISY
            level = Level(maps[depth - 1], maps[depth], level, norm, dropout if noisy else 0.0)
        assert level is not None
        self.down = nn.Conv2d(source, width, 4, 2, 1, bias=False)
        self.inside = level
        self.up = nn.ConvTranspose2d(2 * width, target, 4, 2, 1)

    def forward(self, image: Tensor) -> Tensor:
        """(n, source, height, width) to (n, target, height, width) in [-1, 1]."""
        found = relu(self.inside(self.down(image)))
        made: Tensor = self.up(found, output_size=image.shape[2:])
        return made.tanh()
