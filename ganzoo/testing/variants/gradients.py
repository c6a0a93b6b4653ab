"""Gradients: of a batch in parts, and of losses that differentiate a gradient."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.overrides import TorchFunctionMode

from ganzoo.engine.engine import Engine
from ganzoo.engine.iterate import take_gradients
from ganzoo.testing.check import Failure, NotApplicable
from ganzoo.testing.variants.noise import KnownNoise, in_float64
from ganzoo.testing.variants.subject import VariantChecks, VariantSubject, draw, play, whole_plan
from ganzoo.variant import Batch, Phase, Variant

CHECKS = VariantChecks()
PARTS = 2
"""Micro-batches that the batch is split into."""
ROUNDING = {torch.float32: 1e-2, torch.float64: 1e-6}
"""Of a gradient, as a share of its norm."""
DIRECTIONS = 2
"""In which the slope of a loss is measured."""
SETTLING = 20
"""Runs of a loss after which the power iterations of a spectral norm change little."""
STEP = 1e-6
"""Of a central difference in float64, along a direction of norm 1."""
SLOPE_ERROR = 1e-4
"""Of a central difference, as a share of the gradient's norm along such a direction."""


@CHECKS.check("micro-batches", needs=("resume",))
def micro_batches(subject: VariantSubject) -> None:
    """The gradients of a batch are the mean of those of its parts, BatchNorm aside."""
    whole, _ = _gradients(subject.engine(accumulate=1))
    split, changed = _gradients(subject.engine(accumulate=PARTS))
    for name in whole:
        length, difference = whole[name].norm(), (whole[name] - split[name]).norm()
        if difference <= ROUNDING[torch.float64] * length:
            continue
        smaller = (whole[name] - PARTS * split[name]).norm() <= ROUNDING[torch.float64] * length
        if subject.cls.batchwise and not smaller:
            continue  # it depends on the batch as a whole, as it is declared
        advice = (
            f"its loss changes {' and '.join(changed[name])} once for each part, so do that in "
            "the phase's `after`"
            if changed[name]
            else "take the mean over the batch and not the sum"
        )
        if not subject.cls.batchwise:
            advice += ", or declare batchwise = True if a sample's loss depends on the rest of its "
            advice += "batch by design"
        raise Failure(
            f"--accumulate {PARTS} changes the gradient of phase '{name}' by "
            f"{difference / length:.2g} of its length: {advice}"
        )


def _gradients(engine: Engine) -> tuple[dict[str, Tensor], dict[str, list[str]]]:
    """Of each phase at the first weights: its gradient in float64, and the buffers it changes."""
    engine.variant.double()
    state = _Buffers(engine.variant)
    for module in engine.variant.modules():
        if isinstance(module, _BatchNorm):
            module.eval()
    vectors: dict[str, Tensor] = {}
    changed: dict[str, list[str]] = {}
    seen: Counter[str] = Counter()
    parts = engine.execution.accumulate

    def recorded(
        phase: Phase, params: Sequence[nn.Parameter], batch: Batch
    ) -> tuple[Tensor, list[Tensor | None]]:
        _double(batch)
        state.restore()
        with in_float64(), KnownNoise(seen[phase.name] % parts, parts, len(batch), exact=True):
            loss, gradients = take_gradients(phase, params, batch)
        changed[phase.name] = state.changed()
        seen[phase.name] += 1
        vectors[phase.name] = vectors.get(phase.name, 0) + _joined(gradients, params) / parts
        return loss, [None] * len(params)  # so that all phases see the first weights

    play(engine, whole_plan(engine), recorded)
    return vectors, changed


class _Buffers:
    """Running statistics as they were, so that what a loss does to them is undone."""

    def __init__(self, variant: Variant) -> None:
        self._variant = variant
        self._values = {name: value.clone() for name, value in variant.named_buffers()}

    @torch.no_grad()
    def restore(self) -> None:
        """Put them back to how they were."""
        for name, value in self._variant.named_buffers():
            value.copy_(self._values[name])

    def changed(self) -> list[str]:
        """The names of those that are not as they were."""
        now = self._variant.named_buffers()
        return [name for name, value in now if not torch.equal(value, self._values[name])]


def _double(batch: Batch) -> None:
    for name, tensor in batch.data.items():
        if tensor.is_floating_point():
            batch.data[name] = tensor.double()


def _joined(gradients: Sequence[Tensor | None], params: Sequence[nn.Parameter]) -> Tensor:
    pairs = zip(gradients, params, strict=True)
    return torch.cat([(torch.zeros_like(p) if g is None else g).flatten() for g, p in pairs])


class _GradWatch(TorchFunctionMode):
    """Notices whether torch.autograd.grad is called, and for a graph of the gradient."""

    called = create_graph = False

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run one function of torch."""
        if func is torch.autograd.grad:
            self.called = True
            self.create_graph |= bool((kwargs or {}).get("create_graph"))
        return func(*args, **(kwargs or {}))


@CHECKS.check("second-order", needs=("resume", "own-parameters"))
def second_order(subject: VariantSubject) -> None:
    """A loss that differentiates a gradient is declared so, and its own gradient is right."""
    engine = subject.engine()
    batch = draw(engine)
    concerned = []
    for phase in engine.phases.values():
        with _GradWatch() as watch, KnownNoise():
            phase.loss(batch)
        if watch.create_graph and not phase.second_order:
            raise Failure(
                f"the loss of phase '{phase.name}' differentiates a gradient: declare "
                "second_order=True, without which a compiled phase or one in bf16 computes it "
                "wrongly"
            )
        if watch.called or phase.second_order:
            concerned.append(phase.name)
    if not concerned:
        raise NotApplicable("no loss differentiates a gradient")
    for name in concerned:
        _check_gradient(subject, name)


def _check_gradient(subject: VariantSubject, name: str) -> None:
    """Compare a phase's gradient in float32 and in float64 with the slope of its loss."""
    rounded = _Reference(subject, name, exact=False)
    single, _ = rounded.gradient()
    reference = _Reference(subject, name, exact=True)
    gradient, scale = reference.gradient()
    generator = torch.Generator().manual_seed(0)
    for _ in range(DIRECTIONS):
        direction = torch.randn(len(gradient), generator=generator, dtype=torch.float64)
        # Each parameter counts as much, however many numbers it holds.
        direction = direction * scale
        direction /= direction.norm()
        slope, wanted = reference.slope(direction), (gradient @ direction).item()
        tolerance = SLOPE_ERROR * (gradient * direction).norm().item()
        if abs(slope - wanted) > tolerance + 1e-3 * max(abs(slope), abs(wanted)):
            raise Failure(
                f"along a random direction the loss of phase '{name}' has the slope {slope:.4g}, "
                f"and its gradient says {wanted:.4g}: call torch.autograd.grad(..., "
                "create_graph=True), and detach nothing of what the penalty is made of"
            )
    if (single - gradient).norm() > ROUNDING[torch.float32] * gradient.norm():
        raise Failure(
            f"the gradient of phase '{name}' in float32 is far from the one in float64: compute "
            "losses from logits by softplus, and avoid differences of nearly equal numbers"
        )


class _Reference:
    """One phase's loss at given weights, with the same batch and the same noise each time."""

    def __init__(self, subject: VariantSubject, name: str, *, exact: bool) -> None:
        engine = subject.engine()
        self._exact = exact
        self._batch = draw(engine)
        if exact:
            engine.variant.double()
            _double(self._batch)
        self._variant: Variant = engine.variant
        self._phase = engine.phases[name]
        self._params = engine.learners[self._phase.player].params
        for other in engine.phases:  # may leave something for it
            if other == name:
                break
            self._evaluate(engine.phases[other])
        for _ in range(SETTLING):
            self._evaluate(self._phase)
        self._state = _Buffers(self._variant)

    def _evaluate(self, phase: Phase) -> Tensor:
        if not self._exact:
            with KnownNoise():
                return phase.loss(self._batch)
        with in_float64(), KnownNoise(exact=True):
            return phase.loss(self._batch)

    def gradient(self) -> tuple[Tensor, Tensor]:
        """What the engine would step by, and the weight of each number in a fair direction."""
        self._state.restore()
        loss = self._evaluate(self._phase)
        gradients = torch.autograd.grad(loss, self._params, allow_unused=True)
        scales = [torch.full_like(p, p.numel() ** -0.5) for p in self._params]
        joined = torch.cat([scale.flatten() for scale in scales])
        return _joined(gradients, self._params).double(), joined.double()

    def slope(self, direction: Tensor) -> float:
        """Of the loss, by a central difference."""
        ahead, behind = (self._moved(direction, step) for step in (STEP, -STEP))
        return (ahead - behind) / (2 * STEP)

    def _moved(self, direction: Tensor, step: float) -> float:
        before = [param.detach().clone() for param in self._params]
        parts = torch.split(direction, [param.numel() for param in self._params])
        self._state.restore()
        with torch.no_grad():
            for param, part in zip(self._params, parts, strict=True):
                param.add_(step * part.view_as(param))
        loss = self._evaluate(self._phase).item()
        with torch.no_grad():
            for param, value in zip(self._params, before, strict=True):
                param.copy_(value)
        return loss
