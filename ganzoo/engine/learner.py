"""A player at work: its parameters, its optimizer and the moving average of its networks."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from ganzoo.engine.optimizers.make import make_optimizer
from ganzoo.errors import unknown
from ganzoo.variant import SGD, Adam, OptimSpec, Phase, Player, RMSprop, Variant

DIALS = LR, BETA2, HALF_LIFE = "lr", "beta2", "half_life"
"""What `Variant.dials` can set of a player."""


def laziness(phases: Iterable[Phase]) -> float:
    """By how much the lazy ones among a player's phases correct its optimizer.

    One that is due every k iterations makes for k + 1 steps in place of k, so that the factor is
    k / (k + 1) (Karras et al. 2020, appendix B); it is 1 where none is lazy.
    """
    return 1 / (1 + sum(1 / phase.every for phase in phases if phase.lazy))


def corrected(spec: OptimSpec, factor: float) -> OptimSpec:
    """The optimizer whose steps, as many more of them, go as far and forget as much."""
    if factor == 1:
        return spec
    match spec:
        case Adam():
            first, second = spec.betas
            decays = (first**factor, second**factor)
            return replace(spec, lr=spec.lr * factor, betas=decays)
        case RMSprop():
            return replace(spec, lr=spec.lr * factor, alpha=spec.alpha**factor)
        case SGD():
            return replace(spec, lr=spec.lr * factor, momentum=spec.momentum**factor)


class Learner:
    """What the engine keeps for one player.

    Every tensor of its state exists from the start and keeps its address: resuming copies into it.

    Args:
        player: with the names of its networks.
        variant: whose networks they are.
        correction: see `laziness`.
        dials: which of `DIALS` will be set.
    """

    def __init__(
        self,
        player: Player,
        variant: Variant,
        correction: float = 1.0,
        dials: Iterable[str] = (),
    ) -> None:
        self.player = player
        self.params: list[nn.Parameter] = []
        self.names: list[str] = []
        modules = dict(variant.named_modules(remove_duplicate=False))
        for net in player.nets:
            if net not in modules:
                raise unknown("network of the variant,", net, dict(variant.named_children()))
            for name, param in modules[net].named_parameters():
                if param.requires_grad:  # the others stay as they are
                    self.params.append(param)
                    self.names.append(f"{net}.{name}")
        self._correction = correction
        self._optim = corrected(player.optim, correction)
        self.optimizer = make_optimizer(self._optim, self.params, beta2_moves=BETA2 in dials)
        self._skips = bool(self.optimizer.defaults.get("fused"))
        self._materialise_state()
        self._follow(variant)

    def _follow(self, variant: Variant) -> None:
        """Make the averaged networks, of which there are none where nothing is averaged."""
        self._ema = self.player.average
        self._half_life = self._ema.half_life
        self.averaged: dict[str, nn.Module] = {}
        if self._ema.decay or self._half_life is not None:
            for net in self.player.nets:
                self.averaged[net] = copy.deepcopy(variant.get_submodule(net)).requires_grad_(False)
        self._average: list[Tensor] = []
        self._current: list[Tensor] = []
        self._copies: list[Tensor] = []
        self._copied: list[Tensor] = []
        for net, module in self.averaged.items():
            current = variant.get_submodule(net).state_dict()
            copied = dict(module.named_buffers()) if self._ema.copy_buffers else {}
            for name, average in module.state_dict().items():
                mixed = average.is_floating_point() and name not in copied
                (self._average if mixed else self._copies).append(average.detach())
                (self._current if mixed else self._copied).append(current[name].detach())
        self._updates = torch.zeros((), device=self.params[0].device)
        self._newest = 1 - self._ema.decay
        self._least = torch.full((), self._newest, device=self.params[0].device)

    def _materialise_state(self) -> None:
        """Have the optimizer make its state, by a step of size 0, and set it back to nothing."""
        with torch.no_grad():
            before = [param.clone() for param in self.params]
            for param in self.params:
                param.grad = torch.zeros_like(param)
            self.optimizer.step()
            for param, value in zip(self.params, before, strict=True):
                param.copy_(value)
        for param in self.params:
            param.grad = None
        self.forget()

    def _moments(self) -> list[Tensor]:
        """The tensors of the optimizer's state."""
        return [
            value
            for param in self.params
            for value in self.optimizer.state[param].values()
            if isinstance(value, Tensor)
        ]

    def forget(self) -> None:
        """Have the optimizer start anew."""
        for value in self._moments():
            value.zero_()

    def update(self, grads: Sequence[Tensor | None], made: Tensor | None = None) -> None:
        """One optimizer step; a parameter that the loss did not reach keeps no gradient.

        Args:
            grads: one for each of `params`.
            made: a 0-d boolean tensor: whether to make it; None: yes.
        """
        for param, grad in zip(self.params, grads, strict=True):
            # A fused step reads both as if laid out alike, which autograd does not promise.
            if grad is not None and grad.stride() != param.stride():
                grad = torch.empty_like(param).copy_(grad)
            param.grad = grad
        if self.player.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.params, self.player.clip_norm)
        if made is None:
            self.optimizer.step()
        elif self._skips:
            self._step_unless(made.logical_not().float())
        else:
            self._step_and_take_back(made)

    def _step_unless(self, skipped: Tensor) -> None:
        """A step by kernels that can be told on the device to leave all as it is."""
        self.optimizer.found_inf = skipped  # type: ignore[attr-defined]
        try:
            self.optimizer.step()
        finally:
            del self.optimizer.found_inf  # type: ignore[attr-defined]

    @torch.no_grad()
    def _step_and_take_back(self, made: Tensor) -> None:
        """A step by other kernels, after which all is put back to where it was, unless `made`."""
        places = [*self.params, *self._moments()]
        before = [place.clone() for place in places]
        self.optimizer.step()
        for place, value in zip(places, before, strict=True):
            place.copy_(torch.where(made.to(place.device), place, value))

    def average(self) -> None:
        """Move the averaged networks towards the current ones, running statistics included.

        To be called where no gradients are taken.
        """
        if not self.averaged:
            return
        self._updates += 1  # t, as a tensor for a captured iteration to follow
        weight = self._least
        if self._half_life is None:
            weight = torch.maximum(9 / (10 + self._updates), weight)
        move_towards(self._average, self._current, weight)
        if self._copies:
            torch._foreach_copy_(self._copies, self._copied)

    def begin(self, images: int, drawn: int) -> None:
        """Prepare for an iteration: how much of the current weights goes into the average.

        Args:
            images: seen before it.
            drawn: in it.
        """
        newest = 1 - self._ema.decay
        if images < self._ema.start:
            newest = 1.0
        elif self._half_life is not None:
            ramp = self._ema.ramp
            half_life = self._half_life if ramp is None else min(self._half_life, ramp * images)
            newest = 1 - 0.5 ** (drawn / half_life) if half_life > 0 else 1.0
        if newest != self._newest:
            self._least.fill_(newest)
            self._newest = newest

    def set_dial(self, name: str, value: float) -> None:
        """Set one of `DIALS`, the learning rate to `value` times the player's."""
        if name == HALF_LIFE:
            self._half_life = value
        for group in self.optimizer.param_groups:
            if name == LR:
                group["lr"] = _set(group["lr"], self._optim.lr * value)
            elif name == BETA2:
                first, second = group["betas"]
                group["betas"] = (first, _set(second, value**self._correction))

    @torch.no_grad()
    def copy_dial(self, name: str, value: float) -> None:
        """Set a buffer of the variant, where an averaged network has it, to what it is now."""
        for net, module in self.averaged.items():
            if name.startswith(f"{net}."):
                module.get_buffer(name.removeprefix(f"{net}.")).fill_(value)

    def state(self) -> dict[str, Tensor]:
        """The live tensors of the optimizer and of the averaged networks, by name."""
        tensors = {}
        for name, param in zip(self.names, self.params, strict=True):
            for key, value in self.optimizer.state[param].items():
                if isinstance(value, Tensor):
                    tensors[f"optimizer.{name}.{key}"] = value
        for net, module in self.averaged.items():
            for name, value in module.state_dict(keep_vars=True).items():
                tensors[f"average.{net}.{name}"] = value.detach()
        if self.averaged:
            tensors["average.updates"] = self._updates
        return tensors


def move_towards(tensors: list[Tensor], others: list[Tensor], share: Tensor) -> None:
    """Move each tensor by a share, 0-d, of its distance to the other.

    On CUDA in three launches for all of them: `torch.lerp` of a 0-d weight has one for each.
    """
    if not share.is_cuda:
        torch._foreach_lerp_(tensors, others, [share] * len(tensors))
        return
    distances = torch._foreach_sub(others, tensors)
    torch._foreach_mul_(distances, share)
    torch._foreach_add_(tensors, distances)


def _set(current: float | Tensor, value: float) -> float | Tensor:
    """A setting of an optimizer with another value, in place where it is a device tensor."""
    return current.fill_(value) if isinstance(current, Tensor) else value


def distinct(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Those that are not there under an earlier name already, as a shared layer's weights are."""
    first = {id(tensor): name for name, tensor in reversed(tensors.items())}
    return {name: tensor for name, tensor in tensors.items() if first[id(tensor)] == name}
