"""Unpaired means unpaired: whatever is played on two domains learns nothing from their order."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from helpers.zoo import NAMES, make_small
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from ganzoo import Batch
from ganzoo.engine.engine import Engine
from ganzoo.plugins.registry import registry
from ganzoo.testing.variants.noise import in_float64

UNPAIRED = [name for name in NAMES if len(registry().variant(name).spec.needs) == 2]
N = 6


class SameForAll(nn.Module):
    """In the place of dropout, whose masks are an image's own."""

    def forward(self, values: Tensor) -> Tensor:
        return values


@contextmanager
def the_same_noise_for_each_sample(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Else the noise of a sample would be another's when samples change places."""
    with patch.context() as local:
        for name in ("randn", "rand"):
            draw = getattr(torch, name)

            def first(*shape: int, draw: object = draw, **kwargs: object) -> Tensor:
                assert callable(draw)
                drawn: Tensor = draw(*shape, **kwargs)
                return drawn[:1].expand_as(drawn) if drawn.dim() > 1 else drawn

            local.setattr(torch, name, first)
        draw_like = torch.randn_like

        def like(values: Tensor, **kwargs: object) -> Tensor:
            drawn = draw_like(values[:1], **kwargs)
            return drawn.expand_as(values)

        local.setattr(torch, "randn_like", like)
        yield


def made_small(name: str) -> Engine:
    with in_float64():
        engine = make_small(name, batch_size=N)
    variant = engine.variant.double()
    for module in [*variant.modules()]:
        for child, layer in module.named_children():
            if isinstance(layer, nn.modules.dropout._DropoutNd):
                setattr(module, child, SameForAll())
    return engine


def losses(engine: Engine, data: dict[str, Tensor]) -> dict[str, float]:
    """Of each phase, on one batch of these samples; nobody moves."""
    torch.manual_seed(0)
    state = {key: value.clone() for key, value in engine.variant.state_dict().items()}
    batch, found = Batch({name: tensor.clone() for name, tensor in data.items()}), {}
    for phase in engine.variant.phases():
        found[phase.name] = phase.loss(batch).item()
        found |= {name: value.item() for name, value in batch.metrics.items()}
    engine.variant.load_state_dict(state)
    return found


def before_and_after(engine: Engine, patch: pytest.MonkeyPatch) -> list[dict[str, float]]:
    """The losses of a batch, and when samples of one domain, or of the other, change places."""
    data = {
        field: tensor.double() if tensor.is_floating_point() else tensor
        for field, tensor in engine.feed.draw().items()
    }
    with in_float64(), the_same_noise_for_each_sample(patch):
        found = [losses(engine, data)]
        for domain in "ab":
            turned = {
                field: tensor.roll(1, 0) if field.startswith(domain) else tensor
                for field, tensor in data.items()
            }
            found.append(losses(engine, turned))
    return found


@pytest.mark.parametrize("name", UNPAIRED)
def test_no_loss_knows_what_stands_beside_what(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, *after = before_and_after(made_small(name), monkeypatch)
    for turned in after:
        assert turned == pytest.approx(before, rel=1e-9)


def test_a_loss_that_does_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """As that of scripts which have the distance of a translation to its neighbour in the batch."""
    engine = made_small("cyclegan")
    variant: Any = engine.variant
    unpaired = variant.generators_loss

    def paired(batch: Batch) -> Tensor:
        distance = l1_loss(variant.a2b(batch.data["a"]), batch.data["b"])
        loss: Tensor = unpaired(batch) + distance
        return loss

    variant.generators_loss = paired
    before, *after = before_and_after(engine, monkeypatch)
    for turned in after:
        assert turned["generators"] != pytest.approx(before["generators"], rel=1e-6)
