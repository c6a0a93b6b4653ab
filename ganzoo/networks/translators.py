"""Networks that make images of images (Zhu et al. 2017, section 7.2), for images of any size.

An instance norm (Ulyanov et al. 2016) has no scales and shifts here, and so the convolution before
it no biases, which it would take away again.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d

from ganzoo.convnets import ReflectionPad2d
from ganzoo.errors import GanzooError
from ganzoo.spec import DataSpec

SMALLEST_IMAGE = 16
MULTIPLE = 4
"""Of how many pixels the sides are of images of any size: `resnet_generator` halves them twice."""


def check_images(variant: str, data: DataSpec) -> None:
    """See to it that the data are images that these networks are made for.

    Args:
        variant: its name, for the message.
        data: what it is to be trained on.

    Raises:
        GanzooError: they are points, or smaller.
    """
    if not data.is_image:
        raise GanzooError(f"{variant} needs images, and '{data.name}' has points: try vanilla")
    if min(data.shape[1:]) < SMALLEST_IMAGE:
        raise GanzooError(
            f"{variant} needs images of at least {SMALLEST_IMAGE} pixels a side, and "
            f"'{data.name}' has {data}: try --image-size 32"
        )


def resnet_generator(
    width: int, blocks: int, data: DataSpec, *, antialiased: bool = False
) -> nn.Sequential:
    """c7s1-w, d2w, d4w, `blocks` times R4w, u2w, uw, c7s1-channels: images to images.

    Args:
        width: w, 64 in the paper.
        blocks: 6 in the paper for 128x128 pixels, 9 from 256x256 on.
        data: whose shape the images have, before and after.
        antialiased: whether it halves and doubles by a blur beside a convolution of stride 1, as
            Park et al. 2020 do, rather than by the stride of a convolution.
    """
    channels, *full = data.shape
    half = [-(-side // 2) for side in full]
    layers: list[nn.Module] = [
        ReflectionPad2d(3),
        nn.Conv2d(channels, width, 7, bias=False),
        *_norm_relu(width),
    ]
    for maps in (width, 2 * width):
        stride = 1 if antialiased else 2
        layers += [nn.Conv2d(maps, 2 * maps, 3, stride, 1, bias=False), *_norm_relu(2 * maps)]
        if antialiased:
            layers.append(Halve())
    layers += [ResidualBlock(4 * width) for _ in range(blocks)]
    for maps, (h, w) in ((4 * width, half), (2 * width, full)):
        if antialiased:
            layers += [Double((h % 2, w % 2)), nn.Conv2d(maps, maps // 2, 3, 1, 1, bias=False)]
        else:
            # A stride of 2 makes 2s - 1 pixels of s; output padding adds the last of an even size.
            more = (1 - h % 2, 1 - w % 2)
            layers.append(
                nn.ConvTranspose2d(maps, maps // 2, 3, 2, 1, output_padding=more, bias=False)
            )
        layers += _norm_relu(maps // 2)
    return nn.Sequential(*layers, ReflectionPad2d(3), nn.Conv2d(width, channels, 7), nn.Tanh())


class ResidualBlock(nn.Module):
    """R: two 3x3 convolutions and a way around them; no ReLU on their sum."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            ReflectionPad2d(1),
            nn.Conv2d(maps, maps, 3, bias=False),
            *_norm_relu(maps),
            ReflectionPad2d(1),
            nn.Conv2d(maps, maps, 3, bias=False),
            nn.InstanceNorm2d(maps),
        )

    def forward(self, features: Tensor) -> Tensor:
        """(n, maps, height, width) to the same."""
        changed: Tensor = features + self.net(features)
        return changed


def patch_discriminator(
    width: int, data: DataSpec, *, channels: int | None = None, antialiased: bool = False
) -> nn.Sequential:
    """A PatchGAN, Cw-C2w-C4w of stride 2 and C8w: images to a logit a patch, (n, 1, h, w).

    Smaller images have fewer layers of stride 2: see `strided_layers`.

    Args:
        width: w, 64 in the paper.
        data: what the images are like.
        channels: of what it is given; None: of such an image.
        antialiased: whether a blur halves the maps, after a convolution of stride 1.
    """
    channels = data.shape[0] if channels is None else channels
    stride = 1 if antialiased else 2
    halve = [Halve()] if antialiased else []
    layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, stride, 1), nn.LeakyReLU(0.2), *halve]
    halving = strided_layers(data) - 1
    for layer in range(halving + 1):
        maps = width * 2**layer
        layers += [
            nn.Conv2d(maps, 2 * maps, 4, stride if layer < halving else 1, 1, bias=False),
            nn.InstanceNorm2d(2 * maps),
            nn.LeakyReLU(0.2),
        ]
        if layer < halving:
            layers += halve
    return nn.Sequential(*layers, nn.Conv2d(width * 2 ** (halving + 1), 1, 4, 1, 1))


def strided_layers(data: DataSpec) -> int:
    """As many as leave 5x5 patches, up to the paper's 3.

    1, 2 and 3 of them see patches of 16x16, 34x34 and 70x70 pixels; the third is there from 56
    pixels a side on, the second from 28.
    """
    side = min(data.shape[1:])
    return next(layers for layers in (3, 2, 1) if side // 2**layers >= 7 or layers == 1)


class Blur(nn.Module):
    """A filter for all maps alike, whose weights add up to 1 (Zhang 2019)."""

    kernel: Tensor

    def __init__(self, weights: tuple[float, ...]) -> None:
        """Have these weights along each axis."""
        super().__init__()
        line = torch.tensor(weights) / sum(weights)
        self.register_buffer("kernel", torch.outer(line, line)[None, None], persistent=False)

    def each(self, maps: Tensor) -> Tensor:
        """The filter, (maps, 1, height, width)."""
        return self.kernel.to(maps.dtype).expand(maps.shape[1], 1, -1, -1)


class Halve(Blur):
    """Blurs by 1, 2, 1 and leaves every second pixel, the first one among them."""

    def __init__(self) -> None:
        super().__init__((1.0, 2.0, 1.0))
        self.reflect = ReflectionPad2d(1)

    def forward(self, maps: Tensor) -> Tensor:
        """(n, maps, height, width) to half as many pixels a side, rounded up."""
        return conv2d(self.reflect(maps), self.each(maps), stride=2, groups=maps.shape[1])


class Double(Blur):
    """Twice as many pixels a side, each a mixture of its neighbours by 1, 3, 3, 1."""

    def __init__(self, fewer: tuple[int, int] = (0, 0)) -> None:
        """Leave out so many of the last rows and columns."""
        super().__init__((1.0, 3.0, 3.0, 1.0))
        self.fewer = fewer

    def forward(self, maps: Tensor) -> Tensor:
        """(n, maps, height, width) to twice as many pixels a side, but for those left out."""
        kernel = 4 * self.each(maps)
        around = _repeated(_repeated(maps, 2), 3)
        doubled = conv_transpose2d(around, kernel, stride=2, padding=3, groups=maps.shape[1])
        height, width = (
            side - less for side, less in zip(doubled.shape[2:], self.fewer, strict=True)
        )
        return doubled[:, :, :height, :width]


def _repeated(maps: Tensor, dim: int) -> Tensor:
    """With the first and the last once more: as padding, whose gradient on CUDA is never exact."""
    last = maps.shape[dim] - 1
    return torch.cat((maps.narrow(dim, 0, 1), maps, maps.narrow(dim, last, 1)), dim)


def _norm_relu(maps: int) -> tuple[nn.Module, nn.Module]:
    return nn.InstanceNorm2d(maps), nn.ReLU()
