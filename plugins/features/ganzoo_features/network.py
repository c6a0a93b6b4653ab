"""The network that sees the features: seven convolutions, for colour images of 32x32 pixels."""

from torch import Tensor, nn

SIDE = 32
"""Pixels, of the images that it looks at."""
PATCH = 2
"""Pixels a side, that its first layer looks at."""
WIDTHS = 64, 160, 320
"""Maps of each of its blocks; as many as the last has are the features."""


class Network(nn.Module):
    """A small relative of the ResNet-9 of Page (2019) and the networks of Jordan (2024).

    The first layer is a fixed whitening of patches. Each block halves the maps' sides.

    Args:
        classes: how many it tells apart.
        norms: whether BatchNorm follows the convolutions of the blocks, as in its training. What is
            shipped has it folded into their weights.
    """

    def __init__(self, classes: int, norms: bool = False) -> None:
        super().__init__()
        patch = 3 * PATCH**2
        self.whitening = nn.Conv2d(3, 2 * patch, PATCH, bias=False)
        inputs = (2 * patch, *WIDTHS)
        self.blocks = nn.Sequential(
            nn.ReLU(),
            *(_block(n, width, norms) for n, width in zip(inputs, WIDTHS, strict=False)),
        )
        self.output = nn.Linear(WIDTHS[-1], classes)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Features (n, 320) and logits (n, classes) of images (n, 3, 32, 32) in [-1, 1]."""
        features = self.blocks(self.whitening(images)).mean((2, 3))
        return features, self.output(features)


def _block(inputs: int, width: int, norms: bool) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, width, 3, padding=1, bias=not norms),
        nn.MaxPool2d(2),
        *([nn.BatchNorm2d(width)] if norms else []),
        nn.ReLU(),
        nn.Conv2d(width, width, 3, padding=1, bias=not norms),
        *([nn.BatchNorm2d(width)] if norms else []),
        nn.ReLU(),
    )
