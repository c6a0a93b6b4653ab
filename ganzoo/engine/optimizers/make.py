"""From what a variant says of an optimizer to the optimizer."""

from __future__ import annotations

import warnings

import torch
from torch import nn

from ganzoo.engine.optimizers.moving_adam import MovingAdam
from ganzoo.engine.optimizers.plain import plain
from ganzoo.variant import SGD, Adam, AdamW, OptimSpec, RMSprop


def make_optimizer(
    spec: OptimSpec, params: list[nn.Parameter], *, beta2_moves: bool = False
) -> torch.optim.Optimizer:
    """The fastest optimizer that does what `spec` says without reading on the host.

    On CUDA the learning rate is a device tensor, so that a captured step follows it, and so is an
    Adam's second decay if it is to move.
    """
    on_cuda = params[0].is_cuda
    optimizer: torch.optim.Optimizer
    match spec:
        case Adam() if on_cuda and beta2_moves:
            return make_moving_adam(spec, params)
        case Adam():
            optimizer = plain(torch.optim.AdamW if isinstance(spec, AdamW) else torch.optim.Adam)(
                params,
                lr=spec.lr,
                betas=spec.betas,
                eps=spec.eps,
                weight_decay=spec.weight_decay,
                fused=True,
                capturable=on_cuda,
            )
        case RMSprop():
            optimizer = plain(torch.optim.RMSprop)(
                params, lr=spec.lr, alpha=spec.alpha, eps=spec.eps, foreach=True, capturable=on_cuda
            )
        case SGD():
            optimizer = plain(torch.optim.SGD)(
                params, lr=spec.lr, momentum=spec.momentum, fused=True
            )
    if on_cuda:
        # Eager iterations are no mistake, as torch suspects: they warm a graph up, or are wanted.
        warnings.filterwarnings("ignore", "This instance was constructed with capturable=True")
        for group in optimizer.param_groups:
            group["lr"] = torch.tensor(spec.lr, device=params[0].device)
    return optimizer


def make_moving_adam(spec: Adam, params: list[nn.Parameter]) -> MovingAdam:
    """The one that `spec` says, with device tensors for what can move."""
    lr, beta2 = (torch.tensor(value, device=params[0].device) for value in (spec.lr, spec.betas[1]))
    return MovingAdam(
        params,
        lr=lr,
        betas=(spec.betas[0], beta2),
        eps=spec.eps,
        weight_decay=spec.weight_decay,
        decoupled=isinstance(spec, AdamW),
    )
