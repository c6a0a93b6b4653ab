"""Whether a phase moves at all: gates that the data decide, against loops written by hand."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from helpers.engine.engines import CPU, OnlyD, assert_same, make_engine, reference
from helpers.games import points

from ganzoo import SGD, Adam, AdamW, RMSprop
from ganzoo.data.feed import make_feed
from ganzoo.engine.modes.capture import Watch, Watched
from ganzoo.engine.modes.execution import Execution


@pytest.mark.parametrize(
    ("spec", "make"),
    [
        (Adam(1e-2), lambda p: torch.optim.Adam(p, 1e-2, fused=True)),
        (AdamW(1e-2), lambda p: torch.optim.AdamW(p, 1e-2, weight_decay=0.01, fused=True)),
        (SGD(1e-2, 0.9), lambda p: torch.optim.SGD(p, 1e-2, 0.9, fused=True)),
        (SGD(1e-2), lambda p: torch.optim.SGD(p, 1e-2, fused=True)),
        (RMSprop(1e-2), lambda p: torch.optim.RMSprop(p, 1e-2, foreach=True)),
    ],
)
def test_a_gated_step_is_as_if_it_had_not_been_due(
    spec: Any, make: Callable[[Any], torch.optim.Optimizer]
) -> None:
    class Gated(OnlyD):
        optim = spec
        extra = {"when": lambda batch: batch.shared["positive"]}  # noqa: RUF012

    toy, feed = reference(Gated)
    optimizer = make(toy.discriminator.parameters())
    made = []
    for _ in range(20):
        image = feed.draw()["image"]
        made.append(bool(image.sum() > 0))
        if made[-1]:
            optimizer.zero_grad()
            toy.discriminator(image).square().mean().backward()
            optimizer.step()
    assert 5 < sum(made) < 15

    engine = make_engine(Gated)
    for _ in range(20):
        engine.step()
    assert_same(engine.variant, toy)
    moments = engine.learners["discriminator"].optimizer.state_dict()["state"]
    for key, state in optimizer.state_dict()["state"].items():
        for name, value in state.items():
            if value is not None:
                assert torch.equal(torch.as_tensor(value), moments[key][name]), name


def test_a_gate_reads_nothing_on_the_host() -> None:
    for optimizer in (Adam(1e-2), RMSprop(1e-2), SGD(1e-2, 0.5)):

        class Gated(OnlyD):
            optim = optimizer
            extra = {"when": lambda batch: batch.shared["positive"]}  # noqa: RUF012

        engine = make_engine(Gated)
        engine.step()
        with Watch(seen := Watched()):
            engine.play(engine.make_plan())
        ours = [read for read in seen.host_reads if not read.startswith("order.py")]
        assert seen.operations
        if not isinstance(optimizer, RMSprop):  # whose count of steps lies on the host, on a CPU
            assert ours == []


def test_half_of_the_micro_batches_decide() -> None:
    class Gated(OnlyD):
        extra = {"when": lambda batch: batch.shared["positive"]}  # noqa: RUF012

    engine = make_engine(Gated, Execution(accumulate=4), batch=8)
    feed = make_feed(points(), 8, device=CPU, seed=1)
    for _ in range(10):
        before = copy.deepcopy(engine.variant.discriminator)
        engine.step()
        votes = [bool(part.sum() > 0) for part in feed.draw()["image"].chunk(4)]
        moved = not torch.equal(before[0].weight, engine.variant.discriminator[0].weight)  # type: ignore[index, union-attr]
        assert moved == (sum(votes) >= 2)
