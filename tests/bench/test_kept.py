"""The memory that gradients need, counted."""

import torch
from torch import nn

from ganzoo.bench.kept import counting


def test_what_backward_passes_need_is_counted_once_for_as_long_as_it_is_kept() -> None:
    x = torch.ones(10, 100)  # 4,000 bytes, as has what each layer makes
    net = nn.Sequential(nn.Linear(100, 100), nn.Tanh(), nn.Tanh())
    with counting() as kept:
        made = net(x)
        assert kept.most == 3 * 4000  # x, and what each Tanh made
        made.sum().backward()
        del made
        net[1](net[0](x)).sum().backward()
    assert kept.most == 3 * 4000
    assert kept._now == 0


def test_a_second_order_gradient_keeps_more() -> None:
    x = torch.ones(10, 100, requires_grad=True)
    with counting() as once:
        torch.autograd.grad((x**3).sum(), x)
    with counting() as twice:
        (slope,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
        torch.autograd.grad((slope**2).sum(), x)
    assert once.most == 4000
    assert twice.most > 2 * once.most
