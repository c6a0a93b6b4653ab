"""Engines of small variants, from the same seeds each time, and what they are compared with."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo import Adam, Batch, Phase, Player
from ganzoo.data.feed import Feed, make_feed
from ganzoo.engine.engine import Engine
from ganzoo.engine.modes.execution import Execution
from helpers.games import Toy, ToyConfig, points

CPU = torch.device("cpu")


def make_engine(
    cls: type[Toy] = Toy,
    execution: Execution | None = None,
    *,
    config: ToyConfig | None = None,
    iterations: int = 100,
    batch: int = 4,
    budget: int | None = None,
    report: Callable[[str], None] = print,
) -> Engine:
    data = points()
    torch.manual_seed(3)
    variant = cls(config or ToyConfig(), data.spec)
    torch.manual_seed(5)
    feed = make_feed(data, batch, device=CPU, seed=1, budget=budget)
    return Engine(variant, feed, iterations, execution or Execution(), report)


def reference(cls: type[Toy] = Toy) -> tuple[Any, Feed]:
    """The same networks before the first step, and what they are given."""
    engine = make_engine(cls)
    return engine.variant, make_feed(points(), 4, device=CPU, seed=1)


def assert_same(one: nn.Module, other: nn.Module, **tolerances: float) -> None:
    for name, value in one.state_dict().items():
        torch.testing.assert_close(
            value, other.state_dict()[name], **(tolerances or {"rtol": 0.0, "atol": 0.0})
        )


class OnlyD(Toy):
    """D learns to say 0."""

    optim: Any = Adam(1e-2)
    extra: dict[str, Any] = {}  # noqa: RUF012
    clip: float | None = None

    def players(self) -> dict[str, Player]:
        return {"discriminator": Player(optim=self.optim, clip_norm=self.clip)}

    def phases(self) -> list[Phase]:
        return [Phase("discriminator", loss=self.square, **self.extra)]

    def square(self, batch: Batch) -> Tensor:
        loss = self.discriminator(batch.image).square().mean()
        batch.shared["positive"] = (batch.image.sum() > 0).detach()
        return loss
