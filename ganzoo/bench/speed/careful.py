"""A step as somebody writes it by hand who knows what costs time, without compiling or capturing.

- the data lie on the device as bytes, and a batch is gathered and normalised there;
- gradients of the moving player's parameters only, by `torch.autograd.grad`;
- fused Adam (torch has no fused RMSprop: foreach);
- nothing is read by the host;
- the same moving average as the engine's, by one foreach call, its weight computed on the host;
- torch's defaults otherwise: its allocator, its threads, its matrix products, contiguous images,
  and on CUDA convolutions in TF32.

It keeps no schedule of the learning rate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from ganzoo.artifacts.pixels import to_floats
from ganzoo.bench.speed.setting import START, Draw, Setting, begin, due, gain_of, optimiser_of
from ganzoo.variant import SGD, Adam, Batch, OptimSpec, Player, RMSprop, Variant, players_of


def resident_batches(setting: Setting) -> Draw:
    """Batches of data that lie on the device, each stream in random orders of its own."""
    device = setting.variant.device
    streams = [
        _Stream({name: tensor.to(device) for name, tensor in stream.items()}, setting.batch_size)
        for stream in setting.streams(setting.dataset)
    ]
    return lambda: {name: tensor for stream in streams for name, tensor in stream.next().items()}


class _Stream:
    def __init__(self, fields: Mapping[str, Tensor], batch_size: int) -> None:
        self.fields = fields
        first = next(iter(fields.values()))
        self.samples, self.device = len(first), first.device
        self.batch_size = batch_size
        self.order, self.start = torch.empty(0), self.samples

    def next(self) -> dict[str, Tensor]:
        if self.start + self.batch_size > self.samples:
            self.order, self.start = torch.randperm(self.samples, device=self.device), 0
        chosen = self.order[self.start : self.start + self.batch_size]
        self.start += self.batch_size
        drawn = {name: tensor[chosen] for name, tensor in self.fields.items()}
        return {
            name: to_floats(tensor) if tensor.dtype == torch.uint8 else tensor
            for name, tensor in drawn.items()
        }


class _Player:
    """Parameters, their optimizer, and the average of the networks."""

    def __init__(self, player: Player, variant: Variant, optim: OptimSpec) -> None:
        nets = nn.ModuleList([variant.get_submodule(net) for net in player.nets])
        self.params = [*nets.parameters()]
        self.optimizer = _optimizer(optim, self.params)
        self.ema, self.averaged = player.average.decay, 0
        tensors = nets.state_dict().values()
        self.current = [tensor for tensor in tensors if tensor.is_floating_point()]
        self.average = [tensor.clone() for tensor in self.current] if player.ema else []

    @torch.no_grad()
    def update_average(self) -> None:
        """As the engine: the decay is (1 + t) / (10 + t) until that is the player's."""
        if self.average:
            self.averaged += 1
            decay = min(self.ema, (1 + self.averaged) / (10 + self.averaged))
            torch._foreach_lerp_(self.average, self.current, 1 - decay)


def careful_loop(variant: Variant, draw: Draw, iteration: int = START) -> Callable[[], None]:
    """The loop's body: one iteration of the variant's phases.

    Args:
        variant: whose networks are trained.
        draw: gives a batch.
        iteration: the number of the first.
    """
    begin(variant, iteration)
    phases = variant.phases()
    players = {
        name: _Player(player, variant, optimiser_of(name, player, phases))
        for name, player in players_of(variant).items()
    }

    def step() -> None:
        nonlocal iteration
        batches: list[Batch] = []
        for phase, repeat in due(phases, iteration):
            player = players[phase.player]
            for r in range(repeat):
                if not phase.fresh and r == len(batches):
                    batches.append(Batch(draw()))
                batch = Batch(draw()) if phase.fresh else batches[r]
                loss = gain_of(phase) * phase.loss(batch)
                grads = torch.autograd.grad(loss, player.params, allow_unused=True)
                for param, grad in zip(player.params, grads, strict=True):
                    # A fused step reads both as if laid out alike; `backward` would see to it.
                    if grad is not None and grad.stride() != param.stride():
                        grad = torch.empty_like(param).copy_(grad)
                    param.grad = grad
                player.optimizer.step()
                if phase.after is not None:
                    phase.after()
        for player in players.values():
            player.update_average()
        iteration += 1

    return step


def _optimizer(spec: OptimSpec, params: list[nn.Parameter]) -> torch.optim.Optimizer:
    match spec:
        case Adam():
            return torch.optim.Adam(
                params,
                lr=spec.lr,
                betas=spec.betas,
                eps=spec.eps,
                weight_decay=spec.weight_decay,
                fused=True,
            )
        case RMSprop():
            return torch.optim.RMSprop(
                params, lr=spec.lr, alpha=spec.alpha, eps=spec.eps, foreach=True
            )
        case SGD():
            return torch.optim.SGD(params, lr=spec.lr, momentum=spec.momentum, fused=True)
