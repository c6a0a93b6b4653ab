"""How like one image is to another: means over images of 8-bit values."""

import torch
from torch import Tensor
from torch.nn.functional import conv2d

CHUNK = 32
"""Images compared at once."""
EXACT = 1e-2
"""The mean squared error of 8-bit values below which images count as equal, at 68.1 dB."""
LEVELS = 255
"""The range of 8-bit values."""
WINDOW, SIGMA = 11, 1.5
"""The Gaussian that structural similarity is weighed by, in pixels."""
STABLE = ((0.01 * LEVELS) ** 2, (0.03 * LEVELS) ** 2)
"""C1 and C2 of structural similarity."""
FINE = 0.25
"""Waves a pixel from which on a detail is fine: half of those that pixels can show."""


def psnr(images: Tensor, others: Tensor) -> float:
    """The mean over uint8 images (n, c, h, w) of their peak signal-to-noise ratios, in dB."""
    errors = [
        (one.float() - other.float()).square().flatten(1).mean(1)
        for one, other in zip(torch.split(images, CHUNK), torch.split(others, CHUNK), strict=True)
    ]
    return (10 * torch.log10(LEVELS**2 / torch.cat(errors).clamp(min=EXACT))).mean().item()


def l1(images: Tensor, others: Tensor) -> float:
    """The mean absolute difference of samples (n, ...); of uint8, as a share of the range."""
    total = sum(
        (one.double() - other.double()).abs().sum().item()
        for one, other in zip(torch.split(images, CHUNK), torch.split(others, CHUNK), strict=True)
    )
    return total / images.numel() / (LEVELS if images.dtype == torch.uint8 else 1)


def ssim(images: Tensor, others: Tensor) -> float:
    """The mean structural similarity of uint8 images (n, c, h, w), computed in float64.

    Wang et al. 2004, eq. 13, with their Gaussian window of 11 pixels, wherever it fits into the
    image; of a smaller image it is cut to its shorter side. https://doi.org/10.1109/TIP.2003.819861

    Returns:
        At most 1, which equal images have.
    """
    found = [
        _similarity(one.double(), other.double())
        for one, other in zip(torch.split(images, CHUNK), torch.split(others, CHUNK), strict=True)
    ]
    return torch.cat(found).mean().item()


def sharpness(images: Tensor, others: Tensor) -> float:
    """The power of the fine detail of uint8 images (n, c, h, w), as a share of that of others.

    It is summed over the images before it is divided: 1 is as sharp as the others, 0 is blurred,
    and what is sharper or noisier than they are has more. Others without any detail make it 0.
    """
    power = [sum(_fine(part) for part in torch.split(each, CHUNK)) for each in (images, others)]
    return power[0] / power[1] if power[1] else 0.0


def _fine(images: Tensor) -> float:
    """The power of waves that are shorter than 1 / `FINE` pixels."""
    height, width = images.shape[2:]
    down, right = torch.fft.fftfreq(height)[:, None], torch.fft.fftfreq(width)
    power = torch.fft.fft2(images.double()).abs().square()
    fine = (down**2 + right**2).sqrt() >= FINE
    return float(power[..., fine].sum())


def _similarity(one: Tensor, other: Tensor) -> Tensor:
    """Of each of n images: (n,)."""
    n, channels, height, width = one.shape
    size = min(WINDOW, height, width)
    offsets = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    weights = torch.exp(-(offsets**2) / (2 * SIGMA**2))
    weights /= weights.sum()

    def blurred(values: Tensor) -> Tensor:
        flat = values.reshape(n * channels, 1, height, width)
        return conv2d(conv2d(flat, weights.view(1, 1, -1, 1)), weights.view(1, 1, 1, -1))

    means = blurred(one), blurred(other)
    variances = blurred(one * one) - means[0] ** 2 + blurred(other * other) - means[1] ** 2
    covariance = blurred(one * other) - means[0] * means[1]
    c1, c2 = STABLE
    top = (2 * means[0] * means[1] + c1) * (2 * covariance + c2)
    bottom = (means[0] ** 2 + means[1] ** 2 + c1) * (variances + c2)
    return (top / bottom).view(n, -1).mean(1)
