"""What a regulariser or an augmentation must do to be part of any adversarial game."""

from __future__ import annotations

import re

import torch
from torch import Tensor, nn

from ganzoo.augmentations import SeenAugmentation
from ganzoo.config import options
from ganzoo.data.kinds import kind_of
from ganzoo.draws import seeded
from ganzoo.engine.modes.capture import Watch, Watched
from ganzoo.errors import GanzooError
from ganzoo.regularisers import Regulariser
from ganzoo.spec import DataSpec
from ganzoo.testing.check import Checks, Failure
from ganzoo.testing.parts.subject import SHAPE, PartSubject, applied, make_critic, ready, samples
from ganzoo.testing.registration import check_registration
from ganzoo.testing.variants.device import META, DeviceWatch, Mixed
from ganzoo.testing.variants.made import made, others
from ganzoo.testing.variants.noise import KnownNoise, in_float64

__all__ = ["AUGMENTATION_CHECKS", "COMMON", "REGULARISER_CHECKS", "PartSubject"]

_STEP = 1e-5
"""Of a central difference in float64, along a direction of norm 1."""
_SLOPE_ERROR = 1e-3
"""Of such a difference, as a share of it."""

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
    critic, apply = make_critic(), ready(subject)
    with Watch(seen := Watched()):
        apply(critic)
    if seen.host_reads:
        raise Failure(f"{seen.host_reads[0]}: compute with device tensors alone")
    critic, apply = critic.to(META), ready(subject, META)
    try:
        with DeviceWatch():
            found = apply(critic)
    except Mixed as error:
        raise Failure(
            f"{error}: make it with device=sample.device, or by register_buffer()"
        ) from error
    if found.device != META:
        raise Failure("what it makes is on the CPU: leave it on the device of the samples")


@COMMON.check("seed", needs=("target",))
def _seed(subject: PartSubject) -> None:
    """What is random in it is drawn by torch's default generator."""
    found = []
    for _ in range(2):
        with seeded(0, samples().device):
            found.append(applied(subject, make_critic()).detach())
    if not torch.equal(found[0], found[1]):
        raise Failure(
            "it gives another result with the same seed: draw random numbers by torch's default "
            "generator, not by numpy's or Python's, so that a training can be repeated"
        )


@COMMON.check("no-parameters", needs=("target",))
def _no_parameters(subject: PartSubject) -> None:
    """It learns nothing itself: what it remembers is in buffers."""
    for name, _ in subject.make().named_parameters():
        raise Failure(
            f"{name} is a parameter, which no player has and nobody trains: make it a buffer by "
            "register_buffer()"
        )


@COMMON.check("no-leak", needs=("target",))
def _no_leak(subject: PartSubject) -> None:
    """Samples and D are left as they were."""
    part, critic = subject.make(), make_critic()
    real, fake = samples(1), samples(2)
    weights = [weight.detach().clone() for weight in critic.parameters()]
    if isinstance(part, Regulariser):
        part(lambda sample: critic(sample)[:, 0], real, fake)
    else:
        part(real)
    if not (torch.equal(real, samples(1)) and torch.equal(fake, samples(2))):
        raise Failure(
            "it changes the samples that it is given, which others see too: compute new tensors, "
            "without operations in place"
        )
    if real.requires_grad or fake.requires_grad:
        raise Failure(
            "it has the samples that it is given need gradients, and others go on with them: take "
            "sample.detach().requires_grad_()"
        )
    for weight, before in zip(critic.parameters(), weights, strict=True):
        if weight.grad is not None or not torch.equal(weight, before):
            raise Failure(
                "it leaves gradients or other weights in D: call torch.autograd.grad(), not "
                "backward(), and leave weights to the optimizer"
            )


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


@REGULARISER_CHECKS.check("slope", needs=("penalty", "seed"))
def _slope(subject: PartSubject) -> None:
    """The gradient that D learns by is the slope of the penalty."""
    part = subject.make().double()
    assert isinstance(part, Regulariser)
    real, fake = samples(1).double(), samples(2).double()
    with in_float64():
        part(lambda sample: make_critic().double()(sample)[:, 0], real, fake)
    buffers = {name: value.clone() for name, value in part.named_buffers()}
    generator = torch.Generator().manual_seed(0)
    shapes = [param.shape for param in make_critic().parameters()]
    direction = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]
    length = torch.stack([way.square().sum() for way in direction]).sum().sqrt()

    def penalty(step: float) -> tuple[Tensor, list[nn.Parameter]]:
        critic = make_critic().double()
        with torch.no_grad():
            for name, value in part.named_buffers():
                value.copy_(buffers[name])
            for param, way in zip(critic.parameters(), direction, strict=True):
                param.add_(step / length * way)
        with in_float64(), KnownNoise(exact=True):
            return part(lambda sample: critic(sample)[:, 0], real, fake), [*critic.parameters()]

    value, params = penalty(0)
    grads = torch.autograd.grad(value, params, allow_unused=True)
    wanted = sum(
        float((grad * way).sum() / length)
        for grad, way in zip(grads, direction, strict=True)
        if grad is not None
    )
    ahead, behind = (penalty(step)[0].item() for step in (_STEP, -_STEP))
    slope = (ahead - behind) / (2 * _STEP)
    if abs(slope - wanted) > _SLOPE_ERROR * max(abs(slope), abs(wanted), 1e-3):
        raise Failure(
            f"along a random direction of D's weights the penalty has the slope {slope:.4g}, and "
            f"its gradient says {wanted:.4g}: detach nothing of what the penalty is made of"
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
    part, sample = subject.make_augmentation(), samples().requires_grad_()
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
    part = subject.make_augmentation()
    equal = samples()[:1].repeat(64, *[1] * len(SHAPE))
    with torch.no_grad(), torch.random.fork_rng([]):
        torch.manual_seed(0)
        out = part(equal)
    if torch.equal(out, out[:1].expand_as(out)):
        raise Failure(
            "64 equal samples become 64 equal ones: draw for each sample by itself, on its device"
        )


@REGULARISER_CHECKS.check("other-data", needs=("penalty", "no-leak"))
@AUGMENTATION_CHECKS.check("other-data", needs=("shape",))
def _other_data(subject: PartSubject) -> None:
    """Data of any kind that networks see as numbers are dealt with, or refused by name."""
    for name, groups in others().items():
        data, part = DataSpec(groups, name), subject.make()
        try:
            part.check(data)
        except GanzooError as refusal:
            if name not in str(refusal) or re.search(r"[\n.] ", str(refusal)):
                raise Failure(
                    f"on {name} it refuses with '{refusal}': write one sentence that has data.name"
                ) from refusal
            continue
        stored = made(name, groups).first(2).tensors[data.sample.name]
        kind = kind_of(data.kind)
        if kind.whole:
            continue  # of which each game makes numbers in a way of its own
        sample = kind.prepared(stored)
        wanted = sample.shape if isinstance(part, SeenAugmentation) else ()
        try:
            if isinstance(part, Regulariser):
                shape = part(lambda x: x.flatten(1).square().sum(1), sample, sample / 2).shape
            else:
                shape = part(sample).shape
        except Exception as error:
            raise Failure(
                f"on {name} of shape {data} it fails ({type(error).__name__}): raise GanzooError "
                "in check(data) for what it is not made for"
            ) from error
        if shape != wanted:
            raise Failure(f"{name} of shape {data} become {tuple(shape)}: keep their shape")
