"""What fewer passes through D would save: ``python benchmarks/passes.py`` on a quiet machine.

Each game is played in turn as it is, with one pass of D for real samples and fakes together, and
with one pass on the fakes for both players, which both take their gradients at the same weights.
Each ratio is the median of a round to the median of the round as it is. One pass couples what
BatchNorm normalises, and is here only timed.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.adversarial import Adversarial
from ganzoo.config import build, own_settings
from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.feed import make_feed
from ganzoo.data.made.glyphs import load
from ganzoo.engine.cpu.allocator import keep_freed_memory
from ganzoo.engine.cpu.matmul import choose_matmul
from ganzoo.engine.engine import Engine
from ganzoo.plugins.equip import equipped
from ganzoo.plugins.registry import registry
from ganzoo.variant import Batch, Phase

GAMES: dict[str, dict[str, Any]] = {"vanilla": {}, "cgan": {}, "dcgan": {"width": 32}}
BATCH, STEPS = 64, 10
"""Samples a batch, and iterations a round."""


def make_engine(name: str, settings: dict[str, Any], dataset: Dataset) -> Engine:
    torch.manual_seed(0)
    cls = registry().variant(name).load()
    suited = own_settings(cls.Config, cls.recipe(dataset.spec) | settings)
    variant = cls(equipped(build(cls.Config, suited)), dataset.spec)
    choose_matmul(variant, None)
    return Engine(variant, make_feed(dataset, BATCH, device=variant.device, seed=0), 1_000_000)


def judged(variant: Adversarial, batch: Batch, real: Tensor, fake: Tensor) -> Tensor:
    """D's loss of its logits, with the metrics that it has today."""
    batch.metrics["real_score"] = variant.loss.score(real.detach()).mean()
    batch.metrics["fake_score"] = variant.loss.score(fake.detach()).mean()
    return variant.loss.discriminator(real, fake)


def as_it_is(engine: Engine) -> None:
    """Change nothing."""


def in_one_pass(engine: Engine) -> None:
    """Have D see real samples and fakes together."""
    variant = engine.variant
    assert isinstance(variant, Adversarial)

    def loss(batch: Batch) -> Tensor:
        label = variant.condition(batch)
        both = torch.cat([batch.image, variant.fakes(batch)])
        logits = variant.judge(both, None if label is None else torch.cat([label, label]))
        return judged(variant, batch, *logits.chunk(2))

    change(engine, discriminator=loss)


def with_shared_fakes(engine: Engine) -> None:
    """Have D's loss use the logits of fakes that G's loss has, and their graph."""
    variant = engine.variant
    assert isinstance(variant, Adversarial)

    def generator_loss(batch: Batch) -> Tensor:
        label = variant.condition(batch)
        fake = variant(variant.sample_latent(len(batch)), label)
        batch.shared["fake"] = fake.detach()
        batch.shared["logits"] = variant.judge(fake, label)
        return variant.loss.generator(batch.shared["logits"], None)

    def discriminator_loss(batch: Batch) -> Tensor:
        real = variant.judge(batch.image, variant.condition(batch))
        return judged(variant, batch, real, batch.shared["logits"])

    def gradients(
        phase: Phase, params: list[nn.Parameter], batch: Batch
    ) -> tuple[Tensor, list[Tensor | None]]:
        loss, kept = phase.loss(batch), phase.name == "generator"
        return loss.detach(), [*torch.autograd.grad(loss, params, retain_graph=kept)]

    change(engine, generator=generator_loss, discriminator=discriminator_loss)
    engine.play_with(gradients)


def change(engine: Engine, **losses: Callable[[Batch], Tensor]) -> None:
    for name, loss in losses.items():
        engine.game.phases[name] = replace(engine.game.phases[name], loss=loss)


def round_ms(engine: Engine) -> float:
    """Milliseconds of an iteration."""
    start = time.perf_counter()
    for _ in range(STEPS):
        engine.step()
    return (time.perf_counter() - start) / STEPS * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=12, help="of each way, taking turns")
    rounds = parser.parse_args().rounds
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    keep_freed_memory()
    dataset = load(DataRequest(split="test"))
    for name, settings in GAMES.items():
        engines = {}
        for way in (as_it_is, in_one_pass, with_shared_fakes):
            engines[way] = make_engine(name, settings, dataset)
            way(engines[way])
            round_ms(engines[way])
        took = {way: [] for way in engines}
        for _ in range(rounds):
            for way, engine in engines.items():
                took[way].append(round_ms(engine))
        today = median(took[as_it_is])
        for way, times in took.items():
            words = way.__name__.replace("_", " ")
            shown = f"{median(times):8.2f} ms [{min(times):.2f}-{max(times):.2f}]"
            print(f"{name:8} {words:18} {shown}  {median(times) / today:.2f}")


if __name__ == "__main__":
    main()
