"""Adam whose second decay moves on the device, as `Variant.dials` may have it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


class MovingAdam(torch.optim.Optimizer):
    """Adam (Kingma & Ba 2015, algorithm 1), or AdamW (Loshchilov & Hutter 2019).

    A step can be captured, while torch's own read a decay that is a tensor on the host, fused or
    not. Its state has the names of theirs, so that a run goes on with the one or the other.

    Args:
        params: on one device.
        lr: η, a 0-d tensor there.
        betas: β₁, a number, and β₂, a 0-d tensor there.
        eps: ε, beside the root of the second moment.
        weight_decay: λ.
        decoupled: whether weights decay beside the gradient, as in AdamW.
    """

    def __init__(
        self,
        params: list[nn.Parameter],
        *,
        lr: Tensor,
        betas: tuple[float, Tensor],
        eps: float,
        weight_decay: float,
        decoupled: bool,
    ) -> None:
        settings = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, settings)
        self._decoupled = decoupled

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Move every parameter that has a gradient."""
        for group in self.param_groups:
            params: list[Tensor] = [param for param in group["params"] if param.grad is not None]
            if params:
                self._move(params, group)

    def _move(self, params: list[Tensor], group: dict[str, Any]) -> None:
        (beta1, beta2), lr, weight_decay = group["betas"], group["lr"], group["weight_decay"]
        grads = [param.grad for param in params if param.grad is not None]
        steps, means, squares = (
            [self._state(param)[name] for param in params]
            for name in ("step", "exp_avg", "exp_avg_sq")
        )
        if weight_decay and self._decoupled:
            torch._foreach_mul_(params, 1 - lr * weight_decay)
        elif weight_decay:
            grads = [*torch._foreach_add(grads, params, alpha=weight_decay)]
        torch._foreach_add_(steps, 1)
        torch._foreach_lerp_(means, grads, 1 - beta1)
        torch._foreach_mul_(squares, beta2)
        new = [*torch._foreach_mul(grads, grads)]
        torch._foreach_mul_(new, 1 - beta2)
        torch._foreach_add_(squares, new)
        # Parameters that not every loss reaches have made fewer steps than the others.
        counted = torch.stack(steps)
        sizes = [*(-lr / (1 - beta1**counted)).unbind()]
        roots = [*torch._foreach_sqrt(squares)]
        torch._foreach_div_(roots, [*(1 - beta2**counted).sqrt().unbind()])
        torch._foreach_add_(roots, group["eps"])
        moves = [*torch._foreach_div(means, roots)]
        torch._foreach_mul_(moves, sizes)
        torch._foreach_add_(params, moves)

    def _state(self, param: Tensor) -> dict[str, Tensor]:
        state: dict[str, Tensor] = self.state[param]
        if not state:
            state["step"] = torch.zeros((), device=param.device)
            state["exp_avg"] = torch.zeros_like(param)
            state["exp_avg_sq"] = torch.zeros_like(param)
        return state
