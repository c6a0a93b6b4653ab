"""Regularisers of a discriminator: terms of its loss that keep it smooth.

A penalty on gradients is taken through the augmentation of what D sees, with respect to the sample
as it is. It is each sample's own only where D judges every sample by itself, without BatchNorm.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, nn

from ganzoo.config import REGULARISERS, option
from ganzoo.spec import DataSpec

Critic = Callable[[Tensor], Tensor]
"""D as it is trained: samples (n, ...) to logits, of any shape, all of whose parts belong to the
sample at their place in the batch."""


def regulariser_option() -> Any:
    """The field of a config that is called ``regulariser``, a mapping of `Regulariser` by name."""
    words = "terms of D's loss, as in r1:gamma=1,r2: see `ganzoo regularisers`"
    return option(None, words, names=REGULARISERS)


@dataclass(frozen=True)
class RegulariserConfig:
    """The settings of every regulariser."""

    every: int = option(
        1, "iterations between two updates by it; more than 1: lazily, as a phase", minimum=1
    )


class Regulariser(nn.Module, ABC):
    """One term of D's loss; what it remembers is in buffers."""

    Config: ClassVar[type] = RegulariserConfig
    metric: ClassVar[str]
    """As which the penalty is logged, without its weight; the watchdog takes a name that ends in
    ``gradient_penalty`` for how far norms are from 1."""
    second_order: ClassVar[bool] = True
    """Whether it differentiates a gradient."""
    weight: Tensor
    """0-d: what the penalty is multiplied by; a dial may move it."""

    def __init__(self, config: Any, weight: float) -> None:
        super().__init__()
        self.every: int = config.every
        self.register_buffer("weight", torch.tensor(weight))

    def check(self, data: DataSpec) -> None:
        """See whether it suits the data.

        Raises:
            GanzooError: it does not, and why.
        """

    @abstractmethod
    def forward(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        """The penalty, a scalar, without its weight, of samples (n, ...) each, detached.

        In D's own step, `critic` has judged `real` and `fake` themselves already, and answers
        about them with those logits, at no cost. A step may have its samples in several parts.
        """

    def adapt(self) -> None:
        """Change by what was seen in a step of D's, once it is over: in-place tensor work."""

    if TYPE_CHECKING:

        def __call__(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor: ...


class LatentRegulariser(Regulariser):
    """A term that compares fakes with fakes of latents nearby, and has a part in G's loss.

    It is called with fakes of nearby latents in the place of samples of the data.
    """

    @abstractmethod
    def near(self, latent: Tensor) -> Tensor:
        """Latents (n, ...), each near one of these."""

    @abstractmethod
    def generator(self, near: Tensor, fake: Tensor) -> Tensor:
        """What G's loss has besides, a scalar, weight included, of samples (n, ...) of each."""


@dataclass(frozen=True)
class GammaConfig(RegulariserConfig):
    """Of a penalty in the units of Mescheder et al."""

    gamma: float = option(10.0, "weight γ, of which half multiplies the squared norm", minimum=0)


@dataclass(frozen=True)
class LambdaConfig(RegulariserConfig):
    """Of a penalty in the units of Gulrajani et al."""

    weight: float = option(10.0, "weight λ of the penalty", minimum=0)


class R1(Regulariser):
    """Mescheder et al. 2018, eq. 9: γ/2 E[||∇D(x)||²] at samples of the data.

    The authors' code (LMescheder/GAN_stability) has no half: its 10 is γ = 20.
    """

    Config = GammaConfig
    metric = "r1"

    def __init__(self, config: GammaConfig) -> None:
        super().__init__(config, config.gamma / 2)

    def forward(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        return squared_norms(critic, real).mean()


class R2(Regulariser):
    """Mescheder et al. 2018, eq. 10: γ/2 E[||∇D(G(z))||²] at fakes; see `R1` for the half."""

    Config = GammaConfig
    metric = "r2"

    def __init__(self, config: GammaConfig) -> None:
        super().__init__(config, config.gamma / 2)

    def forward(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        return squared_norms(critic, fake).mean()


class OneCentred(Regulariser):
    """Gulrajani et al. 2017, eq. 3: λ E[(||∇D(x̂)|| - 1)²] between samples of the data and fakes."""

    Config = LambdaConfig
    metric = "gradient_penalty"

    def __init__(self, config: LambdaConfig) -> None:
        super().__init__(config, config.weight)

    def forward(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        return (squared_norms(critic, between(real, fake)).sqrt() - 1).square().mean()


class ZeroCentred(Regulariser):
    """Thanh-Tung et al. 2019: λ E[||∇D(x̂)||²] between samples of the data and fakes."""

    Config = LambdaConfig
    metric = "zero_centred_penalty"

    def __init__(self, config: LambdaConfig) -> None:
        super().__init__(config, config.weight)

    def forward(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        return squared_norms(critic, between(real, fake)).mean()


class Remembered:
    """A critic that knows what it has said of certain tensors.

    Args:
        critic: judges all others.
        said: pairs of samples and their logits.
    """

    def __init__(self, critic: Critic, said: Sequence[tuple[Tensor, Tensor]]) -> None:
        self._critic, self._said = critic, said

    def __call__(self, sample: Tensor) -> Tensor:
        for known, logits in self._said:
            if known is sample:
                return logits
        return self._critic(sample)


def between(real: Tensor, fake: Tensor) -> Tensor:
    """Random points, one on each line between a sample (n, ...) of the data and a fake."""
    share = torch.rand(len(real), *[1] * (real.dim() - 1), device=real.device)
    return share * real + (1 - share) * fake


def squared_norms(critic: Critic, at: Tensor) -> Tensor:
    """||∇D||² at each of the samples (n, ...), (n,), which can be differentiated again."""
    at = at.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(critic(at).sum(), at, create_graph=True)
    return gradient.flatten(1).square().sum(1)
