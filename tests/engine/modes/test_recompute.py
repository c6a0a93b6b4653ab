"""Less memory for the same numbers."""

import copy

import pytest
import torch
from helpers.zoo import NAMES, make_small
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ganzoo import GanzooError
from ganzoo.engine.iterate import take_gradients
from ganzoo.engine.modes.execution import (
    COLD_BREAK_EVEN,
    Execution,
    choose_mode,
    make_gradients,
)
from ganzoo.engine.modes.recompute import recompute_activations


def stack() -> nn.Sequential:
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for _ in range(8):
        layers += [nn.Linear(16, 16), nn.BatchNorm1d(16), nn.Dropout(0.3), nn.ReLU()]
    return nn.Sequential(*layers)


def kept_bytes(net: nn.Module, x: Tensor) -> int:
    """What a forward pass keeps for the backward pass, parameters aside."""
    own = {param.data_ptr() for param in net.parameters()}
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        if tensor.data_ptr() not in own:
            kept[tensor.data_ptr()] = tensor.nbytes
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        net(x)
    return sum(kept.values())


def test_gradients_and_statistics_are_the_same_and_memory_is_less() -> None:
    plain, saving = stack(), stack()
    recompute_activations(saving)
    x = torch.randn(64, 16)
    results = []
    for net in (plain, saving):
        torch.manual_seed(1)  # of the dropout
        loss = net(x).square().mean()
        results.append([loss, *torch.autograd.grad(loss, [*net.parameters()]), *net.buffers()])
    for one, other in zip(*results, strict=True):
        assert torch.equal(one, other)
    assert kept_bytes(saving, x) < kept_bytes(plain, x) / 3


def test_what_layers_remember_moves_once_a_pass() -> None:
    """Each pass takes a step of a power iteration, and is computed again as it was."""
    torch.manual_seed(0)
    layers = [spectral_norm(nn.Linear(6, 6)), nn.Tanh()] * 4
    plain = nn.Sequential(*[copy.deepcopy(layer) for layer in layers])
    saving = copy.deepcopy(plain)
    recompute_activations(saving)
    first, second = torch.randn(2, 5, 6)
    results = []
    for net in (plain, saving):
        loss = net(first).square().mean() - net(second).mean()
        results.append([loss, *torch.autograd.grad(loss, [*net.parameters()]), *net.buffers()])
    for one, other in zip(*results, strict=True):
        assert torch.equal(one, other)


def test_a_gradient_can_be_differentiated_again() -> None:
    nets = [nn.Sequential(*[nn.Linear(4, 4), nn.Tanh()] * 3) for _ in range(2)]
    nets[1].load_state_dict(nets[0].state_dict())
    recompute_activations(nets[1])
    x = torch.randn(5, 4, requires_grad=True)
    found = []
    for net in nets:
        (slope,) = torch.autograd.grad(net(x).sum(), x, create_graph=True)
        found.append(torch.autograd.grad(slope.square().sum(), [*net.parameters()][:1])[0])
    assert torch.equal(*found)


@pytest.mark.parametrize("name", NAMES)
def test_every_variant_trains_likewise(name: str) -> None:
    rows = []
    for execution in (Execution(), Execution(recompute=True)):
        engine = make_small(name, execution)
        torch.manual_seed(1)
        rows.append(engine.step() | {"state": engine.state()["variant." + engine_first(engine)]})
    for key, value in rows[0].items():
        torch.testing.assert_close(rows[1][key], value)


@pytest.mark.parametrize("mode", ["compile", "graph"])
def test_what_is_computed_twice_is_not_compiled_as_is_said_beforehand(mode: str) -> None:
    messages: list[str] = []
    execution = Execution(mode, recompute=True, compiled_graph=mode == "graph")
    assert make_gradients(execution, torch.device("cpu"), messages.append) is take_gradients
    (message,) = messages
    assert message.startswith("with --recompute no phase is compiled")


def test_auto_does_not_choose_to_compile_what_it_would_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganzoo.engine.modes.execution.has_compiler", lambda: True)
    variant = make_small("dcgan").variant
    given = ("auto", torch.device("cpu"), variant, COLD_BREAK_EVEN, "key")
    assert choose_mode(*given)[0] == "compile"
    assert choose_mode(*given, recompute=True)[0] == "eager"


def engine_first(engine: object) -> str:
    return next(name for name, _ in engine.variant.named_parameters())


def pretend_capture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this thread be captured, as far as a network can tell, and refuse what torch refuses."""

    def refuse(*_: object) -> None:
        raise AssertionError(
            "Cannot call CUDAGeneratorImpl::current_seed during CUDA graph capture"
        )

    monkeypatch.setattr(torch.cuda, "is_current_stream_capturing", lambda: True)
    monkeypatch.setattr(Tensor, "is_cuda", True)
    for name in ("get_rng_state", "set_rng_state"):
        monkeypatch.setattr(torch, name, refuse)


def test_what_is_captured_reads_no_random_state(monkeypatch: pytest.MonkeyPatch) -> None:
    nets = [nn.Sequential(*[nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Tanh()] * 3) for _ in range(2)]
    nets[1].load_state_dict(nets[0].state_dict())
    recompute_activations(nets[1])
    x = torch.randn(5, 4)
    for net in nets:
        net(x).sum().backward()  # the eager runs that come before a capture
    pretend_capture(monkeypatch)
    for net in nets:
        net(x).square().sum().backward()
    for one, other in zip(nets[0].parameters(), nets[1].parameters(), strict=True):
        assert torch.equal(one.grad, other.grad)
    for one, other in zip(nets[0].buffers(), nets[1].buffers(), strict=True):
        assert torch.equal(one, other)


def test_noise_is_not_captured_where_it_would_be_drawn_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    net = nn.Sequential(*[nn.Linear(4, 4), nn.Dropout(0.3), nn.Tanh()] * 3)
    recompute_activations(net)
    x = torch.randn(5, 4)
    net(x).sum().backward()
    net.eval()
    net(x).sum().backward()
    pretend_capture(monkeypatch)
    net(x).sum().backward()  # in eval mode there is no noise
    net.train()
    with pytest.raises(GanzooError, match=r"layers twice that draw random numbers .* leave it out"):
        net(x)
