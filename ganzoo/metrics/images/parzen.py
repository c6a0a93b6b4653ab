"""Parzen-window log-likelihood, the measure of the first GAN papers.

A Gaussian of one width sits on each of a generator's samples, and the test images are judged under
that mixture (Goodfellow et al. 2014, section 5, https://arxiv.org/abs/1406.2661). It says little of
image quality (Theis et al. 2016, https://arxiv.org/abs/1511.01844): it is here to compare with the
papers' numbers.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

WIDTHS: tuple[float, ...] = tuple(torch.logspace(-1, 0, 10, dtype=torch.float64).tolist())
"""The paper's choice: ten from 0.1 to 1, evenly spaced in their logarithm."""

ROWS = 250
"""Images compared with all samples at once: with 10,000 samples, 20 MB of distances."""


def log_likelihood(samples: Tensor, test: Tensor, sigma: float) -> tuple[float, float]:
    """The mean log-density of the test images under the window, and its standard error.

    Args:
        samples: a generator's, (n, ...), pixels in [0, 1].
        test: (m, ...), pixels in [0, 1], m at least 2.
        sigma: the standard deviation of the window in each pixel, from `choose_sigma`.

    Returns:
        (mean, standard error over the test images), in nats per image; higher is better.
    """
    (densities,) = _log_densities(samples, test, [sigma])
    return densities.mean().item(), densities.std().item() / math.sqrt(len(test))


def choose_sigma(samples: Tensor, validation: Tensor) -> float:
    """The one of ten widths under which the validation images are likeliest.

    Args:
        samples: a generator's, (n, ...), pixels in [0, 1].
        validation: (m, ...), pixels in [0, 1]; none of the images to be judged.
    """
    return WIDTHS[int(_log_densities(samples, validation, WIDTHS).mean(1).argmax())]


def _log_densities(samples: Tensor, images: Tensor, sigmas: Sequence[float]) -> Tensor:
    """Of each image under each width: (sigmas, images), float64."""
    samples = samples.flatten(1).double()
    count, pixels = samples.shape
    blocks = []
    for rows in torch.split(images.flatten(1), ROWS):
        squares = torch.cdist(rows.double(), samples).square()
        blocks.append(torch.stack([(squares / (-2 * s * s)).logsumexp(1) for s in sigmas]))
    widths = torch.tensor(sigmas, dtype=torch.float64)[:, None]
    normaliser = math.log(count) + pixels * (widths * math.sqrt(2 * math.pi)).log()
    return torch.cat(blocks, 1) - normaliser
