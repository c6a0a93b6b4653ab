"""What a regulariser or an augmentation must do to be part of any adversarial game."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.augmentations import SeenAugmentation
from ganzoo.config import options
from ganzoo.engine.modes.capture import Watch, Watched
from ganzoo.plugins.registered import Registered, load_target
from ganzoo.regularisers import Regulariser
from ganzoo.spec import AugmentationSpec, RegulariserSpec
from ganzoo.testing.check import Checks, Failure
from ganzoo.testing.registration import check_registration

N, SHAPE = 6, (2, 8, 8)
"""Samples, and the shape of each."""


@dataclass
class PartSubject:
    """An installed regulariser or augmentation."""

    registered: Registered[RegulariserSpec] | Registered[AugmentationSpec]

    @cached_property
    def cls(self) -> type[Regulariser] | type[SeenAugmentation]:
        """What the spec's target names.

        Raises:
            GanzooError: it is none of the spec's kind.
        """
        cls: type[Regulariser] | type[SeenAugmentation] = load_target(self.registered.spec)
        return cls

    def make(self) -> Regulariser | SeenAugmentation:
        """One with its default settings."""
        made: Any = self.cls
        part: Regulariser | SeenAugmentation = made(made.Config())
        return part


def samples(seed: int = 0) -> Tensor:
    """(N, *SHAPE) in [-1, 1]."""
    return torch.rand(N, *SHAPE, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def make_critic() -> nn.Module:
    """A D without BatchNorm, smooth, so that all derivatives exist."""
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        return nn.Sequential(nn.Flatten(), nn.Linear(128, 8), nn.Softplus(), nn.Linear(8, 1))


def applied(subject: PartSubject, critic: nn.Module) -> Tensor:
    """A penalty of `critic`, or augmented samples."""
    part = subject.make()
    if isinstance(part, Regulariser):
        return part(lambda sample: critic(sample)[:, 0], samples(1), samples(2))
    return part(samples(1))


COMMON = Checks[PartSubject]()


@COMMON.check("registration")
def _registration(subject: PartSubject) -> None:
    """The plugin registers without torch and without a word."""
    check_registration(subject.registered.plugin)


@COMMON.check("spec")
def _spec(subject: PartSubject) -> None:
    """The spec says what it is, and the link to the paper is one."""
    spec = subject.registered.spec
    if not spec.title.strip():
        raise Failure(f"'{spec.name}' has no title: say in a few words what it is")
    if spec.paper and not spec.paper.startswith(("https://", "http://")):
        raise Failure(f"'{spec.name}' has the paper '{spec.paper}': give a link, or ''")


@COMMON.check("target")
def _target(subject: PartSubject) -> None:
    """The target is a class of the spec's kind, made with its default settings."""
    part = subject.make()
    if "every" not in options(subject.cls.Config) and isinstance(part, Regulariser):
        raise Failure(
            f"{subject.cls.__name__}.Config has no setting 'every': derive it from "
            "ganzoo.regularisers.RegulariserConfig"
        )


@COMMON.check("device", needs=("target",))
def _device(subject: PartSubject) -> None:
    """Nothing is read on the host, so that an iteration can be captured."""
    critic = make_critic()
    with Watch(seen := Watched()):
        applied(subject, critic)
    if seen.host_reads:
        raise Failure(f"{seen.host_reads[0]}: compute with device tensors alone")


REGULARISER_CHECKS = Checks[PartSubject]()
REGULARISER_CHECKS.all += COMMON.all
AUGMENTATION_CHECKS = Checks[PartSubject]()
AUGMENTATION_CHECKS.all += COMMON.all


@REGULARISER_CHECKS.check("penalty", needs=("target",))
def _penalty(subject: PartSubject) -> None:
    """The penalty is a finite scalar from which D learns."""
    critic = make_critic()
    penalty = applied(subject, critic)
    if not isinstance(penalty, Tensor) or penalty.dim() or not penalty.isfinite():
        raise Failure(f"the penalty is {penalty!r}: return a finite scalar, the mean over samples")
    grads: tuple[Tensor | None, ...] = (None,)
    if penalty.requires_grad:
        grads = torch.autograd.grad(penalty, [*critic.parameters()], allow_unused=True)
    if not any(grad is not None and bool(grad.any()) for grad in grads):
        raise Failure(
            "D learns nothing from the penalty: compute it without detach(), and gradients with "
            "create_graph=True"
        )


@AUGMENTATION_CHECKS.check("shape", needs=("target",))
def _shape(subject: PartSubject) -> None:
    """Augmented samples are shaped as samples are."""
    out = applied(subject, make_critic())
    if not isinstance(out, Tensor) or out.shape != samples().shape or out.dtype != torch.float32:
        shown = tuple(out.shape) if isinstance(out, Tensor) else repr(out)
        raise Failure(f"samples of shape {tuple(samples().shape)} become {shown}: keep their shape")


@AUGMENTATION_CHECKS.check("differentiable", needs=("shape",))
def _differentiable(subject: PartSubject) -> None:
    """G learns through it, from every sample."""
    part, sample = subject.make(), samples().requires_grad_()
    assert isinstance(part, SeenAugmentation)
    out = part(sample)
    grad = None
    if out.requires_grad:
        (grad,) = torch.autograd.grad(out.square().sum(), sample, allow_unused=True)
    if grad is None or not grad.flatten(1).any(1).all():
        raise Failure(
            "no gradient reaches some samples, and G learns nothing from them: use differentiable "
            "operations, without detach() or rounding"
        )


@AUGMENTATION_CHECKS.check("own-draw", needs=("shape",))
def _own_draw(subject: PartSubject) -> None:
    """Each sample is changed by a draw of its own."""
    part = subject.make()
    assert isinstance(part, SeenAugmentation)
    equal = samples()[:1].expand(64, *SHAPE)
    with torch.no_grad(), torch.random.fork_rng([]):
        torch.manual_seed(0)
        out = part(equal)
    if torch.equal(out, out[:1].expand_as(out)):
        raise Failure(
            "64 equal samples become 64 equal ones: draw for each sample by itself, on its device"
        )
