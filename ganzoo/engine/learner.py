"""A player at work: its parameters, its optimizer and the moving average of its networks."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ganzoo.errors import unknown
from ganzoo.variant import SGD, Adam, OptimSpec, Player, RMSprop, Variant


def make_optimizer(spec: OptimSpec, params: list[nn.Parameter]) -> torch.optim.Optimizer:
    """The fastest optimizer of torch that does what `spec` says without reading on the host.

    On CUDA the learning rate is a device tensor, so that a captured step follows it.
    """
    on_cuda = params[0].is_cuda
    optimizer: torch.optim.Optimizer
    match spec:
        case Adam():
            optimizer = torch.optim.Adam(
                params,
                lr=spec.lr,
                betas=spec.betas,
                eps=spec.eps,
                weight_decay=spec.weight_decay,
                fused=True,
                capturable=on_cuda,
            )
        case RMSprop():
            optimizer = torch.optim.RMSprop(
                params, lr=spec.lr, alpha=spec.alpha, eps=spec.eps, foreach=True, capturable=on_cuda
            )
        case SGD():
            optimizer = torch.optim.SGD(params, lr=spec.lr, momentum=spec.momentum, fused=True)
    if on_cuda:
        # Eager iterations are no mistake, as torch suspects: they warm a graph up, or are wanted.
        warnings.filterwarnings("ignore", "This instance was constructed with capturable=True")
        for group in optimizer.param_groups:
            group["lr"] = torch.tensor(spec.lr, device=params[0].device)
    return optimizer


class Learner:
    """What the engine keeps for one player.

    Every tensor of its state exists from the start and keeps its address: resuming copies into it.
    """

    def __init__(self, player: Player, variant: Variant) -> None:
        self.player = player
        self.params: list[nn.Parameter] = []
        self.names: list[str] = []
        modules = dict(variant.named_modules(remove_duplicate=False))
        for net in player.nets:
            if net not in modules:
                raise unknown("network of the variant,", net, dict(variant.named_children()))
            for name, param in modules[net].named_parameters():
                self.params.append(param)
                self.names.append(f"{net}.{name}")
        self.optimizer = make_optimizer(player.optim, self.params)
        self._materialise_state()
        self.averaged: dict[str, nn.Module] = {}
        if player.ema:
            for net in player.nets:
                self.averaged[net] = copy.deepcopy(variant.get_submodule(net)).requires_grad_(False)
        pairs = [
            (average, current)
            for net, module in self.averaged.items()
            for average, current in zip(
                _floats(module), _floats(variant.get_submodule(net)), strict=True
            )
        ]
        self._average = [average for average, _ in pairs]
        self._current = [current for _, current in pairs]
        self._updates = torch.zeros((), device=self.params[0].device)

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
            for value in self.optimizer.state[param].values():
                if isinstance(value, Tensor):
                    value.zero_()

    def update(self, grads: Sequence[Tensor | None]) -> None:
        """One optimizer step; a parameter that the loss did not reach keeps no gradient."""
        for param, grad in zip(self.params, grads, strict=True):
            # A fused step reads both as if laid out alike, which autograd does not promise.
            if grad is not None and grad.stride() != param.stride():
                grad = torch.empty_like(param).copy_(grad)
            param.grad = grad
        self.optimizer.step()

    @torch.no_grad()
    def average(self) -> None:
        """Move the averaged networks towards the current ones, running statistics included.

        After t updates the decay is min(ema, (1 + t) / (10 + t)), so that a short training is not
        averaged with its beginning; t is a tensor, for a captured iteration to follow.
        """
        if self._average:
            self._updates += 1
            weight = (9 / (10 + self._updates)).clamp(min=1 - self.player.ema)
            torch._foreach_lerp_(self._average, self._current, [weight] * len(self._average))

    def scale_lr(self, factor: float) -> None:
        """Set the learning rate to `factor` times the player's."""
        for group in self.optimizer.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(self.player.optim.lr * factor)
            else:
                group["lr"] = self.player.optim.lr * factor

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


def _floats(module: nn.Module) -> list[Tensor]:
    return [
        tensor.detach() for tensor in module.state_dict().values() if tensor.is_floating_point()
    ]


def distinct(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Those that are not there under an earlier name already, as a shared layer's weights are."""
    first = {id(tensor): name for name, tensor in reversed(tensors.items())}
    return {name: tensor for name, tensor in tensors.items() if first[id(tensor)] == name}
