"""Each optimizer is torch's own, however gradients are laid out."""

import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.engine.engines import CPU, make_engine
from helpers.games import Toy, points
from torch import Tensor

from ganzoo import SGD, Adam, Batch, Phase, Player, RMSprop
from ganzoo.data.feed import make_feed
from ganzoo.engine.optimizers.plain import plain


@pytest.mark.parametrize(
    ("spec", "reference"),
    [
        (Adam(1e-2, betas=(0.5, 0.9)), lambda p: torch.optim.Adam(p, 1e-2, betas=(0.5, 0.9))),
        (RMSprop(1e-2), lambda p: torch.optim.RMSprop(p, 1e-2)),
        (SGD(1e-1, momentum=0.5), lambda p: torch.optim.SGD(p, 1e-1, momentum=0.5)),
    ],
)
def test_each_optimizer_is_torchs_from_the_first_step(
    spec: Any, reference: Callable[[Any], torch.optim.Optimizer]
) -> None:
    class OneNet(Toy):
        def players(self) -> dict[str, Player]:
            return {"d": Player(("discriminator",), spec)}

        def phases(self) -> list[Phase]:
            return [Phase("d", "d", lambda batch: self.discriminator(batch.image).square().mean())]

    engine = make_engine(OneNet)
    net = copy.deepcopy(engine.variant.get_submodule("discriminator"))
    optimizer = reference(net.parameters())
    feed = make_feed(points(), 4, device=CPU, seed=1)
    for _ in range(5):
        engine.step()
        optimizer.zero_grad()
        net(feed.draw()["image"]).square().mean().backward()
        optimizer.step()
    for mine, theirs in zip(
        engine.variant.get_submodule("discriminator").parameters(), net.parameters(), strict=True
    ):
        torch.testing.assert_close(mine, theirs, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("spec", [Adam(1e-2), RMSprop(1e-2), SGD(1e-1, momentum=0.5)])
def test_a_gradient_may_be_laid_out_otherwise_than_its_parameter(spec: Any) -> None:
    """Autograd returns transposed gradients where it likes, double backwards above all."""

    class Transposed(Toy):
        strided = False

        def players(self) -> dict[str, Player]:
            return {"d": Player(("discriminator",), spec)}

        def phases(self) -> list[Phase]:
            return [Phase("d", "d", self.d_loss)]

        def d_loss(self, batch: Batch) -> Tensor:
            weight = self.discriminator[0].weight
            if self.strided:
                weight.register_hook(lambda grad: grad.t().contiguous().t())
            return (weight * torch.arange(-7.5, 8.5).view(8, 2)).sum()

    weights = []
    for Transposed.strided in (False, True):
        engine = make_engine(Transposed)
        engine.step()
        weights.append(engine.variant.discriminator[0].weight)
    assert torch.equal(*weights)


@pytest.mark.parametrize("cls", [torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD])
def test_a_plain_optimizer_steps_as_torchs(cls: type[torch.optim.Optimizer]) -> None:
    found = []
    for make in (cls, plain(cls)):
        torch.manual_seed(0)
        params = [torch.randn(3, 4, requires_grad=True), torch.randn(5, requires_grad=True)]
        optimizer: Any = make(params, lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            torch.stack([param.sin().sum() for param in params]).sum().backward()
            optimizer.step()
        found.append(params)
        assert isinstance(optimizer, cls)
        assert repr(optimizer).startswith(f"{cls.__name__} (")
    assert all(map(torch.equal, *found))


def test_a_training_on_the_cpu_does_without_torchs_compiler(tmp_path: Path) -> None:
    """Which takes longer to import than a small training takes."""
    program = (
        "import sys, ganzoo\n"
        "run = ganzoo.train('vanilla', dataset='ring8', steps=2, threads=1, progress=False,"
        f" out={str(tmp_path / 'run')!r})\n"
        "run.sample(2)\n"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
