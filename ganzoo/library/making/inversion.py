"""Semantic inpainting: what is missing is taken from the sample that is most like what is known.

Yeh et al. 2017, https://arxiv.org/abs/1607.07539: any trained sampler does it, with its D where
that was kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, pad

from ganzoo.adversarial import Adversarial
from ganzoo.engine.optimizers.plain import plain
from ganzoo.library.asked import SEEDS, whole
from ganzoo.library.projection import held
from ganzoo.runs import checkpoint as checkpoints
from ganzoo.runs.generate import CHUNK, Drawing, draw_latents
from ganzoo.runs.initial import networks_in
from ganzoo.runs.load import Loaded, removed
from ganzoo.variant import Variant

STEPS = 300
STARTS = 8
"""Latents, the nearest of `CHUNK` that were drawn, from which the search begins."""
RATE = 0.1
"""Of Adam."""
WINDOW = 7
"""Pixels a side of the neighbourhood that says how much a known pixel counts."""
PRIOR = 0.003
"""λ: what D's verdict counts."""
ROUNDS = 2000
"""Of the solution of Poisson's equation, at most."""
EXACT = 1e-6
"""The residual, as a share of that at first, at which it is solved."""

Critic = Callable[[Tensor, Tensor | None], Tensor]
"""Of samples and their labels the sum over them of what G minimises."""


def critic_of(loaded: Loaded) -> Critic | None:
    """What D says of samples; None where it was not kept, or judges no sample by itself.

    Args:
        loaded: in whose variant D gets the weights that it had there.

    Raises:
        GanzooError: the checkpoint is damaged, or was removed.
    """
    variant, path = loaded.variant, loaded.checkpoint
    if not isinstance(variant, Adversarial) or variant.loss.generator_sees_real:
        return None
    if not path.exists():
        raise removed(path)
    if not (path / checkpoints.STATE).is_file():
        return None
    net, loss = variant.get_submodule("discriminator"), variant.loss
    net.load_state_dict(networks_in(path)["discriminator"])
    net.eval()
    return lambda sample, label: len(sample) * loss.generator(net(sample, label), None)


@dataclass(frozen=True)
class Inverter:
    """A sampler that restores images by looking for latents."""

    variant: Variant
    """In eval mode; its networks are left as they are."""
    critic: Critic | None = None
    steps: int = STEPS
    seed: int = 0

    def __post_init__(self) -> None:
        whole("steps", self.steps)
        whole("seed", self.seed, most=SEEDS)

    def restore(self, image: Tensor, missing: Tensor) -> Tensor:
        """Whole images, as a `ganzoo.abilities.Restorer` makes them: what is known is kept.

        Args:
            image: (n, channels, height, width) in [-1, 1], 0 where it is missing.
            missing: (n, 1, height, width), 1 where a pixel is missing, else 0.
        """
        made = [
            self._found(one[None], hole[None]) for one, hole in zip(image, missing, strict=True)
        ]
        return blended(image, torch.cat(made), missing).clamp(-1, 1)

    def _found(self, image: Tensor, missing: Tensor) -> Tensor:
        """The sample that is most like what is known of one image, (1, ...)."""
        variant, weights = self.variant, importance(missing)
        drawn = draw_latents(variant, range(CHUNK), Drawing(self.seed))

        def context(made: Tensor) -> Tensor:
            """Eq. 3, of each sample, as a share of the weights."""
            return (weights * (made - image).abs()).flatten(1).sum(1) / weights.sum().clamp(min=1)

        with torch.no_grad():
            nearest = context(variant(*drawn)).argsort()[:STARTS]
        labels = None if drawn.labels is None else drawn.labels[nearest]
        z = drawn.z[nearest].clone().requires_grad_()
        adam = plain(torch.optim.Adam)([z], lr=RATE)
        with torch.enable_grad():
            for _ in range(self.steps):
                made = variant(z, labels)
                loss = context(made).sum()
                if self.critic is not None:
                    loss = loss + PRIOR * self.critic(made, labels)  # eqs. 4 and 5
                (z.grad,) = torch.autograd.grad(loss, [z])
                adam.step()
                with torch.no_grad():
                    z.copy_(held(variant.prior, z, drawn.z))
        with torch.no_grad():
            made = variant(z, labels)
            at = context(made).argmin()
        return made[at : at + 1]


def importance(missing: Tensor) -> Tensor:
    """What each known pixel counts: the share of its neighbours that are missing (eq. 2).

    Args:
        missing: (n, 1, height, width), 1 where a pixel is missing, else 0.
    """
    near = avg_pool2d(missing, WINDOW, 1, WINDOW // 2)
    return near * (1 - missing)


def blended(image: Tensor, made: Tensor, missing: Tensor) -> Tensor:
    """Images whose missing part has the differences of another image, and no seam (eq. 7).

    What is added to the other image is harmonic: Poisson's equation of Pérez et al. 2003, with what
    is known at the border. It is solved by conjugate gradients.

    Args:
        image: (n, channels, height, width), of which what is known counts.
        made: the other one.
        missing: (n, 1, height, width), 1 where a pixel is missing, else 0.
    """
    hole = missing.expand_as(image)
    apart = (image - made) * (1 - hole)
    residual = -laplacian(apart) * hole
    shift, direction = torch.zeros_like(image), residual
    square = start = residual.square().sum()
    for _ in range(ROUNDS):
        if square <= EXACT**2 * start:
            break
        change = laplacian(direction) * hole
        size = square / (direction * change).sum()
        shift = shift + size * direction
        residual = residual - size * change
        before, square = square, residual.square().sum()
        direction = residual + square / before * direction
    return torch.where(missing > 0, made + shift, image)


def laplacian(image: Tensor) -> Tensor:
    """Of each pixel the sum of its differences from its neighbours, as many as it has."""
    n, channels, height, width = image.shape
    kernel = image.new_tensor([[0, -1, 0], [-1, 4, -1], [0, -1, 0]]).view(1, 1, 3, 3)
    padded = pad(image, (1, 1, 1, 1), "replicate").view(n * channels, 1, height + 2, width + 2)
    return conv2d(padded, kernel).view(n, channels, height, width)
