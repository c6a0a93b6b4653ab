"""The discriminator of Ledig et al. 2017, figure 4, as BasicSR has it, for images of any size."""

from torch import Tensor, nn

from ganzoo.spec import DataSpec

HIDDEN = 100
"""Units between the maps and the logit, as in BasicSR; 1024 in the paper."""
MOST = 8
"""Maps on the last layers, times the width."""


class SRDiscriminator(nn.Module):
    """Pairs of convolutions, the second of which halves the sides, until 4 to 7 pixels are left."""

    def __init__(self, width: int, data: DataSpec) -> None:
        super().__init__()
        channels, height, width_ = data.shape
        sides = [height, width_]
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 3, padding=1), nn.LeakyReLU(0.2)]
        maps = width
        while min(sides) >= 8:
            if len(layers) > 2:  # the first pair has its first convolution
                wider = min(2 * maps, MOST * width)
                layers += _layer(nn.Conv2d(maps, wider, 3, padding=1, bias=False))
                maps = wider
            layers += _layer(nn.Conv2d(maps, maps, 4, 2, 1, bias=False))
            sides = [side // 2 for side in sides]
        self.features = nn.Sequential(*layers)
        self.verdict = nn.Sequential(
            nn.Flatten(),
            nn.Linear(maps * sides[0] * sides[1], HIDDEN),
            nn.LeakyReLU(0.2),
            nn.Linear(HIDDEN, 1),
        )

    def forward(self, image: Tensor) -> Tensor:
        """Images (n, channels, height, width) to logits (n,)."""
        logits: Tensor = self.verdict(self.features(image)).squeeze(1)
        return logits


def _layer(convolution: nn.Conv2d) -> list[nn.Module]:
    return [convolution, nn.BatchNorm2d(convolution.out_channels), nn.LeakyReLU(0.2)]
