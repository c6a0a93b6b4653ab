"""Which phases are due, how often, on which batches, and how long a batch is held."""

import weakref
from collections.abc import Callable

import torch
from helpers.engine.engines import CPU, make_engine
from helpers.games import Toy, points
from torch import Tensor

from ganzoo import Batch, Phase
from ganzoo.data.feed import make_feed
from ganzoo.engine.plan import make_plan
from ganzoo.schedules import Stage


def test_repeats_get_fresh_batches_and_phases_share_the_first() -> None:
    seen: list[tuple[str, Tensor]] = []

    class Critic(Toy):
        def phases(self) -> list[Phase]:
            return [
                Phase("d", "d", self.watched("d"), repeat=3),
                Phase("g", "g", self.watched("g")),
            ]

        def watched(self, name: str) -> Callable[[Batch], Tensor]:
            def loss(batch: Batch) -> Tensor:
                seen.append((name, batch.image))
                return self.discriminator(self(self.sample_latent(4))).mean()

            return loss

    engine = make_engine(Critic)
    engine.step()
    feed = make_feed(points(), 4, device=CPU, seed=1)
    drawn = [feed.draw()["image"] for _ in range(3)]
    assert [name for name, _ in seen] == ["d", "d", "d", "g"]
    for (_, image), expected in zip(seen, [*drawn, drawn[0]], strict=True):
        assert torch.equal(image, expected)
    assert engine.feed.drawn == 3
    assert engine.images_seen == 12


def test_no_batch_is_held_longer_than_somebody_needs_it() -> None:
    class Patient(Toy):
        def phases(self) -> list[Phase]:
            return [
                Phase("d", loss=self.d_loss, repeat=9),
                Phase("second", "d", loss=self.d_loss, repeat=2),
                Phase("g", loss=self.g_loss),
            ]

        def d_loss(self, batch: Batch) -> Tensor:
            batch.shared["fake"] = self(self.sample_latent(len(batch))).detach()
            return super().d_loss(batch)

    engine = make_engine(Patient)
    draw, drawn, alive = engine.feed.draw, list[weakref.ref[Tensor]](), list[int]()

    def watched() -> dict[str, Tensor]:
        fields = draw()
        drawn.append(weakref.ref(fields["image"]))
        alive.append(sum(image() is not None for image in drawn))
        return fields

    engine.feed.draw = watched  # type: ignore[method-assign]
    metrics = engine.step()
    assert alive == [1, 2, 3, 4, 4, 4, 4, 4, 4]  # the first two, the one before and the new one
    assert metrics.keys() == {"d_loss", "second_loss", "g_loss", "real_score"}


def test_plan_of_lazy_and_scheduled_phases() -> None:
    def nothing(batch: Batch) -> Tensor:
        raise AssertionError

    phases = [
        Phase("critic", "d", nothing, repeat=lambda i: 100 if i < 25 or i % 500 == 0 else 5),
        Phase("penalty", "d", nothing, every=16),
        Phase("generator", "g", nothing),
    ]
    due = {i: make_plan(phases, i).updates for i in (0, 24, 25, 32, 500)}
    assert due[0] == (("critic", 100), ("penalty", 1), ("generator", 1))
    assert due[24] == (("critic", 100), ("generator", 1))
    assert due[25] == (("critic", 5), ("generator", 1))
    assert due[32] == (("critic", 5), ("penalty", 1), ("generator", 1))
    assert due[500] == (("critic", 100), ("generator", 1))
    assert make_plan(phases, 26) == make_plan(phases, 27)
    assert hash(make_plan(phases, 26, Stage(1))) != hash(make_plan(phases, 26, Stage(2)))
