"""What an adversarial loss must do to be played by any variant, on any device."""

from collections.abc import Callable
from itertools import product

import torch
from torch import Tensor

from ganzoo.engine.modes.capture import Watch, Watched
from ganzoo.testing.check import Checks, Failure
from ganzoo.testing.losses.subject import (
    LossSubject,
    N,
    described,
    gradient_of,
    same,
    spread,
    trainable,
)
from ganzoo.testing.registration import check_registration
from ganzoo.testing.variants.device import META, DeviceWatch, Mixed

__all__ = ["LOSS_CHECKS", "LossSubject"]

_LARGE, _HUGE, _EXPONENTIAL = 80.0, 1e4, 1e16
"""Logits of 10,000 must have a finite loss, but where that of 80 is above any power of them that
one would write: exp(80), as in the f-GAN of the KL divergence, is a float32, and exp(89) is not."""
_FAR = 30.0
"""Where ``sigmoid`` is 1 in float32 and not in float64."""

LOSS_CHECKS = Checks[LossSubject]()


@LOSS_CHECKS.check("registration")
def _registration(subject: LossSubject) -> None:
    """The plugin registers without torch and without a word."""
    check_registration(subject.registered.plugin)


@LOSS_CHECKS.check("spec")
def _spec(subject: LossSubject) -> None:
    """The spec says what the loss is, and the link to the paper is one."""
    spec = subject.registered.spec
    if not spec.title.strip():
        raise Failure(f"the LossSpec '{spec.name}' has no title: say in a few words what it is")
    if spec.paper and not spec.paper.startswith(("https://", "http://")):
        raise Failure(
            f"the LossSpec '{spec.name}' has the paper '{spec.paper}': give a link, or ''"
        )


@LOSS_CHECKS.check("target")
def _target(subject: LossSubject) -> None:
    """The target is an AdversarialLoss."""
    loss = subject.loss
    for name in ("discriminator", "generator", "score"):
        if not callable(getattr(loss, name)):
            raise Failure(f"its {name} is {described(getattr(loss, name))}: it must be a function")


@LOSS_CHECKS.check("generator-sees-real", needs=("target",))
def _generator_sees_real(subject: LossSubject) -> None:
    """`generator_sees_real` says whether the generator's side depends on the real logits."""
    generator, fake = subject.loss.generator, spread(-1, 0.5)
    if not subject.loss.generator_sees_real:
        try:
            alone = generator(fake, None)
        except Exception as error:
            generator(fake, spread(1, 2))  # fails as well where the reason is another one
            raise Failure(
                f"the generator's side fails without real logits ({type(error).__name__}: {error})"
                ": set generator_sees_real=True"
            ) from error
        if not same(generator(fake, spread(1, 2)), alone):
            raise Failure(
                "the generator's side is another number when it is given real logits, and "
                "variants do not give them: set generator_sees_real=True"
            )
        return
    if same(generator(fake, spread(1, 2)), generator(fake, spread(-3, 0))):
        raise Failure(
            "the generator's side does not depend on the real logits: leave out "
            "generator_sees_real, which costs a forward pass of D"
        )


@LOSS_CHECKS.check("scalar", needs=("generator-sees-real",))
def _scalar(subject: LossSubject) -> None:
    """Both sides are scalars."""
    for side, value in subject.sides(spread(-1, 1), spread(-1, 1)).items():
        if not isinstance(value, Tensor):
            raise Failure(f"the {side}'s side returns {described(value)}: return a tensor")
        if value.dim() != 0:
            raise Failure(
                f"the {side}'s side returns a tensor of shape {tuple(value.shape)}: take the mean "
                "over all logits"
            )


@LOSS_CHECKS.check("pure", needs=("scalar",))
def _pure(subject: LossSubject) -> None:
    """The same logits give the same loss every time, and are left as they are."""
    real, fake = spread(-2, 3), spread(-3, 2)
    first = subject.sides(real, fake)
    if not (torch.equal(real, spread(-2, 3)) and torch.equal(fake, spread(-3, 2))):
        raise Failure("it changes the logits that it is given: leave out operations in place")
    for side, value in subject.sides(real, fake).items():
        if not torch.equal(first[side], value):
            raise Failure(
                f"the {side}'s side is {first[side]:.6g} and then {value:.6g} on the same logits: "
                "a loss is a function of them alone, without a state or a random number"
            )


@LOSS_CHECKS.check("differentiable", needs=("scalar",))
def _differentiable(subject: LossSubject) -> None:
    """D learns from real and fake logits, and G from fake ones."""
    real, fake = trainable(spread(-0.5, 0.5)), trainable(spread(-0.4, 0.6))
    for side, value in subject.sides(real, fake).items():
        wanted = {"real": real, "fake": fake} if side == "discriminator" else {"fake": fake}
        for kind, logits in wanted.items():
            gradient = gradient_of(value, logits)
            if gradient is None or not gradient.any():
                raise Failure(
                    f"no gradient reaches the {kind} logits from the {side}'s side: compute it "
                    "from them by differentiable operations, without detach() or rounding"
                )


@LOSS_CHECKS.check("finite", needs=("scalar",))
def _finite(subject: LossSubject) -> None:
    """Both sides and their gradients are finite in float32, for logits as large as can be asked."""
    for real_sign, fake_sign in product((-1, 1), repeat=2):
        for size in (_LARGE, _HUGE):
            at = real_sign * size, fake_sign * size
            real, fake = (trainable(value + spread(-1, 1)) for value in at)
            largest = 0.0
            for side, value in subject.sides(real, fake).items():
                gradients = (gradient_of(value, real), gradient_of(value, fake))
                parts = [value, *(one for one in gradients if one is not None)]
                if not all(part.isfinite().all() for part in parts):
                    raise Failure(
                        f"the {side}'s side or its gradient is not finite where the real logits "
                        f"are {at[0]:g} and the fake ones {at[1]:g}: write log D as "
                        "-softplus(-logits) and log(1 - D) as -softplus(logits)"
                    )
                largest = max(largest, abs(value.item()))
            if largest > _EXPONENTIAL:
                break


@LOSS_CHECKS.check("rounding", needs=("pure",))
def _rounding(subject: LossSubject) -> None:
    """Both sides and their gradients in float32 are those in float64 but for rounding."""
    logits = [trainable(part) for part in (spread(-_FAR, _FAR), spread(-_FAR, _FAR).flip(0))]
    exact = [trainable(part.double()) for part in logits]
    rounded, reference = subject.sides(*logits), subject.sides(*exact)
    for side, value in reference.items():
        if value.dtype != torch.float64 or rounded[side].dtype != torch.float32:
            raise Failure(
                f"the {side}'s side makes {value.dtype} of float64 logits and "
                f"{rounded[side].dtype} of float32 ones: keep the logits' own type"
            )
        pairs = [(rounded[side], value)]
        for one, other in zip(logits, exact, strict=True):
            gradients = gradient_of(rounded[side], one), gradient_of(value, other)
            if gradients[0] is not None and gradients[1] is not None:
                pairs.append((gradients[0], gradients[1]))
        for got, wanted in pairs:
            if not torch.allclose(got.double(), wanted, rtol=1e-4, atol=1e-5):
                raise Failure(
                    f"the {side}'s side or its gradient loses all precision at logits of "
                    f"{_FAR:g}: compute it from the logits by softplus, not from a sigmoid, "
                    "whose float32 is exactly 1 there"
                )


@LOSS_CHECKS.check("mean", needs=("pure",))
def _mean(subject: LossSubject) -> None:
    """Both sides are means over the batch: it twice over has the same loss."""
    real, fake = spread(-2, 3), spread(-3, 2)
    once, twice = subject.sides(real, fake), subject.sides(real.repeat(2), fake.repeat(2))
    for side, value in once.items():
        if not same(twice[side], value):
            raise Failure(
                f"the {side}'s side is {value:.4g} on a batch and {twice[side]:.4g} on the same "
                "batch twice over: take the mean, not the sum, so that a learning rate suits every "
                "batch size"
            )


@LOSS_CHECKS.check("any-shape", needs=("mean",))
def _any_shape(subject: LossSubject) -> None:
    """The logits' shape does not matter: (n,), (n, 1) or the patches of (n, 1, h, w)."""
    real, fake = spread(-2, 3), spread(-3, 2).flip(0)
    flat = subject.sides(real, fake)
    for shape in ((N, 1), (N // 4, 1, 2, 2)):
        for side, value in subject.sides(real.reshape(shape), fake.reshape(shape)).items():
            if not same(value, flat[side]):
                raise Failure(
                    f"the {side}'s side is {flat[side]:.4g} on logits of shape ({N},) and "
                    f"{value:.4g} on the same ones as {shape}: use operations that work element "
                    "by element, and mean() without a dim"
                )


@LOSS_CHECKS.check("direction", needs=("differentiable",))
def _direction(subject: LossSubject) -> None:
    """D's loss falls as real logits rise and rises with fake ones; G's falls as fake ones rise."""
    # D is asked between 0 and 1, undecided by every convention: a hinge's margins are -1 and 1,
    # and D's targets in least squares 0 and 1, or -1 and 1. G is asked about fakes that D has
    # found out, between -1 and 0: G's target in least squares may be 0, beyond which its loss rises
    # again.
    for side, (low, high) in {"discriminator": (0.2, 0.8), "generator": (-0.8, -0.2)}.items():
        real, fake = trainable(spread(0.2, 0.8)), trainable(spread(low, high))
        value = subject.sides(real, fake)[side]
        wanted = {real: ("real", -1), fake: ("fake", 1)}
        if side == "generator":
            wanted = {fake: ("fake", -1)}
        for logits, (kind, sign) in wanted.items():
            gradient = gradient_of(value, logits)
            assert gradient is not None
            if sign * gradient.sum() <= 0:
                raise Failure(
                    f"the {side}'s loss does not {'fall' if sign < 0 else 'rise'} as {kind} logits "
                    f"between {logits.min():.1f} and {logits.max():.1f} rise: both sides are "
                    "minimised, and a high logit means real, so turn a sign round"
                )


@LOSS_CHECKS.check("score", needs=("target",))
def _score(subject: LossSubject) -> None:
    """The score has the logits' shape, is finite and rises with them."""
    for shape in ((N,), (N // 4, 1, 2, 2)):
        score = subject.loss.score(spread(-3, 3).reshape(shape))
        if not isinstance(score, Tensor) or score.shape != shape:
            raise Failure(
                f"the score of logits of shape {shape} is {described(score)}: return one number "
                "a logit, of which ganzoo logs the mean"
            )
        if not score.isfinite().all() or (score.flatten().diff() <= 0).any():
            raise Failure(
                "the score does not rise with the logits from -3 to 3: it is D's verdict, a "
                "probability (torch.sigmoid) or the logits themselves"
            )


@LOSS_CHECKS.check("capturable", needs=("scalar",))
def _capturable(subject: LossSubject) -> None:
    """No side reads a tensor on the host, which would make a GPU wait, or makes one there."""
    seen = Watched()
    real, fake = trainable(spread(-2, 3)), trainable(spread(-3, 2))
    functions: list[Callable[[], object]] = [
        lambda: subject.sides(real, fake),
        lambda: subject.loss.score(fake.detach()),
    ]
    with Watch(seen):
        for function in functions:
            function()
    if seen.host_reads:
        raise Failure(
            f"{seen.host_reads[0]}: keep everything in tensors, without .item(), float(), `if` on "
            "a tensor or indexing by a mask (torch.where does the same)"
        )
    try:
        with DeviceWatch():
            sides = subject.sides(real.to(META), fake.to(META))
    except Mixed as error:
        raise Failure(
            f"{error}: make it by torch.ones_like() or with device=real.device"
        ) from error
    for name, value in sides.items():
        if value.device != META:
            raise Failure(f"the {name}'s side returns a tensor on the CPU: leave it on the device")
