"""The condition y, as the networks see it."""

import torch
from torch import Tensor, nn


def one_hot(label: Tensor | None, classes: int) -> Tensor:
    """Labels int64 (n,) in [0, classes) as float32 (n, classes): section 4.1."""
    assert label is not None, "a conditional network needs the labels"
    return nn.functional.one_hot(label, classes).to(torch.float32)
