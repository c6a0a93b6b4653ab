"""What happens to photos before they are small: Real-ESRGAN (Wang et al. 2021), section 3.1.

Twice in a row images are blurred, given noise, and compressed; the second time they are made
smaller in between. All is drawn for each image on the device, in tensors of fixed shapes.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad

from ganzoo.spec import DataSpec

NARROWEST, WIDEST = 0.2, 0.75
"""Standard deviations of a blur: pixels, and pixels of the small image; 3 at a factor of 4."""
NOISE = 1 / 255, 30 / 255
"""Standard deviations of noise, of the range."""
GRAY = 0.4
"""The share of images whose noise is the same in all colours."""
QUALITY = 30, 95
"""Of the compression."""
BLOCK = 8
LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
"""ISO/IEC 10918-1, table K.1; table K.2 for the differences of colours is 99 but for these."""
CHROMINANCE = ((17, 18, 24, 47), (18, 21, 26, 66), (24, 26, 56, 99), (47, 66, 99, 99))
TO_YCC = (
    (0.299, 0.587, 0.114),
    (-0.168736, -0.331264, 0.5),
    (0.5, -0.418688, -0.081312),
)
"""JFIF's luminance and differences of colours."""


class RealDegradation(nn.Module):
    """Small images (n, channels, height / factor, width / factor) of large ones, all in [-1, 1]."""

    rows: Tensor
    columns: Tensor

    def __init__(self, factor: int, data: DataSpec) -> None:
        super().__init__()
        self.factor = factor
        _, height, width = data.shape
        self.register_buffer("rows", kernels(height, factor))
        self.register_buffer("columns", kernels(width, factor))
        self.jpeg = Jpeg(data.shape[0])

    @torch.no_grad()
    def forward(self, image: Tensor) -> Tensor:
        once = self.jpeg(noisy(blurred(image, self.factor)))
        small = self._smaller(blurred(once, self.factor))
        degraded: Tensor = self.jpeg(noisy(small))
        return ((degraded + 1) * 127.5).round() / 127.5 - 1

    def _smaller(self, image: Tensor) -> Tensor:
        """By a mean, a linear or a cubic kernel, drawn for each image."""
        which = torch.randint(len(self.rows), (len(image),), device=image.device)
        rows, columns = (each[which].unsqueeze(1) for each in (self.rows, self.columns))
        small: Tensor = rows @ image @ columns.mT
        return small.clamp(-1, 1)


def kernels(size: int, factor: int) -> Tensor:
    """What each pixel counts in each of fewer, by three kernels: (3, size / factor, size).

    The mean of as many, a linear kernel, and Keys' cubic one with a = -0.5, as Pillow has them.
    """
    centres = (torch.arange(size // factor) + 0.5) * factor
    at = ((torch.arange(size) + 0.5) - centres[:, None]).abs() / factor
    near, far = 1.5 * at**3 - 2.5 * at**2 + 1, -0.5 * at**3 + 2.5 * at**2 - 4 * at + 2
    found = torch.stack(
        (
            (at < 0.5).float(),
            (1 - at).clamp(min=0),
            torch.where(at < 1, near, torch.where(at < 2, far, torch.zeros_like(at))),
        )
    )
    return found / found.sum(2, keepdim=True)


def blurred(image: Tensor, factor: int) -> Tensor:
    """Images under a Gaussian of another width in each direction, and another direction, each."""
    n, channels, height, width = image.shape
    widest = WIDEST * factor
    radius = math.ceil(2 * widest)
    spread = NARROWEST + (widest - NARROWEST) * torch.rand(2, n, 1, 1, device=image.device)
    angle = math.pi * torch.rand(n, 1, 1, device=image.device)
    at = torch.arange(-radius, radius + 1, device=image.device)
    along = at * angle.cos() + at[:, None] * angle.sin()
    across = at[:, None] * angle.cos() - at * angle.sin()
    weights = torch.exp(-0.5 * ((along / spread[0]) ** 2 + (across / spread[1]) ** 2))
    weights = (weights / weights.sum((1, 2), keepdim=True)).to(image.dtype)
    padded = pad(image, (radius,) * 4, "replicate").reshape(1, n * channels, -1, width + 2 * radius)
    kernel = weights[:, None].repeat_interleave(channels, 0)
    return conv2d(padded, kernel, groups=n * channels).view(n, channels, height, width)


def noisy(image: Tensor) -> Tensor:
    """Images with Gaussian noise, of some the same in all colours."""
    n = len(image)
    low, high = NOISE
    strength = low + (high - low) * torch.rand(n, 1, 1, 1, device=image.device)
    noise = torch.randn_like(image)
    gray = torch.rand(n, 1, 1, 1, device=image.device) < GRAY
    noise = torch.where(gray, noise[:, :1], noise)
    return (image + 2 * strength * noise).clamp(-1, 1)


class Jpeg(nn.Module):
    """What JPEG leaves of images: blocks of 8 pixels whose waves are rounded; no fewer colours."""

    waves: Tensor
    tables: Tensor
    to_ycc: Tensor
    from_ycc: Tensor
    zero: Tensor
    """What is taken from each channel, so that waves are around 0."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        at = torch.arange(BLOCK, dtype=torch.float64)
        waves = torch.cos(math.pi / BLOCK * (at + 0.5) * at[:, None]) * math.sqrt(2 / BLOCK)
        waves[0] /= math.sqrt(2)
        luminance = torch.tensor(LUMINANCE, dtype=torch.float32)
        chrominance = torch.full_like(luminance, 99)
        chrominance[:4, :4] = torch.tensor(CHROMINANCE, dtype=torch.float32)
        coloured = channels == 3
        tables = [luminance, chrominance, chrominance] if coloured else [luminance] * channels
        self.coloured = coloured
        self.register_buffer("waves", waves.float())
        self.register_buffer("tables", torch.stack(tables))
        self.register_buffer("to_ycc", torch.tensor(TO_YCC))
        self.register_buffer("from_ycc", torch.linalg.inv(self.to_ycc))
        zero = torch.tensor([128.0, 0, 0] if coloured else [128.0] * channels)
        self.register_buffer("zero", zero[:, None, None])

    def forward(self, image: Tensor, quality: Tensor | None = None) -> Tensor:
        """Images (n, channels, height, width) in [-1, 1] to the same.

        Args:
            image: any.
            quality: of each, (n,), from 1 to 100; None: it is drawn.
        """
        n, _, height, width = image.shape
        if quality is None:
            low, high = QUALITY
            quality = low + (high - low) * torch.rand(n, device=image.device)
        percent = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality).floor()
        scaled = self.tables * percent.view(n, 1, 1, 1)
        steps = ((scaled + 50) / 100).floor().clamp(1, 255)[:, :, None, None]
        values = (image.float() + 1) * 127.5
        if self.coloured:
            values = torch.einsum("dc,nchw->ndhw", self.to_ycc, values)
        below, right = -height % BLOCK, -width % BLOCK
        padded = pad(values - self.zero, (0, right, 0, below), "replicate")
        down, across = (side // BLOCK for side in padded.shape[2:])
        blocks = padded.reshape(n, -1, down, BLOCK, across, BLOCK).transpose(3, 4)
        found = self.waves @ blocks @ self.waves.mT
        found = (found / steps).round() * steps
        again = (self.waves.mT @ found @ self.waves).transpose(3, 4)
        values = again.flatten(4, 5).flatten(2, 3)[:, :, :height, :width] + self.zero
        if self.coloured:
            values = torch.einsum("dc,nchw->ndhw", self.from_ycc, values)
        return (values / 127.5 - 1).clamp(-1, 1).to(image.dtype)
