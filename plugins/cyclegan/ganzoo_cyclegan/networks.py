"""The networks of Zhu et al. 2017, section 7.2, for images of any size.

Both are N(0, 0.02) at first. An instance norm (Ulyanov et al. 2016) has no scales and shifts, and
so the convolution before it no biases, which it would take away again.
"""

from torch import Tensor, nn

from ganzoo.convnets import ReflectionPad2d
from ganzoo.errors import GanzooError
from ganzoo.spec import DataSpec

SMALLEST_IMAGE = 16


def check_images(data: DataSpec) -> None:
    """See to it that the data are images that these networks are made for.

    Raises:
        GanzooError: they are points, or smaller.
    """
    if not data.is_image:
        raise GanzooError(f"cyclegan needs images, and '{data.name}' has points: try vanilla")
    if min(data.shape[1:]) < SMALLEST_IMAGE:
        raise GanzooError(
            f"cyclegan needs images of at least {SMALLEST_IMAGE} pixels a side, and "
            f"'{data.name}' has {data}: try --image-size 32"
        )


def make_generator(width: int, blocks: int, data: DataSpec) -> nn.Sequential:
    """c7s1-w, d2w, d4w, `blocks` times R4w, u2w, uw, c7s1-channels: images to images.

    Args:
        width: w, 64 in the paper.
        blocks: 6 in the paper for 128x128 pixels, 9 from 256x256 on.
        data: whose shape the images have, before and after.
    """
    channels, *full = data.shape
    half = [-(-side // 2) for side in full]
    layers: list[nn.Module] = [
        ReflectionPad2d(3),
        nn.Conv2d(channels, width, 7, bias=False),
        *_norm_relu(width),
    ]
    for maps in (width, 2 * width):
        down = nn.Conv2d(maps, 2 * maps, 3, 2, 1, bias=False)
        layers += [down, *_norm_relu(2 * maps)]
    layers += [ResidualBlock(4 * width) for _ in range(blocks)]
    for maps, (h, w) in ((4 * width, half), (2 * width, full)):
        # A stride of 2 makes 2s - 1 pixels of s; output padding adds the last of an even size.
        padding = (1 - h % 2, 1 - w % 2)
        up = nn.ConvTranspose2d(maps, maps // 2, 3, 2, 1, output_padding=padding, bias=False)
        layers += [up, *_norm_relu(maps // 2)]
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


def make_discriminator(width: int, data: DataSpec) -> nn.Sequential:
    """A PatchGAN, Cw-C2w-C4w of stride 2 and C8w: images to a logit a patch, (n, 1, h, w).

    Smaller images have fewer layers of stride 2: see `strided_layers`.

    Args:
        width: w, 64 in the paper.
        data: what the images are like.
    """
    layers: list[nn.Module] = [nn.Conv2d(data.shape[0], width, 4, 2, 1), nn.LeakyReLU(0.2)]
    strides = [2] * (strided_layers(data) - 1) + [1]
    for layer, stride in enumerate(strides):
        maps = width * 2**layer
        layers += [
            nn.Conv2d(maps, 2 * maps, 4, stride, 1, bias=False),
            nn.InstanceNorm2d(2 * maps),
            nn.LeakyReLU(0.2),
        ]
    return nn.Sequential(*layers, nn.Conv2d(width * 2 ** len(strides), 1, 4, 1, 1))


def strided_layers(data: DataSpec) -> int:
    """As many as leave 5x5 patches, up to the paper's 3.

    1, 2 and 3 of them see patches of 16x16, 34x34 and 70x70 pixels; the third is there from 56
    pixels a side on, the second from 28.
    """
    side = min(data.shape[1:])
    return next(layers for layers in (3, 2, 1) if side // 2**layers >= 7 or layers == 1)


def _norm_relu(maps: int) -> tuple[nn.Module, nn.Module]:
    return nn.InstanceNorm2d(maps), nn.ReLU()
