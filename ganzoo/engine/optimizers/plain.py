"""Torch's optimizers as they are, without what torch wraps around them for its compiler.

That imports the compiler, for a second or two of the processor, at the first optimizer and at its
first step. Nothing here compiles an optimizer.
"""

from __future__ import annotations

from functools import cache
from inspect import unwrap
from typing import TypeVar, cast

import torch

Optimizer = TypeVar("Optimizer", bound=torch.optim.Optimizer)


@cache
def plain(cls: type[Optimizer]) -> type[Optimizer]:
    """A class of optimizers, and of the same name, whose steps are those of `cls` to the bit."""
    methods = {
        "add_param_group": unwrap(cls.add_param_group),
        "zero_grad": unwrap(cls.zero_grad),
        "step": torch.no_grad()(unwrap(cls.step)),
    }
    return cast("type[Optimizer]", type(cls.__name__, (cls,), methods))
