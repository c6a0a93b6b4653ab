"""What an optimizer is given: gradients that count more often, are clipped, or decay apart."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from helpers.engine.engines import OnlyD, assert_same, make_engine, reference
from torch import Tensor, nn

from ganzoo import SGD, Adam, AdamW, Batch, Phase, RMSprop


@pytest.mark.parametrize(
    ("spec", "make"),
    [
        (
            Adam(1e-2, (0.5, 0.99)),
            lambda p, c: torch.optim.Adam(p, 1e-2 * c, (0.5**c, 0.99**c), fused=True),
        ),
        (RMSprop(1e-2), lambda p, c: torch.optim.RMSprop(p, 1e-2 * c, 0.99**c, foreach=True)),
        (SGD(1e-2, 0.9), lambda p, c: torch.optim.SGD(p, 1e-2 * c, 0.9**c, fused=True)),
    ],
)
def test_a_lazy_regulariser_counts_as_often_and_corrects_the_optimizer(
    spec: Any, make: Callable[[Any, float], torch.optim.Optimizer]
) -> None:
    class Lazy(OnlyD):
        optim = spec

        def phases(self) -> list[Phase]:
            def small(batch: Batch) -> Tensor:
                return 0.1 * self.discriminator[0].weight.square().sum()  # type: ignore[index, union-attr]

            return [*super().phases(), Phase("small", "discriminator", small, every=4, lazy=True)]

    toy, feed = reference(Lazy)
    optimizer = make([*toy.discriminator.parameters()], 4 / 5)
    for i in range(9):
        optimizer.zero_grad()
        toy.discriminator(feed.draw()["image"]).square().mean().backward()
        optimizer.step()
        if i % 4 == 0:
            optimizer.zero_grad()
            (4 * 0.1 * toy.discriminator[0].weight.square().sum()).backward()
            optimizer.step()
    engine = make_engine(Lazy)
    rows = [engine.step() for _ in range(9)]
    assert_same(engine.variant, toy, rtol=1e-6, atol=1e-8)
    weight = make_engine(Lazy).variant.get_parameter("discriminator.0.weight")
    engine = make_engine(Lazy)
    first = engine.step()
    assert first["small_loss"] < 0.1 * weight.square().sum() * 1.1  # logged without the gain
    assert ["small_loss" in row for row in rows] == [i % 4 == 0 for i in range(9)]


def test_the_gradients_of_a_phase_count_as_often_as_it_gains() -> None:
    class Gains(OnlyD):
        optim = SGD(1e-2)
        extra = {"gain": 3.0}  # noqa: RUF012

    toy, feed = reference()
    image = feed.draw()["image"]
    loss = toy.discriminator(image).square().mean()
    (grad,) = torch.autograd.grad(loss, [toy.discriminator[0].weight])
    engine = make_engine(Gains)
    assert engine.step()["discriminator_loss"] == loss
    expected = toy.discriminator[0].weight - 3e-2 * grad
    torch.testing.assert_close(engine.variant.get_parameter("discriminator.0.weight"), expected)


def test_gradients_are_clipped_by_the_norm_of_all_together() -> None:
    class Clipped(OnlyD):
        optim = SGD(1.0)
        clip = 0.01

    toy, feed = reference(Clipped)
    optimizer = torch.optim.SGD(toy.discriminator.parameters(), 1.0, fused=True)
    for _ in range(5):
        optimizer.zero_grad()
        toy.discriminator(feed.draw()["image"]).square().mean().backward()
        norm = nn.utils.clip_grad_norm_(toy.discriminator.parameters(), 0.01)
        assert norm > 0.01
        optimizer.step()
    engine = make_engine(Clipped)
    for _ in range(5):
        engine.step()
    assert_same(engine.variant, toy)


def test_adamw_decays_weights_apart_from_gradients() -> None:
    class Decays(OnlyD):
        optim = AdamW(1e-2, weight_decay=0.1)

    toy, feed = reference(Decays)
    optimizer = torch.optim.AdamW(toy.discriminator.parameters(), 1e-2, weight_decay=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        toy.discriminator(feed.draw()["image"]).square().mean().backward()
        optimizer.step()
    engine = make_engine(Decays)
    for _ in range(5):
        engine.step()
    assert_same(engine.variant, toy, rtol=1e-6, atol=1e-7)
