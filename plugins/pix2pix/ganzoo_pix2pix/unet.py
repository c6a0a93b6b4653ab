"""G: the U-Net of Isola et al. 2017, section 6.1.1, for images of any size."""

from torch import Tensor, cat, nn
from torch.nn.functional import relu

from ganzoo_pix2pix.layers import Dropout, Norm

MOST_HALVINGS = 8
"""Of 256 pixels they leave one."""
NOISY = 3
"""How many of the innermost levels have dropout on their way out."""


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
