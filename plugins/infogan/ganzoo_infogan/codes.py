"""The latent of InfoGAN: noise z, and the code c, of which Q tells what it was."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from ganzoo import GanzooError, option
from ganzoo.networks import sample_prior


@dataclass(frozen=True)
class Asked:
    """The codes that samples are to have; one that is left out is drawn for each sample."""

    c1: int | None = option(None, "value of the categorical code, from 0 on", minimum=0)
    c2: float | None = option(None, "value of the first continuous code, trained in [-1, 1]")
    c3: float | None = option(None, "value of the second continuous code, trained in [-1, 1]")


class Code(NamedTuple):
    """c, or what Q says of it."""

    c1: Tensor
    """One-hot, or logits, (n, categories)."""
    continuous: Tensor
    """c2, c3, ..., or their means, (n, continuous)."""


@dataclass(frozen=True)
class Latents:
    """How a latent (n, size) is made of z, c1 and the continuous codes, in this order."""

    noise: int
    """Dimensions of z ~ U(-1, 1)."""
    categories: int
    """K of c1 ~ Cat(K, 1/K)."""
    continuous: int
    """How many c2, c3, ... ~ U(-1, 1)."""

    @property
    def size(self) -> int:
        """Numbers of a latent."""
        return self.noise + self.categories + self.continuous

    def sample(self, n: int, device: torch.device, asked: Asked) -> Tensor:
        """`n` latents of the prior, (n, size), with the codes that are asked for.

        Raises:
            GanzooError: there is no such code.
        """
        c1 = torch.randint(self.categories, (n,), device=device)
        latent = torch.cat(
            (
                sample_prior("uniform", n, self.noise, device),
                F.one_hot(c1, self.categories).to(torch.get_default_dtype()),
                sample_prior("uniform", n, self.continuous, device),
            ),
            1,
        )
        if asked.c1 is not None:
            latent = self.with_category(latent, asked.c1)
        for index, value in enumerate((asked.c2, asked.c3)):
            if value is not None:
                latent = self.with_continuous(latent, index, value)
        return latent

    def code(self, latent: Tensor) -> Code:
        """The code of latents."""
        _, c1, continuous = self._parts(latent)
        return Code(c1, continuous)

    def with_category(self, latent: Tensor, c1: int | Tensor) -> Tensor:
        """The same latents with another c1, one for all or one for each, int64 (n,).

        Raises:
            GanzooError: one for all that is too large.
        """
        if isinstance(c1, int):
            if c1 >= self.categories:
                raise GanzooError(f"--c1 must be 0 to {self.categories - 1} for this run, not {c1}")
            c1 = torch.full((len(latent),), c1, device=latent.device)
        z, _, rest = self._parts(latent)
        return torch.cat((z, F.one_hot(c1, self.categories).to(z.dtype), rest), 1)

    def with_continuous(self, latent: Tensor, index: int, value: float | Tensor) -> Tensor:
        """The same latents with another value of a continuous code, or one for each, (n,).

        Raises:
            GanzooError: there are fewer codes.
        """
        if index >= self.continuous:
            raise GanzooError(
                f"--c{index + 2} asks for a continuous code that this run has not, which was "
                f"trained with --continuous {self.continuous}: leave it out"
            )
        changed = latent.clone()
        changed[:, self.noise + self.categories + index] = value
        return changed

    def with_noise_times(self, latent: Tensor, psi: float) -> Tensor:
        """The same codes with their z scaled."""
        z, *code = self._parts(latent)
        return torch.cat((psi * z, *code), 1)

    def _parts(self, latent: Tensor) -> tuple[Tensor, ...]:
        """z, c1 and the continuous codes."""
        return latent.tensor_split((self.noise, self.noise + self.categories), 1)
