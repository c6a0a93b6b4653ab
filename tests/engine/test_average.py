"""How averaged weights follow: all tensors at once on CUDA, and by the same rule everywhere."""

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from ganzoo.engine.learner import move_towards


class Launches(TorchDispatchMode):
    """Counts operations."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        if func.namespace == "aten":
            self.names.append(func.name())
        return func(*args, **(kwargs or {}))


def tensors(device: torch.device | str = "cpu") -> list[Tensor]:
    return [torch.linspace(-1, 1, n, device=device) for n in (3, 20, 7)]


def check(device: str, share: float) -> None:
    averages, others = tensors(device), [tensor * 3 + 1 for tensor in tensors(device)]
    expected = [
        a.double() + share * (b.double() - a) for a, b in zip(averages, others, strict=True)
    ]
    move_towards(averages, others, torch.tensor(share, device=device))
    for average, value in zip(averages, expected, strict=True):
        torch.testing.assert_close(average.double(), value, rtol=3e-7, atol=3e-7)


@pytest.mark.parametrize("share", [0.0, 1e-4, 0.3, 1.0])
def test_each_moves_by_the_share_of_its_distance(share: float) -> None:
    check("cpu", share)


@pytest.mark.gpu
@pytest.mark.parametrize("share", [0.0, 1e-4, 0.3, 1.0])
def test_each_moves_likewise_on_a_gpu(share: float) -> None:
    check("cuda", share)


def test_on_cuda_the_number_of_launches_does_not_depend_on_that_of_tensors() -> None:
    with FakeTensorMode(), Launches() as launches:
        averages, others = tensors("cuda"), tensors("cuda")
        share = torch.zeros((), device="cuda")
        launches.names.clear()
        move_towards(averages, others, share)
    assert len(launches.names) == 3, launches.names
