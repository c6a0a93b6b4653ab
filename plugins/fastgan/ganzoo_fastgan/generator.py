"""FastGAN's G (Liu et al. 2021, section 3.1): a layer or two a size, and skip-layer excitation."""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from ganzoo import Generator
from ganzoo_fastgan.layers import GLU, Conv, Excitation, FirstMaps
from ganzoo_fastgan.sizes import Sizes


class Up(nn.Module):
    """Maps of twice the size, by one convolution; or by two, each with noise on its maps."""

    def __init__(self, inputs: int, outputs: int, *, noisy: bool) -> None:
        super().__init__()
        steps = [(inputs, outputs), (outputs, outputs)] if noisy else [(inputs, outputs)]
        self.convs = nn.ModuleList(Conv(before, 2 * after, 3) for before, after in steps)
        self.norms = nn.ModuleList(nn.BatchNorm2d(2 * outputs) for _ in steps)
        self.loudness = nn.Parameter(torch.zeros(len(steps))) if noisy else None
        self.gate = GLU()

    def forward(self, maps: Tensor, noise: Tensor | None) -> Tensor:
        """Maps (n, ...), and noise (n, 2, height, width) where it is `noisy`."""
        maps = interpolate(maps, scale_factor=2)
        for i, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            maps = conv(maps)
            if self.loudness is not None:
                assert noise is not None
                maps = maps + self.loudness[i] * noise[:, i : i + 1]
            maps = self.gate(norm(maps))
        return maps


class FastGenerator(Generator):
    """z and noise to an image, and to a smaller one for D.

    Every other size has two convolutions and noise, beginning with the second smallest.
    """

    def __init__(self, latent_dim: int, sizes: Sizes) -> None:
        super().__init__()
        self.latent_dim, self.small = latent_dim, sizes.small
        made = sizes.made
        self.first = nn.Sequential(
            FirstMaps(latent_dim, 2 * made[0], sizes.smallest), nn.BatchNorm2d(2 * made[0]), GLU()
        )
        levels = range(1, len(made))
        self.ups = nn.ModuleList(
            Up(made[level - 1], made[level], noisy=level % 2 == 1) for level in levels
        )
        self.noises = {level: (2, *sizes.at(level)) for level in levels if level % 2 == 1}
        self.links = sizes.linked
        self.excitations = nn.ModuleDict(
            {
                str(high): Excitation(made[low], made[high], sizes.smallest)
                for high, low in self.links.items()
            }
        )
        self.to_small = Conv(made[self.small], sizes.channels, 1)
        self.to_image = Conv(made[-1], sizes.channels, 3)

    @property
    def noise_dim(self) -> int:
        """Values of noise that an image takes besides z."""
        return sum(map(prod, self.noises.values()))

    def both(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """Images, and smaller ones, of latents (n, latent_dim + noise_dim)."""
        z, *noise = torch.split(latent, [self.latent_dim, *map(prod, self.noises.values())], dim=1)
        noises = {
            level: flat.view(-1, *shape)
            for flat, (level, shape) in zip(noise, self.noises.items(), strict=True)
        }
        maps = [self.first(z)]
        for level, up in enumerate(self.ups, 1):
            higher = up(maps[-1], noises.get(level))
            if level in self.links:
                higher = self.excitations[str(level)](maps[self.links[level]], higher)
            maps.append(higher)
        return self.to_image(maps[-1]).tanh(), self.to_small(maps[self.small]).tanh()

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.both(latent)[0]
