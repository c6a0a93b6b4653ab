"""Random operations of compiled code wait for each other, where torch's compiler lets them not."""

import torch
from torch import Tensor
from torch._inductor.fx_passes.control_dependencies import control_deps
from torch.fx.experimental.proxy_tensor import make_fx

from ganzoo.engine.cpu.ordered_noise import InOrder


def game(image: Tensor) -> Tensor:
    """What is drawn first is used last."""
    noise = torch.randn(3)
    latent = torch.rand(3)
    seen = torch.nn.functional.dropout(image * latent)
    return (seen * noise).sum()


def test_each_random_operation_waits_for_the_one_before() -> None:
    graph = make_fx(game)(torch.ones(3)).graph
    first = next(node for node in graph.nodes if "randn" in str(node.target))
    InOrder()(graph)
    waiting = [node for node in graph.nodes if node.target is control_deps]
    assert len(waiting) == 2
    assert [node.args[0] for node in waiting] == [(first,), (waiting[0],)]


def test_what_draws_once_is_left_as_it_is() -> None:
    graph = make_fx(torch.rand_like)(torch.ones(3)).graph
    before = str(graph)
    InOrder()(graph)
    assert str(graph) == before
